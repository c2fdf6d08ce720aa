"""The features that a run trains on: those of the data set, GIANT's, or any that someone made."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.encoders.feature_set import FeatureSet
from graphrec.errors import BundleMismatchError, CorruptionError, InvalidInputError, NotFoundError

GIANT = "giant"
"""Folder of the features that `graphrec features giant --ogb NAME` writes, within the data set's own."""

Array = NDArray[Any]


def load_features(
    features: str, own: Array | None, num_nodes: int, folder: Path
) -> tuple[Array, dict[str, Any]]:
    """Features of all nodes, and what they are.

    Args:
        features: `ogb`, `giant`, a folder that :class:`graphrec.encoders.feature_set.FeatureSet` reads, or a
            `.npy` file.
        own: the data set's own features `[num_nodes, dim]`, or None.
        folder: the data set's folder.

    Returns:
        Float16 or float32 `[num_nodes, dim]`, memory-mapped where possible, and `kind` and `sha256` for JSON.

    Raises:
        NotFoundError, CorruptionError, BundleMismatchError: nothing there; a damaged file; features of other nodes.
        InvalidInputError: `ogb` for a data set without features.
    """
    if features == "ogb":
        if own is None:
            raise InvalidInputError(
                f"The data set in {folder} has no features; give some with --features DIR."
            )
        return own, {"kind": "ogb"}
    path = folder / GIANT if features == GIANT else Path(features)
    if path.is_dir():
        found = FeatureSet.load(path, num_nodes=num_nodes)
        return found.features, {"kind": found.manifest.method, "sha256": found.fingerprint}
    if path.suffix == ".npy" and path.is_file():
        return _array(path, num_nodes), {"kind": "npy", "sha256": _digest(path)}
    if features == GIANT:
        raise NotFoundError(
            f"There are no GIANT features at {path}; make them with: graphrec features giant --ogb "
            f"{folder.name.removesuffix('_pyg').replace('_', '-')} --root {folder.parent}."
        )
    raise NotFoundError(
        f"There are no features at {path}; --features takes ogb, giant, a folder that `graphrec features` wrote or a "
        ".npy file."
    )


def _array(path: Path, num_nodes: int) -> Array:
    try:
        found: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptionError(f"{path} is no .npy file of numbers ({error}).") from error
    if found.ndim != 2 or found.dtype.kind != "f":
        raise InvalidInputError(
            f"{path} holds {found.dtype} of shape {found.shape}; features are floating point [num_nodes, dim]."
        )
    if len(found) != num_nodes:
        raise BundleMismatchError(
            f"{path} has {len(found):,} rows, but the data set has {num_nodes:,} nodes; make them for this graph."
        )
    for start in range(0, num_nodes, 1 << 18):
        if not np.isfinite(found[start : start + (1 << 18)]).all():
            raise CorruptionError(f"{path} holds values that are no numbers (NaN or infinite).")
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
