"""Dense features of the items (vectors of their text, for instance) in the form that models take them in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.models.base import TrainData

Dense = NDArray[np.float32]


def unit_features(data: TrainData, weight: float) -> Dense | None:
    """Features around their mean and of unit length, float32 `[num_items, dim]`; None without any, or weight 0.

    Vectors of one encoder point much the same way, and that way says nothing (Su et al., arXiv 2103.15316): what
    tells items apart is where they lie around the mean. A row of zeros is an item without features and stays one.

    Raises:
        InvalidInputError: the features are not one finite row per item.
    """
    rows = data.features
    if rows is None or weight == 0:
        return None
    if rows.ndim != 2 or len(rows) != data.num_items:
        raise InvalidInputError(
            f"{data.num_items} items need as many rows of features, but their shape is {rows.shape}."
        )
    if not np.isfinite(rows).all():
        raise InvalidInputError("The item features hold NaN or infinity; make them again.")
    there = rows.any(axis=1)
    if not there.any():
        return None
    found = np.zeros(rows.shape, dtype=np.float32)
    found[there] = rows[there] - rows[there].mean(axis=0, dtype=np.float64)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    # what is left of equal rows is rounding, and no direction
    return np.asarray(np.where(lengths > 1e-5, found / np.maximum(lengths, 1e-12), 0.0), dtype=np.float32)


def likeness(features: Dense, start: int, stop: int) -> Dense:
    """How alike the items from `start` to `stop` are to all: positive cosines float32 `[stop - start, num_items]`,
    0 with themselves.
    """
    block: Dense = np.maximum(features[start:stop] @ features.T, np.float32(0))
    block[np.arange(stop - start), np.arange(start, stop)] = 0.0
    return block
