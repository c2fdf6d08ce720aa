"""What a user's newest events add to the score, where a bundle carries the learned reading of a memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, History
from graphrec.errors import CorruptionError
from graphrec.ranking.cold import UserState
from graphrec.ranking.constraints import items_with
from graphrec.ranking.memory import MemoryView, UserMemory
from graphrec.ranking.memory_mixing import MemoryMixing
from graphrec.ranking.query import GraphQuery

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

PREFIX = "memory."


@dataclass(frozen=True, eq=False)
class MemoryTerm:
    """The memory's score of items, for users who did something that the model beside it has not seen.

    The moment of reading is that of the user's newest event, so that the same store gives the same answer.
    """

    bundle: Bundle
    mixing: MemoryMixing

    def concerns(self, user: UserState) -> bool:
        """Whether the user has events with times, and the model does not know all of what they did."""
        times = user.history.times
        if times is None or not np.isfinite(times).any():
            return False
        if user.index is None:
            return True
        return not bool(np.isin(user.history.items, self.bundle.history.row(user.index)).all())

    def score(self, history: History, query: GraphQuery, candidates: Int | None = None) -> Float:
        """What to add to the model's score, float32 `[num_items]` or `[len(candidates)]`."""
        logits = self.mixing.score(self.view(history), self.request(query), candidates)
        return np.asarray(self.mixing.weight[0] * logits, dtype=np.float32)

    def view(self, history: History) -> MemoryView:
        """The memory of a history; what has no time counts as old as the oldest that has one."""
        times = np.full(len(history), np.nan) if history.times is None else history.times
        known = times[np.isfinite(times)]
        times = np.where(np.isfinite(times), times, known.min() if len(known) else 0.0)
        vectors = self.mixing.items[history.items]
        return UserMemory.of_events(self.mixing.shape, vectors, times, history.items).read()

    def request(self, query: GraphQuery) -> Float | None:
        """The request in the space of the items, `[dim]`: mean over what is wanted of the mean of its items."""
        refs = [r for wanted in query.must for r in (wanted if isinstance(wanted, tuple) else (wanted,))]
        asked = query.untaught()
        found = [items_with(self.bundle.catalogue, ref) for ref in (*refs, *asked.should)]
        vectors = [
            request_vector(self.mixing.items, items) for items in found if items is not None and len(items)
        ]
        return np.asarray(np.mean(vectors, axis=0), dtype=np.float32) if vectors else None


def request_vector(vectors: Float, items: Int) -> Float:
    """Unit mean of some items' vectors, float32 `[dim]`."""
    mean = vectors[items].mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def trained_memory(bundle: Bundle) -> MemoryTerm | None:
    """The reading of memories that a bundle carries, or None.

    Raises:
        CorruptionError: it is there in part.
    """
    if not any(name.startswith(PREFIX) for name in bundle.extra):
        return None
    try:
        mixing = MemoryMixing.from_arrays(bundle.extra, PREFIX)
        fits = len(mixing.items) == bundle.catalogue.num_items and mixing.shape.dim > 0
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CorruptionError(
            f"The memory of {bundle.path} is not complete ({error}); train again."
        ) from error
    if not fits:
        raise CorruptionError(f"The memory of {bundle.path} is of another catalogue; train again.")
    return MemoryTerm(bundle, mixing)
