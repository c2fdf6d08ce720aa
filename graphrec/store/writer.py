"""All that can be written to a store, inside one transaction: everything is kept, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.store import tables as t
from graphrec.store.changes import ChangeLog
from graphrec.store.edge_writer import EdgeRow, EdgeWriter
from graphrec.store.erasure import DeletedRows, delete_user
from graphrec.store.interaction_writer import Counts, InteractionRow, InteractionWriter
from graphrec.store.preference_rows import PreferenceWriter
from graphrec.store.records import Preference, Relation
from graphrec.store.resolver import REFUSED, NodeResolver
from graphrec.store.validate import clean_id, clean_number, clean_text, clean_weight

_CHUNK = 64_000
_T = TypeVar("_T")


class Writer:
    """One write transaction; made by :meth:`GraphStore.writing`.

    Every method raises :class:`InvalidInputError`, naming the row (from 1), for a value that cannot
    be stored. Ids of erased users are passed over in silence everywhere: nothing brings them back.
    """

    def __init__(self, connection: sa.Connection, revision: int) -> None:
        self.revision = revision
        """The store's revision once this transaction is committed."""
        self._connection = connection
        self.changes = ChangeLog()
        """What may have changed; whoever writes past this class notes it here."""
        self._nodes = NodeResolver(connection, revision, self.changes)
        self._edges = EdgeWriter(connection, self._nodes)
        self._interactions = InteractionWriter(connection, self._nodes)
        self._preferences = PreferenceWriter(connection, self._nodes)

    def add_nodes(self, node_type: str, rows: Iterable[tuple[str, str | None]]) -> int:
        """Add nodes `(id, name)`; a node that exists takes the new name unless it is None.

        Returns:
            How many nodes are new.
        """
        before = self._nodes.last_id()
        self._nodes.type_id(node_type)
        for first, piece in _chunks(rows):
            self._upsert_nodes(node_type, piece, first)
        return self._nodes.last_id() - before

    def _upsert_nodes(self, node_type: str, rows: list[tuple[str, str | None]], first_row: int) -> None:
        raws, titles = [ext for ext, _ in rows], [name for _, name in rows]
        for row, name in enumerate(titles, first_row):
            if name is not None:
                clean_text(name, f"name in row {row}")
        ids = self._nodes.resolve(node_type, raws, node_type, first_row, create=True, names=titles)
        names = [(name, row, name) for row, name in zip(ids, titles, strict=True) if name is not None]
        if names:
            update = "UPDATE node SET name = ? WHERE id = ? AND name IS NOT ?"
            self._connection.exec_driver_sql(update, names)
            self.changes.note(row for _, row, _ in names)

    def row_ids(self, node_type: str, ids: Sequence[str]) -> NDArray[np.int64]:
        """Row ids for :meth:`bulk_edges`, int64 `[len(ids)]`; unknown ids become nodes, erased give 0."""
        return np.array(self._nodes.resolve(node_type, ids, node_type, 1, create=True), dtype=np.int64)

    def set_properties(self, node_type: str, key: str, rows: Iterable[tuple[str, float | str]]) -> int:
        """Set one property of many nodes, replacing what was there; unknown ids become nodes.

        Returns:
            How many rows were set.
        """
        key_id, total = self._key_id(clean_id(key, "property key")), 0
        insert = "INSERT OR REPLACE INTO node_property (node_id, key_id, number, text) VALUES (?, ?, ?, ?)"
        for first, piece in _chunks(rows):
            ids = self._nodes.resolve(node_type, [ext for ext, _ in piece], node_type, first, create=True)
            values = [
                (node, key_id, *_property(value, f"property {key!r} in row {row}"))
                for row, (node, (_, value)) in enumerate(zip(ids, piece, strict=True), first)
            ]
            kept = [value for value in values if value[0] != REFUSED]
            if kept:
                self._connection.exec_driver_sql(insert, kept)
                self.changes.note(value[0] for value in kept)
            total += len(kept)
        return total

    def add_relation(
        self, name: str, src_type: str, dst_type: str, *, inverse: str | None = None, feature: bool = True
    ) -> None:
        """Declare a relation; repeating the same declaration changes nothing.

        Args:
            inverse: the name of the relation read backwards.
            feature: False when being in the relation at all tells popularity, as with the meals of a recipe:
                such a relation is kept, but is never a feature of an item.

        Raises:
            InvalidInputError: the name is taken, or was declared otherwise.
        """
        self._edges.declare(Relation(name, src_type, dst_type, inverse, feature))

    def add_edges(self, relation: str, rows: Iterable[EdgeRow], *, on_missing: str = "create") -> int:
        """Add edges `(src, dst)` or `(src, dst, weight)`; one that exists takes the new weight (or 1).

        Args:
            relation: a declared relation, or the name of its inverse: then `src` and `dst` are read that way.
            on_missing: `"create"` makes unknown ends nodes, `"error"` raises.

        Returns:
            How many edges are new.

        Raises:
            NotFoundError: an undeclared relation, or an unknown end with `on_missing="error"`.
        """
        if on_missing not in ("create", "error"):
            raise InvalidInputError(f'on_missing is {on_missing!r}; it is "create" or "error".')
        create = on_missing == "create"
        return sum(
            self._edges.add_rows(relation, piece, first, create=create) for first, piece in _chunks(rows)
        )

    def bulk_edges(
        self, relation: str, src: NDArray[Any], dst: NDArray[Any], weight: NDArray[Any] | None = None
    ) -> int:
        """Add edges from arrays, the fast path.

        Args:
            src, dst: `[num_edges]`, external ids (strings) or row ids of :meth:`row_ids` (integers).
            weight: `[num_edges]`, finite and at least 0, or None for ones.

        Returns:
            How many edges are new.
        """
        return self._edges.add_arrays(relation, src, dst, weight)

    def add_interactions(
        self, rows: Iterable[InteractionRow], *, user_type: str = "user", item_type: str | None = None
    ) -> Counts:
        """Add interactions `(user, item, kind, time, weight)`.

        `kind` None is `interact`; a kind that the store does not know is added with weight 1. `time` is
        microseconds UTC or None. `weight` None follows the kind's default. The same user, item, kind and time
        again updates the weight. Unknown users and items become nodes.

        Args:
            item_type: by default the type that interactions point to already, else `recipe`.

        Raises:
            InvalidInputError: also when interactions point to items of another type already.
        """
        total = Counts(0, 0, 0)
        for first, piece in _chunks(rows):
            total = total.plus(self._interactions.add(piece, first, user_type, item_type, create_items=True))
        return total

    def record(
        self, user: str, item: str, kind: str, time: int, weight: float | None, item_type: str | None = None
    ) -> Counts:
        """Add one interaction with an item that the store knows.

        Raises:
            NotFoundError: an unknown item.
        """
        user_type = self.user_type()
        return self._interactions.add(
            [(user, item, kind, time, weight)], 1, user_type, item_type, create_items=False
        )

    def teach(
        self, user: str, node_type: str, ext: str, kind: str, time: int, utterance: str = ""
    ) -> Preference:
        """Remember something a user says about themselves; see :meth:`GraphStore.teach`."""
        return self._preferences.teach(user, node_type, ext, kind, time, utterance, self.user_type())

    def forget(
        self, user: str, *, preference_id: int | None = None, node: tuple[str, str] | None = None,
        every: bool = False,
    ) -> list[Preference]:  # fmt: skip
        """Delete what a user taught; see :meth:`GraphStore.forget_preference`."""
        return self._preferences.forget(user, preference_id=preference_id, node=node, every=every)

    def delete_user(self, user: str) -> DeletedRows:
        """Delete a user's rows and leave a tombstone: the first step of :meth:`GraphStore.erase`.

        Raises:
            NotFoundError: the store neither has nor had that user.
        """
        return delete_user(self._connection, self.user_type(), user, self.revision)

    def set_kind(self, name: str, weight: float) -> None:
        """Set the default weight of an interaction type, adding the type when it is new."""
        values = clean_id(name, "kind"), clean_weight(weight, f"weight of kind {name!r}")
        upsert = (
            "INSERT INTO kind (name, weight) VALUES (?, ?) ON CONFLICT DO UPDATE SET weight = excluded.weight"
        )
        self._connection.exec_driver_sql(upsert, values)

    def user_type(self) -> str:
        """The node type that interacts, `user` where none does yet."""
        role = sa.select(t.node_type.c.name).where(t.node_type.c.role == "user")
        return self._connection.execute(role).scalar() or "user"

    def _key_id(self, key: str) -> int:
        query = sa.select(t.property_key.c.id).where(t.property_key.c.name == key)
        found = self._connection.execute(query).scalar()
        return t.insert_named(self._connection, t.property_key, name=key) if found is None else int(found)


def _chunks(rows: Iterable[_T]) -> Iterator[tuple[int, list[_T]]]:
    """Pieces of an iterable, each with the number (from 1) of its first row."""
    iterator, first = iter(rows), 1
    while piece := list(islice(iterator, _CHUNK)):
        yield first, piece
        first += len(piece)


def _property(value: float | str, what: str) -> tuple[float | None, str | None]:
    if isinstance(value, str):
        return None, clean_text(value, what)
    return clean_number(value, what), None
