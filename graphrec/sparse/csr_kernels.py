"""Compiled passes of building a CSR graph by two counting sorts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse.compiled import compiled

Int = NDArray[np.integer[Any]]


@compiled
def count_edges(sources: Int, targets: Int, by_source: Int, by_target: Int, both: bool) -> int:
    """Add to the number of edges of each source and target; returns a place whose edge is out of range, or -1.

    With `both` an edge counts for each of its ends in `by_source`, a self-loop once.
    """
    for e in range(len(sources)):
        source, target = sources[e], targets[e]
        if source < 0 or target < 0 or source >= len(by_source) or target >= len(by_target):
            return e
        by_source[source] += 1
        if not both:
            by_target[target] += 1
        elif source != target:
            by_source[target] += 1
    return -1


@compiled
def scatter_by_source(
    sources: Int, targets: Int, free: Int, columns: Int, edges: Int, first: int, both: bool
) -> None:
    """Write targets into the rows of their sources; `free` is the next free place of each row.

    `edges` gets the number of each edge, counted from `first`, unless it is empty.
    """
    numbered = len(edges) > 0
    for e in range(len(sources)):
        source, target = sources[e], targets[e]
        place = free[source]
        free[source] = place + 1
        columns[place] = target
        if numbered:
            edges[place] = first + e
        if both and source != target:
            place = free[target]
            free[target] = place + 1
            columns[place] = source
            if numbered:
                edges[place] = first + e


@compiled
def transpose(
    ends: Int, columns: Int, edges: Int, starts: Int, free: Int, out: Int, out_edges: Int, distinct: bool
) -> None:
    """Write each row's number into the rows that its columns name; these come out ascending, twins side by side.

    Args:
        ends: where each row of `columns` ends.
        starts, free: where each row of `out` starts, and its next free place (changed).
        distinct: leave out an entry equal to the one before it.
    """
    numbered = len(edges) > 0
    place = 0
    for row in range(len(ends)):
        while place < ends[row]:
            target = columns[place]
            end = free[target]
            if not (distinct and end > starts[target] and out[end - 1] == row):
                out[end] = row
                free[target] = end + 1
                if numbered:
                    out_edges[end] = edges[place]
            place += 1


@compiled
def close_gaps(starts: Int, ends: Int, values: Int) -> int:
    """Move rows `starts[i]:ends[i]` together, to the front; returns how many entries there are."""
    place = 0
    for row in range(len(ends)):
        for old in range(starts[row], ends[row]):
            values[place] = values[old]
            place += 1
    return place
