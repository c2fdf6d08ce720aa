"""Full ranking in blocks of users: score all items, mask the seen ones, keep the best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR
from graphrec.sparse.top_k import top_k

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

BLOCK_BYTES = 256 * 2**20
"""A block of float32 scores is at most this large."""
MAX_BLOCK = 4096


class Scorer(Protocol):
    """Anything that gives every item a score: a model, a bundle's scorer, a wrapped array."""

    def score(self, users: Int) -> Float:
        """Scores `[len(users), num_items]`, higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class RankedBlock:
    """The best items of some users: `users` int64 `[n]`, `items` int64 `[n, depth]`, -1 after the end."""

    users: Int
    items: Int


def block_size(num_items: int) -> int:
    """Users per block so that its scores stay within :data:`BLOCK_BYTES`."""
    return int(np.clip(BLOCK_BYTES // (4 * max(num_items, 1)), 1, MAX_BLOCK))


def rank(
    scorer: Scorer,
    users: Int,
    seen: CSR,
    depth: int,
    *,
    candidates: Int | None = None,
    block: int | None = None,
) -> Iterator[RankedBlock]:
    """Rank all items that a user has not seen, a block of users at a time.

    Args:
        users: int `[n]`, rows of `seen`.
        seen: `[num_users, num_items]`; its entries are never recommended.
        depth: length of the lists.
        candidates: item ids that may be recommended; all when None.
        block: users per block; chosen by memory when None.

    Raises:
        InvalidInputError: scores of the wrong shape, or NaN.
    """
    step = block or block_size(seen.shape[1])
    banned = None
    if candidates is not None:
        banned = np.ones(seen.shape[1], dtype=bool)
        banned[candidates] = False
    for start in range(0, len(users), step):
        batch = users[start : start + step]
        yield RankedBlock(
            batch, _rank_block(_checked_scores(scorer, batch, seen), batch, seen, depth, banned)
        )


def _checked_scores(scorer: Scorer, users: Int, seen: CSR) -> Float:
    scores = scorer.score(users)
    expected = (len(users), seen.shape[1])
    if scores.shape != expected:
        raise InvalidInputError(f"The scores must have shape {expected}, but {scores.shape} was given.")
    broken = np.isnan(scores.max(axis=1)) if scores.size else np.zeros(0, dtype=bool)
    if broken.any():
        user = int(users[np.flatnonzero(broken)[0]])
        raise InvalidInputError(f"The scores of user {user} hold NaN; the model diverged or was not fitted.")
    return scores


def _rank_block(scores: Float, users: Int, seen: CSR, depth: int, banned: NDArray[np.bool_] | None) -> Int:
    if not scores.flags.writeable or banned is not None:
        scores = scores.copy()
    if banned is not None:
        scores[:, banned] = -np.inf
    rows, cols = entries(seen, users)
    hidden = scores[rows, cols]
    scores[rows, cols] = -np.inf
    ids, _ = top_k(scores, depth)
    scores[rows, cols] = hidden  # a scorer may have handed out its own memory
    return ids


def entries(matrix: CSR, rows: Int) -> tuple[Int, Int]:
    """Stored coordinates of some rows: position within `rows` and column, both int64 `[nnz of the rows]`."""
    starts, counts = matrix.indptr[rows], matrix.indptr[rows + 1] - matrix.indptr[rows]
    local = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
    offset = np.arange(len(local), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    return local, matrix.indices[np.repeat(starts, counts) + offset].astype(np.int64)
