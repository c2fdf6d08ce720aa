"""Connections to one SQLite file: a writer that locks at BEGIN, readers that cannot write, named errors."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from graphrec.errors import CorruptionError, StoreError

BUSY_TIMEOUT = 5.0
"""Seconds that a writer waits for another writer."""

PRIMARY_CODE = 0xFF
"""Mask of an SQLite error code: the higher bits only say how it came about."""

_CACHE_KIB = 65_536


def path_of(url: str) -> Path:
    """The file behind `sqlite:///recipes.db` (relative), `sqlite:////var/recipes.db` or a bare path.

    Raises:
        StoreError: another scheme, or an address that names no file.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "sqlite":
        raise StoreError(f"Store {url!r}: the scheme {scheme!r} is not supported; use sqlite:///FILE.")
    path = rest.removeprefix("/") if separator else url
    if not path or path == ":memory:" or "\0" in path:
        raise StoreError(
            f"Store {url!r} names no file; write it as sqlite:///FILE, for instance sqlite:///recipes.db."
        )
    return Path(path).expanduser()


def _connect(path: Path, query: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{query}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def _use_wal(connection: sqlite3.Connection, wait: float) -> None:
    # Switching to WAL does not wait for a lock by itself, and two processes may create the store at once.
    deadline = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def writer_engine(path: Path, *, create: bool, busy_timeout: float = BUSY_TIMEOUT) -> sa.Engine:
    """One connection whose transactions take the write lock at BEGIN, and are on disk when they end."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "mode=rwc" if create else "mode=rw")
        try:
            connection.execute(f"PRAGMA busy_timeout={int(busy_timeout * 1000)}")
            _use_wal(connection, busy_timeout)
            for pragma in (
                "synchronous=FULL",
                "foreign_keys=ON",
                "secure_delete=ON",
                f"cache_size=-{_CACHE_KIB}",
            ):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    return _engine(connect, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0, pool_timeout=busy_timeout)


def reader_engine(path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> sa.Engine:
    """Connections that only read, each transaction one consistent state, never waiting for a writer."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "mode=ro&immutable=1" if _cannot_change(path) else "mode=ro")
        connection.execute(f"PRAGMA busy_timeout={int(busy_timeout * 1000)}")
        connection.execute("PRAGMA query_only=ON")
        return connection

    return _engine(connect, "BEGIN", pool_size=4, max_overflow=16, pool_timeout=busy_timeout)


def _cannot_change(path: Path) -> bool:
    # A WAL store needs a -shm file beside it even to be read. In a folder where none can be made, and with
    # nothing left in a -wal file, SQLite reads the main file alone if told that it is immutable.
    wal = path.with_name(path.name + "-wal")
    return not os.access(path.parent, os.W_OK) and not (wal.exists() and wal.stat().st_size > 0)


def _engine(
    connect: Callable[[], sqlite3.Connection],
    begin: str,
    *,
    pool_size: int,
    max_overflow: int,
    pool_timeout: float,
) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool,
        pool_size=pool_size, max_overflow=max_overflow, pool_timeout=pool_timeout,
    )  # fmt: skip

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite reports into one sentence that names the file and the way out."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreError(_BUSY.format(path=path)) from error
    except DBAPIError as error:
        raise _translate(error.orig or error, path) from error
    except sqlite3.Error as error:
        raise _translate(error, path) from error
    except UnicodeDecodeError as error:  # SQLite quotes a damaged schema in its message, byte for byte
        raise CorruptionError(_DAMAGED.format(path=path, detail="its schema is no text")) from error


_DAMAGED = "Store {path} is damaged ({detail}); restore it from a backup or import it again."
_BUSY = "Store {path} is locked by another writer; wait until it has finished, or stop it, and try again."
_SENTENCES = (
    ("SQLITE_BUSY", _BUSY),
    ("SQLITE_LOCKED", _BUSY),
    ("SQLITE_FULL", "The disk is full: nothing was written to store {path}; free some space and try again."),
    (
        "SQLITE_READONLY",
        "Store {path} cannot be written; check the permissions of the file and of its folder.",
    ),
    (
        "SQLITE_CANTOPEN",
        "Store {path} cannot be opened; check that its folder exists and that you may read it.",
    ),
    ("SQLITE_PERM", "Store {path} cannot be opened; check the permissions of the file."),
    ("SQLITE_NOTADB", "{path} is not a SQLite file; give the path of a graphrec store."),
    (
        "SQLITE_IOERR",
        "Store {path} could not be read or written ({detail}); check the disk: nothing was written.",
    ),
)


def _translate(error: BaseException, path: Path) -> Exception:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CORRUPT"):
        return CorruptionError(_DAMAGED.format(path=path, detail=error))
    for prefix, sentence in _SENTENCES:
        if name.startswith(prefix):
            return StoreError(sentence.format(path=path, detail=name))
    return StoreError(f"Store {path} could not be used: {error}.")
