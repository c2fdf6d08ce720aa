"""The contract that every model keeps; one shared test holds them all to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from graphrec.bundle import Part
from graphrec.store.columns import TrainData

__all__ = ["NO_FEATURES", "Float", "Int", "Log", "Model", "ModelConfig", "TrainData"]

NO_FEATURES = "The model {} has no use for item features; train another, or leave them out."

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
Log = Callable[[Mapping[str, Any]], None]


class ModelConfig(BaseModel):
    """Base of all typed configurations: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(ABC):
    """A recommender over dense ids: `fit`, `score`, `parts` (what serves it without torch)."""

    name: ClassVar[str]
    takes_features: ClassVar[bool] = True
    """Whether dense item features can tell it anything; one that cannot refuses them."""
    config_class: ClassVar[type[ModelConfig]]

    def __init__(self, config: ModelConfig | None = None) -> None:
        self.config = config if config is not None else self.config_class()

    @abstractmethod
    def fit(self, data: TrainData, *, seed: int = 0, device: str = "cpu", log: Log | None = None) -> Self:
        """Learn from `data.train`; deterministic for one seed, device and thread count."""

    @abstractmethod
    def score(self, users: Int) -> Float:
        """Scores float32 `[len(users), num_items]`, higher is better; seen items are not masked."""

    @abstractmethod
    def parts(self) -> Sequence[Part]:
        """The NumPy scorers whose weighted sum equals :meth:`score`."""
