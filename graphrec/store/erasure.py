"""Erasing a user: one transaction, then the traces outside it, in steps that survive a crash.

With `secure_delete` SQLite overwrites what it deletes, but three places keep old bytes: the write-ahead log
until a TRUNCATE checkpoint, unused parts of pages that were split, and snapshot directories. So the erasure
rewrites the file (VACUUM), truncates the log and deletes the snapshots. The `erasure` row stays open until
all of that is done, and opening the store for writing goes on with it. Copies elsewhere (backups, exports)
are out of reach.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from graphrec.errors import NotFoundError
from graphrec.store import tables as t
from graphrec.store.engine import PRIMARY_CODE
from graphrec.store.migrations import now_us
from graphrec.store.registry import flag_holders, real_path
from graphrec.store.resolver import tombstone_hash
from graphrec.store.validate import clean_id


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure did.

    Args:
        state: `"done"` when no byte is left in the store's files and no snapshot on record holds the
            user, else `"pending"`: `reason` says what blocks it, :meth:`GraphStore.finish_erasures` goes on.
        interactions, edges, properties: rows deleted now.
        snapshots_removed: directories deleted.
        snapshots_left: directories that could not be deleted.
        bundles_flagged: model bundles that were trained with the user and must be retrained.
        preferences: preferences deleted now, the user's own and those of others about the user.
    """

    state: str
    reason: str | None
    interactions: int = 0
    edges: int = 0
    properties: int = 0
    snapshots_removed: tuple[Path, ...] = ()
    snapshots_left: tuple[Path, ...] = ()
    bundles_flagged: tuple[Path, ...] = ()
    preferences: int = 0


@dataclass(frozen=True, slots=True)
class DeletedRows:
    """What the erasing transaction deleted and flagged."""

    interactions: int = 0
    edges: int = 0
    properties: int = 0
    bundles: tuple[str, ...] = ()
    preferences: int = 0


def delete_user(connection: sa.Connection, user_type: str, user: str, revision: int) -> DeletedRows:
    """Delete every row of a user, leave a tombstone, flag what was made with the user, and open an erasure.

    Raises:
        NotFoundError: the store neither has nor had that user.
    """
    ext = clean_id(user, "user")
    salt = bytes(connection.execute(sa.select(t.state.c.salt)).scalar_one())
    digest = tombstone_hash(salt, user_type, ext)
    query = (
        sa.select(t.node.c.id, t.node.c.revision).join(t.node_type)
        .where(t.node_type.c.name == user_type, t.node.c.ext == ext)
    )  # fmt: skip
    found = connection.execute(query).first()
    if found is None:
        if (
            connection.execute(sa.select(t.tombstone.c.erased_us).where(t.tombstone.c.hash == digest)).first()
            is None
        ):
            raise NotFoundError(f"The store has no {user_type} {ext!r}; nothing was erased.")
        return DeletedRows()
    row, added = int(found[0]), int(found[1])
    interactions = connection.execute(t.interaction.delete().where(t.interaction.c.user == row)).rowcount
    edges = _delete_edges(connection, row)
    properties = connection.execute(t.node_property.delete().where(t.node_property.c.node_id == row)).rowcount
    preferences = _delete_preferences(connection, row, user_type, ext)
    # a node that was touched before its type became that of the users
    connection.execute(t.touched.delete().where(t.touched.c.node_id == row))
    connection.execute(t.node.delete().where(t.node.c.id == row))
    grave = {"hash": digest, "added_revision": added, "erased_revision": revision, "erased_us": now_us()}
    connection.execute(t.tombstone.insert(), grave)
    bundles = flag_holders(connection, added)
    connection.execute(t.erasure.insert(), {"requested_us": now_us(), "finished_us": None})
    return DeletedRows(interactions, edges, properties, tuple(bundles), preferences)


def _delete_preferences(connection: sa.Connection, row: int, user_type: str, ext: str) -> int:
    """Those of the user, and those of others that name the user: their target is text and holds the id."""
    p = t.preference.c
    about = (p.node_type == user_type) & (p.ext == ext)
    return connection.execute(t.preference.delete().where((p.user == row) | about)).rowcount


def _delete_edges(connection: sa.Connection, row: int) -> int:
    e, r = t.edge, t.edge_in
    out = connection.execute(sa.select(e.c.relation_id, e.c.dst).where(e.c.src == row)).all()
    into = connection.execute(sa.select(r.c.relation_id, r.c.src).where(r.c.dst == row)).all()
    for relation, dst in out:
        connection.execute(r.delete().where(r.c.dst == dst, r.c.relation_id == relation, r.c.src == row))
    for relation, src in into:
        connection.execute(e.delete().where(e.c.src == src, e.c.relation_id == relation, e.c.dst == row))
    connection.execute(e.delete().where(e.c.src == row))
    connection.execute(r.delete().where(r.c.dst == row))
    return len({(row, *edge) for edge in out} | {(edge[1], edge[0], row) for edge in into})


def is_pending(connection: sa.Connection) -> bool:
    """Whether an erasure has not reached its end."""
    return (
        connection.execute(sa.select(t.erasure.c.id).where(t.erasure.c.finished_us.is_(None))).first()
        is not None
    )


def rewrite_file(raw: Any, wait: float) -> str | None:
    """Rewrite the file without its unused bytes and empty the log; gives what is in the way, or None.

    Args:
        raw: the driver's connection (`sqlite3.Connection`), outside any transaction.
        wait: seconds to wait for readers.
    """
    timeout = raw.execute("PRAGMA busy_timeout").fetchone()[0]
    raw.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
    try:
        if _log_is_held(raw):  # found out before the file is rewritten in vain
            return _READER
        raw.execute("VACUUM")
        return _READER if _log_is_held(raw) else None
    except sqlite3.OperationalError as error:
        code = error.sqlite_errorcode & PRIMARY_CODE
        if code not in _OBSTACLES:
            raise
        return _OBSTACLES[code]
    finally:
        raw.execute(f"PRAGMA busy_timeout={timeout}")


_READER = "a reader still holds the state before the erasure, or a writer is at work; let it finish"
_OBSTACLES = {
    sqlite3.SQLITE_BUSY: "another process is writing to the store; let it finish",
    sqlite3.SQLITE_FULL: "the disk has no room to rewrite the store; free as much as the store is large",
}


def _log_is_held(raw: Any) -> bool:
    return bool(raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])


def stale_snapshots(connection: sa.Connection) -> list[str]:
    """Stored paths of snapshot directories that hold an erased user and are still to be deleted."""
    s = t.snapshot.c
    query = sa.select(s.path).where(s.holds_erased == 1, s.removed == 0).order_by(s.path)
    return list(connection.execute(query).scalars())


def remove_snapshots(store: Path, stored: list[str]) -> tuple[list[str], list[str]]:
    """Delete snapshot directories; gives the stored paths of those that are gone and of the others."""
    gone: list[str] = []
    left: list[str] = []
    for path in stored:
        directory = real_path(store, path)
        if directory.is_dir() and not directory.is_symlink():
            shutil.rmtree(directory, ignore_errors=True)
        (left if directory.exists() else gone).append(path)
    return gone, left


def close_erasures(connection: sa.Connection, gone: list[str], *, finished: bool) -> None:
    """Note the deleted snapshots and, when nothing is left to do, the end of all open erasures."""
    if gone:
        connection.execute(t.snapshot.update().where(t.snapshot.c.path.in_(gone)).values(removed=1))
    if finished:
        connection.execute(
            t.erasure.update().where(t.erasure.c.finished_us.is_(None)).values(finished_us=now_us())
        )
