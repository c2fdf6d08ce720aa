"""Reading a store: single nodes and neighbourhoods for answers, whole columns for snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import tables as t
from graphrec.store.columns import NO_TIME
from graphrec.store.connections import StoreConnections
from graphrec.store.records import (
    EdgeColumns,
    HistoryEntry,
    InteractionColumns,
    Kind,
    Node,
    NodeColumns,
    PropertyColumns,
    Relation,
)
from graphrec.store.relations import find_relation, relation_table
from graphrec.store.validate import clean_id

_FETCH = 100_000


class StoreReads(StoreConnections):
    """The reading half of :class:`GraphStore`. Each call reads one consistent state."""

    @property
    def revision(self) -> int:
        """Grows by one with every committed write: poll it to see whether anything changed."""
        with self._connect_reader() as connection:
            return int(connection.exec_driver_sql("SELECT revision FROM state").scalar_one())

    @property
    def schema_version(self) -> int:
        """Number of the schema, as the file records it."""
        with self._connect_reader() as connection:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    @property
    def user_type(self) -> str:
        """The node type that interacts."""
        return self._role("user") or "user"

    @property
    def item_type(self) -> str | None:
        """The node type that interactions point to; without any, `recipe` if the store has recipes."""
        return self._role("item") or ("recipe" if "recipe" in self.node_types() else None)

    def _role(self, role: str) -> str | None:
        with self._connect_reader() as connection:
            return connection.execute(
                sa.select(t.node_type.c.name).where(t.node_type.c.role == role)
            ).scalar()

    def node_types(self) -> list[str]:
        """Names of the node types, oldest first."""
        with self._connect_reader() as connection:
            return list(
                connection.execute(sa.select(t.node_type.c.name).order_by(t.node_type.c.id)).scalars()
            )

    def count_nodes(self, node_type: str) -> int:
        """Number of nodes of a type; 0 for a type the store does not know."""
        query = sa.select(sa.func.count()).select_from(t.node).where(t.node.c.type_id == _type_id(node_type))
        with self._connect_reader() as connection:
            return int(connection.execute(query).scalar_one())

    def node(self, node_type: str, node_id: str) -> Node:
        """One node with its properties.

        Raises:
            NotFoundError: the store has no such node.
        """
        with self._connect_reader() as connection:
            row = _find(connection, node_type, node_id)
            if row is None:
                raise NotFoundError(f"The store has no {node_type} {node_id!r}.")
            values = (
                sa.select(t.property_key.c.name, t.node_property.c.number, t.node_property.c.text)
                .join(t.property_key).where(t.node_property.c.node_id == row[0])
            )  # fmt: skip
            properties = {
                key: text if number is None else number for key, number, text in connection.execute(values)
            }
        return Node(node_type, row[1], row[2], properties)

    def has_node(self, node_type: str, node_id: str) -> bool:
        """Whether the node exists."""
        with self._connect_reader() as connection:
            return _find(connection, node_type, node_id) is not None

    def relations(self) -> tuple[Relation, ...]:
        """The declared relations."""
        with self._connect_reader() as connection:
            return tuple(relation_table(connection))

    def kinds(self) -> list[Kind]:
        """Interaction types with their default weights; interactions refer to them by position."""
        with self._connect_reader() as connection:
            return [
                Kind(*row)
                for row in connection.execute(sa.select(t.kind.c.name, t.kind.c.weight).order_by(t.kind.c.id))
            ]

    def neighbors(self, node_type: str, node_id: str, relation: str, direction: str = "out") -> list[str]:
        """Ids of the nodes that a relation leads to, sorted; none for a node the store does not know.

        Args:
            node_type: the type that the relation has on this side.
            relation: a relation or the name of its inverse.
            direction: `"out"` follows the relation as named, `"in"` goes against it.

        Raises:
            NotFoundError: no such relation.
            InvalidInputError: the relation has another type on that side.
        """
        if direction not in ("out", "in"):
            raise InvalidInputError(f'The direction is {direction!r}; it is "out" or "in".')
        with self._connect_reader() as connection:
            relation_id, found, inverted = find_relation(connection, relation)
            forward = inverted == (direction == "in")
            here = found.src if forward else found.dst
            if here != node_type:
                raise InvalidInputError(
                    f"Relation {relation!r} followed {direction} starts at a {here}, not at a {node_type}."
                )
            row = _find(connection, node_type, node_id)
            table, near, far = (t.edge, "src", "dst") if forward else (t.edge_in, "dst", "src")
            query = (
                sa.select(t.node.c.ext).select_from(table).join(t.node, t.node.c.id == table.c[far])
                .where(table.c[near] == (row[0] if row else 0), table.c.relation_id == relation_id)
            )  # fmt: skip
            return sorted(connection.execute(query).scalars())

    def has_edge(self, relation: str, src: str, dst: str) -> bool:
        """Whether `src` is tied to `dst` by a relation or an inverse; False for unknown nodes."""
        with self._connect_reader() as connection:
            relation_id, found, inverted = find_relation(connection, relation)
            source, target = (dst, src) if inverted else (src, dst)
            a, b = _find(connection, found.src, source), _find(connection, found.dst, target)
            if a is None or b is None:
                return False
            query = sa.select(t.edge.c.weight).where(
                t.edge.c.src == a[0], t.edge.c.relation_id == relation_id, t.edge.c.dst == b[0]
            )
            return connection.execute(query).first() is not None

    def history(self, user: str) -> list[HistoryEntry]:
        """A user's interactions, oldest first, those without a time before all; none for an unknown user."""
        i = t.interaction
        with self._connect_reader() as connection:
            row = _find(connection, self.user_type, user)
            query = (
                sa.select(t.node.c.ext, t.kind.c.name, _weight(), i.c.time)
                .select_from(i).join(t.node, t.node.c.id == i.c.item).join(t.kind, t.kind.c.id == i.c.kind_id)
                .where(i.c.user == (row[0] if row else 0)).order_by(i.c.time, t.node.c.ext, t.kind.c.id)
            )  # fmt: skip
            rows = connection.execute(query).all()
        return [
            HistoryEntry(item, kind, weight, None if time == NO_TIME else time)
            for item, kind, weight, time in rows
        ]

    def read_nodes(self, node_type: str) -> NodeColumns:
        """Every node of a type, in row order."""
        query = (
            sa.select(t.node.c.id, t.node.c.ext, t.node.c.name)
            .where(t.node.c.type_id == _type_id(node_type)).order_by(t.node.c.id)
        )  # fmt: skip
        with self._connect_reader() as connection:
            rows = connection.execute(query).all()
        return NodeColumns(_ints(row[0] for row in rows), [row[1] for row in rows], [row[2] for row in rows])

    def read_edges(self, relation: str) -> EdgeColumns:
        """Every edge of a relation, by its own name (not the inverse's)."""
        sql = "SELECT src, dst, weight FROM edge WHERE relation_id = ?"
        with self._connect_reader() as connection:
            relation_id, _, inverted = find_relation(connection, relation)
            if inverted:
                raise InvalidInputError(
                    f"{relation!r} is the name of an inverse; read the relation it inverts."
                )
            src, dst, weight = _columns(connection, sql, (relation_id,), (np.int64, np.int64, np.float64))
        return EdgeColumns(src, dst, weight)

    def read_interactions(self) -> InteractionColumns:
        """Every interaction, sorted by user, item, kind and time; a missing weight is its kind's."""
        sql = (
            "SELECT i.user, i.item, i.kind_id, coalesce(i.weight, k.weight), i.time FROM interaction i"
            " CROSS JOIN kind k ON k.id = i.kind_id ORDER BY i.user, i.item, i.kind_id, i.time"
        )
        with self._connect_reader() as connection:
            kinds = np.fromiter(
                connection.execute(sa.select(t.kind.c.id).order_by(t.kind.c.id)).scalars(), dtype=np.int64
            )
            types = (np.int64, np.int64, np.int64, np.float64, np.int64)
            user, item, kind, weight, time = _columns(connection, sql, (), types)
        return InteractionColumns(user, item, np.searchsorted(kinds, kind).astype(np.int16), weight, time)

    def read_properties(self, node_type: str) -> PropertyColumns:
        """Every property of a type's nodes, rows ascending."""
        p = t.node_property
        query = (
            sa.select(t.property_key.c.name, p.c.node_id, p.c.number, p.c.text)
            .select_from(p).join(t.property_key).join(t.node, t.node.c.id == p.c.node_id)
            .where(t.node.c.type_id == _type_id(node_type)).order_by(p.c.key_id, p.c.node_id)
        )  # fmt: skip
        numbers: dict[str, list[tuple[int, float]]] = {}
        texts: dict[str, list[tuple[int, str]]] = {}
        with self._connect_reader() as connection:
            for key, row, number, text in connection.execute(query):
                if text is None:
                    numbers.setdefault(key, []).append((row, number))
                else:
                    texts.setdefault(key, []).append((row, text))
        return PropertyColumns(
            {
                key: (_rows(pairs), np.array([v for _, v in pairs], dtype=np.float64))
                for key, pairs in numbers.items()
            },
            {key: (_rows(pairs), [v for _, v in pairs]) for key, pairs in texts.items()},
        )


def _weight() -> sa.ColumnElement[float]:
    return sa.func.coalesce(t.interaction.c.weight, t.kind.c.weight)


def _rows(pairs: Sequence[tuple[int, Any]]) -> NDArray[np.int64]:
    return _ints(row for row, _ in pairs)


def _type_id(node_type: str) -> sa.ScalarSelect[int]:
    return sa.select(t.node_type.c.id).where(t.node_type.c.name == node_type).scalar_subquery()


def _find(connection: sa.Connection, node_type: str, node_id: str) -> tuple[int, str, str | None] | None:
    clean = clean_id(node_id, f"{node_type} id")
    query = sa.select(t.node.c.id, t.node.c.ext, t.node.c.name).where(
        t.node.c.type_id == _type_id(node_type), t.node.c.ext == clean
    )
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1], row[2])


def _ints(values: Any) -> NDArray[np.int64]:
    return np.fromiter(values, dtype=np.int64)


def _columns(
    connection: sa.Connection, sql: str, parameters: tuple[Any, ...], types: Sequence[type[np.generic]]
) -> list[NDArray[Any]]:
    # Through the cursor of the driver: result objects would double the time of millions of rows.
    cursor = connection.connection.cursor()
    pieces: list[list[NDArray[Any]]] = [[np.empty(0, dtype=kind)] for kind in types]
    try:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(_FETCH):
            flat = list(chain.from_iterable(rows))
            for at, kind in enumerate(types):
                pieces[at].append(np.array(flat[at :: len(types)], dtype=kind))
    finally:
        cursor.close()
    return [np.concatenate(column) for column in pieces]
