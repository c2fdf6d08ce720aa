"""Which nodes of one type are neighbours, in a graph of many types: what GIANT's texts are asked to predict.

Three kinds of edges between nodes of the type:

* `relation:NAME`: a relation from the type to itself, as it stands;
* `shared:NAME[,NAME]`: nodes that share rare attributes of these relations;
* `interactions`: nodes that the same users chose.

The last two are the `k` best by a cosine of idf weights that shrinks where it rests on little,

    s_ij = sum of idf_a^2 over the a of both / (|i| |j| + shrink),  |i|^2 = sum of idf_a^2 over the a of i,

with `a` an attribute or a user and `idf_a = log(nodes / nodes of a)`. What too many nodes have (salt) is left out
altogether. A node chooses at most `k` neighbours per kind of edges and may be chosen by more; edges have no
direction. The same snapshot gives the same edges on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveInt

from graphrec.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    import scipy.sparse as sp

    from graphrec.store.snapshot import GraphSnapshot

Int = NDArray[np.int64]

_WORK = 4_000_000  # products formed at once: 100 MiB
INTERACTIONS = "interactions"
_KINDS = ("relation", "shared", INTERACTIONS)


class EdgeConfig(BaseModel):
    """How neighbours are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    neighbours: PositiveInt = 20
    """Nodes that a node chooses per kind of edges."""
    shrink: NonNegativeFloat = 20.0
    """Added to the denominator; 20 is what one attribute of one node in a hundred weighs."""
    max_attribute_nodes: PositiveInt = 200
    """Attributes of more nodes join nothing."""
    max_user_items: PositiveInt = 1000
    """Users with more items join nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeEdges:
    """Undirected edges.

    Args:
        edge_index: int64 `[2, num_edges]`, each edge once, the lower node first, sorted.
        counts: number of edges that each kind gave; several may give the same one.
    """

    edge_index: Int
    counts: Mapping[str, int]


def node_edges(
    snapshot: GraphSnapshot, node_type: str, kinds: Sequence[str] = (), *, config: EdgeConfig | None = None,
    without: NDArray[np.bool_] | None = None,
) -> NodeEdges:  # fmt: skip
    """The edges between the nodes of one type.

    Args:
        kinds: as described above; none means :func:`default_kinds`.
        without: bool `[num_nodes]`, nodes that are not looked at: they get no edges, and change nobody else's.

    Raises:
        InvalidInputError: an unknown kind, a relation of other types, or no edge at all.
        NotFoundError: no such node type or relation.
    """
    chosen, settings = tuple(kinds) or default_kinds(snapshot, node_type), config or EdgeConfig()
    count = snapshot.num_nodes(node_type)
    keep = np.ones(count, bool) if without is None else ~without
    found: dict[str, Int] = {}
    for kind in chosen:
        name, _, rest = kind.partition(":")
        names = [part.strip() for part in rest.split(",") if part.strip()]
        if (
            name not in _KINDS
            or bool(names) == (name == INTERACTIONS)
            or (name == "relation" and len(names) > 1)
        ):
            raise InvalidInputError(
                f"Edges {kind!r} are unknown; give relation:NAME, shared:NAME[,NAME] or interactions."
            )
        if name == "relation":
            found[kind] = _direct(snapshot, node_type, names[0])
        else:
            shared, limit = _bipartite(snapshot, node_type, names, settings)
            found[kind] = similar(shared, keep, limit, settings.neighbours, settings.shrink)
    cleaned = {kind: _undirected(edges, keep) for kind, edges in found.items()}
    keys = np.unique(np.concatenate([low * count + high for low, high in cleaned.values()]))
    if not len(keys):
        raise InvalidInputError(
            f"No two {node_type} nodes are neighbours by {', '.join(chosen)}; choose other edges."
        )
    edges = np.stack([keys // count, keys % count])
    return NodeEdges(edges, {kind: pairs.shape[1] for kind, pairs in cleaned.items()})


def default_kinds(snapshot: GraphSnapshot, node_type: str) -> tuple[str, ...]:
    """What the catalogue says: relations from the type to itself, and shared attributes of the relations that may
    describe a node. Interactions only where there is nothing else: features that were learned from all of them have
    seen those that a model is tested on.

    Raises:
        InvalidInputError: none of them exists.
    """
    snapshot.num_nodes(node_type)
    own = [found for found in snapshot.relations if found.src == node_type and found.feature]
    kinds = [f"relation:{found.name}" for found in own if found.dst == node_type]
    shared = [found.name for found in own if found.dst not in (node_type, snapshot.user_type)]
    kinds += [f"shared:{','.join(shared)}"] if shared else []
    if not kinds and node_type == snapshot.item_type and snapshot.num_interactions:
        kinds.append(INTERACTIONS)
    if not kinds:
        raise InvalidInputError(f"Nothing in the store joins {node_type} nodes to each other.")
    return tuple(kinds)


def similar(
    shared: sp.csr_matrix, keep: NDArray[np.bool_], limit: int, neighbours: int, shrink: float
) -> Int:
    """Each node's most similar others, int64 `[2, num_edges]` from a node to the one it chose.

    Work is the sum of squared attribute sizes, at most `limit` per entry; memory does not depend on it.

    Args:
        shared: `[num_nodes, num_attributes]`, which node has what.
        keep: bool `[num_nodes]`; the others count nowhere.
        limit: attributes of more nodes join nothing.
        neighbours: how many a node chooses at most; of equally similar ones the lower.
        shrink: added to the product of the lengths.
    """
    import scipy.sparse as sp

    rows = sp.diags(keep.astype(np.float64)) @ (shared != 0).astype(np.float64)
    sizes = np.asarray(rows.sum(axis=0)).ravel()
    idf = np.log(max(int(keep.sum()), 1) / np.maximum(sizes, 1))
    idf[(sizes > limit) | (sizes < 2)] = 0.0
    weighted = sp.csr_matrix(rows @ sp.diags(idf))
    weighted.eliminate_zeros()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    columns = sp.csr_matrix(weighted.T)
    chosen = [
        _best(sp.csr_matrix(weighted[start:stop] @ columns), start, lengths, neighbours, shrink)
        for start, stop in _pieces(weighted, np.diff(columns.indptr))
    ]
    return np.concatenate(chosen, axis=1) if chosen else np.zeros((2, 0), np.int64)


def _pieces(weighted: sp.csr_matrix, sizes: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about equal work."""
    work = np.concatenate([[0], np.cumsum(sizes[weighted.indices], dtype=np.int64)])[weighted.indptr]
    start, rows = 0, weighted.shape[0]
    while start < rows:
        stop = max(start + 1, int(np.searchsorted(work, work[start] + _WORK, side="right")) - 1)
        yield start, min(stop, rows)
        start = stop


def _best(
    products: sp.csr_matrix, start: int, lengths: NDArray[np.float64], neighbours: int, shrink: float
) -> Int:
    row = np.repeat(np.arange(products.shape[0]), np.diff(products.indptr))
    column = products.indices.astype(np.int64)
    score = products.data / (lengths[row + start] * lengths[column] + shrink)
    other = (column != row + start) & (score > 0)
    row, column, score = row[other], column[other], score[other]
    order = np.lexsort((column, -score, row))
    row, column = row[order], column[order]
    best = np.arange(len(row)) - np.searchsorted(row, row) < neighbours
    return np.stack([row[best] + start, column[best]])


def _direct(snapshot: GraphSnapshot, node_type: str, relation: str) -> Int:
    info = snapshot.relation(relation)
    if (info.src, info.dst) != (node_type, node_type):
        raise InvalidInputError(
            f"The relation {relation!r} leads from {info.src} to {info.dst}, not between {node_type} nodes; use "
            f"shared:{relation}."
        )
    csr = snapshot.csr(relation)
    return np.stack([csr.row_index(), csr.indices.astype(np.int64)])


def _bipartite(
    snapshot: GraphSnapshot, node_type: str, names: Sequence[str], config: EdgeConfig
) -> tuple[sp.csr_matrix, int]:
    """Attributes of the nodes, all relations side by side, or their users where no relation is named."""
    import scipy.sparse as sp

    if names:
        parts = []
        for name in names:
            info = snapshot.relation(name)
            if info.src != node_type:
                raise InvalidInputError(f"The relation {name!r} leaves {info.src} and not {node_type} nodes.")
            parts.append(snapshot.csr(name).to_scipy())
        return sp.csr_matrix(sp.hstack(parts)), config.max_attribute_nodes
    if node_type != snapshot.item_type or not snapshot.num_interactions:
        raise NotFoundError(f"Users have no interactions with {node_type} nodes; choose other edges.")
    events = snapshot.interactions
    matrix = sp.csr_matrix(
        (np.ones(len(events)), (events.item, events.user)), shape=(events.num_items, events.num_users)
    )
    return matrix, config.max_user_items


def _undirected(edges: Int, keep: NDArray[np.bool_]) -> Int:
    """Each edge once, lower node first; none of a node that is left out, none to itself."""
    low, high = np.minimum(*edges), np.maximum(*edges)
    fine = (low != high) & keep[low] & keep[high]
    keys = np.unique(low[fine] * len(keep) + high[fine])
    return np.stack([keys // len(keep), keys % len(keep)])
