"""Sums, maxima and softmaxes over the rows of a CSR matrix, in plain NumPy.

A segment is a run of entries: segment `i` is `values[indptr[i]:indptr[i + 1]]`, and may be empty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


def segment_sum(values: Float, indptr: Int) -> Float:
    """Sum of each segment, 0 for an empty one.

    Args:
        values: `[num_entries]` or `[num_entries, dim]`.
        indptr: `[num_segments + 1]`, from 0 to `num_entries`, never falling.

    Returns:
        `[num_segments]` or `[num_segments, dim]`, the dtype of `values`.
    """
    return _reduce(np.add, values, indptr, 0)


def segment_max(values: Float, indptr: Int) -> Float:
    """Largest entry of each segment, minus infinity for an empty one; arguments as in :func:`segment_sum`."""
    return _reduce(np.maximum, values, indptr, -np.inf)


def segment_mean(values: Float, indptr: Int) -> Float:
    """Mean of each segment, 0 for an empty one; arguments as in :func:`segment_sum`."""
    sizes = np.maximum(np.diff(indptr), 1).astype(values.dtype)
    means: Float = segment_sum(values, indptr) / sizes.reshape(-1, *[1] * (values.ndim - 1))
    return means


def segment_softmax(scores: Float, indptr: Int) -> Float:
    """Softmax within each segment: `exp(s_j) / sum_k exp(s_k)` over the entries `k` of the segment of `j`.

    The largest score is taken off first, so that no exponential overflows. An entry of minus infinity gets 0;
    a segment of nothing else gets zeros.

    Args:
        scores: `[num_entries]` or `[num_entries, dim]` (each column by itself); no NaN, no plus infinity.
        indptr: `[num_segments + 1]`.

    Returns:
        Shape and dtype of `scores`; every segment with a finite score sums to 1.
    """
    sizes = np.diff(indptr)
    peaks = segment_max(scores, indptr)
    peaks = np.where(np.isneginf(peaks), np.zeros_like(peaks), peaks)
    weights = np.exp(scores - np.repeat(peaks, sizes, axis=0))
    totals = segment_sum(weights, indptr)
    totals = np.where(totals == 0, np.ones_like(totals), totals)
    shares: Float = weights / np.repeat(totals, sizes, axis=0)
    return shares


def _reduce(operation: np.ufunc, values: Float, indptr: Int, empty: float) -> Float:
    _check(values, indptr)
    result = np.full((len(indptr) - 1, *values.shape[1:]), empty, dtype=values.dtype)
    filled = np.flatnonzero(np.diff(indptr))
    # `reduceat` gives an empty segment the entry that follows it, so only filled ones are asked for: their
    # starts rise strictly, and each ends where the next begins.
    if len(filled):
        result[filled] = operation.reduceat(values, indptr[filled], axis=0)
    return result


def _check(values: Float, indptr: Int) -> None:
    if len(indptr) == 0 or indptr[0] != 0 or indptr[-1] != len(values) or (np.diff(indptr) < 0).any():
        ends = "nothing" if len(indptr) == 0 else f"{int(indptr[0])} to {int(indptr[-1])}"
        raise InvalidInputError(
            f"indptr must rise from 0 to the number of entries, {len(values)}; it goes from {ends}."
        )
