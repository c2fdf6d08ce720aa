"""How far adapted values are to be believed: tried on source domains that are made to look like targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graphrec.adapt.item_scorer import ItemValues
from graphrec.adapt.item_space import ItemSpace
from graphrec.training.cold_choice import quality

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the adapted values beside the words' own, to choose from."""
LEANS = (0.0, 0.25, 0.5, 1.0)
"""Weights of the expected popularity, in units of the spread of a user's scores, to choose from."""


@dataclass(frozen=True)
class Mixture:
    """What new scores are made of.

    Args:
        share: of the adapted values; the rest is the content student's.
        lean: of the expected popularity, in units of the scores' spread.
    """

    share: float
    lean: float

    def scores(self, space: ItemSpace, student: ItemValues, adapted: ItemValues) -> Float:
        """Float32 `[num_users, n]`, from values `[n, space.dim]` of either kind, on the student's scale."""
        values = mixed_values(self.share, student.values, adapted.values)
        scores = space.scores(values)
        logs = mixed_logs(self.share, student.popularity, adapted.popularity)
        return np.asarray(scores + bias_of(self.lean, scores, logs), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """A group of source domains whose choices were hidden, and what was predicted of their items.

    Args:
        space: of the users by their other choices.
        student, adapted: values of the hidden items.
        wanted: 0/1 `[num_users, n]`, what was hidden.
    """

    space: ItemSpace
    student: ItemValues
    adapted: ItemValues
    wanted: sp.csr_matrix

    def quality(self, mixture: Mixture) -> float:
        """Recall@20 + NDCG@20 among the hidden items, mean over the users who had chosen any."""
        return quality(mixture.scores(self.space, self.student, self.adapted), self.wanted)


def choose_mixture(
    groups: Sequence[Rehearsed], usual: float
) -> tuple[Mixture, dict[tuple[float, float], float]]:
    """The best mixture over the groups; ties to the smaller share and then to what the bundle does already.

    Args:
        usual: the lean of the bundle's own student.

    Returns:
        The choice, and the mean quality by share and lean.
    """
    leans = [usual, *(lean for lean in LEANS if lean != usual)]
    found = {
        (share, lean): float(np.mean([group.quality(Mixture(share, lean)) for group in groups]))
        for share, lean in product(SHARES, leans)
    }
    best = max(found, key=lambda key: found[key])
    return Mixture(*best), found


def mixed_values(share: float, student: Float, adapted: Float) -> Float:
    """Student and adapted values in given shares, the adapted ones brought to the student's size."""
    return np.asarray(
        (1 - share) * student + share * _size_ratio(student, adapted) * adapted, dtype=np.float32
    )


def mixed_logs(share: float, student: Float, adapted: Float) -> Float:
    """Expected logarithms of popularity in the same shares."""
    return np.asarray((1 - share) * student + share * adapted, dtype=np.float32)


def bias_of(lean: float, scores: Float, logs: Float) -> Float:
    """What popularity adds to the items, float32 `[n]`.

    Args:
        scores: `[num_users, n]`.
        logs: `[n]`, expected logarithms.
    """
    spread = float(scores.std(axis=1).mean()) / max(float(logs.std()), 1e-12)
    return np.asarray(lean * spread * logs, dtype=np.float32)


def _size_ratio(student: Float, adapted: Float) -> float:
    return float(np.linalg.norm(student)) / max(float(np.linalg.norm(adapted)), 1e-12)
