"""Head, tail and isolation: who and what is popular in the history that the model may know."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer[Any]]

SLICES = ("head", "tail", "isolation")
HEAD_SHARE = 0.2


def popularity_slices(counts: Int, head_share: float = HEAD_SHARE) -> Int:
    """Label each item (or user) 0 head, 1 tail or 2 isolation, in the order of :data:`SLICES`.

    Isolated ones have no interaction (strict cold start). The head is the most active fifth of the others;
    whoever has as many interactions as the last one of the head belongs to it too, so that equal counts never
    part.

    Args:
        counts: interactions in the known history, int `[n]`.

    Returns:
        int8 `[n]`.
    """
    labels = np.full(len(counts), 2, dtype=np.int8)
    warm = counts[counts > 0]
    if len(warm):
        last = np.sort(warm)[::-1][max(1, round(head_share * len(warm))) - 1]
        labels[counts > 0] = 1
        labels[counts >= last] = 0
    return labels
