"""Reading one consistent state out of a store, with dense ids in place of the store's row ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import StoreError
from graphrec.store.columns import Interactions
from graphrec.store.snapshot import RelationInfo

Array = NDArray[Any]
_ATTEMPTS = 5
USER_TYPE = "user"
DEFAULT_ITEM_TYPE = "recipe"


class SnapshotSource(Protocol):
    """What a snapshot needs from a store: bulk reads in row ids, and the revision to see a change."""

    @property
    def revision(self) -> int: ...
    def node_types(self) -> Sequence[str]: ...
    def relations(self) -> Sequence[Any]: ...
    def read_nodes(self, node_type: str, /) -> tuple[Array, Sequence[str], Sequence[str | None]]: ...
    def read_edges(self, relation: str, /) -> tuple[Array, Array, Array]: ...
    def read_interactions(self) -> Any: ...
    def read_properties(self, node_type: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class NodeData:
    """The nodes of one type in dense order; `rows` are the store's ids, ascending."""

    type: str
    rows: Array
    ids: Sequence[str]
    names: Sequence[str | None]
    numbers: Mapping[str, Array]
    texts: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class RelationData:
    """The edges of one relation, dense ids; float `weight` `[num_edges]`."""

    info: RelationInfo
    src: Array
    dst: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class GraphData:
    """All that a snapshot holds."""

    nodes: Sequence[NodeData]
    relations: Sequence[RelationData]
    interactions: Interactions
    kinds: Sequence[str]
    user_type: str
    item_type: str
    store_revision: int
    store_schema: int


def gather(store: SnapshotSource) -> GraphData:
    """Read everything at one revision; a write that lands in between starts the reading again.

    Raises:
        StoreError: the store is written to without a pause, or an edge leads to no node.
    """
    for _ in range(_ATTEMPTS):
        revision = store.revision
        try:
            data = _read(store, revision)
        except StoreError:
            if store.revision == revision:  # not torn by a writer: the store itself is wrong
                raise
            continue
        if store.revision == revision:
            return data
    raise StoreError(
        f"The store changed during each of {_ATTEMPTS} readings; take the snapshot when no import runs."
    )


def _read(store: SnapshotSource, revision: int) -> GraphData:
    nodes = [_read_type(store, type_) for type_ in store.node_types()]
    rows = {node.type: node.rows for node in nodes}
    relations = [_read_relation(store, relation, rows) for relation in store.relations()]
    events, kinds, item_type = _read_interactions(store, nodes, rows)
    schema = int(getattr(store, "schema_version", 0))
    return GraphData(nodes, relations, events, kinds, USER_TYPE, item_type, revision, schema)


def _read_type(store: SnapshotSource, node_type: str) -> NodeData:
    rows, ids, names = store.read_nodes(node_type)
    rows = np.asarray(rows, dtype=np.int64)
    if (np.diff(rows) < 0).any():
        order = np.argsort(rows)
        rows, ids, names = rows[order], [ids[i] for i in order], [names[i] for i in order]
    numbers: dict[str, Array] = {}
    texts: dict[str, Sequence[str | None]] = {}
    for key, (owners, values) in sorted(store.read_properties(node_type).items()):
        where = _dense(rows, owners, f"property {key!r} of {node_type!r}")
        numeric = np.full(len(rows), np.nan)
        wordy: list[str | None] = [None] * len(rows)
        for row, value in zip(where.tolist(), values, strict=True):
            if isinstance(value, str):
                wordy[row] = value
            else:
                numeric[row] = value
        if not np.isnan(numeric).all():
            numbers[key] = numeric
        if any(text is not None for text in wordy):
            texts[key] = wordy
    return NodeData(node_type, rows, ids, names, numbers, texts)


def _read_relation(store: SnapshotSource, relation: Any, rows: Mapping[str, Array]) -> RelationData:
    info = RelationInfo(relation.name, relation.src, relation.dst, relation.inverse, bool(relation.feature))
    src, dst, weight = store.read_edges(info.name)
    where = f"relation {info.name!r}"
    nothing = np.zeros(0, dtype=np.int64)
    src = _dense(rows.get(info.src, nothing), src, where)
    dst = _dense(rows.get(info.dst, nothing), dst, where)
    return RelationData(info, src, dst, np.asarray(weight, dtype=np.float64))


def _read_interactions(
    store: SnapshotSource, nodes: Sequence[NodeData], rows: Mapping[str, Array]
) -> tuple[Interactions, Sequence[str], str]:
    events = store.read_interactions()
    item_type = events.item_type
    nothing = np.zeros(0, dtype=np.int64)
    users, items = rows.get(USER_TYPE, nothing), rows.get(item_type, nothing)
    dense = Interactions(
        user=_dense(users, events.user, "the interactions' users"),
        item=_dense(items, events.item, "the interactions' items"),
        weight=np.asarray(events.weight, dtype=np.float32),
        time=np.asarray(events.time, dtype=np.int64),
        kind=np.asarray(events.kind, dtype=np.int16),
        num_users=len(users),
        num_items=len(items),
    )
    return dense, events.kinds, item_type


def _dense(rows: Array, wanted: Any, what: str) -> Array:
    """Position of each row id among the ascending ids of its type, int64 `[len(wanted)]`."""
    wanted_rows: Array = np.asarray(wanted, dtype=np.int64)
    if not len(wanted_rows):
        return wanted_rows
    if not len(rows):
        raise StoreError(
            f"The store has {what} and no node that it could belong to; check the store with doctor."
        )
    place: Array = np.minimum(np.searchsorted(rows, wanted_rows), len(rows) - 1)
    if (rows[place] != wanted_rows).any():
        lost = int(wanted_rows[rows[place] != wanted_rows][0])
        raise StoreError(
            f"The store has {what} that leads to the unknown node row {lost}; check it with doctor."
        )
    return place
