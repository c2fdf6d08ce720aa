"""Training examples of the memory: for each event, what was known of the user strictly before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.ranking.memory import MemoryShape

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class EventLog:
    """Events of many users, sorted by user, time and item.

    Args:
        users, items: int64 `[n]`.
        times: float64 `[n]`, seconds.
        requests: int64 `[n]`, row of the request that led to each event, -1 for none.
    """

    users: Int
    items: Int
    times: Float
    requests: Int

    @classmethod
    def sort(cls, users: Int, items: Int, times: Float, requests: Int | None = None) -> EventLog:
        """A log from events in any order."""
        order = np.lexsort((items, times, users))
        asked = np.full(len(users), -1) if requests is None else np.asarray(requests)
        return cls(users[order], items[order], np.asarray(times, np.float64)[order], asked[order])

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, eq=False)
class Examples:
    """Each event of a log as something to foretell; its history is the log's rows `start` to `stop`.

    Args:
        log: all events.
        start, stop: int64 `[n]`; events of the same instant are no history.
        long: float32 `[n, half_lives, dim]`, decayed means.
        mass: float32 `[n, half_lives]`.
    """

    log: EventLog
    start: Int
    stop: Int
    long: Float
    mass: Float

    def window(self, rows: Int, size: int) -> tuple[Int, Float]:
        """The newest events before some examples, items int64 `[rows, n]` (-1: none) and ages float32.

        n is the longest of these histories, between 1 and `size`.
        """
        size = max(1, min(size, int((self.stop - self.start)[rows].max(initial=0))))
        places = self.stop[rows, None] - size + np.arange(size)
        known = places >= self.start[rows, None]
        places = np.where(known, places, 0)
        ages = np.where(known, self.log.times[rows, None] - self.log.times[places], 0.0)
        return np.where(known, self.log.items[places], -1), ages.astype(np.float32)

    def seen(self, rows: Int) -> tuple[Int, Int]:
        """(position in rows, item) of everything in the histories of some examples."""
        counts = self.stop[rows] - self.start[rows]
        owner = np.repeat(np.arange(len(rows)), counts)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return owner, self.log.items[np.repeat(self.start[rows], counts) + offset]


def build_examples(log: EventLog, vectors: Float, shape: MemoryShape) -> Examples:
    """Read the memory before every event.

    Args:
        vectors: float32 `[num_items, dim]`.
    """
    size = len(log)
    first = np.searchsorted(log.users, log.users, side="left")
    last = np.searchsorted(log.users, log.users, side="right")
    stop = np.zeros(size, dtype=np.int64)
    long = np.zeros((size, len(shape.half_lives), shape.dim), dtype=np.float32)
    mass = np.zeros((size, len(shape.half_lives)), dtype=np.float32)
    for low in np.unique(first):
        rows = slice(int(low), int(last[low]))
        times = log.times[rows]
        stop[rows] = low + np.searchsorted(times, times, side="left")
        gaps = times[:, None] - times[None, :]
        for number, half_life in enumerate(shape.half_lives):
            shares = np.where(gaps > 0, np.exp2(-np.maximum(gaps, 0.0) / half_life), 0.0)
            total = shares.sum(axis=1)
            sums = shares @ vectors[log.items[rows]]
            long[rows, number] = sums / np.where(total > 0, total, 1.0)[:, None]
            mass[rows, number] = total
    return Examples(log, first.astype(np.int64), stop, long, mass)
