"""Compiled parts of sampling that leaves out given edges, such as those whose existence is to be predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse.compiled import compiled
from graphrec.sparse.sampler_kernels import choose

Int = NDArray[np.integer[Any]]


@compiled
def lower_bound(values: Int, start: int, end: int, wanted: int) -> int:
    """First place in ascending `values[start:end]` whose value is not below `wanted`, `end` if there is none."""
    while start < end:
        middle = (start + end) // 2
        if values[middle] < wanted:
            start = middle + 1
        else:
            end = middle
    return start


@compiled
def allowed_positions(indptr: Int, indices: Int, row: int, sources: Int, first: int, last: int) -> Int:
    """Positions of the edges of one row that `sources[first:last]` do not name."""
    kept = np.empty(indptr[row + 1] - indptr[row], np.int64)
    count = 0
    for position in range(indptr[row], indptr[row + 1]):
        source = indices[position]
        place = lower_bound(sources, first, last, source)
        if place == last or sources[place] != source:
            kept[count] = position
            count += 1
    return kept[:count]


@compiled
def pick_except(
    indptr: Int,
    indices: Int,
    rows: Int,
    fanout: int,
    replace: bool,
    state: np.uint64,
    targets: Int,
    sources: Int,
) -> tuple[Int, Int]:
    """Row starts `[n + 1]` and positions of sampled edges, none of them in the list of pairs.

    Args:
        targets, sources: int64 `[num_excluded]`, sorted by target, then source. A row that the list names is read as
            a whole, any other is sampled as always.
    """
    starts = np.empty(len(rows) + 1, np.int64)
    starts[0] = 0
    firsts, lasts = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    for i in range(len(rows)):
        row = rows[i]
        firsts[i] = lower_bound(targets, 0, len(targets), row)
        lasts[i] = lower_bound(targets, firsts[i], len(targets), row + 1)
        size = indptr[row + 1] - indptr[row]
        if firsts[i] < lasts[i]:
            size = len(allowed_positions(indptr, indices, row, sources, firsts[i], lasts[i]))
        taken = size if fanout < 0 else min(size, fanout)
        if replace and size > 0:
            taken = fanout
        starts[i + 1] = starts[i] + taken
    positions = np.empty(starts[-1], np.int64)
    for i in range(len(rows)):
        row, out = rows[i], positions[starts[i] : starts[i + 1]]
        if firsts[i] < lasts[i]:
            kept = allowed_positions(indptr, indices, row, sources, firsts[i], lasts[i])
            state = choose(out, len(kept), replace, state)
            for j in range(len(out)):
                out[j] = kept[out[j]]
        else:
            state = choose(out, indptr[row + 1] - indptr[row], replace, state)
            for j in range(len(out)):
                out[j] += indptr[row]
    return starts, positions
