"""The k best columns of each row, ties broken by the lower column: the same list on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

_GROUP = 16
_CROWD = 8


def top_k(scores: Float, k: int) -> tuple[Int, Float]:
    """Rank the columns of each row by descending score, equal scores by ascending column.

    A column of score `-inf` is not allowed and never returned; a row with fewer than `k` allowed columns ends
    in id -1 and score `-inf`.

    Args:
        scores: `[rows, cols]`, no NaN.
        k: how many; more than `cols` counts as `cols`.

    Returns:
        ids int64 `[rows, min(k, cols)]` and their scores, same shape and the dtype of `scores`.
    """
    rows, cols = scores.shape
    k = min(k, cols)
    ids = np.full((rows, k), -1, dtype=np.int64)
    values = np.full((rows, k), -np.inf, dtype=scores.dtype)
    if rows == 0 or k <= 0:
        return ids, values
    threshold = _lower_bound(scores, k)
    candidate = scores >= threshold[:, None]
    counts = np.count_nonzero(candidate, axis=1)
    crowded = (counts > _CROWD * k + 64) | np.isneginf(threshold)
    candidate[crowded] = False
    _place(scores, candidate, ids, values)
    for row in np.flatnonzero(crowded):
        chosen = _row_top_k(scores[row], k)
        ids[row, : len(chosen)] = chosen
        values[row, : len(chosen)] = scores[row, chosen]
    return ids, values


def top_k_mask(scores: Float, k: int, *, above: float = -np.inf) -> NDArray[np.bool_]:
    """Which columns are among the k best of their row, unordered: quicker than :func:`top_k` for a large k.

    Args:
        scores: `[rows, cols]`, no NaN.
        above: only scores greater than this count.

    Returns:
        bool `[rows, cols]`; of equal scores at the border the lower columns are marked.
    """
    cols = scores.shape[1]
    if k >= cols or len(scores) == 0:
        return np.asarray(scores > above)
    if k <= 0:
        return np.zeros(scores.shape, dtype=bool)
    kth = np.partition(scores, cols - k, axis=1)[:, cols - k]
    mask = np.asarray(scores > np.maximum(kth, above)[:, None])
    room = k - np.count_nonzero(mask, axis=1)
    for row in np.flatnonzero(kth > above):
        mask[row, np.flatnonzero(scores[row] == kth[row])[: room[row]]] = True
    return mask


def _lower_bound(scores: Float, k: int) -> Float:
    """A value per row that at least `k` columns reach: the k-th best of the maxima of disjoint column groups.

    Three times quicker than partitioning whole rows, and the few columns above it can be sorted exactly.
    """
    cols = scores.shape[1]
    groups = cols // _GROUP
    if groups < 2 * k:
        return np.partition(scores, cols - k, axis=1)[:, cols - k]
    maxima = scores[:, : groups * _GROUP].reshape(len(scores), _GROUP, groups).max(axis=1)
    bound: Float = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    return bound


def _place(scores: Float, candidate: NDArray[np.bool_], ids: Int, values: Float) -> None:
    """Sort the candidates of all rows at once and write the first k of each row."""
    cols, k = scores.shape[1], ids.shape[1]
    flat = np.flatnonzero(candidate)
    row, col = np.divmod(flat, cols)
    value = scores.ravel()[flat] if scores.flags.c_contiguous else scores[row, col]
    order = np.lexsort((-value, row))  # stable, and `flat` ascends: equal scores keep the lower column first
    row, col, value = row[order], col[order], value[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    kept = rank < k
    ids[row[kept], rank[kept]] = col[kept]
    values[row[kept], rank[kept]] = value[kept]


def _row_top_k(row: Float, k: int) -> Int:
    """One row in which many columns tie or few are allowed."""
    kth = np.partition(row, len(row) - k)[len(row) - k]
    above = np.flatnonzero(row > kth)
    if np.isneginf(kth):
        chosen = above
    else:
        chosen = np.concatenate([above, np.flatnonzero(row == kth)[: k - len(above)]])
    order: Int = chosen[np.lexsort((chosen, -row[chosen]))]
    return order
