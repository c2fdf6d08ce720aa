"""A user tower that reads histories of any length: trained on histories cut short, so that it serves newcomers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.bundle import ProfilePart
from graphrec.sparse import CSR
from graphrec.training.loop import LoopConfig, run_loop
from graphrec.training.losses import softmax_loss
from graphrec.training.run_log import Log

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

_LOGITS = 2**22
"""A step computes at most so many logits (16 MB), or those of eight users."""
_KEPT = 0.8  # of a history is shown at most: something must be left to foretell
_NOTHING = 0.1  # of all histories are shown as empty, so that the bias alone is a good answer


class TowerConfig(BaseModel):
    """Settings of the tower."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dim: PositiveInt = 64
    """Length of a key."""
    epochs: PositiveInt = 40
    """Most epochs; without somebody to validate on exactly so many."""
    learning_rate: PositiveFloat = 1.5e-3
    """Adam's step size."""
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Of the pooled keys."""
    exponent: NonNegativeFloat = 0.5
    """Power of a history's length that divides the sum of its keys."""
    longest: PositiveInt = 40
    """Longest history that is shown; lengths are drawn evenly on a logarithmic scale."""
    batch: PositiveInt = 128
    """Users per step, fewer when the catalogue is large."""


def train_tower(
    train: CSR, config: TowerConfig, *, seed: int = 0,
    validate: Callable[[ProfilePart], float] | None = None, log: Log | None = None,
) -> tuple[ProfilePart, int]:  # fmt: skip
    r"""Learn keys and items such that a few choices foretell the others.

    .. math:: \max \sum_u \sum_{i \in u \setminus h} \log \mathrm{softmax}_i
        \big( (\textstyle\sum_{j \in h} k_j)^\top v_i / |h|^\gamma + b_i \big), \quad h \subset u

    with a fresh `h` in every epoch: the multinomial likelihood of Liang et al. (WWW 2018), of histories cut as short
    as those of newcomers. The bias starts as log popularity.

    Args:
        train: `[num_users, num_items]`.
        validate: quality of a part, higher is better; the best epoch is kept.

    Returns:
        The part, and the epoch it is of.
    """
    task = _Task(train, config, seed, validate)
    loop = LoopConfig(
        epochs=config.epochs, learning_rate=config.learning_rate, eval_every=5, patience=4, average=0.95
    )
    progress = run_loop(task, loop, log=log)
    return task.module.part(), progress.best_epoch or progress.epoch


class _Tower(nn.Module):
    def __init__(self, popularity: Float, config: TowerConfig, generator: torch.Generator) -> None:
        super().__init__()
        size = (len(popularity), config.dim)
        self.keys, self.items = (nn.Parameter(torch.empty(size)) for _ in range(2))
        self.bias = nn.Parameter(torch.empty(len(popularity)))
        self.config = config
        self.reset_parameters(popularity, generator)

    @torch.no_grad()
    def reset_parameters(self, popularity: Float, generator: torch.Generator) -> None:
        """Small keys and items, the bias as a smoothed log popularity."""
        for table in (self.keys, self.items):
            table.normal_(0.0, 0.02, generator=generator)
        counts = torch.as_tensor(popularity, dtype=torch.float32)
        # An item that nobody chose stands where a tenth of a choice would put it.
        self.bias.copy_(torch.log((counts + 0.1) / (counts.sum() + 1.0)))

    def logits(self, flat: Tensor, starts: Tensor, counts: Tensor, generator: torch.Generator) -> Tensor:
        """`[users, num_items]` of histories `flat[starts[n] : starts[n + 1]]`."""
        pooled = F.embedding_bag(flat, self.keys, starts, mode="sum")
        pooled = pooled / counts.clamp_min(1.0).pow(self.config.exponent)[:, None]
        if self.training and self.config.dropout:
            kept = torch.rand(pooled.shape, generator=generator) >= self.config.dropout
            pooled = pooled * kept / (1.0 - self.config.dropout)
        return pooled @ self.items.t() + self.bias

    @torch.no_grad()
    def part(self) -> ProfilePart:
        """What serves it."""
        keys, items, bias = (p.detach().clone().numpy() for p in (self.keys, self.items, self.bias))
        return ProfilePart(keys, items, bias, self.config.exponent)


class _Task:
    """The tower as the shared loop trains it."""

    def __init__(
        self, train: CSR, config: TowerConfig, seed: int, validate: Callable[[ProfilePart], float] | None
    ) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.train, self.config, self._validate = train, config, validate
        popularity = np.bincount(train.indices, minlength=train.shape[1]).astype(np.float32)
        self.module = _Tower(popularity, config, self.generator)
        self.users = np.flatnonzero(train.degrees() > 1)
        self.step = int(np.clip(_LOGITS // max(train.shape[1], 1), 8, config.batch))

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        """One group: dropout and the early stop do what a penalty would."""
        return [{"params": list(self.module.parameters())}]

    def begin_epoch(self, epoch: int) -> None:
        """Nothing stands still."""

    def losses(self) -> Iterator[Tensor]:
        """One epoch, every user once."""
        order = torch.randperm(len(self.users), generator=self.generator).numpy()
        for start in range(0, len(order), self.step):
            shown, rest = zip(
                *map(self._cut, self.users[order[start : start + self.step]].tolist()), strict=True
            )
            yield self._loss(shown, rest)

    def validate(self) -> float | None:
        """Quality for newcomers, where there are some."""
        return None if self._validate is None else self._validate(self.module.part())

    def _cut(self, user: int) -> tuple[Int, Int]:
        """What is shown of a user, and what is to be foretold."""
        items = self.train.row(user)
        items = items[torch.randperm(len(items), generator=self.generator).numpy()]
        length, empty = torch.rand(2, generator=self.generator).tolist()
        count = 0 if empty < _NOTHING else int((self.config.longest + 1) ** length)
        count = min(count, max(1, int(_KEPT * len(items))))
        return items[:count], items[count:]

    def _loss(self, shown: tuple[Int, ...], rest: tuple[Int, ...]) -> Tensor:
        lengths = torch.tensor([len(items) for items in shown])
        flat = torch.from_numpy(np.concatenate(shown).astype(np.int64))
        logits = self.module.logits(flat, lengths.cumsum(0) - lengths, lengths.float(), self.generator)
        rows = torch.arange(len(shown))
        logits = logits.index_put((rows.repeat_interleave(lengths), flat), torch.tensor(-1e9))
        sizes = torch.tensor([len(items) for items in rest])
        # The root of its length: someone who chose a thousand says more than one who chose ten, not a hundredfold.
        weight = sizes.float().rsqrt().repeat_interleave(sizes)
        wanted = torch.from_numpy(np.concatenate(rest).astype(np.int64))
        return softmax_loss(logits, rows.repeat_interleave(sizes), wanted, weight)
