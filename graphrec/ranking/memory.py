"""What is remembered of one user: decayed sums of all events and a window of the newest, at constant cost.

After "Incremental user embedding modeling for personalized text classification" (arXiv 2202.06369): a long-term
vector and a short window stand for a history of any length. Reading costs the same at ten events and at a million.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError, InvalidInputError

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

DAY = 86_400.0
NEVER = -np.inf
"""Time of an empty place in the window."""


@dataclass(frozen=True, slots=True)
class MemoryShape:
    """What a memory is made of; memories of one shape can be stored and read together.

    Args:
        dim: length of an event's vector.
        window: how many of the newest events are kept one by one.
        half_lives: seconds after which an event counts half in each long-term vector; `inf` never forgets.
    """

    dim: int
    window: int = 16
    half_lives: tuple[float, ...] = (DAY, 30 * DAY)

    def __post_init__(self) -> None:
        if self.dim < 1 or self.window < 1 or not self.half_lives or not all(h > 0 for h in self.half_lives):
            raise InvalidInputError(
                f"A memory needs a dimension and a window of at least 1 and positive half-lives, but was given "
                f"{self.dim}, {self.window} and {self.half_lives}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class MemoryView:
    """A memory as seen at one moment; a copy, so it stays as it is.

    Args:
        long: float32 `[half_lives, dim]`, decayed means of all events, zeros when there were none.
        mass: float32 `[half_lives]`, decayed number of events: how much stands behind each mean.
        events: float32 `[n, dim]`, the newest events, oldest first.
        ages: float32 `[n]`, seconds since each, 0 or more.
        keys: int64 `[n]`, what each was filed under.
    """

    long: Float
    mass: Float
    events: Float
    ages: Float
    keys: Int

    def __len__(self) -> int:
        return len(self.events)

    def attend(self, query: Float, *, sharpness: float = 8.0, fading: float = 0.1) -> Float:
        """Weights of the window's events for a request, float32 `[n]`, summing to 1 (empty for no events).

        Softmax of `sharpness * cos(query, event) - fading * log2(1 + age / hour)`.
        """
        if not len(self):
            return np.zeros(0, dtype=np.float32)
        lengths = np.linalg.norm(self.events, axis=1) * np.linalg.norm(query)
        cosine = (self.events @ query) / np.maximum(lengths, 1e-12)
        logits = sharpness * cosine - fading * np.log2(1.0 + self.ages / 3600.0)
        weights = np.exp(logits - logits.max())
        return np.asarray(weights / weights.sum(), dtype=np.float32)

    def averages(self, shares: Float) -> Float:
        """Per-event moving averages `A <- (1 - share) A + share e` over the window, float32 `[len(shares), dim]`.

        Cut off at the window and divided by their weight, so that neither the past beyond it nor the order in
        which events arrived changes them; a share of 1 is the newest event. Zeros without events.
        """
        if not len(self):
            return np.zeros((len(shares), self.long.shape[1]), dtype=np.float32)
        weights = (1.0 - np.asarray(shares))[:, None] ** np.arange(len(self) - 1, -1, -1)
        return np.asarray(weights @ self.events / weights.sum(axis=1, keepdims=True), dtype=np.float32)

    def blend(self, query: Float | None = None, *, sharpness: float = 8.0, fading: float = 0.1) -> Float:
        """A user vector that needs no training, float32 `[dim]`; zeros for a user without events.

        Each long-term mean reads the window (it keeps half of itself), the request reads the window, and the
        results are averaged. Without a request the first long-term mean asks.

        Args:
            query: `[dim]`, the request in the space of the events.
        """
        if not len(self):
            return np.zeros(self.long.shape[1], dtype=np.float32)
        options = {"sharpness": sharpness, "fading": fading}
        asked = self.long[0] if query is None else query
        means = [0.5 * (mean + self.attend(mean, **options) @ self.events) for mean in self.long]
        return np.asarray(np.mean([*means, self.attend(asked, **options) @ self.events], axis=0), np.float32)


class UserMemory:
    """One user's memory. An update touches `half_lives + window` numbers and two vectors, whatever came before.

    The state depends on the events alone, not on the order they arrive in: late events decay as if they had
    come in time, and of events of one instant the window keeps those with the larger key.
    """

    __slots__ = ("counts", "events", "keys", "latest", "shape", "sums", "times")

    def __init__(self, shape: MemoryShape) -> None:
        self.shape = shape
        size = len(shape.half_lives)
        self.sums = np.zeros((size, shape.dim))
        self.counts = np.zeros(size)
        self.latest = NEVER
        self.events = np.zeros((shape.window, shape.dim), dtype=np.float32)
        self.times = np.full(shape.window, NEVER)
        self.keys = np.full(shape.window, -1, dtype=np.int64)

    def __len__(self) -> int:
        """Events in the window."""
        return int((self.times > NEVER).sum())

    def update(self, vector: Float, time: float, *, key: int = 0, weight: float = 1.0) -> None:
        """Take in one event: `L <- 2^(-dt/h) L + w e`, `n <- 2^(-dt/h) n + w`, and a place in the window.

        Args:
            vector: `[dim]`.
            time: seconds on any fixed clock (UTC).
            key: number of the event or its item; orders events of one instant.
            weight: strength, above 0.

        Raises:
            InvalidInputError: another length, or a number that is not finite.
        """
        event = np.asarray(vector, dtype=np.float64)
        if event.shape != (self.shape.dim,):
            raise InvalidInputError(
                f"An event's vector must have shape ({self.shape.dim},), not {event.shape}."
            )
        if not (np.isfinite(event).all() and np.isfinite(time) and 0 < weight < np.inf):
            raise InvalidInputError(
                f"An event needs finite numbers and a weight above 0, but time {time}, weight {weight} was given."
            )
        halves = np.asarray(self.shape.half_lives)
        if time >= self.latest:
            if self.latest > NEVER:
                fade = np.exp2((self.latest - time) / halves)
                self.sums *= fade[:, None]
                self.counts *= fade
            self.latest = float(time)
        share = weight * np.exp2((time - self.latest) / halves)
        self.sums += share[:, None] * event
        self.counts += share
        self._keep(event, time, key)

    def _keep(self, event: Float, time: float, key: int) -> None:
        """Put the event in the place of the oldest, unless it is older still."""
        oldest = int(np.lexsort((self.keys, self.times))[0])
        if (time, key) > (self.times[oldest], self.keys[oldest]):
            self.events[oldest], self.times[oldest], self.keys[oldest] = event, time, key

    def read(self, now: float | None = None) -> MemoryView:
        """The memory at a moment, by default that of the newest event.

        Args:
            now: seconds; an earlier moment than the newest event's is taken as that one.
        """
        at = max(now if now is not None else self.latest, self.latest)
        order = np.lexsort((self.keys, self.times))
        order = order[self.times[order] > NEVER]
        fade = np.exp2((self.latest - at) / np.asarray(self.shape.half_lives)) if len(order) else 1.0
        mass = self.counts * fade
        means = self.sums / np.where(self.counts > 0, self.counts, 1.0)[:, None]
        return MemoryView(
            means.astype(np.float32), np.asarray(mass, dtype=np.float32), self.events[order],
            np.asarray(at - self.times[order], dtype=np.float32), self.keys[order],
        )  # fmt: skip

    @classmethod
    def of_events(
        cls, shape: MemoryShape, vectors: Float, times: Float, keys: Int, weights: Float | None = None
    ) -> Self:
        """The memory that these events would leave if they came one by one, in one pass over arrays.

        Args:
            vectors: `[n, dim]`.
            times: `[n]`, seconds.
            keys: int `[n]`.
            weights: `[n]` or None for 1 each.
        """
        memory = cls(shape)
        if not len(vectors):
            return memory
        strength = np.ones(len(vectors)) if weights is None else np.asarray(weights, dtype=np.float64)
        memory.latest = float(np.max(times))
        gaps = np.asarray(times, dtype=np.float64)[None, :] - memory.latest
        shares = strength * np.exp2(gaps / np.asarray(shape.half_lives)[:, None])
        memory.sums, memory.counts = shares @ np.asarray(vectors, dtype=np.float64), shares.sum(axis=1)
        newest = np.lexsort((keys, times))[-shape.window :]
        size = len(newest)
        memory.events[:size], memory.times[:size], memory.keys[:size] = (
            vectors[newest], np.asarray(times)[newest], keys[newest],
        )  # fmt: skip
        return memory

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as arrays, as :meth:`from_arrays` takes it."""
        return {
            "sums": self.sums, "counts": self.counts, "latest": np.array(self.latest),
            "events": self.events, "times": self.times, "keys": self.keys,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, shape: MemoryShape, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """A memory from its state; the arrays are copied.

        Raises:
            CorruptionError: an array is missing or has another shape.
        """
        memory = cls(shape)
        for name, like in memory.arrays().items():
            found = arrays.get(name)
            if found is None or found.shape != like.shape:
                raise CorruptionError(f"A user's memory lacks {name} of shape {like.shape}; build it again.")
            setattr(memory, name, float(found) if name == "latest" else np.array(found, dtype=like.dtype))
        return memory
