"""One level of balanced spherical 2-means: every node of a tree level parts its rows into two halves of one size.

The nodes of a level are worked on together, in groups of bounded size: per round one product of a group's rows with its
centres and one sort of its scores, however many nodes it holds. A level of ogbn-products has up to 32,768 nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.text.split_rows import DenseRows, SparseRows

if TYPE_CHECKING:
    import scipy.sparse as sp

    Matrix: TypeAlias = sp.csr_matrix | NDArray[np.float32]

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
BLOCK_BYTES = 2**26
_SPARSE_BYTES = 2**19
"""Sparse rows are grouped only where nodes are so small that each would cost more in calls than in products."""


class _Rows(Protocol):
    """Rows of a group of nodes, in the order of the nodes."""

    def apart(self, right: Int64, left: Int64) -> NDArray[np.float32]:
        """Scores `<z_right - z_left, z_i>` of every row, for one row on either side per node."""

    def halves(self, right: Bool) -> NDArray[np.float32]:
        """Scores `<unit(sum of the right half) - unit(sum of the left half), z_i>` of every row."""


def split_level(
    z: Matrix, order: Int64, starts: Int64, draws: Int64, iterations: int, block_bytes: int = BLOCK_BYTES
) -> tuple[Int64, Int64]:
    """Split every node of a level in two.

    Args:
        z: rows `[num_rows, dim]`, CSR or dense.
        order: int64 `[num_rows]`, row ids node by node, ascending within a node.
        starts: int64 `[num_nodes + 1]`, where each node's rows start in `order`; a node has two rows or more.
        draws: int64 `[num_nodes, 2]`, non-negative: what decides the two rows that a split starts from.
        iterations: most rounds.
        block_bytes: size of the pieces in which rows are worked on.

    Returns:
        `order` and `starts` of the level below, with twice as many nodes.

    Raises:
        InvalidInputError: a row is not finite.
    """
    middle = (starts[:-1] + starts[1:]) // 2
    below = np.empty_like(order)
    for first, last in _groups(z, order, starts, block_bytes):
        low, high = int(starts[first]), int(starts[last])
        local = starts[first : last + 1] - low
        rows = order[low:high]
        right = _parted(z, rows, local, draws[first:last], iterations, block_bytes)
        below[low:high] = rows[np.argsort(2 * _node_of(local) + right, kind="stable")]
    new_starts = np.empty(2 * len(starts) - 1, dtype=np.int64)
    new_starts[::2], new_starts[1::2] = starts, middle
    return below, new_starts


def _parted(z: Matrix, rows: Int64, starts: Int64, draws: Int64, iterations: int, block_bytes: int) -> Bool:
    """Whether each row goes to the right half of its node. Nodes that have settled are left out of later rounds."""
    right = np.zeros(len(rows), dtype=bool)
    sizes = np.diff(starts)
    seat = draws[:, 0] % sizes
    other = (seat + 1 + draws[:, 1] % (sizes - 1)) % sizes
    live, place = (
        np.arange(len(sizes)),
        np.arange(len(rows)),
    )  # nodes still moving, and where their rows stand
    view = _rows_of(z, rows, starts, block_bytes)
    scores = view.apart(starts[:-1] + seat, starts[:-1] + other)
    for done in range(1, iterations + 1):
        now = _upper_halves(scores, starts)
        moved = (
            np.logical_or.reduceat(now != right[place], starts[:-1]) if done > 1 else np.ones(len(live), bool)
        )
        right[place] = now
        if done == iterations or not moved.any():
            break
        if 2 * int(moved.sum()) <= len(live):
            kept = np.repeat(moved, np.diff(starts))
            live, place, now = live[moved], place[kept], now[kept]
            starts = np.concatenate([[0], np.cumsum(np.diff(starts)[moved])])
            view = _rows_of(z, rows[place], starts, block_bytes)
        scores = view.halves(now)
    return right


def _upper_halves(scores: NDArray[np.float32], starts: Int64) -> Bool:
    """The rows of each node that score above its lower half (one row fewer, if odd); of equals, the later rows."""
    if not np.isfinite(scores).all():
        raise InvalidInputError("A label embedding is not finite; a label tree needs finite rows.")
    single = len(starts) == 2
    rank = np.argsort(scores, kind="stable") if single else np.lexsort((scores, _node_of(starts)))
    upper = np.ones(len(scores), dtype=bool)
    sizes = np.diff(starts)
    within = np.arange(len(scores)) - np.repeat(starts[:-1], sizes)
    upper[rank] = within >= np.repeat(sizes // 2, sizes)
    return upper


def _rows_of(z: Any, rows: Int64, starts: Int64, block_bytes: int) -> _Rows:
    if isinstance(z, np.ndarray):
        return DenseRows(z, rows, starts, block_bytes)
    return SparseRows(z, rows, starts)


def _groups(z: Any, order: Int64, starts: Int64, block_bytes: int) -> list[tuple[int, int]]:
    """Runs of nodes whose rows fit into a block together; a node that does not is a run of its own."""
    if isinstance(z, np.ndarray):
        weight = np.diff(starts) * z.shape[1] * 4
    else:
        entries = np.concatenate([[0], np.cumsum(np.diff(z.indptr)[order], dtype=np.int64)])
        weight = np.diff(entries[starts]) * 8
        block_bytes = min(block_bytes, _SPARSE_BYTES)
    ends = np.cumsum(weight)
    groups, first = [], 0
    while first < len(weight):
        spent = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, spent + block_bytes, side="right")), first + 1)
        groups.append((first, last))
        first = last
    return groups


def _node_of(starts: Int64) -> Int64:
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))
