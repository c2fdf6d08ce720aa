"""The content student in closed form: what people chose, regressed on the words of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg as sl
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse as sp

Float = NDArray[np.floating[Any]]

_SPARE = 16  # directions beyond those asked for, as Halko et al. advise
_ROUNDS = 3


class ContentRegression:
    r"""Ridge regression on bags of words, factored once and used for many targets.

    With bags `A` `[I, F]` of unit rows and targets `Y` `[I, k]`,

    .. math:: W = (A^\top A + \rho I)^{-1} A^\top Y

    is what the words add up to. Seen from the other side it is a Gaussian process over items with the likeness of
    bags as its kernel: an item without choices takes of every trained item what their likeness, cleared of what
    they share among themselves, is worth.

    Args:
        bags: float32 `[num_items, F]`; zero rows take no part.
        ridge: rho; a word that r items have is believed to the share `r / (r + rho)` or so.
    """

    def __init__(self, bags: sp.csr_matrix, ridge: float) -> None:
        self.bags, self._transposed = bags, bags.T.tocsr()
        gram = np.asarray((self._transposed @ bags).toarray(), dtype=np.float32)
        gram[np.diag_indices_from(gram)] += np.float32(ridge)
        self._factor = sl.cholesky(gram, lower=True, overwrite_a=True, check_finite=False)

    def weights(self, targets: Float) -> Float:
        """W, float32 `[F, k]`."""
        return self.backward(self.forward(np.asarray(self._transposed @ targets, dtype=np.float32)))

    def forward(self, rows: Float) -> Float:
        """`L^-1 rows` of the factor `L L^T = A^T A + rho I`, `[F, k]`."""
        solved = sl.solve_triangular(self._factor, rows, lower=True, check_finite=False)
        return np.asarray(solved, dtype=np.float32)

    def backward(self, rows: Float) -> Float:
        """`L^-T rows`, `[F, k]`."""
        solved = sl.solve_triangular(self._factor, rows, lower=True, trans=1, check_finite=False)
        return np.asarray(solved, dtype=np.float32)

    def from_choices(self, choices: Float) -> Float:
        """`L^-1 A^T choices`."""
        return self.forward(np.asarray(self._transposed @ choices, dtype=np.float32))

    def to_items(self, rows: Float) -> Float:
        """`A L^-T rows`, `[num_items, k]`."""
        return np.asarray(self.bags @ self.backward(rows), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Target:
    r"""What a history says of every item: `T = X M` with `M = own I + sum of the item-item parts`.

    Args:
        choices: X, `[num_users, num_items]`, 0/1.
        links: `[num_items, num_items]` item-item weights, or None.
        own: share of the choices themselves beside what the links make of them.
    """

    choices: sp.csr_matrix
    links: sp.csr_matrix | None
    own: float

    def spread(self, rows: Float) -> Float:
        """`M rows`, `[num_items, k]`."""
        linked = 0.0 if self.links is None else self.links @ rows
        return np.asarray(np.float32(self.own) * rows + linked, dtype=np.float32)

    def gather(self, rows: Float) -> Float:
        """`M^T rows`, `[num_items, k]`."""
        linked = 0.0 if self.links is None else self.links.T @ rows
        return np.asarray(np.float32(self.own) * rows + linked, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class ContentFactors:
    """The regression as inner products of few dimensions.

    Args:
        items: float32 `[F, dim]`; a bag times this is what the item offers.
        keys: float32 `[num_items, dim]`, what having chosen a trained item says.
    """

    items: Float
    keys: Float


def factorise(regression: ContentRegression, target: Target, dim: int, seed: int) -> ContentFactors:
    r"""Reduced-rank regression: the best `dim` directions of `X M A (A^T A + rho I)^{-1}`.

    The left singular vectors U of `Q = L^{-1} A^T T^T` span what predictions vary in most; then
    `items = L^{-T} U` and `keys = M A items`, so that `(X keys)(x items)^T` is the regression's prediction of
    the bag x, cut to `dim` dimensions (Izenman, J. Multivariate Analysis 1975). Q is never formed: randomised
    subspace iteration (Halko, Martinsson and Tropp, SIAM Review 2011) needs its products alone.
    """
    generator = np.random.default_rng(seed)
    users, words = target.choices.shape[0], regression.bags.shape[1]
    rank = min(dim, users, words)
    wide = min(rank + _SPARE, users, words)
    probe = generator.standard_normal((users, wide)).astype(np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(regression.from_choices(target.gather(target.choices.T @ probe)))[0]
        probe = np.asarray(target.choices @ target.spread(regression.to_items(basis)), dtype=np.float32)
    # probe = Q^T basis: its right singular vectors turn the basis into singular vectors of Q
    _, _, turn = np.linalg.svd(probe, full_matrices=False)
    items = regression.backward(np.ascontiguousarray(basis @ turn[:rank].T))
    return ContentFactors(items, target.spread(np.asarray(regression.bags @ items, dtype=np.float32)))
