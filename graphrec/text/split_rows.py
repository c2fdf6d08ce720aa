"""Rows of a group of tree nodes, dense or sparse, and their scores against the centres of their own node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse as sp

Int64 = NDArray[np.int64]
Float = NDArray[np.float32]
Places = NDArray[np.int32] | NDArray[np.int64]


class DenseRows:
    """Rows of a dense matrix; copied once where they fit into a block, read block by block where they do not.

    Args:
        z: float32 `[num_rows, dim]`.
        rows: int64 `[size]`, ids of the group's rows, node by node.
        starts: int64 `[num_nodes + 1]`, where each node starts in `rows`.
        block_bytes: size of a block.
    """

    def __init__(self, z: Float, rows: Int64, starts: Int64, block_bytes: int) -> None:
        self._z, self._rows, self._starts = z, rows, starts
        self._step = max(1, block_bytes // (4 * max(1, z.shape[1])))
        self._copy = z[rows] if len(rows) <= self._step else None
        self._node = np.repeat(np.arange(len(starts) - 1), np.diff(starts))

    def apart(self, right: Int64, left: Int64) -> Float:
        """Scores against `z_right - z_left`, one row on either side per node."""
        return self._scores(self._z[self._rows[right]] - self._z[self._rows[left]])

    def halves(self, right: NDArray[np.bool_]) -> Float:
        """Scores against the unit sum of the right half less that of the left one."""
        import scipy.sparse as sp

        sums = np.zeros((2 * (len(self._starts) - 1), self._z.shape[1]), dtype=np.float32)
        for low, high, block in self._blocks():
            half = 2 * self._node[low:high] + right[low:high]
            ones = np.ones(high - low, dtype=np.float32)
            shape = (len(sums), high - low)
            sums += sp.csc_matrix((ones, half, np.arange(high - low + 1)), shape=shape) @ block
        sums /= _length(np.einsum("ij,ij->i", sums, sums))[:, None]
        return self._scores(sums[1::2] - sums[::2])

    def _scores(self, centres: Float) -> Float:
        scores = np.empty(len(self._rows), dtype=np.float32)
        for low, high, block in self._blocks():
            if len(centres) == 1:
                scores[low:high] = np.einsum(
                    "ij,j->i", block, centres[0]
                )  # BLAS would let threads decide ties
            else:
                scores[low:high] = np.einsum("ij,ij->i", block, centres[self._node[low:high]])
        return scores

    def _blocks(self) -> Iterator[tuple[int, int, Float]]:
        if self._copy is not None:
            yield 0, len(self._rows), self._copy
            return
        for low in range(0, len(self._rows), self._step):
            high = min(low + self._step, len(self._rows))
            yield low, high, self._z[self._rows[low:high]]


class SparseRows:
    """Rows of a CSR matrix, with columns renumbered so that every node has its own.

    All centres of a group are then one vector, and its scores one sparse product.

    Args:
        z: CSR float32 `[num_rows, dim]`.
        rows: int64 `[size]`, ids of the group's rows, node by node.
        starts: int64 `[num_nodes + 1]`, where each node starts in `rows`.
    """

    def __init__(self, z: sp.csr_matrix, rows: Int64, starts: Int64) -> None:
        if len(starts) == 2 and len(rows) == z.shape[0]:  # the root: as it is, without a copy
            self._matrix, self._columns = z, np.array([0, z.shape[1]])
        else:
            self._matrix, self._columns = _own_columns(z[rows], starts)
        total: Float = self._matrix.T @ np.ones(len(rows), dtype=np.float32)
        self._total = total

    def apart(self, right: Int64, left: Int64) -> Float:
        """Scores against `z_right - z_left`, one row on either side per node."""
        sign = np.zeros(self._matrix.shape[0], dtype=np.float32)
        sign[right], sign[left] = 1.0, -1.0
        return self._product(self._matrix.T @ sign)

    def halves(self, right: NDArray[np.bool_]) -> Float:
        """Scores against the unit sum of the right half less that of the left one."""
        sums = self._matrix.T @ right.astype(np.float32)
        # What only the right half has is exactly zero in the difference: both sums add it up in one order.
        return self._product(self._unit(sums) - self._unit(self._total - sums))

    def _unit(self, sums: Float) -> Float:
        """Sums of all nodes, side by side, each at unit length."""
        lengths = _length(np.add.reduceat(sums * sums, self._columns[:-1]))
        return np.divide(sums, np.repeat(lengths, np.diff(self._columns)), dtype=np.float32)

    def _product(self, centres: Float) -> Float:
        scores: Float = self._matrix @ centres
        return scores


def _own_columns(taken: sp.csr_matrix, starts: Int64) -> tuple[sp.csr_matrix, Int64]:
    """Rows with the columns of each node behind those of the one before, and where each node's begin."""
    import scipy.sparse as sp

    if len(starts) == 2 and taken.shape[1] <= taken.nnz:  # few columns to pass over in vain
        return taken, np.array([0, taken.shape[1]])
    wide = np.empty(taken.nnz, dtype=taken.indices.dtype)
    columns = np.zeros(len(starts), dtype=np.int64)
    for node, (low, high) in enumerate(zip(taken.indptr[starts[:-1]], taken.indptr[starts[1:]], strict=True)):
        own, count = _renumbered(taken.indices[low:high], taken.shape[1])
        wide[low:high] = own + columns[node]
        columns[node + 1] = columns[node] + max(count, 1)  # never empty: reduceat needs a start
    shape = (taken.shape[0], int(columns[-1]))
    return sp.csr_matrix((taken.data, wide, taken.indptr), shape=shape), columns


def _renumbered(columns: Places, num_columns: int) -> tuple[Places, int]:
    """Columns as places among the distinct ones, and how many these are."""
    if 8 * len(columns) < num_columns:
        distinct, places = np.unique(columns, return_inverse=True)
        return places, len(distinct)
    present = np.zeros(num_columns, dtype=bool)
    present[columns] = True
    upto = np.cumsum(present, dtype=np.int64)
    return upto[columns] - 1, int(upto[-1]) if num_columns else 0


def _length(squares: Float) -> Float:
    """Length from its square; 1 where it is zero, so that a zero sum stays one."""
    return np.sqrt(np.where(squares > 0.0, squares, np.float32(1.0)))
