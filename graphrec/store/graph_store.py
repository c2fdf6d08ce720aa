"""GraphStore: the system of record for nodes, relations, properties and interactions, in one SQLite file."""

from __future__ import annotations

import time as clock
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from graphrec.errors import InvalidInputError, StoreError
from graphrec.store import migrations
from graphrec.store import tables as t
from graphrec.store.engine import BUSY_TIMEOUT, named_errors, path_of, reader_engine, writer_engine
from graphrec.store.interaction_writer import Counts
from graphrec.store.upkeep import StoreUpkeep

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAGIC = b"SQLite format 3\0"


class GraphStore(StoreUpkeep):
    """One store file; open it with :meth:`open`, as a context manager where you can.

    Reads take a consistent state and never wait for a writer, in this process or another. Writers take turns.
    A store may be shared by threads.
    """

    @classmethod
    def open(
        cls, url: str = "sqlite:///graphrec.db", *, create: bool = True, read_only: bool = False,
        busy_timeout: float = BUSY_TIMEOUT,
    ) -> Self:  # fmt: skip
        """Open a store, making it when it does not exist lifting it to the current schema when it is older.

        Args:
            url: `sqlite:///recipes.db`, relative to the working directory, or `sqlite:////var/recipes.db`.
            create: make a missing store; without it a missing one is an error.
            read_only: never write, not even to create or to lift the schema.
            busy_timeout: seconds to wait for another writer.

        Raises:
            StoreError: no such file or folder, no permission, locked, or not a graphrec store.
            SchemaVersionError: a newer graphrec wrote the store.
            CorruptionError: the file is damaged.
        """
        path = path_of(url)
        _check_place(path, create=create and not read_only)
        writer = None if read_only else writer_engine(path, create=create, busy_timeout=busy_timeout)
        store = cls(url, path, reader_engine(path, busy_timeout=busy_timeout), writer)
        try:
            store._bring_up_to_date()
        except BaseException:
            store.close()
            raise
        return store

    def _bring_up_to_date(self) -> None:
        version = 0
        if self.path.exists() and self.path.stat().st_size:
            with self._connect_reader() as connection:
                version = migrations.read_version(connection, self.path)
        if version < t.SCHEMA_VERSION:
            if self.read_only:
                what = f"has schema {version}" if version else "is empty"
                raise StoreError(f"Store {self.path} {what}; open it for writing once, to set that right.")
            with named_errors(self.path), self._writing_engine().begin() as connection:
                migrations.upgrade(connection, self.path)
        elif not self.read_only and self.erasure_pending():
            # A crash or a reader stopped an erasure; whatever is in the way now must not stop this opening.
            with suppress(StoreError):
                self.finish_erasures(wait=0.0)

    def record(
        self, user: str, item: str, *, kind: str = "view", weight: float | None = None,
        time: int | datetime | None = None, item_type: str | None = None,
    ) -> Counts:  # fmt: skip
        """Store one interaction durably: when this returns, it survives a power cut.

        Args:
            weight: None follows the kind's default.
            time: microseconds UTC or an aware datetime; None is now.

        Raises:
            NotFoundError: the item is unknown.
            InvalidInputError: a value cannot be stored, or the user was erased.
        """
        when = clock.time_ns() // 1000 if time is None else _microseconds(time)
        with self.writing() as writer:
            counts = writer.record(user, item, kind, when, weight, item_type)
            if counts.tombstoned:
                raise InvalidInputError(
                    f"User {user!r} was erased from this store and cannot return under that id."
                )
        return counts


def _microseconds(time: int | datetime) -> int:
    if not isinstance(time, datetime):
        return time
    if time.tzinfo is None:
        raise InvalidInputError(f"The time {time.isoformat()} has no time zone; give an aware datetime.")
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _check_place(path: Path, *, create: bool) -> None:
    """Say plainly what SQLite would only call "unable to open database file"."""
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a folder; give the path of a store file.")
        if not path.exists():
            if not create:
                raise StoreError(
                    f"There is no store at {path}; check the path, or import something to make it."
                )
            if not path.absolute().parent.is_dir():
                raise StoreError(
                    f"The folder {path.absolute().parent} does not exist; make it, then try again."
                )
            return
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise StoreError(
            f"Store {path} cannot be opened ({error.strerror}); check its permissions."
        ) from error
    if head and head != _MAGIC:
        raise StoreError(f"{path} is not a SQLite file; give the path of a graphrec store.")
