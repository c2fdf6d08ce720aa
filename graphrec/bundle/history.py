"""What a user did, as the scorers read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a user did, one entry per item.

    Args:
        items: int `[h]`, item indices, no duplicates.
        weights: float32 `[h]`, strength of each.
        times: float64 `[h]`, seconds UTC of the newest time each was chosen, NaN where unknown; None where
            no source of times was read.
    """

    items: Int = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    weights: Float = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    times: Float | None = None

    def __len__(self) -> int:
        return len(self.items)

    def without(self, positions: Int) -> History:
        """The history with some entries (positions, not item indices) taken out."""
        times = None if self.times is None else np.delete(self.times, positions)
        return History(np.delete(self.items, positions), np.delete(self.weights, positions), times)
