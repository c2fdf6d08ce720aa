"""Watching a run without target labels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from graphrec.adapt.config import StopConfig

DIVERGED = 2.0
"""Multiple of chance from which the game counts as lost: the encoder can raise the loss without bound."""


@dataclass
class StopRule:
    """Settled when the adversary knows no more than chance and the predictions on the targets stand still.

    Both are seen without target labels. Accuracy on held-out source rows is no sign: it is near its best after few
    epochs, while the targets are still on their way. A look is settled when the adversary's loss, as a share of
    chance, is within `balance` of 1 (or there is no adversary) and at least `settled` of the target rows are
    predicted as at the last look; `patience` settled looks in a row end the run, not before `least` epochs.
    """

    config: StopConfig
    settled_looks: int = 0
    before: np.ndarray | None = field(default=None, repr=False)

    def look(self, epoch: int, ratio: float, predictions: np.ndarray) -> tuple[bool, float]:
        """Whether to stop, and the share of rows predicted as before (0 at the first look).

        Args:
            ratio: the adversary's loss as a share of chance; NaN without an adversary.
            predictions: of the rows of target domains: probabilities `[num_rows, num_classes]` or values.
        """
        same = agreement(self.before, predictions) if self.before is not None else 0.0
        self.before = predictions
        balanced = math.isnan(ratio) or abs(ratio - 1) <= self.config.balance
        self.settled_looks = self.settled_looks + 1 if balanced and same >= self.config.settled else 0
        return self.settled_looks >= self.config.patience and epoch >= self.config.least, same


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Share of rows that two models predict alike: the same class, or values within a tenth of their spread.

    Between models of two seeds it tells without labels whether a result can be relied on.
    """
    if len(first) == 0:
        return 1.0
    if first.shape[1] > 1 and np.allclose(first.sum(axis=1), 1, atol=1e-3) and first.min() >= 0:
        return float((first.argmax(axis=1) == second.argmax(axis=1)).mean())
    spread = max(float(first.std()), 1e-9)
    return float((np.abs(first - second).max(axis=1) <= 0.1 * spread).mean())
