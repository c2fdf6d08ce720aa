"""Embeddings of labels from the texts that carry them: positive instance feature aggregation (PIFA).

    Y' = rows of Y at unit length,   Z = rows of Y'^T X at unit length

Source: PECOS (Yu et al., arXiv 2010.05878); in GIANT a label is a node, and its instances are its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    import scipy.sparse as sp

_ROWS = 4096
_COLUMNS = 32


def pifa(
    labels: sp.csr_matrix, x: sp.csr_matrix | NDArray[np.float32]
) -> sp.csr_matrix | NDArray[np.float32]:
    """Label embeddings `[num_labels, dim]`, rows of unit length; a label without instances keeps a row of zeros.

    An instance with many labels counts less for each of them, because the rows of `labels` are normalised first.

    Peak memory beside the arguments, in bytes. Sparse `x`: 16 per entry of the result, of which there are at most
    :func:`pifa_entries`, and 16 per entry of `labels`. Dense `x`: `4 num_labels dim` for the result, 8 per entry of
    `labels` and `128 (num_labels + num_instances)` to work on 32 columns at a time.

    Args:
        labels: CSR `[num_instances, num_labels]`.
        x: features of the same instances, CSR or dense float32 `[num_instances, dim]`.

    Returns:
        In the form of `x`: CSR with sorted columns or dense, float32.

    Raises:
        InvalidInputError: the two have different numbers of rows.
    """
    if labels.shape[0] != x.shape[0]:
        raise InvalidInputError(
            f"The label matrix has {labels.shape[0]} instances, the features {x.shape[0]}; "
            "give the rows of the kept instances alone."
        )
    weighted = unit_rows(labels)
    return _dense(weighted, x) if isinstance(x, np.ndarray) else _sparse(weighted, x)


def pifa_entries(labels: sp.csr_matrix, x: sp.csr_matrix) -> int:
    """Most entries that the exact sparse form can have: those of each instance's features, once for each label."""
    return int(np.diff(labels.indptr).astype(np.int64) @ np.diff(x.indptr).astype(np.int64))


def _sparse(weighted: sp.csr_matrix, x: sp.csr_matrix) -> sp.csr_matrix:
    z = (weighted.T.tocsr() @ x).astype(np.float32, copy=False)
    z.sort_indices()
    z.data /= np.repeat(_lengths(z), np.diff(z.indptr))
    return z


def _dense(weighted: sp.csr_matrix, x: NDArray[np.float32]) -> NDArray[np.float32]:
    z = np.empty((weighted.shape[1], x.shape[1]), dtype=np.float32)
    for low in range(0, x.shape[1], _COLUMNS):
        z[:, low : low + _COLUMNS] = weighted.T @ np.ascontiguousarray(x[:, low : low + _COLUMNS])
    for low in range(0, len(z), _ROWS):
        block = z[low : low + _ROWS]
        length = np.sqrt(np.einsum("ij,ij->i", block, block))
        block /= np.where(length > 0, length, np.float32(1))[:, None]
    return z


def unit_rows(labels: sp.csr_matrix) -> sp.csr_matrix:
    """Rows at unit length, sharing the places of the entries."""
    import scipy.sparse as sp

    values = labels.data.astype(np.float32)
    values /= np.repeat(_lengths(labels), np.diff(labels.indptr))
    return sp.csr_matrix((values, labels.indices, labels.indptr), shape=labels.shape)


def _lengths(matrix: sp.csr_matrix) -> NDArray[np.float32]:
    """Length of every row, and 1 for a row of zeros, so that dividing by it leaves the zeros."""
    import scipy.sparse as sp

    squares = sp.csr_matrix((matrix.data * matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    length = np.sqrt(squares @ np.ones(matrix.shape[1], dtype=np.float32))
    return np.where(length > 0, length, 1).astype(np.float32)
