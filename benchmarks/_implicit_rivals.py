"""Models of the `implicit` library behind our evaluation: same split, same masks, same metrics."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from _common import stopwatch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from graphrec.evaluation import Split, evaluate
from graphrec.sparse import CSR

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

GRIDS: dict[str, dict[str, Sequence[Any]]] = {
    "implicit ALS": {
        "factors": [64, 128, 256],
        "regularization": [3.0, 10.0, 30.0, 100.0],
        "alpha": [3.0, 10.0, 30.0],
        "iterations": [15],
    },
    "implicit BPR": {
        "factors": [64, 128],
        "learning_rate": [0.01, 0.05, 0.1],
        "regularization": [0.001, 0.01, 0.1],
        "iterations": [100, 300, 1000],
    },
    "implicit ItemKNN cosine": {"K": [20, 50, 200, 1000]},
    "implicit ItemKNN BM25": {"K": [20, 50, 200, 1000], "K1": [0.3, 1.2], "B": [0.1, 0.75]},
}


class FactorScorer:
    """Inner products of the fitted factors."""

    def __init__(self, model: Any) -> None:
        self._users, self._items = np.asarray(model.user_factors), np.asarray(model.item_factors)

    def score(self, users: Int) -> Float:
        """Scores `[len(users), num_items]`."""
        found: Float = self._users[users] @ self._items.T
        return found


class NeighbourScorer:
    """A user's items times the fitted item-item similarities."""

    def __init__(self, model: Any, train: CSR) -> None:
        self._similarity, self._train = model.similarity, train.to_scipy()

    def score(self, users: Int) -> Float:
        """Scores `[len(users), num_items]`."""
        return np.asarray((self._train[users] @ self._similarity).todense(), dtype=np.float32)


def fit(name: str, settings: Mapping[str, Any], train: CSR, threads: int) -> FactorScorer | NeighbourScorer:
    """Fit one model.

    Raises:
        ImportError: implicit is not installed.
    """
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

    matrix = train.to_scipy().astype(np.float32).tocsr()
    common = {"num_threads": threads} if "KNN" in name else {"num_threads": threads, "random_state": 0}
    classes = {
        "implicit ALS": AlternatingLeastSquares,
        "implicit BPR": BayesianPersonalizedRanking,
        "implicit ItemKNN cosine": CosineRecommender,
        "implicit ItemKNN BM25": BM25Recommender,
    }
    # one BLAS thread, as the library asks: it runs `threads` threads of its own
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it turns its own COO matrix into CSR
        model = classes[name](**settings, **common)
        model.fit(matrix, show_progress=False)
    return NeighbourScorer(model, train) if "KNN" in name else FactorScorer(model)


def tuned(name: str, split: Split, k: int, threads: int, quick: bool) -> tuple[dict[str, Any], Any, float]:
    """Settings that are best on the validation part, the model fitted with them and its seconds."""
    train = split.train_data().train
    best: tuple[float, dict[str, Any], Any, float] | None = None
    for settings in itertools.islice(_settings(GRIDS[name]), 2 if quick else None):
        with stopwatch() as seconds:
            scorer = fit(name, settings, train, threads)
        value = evaluate(scorer, split, on="valid", ks=(k,), slices=False)[f"recall@{k}"]
        if best is None or value > best[0]:
            best = (value, settings, scorer, seconds[0])
    assert best is not None
    return best[1:]


def _settings(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))
