"""Looking relations up by their name or the name of their inverse."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from graphrec.errors import NotFoundError
from graphrec.store import tables as t
from graphrec.store.records import Relation


def _all_relations() -> sa.Select[Any]:
    src, dst = t.node_type.alias(), t.node_type.alias()
    return (
        sa.select(
            t.relation.c.id,
            t.relation.c.name,
            src.c.name,
            dst.c.name,
            t.relation.c.inverse,
            t.relation.c.feature,
        )
        .join(src, src.c.id == t.relation.c.src_type)
        .join(dst, dst.c.id == t.relation.c.dst_type)
        .order_by(t.relation.c.id)
    )


_ALL = _all_relations()
_NAMED = _ALL.where(
    (t.relation.c.name == sa.bindparam("name")) | (t.relation.c.inverse == sa.bindparam("name"))
)


def _relation(row: sa.Row[Any]) -> Relation:
    _, name, src, dst, inverse, feature = list(row)
    return Relation(name, src, dst, inverse, bool(feature))


def relation_table(connection: sa.Connection) -> list[Relation]:
    """Every relation, in the order of declaration."""
    return [_relation(row) for row in connection.execute(_ALL)]


def find_relation(connection: sa.Connection, name: str) -> tuple[int, Relation, bool]:
    """Row id and definition of a relation, and whether `name` was its inverse's.

    Raises:
        NotFoundError: no relation or inverse has that name.
    """
    row = connection.execute(_NAMED, {"name": name}).first()
    if row is None:
        known = ", ".join(relation.name for relation in relation_table(connection)) or "none"
        raise NotFoundError(f"The store has no relation {name!r}; it has: {known}.")
    return int(row[0]), _relation(row), row[1] != name
