"""The typed edge lists that PyTorch Geometric and DGL both take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    from graphrec.store.snapshot import GraphSnapshot

Array = NDArray[Any]
EdgeType = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class EdgeList:
    """Edges of one type: int64 `src` and `dst` `[num_edges]`, float32 `weight`, int64 `time` in microseconds.

    `weight` is None when every edge weighs 1, `time` is None for edges that are no events.
    """

    type: EdgeType
    src: Array
    dst: Array
    weight: Array | None = None
    time: Array | None = None

    def reversed(self, name: str) -> EdgeList:
        """The same edges read backwards."""
        return EdgeList((self.type[2], name, self.type[0]), self.dst, self.src, self.weight, self.time)


def edge_lists(snapshot: GraphSnapshot, *, inverse: bool) -> list[EdgeList]:
    """One list per relation and one per kind of interaction that occurs, all arrays copied and writable.

    Args:
        inverse: add each list backwards, under the relation's inverse name, or `rev_NAME` where it has none.

    Raises:
        InvalidInputError: two lists would have the same (source type, name, target type).
    """
    lists = [*_relations(snapshot, inverse), *_events(snapshot, inverse)]
    types = [entry.type for entry in lists]
    for type_ in types:
        if types.count(type_) > 1:
            raise InvalidInputError(
                f"The edge type {type_} would stand for two things; rename the relation in the store."
            )
    return lists


def _relations(snapshot: GraphSnapshot, inverse: bool) -> Iterator[EdgeList]:
    for relation in snapshot.relations:
        csr = snapshot.csr(relation.name)
        weight = None if csr.values is None else np.array(csr.values, dtype=np.float32)
        src, dst = csr.row_index(), csr.indices.astype(np.int64)
        edges = EdgeList((relation.src, relation.name, relation.dst), src, dst, weight)
        yield edges
        if inverse:
            yield edges.reversed(relation.inverse or f"rev_{relation.name}")


def _events(snapshot: GraphSnapshot, inverse: bool) -> Iterator[EdgeList]:
    events = snapshot.interactions
    for code in np.unique(events.kind).tolist():
        kind, part = snapshot.kinds[code], events.take(np.flatnonzero(events.kind == code))
        type_ = (snapshot.user_type, kind, snapshot.item_type)
        edges = EdgeList(type_, part.user, part.item, part.weight, part.time)
        yield edges
        if inverse:
            yield edges.reversed(f"rev_{kind}")


def features(snapshot: GraphSnapshot, node_type: str) -> tuple[tuple[str, ...], Array | None]:
    """Numeric properties as float32 `[num_nodes, num_keys]`, NaN where missing; None without any."""
    columns = snapshot.properties(node_type)
    if not columns:
        return (), None
    return tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float32)
