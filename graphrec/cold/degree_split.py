"""Head, tail and isolation: nodes split by degree as Cold Brew's evaluation wants it, in both definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from torch import Tensor

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError

SHARE = 0.1
"""Size of each part in the paper's definition."""
LOW_ROUNDS, HEAD_ROUNDS = 4, 5
"""Repeated medians of the released code: shares of about 1/16 (twice that, halved) and 1/32, more under ties."""


@dataclass(frozen=True, eq=False)
class DegreeSplit:
    """Three groups of nodes and the graph in which the isolated ones are isolated.

    Args:
        head, tail, isolation: int64 node ids, ascending; no node is in two groups.
        edge_index: int64 `[2, num_edges]`, without the edges that touch an isolated node.
    """

    head: Tensor
    tail: Tensor
    isolation: Tensor
    edge_index: Tensor

    def groups(self, nodes: Tensor) -> dict[str, Tensor]:
        """The given nodes (the test set, say) as isolation, tail, head and overall, int64 ids each."""
        parts = {"isolation": self.isolation, "tail": self.tail, "head": self.head}
        return {name: nodes[torch.isin(nodes, part)] for name, part in parts.items()} | {"overall": nodes}

    def save(self, path: str | Path) -> None:
        """Write the indices as `.npz`, so that others measure on the same nodes."""
        arrays = {name: getattr(self, name).cpu().numpy() for name in _FIELDS}
        with Path(path).open("wb") as file:  # given a name, numpy would append its suffix
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            NotFoundError, CorruptionError: no such file, or one that is something else.
        """
        if not Path(path).is_file():
            raise NotFoundError(f"There is no degree split at {path}.")
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: torch.from_numpy(stored[name]) for name in _FIELDS}
        except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
            raise CorruptionError(f"{path} is not a degree split; save it again.") from error
        if any(array.dtype != torch.int64 for array in arrays.values()):
            raise CorruptionError(f"{path} is not a degree split: its indices are not int64; save it again.")
        return cls(**arrays)


_FIELDS = ("head", "tail", "isolation", "edge_index")


def degree_split(
    edge_index: Tensor,
    num_nodes: int,
    mode: Literal["paper", "median"] = "paper",
    *,
    ties: int | None = None,
) -> DegreeSplit:
    """Split nodes by degree (Zheng et al., ICLR 2022, section 4.1, and their released code).

    Nodes of equal degree are ordered by id, or by a permutation of the ids drawn from a seed; never by an
    unstable sort, which makes membership depend on the version of the library that sorts. By id, isolation
    fills up with the low ids, which in Planetoid's files are the training nodes: 12 of Citeseer's 1,000 public
    test nodes are left in it. A seed spreads it evenly.

    - `paper`: head is the tenth of the nodes with the highest degrees, isolation the tenth with the lowest;
      tail is the next tenth, lowest non-zero degrees first, once the edges of isolation are gone.
    - `median`: the low set is what four rounds of "at most the median of what is left" keep, isolation its
      first half by degree and tail the second; head is what five rounds of "at least the median" keep. Each
      round looks at all nodes, so ties enlarge the sets. A node in both (a regular graph) counts as low.

    Args:
        edge_index: int64 `[2, num_edges]`, both directions of each edge, no self loops.
        ties: seed of the order among equal degrees; None orders by id.

    Raises:
        InvalidInputError: an unknown mode.
    """
    degree = torch.bincount(edge_index[1], minlength=num_nodes)
    ids = torch.arange(num_nodes) if ties is None else _permutation(num_nodes, ties)
    if mode == "paper":
        return _by_share(edge_index, degree, ids)
    if mode == "median":
        return _by_medians(edge_index, degree, ids)
    raise InvalidInputError(f"A degree split is of mode paper or median, not {mode!r}.")


def _permutation(num_nodes: int, seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).permutation(num_nodes))


def _sorted(ids: Tensor, degree: Tensor) -> Tensor:
    """The ids by rising degree; equal ones stay in the order given."""
    return ids[torch.argsort(degree[ids], stable=True)]


def _by_share(edge_index: Tensor, degree: Tensor, ids: Tensor) -> DegreeSplit:
    order = _sorted(ids, degree)
    size = int(len(degree) * SHARE)
    isolation, head = order[:size], order[len(order) - size :]
    kept = _without(edge_index, isolation, len(degree))
    remaining = torch.bincount(kept[1], minlength=len(degree))
    free = torch.ones(len(degree), dtype=torch.bool)
    free[isolation] = free[head] = False
    candidates = _sorted(ids[(free & (remaining > 0))[ids]], remaining)
    return _split(head, candidates[:size], isolation, kept)


def _by_medians(edge_index: Tensor, degree: Tensor, ids: Tensor) -> DegreeSplit:
    # a self loop adds one to every degree: no comparison changes
    low = _repeated(degree, lambda median: degree <= median, LOW_ROUNDS)
    high = _repeated(degree, lambda median: degree >= median, HEAD_ROUNDS) & ~low
    ordered = _sorted(ids[low[ids]], degree)
    half = len(ordered) // 2
    kept = _without(edge_index, ordered[:half], len(degree))
    return _split(high.nonzero().flatten(), ordered[half:], ordered[:half], kept)


def _repeated(degree: Tensor, compare: Callable[[float], Tensor], rounds: int) -> Tensor:
    kept = torch.ones(len(degree), dtype=torch.bool)
    for _ in range(rounds):
        kept = compare(float(np.median(degree[kept].numpy()))) if bool(kept.any()) else kept
    return kept


def _without(edge_index: Tensor, nodes: Tensor, num_nodes: int) -> Tensor:
    gone = torch.zeros(num_nodes, dtype=torch.bool)
    gone[nodes] = True
    return edge_index[:, ~gone[edge_index].any(dim=0)]


def _split(head: Tensor, tail: Tensor, isolation: Tensor, edge_index: Tensor) -> DegreeSplit:
    head, tail, isolation = (part.sort().values for part in (head, tail, isolation))
    return DegreeSplit(head, tail, isolation, edge_index)
