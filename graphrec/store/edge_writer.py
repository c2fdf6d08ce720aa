"""Declaring relations and writing edges, from rows and from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.store import tables as t
from graphrec.store.bulk import insert_edges, read_arrays
from graphrec.store.records import Relation
from graphrec.store.relations import find_relation, relation_table
from graphrec.store.resolver import REFUSED, NodeResolver
from graphrec.store.validate import clean_id, clean_weight

EdgeRow = tuple[str, str] | tuple[str, str, float]


class EdgeWriter:
    """Adds relations and edges inside one write transaction."""

    def __init__(self, connection: sa.Connection, nodes: NodeResolver) -> None:
        self._connection = connection
        self._nodes = nodes

    def declare(self, relation: Relation) -> None:
        """Add a relation unless the very same is there."""
        inverse = None if relation.inverse is None else clean_id(relation.inverse, "inverse relation")
        new = Relation(
            clean_id(relation.name, "relation"),
            clean_id(relation.src, "node type"),
            clean_id(relation.dst, "node type"),
            inverse,
            relation.feature,
        )
        known = {other.name: other for other in relation_table(self._connection)}
        if known.get(new.name) == new:
            return
        taken = set(known) | {other.inverse for other in known.values()}
        if new.name in taken or (inverse is not None and inverse in taken | {new.name}):
            raise InvalidInputError(
                f"{new} collides with a relation of the store ({known.get(new.name, 'by its inverse')}); "
                "declare it the same way or choose other names."
            )
        src, dst = self._nodes.type_id(new.src), self._nodes.type_id(new.dst)
        values = {"name": new.name, "src_type": src, "dst_type": dst, "inverse": inverse}
        self._connection.execute(t.relation.insert(), {**values, "feature": int(new.feature)})
        self._nodes.changes.relations = True

    def add_rows(self, relation: str, rows: Sequence[EdgeRow], first_row: int, *, create: bool) -> int:
        """Add edges given by external ids; errors count rows from `first_row`."""
        weights = [
            clean_weight(edge[2], f"weight in row {row}") if len(edge) > 2 else 1.0
            for row, edge in enumerate(rows, first_row)
        ]
        src, dst = [edge[0] for edge in rows], [edge[1] for edge in rows]
        return self._add(relation, src, dst, np.array(weights), first_row, create=create)

    def add_arrays(
        self, relation: str, src: NDArray[Any], dst: NDArray[Any], weight: NDArray[Any] | None
    ) -> int:
        """Add edges given by arrays of external ids or row ids."""
        if len(src) != len(dst) or (weight is not None and len(weight) != len(src)):
            counts = f"{len(src)} sources, {len(dst)} targets"
            counts += "" if weight is None else f", {len(weight)} weights"
            raise InvalidInputError(f"bulk_edges got {counts}; give equally many of each.")
        checked = None if weight is None else _checked_weights(np.asarray(weight))
        return self._add(relation, np.asarray(src), np.asarray(dst), checked, 1, create=True)

    def _add(
        self,
        name: str,
        src: Any,
        dst: Any,
        weight: NDArray[np.float64] | None,
        first_row: int,
        *,
        create: bool,
    ) -> int:
        relation_id, relation, backwards = find_relation(self._connection, name)
        ends = [self._ends(node_type, values, what, first_row, create) for node_type, values, what in (
            (relation.dst if backwards else relation.src, src, "source"),
            (relation.src if backwards else relation.dst, dst, "target"),
        )]  # fmt: skip
        a, b = reversed(ends) if backwards else ends
        keep = (a != REFUSED) & (b != REFUSED)
        if not keep.all():
            a, b, weight = a[keep], b[keep], None if weight is None else weight[keep]
        self._nodes.changes.note(a)
        return insert_edges(self._connection, relation_id, a, b, weight)

    def _ends(self, node_type: str, ends: Any, what: str, first_row: int, create: bool) -> NDArray[np.int64]:
        if isinstance(ends, np.ndarray) and ends.dtype.kind in "iu":
            return self._checked_rows(node_type, ends.astype(np.int64), what)
        raws = ends.tolist() if isinstance(ends, np.ndarray) else ends
        return np.array(self._nodes.resolve(node_type, raws, what, first_row, create=create), dtype=np.int64)

    def _checked_rows(self, node_type: str, rows: NDArray[np.int64], what: str) -> NDArray[np.int64]:
        type_id, last = self._nodes.type_id(node_type), self._nodes.last_id()
        sql = "SELECT id FROM node WHERE type_id = ?"
        allowed = np.zeros(last + 1, dtype=bool)
        allowed[read_arrays(self._connection, sql, (type_id,), (np.int64,))[0]] = True
        allowed[REFUSED] = True
        wrong = (rows < 0) | (rows > last)
        wrong |= ~allowed[np.where(wrong, REFUSED, rows)]
        if wrong.any():
            at = int(wrong.argmax())
            raise InvalidInputError(
                f"The {what} in row {at + 1} is {int(rows[at])}, which is not the row id of a {node_type}; "
                "take row ids from row_ids()."
            )
        return rows


def _checked_weights(weight: NDArray[Any]) -> NDArray[np.float64]:
    numbers = weight.astype(np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        at = int(wrong.argmax())
        raise InvalidInputError(
            f"The weight in row {at + 1} is {weight[at]}; a weight is finite and at least 0."
        )
    return numbers
