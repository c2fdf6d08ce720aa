"""Which nodes of the catalogue a transaction really changed, found by comparing it with the state before it.

Writers only note which rows they may have changed; an import that writes the same again notes every recipe. Before
the commit those rows are read twice, through the writing connection and through a reader, which in SQLite's
write-ahead mode still sees the last committed state. What is equal in both was not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from graphrec.store import tables as t

_PIECE = 500
_ONE_ROW = (
    "SELECT id, name FROM node WHERE id IN ({})",
    "SELECT node_id, key_id, number, text FROM node_property WHERE node_id IN ({})",
    "SELECT src, relation_id, dst, weight FROM edge WHERE src IN ({})",
)
"""All that describes a node; the first column is its row id."""

_TOUCH = (
    "INSERT INTO touched (node_id, revision) VALUES (?, ?)"
    " ON CONFLICT DO UPDATE SET revision = excluded.revision"
)


@dataclass
class ChangeLog:
    """Notes of one write transaction.

    Args:
        types: names of the node types that got new nodes.
        relations: whether a relation was declared or became (or stopped being) a feature.
    """

    types: set[str] = field(default_factory=set)
    relations: bool = False
    _rows: list[NDArray[np.int64]] = field(default_factory=list)

    def note(self, rows: Iterable[int] | NDArray[np.int64]) -> None:
        """Rows of nodes whose name, properties or outgoing edges may have changed."""
        found = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.int64)
        if len(found):
            self._rows.append(np.unique(found))

    @property
    def empty(self) -> bool:
        """Whether nothing was noted, as when someone's interactions with known items are recorded."""
        return not (self.types or self.relations or self._rows)

    def rows(self, last: int) -> list[int]:
        """Noted rows of the nodes that were there before the transaction: those up to row `last`."""
        if not self._rows:
            return []
        every = np.unique(np.concatenate(self._rows))
        return [int(row) for row in every[(every > 0) & (every <= last)]]


def note_changes(
    log: ChangeLog, writing: sa.Connection, before: sa.Engine, revision: int, user_type: str
) -> None:
    """Write down which nodes changed, and that the catalogue did, at the end of a transaction.

    Args:
        before: readers of the state before the transaction.
        user_type: users are no part of the catalogue: neither they nor their edges count.
    """
    changed = bool(log.types - {user_type}) or log.relations
    with before.begin() as reading:
        last = int(reading.exec_driver_sql("SELECT coalesce(max(id), 0) FROM node").scalar_one())
        rows = log.rows(last)
        touched = sorted(_without_users(writing, _differing(writing, reading, rows), user_type))
    if touched:
        writing.exec_driver_sql(_TOUCH, [(row, revision) for row in touched])
    if touched or changed:
        writing.execute(t.state.update().values(catalogue_revision=revision))


def _differing(writing: sa.Connection, reading: sa.Connection, rows: Sequence[int]) -> Iterator[int]:
    for start in range(0, len(rows), _PIECE):
        piece = tuple(rows[start : start + _PIECE])
        marks = ",".join("?" * len(piece))
        changed: set[int] = set()
        for sql in _ONE_ROW:
            now, then = (_fetch(connection, sql.format(marks), piece) for connection in (writing, reading))
            changed.update(int(row[0]) for row in now ^ then)
        yield from changed


def _fetch(connection: sa.Connection, sql: str, parameters: tuple[int, ...]) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.exec_driver_sql(sql, parameters)}


def _without_users(connection: sa.Connection, rows: Iterable[int], user_type: str) -> Iterator[int]:
    every = list(rows)
    for start in range(0, len(every), _PIECE):
        query = sa.select(t.node.c.id).join(t.node_type)
        query = query.where(t.node.c.id.in_(every[start : start + _PIECE]), t.node_type.c.name != user_type)
        yield from (int(row) for row in connection.execute(query).scalars())
