"""Writing a feature set: checked first, then a folder that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.bundle.safetensors_io import write_safetensors
from graphrec.encoders.feature_set_card import feature_card
from graphrec.encoders.feature_set_manifest import (
    CARD,
    ENCODER,
    FEATURES,
    IDS,
    MANIFEST,
    FeatureAbout,
    FeatureManifest,
    file_info,
    render,
)
from graphrec.errors import InvalidInputError
from graphrec.sparse.strings import Strings

Array = NDArray[Any]

_ROWS = 65536  # looked at together: 192 MiB of 768 float32 columns


def write_feature_set(
    directory: Path, features: Array | Path, ids: Sequence[str] | None = None, *, method: str | None = None,
    node_type: str | None = None, about: FeatureAbout | None = None, encoder: Path | None = None,
) -> Path:  # fmt: skip
    """Write features to a folder; a feature set that lies there is replaced in one step.

    Args:
        directory: absent, empty or an older feature set.
        features: float `[num_nodes, dim]`, kept as float16 when it is that and else as float32; or the path of a
            `.npy` file of float32 or float16 that is given away: it is linked in where the disk can, so that
            millions of rows are not written twice.
        ids: external id of each row; None when row i is node i.
        method: short name, for features made by hand; `about` says more.
        node_type: what the ids are ids of (`recipe`).
        about: where the features come from.
        encoder: model directory with the tuned weights; :meth:`FeatureSet.encode` reads its copy.

    Raises:
        InvalidInputError: no matrix of finite numbers, ids that are not one different text per row, or something
            else that lies at `directory`.
        StoreError: the disk refused.
    """
    from graphrec import __version__

    if about is None:
        about = FeatureAbout(method=method or "by hand")
    matrix = _matrix(features)
    names = None if ids is None else _ids(ids, len(matrix))
    with replacing_folder(Path(directory), MANIFEST, "feature set") as folder:
        _write_matrix(folder / FEATURES, features, matrix)
        if names is not None:
            write_safetensors(folder / IDS, {"data": names.data, "offsets": names.offsets})
        if encoder is not None:
            _copy_folder(encoder, folder / ENCODER)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        manifest = FeatureManifest(
            **about.model_dump(), num_nodes=len(matrix), dim=matrix.shape[1], node_type=node_type,
            dtype="float16" if matrix.dtype == np.float16 else "float32",
            ids="range" if names is None else "external", graphrec=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            files={path.relative_to(folder).as_posix(): file_info(path) for path in files},
        )  # fmt: skip
        write_text(folder / CARD, feature_card(manifest))
        write_text(folder / MANIFEST, render(manifest))
    return Path(directory)


def check_place(directory: Path) -> None:
    """Find out before a long run whether a feature set may be written there.

    Raises:
        InvalidInputError: something else is in the way.
    """
    if directory.is_file() or directory.is_symlink():
        raise InvalidInputError(f"{directory} is a file or link; name a folder for the feature set.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).exists():
        raise InvalidInputError(f"{directory} is a folder with other things in it; name a new or empty one.")


def _matrix(features: Array | Path) -> Array:
    if isinstance(features, Path):
        matrix: Array = np.load(features, mmap_mode="r", allow_pickle=False)
        if matrix.dtype not in (np.float32, np.float16):
            raise InvalidInputError(f"{features} holds {matrix.dtype}; float32 or float16 is needed.")
    else:
        matrix = np.asanyarray(features)
    if matrix.ndim != 2 or not matrix.size or matrix.dtype.kind not in "fiub":
        raise InvalidInputError(
            f"Features must be a matrix [num_nodes, dim] of numbers, not {matrix.dtype} of shape {matrix.shape}."
        )
    for start in range(0, len(matrix), _ROWS):
        fine = np.isfinite(matrix[start : start + _ROWS]).all(axis=1)
        if not fine.all():
            row = start + int(np.flatnonzero(~fine)[0])
            raise InvalidInputError(f"Row {row} of the features holds a number that is not finite.")
    return matrix


def _ids(ids: Sequence[str], num_nodes: int) -> Strings:
    if len(ids) != num_nodes:
        raise InvalidInputError(
            f"{len(ids)} ids do not fit {num_nodes} rows of features; give one id per row."
        )
    seen: set[str] = set()
    for name in ids:
        if not isinstance(name, str) or name in seen:
            raise InvalidInputError(
                f"Ids of features must be different texts, but {name!r} is not or comes twice."
            )
        seen.add(name)
    return ids if isinstance(ids, Strings) else Strings.pack(ids)


def _write_matrix(path: Path, given: Array | Path, matrix: Array) -> None:
    if isinstance(given, Path):
        _link(given, path)
        return
    kept = np.ascontiguousarray(matrix, dtype="<f2" if matrix.dtype == np.float16 else "<f4")
    with path.open("xb") as file:
        np.save(file, kept, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _copy_folder(source: Path, target: Path) -> None:
    if not (source / "config.json").is_file():
        raise InvalidInputError(f"{source} is no encoder: it holds no config.json; name a model directory.")
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            _sync(place)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
    _sync(target)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
