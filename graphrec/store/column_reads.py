"""Reading whole columns in the store's row ids: what a snapshot is made of."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import sqlalchemy as sa

from graphrec.errors import InvalidInputError
from graphrec.store import tables as t
from graphrec.store.bulk import read_arrays, read_columns
from graphrec.store.item_reads import ItemReads
from graphrec.store.records import EdgeColumns, Float, Int, InteractionColumns, NodeColumns, PropertyColumns
from graphrec.store.relations import find_relation

_V = TypeVar("_V")
_NODES = (
    "SELECT n.id, n.ext, n.name FROM node n JOIN node_type t ON t.id = n.type_id"
    " WHERE t.name = ? ORDER BY n.id"
)
_EDGES = "SELECT src, dst, weight FROM edge WHERE relation_id = ? ORDER BY src, dst"
# CROSS JOIN fixes the order of the loops, so that the primary key gives the order of the rows.
_INTERACTIONS = (
    "SELECT i.user, i.item, i.kind_id, coalesce(i.weight, k.weight), i.time FROM interaction i"
    " CROSS JOIN kind k ON k.id = i.kind_id ORDER BY i.user, i.item, i.kind_id, i.time"
)
_PROPERTIES = (
    "SELECT k.name, p.node_id, p.number, p.text FROM node_type t JOIN node n ON n.type_id = t.id"
    " JOIN node_property p ON p.node_id = n.id JOIN property_key k ON k.id = p.key_id"
    " WHERE t.name = ? ORDER BY p.node_id"
)


class ColumnReads(ItemReads):
    """Bulk reads; take several inside :meth:`reading` so that they fit together."""

    def read_nodes(self, node_type: str) -> NodeColumns:
        """Every node of a type, in row order."""
        with self._connect_reader() as connection:
            rows, ids, names = read_columns(connection, _NODES, (node_type,), 3)
        return NodeColumns(np.array(rows, dtype=np.int64), ids, names)

    def read_edges(self, relation: str) -> EdgeColumns:
        """Every edge of a relation, by its own name (not the inverse's)."""
        with self._connect_reader() as connection:
            relation_id, _, inverted = find_relation(connection, relation)
            if inverted:
                raise InvalidInputError(
                    f"{relation!r} is the name of an inverse; read the relation it inverts."
                )
            types = (np.int64, np.int64, np.float64)
            return EdgeColumns(*read_arrays(connection, _EDGES, (relation_id,), types))

    def read_interactions(self) -> InteractionColumns:
        """Every interaction, sorted by user, item, kind and time; a missing weight is its kind's."""
        types = (np.int64, np.int64, np.int64, np.float64, np.int64)
        with self._connect_reader() as connection:
            kinds = connection.execute(sa.select(t.kind.c.id).order_by(t.kind.c.id)).scalars().all()
            user, item, kind, weight, time = read_arrays(connection, _INTERACTIONS, (), types)
        position = np.searchsorted(np.array(kinds, dtype=np.int64), kind).astype(np.int16)
        return InteractionColumns(user, item, position, weight, time)

    def read_properties(self, node_type: str) -> PropertyColumns:
        """Every property of a type's nodes, rows ascending."""
        numbers: dict[str, tuple[list[int], list[float]]] = {}
        texts: dict[str, tuple[list[int], list[str]]] = {}
        with self._connect_reader() as connection:
            columns = read_columns(connection, _PROPERTIES, (node_type,), 4)
        for key, row, number, text in zip(*columns, strict=True):
            if text is None:
                _append(numbers, key, row, number)
            else:
                _append(texts, key, row, text)
        return PropertyColumns(
            {key: (_rows(rows), _floats(values)) for key, (rows, values) in numbers.items()},
            {key: (_rows(rows), values) for key, (rows, values) in texts.items()},
        )


def _append(columns: dict[str, tuple[list[int], list[_V]]], key: str, row: int, value: _V) -> None:
    rows, values = columns.setdefault(key, ([], []))
    rows.append(row)
    values.append(value)


def _rows(values: list[int]) -> Int:
    return np.array(values, dtype=np.int64)


def _floats(values: list[float]) -> Float:
    return np.array(values, dtype=np.float64)
