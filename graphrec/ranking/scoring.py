"""The score of every allowed item for one user and query, and the same with one cause taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, History, score_parts
from graphrec.errors import CorruptionError
from graphrec.ranking.cold import COLD_USER, UserState, popularity_prior
from graphrec.ranking.cold_users import ColdUsers, Mixture, trained_cold_users
from graphrec.ranking.constraints import items_with
from graphrec.ranking.memory_term import MemoryTerm
from graphrec.ranking.query import GraphQuery, NodeRef

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


WISHES = 0.5
"""What fulfilling every wish is worth, in distances from an average item to the best: on the demo's data a
wished-for ingredient, cuisine or course then fills most of ten places, and taste keeps the rest."""

LIKES = 0.25
"""What having one thing that the user once said they like is worth, in the same distances: half a wish, for it holds
in general and was not asked for now. The second is worth half of the first, and so on: two likes in all. On the
demo's data a liked cuisine then takes 1.6 of ten places where it had 0.4; at 0.5 it would take 4.5."""

DISLIKES = 1.0
"""What having one thing that is rather not wanted costs, in the same distances, the second half as much, and so on:
enough to bring the best item down to the average ones, and never out of the list when little else is left. On the
demo's data an ingredient that 2.2 of ten items have then is in none of them; at 0.5 it would be in 0.6."""


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
        memory: how the user's live events are read, where the bundle carries that.
    """

    bundle: Bundle
    user: UserState
    query: GraphQuery
    items: Int | None
    fusion: Fusion | None = None
    memory: MemoryTerm | None = None

    @cached_property
    def candidates(self) -> Int:
        """The allowed items, spelled out."""
        return np.arange(self.bundle.catalogue.num_items) if self.items is None else self.items

    @cached_property
    def base(self) -> Float:
        """Personal scores of the allowed items, before the request."""
        return self._base(self.items, None, self.query)

    @cached_property
    def final(self) -> Float:
        """Scores that decide the ranking, float32 `[allowed items]`."""
        return self._with_tastes(self.query, self.candidates, self._steered)

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
        asked = query or self.query
        kept = removed is None and (
            query is None or (self.memory is None and self._likes(query) == self._likes(self.query))
        )
        base = self.base[positions] if kept else self._base(items, removed, asked)
        return self._with_tastes(asked, items, self._fused(asked, history.items, items, base))

    def contributions(self, items: Int) -> Float:
        """What each history entry adds to the personal score of some items, float32 `[history, len(items)]`."""
        user, history = self.user, self.user.history
        out = np.zeros((len(history), len(items)), dtype=np.float32)
        if user.fallback == COLD_USER:
            return out
        mixture = self._mixture
        own = 1.0 if mixture is None else mixture.trained
        for part in self.bundle.parts if own else ():
            out += np.float32(own * part.weight) * part.contributions(user.index, history, items)
        if self._cold is not None and mixture is not None and own < 1:
            liked = self._liked(self.query)
            out += self._cold.contributions(self.bundle.parts, mixture, history, liked, items)
        return out

    def _base(self, items: Int | None, removed: Int | None, query: GraphQuery) -> Float:
        liked = self._liked(query)
        if self.user.fallback == COLD_USER and self._mixture is None:
            return popularity_prior(self.bundle.catalogue, items)
        history = self.user.history if removed is None else self.user.history.without(removed)
        scores = self._personal(items, removed, history, liked)
        if self.memory is None or not self.memory.concerns(self.user):
            return scores
        return scores + self.memory.score(history, query, items)

    def _personal(self, items: Int | None, removed: Int | None, history: History, liked: History) -> Float:
        """The model's own score and that of a user with little evidence, as the mixture has them."""
        mixture = self._mixture
        if mixture is None or self._cold is None or mixture.trained == 1:
            return score_parts(self.bundle.parts, self.user.index, self.user.history, items, removed)
        popularity = self.bundle.catalogue.popularity
        scores = self._cold.score(self.bundle.parts, popularity, mixture, history, liked, items)
        if mixture.trained == 0:
            return scores
        own = score_parts(self.bundle.parts, self.user.index, self.user.history, items, removed)
        return np.asarray(scores + np.float32(mixture.trained) * own, dtype=np.float32)

    @cached_property
    def _cold(self) -> ColdUsers | None:
        return trained_cold_users(self.bundle)

    @cached_property
    def _mixture(self) -> Mixture | None:
        """What counts how much for this user; None where popularity, or the model alone, decides.

        It is that of everything known, also where one cause is taken away: the score then lacks what the cause
        said, and nothing else about the user has changed.
        """
        if self._cold is None:
            return None
        liked = self._liked(self.query)
        if self.user.fallback == COLD_USER and not len(liked):
            return None
        index, starts = self.user.index, self.bundle.history.indptr
        degree = None if index is None else int(starts[index + 1] - starts[index])
        return self._cold.mixture(self.user.history, liked, degree)

    def _likes(self, query: GraphQuery) -> tuple[NodeRef, ...]:
        """What the user once said they like, where that says something about the personal score."""
        return () if self._cold is None else tuple(_wishes_and_likes(query)[1])

    def _liked(self, query: GraphQuery) -> History:
        """The likes as evidence."""
        if self._cold is None or not query.taught:
            return History()
        catalogue = self.bundle.catalogue
        found = [items_with(catalogue, ref) for ref in self._likes(query)]
        return self._cold.liked(catalogue, [items for items in found if items is not None])

    def _fused(self, query: GraphQuery, history: Int, items: Int, base: Float) -> Float:
        if self.fusion is None or not self.query.has_request or not len(items):
            return base
        # What the user once said would count as asked for now, and drown what is.
        asked = query.untaught()
        scores = np.asarray(self.fusion.adjust(asked, self.user.index, history, items, base), np.float32)
        if scores.shape != base.shape or not np.isfinite(scores).all():
            raise CorruptionError(
                f"The request scorer of {self.bundle.path} gave no finite scores; train again."
            )
        return scores

    @cached_property
    def _spread(self) -> float:
        """Distance from an average item to the best."""
        return float(self._steered.max() - self._steered.mean()) or 1.0

    def _with_tastes(self, query: GraphQuery, items: Int, scores: Float) -> Float:
        """Raise what fulfils wishes or is liked, lower what is not.

        The trained scorer orders items that have what is wanted; it never saw one that lacks it, so having it
        or not is counted here. Wishes share one weight: they are fulfilled when all of them are. Likes and dislikes
        are not shared out: someone who dislikes ten things minds each of them as much as someone who dislikes one.
        """
        if not (query.should or query.should_not) or not len(items):
            return scores
        wishes, likes = _wishes_and_likes(query)
        change = np.zeros(len(items), dtype=np.float32)
        if wishes:
            # The share is that of the whole query: a wish taken away to be checked leaves the others as they were.
            share = WISHES / max(len(_wishes_and_likes(self.query)[0]), len(wishes))
            change += np.float32(share) * self._counts(wishes, items)
        if likes:
            change += np.float32(LIKES) * _halving(self._counts(likes, items))
        if query.should_not:
            change -= np.float32(DISLIKES) * _halving(self._counts(query.should_not, items))
        return np.asarray(scores + np.float32(self._spread) * change, dtype=np.float32)

    def _counts(self, refs: Iterable[NodeRef], items: Int) -> Float:
        """How many of some nodes each item has, float32 `[len(items)]`."""
        counts = np.zeros(self.bundle.catalogue.num_items, dtype=np.float32)
        for ref in refs:
            matching = items_with(self.bundle.catalogue, ref)
            if matching is not None:
                counts[matching] += 1.0
        return np.asarray(counts[items])


def _wishes_and_likes(query: GraphQuery) -> tuple[list[NodeRef], list[NodeRef]]:
    """What is wished for now, and what the user once said they like."""
    taught = frozenset(query.taught)
    wishes = [ref for ref in query.should if ref not in taught]
    return wishes, [ref for ref in query.should if ref in taught]


def _halving(counts: Float) -> Float:
    """1 + 1/2 + 1/4 + ... with `counts` terms: every one counts, all together at most twice the first."""
    return np.asarray(2.0 - np.exp2(1.0 - counts), dtype=np.float32)
