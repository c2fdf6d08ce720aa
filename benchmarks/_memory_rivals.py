"""What the memory is compared with: the same outputs, request term, loss and training, another view of the past."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from _memory_data import Float, Timed
from numpy.typing import NDArray
from torch import Tensor

from graphrec.ranking.memory import MemoryShape
from graphrec.training.memory_examples import EventLog, Examples, build_examples
from graphrec.training.memory_network import MemoryNetwork

Int = NDArray[np.integer[Any]]


class Rival(MemoryNetwork):
    """One part of the memory's mixture beside the request; the same items, popularity and stages of training."""

    part: int | None = None
    """Place of the part in the mixture; None for none."""

    def __init__(self, events: Float, shape: MemoryShape, heads: int, bias: Float, seed: int = 0) -> None:
        super().__init__(events, shape, heads, bias, seed)
        kept = torch.zeros(self.mix.shape[1])
        kept[-1] = 1.0
        if self.part is not None:
            kept[self.part] = 1.0
            self.mix.data[:, self.part] = self.mix.data.max()
        self.kept = kept[:, None]

    def parts(self, long: Tensor, items: Tensor, ages: Tensor, requests: Tensor) -> Tensor:
        return super().parts(long, items, ages, requests) * self.kept


class NoHistory(Rival):
    """The request and recent popularity alone."""

    def residual(self, long: Tensor, mass: Tensor, items: Tensor, ages: Tensor, requests: Tensor) -> Tensor:
        return torch.zeros_like(requests)


class Pooled(Rival):
    """The last of the long-term means; its residual is a matrix."""

    part = -3

    def residual(self, long: Tensor, mass: Tensor, items: Tensor, ages: Tensor, requests: Tensor) -> Tensor:
        return self.parts(long, items, ages, requests)[:, self.part] @ self.second.value


class LastItem(Pooled):
    """The newest event alone."""

    part = 0


class FullAttention(Rival):
    """The request attends to all events; its residual is learned multi-head attention over them."""

    part = -2

    def residual(self, long: Tensor, mass: Tensor, items: Tensor, ages: Tensor, requests: Tensor) -> Tensor:
        asked = (self.ask + requests @ self.ask_request)[:, None]
        read: Tensor = self.second(asked, long[:, :0], self.events, items, ages)[:, 0]
        return read * (items >= 0).any(dim=1, keepdim=True)


def moving_average(examples: Examples, vectors: Float, share: float) -> Examples:
    """The plain moving average `m <- (1 - share) m + share e` in place of the decayed means."""
    log = examples.log
    after = np.zeros((len(log) + 1, vectors.shape[1]), dtype=np.float32)
    for row, item in enumerate(log.items.tolist()):
        fresh = row == 0 or log.users[row] != log.users[row - 1]
        after[row + 1] = vectors[item] if fresh else (1 - share) * after[row] + share * vectors[item]
    long = np.where((examples.stop > examples.start)[:, None], after[examples.stop], 0.0)
    return replace(examples, long=long[:, None].astype(np.float32), mass=np.ones((len(log), 1), np.float32))


def examples_of(data: Timed, half_lives: tuple[float, ...]) -> tuple[Examples, MemoryShape]:
    """Every event of a log with what was known before it, requests drawn once."""
    shape = MemoryShape(data.vectors.shape[1], 1, half_lives)
    log = EventLog.sort(data.users, data.items, data.times, data.requests())
    return build_examples(log, data.vectors, shape), shape
