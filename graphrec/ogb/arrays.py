"""The arrays of an OGB data set, converted once: checksummed `.npy` files, memory-mapped on every later start."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.errors import CorruptionError
from graphrec.store.snapshot_files import ArrayInfo, check_files, map_array, write_array

FOLDER = "graphrec"
"""Where the converted arrays lie, within the data set's own folder."""
MANIFEST = "manifest.json"
FORMAT, FORMAT_VERSION = "graphrec-ogb", 1
_SOURCES = ("raw", "split")

Array = NDArray[Any]
Build = Callable[[], tuple[Mapping[str, Array], Mapping[str, Any]]]


def converted(folder: Path, build: Build) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays and notes of a data set, from the converted files where they are up to date, else built and kept.

    They are up to date while sizes and times of the source files are those that were converted; where the
    sources have been deleted, the arrays stand alone.

    Args:
        folder: the data set's folder, `ROOT/ogbn_arxiv`.
        build: reads the sources; gives arrays by name (letters, digits, `_`, `.`, `-`) and notes that JSON can hold.

    Returns:
        Read-only memory-mapped arrays and the notes.

    Raises:
        CorruptionError: an array is not what was written.
        StoreError: the folder cannot be written.
    """
    place = folder / FOLDER
    sources = _sources(folder)
    manifest = _manifest(place)
    if manifest is None or (sources and manifest["sources"] != sources):
        _write(place, *build(), sources)
        manifest = _manifest(place)
    if manifest is None:
        raise CorruptionError(f"{place} has lost its {MANIFEST} just now; try again.")
    infos = {name: _info(entry) for name, entry in manifest["arrays"].items()}
    try:
        check_files(place, infos, hashes=True)
    except CorruptionError as error:
        detail = str(error).partition("; ")[0]
        raise CorruptionError(f"{detail}; delete the folder {place}: it is made again from raw/.") from error
    return {name: map_array(place / f"{name}.npy", info) for name, info in infos.items()}, manifest["notes"]


def _write(
    place: Path, arrays: Mapping[str, Array], notes: Mapping[str, Any], sources: Mapping[str, list[int]]
) -> None:
    with replacing_folder(place, MANIFEST, "folder of converted arrays") as draft:
        infos = {name: asdict(write_array(draft, name, np.asarray(array))) for name, array in arrays.items()}
        content = {
            "format": FORMAT, "version": FORMAT_VERSION, "notes": notes, "sources": sources, "arrays": infos
        }  # fmt: skip
        write_text(draft / MANIFEST, json.dumps(content, indent=1) + "\n")


def _manifest(place: Path) -> dict[str, Any] | None:
    """The manifest, or None where there is none of this format: then the arrays are made anew."""
    try:
        found = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CorruptionError(
            f"{place / MANIFEST} is damaged; delete the folder: it is made again."
        ) from error
    known = isinstance(found, dict) and (found.get("format"), found.get("version")) == (
        FORMAT,
        FORMAT_VERSION,
    )
    return found if known else None


def _sources(folder: Path) -> dict[str, list[int]]:
    """Size and time of change of every source file, by its path within the folder."""
    files = [path for part in _SOURCES for path in sorted((folder / part).rglob("*")) if path.is_file()]
    files += [folder / "meta_dict.pt"] if (folder / "meta_dict.pt").is_file() else []
    return {
        path.relative_to(folder).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns] for path in files
    }


def _info(entry: Mapping[str, Any]) -> ArrayInfo:
    return ArrayInfo(entry["dtype"], tuple(entry["shape"]), entry["bytes"], entry["sha256"])
