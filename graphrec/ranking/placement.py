"""Where new items stand among those that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

NOBODY = -1
"""Stands where an item has fewer virtual neighbours than there is room for."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Virtual neighbours of `n` new items, and what a :class:`~graphrec.bundle.ProfilePart` needs of them.

    Every other part of a bundle is linear in the rows of its items, so a new item takes shares of the rows of
    its neighbours.

    Args:
        neighbours: int32 `[n, K]`, items of the bundle by index, :data:`NOBODY` where there is none.
        shares: float32 `[n, K]`, weight of each neighbour, 0 where there is none.
        keys: float32 `[n, dim]`, what having chosen the item says of a user.
        items: float32 `[n, dim]`, what the item offers.
        bias: float32 `[n]`, its score for a user of whom nothing is known.
        popularity: float32 `[n]`, number of users expected to choose it.
    """

    neighbours: Int
    shares: Float
    keys: Float
    items: Float
    bias: Float
    popularity: Float

    def __post_init__(self) -> None:
        size = len(self.neighbours)
        fits = self.neighbours.shape == self.shares.shape and self.keys.shape == self.items.shape
        rows = (self.keys, self.items, self.bias, self.popularity)
        if not fits or any(len(array) != size for array in rows):
            raise InvalidInputError("The arrays of a placement must describe the same items.")

    def __len__(self) -> int:
        return len(self.neighbours)
