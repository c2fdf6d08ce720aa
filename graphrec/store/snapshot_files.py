"""The files of a snapshot: checksummed `.npy` arrays and the manifest that names them all."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError, NotFoundError, SchemaVersionError

FORMAT = "graphrec-snapshot"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
_ARRAY_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_DTYPES = {"|u1", "<i2", "<i4", "<i8", "<f4", "<f8"}
_THREAD_BYTES = 8 << 20  # below this a thread costs more than the hashing

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """What the manifest says of one `.npy` file: the whole file's size and hash, and what is in it."""

    dtype: str
    shape: tuple[int, ...]
    bytes: int
    sha256: str


def write_array(directory: Path, name: str, array: Array) -> ArrayInfo:
    """Write `directory/name.npy`, hashing the bytes as they pass; :func:`sync_tree` flushes it to disk."""
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    payload = array.reshape(-1).view(np.uint8).data
    digest = hashlib.sha256(header.getvalue())
    digest.update(payload)
    with (directory / f"{name}.npy").open("xb") as file:
        file.write(header.getvalue())
        file.write(payload)
    size = len(header.getvalue()) + array.nbytes
    return ArrayInfo(array.dtype.str, tuple(array.shape), size, digest.hexdigest())


def map_array(path: Path, info: ArrayInfo) -> Array:
    """The array of a file that :func:`check_files` has passed, memory-mapped and read-only."""
    dtype = np.dtype(info.dtype)
    count = int(np.prod(info.shape, dtype=np.int64))
    if not count:
        empty = np.empty(info.shape, dtype)
        empty.flags.writeable = False
        return empty
    offset = info.bytes - count * dtype.itemsize
    try:
        mapped = np.memmap(path, dtype, mode="r", offset=offset, shape=info.shape)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{path} is gone: the snapshot was deleted while it was open; open a newer one."
        ) from error
    except ValueError as error:
        raise CorruptionError(
            f"{path} is shorter than its manifest says; write the snapshot again."
        ) from error
    return mapped.view(np.ndarray)  # a plain array slices faster than np.memmap and keeps the map alive


def check_files(directory: Path, arrays: Mapping[str, ArrayInfo], *, hashes: bool) -> None:
    """Compare every array file with the manifest: its size and, if asked, its SHA-256.

    Raises:
        CorruptionError: a file is missing, has another size or another hash; the message names its path.
    """
    for name, info in arrays.items():
        path = directory / f"{name}.npy"
        try:
            size = path.stat().st_size
        except OSError as error:
            raise CorruptionError(
                f"{path} is missing from its snapshot; write the snapshot again."
            ) from error
        if size != info.bytes:
            raise CorruptionError(
                f"{path} has {size} bytes and its manifest says {info.bytes}; write the snapshot again."
            )
    if not hashes:
        return
    if sum(info.bytes for info in arrays.values()) < _THREAD_BYTES:
        for name, info in arrays.items():
            _check_hash(directory / f"{name}.npy", info)
        return
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        largest_first = sorted(arrays.items(), key=lambda entry: -entry[1].bytes)
        list(pool.map(lambda entry: _check_hash(directory / f"{entry[0]}.npy", entry[1]), largest_first))


def _check_hash(path: Path, info: ArrayInfo) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CorruptionError(
            f"{path} cannot be read ({error.strerror}); write the snapshot again."
        ) from error
    if found != info.sha256:
        raise CorruptionError(
            f"{path} is not what was written: its SHA-256 begins {found[:12]} and its manifest says "
            f"{info.sha256[:12]}; write the snapshot again."
        )


def content_name(content: Mapping[str, Any]) -> str:
    """The snapshot's name: the first 16 hex digits of the SHA-256 of the manifest's content part."""
    return hashlib.sha256(_canonical(content)).hexdigest()[:16]


def render_manifest(content: Mapping[str, Any], origin: Mapping[str, Any]) -> bytes:
    """The bytes of `manifest.json`.

    Args:
        content: what names the snapshot: counts, relations and every array's dtype, shape, size and hash.
        origin: where it came from (store schema, revision, time of writing); not part of the name.
    """
    manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, "content": content, "origin": origin}
    return _render({**manifest, "checksum": _checksum(manifest)})


def read_manifest(directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read and check `manifest.json`; gives (content, origin).

    Raises:
        NotFoundError: there is no such directory.
        CorruptionError: the manifest is missing or not what was written.
        SchemaVersionError: a newer graphrec wrote it.
    """
    path = directory / MANIFEST
    if not directory.is_dir():
        raise NotFoundError(f"There is no snapshot at {directory}; write one from a store first.")
    try:
        raw = path.read_bytes()
        manifest = json.loads(raw)
        intact = manifest["checksum"] == _checksum(manifest) and raw == _render(manifest)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CorruptionError(f"{path} is missing or is not a manifest; write the snapshot again.") from error
    if not intact:
        raise CorruptionError(f"{path} does not match its own checksum; write the snapshot again.")
    if manifest.get("format") != FORMAT:
        raise CorruptionError(f"{path} is not the manifest of a graph snapshot; give a snapshot's directory.")
    if manifest["format_version"] > FORMAT_VERSION:
        raise SchemaVersionError(
            f"{path} has snapshot format {manifest['format_version']} and this graphrec reads up to "
            f"{FORMAT_VERSION}; update graphrec or write the snapshot again."
        )
    return manifest["content"], manifest["origin"]


def array_infos(directory: Path, content: Mapping[str, Any]) -> dict[str, ArrayInfo]:
    """The manifest's array table, refused when a name or dtype could not have come from graphrec."""
    infos: dict[str, ArrayInfo] = {}
    for name, entry in content["arrays"].items():
        if not _ARRAY_NAME.fullmatch(name) or entry["dtype"] not in _DTYPES:
            raise CorruptionError(
                f"{directory / MANIFEST} names the impossible array {name!r} ({entry['dtype']})."
            )
        infos[name] = ArrayInfo(entry["dtype"], tuple(entry["shape"]), entry["bytes"], entry["sha256"])
    return infos


def array_table(infos: Mapping[str, ArrayInfo]) -> dict[str, Any]:
    """The inverse of :func:`array_infos`, ready for JSON."""
    return {name: {**asdict(info), "shape": list(info.shape)} for name, info in infos.items()}


def sync_tree(directory: Path) -> None:
    """Flush a folder's files to disk, then the folder; cheaper once all are written than after each."""
    for path in directory.iterdir():
        sync_file(path)
    sync_directory(directory)


def sync_file(path: Path) -> None:
    """Flush a closed file to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_directory(directory: Path) -> None:
    """Flush a directory's entries to disk (where the system can: Windows cannot open a directory)."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _render(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _checksum(manifest: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return hashlib.sha256(_canonical(rest)).hexdigest()
