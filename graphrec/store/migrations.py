"""Schema numbers: making a new store, and lifting an old one step by step."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa

from graphrec.errors import SchemaVersionError, StoreError
from graphrec.store import tables as t


def _add_relation_feature(connection: sa.Connection) -> None:
    # Version 1 had no way to say that a relation only tells popularity; all of its relations are features.
    connection.exec_driver_sql(
        "ALTER TABLE relation ADD COLUMN feature INTEGER NOT NULL DEFAULT 1 CHECK (feature IN (0, 1))"
    )


def _add_preferences(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE preference ("
        "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        "user INTEGER NOT NULL REFERENCES node (id), "
        "node_type TEXT NOT NULL, ext TEXT NOT NULL, "
        "kind TEXT NOT NULL CHECK (kind IN ('like', 'dislike', 'diet', 'allergy')), "
        "utterance TEXT NOT NULL, time INTEGER NOT NULL, "
        "UNIQUE (user, node_type, ext, kind)) STRICT"
    )


def _add_touched(connection: sa.Connection) -> None:
    # What changed before this moment is not known: whoever asks from before it is given every item.
    for column in ("catalogue_revision", "touched_from"):
        connection.exec_driver_sql(f"ALTER TABLE state ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    connection.exec_driver_sql("UPDATE state SET catalogue_revision = revision, touched_from = revision")
    connection.exec_driver_sql(
        "CREATE TABLE touched ("
        "node_id INTEGER NOT NULL PRIMARY KEY REFERENCES node (id), revision INTEGER NOT NULL) STRICT"
    )
    connection.exec_driver_sql("CREATE INDEX touched_by_revision ON touched (revision)")


STEPS: Mapping[int, Callable[[sa.Connection], None]] = {
    1: _add_relation_feature,
    2: _add_preferences,
    3: _add_touched,
}
"""What lifts a store from the version that is the key to the next one."""


def read_version(connection: sa.Connection, path: Path) -> int:
    """Schema version of the open file; 0 for a file without any table.

    Raises:
        StoreError: the file belongs to another program.
        SchemaVersionError: a newer graphrec wrote it.
    """
    objects = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if not objects and application == 0:
        return 0
    if application != t.APPLICATION_ID:
        raise StoreError(
            f"{path} is a SQLite file of another program, not a graphrec store; give another path."
        )
    if version > t.SCHEMA_VERSION:
        raise SchemaVersionError(
            f"Store {path} has schema {version}, newer than {t.SCHEMA_VERSION}; update graphrec."
        )
    if version < 1:
        raise StoreError(
            f"Store {path} has the impossible schema number {version}; restore it from a backup."
        )
    return version


def upgrade(connection: sa.Connection, path: Path) -> None:
    """Bring the file to the current schema; the caller's transaction holds the write lock and commits."""
    version = read_version(connection, path)
    if version == 0:
        _create(connection)
    else:
        for step in range(version, t.SCHEMA_VERSION):
            STEPS[step](connection)
    connection.exec_driver_sql(f"PRAGMA user_version={t.SCHEMA_VERSION}")


def _create(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"PRAGMA application_id={t.APPLICATION_ID}")
    t.metadata.create_all(connection)
    connection.execute(
        t.state.insert(), {"id": 1, "revision": 0, "salt": secrets.token_bytes(32), "created_us": now_us()}
    )
    connection.execute(
        t.kind.insert(), [{"name": name, "weight": weight} for name, weight in t.DEFAULT_KINDS.items()]
    )


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
