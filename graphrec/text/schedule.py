"""What a training run does when: the order of texts, the learning rate, and what it says of itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

_BUCKETS = 32  # batches whose texts are sorted by length together

Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TextProgress:
    """Where a run over texts stands.

    Args:
        stage: `encode` (texts of a level before it begins, or all at the end), `bootstrap` (codes) or `tune` (steps).
        level, levels: number of the level, from 0, and of all that are tuned.
        step, steps: done and to do in this stage of this level.
        loss: mean since the last report; None outside `tune`.
        texts_per_second: since the stage began; 0 in `bootstrap`.
    """

    stage: str
    level: int
    levels: int
    step: int
    steps: int
    loss: float | None
    texts_per_second: float


Report = Callable[[TextProgress], None]


def pick_device(device: str | torch.device | None) -> torch.device:
    """The device that was named; None is a GPU where there is one, else the processor."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def half_precision(device: torch.device) -> torch.autocast:
    """Products in bfloat16 on a GPU, nothing on a processor, where few can do it fast."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def steps_of(num_texts: int, batch: int, steps: int | None, epochs: float) -> int:
    """Steps per level: so many, or so many passes over the texts."""
    return steps or max(1, math.ceil(epochs * num_texts / batch))


def rate(step: int, steps: int, warm: int) -> float:
    """Factor of the learning rate: a linear rise over the first `warm` steps, then a linear descent to nothing."""
    if step < warm:
        return (step + 1) / warm
    return max(0.0, (steps - step) / max(1, steps - warm))


def batches(lengths: Int, batch: int, seed: int, level: int, first: int) -> Iterator[Int]:
    """Batches without end, from step `first` on: every text once per epoch, with others of about its length.

    The order of an epoch follows from seed, level and epoch alone, so that a resumed run goes on where it was.

    Args:
        lengths: tokens per text, int64 `[texts]`.
        batch: texts per step.
        seed, level: of the order.
        first: number of steps done.

    Yields:
        Rows, int64 `[at most batch]`, ascending in length.
    """
    per_epoch = math.ceil(len(lengths) / batch)
    epoch, skip = divmod(first, per_epoch)
    while True:
        rng = np.random.default_rng([seed, level, epoch])
        order = rng.permutation(len(lengths))
        found: list[Int] = []
        for start in range(0, len(order), batch * _BUCKETS):
            bucket = order[start : start + batch * _BUCKETS]
            bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
            found += [bucket[i : i + batch] for i in range(0, len(bucket), batch)]
        for number in rng.permutation(len(found))[skip:]:
            yield found[number]
        epoch, skip = epoch + 1, 0
