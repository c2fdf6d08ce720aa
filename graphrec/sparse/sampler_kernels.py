"""Compiled parts of neighbour sampling: which entries of a row are taken, and new numbers for the nodes found.

Each kernel makes one pass over arrays without branching on what it reads where it can, so that many cache misses
are under way at once: on graphs of millions of nodes waiting for memory is nearly all of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse.compiled import compiled
from graphrec.sparse.random_draws import draw_below

Int = NDArray[np.integer[Any]]

_ZERO, _ONE = np.uint64(0), np.uint64(1)
BITS = 64
"""Rows up to this length keep what was drawn in the bits of one word."""


@compiled
def row_starts(indptr: Int, rows: Int, fanout: int, replace: bool) -> tuple[Int, Int]:
    """Where each row begins in the graph, `[n]`, and in the sample, `[n + 1]`. Fanout -1 takes whole rows."""
    begins = np.empty(len(rows), np.int64)
    starts = np.empty(len(rows) + 1, np.int64)
    starts[0] = 0
    for i in range(len(rows)):
        begin = indptr[rows[i]]
        degree = indptr[rows[i] + 1] - begin
        begins[i] = begin
        taken = degree if fanout < 0 else min(degree, fanout)
        if replace and fanout > 0 and degree > 0:
            taken = fanout
        starts[i + 1] = starts[i] + taken
    return begins, starts


@compiled
def pick_positions(indptr: Int, rows: Int, begins: Int, starts: Int, replace: bool, state: np.uint64) -> Int:
    """Positions of the sampled entries, `[starts[-1]]`; a row's share is what `starts` leaves room for."""
    positions = np.empty(starts[-1], np.int64)
    for i in range(len(rows)):
        begin = begins[i]
        degree = indptr[rows[i] + 1] - begin
        out = positions[starts[i] : starts[i + 1]]
        state = choose(out, degree, replace, state)
        for j in range(len(out)):
            out[j] += begin
    return positions


@compiled
def choose(out: Int, size: int, replace: bool, state: np.uint64) -> np.uint64:
    """Fill `out` with places in `0..size-1`, uniform over subsets (or over sequences with `replace`)."""
    count = len(out)
    if replace:
        return _with_replacement(out, size, state)
    if count == size:
        for j in range(count):
            out[j] = j
        return state
    if size <= BITS:
        return _floyd_bits(out, size, state)
    if count * count <= 4 * size:
        return _floyd_scan(out, size, state)
    return _in_order(out, size, state)


@compiled
def _with_replacement(out: Int, size: int, state: np.uint64) -> np.uint64:
    for j in range(len(out)):
        drawn, state = draw_below(state, np.uint64(size))
        out[j] = np.int64(drawn)
    return state


@compiled
def _floyd_bits(out: Int, size: int, state: np.uint64) -> np.uint64:
    """Floyd's subset (Bentley and Floyd, CACM 1987): draw below j + 1; if that is taken, take j."""
    taken = _ZERO
    first = size - len(out)
    for k in range(len(out)):
        last = np.uint64(first + k)
        drawn, state = draw_below(state, last + _ONE)
        drawn = last if (taken >> drawn) & _ONE else drawn
        taken |= _ONE << drawn
        out[k] = np.int64(drawn)
    return state


@compiled
def _floyd_scan(out: Int, size: int, state: np.uint64) -> np.uint64:
    """The same for long rows; few are taken, so that looking through them costs little."""
    first = size - len(out)
    for k in range(len(out)):
        drawn, state = draw_below(state, np.uint64(first + k + 1))
        place = np.int64(drawn)
        found = False
        for j in range(k):
            found |= out[j] == place
        out[k] = first + k if found else place
    return state


@compiled
def _in_order(out: Int, size: int, state: np.uint64) -> np.uint64:
    """Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): one draw per entry of the row."""
    taken = 0
    for place in range(size):
        if taken == len(out):
            break
        drawn, state = draw_below(state, np.uint64(size - place))
        out[taken] = place
        taken += int(drawn) < len(out) - taken
    return state


@compiled
def renumber(
    indices: Int, positions: Int, local: NDArray[np.int32], base: int, nodes: Int, count: int
) -> tuple[NDArray[np.int32], Int, int]:
    """Local numbers of the sources at `positions`; new sources are appended to the nodes.

    Args:
        local: int32 `[num_nodes]`; entry v is `base` + local number of node v, less than `base` if v is new.
        nodes: int64, node of each local number; the first `count` are in use.

    Returns:
        Local numbers `[len(positions)]`, the grown `nodes`, and how many are in use; minus one less the position
        in `positions` of an entry outside `0..num_nodes-1` instead, if there is one.
    """
    found = np.empty(len(positions), np.int32)
    # One place more than can be needed: every source is written, and only a new one moves the end.
    grown = np.empty(count + len(positions) + 1, np.int64)
    grown[:count] = nodes[:count]
    limit = np.uint64(len(local))
    for e in range(len(positions)):
        source = np.int64(indices[positions[e]])
        if np.uint64(source) >= limit:
            return found, grown, -1 - e
        known = int(local[source])
        new = known < base
        number = base + count if new else known
        local[source] = number
        grown[count] = source
        count += new
        found[e] = number - base
    return found, grown, count
