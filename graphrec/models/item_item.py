"""What item-item models share: a score is the sum of the weight rows of the items in the profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import ItemItemPart, Part
from graphrec.models.base import Float, Int, Model, ModelConfig
from graphrec.sparse import CSR
from graphrec.sparse.top_k import top_k_mask

if TYPE_CHECKING:
    import scipy.sparse as sp

Dense = NDArray[np.float32]

BLOCK = 1024


class ItemItemConfig(ModelConfig):
    """What the configurations of item-item models share."""

    use_weights: bool = False
    """Let interactions count by their weight (cook over view), in fitting and in scoring; else all are 1."""


class ItemItemModel(Model):
    """Base of models with a weight matrix `W` `[num_items, num_items]`; row j is what item j recommends.

    `score(u) = sum of W[j] over the items j of u`; with `use_weights` a row counts by its interaction's
    weight.
    """

    config: ItemItemConfig
    _profile: sp.csr_matrix
    _weights: sp.csr_matrix

    def score(self, users: Int) -> Float:
        scores: Float = (self._profile[users] @ self._weights).toarray()
        return scores

    def parts(self) -> Sequence[Part]:
        return [ItemItemPart(CSR.from_scipy(self._weights), 1.0, binary=not self.config.use_weights)]


def profile(train: CSR, use_weights: bool) -> sp.csr_matrix:
    """The interactions in SciPy's form, float32; every stored entry 1 unless weights are used."""
    return (train if use_weights else CSR(train.indptr, train.indices, None, train.shape)).to_scipy()


def keep_best(block: Dense, k: int) -> tuple[Int, Int, Dense]:
    """The k largest positive entries of each row as (row, column, value) in order of place.

    Of equal values at the border the lower columns stay.
    """
    rows, columns = np.nonzero(top_k_mask(block, k, above=0.0))
    return rows, columns, block[rows, columns].astype(np.float32)


def from_blocks(blocks: list[tuple[Int, Int, Dense]], num_items: int) -> sp.csr_matrix:
    """Join the coordinates of all blocks (rows already global) to a matrix `[num_items, num_items]`."""
    import scipy.sparse as sp

    rows, cols, values = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return sp.csr_matrix((values, (rows, cols)), shape=(num_items, num_items), dtype=np.float32)


def row_sums(matrix: sp.spmatrix) -> Dense:
    """Sum of each row, float32 `[rows]`."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).ravel()


def scale_rows(matrix: sp.csr_matrix, factors: Dense) -> sp.csr_matrix:
    """Each row times its factor, float32, a new matrix."""
    scaled = matrix.astype(np.float32, copy=True)
    scaled.data *= np.repeat(factors, np.diff(matrix.indptr))
    return scaled


def inverse_or_zero(values: NDArray[Any]) -> Dense:
    """1 / value, and 0 where the value is 0: an item or user without edges contributes nothing."""
    out = np.zeros(len(values), dtype=np.float32)
    np.divide(1.0, values, out=out, where=values > 0, casting="unsafe")
    return out
