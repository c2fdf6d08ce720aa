"""Links to be predicted between the nodes of one graph, as ogbl-collab and ogbl-citation2 have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Links:
    """Observed links; a pair may stand there several times (once per year in ogbl-collab).

    Args:
        pairs: int64 `[2, n]`, source and target.
        weight: float32 `[n]`, or None when all weigh 1.
        year: int64 `[n]`, or None.
    """

    pairs: Tensor
    weight: Tensor | None = None
    year: Tensor | None = None

    def __len__(self) -> int:
        return self.pairs.shape[1]

    def since(self, year: int) -> Links:
        """The links of a year and after it.

        Raises:
            InvalidInputError: the links have no years, or none is that late.
        """
        if self.year is None:
            raise InvalidInputError("These links have no years; leave the setting since_year out.")
        late = self.year >= year
        if not bool(late.any()):
            raise InvalidInputError(
                f"No training link is of {year} or later; the last are of {self.year.max()}."
            )
        weight = None if self.weight is None else self.weight[late]
        return Links(self.pairs[:, late], weight, self.year[late])

    def joined(self, other: Links) -> Links:
        """Both together, without years; a missing weight is 1."""
        parts = [torch.ones(len(links)) if links.weight is None else links.weight for links in (self, other)]
        return Links(torch.cat([self.pairs, other.pairs], dim=1), torch.cat(parts))


@dataclass(frozen=True, eq=False)
class Queries:
    """True links to be found among false ones, which are given in one of two forms.

    Args:
        links: the true ones.
        shared: int64 `[2, m]`, false links that all true ones are ranked against (Hits@K); or None.
        targets: int64 `[n, k]`, false targets of each true link's source (MRR); or None.
    """

    links: Links
    shared: Tensor | None = None
    targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.links)

    def select(self, rows: Tensor) -> Queries:
        """Some of the true links (int64 rows), with what they are ranked against."""
        targets = None if self.targets is None else self.targets[rows]
        return Queries(Links(self.links.pairs[:, rows]), self.shared, targets)


@dataclass(frozen=True, eq=False)
class LinkData:
    """A graph whose links are to be predicted. Messages run along the training links, in both directions.

    Args:
        x: float32 `[num_nodes, num_features]`, without columns where the data set has none.
        train: links to learn from; the only ones that any encoder sees while it is trained and validated.
    """

    name: str
    num_nodes: int
    x: Tensor
    train: Links
    valid: Queries
    test: Queries

    def with_features(self, x: Tensor) -> LinkData:
        """The same graph under other features, `[num_nodes, any]`.

        Raises:
            InvalidInputError: not one row per node.
        """
        if x.ndim != 2 or len(x) != self.num_nodes:
            raise InvalidInputError(
                f"{self.name} has {self.num_nodes} nodes; given features of shape {tuple(x.shape)}."
            )
        return replace(self, x=x.float())


def link_data(name: str, graph: Mapping[str, Any], split: Mapping[str, Mapping[str, Any]]) -> LinkData:
    """From what OGB's loader gives: its graph (`num_nodes` and `node_feat`) and its split.

    The graph's own edge list is not read: the training split says which links may be seen.

    Raises:
        InvalidInputError: features that do not fit, a node outside the graph, or no false links to rank against.
    """
    num_nodes, own = int(graph["num_nodes"]), graph.get("node_feat")
    x = torch.zeros(num_nodes, 0) if own is None else torch.as_tensor(np.asarray(own)).float()
    links = {part: _links(split[part], num_nodes, f"{name}, {part}") for part in ("train", "valid", "test")}
    queries = {part: _queries(links[part], split[part], num_nodes, name) for part in ("valid", "test")}
    return LinkData(name, num_nodes, x, links["train"], queries["valid"], queries["test"]).with_features(x)


def _links(part: Mapping[str, Any], num_nodes: int, where: str) -> Links:
    if "source_node" in part:
        ends = [_long(part[key]).reshape(-1) for key in ("source_node", "target_node")]
        pairs = torch.stack(ends)
    else:
        pairs = _long(part["edge"]).reshape(-1, 2).t().contiguous()
    if not pairs.shape[1]:
        raise InvalidInputError(f"There are no links in {where}; read the data set anew.")
    _check(pairs, num_nodes, where)
    weight, year = part.get("weight"), part.get("year")
    return Links(
        pairs,
        None if weight is None else torch.as_tensor(np.asarray(weight)).float().reshape(-1),
        None if year is None else _long(year).reshape(-1),
    )


def _queries(links: Links, part: Mapping[str, Any], num_nodes: int, name: str) -> Queries:
    if "target_node_neg" in part:
        targets = _long(part["target_node_neg"])
        if targets.ndim != 2 or len(targets) != len(links):
            raise InvalidInputError(
                f"target_node_neg of {name} has shape {tuple(targets.shape)}, not [{len(links)}, any]."
            )
        _check(targets, num_nodes, name)
        return Queries(links, targets=targets)
    if "edge_neg" not in part:
        raise InvalidInputError(f"{name} has no false links to rank against; read the data set anew.")
    shared = _long(part["edge_neg"]).reshape(-1, 2).t().contiguous()
    _check(shared, num_nodes, name)
    return Queries(links, shared=shared)


def _check(nodes: Tensor, num_nodes: int, where: str) -> None:
    if nodes.numel() and (int(nodes.min()) < 0 or int(nodes.max()) >= num_nodes):
        raise InvalidInputError(f"A link of {where} names a node outside 0..{num_nodes - 1}.")


def _long(values: Any) -> Tensor:
    """int64 without a copy where it is int64 already."""
    return torch.as_tensor(np.asarray(values)).long()
