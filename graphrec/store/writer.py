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
from graphrec.store.bulk import insert_edges
from graphrec.store.erasure import DeletedRows, delete_user
from graphrec.store.interaction_writer import Counts, InteractionRow, InteractionWriter
from graphrec.store.records import Relation
from graphrec.store.relations import find_relation, relation_table
from graphrec.store.resolver import REFUSED, NodeResolver
from graphrec.store.validate import clean_id, clean_number, clean_text, clean_weight

CHUNK = 64_000
EdgeRow = tuple[str, str] | tuple[str, str, float]
_T = TypeVar("_T")


def chunks(rows: Iterable[_T], size: int = CHUNK) -> Iterator[tuple[int, list[_T]]]:
    """Pieces of an iterable, each with the number (from 1) of its first row."""
    iterator, first = iter(rows), 1
    while piece := list(islice(iterator, size)):
        yield first, piece
        first += len(piece)


class Writer:
    """One write transaction; made by :meth:`GraphStore.writing`.

    Every method raises :class:`InvalidInputError`, naming the row (counted from 1), for a value that cannot be stored.
    The ids of erased users are passed over in silence everywhere: nothing brings them back.
    """

    def __init__(self, connection: sa.Connection, revision: int) -> None:
        self._connection = connection
        self.revision = revision
        """The store's revision once this transaction is committed."""
        self._nodes = NodeResolver(connection, revision)
        self._interactions = InteractionWriter(connection, self._nodes)

    def add_nodes(self, node_type: str, rows: Iterable[tuple[str, str | None]]) -> int:
        """Add nodes `(id, name)`; a node that exists takes the new name unless it is None.

        Returns:
            How many nodes are new.
        """
        before = self._nodes.last_id()
        self._nodes.type_id(node_type)
        for first, piece in chunks(rows):
            for row, (_, name) in enumerate(piece, first):
                if name is not None:
                    clean_text(name, f"name in row {row}")
            names = dict(piece)
            ids = self._nodes.resolve(node_type, [ext for ext, _ in piece], node_type, first, create=True, names=names)
            named = [(name, i, name) for (_, name), i in zip(piece, ids, strict=True) if name is not None and i != REFUSED]
            if named:
                update = "UPDATE node SET name = ? WHERE id = ? AND name IS NOT ?"
                self._connection.exec_driver_sql(update, named)
        return self._nodes.last_id() - before

    def row_ids(self, node_type: str, ids: Sequence[str]) -> NDArray[np.int64]:
        """Row ids for :meth:`bulk_edges`, int64 `[len(ids)]`; unknown ids become nodes, erased ones give 0."""
        return np.array(self._nodes.resolve(node_type, ids, node_type, 1, create=True), dtype=np.int64)

    def set_properties(self, node_type: str, key: str, rows: Iterable[tuple[str, float | str]]) -> int:
        """Set one property of many nodes, replacing what was there; unknown nodes are created. Returns the rows set."""
        key_id = self._key_id(clean_id(key, "property key"))
        total = 0
        for first, piece in chunks(rows):
            ids = self._nodes.resolve(node_type, [ext for ext, _ in piece], node_type, first, create=True)
            values = [
                (i, key_id, *_property(value, f"property {key!r} in row {row}"))
                for row, (i, (_, value)) in enumerate(zip(ids, piece, strict=True), first)
                if i != REFUSED
            ]
            if values:
                insert = "INSERT OR REPLACE INTO node_property (node_id, key_id, number, text) VALUES (?, ?, ?, ?)"
                self._connection.exec_driver_sql(insert, values)
            total += len(values)
        return total

    def add_relation(
        self, name: str, src_type: str, dst_type: str, *, inverse: str | None = None, feature: bool = True
    ) -> None:
        """Declare a relation; repeating the same declaration changes nothing.

        Args:
            inverse: the name of the relation read backwards.
            feature: False when being in the relation at all tells popularity, as with the meals a recipe is part of:
                such a relation is kept, but is never a feature of an item.

        Raises:
            InvalidInputError: the name is taken, or was declared otherwise.
        """
        new = Relation(clean_id(name, "relation"), clean_id(src_type, "node type"), clean_id(dst_type, "node type"),
                       None if inverse is None else clean_id(inverse, "inverse relation"), feature)  # fmt: skip
        known = {relation.name: relation for relation in relation_table(self._connection)}
        if known.get(new.name) == new:
            return
        taken = set(known) | {relation.inverse for relation in known.values()}
        if new.name in taken or (new.inverse is not None and new.inverse in taken | {new.name}):
            other = known.get(new.name)
            raise InvalidInputError(
                f"Relation {new.name!r} (inverse {new.inverse!r}) collides with one that the store has"
                f"{f' as {other}' if other else ''}; declare it the same way or choose other names."
            )
        values = {"name": new.name, "src_type": self._nodes.type_id(new.src), "dst_type": self._nodes.type_id(new.dst),
                  "inverse": new.inverse, "feature": int(new.feature)}  # fmt: skip
        self._connection.execute(t.relation.insert(), values)

    def add_edges(self, relation: str, rows: Iterable[EdgeRow], *, on_missing: str = "create") -> int:
        """Add edges `(src, dst)` or `(src, dst, weight)`; one that exists takes the new weight (1 when not given).

        Args:
            relation: a declared relation, or the name of its inverse (then `src` and `dst` are read that way round).
            on_missing: `"create"` makes unknown ends nodes, `"error"` raises.

        Returns:
            How many edges are new.

        Raises:
            NotFoundError: an undeclared relation, or an unknown end with `on_missing="error"`.
        """
        if on_missing not in ("create", "error"):
            raise InvalidInputError(f'on_missing is {on_missing!r}; it is "create" or "error".')
        added = 0
        for first, piece in chunks(rows):
            weights = [clean_weight(edge[2], f"weight in row {row}") if len(edge) > 2 else 1.0
                       for row, edge in enumerate(piece, first)]  # fmt: skip
            src, dst = [edge[0] for edge in piece], [edge[1] for edge in piece]
            added += self._add_edges(relation, src, dst, weights, first, create=on_missing == "create")
        return added

    def bulk_edges(self, relation: str, src: NDArray[Any], dst: NDArray[Any], weight: NDArray[Any] | None = None) -> int:
        """Add edges from arrays, the fast path.

        Args:
            src, dst: `[num_edges]`, external ids (strings) or row ids of :meth:`row_ids` (integers).
            weight: `[num_edges]`, finite and at least 0, or None for ones.

        Returns:
            How many edges are new.
        """
        if len(src) != len(dst) or (weight is not None and len(weight) != len(src)):
            raise InvalidInputError(f"bulk_edges got {len(src)} sources, {len(dst)} targets and "
                                    f"{'no' if weight is None else len(weight)} weights; they must be equally many.")  # fmt: skip
        checked = None if weight is None else _weights(np.asarray(weight))
        return self._add_edges(relation, np.asarray(src), np.asarray(dst), checked, 1, create=True)

    def _add_edges(self, name: str, src: Any, dst: Any, weight: Any, first: int, *, create: bool) -> int:
        relation_id, relation, backwards = find_relation(self._connection, name)
        if backwards:
            src, dst = dst, src
        a = self._ends(relation.src, src, "source" if not backwards else "target", first, create)
        b = self._ends(relation.dst, dst, "target" if not backwards else "source", first, create)
        keep = (a != REFUSED) & (b != REFUSED)
        weights = None if weight is None else np.asarray(weight, dtype=np.float64)
        if not keep.all():
            a, b, weights = a[keep], b[keep], None if weights is None else weights[keep]
        return insert_edges(self._connection, relation_id, a, b, weights)

    def _ends(self, node_type: str, ends: Any, what: str, first: int, create: bool) -> NDArray[np.int64]:
        if isinstance(ends, np.ndarray) and ends.dtype.kind in "iu":
            return self._checked_rows(node_type, ends.astype(np.int64), what)
        raws = ends.tolist() if isinstance(ends, np.ndarray) else ends
        return np.array(self._nodes.resolve(node_type, raws, what, first, create=create), dtype=np.int64)

    def _checked_rows(self, node_type: str, rows: NDArray[np.int64], what: str) -> NDArray[np.int64]:
        query = sa.select(t.node.c.id).where(t.node.c.type_id == self._nodes.type_id(node_type))
        known = np.sort(np.fromiter(self._connection.execute(query).scalars(), dtype=np.int64))
        slot = np.minimum(np.searchsorted(known, rows), max(len(known) - 1, 0))
        wrong = (rows != REFUSED) & ((known[slot] != rows) if len(known) else True)
        if wrong.any():
            at = int(wrong.argmax())
            raise InvalidInputError(
                f"The {what} in row {at + 1} is {int(rows[at])}, not the row id of a {node_type}; take ids from row_ids()."
            )
        return rows

    def add_interactions(
        self, rows: Iterable[InteractionRow], *, user_type: str = "user", item_type: str | None = None
    ) -> Counts:
        """Add interactions `(user, item, kind, time, weight)`.

        `kind` None is `interact`; a kind the store does not know yet is added with weight 1. `time` is microseconds
        UTC or None. `weight` None follows the kind's default. The same user, item, kind and time again updates the
        weight. Unknown users and items become nodes.

        Args:
            item_type: the type of the items; by default the one that interactions point to already, else `recipe`.

        Raises:
            InvalidInputError: also when interactions point to items of another type already.
        """
        total = Counts(0, 0, 0)
        for first, piece in chunks(rows):
            total = total.plus(self._interactions.add(piece, first, user_type, item_type, create_items=True))
        return total

    def record(
        self, user: str, item: str, kind: str, time: int, weight: float | None, item_type: str | None = None
    ) -> Counts:
        """Add one interaction with an item that the store knows.

        Raises:
            NotFoundError: an unknown item.
        """
        return self._interactions.add([(user, item, kind, time, weight)], 1, "user", item_type, create_items=False)

    def delete_user(self, user: str) -> DeletedRows:
        """Delete a user's rows and leave a tombstone: the first step of :meth:`GraphStore.erase`, which goes on."""
        role = sa.select(t.node_type.c.name).where(t.node_type.c.role == "user")
        user_type = self._connection.execute(role).scalar() or "user"
        return delete_user(self._connection, user_type, user, self.revision)

    def set_kind(self, name: str, weight: float) -> None:
        """Set the default weight of an interaction type, adding the type when it is new."""
        clean, number = clean_id(name, "kind"), clean_weight(weight, f"weight of kind {name!r}")
        upsert = "INSERT INTO kind (name, weight) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET weight = excluded.weight"
        self._connection.exec_driver_sql(upsert, (clean, number))

    def _key_id(self, key: str) -> int:
        found = self._connection.execute(sa.select(t.property_key.c.id).where(t.property_key.c.name == key)).scalar()
        if found is None:
            found = t.insert_named(self._connection, t.property_key, name=key)
        return int(found)


def _property(value: float | str, what: str) -> tuple[float | None, str | None]:
    if isinstance(value, str):
        return None, clean_text(value, what)
    return clean_number(value, what), None


def _weights(weight: NDArray[Any]) -> NDArray[np.float64]:
    numbers = weight.astype(np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        at = int(wrong.argmax())
        raise InvalidInputError(f"The weight in row {at + 1} is {weight[at]}; a weight is finite and at least 0.")
    return numbers
