"""RP3beta: three-step random walks with a popularity penalty (Paudel et al., ACM TiiS 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from graphrec.models.base import Log, ModelConfig, TrainData
from graphrec.models.dense_features import likeness, unit_features
from graphrec.models.item_item import (
    BLOCK,
    Dense,
    ItemItemConfig,
    ItemItemModel,
    from_blocks,
    inverse_or_zero,
    keep_best,
    profile,
    row_sums,
    scale_rows,
)
from graphrec.sparse.top_k import top_k_mask

if TYPE_CHECKING:
    import scipy.sparse as sp


class RP3betaConfig(ItemItemConfig):
    """Settings of :class:`RP3beta`."""

    alpha: PositiveFloat = 0.6
    """Power on the transition probabilities."""
    beta: NonNegativeFloat = 0.1
    """Power of the target's popularity that divides the walk's probability."""
    k: PositiveInt = 1000
    """Targets that each source item keeps."""
    feature_weight: NonNegativeFloat = 0.1
    """Weight of steps between items of like features beside walks by way of users; 0 leaves features out."""
    feature_neighbours: PositiveInt = 100
    """Items of like features that such a step can reach."""


class RP3beta(ItemItemModel):
    r"""Probability of walking item → user → item, reranked against popularity.

    .. math:: W_{ij} = \frac{(P_{iu}^{\alpha} P_{ui}^{\alpha})_{ij}}{\operatorname{pop}_j^{\beta}}

    with elementwise powers and a zero diagonal; a source keeps its `k` strongest targets. Where items have
    features, a walk may also step straight to an item of like features: :math:`w\, F_{ij}^{\alpha}` joins the walks,
    with `F` the positive cosines of the nearest items, each row adding up to 1.
    """

    name: ClassVar[str] = "rp3beta"
    config_class: ClassVar[type[ModelConfig]] = RP3betaConfig
    config: RP3betaConfig

    def fit(self, data: TrainData, *, seed: int = 0, device: str = "cpu", log: Log | None = None) -> Self:
        self._profile = profile(data.train, self.config.use_weights)
        to_item, to_user = self._transitions(self._profile), self._transitions(self._profile.T.tocsr())
        popularity = row_sums(self._profile.T)
        features = unit_features(data, self.config.feature_weight)
        if features is not None:  # a step may lead to an item that nobody chose
            popularity = np.maximum(popularity, np.float32(1))
        penalty = inverse_or_zero(popularity) ** np.float32(self.config.beta)
        blocks = []
        for start in range(0, data.num_items, BLOCK):
            stop = min(start + BLOCK, data.num_items)
            block = (to_user[start:stop] @ to_item).toarray().astype(np.float32)
            if features is not None:
                block += self._steps(likeness(features, start, stop))
            block *= penalty
            block[np.arange(stop - start), np.arange(start, stop)] = 0.0
            rows, cols, values = keep_best(block, self.config.k)
            blocks.append((rows + start, cols, values))
        self._weights = from_blocks(blocks, data.num_items)
        return self

    def _steps(self, alike: Dense) -> Dense:
        """Weighted probability of each step to an item of like features, to the power alpha."""
        alike *= top_k_mask(alike, self.config.feature_neighbours, above=0.0)
        alike *= inverse_or_zero(alike.sum(axis=1))[:, None]
        return np.asarray(self.config.feature_weight * alike**self.config.alpha, dtype=np.float32)

    def _transitions(self, edges: sp.csr_matrix) -> sp.csr_matrix:
        """Probability of each step along a row's edges, to the power alpha."""
        steps = scale_rows(edges, inverse_or_zero(row_sums(edges)))
        steps.data **= np.float32(self.config.alpha)
        return steps
