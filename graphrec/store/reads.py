"""Reading single nodes, neighbourhoods and histories: what answers and explanations ask for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import tables as t
from graphrec.store.columns import NO_TIME
from graphrec.store.connections import StoreConnections
from graphrec.store.engine import named_errors
from graphrec.store.records import HistoryEntry, Kind, Node, Relation
from graphrec.store.relations import find_relation, relation_table
from graphrec.store.validate import clean_id


def _neighbors_query(table: sa.Table, near: str, far: str) -> sa.Select[Any]:
    joined = sa.select(t.node.c.ext).select_from(table).join(t.node, t.node.c.id == table.c[far])
    return joined.where(
        table.c[near] == sa.bindparam("near"), table.c.relation_id == sa.bindparam("relation")
    )


# Built once: putting a statement together takes longer than SQLite needs to run it.
_ROLE = sa.select(t.node_type.c.name).where(t.node_type.c.role == sa.bindparam("role"))
_FIND = (
    sa.select(t.node.c.id, t.node.c.ext, t.node.c.name).join(t.node_type)
    .where(t.node_type.c.name == sa.bindparam("type"), t.node.c.ext == sa.bindparam("ext"))
)  # fmt: skip
_COUNT = (
    sa.select(sa.func.count()).select_from(t.node).join(t.node_type)
    .where(t.node_type.c.name == sa.bindparam("type"))
)  # fmt: skip
_PROPERTIES = (
    sa.select(t.property_key.c.name, t.node_property.c.number, t.node_property.c.text)
    .select_from(t.node_property).join(t.property_key)
    .where(t.node_property.c.node_id == sa.bindparam("node"))
)  # fmt: skip
_OUT, _IN = _neighbors_query(t.edge, "src", "dst"), _neighbors_query(t.edge_in, "dst", "src")
_EDGE = sa.select(t.edge.c.weight).where(
    t.edge.c.src == sa.bindparam("src"),
    t.edge.c.relation_id == sa.bindparam("relation"),
    t.edge.c.dst == sa.bindparam("dst"),
)
_WEIGHT = sa.func.coalesce(t.interaction.c.weight, t.kind.c.weight)
_HISTORY = (
    sa.select(t.node.c.ext, t.kind.c.name, _WEIGHT, t.interaction.c.time)
    .select_from(t.interaction).join(t.node, t.node.c.id == t.interaction.c.item).join(t.kind)
    .where(t.interaction.c.user == sa.bindparam("user"))
    .order_by(t.interaction.c.time, t.node.c.ext, t.kind.c.id)
)  # fmt: skip
_CATALOGUE_REVISION = "SELECT catalogue_revision FROM state"
_TYPES = sa.select(t.node_type.c.name).order_by(t.node_type.c.id)
_KINDS = sa.select(t.kind.c.name, t.kind.c.weight).order_by(t.kind.c.id)


class StoreReads(StoreConnections):
    """The reading half of :class:`GraphStore`. Each call reads one consistent state."""

    @property
    def revision(self) -> int:
        """Grows by one with every committed write: poll it to see whether anything changed."""
        return self._scalar("SELECT revision FROM state")

    @property
    def catalogue_revision(self) -> int:
        """Revision of the last change to items, attributes or their edges; users and interactions leave it alone.

        Microseconds: it is asked for with every answer.
        """
        current = getattr(self._thread, "reading", None)
        if current is not None:
            return int(current.exec_driver_sql(_CATALOGUE_REVISION).scalar_one())
        with named_errors(self.path):
            pooled = self._reader.raw_connection()
            try:
                raw: Any = pooled.driver_connection
                return int(raw.execute(_CATALOGUE_REVISION).fetchone()[0])
            finally:
                pooled.close()

    @property
    def schema_version(self) -> int:
        """Number of the schema, as the file records it."""
        return self._scalar("PRAGMA user_version")

    def _scalar(self, sql: str) -> int:
        with self._connect_reader() as connection:
            return int(connection.exec_driver_sql(sql).scalar_one())

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
            return connection.execute(_ROLE, {"role": role}).scalar()

    def node_types(self) -> list[str]:
        """Names of the node types, oldest first."""
        with self._connect_reader() as connection:
            return list(connection.execute(_TYPES).scalars())

    def count_nodes(self, node_type: str) -> int:
        """Number of nodes of a type; 0 for a type that the store does not know."""
        with self._connect_reader() as connection:
            return int(connection.execute(_COUNT, {"type": node_type}).scalar_one())

    def node(self, node_type: str, node_id: str) -> Node:
        """One node with its properties.

        Raises:
            NotFoundError: the store has no such node.
        """
        with self._connect_reader() as connection:
            row = _find(connection, node_type, node_id)
            if row is None:
                raise NotFoundError(f"The store has no {node_type} {node_id!r}.")
            values = connection.execute(_PROPERTIES, {"node": row[0]})
            properties = {key: text if number is None else number for key, number, text in values}
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
        """Interaction types with their default weights; bulk reads refer to them by position."""
        with self._connect_reader() as connection:
            return [Kind(*row) for row in connection.execute(_KINDS)]

    def neighbors(self, node_type: str, node_id: str, relation: str, direction: str = "out") -> list[str]:
        """Ids of the nodes that a relation leads to, sorted; none for a node that the store does not know.

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
            values = {"near": row[0] if row else 0, "relation": relation_id}
            return sorted(connection.execute(_OUT if forward else _IN, values).scalars())

    def has_edge(self, relation: str, src: str, dst: str) -> bool:
        """Whether `src` is tied to `dst` by a relation or an inverse; False for unknown nodes."""
        with self._connect_reader() as connection:
            relation_id, found, inverted = find_relation(connection, relation)
            source, target = (dst, src) if inverted else (src, dst)
            a, b = _find(connection, found.src, source), _find(connection, found.dst, target)
            if a is None or b is None:
                return False
            values = {"src": a[0], "relation": relation_id, "dst": b[0]}
            return connection.execute(_EDGE, values).first() is not None

    def history(self, user: str) -> list[HistoryEntry]:
        """A user's interactions, oldest first, those without a time before all; none for an unknown user."""
        with self._connect_reader() as connection:
            user_type = connection.execute(_ROLE, {"role": "user"}).scalar() or "user"
            row = _find(connection, user_type, user)
            rows = connection.execute(_HISTORY, {"user": row[0] if row else 0}).all()
        return [
            HistoryEntry(item, kind, weight, None if at == NO_TIME else at) for item, kind, weight, at in rows
        ]


def _find(connection: sa.Connection, node_type: str, node_id: str) -> tuple[int, str, str | None] | None:
    values = {"type": node_type, "ext": clean_id(node_id, f"{node_type} id")}
    row = connection.execute(_FIND, values).first()
    return None if row is None else (row[0], row[1], row[2])
