"""Reading one consistent state out of a store, with dense ids in place of the store's row ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import StoreError
from graphrec.store.columns import Interactions
from graphrec.store.records import (
    BundleRecord,
    EdgeColumns,
    InteractionColumns,
    Kind,
    NodeColumns,
    PropertyColumns,
    Relation,
)
from graphrec.store.snapshot import RelationInfo
from graphrec.store.tables import SCHEMA_VERSION

Array = NDArray[Any]
DEFAULT_ITEM_TYPE = "recipe"
_LOOKUP_SPARSITY = 8  # largest table, in multiples of the number of nodes


class SnapshotSource(Protocol):
    """What a snapshot needs from a store: bulk reads in row ids, and the books in which it is entered."""

    @property
    def revision(self) -> int: ...
    @property
    def user_type(self) -> str: ...
    @property
    def item_type(self) -> str | None: ...
    @property
    def read_only(self) -> bool: ...
    def reading(self) -> AbstractContextManager[Any]: ...
    def node_types(self) -> Sequence[str]: ...
    def relations(self) -> Sequence[Relation]: ...
    def kinds(self) -> Sequence[Kind]: ...
    def read_nodes(self, node_type: str, /) -> NodeColumns: ...
    def read_properties(self, node_type: str, /) -> PropertyColumns: ...
    def read_edges(self, relation: str, /) -> EdgeColumns: ...
    def read_interactions(self) -> InteractionColumns: ...
    def register_snapshot(self, path: Path, name: str, *, revision: int | None = None) -> bool: ...
    def bundles(self) -> Sequence[BundleRecord]: ...


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
    """Read everything as of one revision, whatever others write meanwhile.

    Raises:
        StoreError: an edge, interaction or property belongs to no node.
    """
    with store.reading():
        nodes = [_read_type(store, type_) for type_ in store.node_types()]
        rows = {node.type: node.rows for node in nodes}
        relations = [_read_relation(store, relation, rows) for relation in store.relations()]
        user_type, item_type = store.user_type, store.item_type or DEFAULT_ITEM_TYPE
        events, kinds = store.read_interactions(), [kind.name for kind in store.kinds()]
        revision = store.revision
    dense = _number_events(events, rows, user_type, item_type)
    return GraphData(nodes, relations, dense, kinds, user_type, item_type, revision, SCHEMA_VERSION)


def _read_type(store: SnapshotSource, node_type: str) -> NodeData:
    rows, ids, names = store.read_nodes(node_type)
    columns = store.read_properties(node_type)
    numbers: dict[str, Array] = {}
    for key, (owners, values) in sorted(columns.numbers.items()):
        numbers[key] = np.full(len(rows), np.nan)
        numbers[key][_dense(rows, owners, f"property {key!r} of {node_type!r}")] = values
    texts: dict[str, Sequence[str | None]] = {}
    for key, (owners, words) in sorted(columns.texts.items()):
        column: list[str | None] = [None] * len(rows)
        for row, word in zip(
            _dense(rows, owners, f"text {key!r} of {node_type!r}").tolist(), words, strict=True
        ):
            column[row] = word
        texts[key] = column
    return NodeData(node_type, rows, ids, names, numbers, texts)


def _read_relation(store: SnapshotSource, relation: Relation, rows: Mapping[str, Array]) -> RelationData:
    info = RelationInfo(relation.name, relation.src, relation.dst, relation.inverse, bool(relation.feature))
    src, dst, weight = store.read_edges(info.name)
    what = f"an edge of relation {info.name!r}"
    return RelationData(info, _dense(rows[info.src], src, what), _dense(rows[info.dst], dst, what), weight)


def _number_events(
    events: InteractionColumns, rows: Mapping[str, Array], user_type: str, item_type: str
) -> Interactions:
    nothing = np.zeros(0, dtype=np.int64)
    users, items = rows.get(user_type, nothing), rows.get(item_type, nothing)
    return Interactions(
        user=_dense(users, events.user, "an interaction of a user"),
        item=_dense(items, events.item, f"an interaction with a {item_type!r}"),
        weight=events.weight.astype(np.float32),
        time=events.time,
        kind=events.kind,
        num_users=len(users),
        num_items=len(items),
    )


def _dense(rows: Array, wanted: Any, what: str) -> Array:
    """Position of each row id among the ascending ids of its type, int64 `[len(wanted)]`."""
    wanted_rows: Array = np.asarray(wanted, dtype=np.int64)
    if not len(wanted_rows):
        return wanted_rows
    if not len(rows):
        raise StoreError(
            f"The store has {what} and no node that it could belong to; check the store with doctor."
        )
    place = _places(rows, wanted_rows)
    lost = rows[place] != wanted_rows
    if lost.any():
        row = int(wanted_rows[lost][0])
        raise StoreError(
            f"The store has {what} that leads to the unknown node row {row}; check it with doctor."
        )
    return place


def _places(rows: Array, wanted: Array) -> Array:
    """Where each row id stands, right for those that are there; a table is ten times faster than a search."""
    low, span = int(rows[0]), int(rows[-1] - rows[0]) + 1
    if span > _LOOKUP_SPARSITY * len(rows):
        place: Array = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
        return place
    table = np.zeros(span, dtype=np.int64)
    table[rows - low] = np.arange(len(rows))
    found: Array = table[np.clip(wanted - low, 0, span - 1)]
    return found
