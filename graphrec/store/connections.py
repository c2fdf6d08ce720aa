"""The two ways into a store file: transactions that read one state, and transactions that write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from graphrec.errors import StoreError
from graphrec.store import tables as t
from graphrec.store.changes import note_changes
from graphrec.store.engine import named_errors
from graphrec.store.writer import Writer


class StoreConnections:
    """Reader and writer engines of one file, shared by threads."""

    def __init__(self, url: str, path: Path, reader: sa.Engine, writer: sa.Engine | None) -> None:
        self.url = url
        self.path = path
        self._reader = reader
        self._writer = writer
        self._thread = threading.local()

    @property
    def read_only(self) -> bool:
        """Whether the store was opened without the right to write."""
        return self._writer is None

    def close(self) -> None:
        """Close the file; the last writer to close empties the write-ahead log."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """All reads of this thread inside the block see the same state, whatever others write meanwhile."""
        if getattr(self._thread, "reading", None) is not None:
            yield self
            return
        with self._connect_reader() as connection:
            connection.exec_driver_sql(
                "SELECT revision FROM state"
            ).scalar_one()  # the first read fixes the state
            self._thread.reading = connection
            try:
                yield self
            finally:
                self._thread.reading = None

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One durable write transaction: kept whole when the block ends, dropped whole when it raises.

        Reads through the store do not see it before it is committed.

        Raises:
            StoreError: opened read-only, locked by another writer, or no room on the disk.
        """
        with self._transaction() as connection:
            before = _changes(connection)
            revision = int(connection.execute(sa.select(t.state.c.revision)).scalar_one()) + 1
            writer = Writer(connection, revision)
            yield writer
            if _changes(connection) != before:
                connection.execute(t.state.update().values(revision=revision))
                if not writer.changes.empty:
                    note_changes(writer.changes, connection, self._reader, revision, writer.user_type())

    @contextmanager
    def _connect_reader(self) -> Iterator[sa.Connection]:
        current: sa.Connection | None = getattr(self._thread, "reading", None)
        with named_errors(self.path):
            if current is not None:
                yield current
                return
            with self._reader.begin() as connection:
                yield connection

    def _writing_engine(self) -> sa.Engine:
        if self._writer is None:
            raise StoreError(f"Store {self.path} was opened read-only; open it for writing.")
        return self._writer

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        engine = self._writing_engine()
        if getattr(self._thread, "writing", False):
            raise StoreError(f"Store {self.path}: this thread is writing already; use the writer it has.")
        self._thread.writing = True
        try:
            with named_errors(self.path), engine.begin() as connection:
                yield connection
        finally:
            self._thread.writing = False


def _changes(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())
