"""The books that erasure needs: which snapshots and model bundles were made from this store, and when."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from graphrec.errors import InvalidInputError
from graphrec.store import tables as t
from graphrec.store.migrations import now_us
from graphrec.store.records import BundleRecord, SnapshotRecord
from graphrec.store.resolver import tombstone_hash
from graphrec.store.validate import clean_id

FLAG = "contains erased user: retrain"


def stored_path(store: Path, path: str | os.PathLike[str]) -> str:
    """A path as the store keeps it: relative to the store's folder when below it, to move with it."""
    absolute, home = Path(path).resolve(), store.resolve().parent
    if absolute == home or absolute in home.parents:
        raise InvalidInputError(
            f"{absolute} holds the store itself; give a snapshot or bundle a folder of its own."
        )
    return absolute.relative_to(home).as_posix() if absolute.is_relative_to(home) else str(absolute)


def real_path(store: Path, stored: str) -> Path:
    """The inverse of :func:`stored_path`."""
    return store.resolve().parent / stored


def register_snapshot(connection: sa.Connection, path: str, name: str, revision: int | None) -> bool:
    """Note a snapshot read at `revision` (None: now); gives whether it holds a user erased since."""
    if revision is None:
        revision = connection.execute(sa.select(t.state.c.revision)).scalar_one()
    graves = sa.select(sa.func.count()).select_from(t.tombstone).where(
        t.tombstone.c.added_revision <= revision, t.tombstone.c.erased_revision > revision
    )  # fmt: skip
    holds = bool(connection.execute(graves).scalar_one())
    values = {"path": path, "name": clean_id(name, "snapshot name"), "revision": revision,
              "created_us": now_us(), "holds_erased": int(holds), "removed": 0}  # fmt: skip
    connection.execute(t.snapshot.insert().prefix_with("OR REPLACE"), values)
    return holds


def mark_bundle(
    connection: sa.Connection, path: str, name: str, users: Iterable[str], user_type: str
) -> bool:
    """Note a bundle that was trained on a snapshot; gives whether that held a user who was erased since."""
    clean = clean_id(name, "snapshot name")
    s = t.snapshot.c
    # Equal names mean equal content, so the oldest registration bounds best who can be inside.
    revision, stale = connection.execute(
        sa.select(sa.func.min(s.revision), sa.func.max(s.holds_erased)).where(s.name == clean)
    ).one()
    if revision is None:
        revision = connection.execute(sa.select(t.state.c.revision)).scalar_one()
    flagged = bool(stale) or _any_erased(connection, users, user_type)
    values = {"path": path, "snapshot": clean, "revision": revision, "created_us": now_us(),
              "flag": FLAG if flagged else None}  # fmt: skip
    connection.execute(t.bundle.insert().prefix_with("OR REPLACE"), values)
    return flagged


def _any_erased(connection: sa.Connection, users: Iterable[str], user_type: str) -> bool:
    salt = bytes(connection.execute(sa.select(t.state.c.salt)).scalar_one())
    graves = {bytes(digest) for digest in connection.execute(sa.select(t.tombstone.c.hash)).scalars()}
    return bool(graves) and any(
        tombstone_hash(salt, user_type, clean_id(user, "user")) in graves for user in users
    )


def flag_holders(connection: sa.Connection, added_revision: int) -> list[str]:
    """Flag snapshots and bundles that can hold a user added at a revision; gives those bundles."""
    connection.execute(
        t.snapshot.update().where(t.snapshot.c.revision >= added_revision).values(holds_erased=1)
    )
    held = t.bundle.c.revision >= added_revision
    connection.execute(t.bundle.update().where(held).values(flag=FLAG))
    return list(
        connection.execute(sa.select(t.bundle.c.path).where(held).order_by(t.bundle.c.path)).scalars()
    )


def list_snapshots(connection: sa.Connection, store: Path) -> list[SnapshotRecord]:
    """Every snapshot on record, oldest first."""
    rows = connection.execute(sa.select(t.snapshot).order_by(t.snapshot.c.created_us, t.snapshot.c.path))
    return [
        SnapshotRecord(real_path(store, row.path), row.name, row.revision, row.created_us,
                       bool(row.holds_erased), bool(row.removed))
        for row in rows
    ]  # fmt: skip


def list_bundles(connection: sa.Connection, store: Path) -> list[BundleRecord]:
    """Every bundle on record, oldest first."""
    rows = connection.execute(sa.select(t.bundle).order_by(t.bundle.c.created_us, t.bundle.c.path))
    return [BundleRecord(real_path(store, row.path), row.snapshot, row.created_us, row.flag) for row in rows]
