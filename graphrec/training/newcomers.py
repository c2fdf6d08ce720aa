"""People of whom only a few choices are shown: who has just arrived, made of those who are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import History, Part
from graphrec.evaluation import evaluate
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

MIN_USERS = 20
"""Fewer users with so many choices teach nothing about that many."""


@dataclass(frozen=True, eq=False)
class Newcomers:
    """People of whom a few choices are shown.

    Args:
        shown: `[n, num_items]`, the choices a scorer sees.
        known: `[n, num_items]`, everything that cannot be recommended: what is shown, and what the model has
            seen of them in training.
        wanted: `[n, num_items]`, the choices it has to find.
        times: rows that follow each other are of one person, who is shown so many times.
    """

    shown: CSR
    known: CSR
    wanted: CSR
    times: int = 1

    @cached_property
    def histories(self) -> list[History]:
        """What is shown of each."""
        rows = [self.shown.row(n).astype(np.int64) for n in range(self.shown.shape[0])]
        return [History(items, np.ones(len(items), dtype=np.float32)) for items in rows]

    def scores(self, part: Part) -> Float:
        """A part's scores, weight included, float32 `[n, num_items]`."""
        return np.stack([np.float32(part.weight) * part.score(None, h) for h in self.histories])

    def quality(self, scores: Float, depth: int) -> Float:
        """Mean recall and NDCG, `[2]`."""
        return np.asarray(self.per_user(scores, depth).mean(axis=1))

    def per_user(self, scores: Float, depth: int) -> Float:
        """Recall and NDCG of each row, `[2, n]`.

        Args:
            scores: `[n, num_items]`; what is known is never recommended.
        """
        found = evaluate(_Given(scores), (self.known, self.wanted), ks=(depth,), slices=False).per_user
        return np.stack([found[f"recall@{depth}"], found[f"ndcg@{depth}"]])


def newcomers(
    train: CSR, held: CSR, users: Int, count: int, rng: np.random.Generator, *, times: int = 1
) -> Newcomers | None:
    """Show `count` choices of each user; None where too few have that many and more.

    Of users that the model was trained on, training rows are shown and held-out ones wanted; of the others, held-out
    ones are shown and the rest of them wanted.

    Args:
        train: `[num_users, num_items]`, what the model has seen.
        held: `[num_users, num_items]`, what it has not.
        users: rows; one who is named again is shown again, with other choices.
        times: how often each is named, one after the other.
    """
    shown: list[Int] = []
    known: list[Int] = []
    wanted: list[Int] = []
    for user in users.tolist():
        seen, hidden = train.row(user), held.row(user)
        pool = rng.permutation(seen if len(seen) else hidden)
        rest = hidden if len(seen) else pool[count:]
        if len(pool) < count or not len(rest):
            continue
        shown.append(pool[:count])
        known.append(pool if len(seen) else pool[:count])
        wanted.append(rest)
    if len(shown) < MIN_USERS:
        return None
    sparse = [_rows(lists, train.shape[1]) for lists in (shown, known, wanted)]
    return Newcomers(sparse[0], sparse[1], sparse[2], times)


def whole(train: CSR, held: CSR, users: Int) -> Newcomers:
    """Users of whom everything that the model has seen is shown, for comparison."""
    shown, wanted = ([rows.row(user) for user in users.tolist()] for rows in (train, held))
    seen = _rows(shown, train.shape[1])
    return Newcomers(seen, seen, _rows(wanted, train.shape[1]))


def _rows(lists: Sequence[Int], num_items: int) -> CSR:
    rows = np.repeat(np.arange(len(lists)), [len(items) for items in lists])
    return CSR.from_coo(rows, np.concatenate(lists), None, (len(lists), num_items))


@dataclass(frozen=True, eq=False)
class _Given:
    """Scores under the contract of evaluation."""

    values: Float

    def score(self, users: Int) -> Float:
        return self.values[users]
