"""The score of every allowed item for one user and query, and the same with one cause taken away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, score_parts
from graphrec.errors import CorruptionError
from graphrec.ranking.cold import COLD_USER, UserState, popularity_prior
from graphrec.ranking.constraints import items_with
from graphrec.ranking.query import GraphQuery

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


WISHES = 0.5
"""What fulfilling every wish is worth, in distances from an average item to the best: on the demo's data a
wished-for ingredient, cuisine or course then fills most of ten places, and taste keeps the rest."""


class Fusion(Protocol):
    """The trained scorer that lets a request steer the personal score."""

    def adjust(
        self, query: GraphQuery, user_index: int | None, history: Int, candidates: Int, base_scores: Float
    ) -> Float:
        """Scores float32 `[len(candidates)]` of the candidates, given the personal ones.

        The score of a candidate may not depend on the other candidates: reasons are checked by scoring the
        recommended items alone.

        Args:
            query: the whole request.
            user_index: row of the user in the bundle, None for a user it was not trained on.
            history: item indices of what the user did.
            candidates: item indices, ascending.
            base_scores: float32 `[len(candidates)]`, the personal score, or popularity for an unknown user.
        """


@dataclass(frozen=True, eq=False)
class Scoring:
    """One ranking problem.

    Args:
        items: allowed item indices, ascending; None for the whole catalogue.
    """

    bundle: Bundle
    user: UserState
    query: GraphQuery
    items: Int | None
    fusion: Fusion | None = None

    @cached_property
    def candidates(self) -> Int:
        """The allowed items, spelled out."""
        return np.arange(self.bundle.catalogue.num_items) if self.items is None else self.items

    @cached_property
    def base(self) -> Float:
        """Personal scores of the allowed items, before the request."""
        return self._base(self.items, None)

    @cached_property
    def final(self) -> Float:
        """Scores that decide the ranking, float32 `[allowed items]`."""
        return self._with_wishes(self.query, self.candidates, self._steered)

    @cached_property
    def _steered(self) -> Float:
        """Scores of the allowed items after the trained request scorer, before the wishes."""
        return self._fused(self.query, self.user.history.items, self.candidates, self.base)

    def rescore(
        self, positions: Int, *, removed: Int | None = None, query: GraphQuery | None = None
    ) -> Float:
        """Scores of some allowed items had a cause been absent.

        Args:
            positions: places in the allowed items.
            removed: positions in the history to take out.
            query: the request to score with instead.
        """
        history = self.user.history if removed is None else self.user.history.without(removed)
        items = self.candidates[positions]
        base = self.base[positions] if removed is None else self._base(items, removed)
        asked = query or self.query
        return self._with_wishes(asked, items, self._fused(asked, history.items, items, base))

    def _base(self, items: Int | None, removed: Int | None) -> Float:
        if self.user.fallback == COLD_USER:
            return popularity_prior(self.bundle.catalogue, items)
        return score_parts(self.bundle.parts, self.user.index, self.user.history, items, removed)

    def _fused(self, query: GraphQuery, history: Int, items: Int, base: Float) -> Float:
        if self.fusion is None or not self.query.has_request or not len(items):
            return base
        scores = np.asarray(self.fusion.adjust(query, self.user.index, history, items, base), np.float32)
        if scores.shape != base.shape or not np.isfinite(scores).all():
            raise CorruptionError(
                f"The request scorer of {self.bundle.path} gave no finite scores; train again."
            )
        return scores

    @cached_property
    def _spread(self) -> float:
        """Distance from an average item to the best."""
        return float(self._steered.max() - self._steered.mean()) or 1.0

    def _with_wishes(self, query: GraphQuery, items: Int, scores: Float) -> Float:
        """Raise what fulfils wishes.

        The trained scorer orders items that have what is wanted; it never saw one that lacks it, so having it
        or not is counted here.
        """
        if not query.should or not len(items):
            return scores
        fulfilled = np.zeros(self.bundle.catalogue.num_items, dtype=np.float32)
        for ref in query.should:
            matching = items_with(self.bundle.catalogue, ref)
            if matching is not None:
                fulfilled[matching] += 1.0
        share = np.float32(WISHES * self._spread / len(self.query.should))
        return np.asarray(scores + share * fulfilled[items], dtype=np.float32)
