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
from graphrec.training.cold_choice import quality

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]

SHARES = (0.0, 0.5, 1.0)
"""Shares of the corrections, to choose from."""
DOUBT = 2.0
"""Standard errors that a gain must exceed: a correction that is not needed costs more than one that is missed."""


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """A group of source domains whose choices were hidden, and what was foretold of their items.

    Args:
        space: of the users by their other choices.
        student, correction: of the hidden items.
        wanted: 0/1 `[num_users, n]`, what was hidden.
        domain: int64 `[n]`, of the hidden items.
        lean: weight of the expected popularity, in units of the scores' spread.
    """

    space: ItemSpace
    student: ItemValues
    correction: ItemValues
    wanted: sp.csr_matrix
    domain: Int
    lean: float

    def quality(self, share: float) -> Float:
        """Recall@20 + NDCG@20 among the items of each hidden domain, float64 `[num_hidden]`, mean over its users.

        Domains are looked at one by one: which of several stands higher is the same for everybody, and one popular
        domain that happens to rise would pass for a better model.
        """
        mixed = self.student.plus(share, self.correction)
        scores = self.space.scores(mixed.values)
        scores = np.asarray(scores + bias_of(self.lean, scores, mixed.popularity), dtype=np.float32)
        own = [np.flatnonzero(self.domain == number) for number in np.unique(self.domain)]
        return np.array([quality(scores[:, rows], self.wanted[:, rows].tocsr()) for rows in own])


def choose_share(groups: Sequence[Rehearsed]) -> tuple[float, dict[float, float]]:
    """The share that finds most of what was hidden; none where the gain is within twice its error over domains.

    Returns:
        The choice, and the mean quality over domains by share.
    """
    found = {share: np.concatenate([group.quality(share) for group in groups]) for share in SHARES}
    best = max(SHARES, key=lambda share: float(found[share].mean()))
    gain = found[best] - found[0.0]
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5 if len(gain) > 1 else 0.0
    means = {share: float(values.mean()) for share, values in found.items()}
    return (best if float(gain.mean()) > DOUBT * error else 0.0), means


def bias_of(lean: float, scores: Float, logs: Float) -> Float:
    """What popularity adds to the items, float32 `[n]`, nothing on average.

    Args:
        scores: `[num_users, n]`.
        logs: `[n]`, expected logarithms.
    """
    spread = float(scores.std(axis=1).mean()) / max(float(logs.std()), 1e-12)
    return np.asarray(lean * spread * (logs - logs.mean()), dtype=np.float32)
