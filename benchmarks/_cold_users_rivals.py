"""The baselines for new users: item-item models that sum the rows of what was chosen, tuned for each k by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.models.registry import create_model
from graphrec.sparse import CSR
from graphrec.store.columns import TrainData
from graphrec.training.newcomers import Newcomers

Float = NDArray[np.floating[Any]]
Settings = Mapping[str, Any]


class Rival(Protocol):
    """Scores newcomers."""

    def scores(self, group: Newcomers) -> Float:
        """Float32 `[n, num_items]`."""


@dataclass(frozen=True, eq=False)
class Popular:
    """How many chose each item."""

    counts: Float

    @classmethod
    def fit(cls, train: CSR, settings: Settings) -> Popular:
        """No settings."""
        return cls(np.bincount(train.indices, minlength=train.shape[1]).astype(np.float32))

    def scores(self, group: Newcomers) -> Float:
        return np.tile(self.counts, (group.shown.shape[0], 1))


@dataclass(frozen=True, eq=False)
class ItemItem:
    """A fitted item-item model."""

    weights: sp.csr_matrix

    @classmethod
    def of(cls, name: str, train: CSR, settings: Settings) -> ItemItem:
        """A registered model."""
        (part,) = create_model(name, dict(settings)).fit(TrainData(train, None, None)).parts()
        return cls(part.weights.to_scipy())

    @classmethod
    def knn(cls, train: CSR, settings: Settings) -> ItemItem:
        """ItemKNN."""
        return cls.of("item_knn", train, settings)

    @classmethod
    def walk(cls, train: CSR, settings: Settings) -> ItemItem:
        """RP3beta."""
        return cls.of("rp3beta", train, settings)

    def scores(self, group: Newcomers) -> Float:
        return np.asarray((group.shown.to_scipy() @ self.weights).toarray(), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class ExactEase:
    r"""EASE with all its weights, folded in without ever making them.

    With `P = (X^T X + l I)^{-1} = (I - X^T K X) / l`, `K = (X X^T + l I)^{-1}` (Woodbury), items that a profile h lacks
    score `-(h P)_j / P_jj = (h X^T K X)_j / (l P_jj)`: what `graphrec.models.ease` gives without pruning, in a tenth of
    the time and memory.
    """

    rows: sp.csr_matrix
    solved: Float
    scale: Float

    @classmethod
    def fit(cls, train: CSR, settings: Settings) -> ExactEase:
        """`ridge`: the L2 penalty."""
        rows, ridge = train.to_scipy().astype(np.float32), settings["ridge"]
        rows = rows[np.flatnonzero(np.diff(rows.indptr))]
        kernel = (rows @ rows.T).toarray().astype(np.float64)
        kernel[np.diag_indices(len(kernel))] += ridge
        solved = np.asarray(np.linalg.inv(kernel).astype(np.float32) @ rows)  # K X
        diagonal = 1.0 - np.asarray(rows.multiply(solved).sum(axis=0)).ravel()  # l P_jj
        return cls(rows, solved, diagonal)

    def scores(self, group: Newcomers) -> Float:
        shared = (group.shown.to_scipy() @ self.rows.T).toarray().astype(np.float32)
        return np.asarray(shared @ self.solved / self.scale, dtype=np.float32)


RIVALS: Mapping[str, tuple[Any, Sequence[Settings]]] = {
    "popularity": (Popular.fit, [{}]),
    "ItemKNN": (
        ItemItem.knn,
        [
            {"k": 200, "shrink": 10.0, "user_normalisation": False},
            {"k": 1000, "shrink": 10.0, "user_normalisation": False},
            {"k": 1000, "shrink": 100.0, "user_normalisation": False},
        ],
    ),
    "RP3beta": (
        ItemItem.walk,
        [{"alpha": 0.6, "beta": 0.1}, {"alpha": 0.8, "beta": 0.0}, {"alpha": 1.0, "beta": 0.0}],
    ),
    "EASE fold-in": (ExactEase.fit, [{"ridge": ridge} for ridge in (300.0, 1000.0, 3000.0, 10000.0)]),
}
