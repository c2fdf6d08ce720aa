"""Matrices between two stages of a run: plain `.npy` arrays, memory-mapped when they are read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse as sp

_DENSE, _PARTS = "dense.npy", ("data", "indices", "indptr")


def save_matrix(folder: Path, matrix: sp.csr_matrix | NDArray[np.float32]) -> None:
    """Write a dense matrix or a SciPy CSR into a folder."""
    if isinstance(matrix, np.ndarray):
        np.save(folder / _DENSE, matrix, allow_pickle=False)
        return
    for name in _PARTS:
        np.save(folder / f"{name}.npy", getattr(matrix, name), allow_pickle=False)
    np.save(folder / "shape.npy", np.array(matrix.shape, np.int64), allow_pickle=False)


def load_matrix(folder: Path) -> Any:
    """What :func:`save_matrix` wrote, memory-mapped and read-only: an array or a SciPy CSR."""
    if (folder / _DENSE).is_file():
        return np.load(folder / _DENSE, mmap_mode="r", allow_pickle=False)
    import scipy.sparse as sp

    data, indices, indptr = (
        np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _PARTS
    )
    shape = np.load(folder / "shape.npy", allow_pickle=False)
    return sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()), copy=False)


def new_dense(folder: Path, rows: int, columns: int) -> NDArray[np.float32]:
    """A dense matrix on disk, to be filled in place."""
    return np.lib.format.open_memmap(folder / _DENSE, "w+", np.float32, (rows, columns))
