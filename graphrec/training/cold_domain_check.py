"""How far corrections are to be believed: tried on source domains that are made to look like targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.adapt.item_scorer import ItemValues
from graphrec.adapt.item_space import ItemSpace
from graphrec.evaluation.metrics import ndcg, recall
from graphrec.sparse.top_k import top_k

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]

SHARES = (0.0, 0.5, 1.0)
"""Shares of the corrections, to choose from."""
_K = 20


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """A group of source domains whose choices were hidden, and what was foretold of their items.

    Args:
        space: of the users by their other choices.
        student, correction: of the hidden items.
        wanted: 0/1 `[num_users, n]`, what was hidden.
        lean: weight of the expected popularity, in units of the scores' spread.
    """

    space: ItemSpace
    student: ItemValues
    correction: ItemValues
    wanted: sp.csr_matrix
    lean: float

    def quality(self, share: float) -> Float:
        """Recall@20 + NDCG@20 among the hidden items, float64 `[n]`, of each user who had chosen any."""
        mixed = self.student.plus(share, self.correction)
        scores = self.space.scores(mixed.values)
        scores = scores + bias_of(self.lean, scores, mixed.popularity)
        rows = np.flatnonzero(np.diff(self.wanted.indptr))
        held = self.wanted[rows].toarray() > 0
        found, _ = top_k(np.asarray(scores[rows], dtype=np.float32), _K)
        hits = np.take_along_axis(held, found, axis=1) & (found >= 0)
        sizes = held.sum(axis=1)
        return np.asarray(recall(hits, sizes, _K) + ndcg(hits, sizes, _K), dtype=np.float64)


def choose_share(groups: Sequence[Rehearsed]) -> tuple[float, dict[float, float]]:
    """The share that finds most of what was hidden; none where the gain is within its standard error over users.

    Returns:
        The choice, and the mean quality by share.
    """
    found = {share: np.concatenate([group.quality(share) for group in groups]) for share in SHARES}
    best = max(SHARES, key=lambda share: float(found[share].mean()))
    gain = found[best] - found[0.0]
    error = float(gain.std()) / max(len(gain), 1) ** 0.5
    means = {share: float(values.mean()) for share, values in found.items()}
    return (best if float(gain.mean()) > error else 0.0), means


def bias_of(lean: float, scores: Float, logs: Float) -> Float:
    """What popularity adds to the items, float32 `[n]`, nothing on average.

    Args:
        scores: `[num_users, n]`.
        logs: `[n]`, expected logarithms.
    """
    spread = float(scores.std(axis=1).mean()) / max(float(logs.std()), 1e-12)
    return np.asarray(lean * spread * (logs - logs.mean()), dtype=np.float32)
