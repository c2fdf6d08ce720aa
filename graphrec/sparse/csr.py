"""Compressed sparse rows in plain NumPy: the one matrix form that crosses module borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    import scipy.sparse as sp

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class CSR:
    """A sparse matrix `[rows, cols]`; within a row the column order is the writer's (sorted by :meth:`from_coo`).

    Args:
        indptr: int64 `[rows + 1]`, where each row starts.
        indices: int32 or int64 `[nnz]`, column of each entry.
        values: float32 `[nnz]`, or None when every entry counts 1.
        shape: `(rows, cols)`.
    """

    indptr: Int
    indices: Int
    values: Float | None
    shape: tuple[int, int]

    @classmethod
    def from_coo(
        cls, rows: Int, cols: Int, values: Float | None, shape: tuple[int, int], *, duplicates: str = "sum"
    ) -> CSR:
        """Sort coordinates by (row, column) and merge duplicates.

        Args:
            duplicates: `"sum"` or `"max"` of the values; without values duplicates are dropped.

        Raises:
            InvalidInputError: a coordinate lies outside `shape`.
        """
        if len(rows) and (
            rows.min() < 0 or cols.min() < 0 or int(rows.max()) >= shape[0] or int(cols.max()) >= shape[1]
        ):
            raise InvalidInputError(
                f"An edge points outside the matrix of shape {shape}: largest row {int(rows.max())}, "
                f"largest column {int(cols.max())}; renumber the ids from 0."
            )
        key = rows.astype(np.int64) * max(shape[1], 1) + cols.astype(np.int64)
        unique, inverse = np.unique(key, return_inverse=True)
        merged: Float | None = None
        if values is not None:
            merged = np.zeros(len(unique), dtype=np.float32)
            combine = {"sum": np.add, "max": np.maximum}[duplicates]
            combine.at(merged, inverse, values.astype(np.float32))
        out_rows = unique // max(shape[1], 1)
        counts = np.bincount(out_rows, minlength=shape[0])
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(indptr, (unique % max(shape[1], 1)).astype(np.int32), merged, shape)

    @property
    def nnz(self) -> int:
        """Number of stored entries."""
        return len(self.indices)

    def row(self, index: int) -> Int:
        """Columns of one row, a view."""
        return self.indices[self.indptr[index] : self.indptr[index + 1]]

    def row_values(self, index: int) -> Float:
        """Values of one row (ones where the matrix has none)."""
        low, high = int(self.indptr[index]), int(self.indptr[index + 1])
        return np.ones(high - low, dtype=np.float32) if self.values is None else self.values[low:high]

    def degrees(self) -> Int:
        """Entries per row, int64 `[rows]`."""
        return np.diff(self.indptr)

    def row_index(self) -> Int:
        """Row of each entry, int64 `[nnz]`: the COO form together with `indices`."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int64), self.degrees())

    def transpose(self) -> CSR:
        """The matrix `[cols, rows]`, rows sorted; a stable counting sort."""
        order = np.argsort(self.indices, kind="stable")
        counts = np.bincount(self.indices, minlength=self.shape[1])
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        values = None if self.values is None else self.values[order]
        rows = self.row_index()[order].astype(self.indices.dtype)
        return CSR(indptr, rows, values, (self.shape[1], self.shape[0]))

    def to_scipy(self) -> sp.csr_matrix:
        """SciPy's form, float32 (SciPy is imported only here: serving starts without it)."""
        import scipy.sparse as sp

        values = np.ones(self.nnz, dtype=np.float32) if self.values is None else self.values
        return sp.csr_matrix((values, self.indices, self.indptr), shape=self.shape)

    @classmethod
    def from_scipy(cls, matrix: sp.spmatrix) -> CSR:
        """From any SciPy sparse matrix."""
        csr = matrix.tocsr()
        csr.sort_indices()
        indptr, indices = csr.indptr.astype(np.int64), csr.indices.astype(np.int32)
        return cls(indptr, indices, csr.data.astype(np.float32), (int(csr.shape[0]), int(csr.shape[1])))
