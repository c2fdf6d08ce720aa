"""Ranking metrics over whole arrays of users, and the list metrics (coverage, popularity, Gini).

Every per-user metric reads `hits`, bool `[users, depth]` (is the item at that rank a test item?), and
`num_test`, int `[users]` (size of the user's test set, at least 1), and returns float64 `[users]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
Bool = NDArray[np.bool_]

KGAT_DEPTH = 100
"""KGAT takes its ideal ranking from the model's own first 100 items."""


def recall(hits: Bool, num_test: Int, k: int) -> Float:
    """Hits in the first k over the size of the test set (not over `min(k, |test|)`)."""
    return _count(hits, k) / num_test


def precision(hits: Bool, num_test: Int, k: int) -> Float:
    """Hits in the first k over k; a list shorter than k counts as k."""
    return _count(hits, k) / float(k)


def hit_rate(hits: Bool, num_test: Int, k: int) -> Float:
    """1 when the first k hold a test item."""
    return (_count(hits, k) > 0).astype(np.float64)


def mrr(hits: Bool, num_test: Int, k: int) -> Float:
    """1 / rank of the first hit, 0 when it lies beyond k."""
    top = hits[:, :k]
    first = top.argmax(axis=1) if top.shape[1] else np.zeros(len(top), dtype=np.int64)
    return np.where(top.any(axis=1), 1.0 / (first + 1.0), 0.0)


def average_precision(hits: Bool, num_test: Int, k: int) -> Float:
    """Sum of precision@rank at each hit within k, over `min(k, |test|)`; its mean over users is MAP@k."""
    top = hits[:, :k]
    ranks = np.arange(1, top.shape[1] + 1)
    gains: Float = np.where(top, np.cumsum(top, axis=1) / ranks, 0.0).sum(axis=1)
    return gains / np.minimum(k, num_test)


def ndcg(hits: Bool, num_test: Int, k: int) -> Float:
    """Textbook NDCG (Järvelin, Kekäläinen 2002): discount 1 / log2(rank + 1), ideal over `min(k, |test|)`."""
    return _dcg(hits, k) / _ideal(np.minimum(k, num_test), k)


def ndcg_kgat(hits: Bool, num_test: Int, k: int) -> Float:
    """NDCG as the KGAT code has it: the ideal has `min(k, hits in the model's own first 100)` items.

    A user without such a hit gets 0. About 1.3 times the textbook value, so the two never belong in one
    column. `hits` must be 100 ranks deep.
    """
    found = np.count_nonzero(hits[:, :KGAT_DEPTH], axis=1)
    ideal = _ideal(np.minimum(k, np.maximum(found, 1)), k)
    return np.where(found > 0, _dcg(hits, k) / ideal, 0.0)


METRICS: dict[str, Callable[[Bool, Int, int], Float]] = {
    "recall": recall,
    "ndcg": ndcg,
    "mrr": mrr,
    "hit_rate": hit_rate,
    "map": average_precision,
    "precision": precision,
}
"""The per-user metrics of every evaluation, by the name they carry before `@k`."""


def coverage(exposure: Int) -> float:
    """Share of the catalogue that anyone was shown. `exposure`: times each item was listed, `[items]`."""
    return float(np.count_nonzero(exposure) / max(len(exposure), 1))


def average_popularity(exposure: Int, popularity: Int) -> float:
    """Mean number of training interactions of a recommended item; both `[items]`."""
    return float(exposure @ popularity.astype(np.float64) / max(int(exposure.sum()), 1))


def gini(exposure: Int) -> float:
    """Inequality of exposure: 0 when all items are listed equally often, near 1 when only one is."""
    counts = np.sort(exposure).astype(np.float64)
    n, total = len(counts), float(counts.sum())
    if n == 0 or total == 0:
        return 0.0
    ranks = np.arange(1, n + 1)
    return float((2 * ranks - n - 1) @ counts / (n * total))


def _count(hits: Bool, k: int) -> Float:
    return np.asarray(np.count_nonzero(hits[:, :k], axis=1), dtype=np.float64)


def _discounts(k: int) -> Float:
    return 1.0 / np.log2(np.arange(2, k + 2))


def _dcg(hits: Bool, k: int) -> Float:
    top = hits[:, :k]
    gains: Float = top @ _discounts(top.shape[1])
    return gains


def _ideal(relevant: Int, k: int) -> Float:
    """Best possible DCG with `relevant` (1..k) relevant items, `[users]`."""
    ideal: Float = np.cumsum(_discounts(k))[relevant - 1]
    return ideal
