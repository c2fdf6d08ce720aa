"""Item-based nearest neighbours (Sarwar et al., WWW 2001) with shrinkage and user-degree normalisation."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveInt

from graphrec.models.base import Log, ModelConfig, TrainData
from graphrec.models.dense_features import likeness, unit_features
from graphrec.models.item_item import (
    BLOCK,
    ItemItemConfig,
    ItemItemModel,
    from_blocks,
    inverse_or_zero,
    keep_best,
    profile,
    row_sums,
    scale_rows,
)


class ItemKNNConfig(ItemItemConfig):
    """Settings of :class:`ItemKNN`."""

    k: PositiveInt = 200
    """Neighbours that each target item keeps."""
    shrink: NonNegativeFloat = 10.0
    """Added to the denominator: similarities that rest on few users shrink towards 0."""
    user_normalisation: bool = True
    """Divide a user's row by the root of its length, so that heavy users do not decide every similarity."""
    feature_weight: NonNegativeFloat = 0.3
    """How many shared users features that point the same way count for; 0 leaves features out."""


class ItemKNN(ItemItemModel):
    r"""Cosine-like similarity over co-occurrence.

    .. math:: s_{ij} = \frac{G_{ij} + w\, c_{ij}}{n_i n_j + \text{shrink}},
       \quad G = Y^\top Y, \quad n = \sqrt{\operatorname{diag} G}

    with `Y` the interactions, rows divided by the square root of the user's degree, `c` the positive cosine of
    the items' features, where they have some, and a zero diagonal. Each target keeps its `k` most similar sources;
    the score sums over the profile.
    """

    name: ClassVar[str] = "item_knn"
    config_class: ClassVar[type[ModelConfig]] = ItemKNNConfig
    config: ItemKNNConfig

    def fit(self, data: TrainData, *, seed: int = 0, device: str = "cpu", log: Log | None = None) -> Self:
        self._profile = profile(data.train, self.config.use_weights)
        y = self._profile
        if self.config.user_normalisation:
            y = scale_rows(y, np.sqrt(inverse_or_zero(row_sums(y))))
        items = y.T.tocsr()
        norms = np.sqrt(row_sums(items.multiply(items)))
        weight = np.float32(self.config.feature_weight)
        features = unit_features(data, self.config.feature_weight)
        blocks = []
        for start in range(0, data.num_items, BLOCK):
            stop = min(start + BLOCK, data.num_items)
            block = (items[start:stop] @ y).toarray()  # [targets, sources]
            if features is not None:
                block += weight * likeness(features, start, stop)
            denominator = norms[start:stop, None] * norms[None, :] + np.float32(self.config.shrink)
            np.divide(block, denominator, out=block, where=denominator > 0)
            block[np.arange(stop - start), np.arange(start, stop)] = 0.0
            rows, cols, values = keep_best(block, self.config.k)
            blocks.append((cols, rows + start, values))
        self._weights = from_blocks(blocks, data.num_items)
        return self
