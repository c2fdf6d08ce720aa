"""Writing snapshots: read a store at one revision, lay the arrays out, publish with one rename."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError, NotFoundError, SchemaVersionError, StoreError
from graphrec.store.packed_strings import PackedStrings
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_files import (
    MANIFEST,
    ArrayInfo,
    array_table,
    content_name,
    render_manifest,
    sync_directory,
    write_array,
    write_synced,
)
from graphrec.store.snapshot_gather import GraphData, NodeData, RelationData, SnapshotSource, gather

Array = NDArray[Any]
_TEMPORARY = ".writing-"
_ABANDONED_SECONDS = 3600.0  # no snapshot takes an hour to write: its writer was killed


def write_snapshot(store: SnapshotSource, directory: str | os.PathLike[str]) -> GraphSnapshot:
    """Write the store's present state under `directory`, in a folder named by its content.

    The same content gives the same name: a sound snapshot that is already there is reused, a damaged one is
    replaced. Readers and other writers of the directory are not disturbed, and a process that dies leaves no
    half snapshot.

    Raises:
        StoreError: the directory cannot be written (permissions, full disk); nothing of the snapshot stays.
    """
    parent = Path(directory)
    data = gather(store)
    temporary = parent / f"{_TEMPORARY}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        temporary.mkdir(parents=True)
        content = _Layout(temporary).write(data)
        origin = {
            "store_schema": data.store_schema,
            "store_revision": data.store_revision,
            "written": time.time_ns() // 1000,
        }
        manifest = render_manifest(content, origin)
        write_synced(temporary / MANIFEST, [manifest])
        sync_directory(temporary)
        return _publish(temporary, parent / content_name(content), manifest)
    except OSError as error:
        raise StoreError(
            f"The snapshot cannot be written to {parent} ({error.strerror or error}); "
            f"free space or choose another folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _publish(temporary: Path, target: Path, manifest: bytes) -> GraphSnapshot:
    """Rename into place; a sound snapshot that is there already stays and notes the newer origin."""
    for _ in range(10):
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
            write_synced(fresh, [manifest])
            fresh.replace(target / MANIFEST)
            sync_directory(target)
        finally:
            fresh.unlink(missing_ok=True)


def _discard(snapshot: Path) -> None:
    """Take a snapshot out of sight with one rename, then delete it, so that no reader sees half of one."""
    doomed = snapshot.parent / f"{_TEMPORARY}{os.getpid()}-{uuid.uuid4().hex[:8]}"
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


def prune_snapshots(store: Any, directory: str | os.PathLike[str], keep: int = 2) -> list[str]:
    """Delete all but the newest `keep` snapshots and those that a registered bundle names.

    What killed writers left behind goes too. Gives the names of the deleted snapshots.
    """
    named = {str(bundle.snapshot) for bundle in store.bundles()}
    doomed = [snapshot for snapshot in list_snapshots(directory)[keep:] if snapshot.name not in named]
    for snapshot in doomed:
        _discard(snapshot.path)
    for leftover in Path(directory).glob(f"{_TEMPORARY}*"):
        with suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)
    return [snapshot.name for snapshot in doomed]


@dataclass
class _Layout:
    """Writes the arrays of one graph and collects the manifest's content part."""

    directory: Path
    infos: dict[str, ArrayInfo] = field(default_factory=dict)

    def write(self, data: GraphData) -> dict[str, Any]:
        nodes = [self._node(slot, node) for slot, node in enumerate(data.nodes)]
        counts = {node.type: len(node.ids) for node in data.nodes}
        relations = [self._relation(slot, relation, counts) for slot, relation in enumerate(data.relations)]
        events = self._interactions(data)
        return {
            "nodes": nodes,
            "relations": relations,
            "interactions": events,
            "arrays": array_table(self.infos),
        }

    def _node(self, slot: int, node: NodeData) -> dict[str, Any]:
        self._strings(f"node-{slot}-ids", node.ids)
        self._strings(f"node-{slot}-names", node.names)
        for number, values in enumerate(node.numbers.values()):
            self._add(f"node-{slot}-number-{number}", values)
        for number, texts in enumerate(node.texts.values()):
            self._strings(f"node-{slot}-text-{number}", texts)
        return {
            "type": node.type,
            "count": len(node.ids),
            "numbers": list(node.numbers),
            "texts": list(node.texts),
        }

    def _relation(self, slot: int, edges: RelationData, counts: Mapping[str, int]) -> dict[str, Any]:
        info = edges.info
        sizes = counts[info.src], counts[info.dst]
        weight = None if (edges.weight == 1).all() else edges.weight.astype(np.float32)
        order = _sorted_by(edges.src, edges.dst, sizes[1])
        src, dst = edges.src[order], edges.dst[order]
        weight = None if weight is None else weight[order]
        self._csr(f"relation-{slot}-out", src, dst, weight, sizes)
        order = np.argsort(dst, kind="stable")  # src is sorted already, so rows come out sorted too
        self._csr(
            f"relation-{slot}-in",
            dst[order],
            src[order],
            None if weight is None else weight[order],
            sizes[::-1],
        )
        return {
            "name": info.name,
            "src": info.src,
            "dst": info.dst,
            "inverse": info.inverse,
            "feature": bool(info.feature),
            "count": len(src),
        }

    def _csr(self, stem: str, rows: Array, cols: Array, values: Array | None, shape: tuple[int, ...]) -> None:
        counts = np.bincount(rows, minlength=shape[0])
        self._add(f"{stem}.indptr", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
        self._add(f"{stem}.indices", cols.astype(np.int32 if shape[1] < 2**31 else np.int64))
        if values is not None:
            self._add(f"{stem}.values", values)

    def _interactions(self, data: GraphData) -> dict[str, Any]:
        events = data.interactions
        order = np.lexsort((events.kind, events.item, events.time, events.user))
        events = events.take(order)
        columns = (
            ("user", events.user, np.int64),
            ("item", events.item, np.int64),
            ("weight", events.weight, np.float32),
            ("time", events.time, np.int64),
            ("kind", events.kind, np.int16),
        )
        for name, column, dtype in columns:
            self._add(f"interactions.{name}", column.astype(dtype))
        return {
            "user_type": data.user_type,
            "item_type": data.item_type,
            "kinds": list(data.kinds),
            "count": len(events),
        }

    def _strings(self, name: str, strings: Iterable[str | None]) -> None:
        packed = PackedStrings.pack(strings)
        self._add(f"{name}.data", packed.data)
        self._add(f"{name}.offsets", packed.offsets)
        if packed.missing is not None:
            self._add(f"{name}.missing", packed.missing)

    def _add(self, name: str, array: Array) -> None:
        self.infos[name] = write_array(self.directory, name, array)


def _sorted_by(rows: Array, cols: Array, num_cols: int) -> Array:
    """Order that sorts edges by (row, column), int64 `[num_edges]`."""
    return np.argsort(rows.astype(np.int64) * max(num_cols, 1) + cols, kind="stable")


__all__: Sequence[str] = ("list_snapshots", "prune_snapshots", "write_snapshot")
