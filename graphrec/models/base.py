"""The contract that every model keeps; one shared test holds them all to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from graphrec.bundle import Part
from graphrec.sparse import CSR
from graphrec.store.columns import KnowledgeGraph

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]
Log = Callable[[Mapping[str, Any]], None]


class ModelConfig(BaseModel):
    """Base of all typed configurations: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class TrainData:
    """All that a model may see.

    Args:
        train: `[num_users, num_items]` weights of the training interactions.
        valid: `[num_users, num_items]` for early stopping and nothing else; None trains for the configured epochs.
        kg: the knowledge graph, items first; None for models without one.
    """

    train: CSR
    valid: CSR | None = None
    kg: KnowledgeGraph | None = None

    @property
    def num_users(self) -> int:
        return self.train.shape[0]

    @property
    def num_items(self) -> int:
        return self.train.shape[1]


class Model(ABC):
    """A recommender over dense ids: `fit`, `score`, `parts` (what a bundle needs to serve it without torch)."""

    name: ClassVar[str]
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
