"""A seeded random projection of sparse rows to a few hundred columns that keeps their inner products, nearly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

if TYPE_CHECKING:
    import scipy.sparse as sp

_BLOCK = 8192


class CountSketch:
    """Adds every term, with a random sign, to `spread` random columns out of `dim` (Charikar et al., 2002).

    For rows of unit length an inner product is kept without bias, with an error of about `1 / sqrt(dim)`. It is a
    linear map, so that sums of rows may be formed before or after. Memory: 8 `spread` bytes per term. For label trees
    :class:`graphrec.text.principal_sketch.PrincipalSketch` keeps far more in as many columns.

    Args:
        num_terms: columns of the rows to project.
        dim: columns of the result.
        seed: decides columns and signs.
        spread: columns per term; more of them help where single terms carry most of a row.

    Raises:
        InvalidInputError: fewer columns than `spread`.
    """

    def __init__(self, num_terms: int, dim: int = 256, seed: int = 0, spread: int = 2) -> None:
        if not 1 <= spread <= dim:
            raise InvalidInputError(f"A term cannot be spread over {spread} of {dim} columns.")
        generator = np.random.default_rng(seed)
        part = dim // spread  # one column in each of `spread` parts, so that they are distinct
        shift = np.arange(spread, dtype=np.int32)[:, None] * part
        self.num_terms, self._dim = num_terms, dim
        self._column = generator.integers(0, part, size=(spread, num_terms), dtype=np.int32) + shift
        sign = generator.integers(0, 2, size=(spread, num_terms), dtype=np.int8).astype(np.float32)
        self._sign = (2 * sign - 1) / np.float32(np.sqrt(spread))

    @property
    def dim(self) -> int:
        """Columns of the result."""
        return self._dim

    def __call__(self, x: sp.csr_matrix, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Project rows.

        Args:
            x: CSR `[num_rows, num_terms]`.
            out: where to write, float32 `[num_rows, dim]` (a memory map, say).

        Returns:
            float32 `[num_rows, dim]`; rows have about the length that they had.
        """
        import scipy.sparse as sp

        if x.shape[1] != self.num_terms:
            raise InvalidInputError(f"The projection was made for {self.num_terms} terms, not {x.shape[1]}.")
        result = np.empty((x.shape[0], self.dim), dtype=np.float32) if out is None else out
        for low in range(0, x.shape[0], _BLOCK):
            rows = x[low : low + _BLOCK]
            block = np.zeros((rows.shape[0], self.dim), dtype=np.float32)
            for column, sign in zip(self._column, self._sign, strict=True):
                entries = (rows.data * sign[rows.indices], column[rows.indices], rows.indptr)
                block += sp.csr_matrix(entries, shape=block.shape)
            result[low : low + _BLOCK] = block
        return result


class Sketch(Protocol):
    """A linear map of sparse rows to few columns."""

    @property
    def dim(self) -> int:
        """Columns of the result."""

    def __call__(self, x: sp.csr_matrix, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Project CSR rows, float32 `[num_rows, dim]`."""


def project_blocks(
    blocks: Iterable[sp.csr_matrix],
    sketch: Sketch,
    num_rows: int,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Project rows that arrive in blocks, so that the sparse matrix never exists as a whole.

    Raises:
        InvalidInputError: the blocks hold another number of rows than `num_rows`.
    """
    result = np.empty((num_rows, sketch.dim), dtype=np.float32) if out is None else out
    done = 0
    for block in blocks:
        if done + block.shape[0] > num_rows:
            raise InvalidInputError(f"There are more rows than the {num_rows} that were announced.")
        sketch(block, result[done : done + block.shape[0]])
        done += block.shape[0]
    if done != num_rows:
        raise InvalidInputError(f"There are {done} rows, not the {num_rows} that were announced.")
    return result
