"""The nearest neighbours of every utterance, and scores spread over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

_BLOCK = 1024
KEEP, ROUNDS = 0.4, 3
"""How much of its own score an utterance keeps in a round, and the rounds: after three, a score speaks for about
the utterances of one small intent."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Exact k nearest neighbours by cosine.

    Args:
        index: int64 `[n, k]`, nearest first; never the row itself.
        cosine: float32 `[n, k]`.
    """

    index: Int
    cosine: Float

    @classmethod
    def of(cls, vectors: Float, k: int) -> Neighbours:
        """By brute force in blocks, `O(n^2 dim)`; fewer than k where there are fewer others."""
        count = len(vectors)
        k = min(k, count - 1)
        if k < 1:
            return cls(np.zeros((count, 0), dtype=np.int64), np.zeros((count, 0), dtype=np.float32))
        index = np.empty((count, k), dtype=np.int64)
        cosine = np.empty((count, k), dtype=np.float32)
        for start in range(0, count, _BLOCK):
            block = vectors[start : start + _BLOCK] @ vectors.T
            rows = np.arange(len(block))
            block[rows, start + rows] = -np.inf
            nearest = np.argpartition(-block, k - 1, axis=1)[:, :k]
            values = np.take_along_axis(block, nearest, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            index[start : start + len(block)] = np.take_along_axis(nearest, order, axis=1)
            cosine[start : start + len(block)] = np.take_along_axis(values, order, axis=1)
        return cls(index, cosine)

    def first(self, k: int) -> Neighbours:
        """The k nearest of them."""
        return Neighbours(self.index[:, :k], self.cosine[:, :k])

    def spread(self, scores: Float, *, keep: float = KEEP, rounds: int = ROUNDS) -> Float:
        """Scores averaged over neighbours, `s <- keep s + (1 - keep) mean(s of the neighbours)`, a few times.

        One utterance is weak evidence that an intent is new; that its nearest neighbours fit no better is strong
        evidence (label propagation; Zhou et al., "Learning with local and global consistency", NIPS 2003).
        """
        if not self.index.shape[1]:
            return scores
        for _ in range(rounds):
            scores = keep * scores + (1 - keep) * scores[self.index].mean(axis=1)
        return scores
