"""A projection to few columns that keeps what label embeddings differ in: a wide sketch, turned to their main axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.text.pifa import unit_rows
from graphrec.text.projection import CountSketch

if TYPE_CHECKING:
    import scipy.sparse as sp

_BLOCK = 8192


class PrincipalSketch:
    """A count sketch to `wide` columns, then the `dim` main axes of a sample of label embeddings in it.

    A label embedding is a mean over texts, so few directions hold nearly all of what tells two of them apart, while a
    random projection spreads its error over all directions alike. Where a sketch to 64 columns keeps two fifths of
    what a label tree gains over chance, this one keeps more than nine tenths (`benchmarks/pecos_parity.py`).

    Memory: 16 bytes per term, `12 wide^2` bytes while the axes are found, `4 wide dim` for them, and
    `8192 * 4 wide` while rows are projected.

    Args:
        num_terms: columns of the rows to project.
        dim: columns of the result.
        seed: of the sketch.
        wide: columns of the sketch.

    Raises:
        InvalidInputError: more columns than the sketch has.
    """

    def __init__(self, num_terms: int, dim: int = 128, seed: int = 0, wide: int = 1024) -> None:
        if not 1 <= dim <= wide:
            raise InvalidInputError(f"A sketch of {wide} columns has no {dim} main axes.")
        self._sketch, self._dim = CountSketch(num_terms, wide, seed), dim
        self._axes: NDArray[np.float32] | None = None

    @property
    def dim(self) -> int:
        """Columns of the result."""
        return self._dim

    def learn(self, x: sp.csr_matrix, labels: sp.csr_matrix) -> None:
        """Find the axes.

        Args:
            x: CSR `[num_rows, num_terms]`, some instances.
            labels: CSR float32 `[num_rows, num_sampled]`, some of their labels; both as :func:`label_sample` says.
        """
        z = labels.T @ self._sketch(x)
        z /= np.maximum(np.linalg.norm(z, axis=1, keepdims=True), np.float32(1e-12))
        # Not centred: what all label embeddings share is an axis as well, and cosines are measured from the origin.
        _, vectors = np.linalg.eigh(z.T @ z)
        self._axes = np.ascontiguousarray(vectors[:, ::-1][:, : self._dim], dtype=np.float32)

    def __call__(self, x: sp.csr_matrix, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Project CSR rows `[num_rows, num_terms]` to float32 `[num_rows, dim]`, into `out` if given.

        Raises:
            InvalidInputError: the axes have not been found, or the rows have other terms.
        """
        if self._axes is None:
            raise InvalidInputError(
                "The main axes of a PrincipalSketch come from a sample; call learn first."
            )
        result = np.empty((x.shape[0], self._dim), dtype=np.float32) if out is None else out
        for low in range(0, x.shape[0], _BLOCK):
            result[low : low + _BLOCK] = self._sketch(x[low : low + _BLOCK]) @ self._axes
        return result


def label_sample(
    labels: sp.csr_matrix, seed: int = 0, max_labels: int = 4096, max_rows: int = 32_768
) -> tuple[NDArray[np.int64], sp.csr_matrix]:
    """Labels drawn at random, and all of their instances.

    Args:
        labels: CSR `[num_instances, num_labels]`.
        seed: decides the draw.
        max_labels: most labels.
        max_rows: about as many instances as are wanted; bounds the memory of their features.

    Returns:
        int64 `[num_rows]`, ascending rows of the instances, and CSR `[num_rows, num_sampled]`, which of the drawn
        labels each carries, in the weights of PIFA.
    """
    import scipy.sparse as sp

    counts = np.bincount(labels.indices, minlength=labels.shape[1])
    order = np.random.default_rng(seed).permutation(np.flatnonzero(counts))[:max_labels]
    within = np.cumsum(counts[order]) <= max_rows
    within[:1] = True
    drawn = np.full(labels.shape[1], -1, dtype=np.int64)
    drawn[order[within]] = np.arange(int(within.sum()))
    hit = np.flatnonzero((drawn >= 0)[labels.indices])
    rows = np.unique(np.searchsorted(labels.indptr, hit, side="right") - 1)
    whole = unit_rows(labels[rows])
    sampled = drawn[whole.indices]
    place = np.repeat(np.arange(len(rows)), np.diff(whole.indptr))
    kept, shape = sampled >= 0, (len(rows), int(within.sum()))
    return rows, sp.csr_matrix((whole.data[kept], (place[kept], sampled[kept])), shape=shape)
