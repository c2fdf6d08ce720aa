"""Writing snapshots: read a store at one revision, lay the arrays out, publish with one rename."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path

from graphrec.errors import CorruptionError, NotFoundError, SchemaVersionError, StoreError
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_files import (
    MANIFEST,
    content_name,
    render_manifest,
    sync_directory,
    sync_file,
    sync_tree,
)
from graphrec.store.snapshot_gather import SnapshotSource, gather
from graphrec.store.snapshot_layout import SnapshotLayout

_TEMPORARY = ".writing-"
_ATTEMPTS = 5
_ABANDONED_SECONDS = 3600.0  # no snapshot takes an hour to write: its writer was killed


def write_snapshot(store: SnapshotSource, directory: str | os.PathLike[str]) -> GraphSnapshot:
    """Write the store's present state under `directory`, in a folder named by its content.

    The same content gives the same name: a sound snapshot that is already there is reused, a damaged one is
    replaced. Readers and other writers of the directory are not disturbed, and a process that dies leaves no
    half snapshot. The store notes the folder, so that erasing a user finds it.

    Raises:
        StoreError: the store is read-only or locked by a long write, or the directory cannot be written
            (permissions, full disk); nothing of the snapshot stays.
    """
    parent = Path(directory)
    if store.read_only:
        raise StoreError(
            "A read-only store cannot note its snapshot for erasures; open the store for writing."
        )
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        for _ in range(_ATTEMPTS):
            snapshot = _write_once(store, parent)
            if snapshot is not None:
                return snapshot
    except OSError as error:
        raise StoreError(
            f"The snapshot cannot be written to {parent} ({error.strerror or error}); "
            f"free space or choose another folder."
        ) from error
    raise StoreError(
        f"Users were erased during each of {_ATTEMPTS} readings; write the snapshot to {parent} again."
    )


def _write_once(store: SnapshotSource, parent: Path) -> GraphSnapshot | None:
    """One attempt; None when a user was erased after the reading, and nothing stays of it."""
    data = gather(store)
    temporary = _temporary(parent)
    try:
        temporary.mkdir()
        content = SnapshotLayout(temporary).write(data)
        origin = {
            "store_schema": data.store_schema,
            "store_revision": data.store_revision,
            "written": time.time_ns() // 1000,
        }
        manifest = render_manifest(content, origin)
        (temporary / MANIFEST).write_bytes(manifest)
        sync_tree(temporary)
        name = content_name(content)
        target = parent / name
        # On record before it exists, so that a kill in between leaves no folder that erasures do not know;
        # again after, because an erasure that ran in between found nothing to delete.
        if store.register_snapshot(target, name, revision=data.store_revision):
            return None
        snapshot = _publish(temporary, target, manifest)
        if store.register_snapshot(target, name, revision=data.store_revision):
            _discard(target)
            return None
        return snapshot
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _publish(temporary: Path, target: Path, manifest: bytes) -> GraphSnapshot:
    """Rename into place; a sound snapshot that is there already stays and notes the newer origin."""
    for _ in range(_ATTEMPTS):
        try:
            temporary.rename(target)
        except OSError:
            if not target.exists():
                raise
        else:
            sync_directory(target.parent)
            return GraphSnapshot.open(target, verify="size")  # the hashes were taken while writing
        try:
            GraphSnapshot.open(target, verify="full")
        except CorruptionError:
            _discard(target)
            continue
        _replace_manifest(target, manifest)
        return GraphSnapshot.open(target, verify="size")
    raise StoreError(f"{target} is damaged and cannot be replaced; delete it and write the snapshot again.")


def _replace_manifest(target: Path, manifest: bytes) -> None:
    """Same content, newer origin: swap the manifest in one step."""
    fresh = target / f"{_TEMPORARY}{uuid.uuid4().hex[:8]}"
    with suppress(OSError):  # read-only folder, full disk: the snapshot is sound, only its origin stays older
        try:
            fresh.write_bytes(manifest)
            sync_file(fresh)
            fresh.replace(target / MANIFEST)
            sync_directory(target)
        finally:
            fresh.unlink(missing_ok=True)


def _discard(snapshot: Path) -> None:
    """Take a snapshot out of sight with one rename, then delete it, so that no reader sees half of one."""
    doomed = _temporary(snapshot.parent)
    with suppress(FileNotFoundError):  # another process was quicker
        snapshot.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def list_snapshots(directory: str | os.PathLike[str]) -> list[GraphSnapshot]:
    """The readable snapshots of a directory, newest first; damaged ones and newer formats are left out."""
    found = []
    parent = Path(directory)
    for path in sorted(parent.iterdir()) if parent.is_dir() else []:
        if path.is_dir() and not path.name.startswith("."):
            with suppress(CorruptionError, SchemaVersionError, NotFoundError):
                found.append(GraphSnapshot.open(path, verify="size"))
    return sorted(found, key=lambda snapshot: (snapshot.revision, snapshot.written), reverse=True)


def prune_snapshots(store: SnapshotSource, directory: str | os.PathLike[str], keep: int = 2) -> list[str]:
    """Delete all but the newest `keep` snapshots and those that a registered bundle names.

    What killed writers left behind goes too. Gives the names of the deleted snapshots.
    """
    named = {str(bundle.snapshot) for bundle in store.bundles()}
    doomed = [snapshot for snapshot in list_snapshots(directory)[keep:] if snapshot.name not in named]
    for snapshot in doomed:
        _discard(snapshot.path)
    _sweep(Path(directory))
    return [snapshot.name for snapshot in doomed]


def _temporary(parent: Path) -> Path:
    return parent / f"{_TEMPORARY}{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _sweep(parent: Path) -> None:
    """Delete what killed writers left behind."""
    for leftover in parent.glob(f"{_TEMPORARY}*"):
        with suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)
