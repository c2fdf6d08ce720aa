"""Popularity: the same list for everyone, the floor under every other number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from graphrec.bundle import Part, VectorPart
from graphrec.errors import ConfigError
from graphrec.models.base import NO_FEATURES, Float, Int, Log, Model, ModelConfig, TrainData


class PopularityConfig(ModelConfig):
    """Settings of :class:`Popularity`."""

    use_weights: bool = False
    """Sum the weights of an item's interactions instead of counting its users."""


class Popularity(Model):
    """Scores an item by the number of users who interacted with it, whoever asks."""

    name: ClassVar[str] = "popularity"
    takes_features: ClassVar[bool] = False
    config_class: ClassVar[type[ModelConfig]] = PopularityConfig
    config: PopularityConfig

    def fit(self, data: TrainData, *, seed: int = 0, device: str = "cpu", log: Log | None = None) -> Self:
        if data.features is not None:
            raise ConfigError(NO_FEATURES.format(self.name))
        weights = data.train.values if self.config.use_weights else None
        counts = np.bincount(data.train.indices, weights, minlength=data.num_items)
        self._items = counts.astype(np.float32)
        self._num_users = data.num_users
        return self

    def score(self, users: Int) -> Float:
        return np.tile(self._items, (len(users), 1))

    def parts(self) -> Sequence[Part]:
        users = np.zeros((self._num_users, 0), dtype=np.float32)
        return [VectorPart(users, np.zeros((len(self._items), 0), dtype=np.float32), self._items)]
