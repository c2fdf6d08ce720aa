"""Writing interactions: ids resolved, kinds known or made, a repeated one updated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from graphrec.errors import InvalidInputError
from graphrec.store import tables as t
from graphrec.store.bulk import insert_rows
from graphrec.store.resolver import REFUSED, NodeResolver
from graphrec.store.validate import clean_id, clean_time, clean_weight

InteractionRow = tuple[str, str, str | None, int | None, float | None]
_INSERT = ("INSERT INTO interaction (user, item, kind_id, time, weight) VALUES ", " ON CONFLICT DO NOTHING")
_UPDATE = (
    "UPDATE interaction SET weight = ?"
    " WHERE user = ? AND item = ? AND kind_id = ? AND time = ? AND weight IS NOT ?"
)
DEFAULT_ITEM_TYPE = "recipe"


class Counts(NamedTuple):
    """What became of interaction rows: new, met one that existed, or named an erased user or item."""

    added: int
    updated: int
    tombstoned: int

    def plus(self, other: Counts) -> Counts:
        """Sums."""
        return Counts(
            self.added + other.added, self.updated + other.updated, self.tombstoned + other.tombstoned
        )


class InteractionWriter:
    """Adds interactions inside one write transaction."""

    def __init__(self, connection: sa.Connection, nodes: NodeResolver) -> None:
        self._connection = connection
        self._nodes = nodes
        self._kinds: dict[str | None, int] = {}

    def add(
        self,
        rows: Sequence[InteractionRow],
        first_row: int,
        user_type: str,
        item_type: str | None,
        *,
        create_items: bool,
    ) -> Counts:
        """Add rows; errors count them from `first_row`."""
        item_type = self._claim_types(user_type, item_type)
        columns = self._values(rows, first_row)
        users = self._nodes.resolve(user_type, [row[0] for row in rows], "user", first_row, create=True)
        items = self._nodes.resolve(
            item_type, [row[1] for row in rows], "item", first_row, create=create_items
        )
        whole = [
            row for row in zip(users, items, *columns, strict=True) if row[0] != REFUSED and row[1] != REFUSED
        ]
        added = self._insert(whole)
        return Counts(added, len(whole) - added, len(rows) - len(whole))

    def _values(
        self, rows: Sequence[InteractionRow], first_row: int
    ) -> tuple[list[int], list[int], list[float | None]]:
        kinds, times, weights = [], [], []
        for number, row in enumerate(rows, first_row):
            if len(row) != 5:
                raise InvalidInputError(
                    f"The event in row {number} has {len(row)} values; give user, item, kind, time, weight."
                )
            _, _, kind, time, weight = row
            kinds.append(self._kinds[kind] if kind in self._kinds else self._kind_id(kind, number))
            times.append(clean_time(time, f"time in row {number}"))
            weights.append(None if weight is None else clean_weight(weight, f"weight in row {number}"))
        return kinds, times, weights

    def _kind_id(self, kind: str | None, row: int) -> int:
        name = t.DEFAULT_KIND if kind is None else clean_id(kind, f"kind in row {row}")
        found = self._connection.execute(sa.select(t.kind.c.id).where(t.kind.c.name == name)).scalar()
        if found is None:
            found = t.insert_named(self._connection, t.kind, name=name, weight=1.0)
        self._kinds[kind] = int(found)
        return int(found)

    def _insert(self, rows: list[tuple[Any, ...]]) -> int:
        if not rows:
            return 0
        # Sorting is stable, so of repeated rows the last in the input is the last to be written.
        rows.sort(key=lambda row: row[:4])
        added = insert_rows(self._connection, _INSERT, list(zip(*rows, strict=True)))
        if added < len(rows):
            self._connection.exec_driver_sql(_UPDATE, [(row[4], *row) for row in rows])
        return added

    def _claim_types(self, user_type: str, item_type: str | None) -> str:
        """Note which types interact: a store has one type of user and one of item."""
        rows = self._connection.execute(
            sa.select(t.node_type.c.role, t.node_type.c.name).where(t.node_type.c.role.is_not(None))
        )
        roles = {str(role): str(name) for role, name in rows}
        wanted = {"user": user_type, "item": item_type or roles.get("item", DEFAULT_ITEM_TYPE)}
        for role, name in wanted.items():
            if roles.get(role, name) != name or (role == "item" and name == user_type):
                taken = roles.get(role, user_type)
                raise InvalidInputError(
                    f"The {role} of an interaction cannot be a {name!r}: the interactions of this store have "
                    f"{taken!r} for it; use another store for other types."
                )
            if role not in roles:
                type_id = self._nodes.type_id(name)
                update = t.node_type.update().where(t.node_type.c.id == type_id).values(role=role)
                self._connection.execute(update)
        return wanted["item"]
