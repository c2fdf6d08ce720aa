"""Joining a graph model with a closed-form item-item part, by the validation data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import ItemItemPart, Part
from graphrec.evaluation import Split, evaluate
from graphrec.models.base import Model, TrainData
from graphrec.models.ease import EASE, EASEConfig
from graphrec.sparse import CSR
from graphrec.training.config import BlendConfig

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Blend:
    """`main + weight * side`, under the contract of evaluation and of a bundle.

    Args:
        weight: already multiplied by the ratio of spreads.
    """

    main: Model
    side: ShippedEASE | None = None
    weight: float = 0.0

    def score(self, users: Int) -> Float:
        """Float32 `[len(users), num_items]`."""
        scores = self.main.score(users)
        if self.side is None or self.weight == 0:
            return scores
        return np.asarray(scores + np.float32(self.weight) * self.side.score(users), dtype=np.float32)

    def parts(self) -> Sequence[Part]:
        """The scorers of both, weighted."""
        if self.side is None or self.weight == 0:
            return list(self.main.parts())
        joined = [replace(part, weight=part.weight * self.weight) for part in self.side.parts()]
        return [*self.main.parts(), *joined]


class ShippedEASE:
    """EASE as a bundle carries it, its largest weights alone: what is chosen and measured is what is served."""

    def __init__(self, ridge: float, data: TrainData, config: BlendConfig) -> None:
        model = EASE(EASEConfig(ridge=ridge, top_weights=config.top_weights)).fit(data)
        self._parts = list(model.parts())
        self._weights = self._parts[0].weights.to_scipy()
        self._profile = CSR(data.train.indptr, data.train.indices, None, data.train.shape).to_scipy()

    def score(self, users: Int) -> Float:
        """Float32 `[len(users), num_items]`."""
        return np.asarray((self._profile[users] @ self._weights).toarray(), dtype=np.float32)

    def parts(self) -> Sequence[ItemItemPart]:
        """The one item-item part."""
        return self._parts


@dataclass(frozen=True)
class BlendChoice:
    """What the validation data chose.

    Args:
        ridge: of EASE; None when the graph model stays alone.
        relative: weight in units of the main model's spread.
        weight: weight in the sum.
    """

    ridge: float | None = None
    relative: float = 0.0
    weight: float = 0.0


def choose_blend(main: Model, split: Split, config: BlendConfig, metric: str) -> tuple[Blend, BlendChoice]:
    """Fit EASE at each ridge on the training rows and keep the best join on the validation rows."""
    sample = np.flatnonzero(split.seen("valid").degrees())[:512]
    spread = _spread(main.score(sample))
    best, choice, blend = -1.0, BlendChoice(), Blend(main)
    for ridge in config.ridges:
        side = ShippedEASE(ridge, split.train_data(), config)
        unit = spread / max(_spread(side.score(sample)), 1e-12)
        for relative in config.weights:
            tried = Blend(main, side, relative * unit)
            value = validation_value(tried, split, metric)
            if value > best:
                found = BlendChoice(ridge if relative else None, relative, relative * unit)
                best, choice, blend = value, found, tried if relative else Blend(main)
    return blend, choice


def refit_side(choice: BlendChoice, main: Model, data: TrainData, config: BlendConfig) -> Blend:
    """The chosen blend around a main model that was fitted on `data`."""
    if choice.ridge is None:
        return Blend(main)
    return Blend(main, ShippedEASE(choice.ridge, data, config), choice.weight)


def validation_value(scorer: Any, split: Split, metric: str) -> float:
    """A sum of metrics such as `recall@20+ndcg@20` on the validation rows."""
    names = metric.split("+")
    ks = sorted({int(name.split("@")[1]) for name in names})
    found = evaluate(scorer, split, on="valid", ks=ks, slices=False).metrics
    return float(sum(found[name] for name in names))


def _spread(scores: Float) -> float:
    """Mean over users of the standard deviation over items."""
    return float(scores.std(axis=1).mean()) if len(scores) else 1.0
