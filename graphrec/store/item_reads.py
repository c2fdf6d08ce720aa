"""Reading whole items, all of them or the touched ones: what new recipes are placed and re-indexed by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from graphrec.store import tables as t
from graphrec.store.reads import StoreReads
from graphrec.store.records import ItemAttribute, ItemRecord
from graphrec.store.relations import relation_table

_PIECE = 500
_ALL = "SELECT id, ext, name FROM node WHERE type_id = ? AND id > ? ORDER BY id LIMIT ?"
_NAMED = "SELECT id, ext, name FROM node WHERE type_id = ? AND ext IN ({})"
_PROPERTIES = (
    "SELECT p.node_id, k.name, p.number, p.text FROM node_property p"
    " CROSS JOIN property_key k ON k.id = p.key_id WHERE p.node_id IN ({})"
)
_EDGES = "SELECT src, relation_id, dst FROM edge WHERE src IN ({})"
_ENDS = "SELECT id, ext FROM node WHERE id IN ({})"
# Row ids and revisions grow together, so that this walks over the new nodes only.
_LAST_OLD = "SELECT coalesce(max(id), 0) FROM node WHERE revision <= ?"
_TOUCHED = (
    "SELECT ext FROM node WHERE id > :last AND type_id = :type"
    " UNION SELECT n.ext FROM touched t CROSS JOIN node n ON n.id = t.node_id"
    " WHERE t.revision > :since AND n.type_id = :type ORDER BY ext"
)

_Row = tuple[int, str, str | None]


class ItemReads(StoreReads):
    """Bulk reads of single items."""

    def touched_items(self, since: int) -> tuple[str, ...]:
        """Ids, sorted, of the items that came or whose name, properties or edges changed after a revision.

        Every item for a revision older than the bookkeeping of a store that an earlier graphrec made.
        """
        with self._connect_reader() as connection:
            type_id = _type_id(connection, _role(connection, "item"))
            began = connection.execute(sa.select(t.state.c.touched_from)).scalar_one()
            known = since >= began
            last = connection.exec_driver_sql(_LAST_OLD, (since,)).scalar_one() if known else 0
            values = {"last": last, "type": type_id, "since": since}
            return tuple(connection.execute(sa.text(_TOUCHED), values).scalars())

    def item_records(self, ids: Iterable[str] | None = None) -> Iterator[ItemRecord]:
        """Items with their properties and attributes, all as of one state.

        Args:
            ids: which ones; unknown ids are passed over and repeated ones given once. None is every item.

        Yields:
            Records, in the order of `ids` or of arrival.
        """
        with (
            self._connect_reader() as connection
        ):  # not `reading`: this thread may do other things between records
            item_type, user_type = _role(connection, "item"), _role(connection, "user")
            type_id = _type_id(connection, item_type)
            reader = _Reader(connection, item_type, user_type)
            pieces = _every(connection, type_id) if ids is None else _named(connection, type_id, ids)
            for piece in pieces:
                yield from reader.records(piece)


class _Reader:
    """Turns rows of items into records; attributes met before are not looked up again."""

    def __init__(self, connection: sa.Connection, item_type: str, user_type: str) -> None:
        self._connection = connection
        ids = connection.execute(sa.select(t.relation.c.name, t.relation.c.id))
        number = {name: row for name, row in ids}
        ends = (item_type, user_type)
        used = [r for r in relation_table(connection) if r.src == item_type and r.dst not in ends]
        self._relations = {number[r.name]: (r.name, r.dst) for r in used}
        self._features = frozenset(r.name for r in used if r.feature)
        self._attributes: dict[tuple[int, int], ItemAttribute] = {}

    def records(self, piece: Sequence[_Row]) -> Iterator[ItemRecord]:
        rows = [row for row, _, _ in piece]
        numbers: dict[int, dict[str, float]] = {row: {} for row in rows}
        texts: dict[int, dict[str, str]] = {row: {} for row in rows}
        for row, key, number, text in _select(self._connection, _PROPERTIES, rows):
            if text is None:
                numbers[row][key] = number
            else:
                texts[row][key] = text
        attributes = self._attributes_of(rows)
        for row, ext, name in piece:
            yield ItemRecord(ext, name, numbers[row], texts[row], attributes[row], self._features)

    def _attributes_of(self, rows: Sequence[int]) -> dict[int, tuple[ItemAttribute, ...]]:
        edges = [edge for edge in _select(self._connection, _EDGES, rows) if edge[1] in self._relations]
        unknown = sorted({dst for _, relation, dst in edges if (relation, dst) not in self._attributes})
        ends = {row: ext for row, ext in _select(self._connection, _ENDS, unknown)}
        found: dict[int, list[ItemAttribute]] = {row: [] for row in rows}
        for src, relation, dst in edges:
            attribute = self._attributes.get((relation, dst))
            if attribute is None:
                attribute = ItemAttribute(*self._relations[relation], ends[dst])
                self._attributes[relation, dst] = attribute
            found[src].append(attribute)
        return {row: tuple(sorted(named)) for row, named in found.items()}


def _role(connection: sa.Connection, role: str) -> str:
    """The node type of a role, by its usual name while nothing has claimed it."""
    query = sa.select(t.node_type.c.name).where(t.node_type.c.role == role)
    return str(connection.execute(query).scalar() or {"item": "recipe", "user": "user"}[role])


def _type_id(connection: sa.Connection, node_type: str) -> int:
    query = sa.select(t.node_type.c.id).where(t.node_type.c.name == node_type)
    return int(connection.execute(query).scalar() or 0)


def _every(connection: sa.Connection, type_id: int) -> Iterator[list[_Row]]:
    last = 0
    while piece := connection.exec_driver_sql(_ALL, (type_id, last, _PIECE)).all():
        yield [(int(row), str(ext), name) for row, ext, name in piece]
        last = int(piece[-1][0])


def _named(connection: sa.Connection, type_id: int, ids: Iterable[str]) -> Iterator[list[_Row]]:
    wanted = iter(dict.fromkeys(ids))
    while piece := tuple(islice(wanted, _PIECE)):
        sql = _NAMED.format(",".join("?" * len(piece)))
        found = {
            ext: (row, ext, name) for row, ext, name in connection.exec_driver_sql(sql, (type_id, *piece))
        }
        yield [found[ext] for ext in piece if ext in found]


def _select(connection: sa.Connection, sql: str, rows: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(rows), _PIECE):
        piece = tuple(rows[start : start + _PIECE])
        yield from map(tuple, connection.exec_driver_sql(sql.format(",".join("?" * len(piece))), piece))
