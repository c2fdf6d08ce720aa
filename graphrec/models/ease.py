"""EASE: an item-item linear autoencoder in closed form (Steck, WWW 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from graphrec.bundle import ItemItemPart
from graphrec.models.base import Float, Int, Log, Model, ModelConfig, TrainData
from graphrec.models.closed_form import item_weights
from graphrec.models.dense_features import unit_features
from graphrec.models.item_item import BLOCK, ItemItemConfig, keep_best, profile
from graphrec.models.side_information import attribute_matrix
from graphrec.sparse import CSR

if TYPE_CHECKING:
    import scipy.sparse as sp

Dense = NDArray[np.float32]


class EASEConfig(ItemItemConfig):
    """Settings of :class:`EASE`."""

    ridge: PositiveFloat = 300.0
    """L2 penalty (lambda): the one setting that must be tuned; larger for denser data."""
    max_items: PositiveInt = 50_000
    """Solve for the most popular items only; the others score 0. Takes `4 * max_items**2` bytes (10 GB)."""
    side_weight: NonNegativeFloat = 0.0
    """How many users a shared attribute counts for: attributes are stacked under the users. 0 omits them."""
    side_relations: tuple[str, ...] = ()
    """Relations whose tails are attributes, a list or one text with commas; empty means all."""
    feature_weight: NonNegativeFloat = 10.0
    """How many users dense features that point the same way count for, where the data has them. 0 omits them."""
    top_weights: NonNegativeInt = 500
    """Weights of largest magnitude that an item keeps in a bundle; 0 keeps all. `score` uses all."""

    @field_validator("side_relations", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """The command line gives one text."""
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )


class EASE(Model):
    r"""Ridge regression of every item on all others, diagonal held at 0.

    .. math:: P = (X^\top X + s\,T^\top T + \alpha\,F F^\top + \lambda I)^{-1}, \quad
              B_{ij} = -P_{ij} / P_{jj}, \quad B_{jj} = 0

    `X` is the interaction matrix `[users, items]`, `T` the attribute matrix `[attributes, items]` and
    `s` the `side_weight` (cf. Jeunen et al., RecSys 2020, on stacked side information); `F` are unit feature rows
    `[items, dim]` and `alpha` the `feature_weight`. The score is `X B`.
    One float32 matrix `[items, items]` holds the Gram matrix, its Cholesky factor, the inverse and the
    weights in turn.
    """

    name: ClassVar[str] = "ease"
    config_class: ClassVar[type[ModelConfig]] = EASEConfig
    config: EASEConfig

    def fit(self, data: TrainData, *, seed: int = 0, device: str = "cpu", log: Log | None = None) -> Self:
        popularity = np.bincount(data.train.indices, minlength=data.num_items)
        order = np.argsort(-popularity, kind="stable")[: self.config.max_items]
        features = unit_features(data, self.config.feature_weight)
        if self.config.side_weight == 0 and features is None:
            order = order[: max(1, np.count_nonzero(popularity))]  # an item nobody chose has no weights
        self._items = np.sort(order)  # the solved items, as columns of the full matrix
        self._num_items = data.num_items
        self._profile = profile(data.train, self.config.use_weights)[:, self._items].tocsr()
        dense = None
        if features is not None:
            dense = features[self._items].T * np.float32(np.sqrt(self.config.feature_weight))
        self._weights = item_weights(self._stacked(data), self.config.ridge, dense)
        return self

    def _stacked(self, data: TrainData) -> sp.csr_matrix:
        """Users, and under them the attributes times the root of their weight, `[rows, solved items]`."""
        if self.config.side_weight == 0:
            return self._profile
        import scipy.sparse as sp

        attributes = attribute_matrix(data, self.config.side_relations)[:, self._items]
        return sp.vstack([self._profile, attributes * np.float32(np.sqrt(self.config.side_weight))]).tocsr()

    def score(self, users: Int) -> Float:
        solved: Float = self._profile[users] @ self._weights
        if len(self._items) == self._num_items:
            return solved
        scores = np.zeros((len(users), self._num_items), dtype=np.float32)
        scores[:, self._items] = solved
        return scores

    def parts(self) -> Sequence[ItemItemPart]:
        return [ItemItemPart(self._pruned(), 1.0, binary=not self.config.use_weights)]

    def _pruned(self) -> CSR:
        """Weights of largest magnitude per row, in the full item numbering."""
        size = len(self._items)
        keep = min(self.config.top_weights or size, size)
        counts = np.zeros(self._num_items, dtype=np.int64)
        columns, values = [], []
        for start in range(0, size, BLOCK):
            block = self._weights[start : start + BLOCK]
            rows, best, _ = keep_best(np.abs(block), keep)
            counts[self._items[start : start + BLOCK]] = np.bincount(rows, minlength=len(block))
            columns.append(self._items[best])
            values.append(block[rows, best])
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        shape = (self._num_items, self._num_items)
        indices = np.concatenate(columns).astype(np.int32)
        return CSR(indptr, indices, np.concatenate(values).astype(np.float32), shape)
