"""Exact top-k for one user, with one order for equal scores on every machine and in every run.

One product over a million rows of 64 is bound by memory, not by the selection: cutting it into blocks
measured no faster, so the scores are kept whole (4 bytes an item).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

_GROUP = 64


def top_k(scores: Float, k: int, rank: Int) -> Int:
    """Positions of the k best scores, best first; equal scores in ascending `rank`.

    Args:
        scores: float `[n]`, no NaN.
        k: how many; more than n counts as n.
        rank: int `[n]`, distinct: the place of each item's external id in sorted order.

    Returns:
        int64 `[min(k, n)]`.
    """
    k = min(k, len(scores))
    if k <= 0:
        return np.zeros(0, dtype=np.int64)
    near = np.flatnonzero(scores >= _lower_bound(scores, k))
    if len(near) > 4 * k + 256:
        near = np.asarray(_cut(scores, k, rank, near))
    order = np.lexsort((rank[near], -scores[near]))[:k]
    best: Int = near[order]
    return best


def _lower_bound(scores: Float, k: int) -> float:
    """A value that at least k scores reach: the k-th best of the maxima of disjoint groups."""
    groups = len(scores) // _GROUP
    if groups < 4 * k:
        return float(np.partition(scores, len(scores) - k)[len(scores) - k])
    maxima = scores[: groups * _GROUP].reshape(_GROUP, groups).max(axis=0)
    return float(np.partition(maxima, groups - k)[groups - k])


def _cut(scores: Float, k: int, rank: Int, near: Int) -> Int:
    """Exactly k of many candidates; where the last place is tied, the lowest ranks get it."""
    values = scores[near]
    kth = np.partition(values, len(values) - k)[len(values) - k]
    above, ties = near[values > kth], near[values == kth]
    missing = k - len(above)
    if len(ties) > missing:
        ties = ties[np.argpartition(rank[ties], missing - 1)[:missing]]
    return np.concatenate([above, ties])
