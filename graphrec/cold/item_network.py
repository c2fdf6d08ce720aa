"""A content tower for items with id-dropout: what an item says, and what was learned of its id where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from graphrec.cold.features import SparseRows, sparse_rows
from graphrec.sparse import CSR
from graphrec.training.loop import LoopConfig, run_loop
from graphrec.training.losses import softmax_loss
from graphrec.training.run_log import Log

Float = NDArray[np.floating[Any]]


class ItemNetworkConfig(BaseModel):
    """Settings of the tower."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dim: PositiveInt = 64
    """Length of keys and items."""
    epochs: PositiveInt = 40
    """Most epochs; without somebody to validate on exactly so many."""
    learning_rate: PositiveFloat = 3e-3
    """Adam's step size."""
    id_dropout: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of the items that do without their id in a step; 1 leaves content alone."""
    word_dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Share of the words that are overlooked in a step."""
    exponent: NonNegativeFloat = 0.5
    """Power of a history's length that divides the sum of its keys."""
    batch: PositiveInt = 256
    """Users per step."""


class ItemNetwork(nn.Module):
    r"""Keys, vectors and biases of items from their words and, unless dropped, their ids.

    .. math:: k_j = x_j W_k + m_j e_j, \qquad v_i = x_i W_v + m_i e'_i, \qquad b_i = x_i w + m_i b'_i

    `m` is 0 for a share of the items in each training step (DropoutNet, Volkovs et al., NeurIPS 2017, where it is
    the whole input that is dropped), so that the words learn to stand alone.

    Args:
        num_words, num_items: sizes.
        config: see :class:`ItemNetworkConfig`.
    """

    def __init__(self, num_words: int, num_items: int, config: ItemNetworkConfig) -> None:
        super().__init__()
        words, ids = (num_words, config.dim), (num_items, config.dim)
        self.key_words, self.item_words = nn.Parameter(torch.empty(words)), nn.Parameter(torch.empty(words))
        self.key_ids, self.item_ids = nn.Parameter(torch.empty(ids)), nn.Parameter(torch.empty(ids))
        self.bias_words, self.bias_ids = (
            nn.Parameter(torch.empty(num_words, 1)),
            nn.Parameter(torch.empty(num_items)),
        )
        self.config = config

    @torch.no_grad()
    def reset_parameters(self, generator: torch.Generator, start: tuple[Float, Float] | None = None) -> None:
        """Small random words and no ids; or words `[num_words, dim]` of keys and items to go on from."""
        for number, table in enumerate((self.key_words, self.item_words)):
            if start is None:
                table.normal_(0.0, 0.02, generator=generator)
            else:
                table.copy_(torch.from_numpy(np.ascontiguousarray(start[number])))
        for table in (self.key_ids, self.item_ids, self.bias_words, self.bias_ids):
            table.zero_()

    def forward(self, bags: SparseRows, keep: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keys and items `[n, dim]` and bias `[n]`.

        Args:
            bags: of the items.
            keep: `[n, 1]`, 1 where the id may be used.
        """
        keys = bags.matmul(self.key_words) + keep * self.key_ids
        items = bags.matmul(self.item_words) + keep * self.item_ids
        return keys, items, bags.matmul(self.bias_words)[:, 0] + keep[:, 0] * self.bias_ids


def thinned(rows: SparseRows, share: float, generator: torch.Generator) -> SparseRows:
    """The same without a random share of its entries, the others made up for it."""
    if share == 0:
        return rows
    kept = torch.rand(len(rows.values), generator=generator) >= share
    return replace(rows, values=rows.values * kept / (1 - share))


def train_item_network(
    bags: CSR, train: CSR, config: ItemNetworkConfig, *, seed: int = 0, start: tuple[Float, Float] | None = None,
    validate: Callable[[ItemNetwork], float] | None = None, log: Log | None = None,
) -> ItemNetwork:  # fmt: skip
    r"""Learn to foretell a part of each history from the rest of it.

    .. math:: \max \sum_u \sum_{i \in u \setminus h} \log \mathrm{softmax}_i
        \big( (\textstyle\sum_{j \in h} k_j)^\top v_i / |h|^\gamma + b_i \big), \quad h \subset u

    with a fresh random `h` of between 5 and 95 % of the history in every epoch (Mult-DAE's likelihood, Liang et
    al., WWW 2018), over the items that somebody chose.

    Args:
        bags: `[num_items, num_words]`.
        train: `[num_users, num_items]`.
        validate: quality of the network, higher is better; the best epoch is kept.
    """
    task = _Task(bags, train, config, seed, start, validate)
    loop = LoopConfig(epochs=config.epochs, learning_rate=config.learning_rate, eval_every=4, patience=3)
    run_loop(task, loop, log=log)
    return task.network.eval()


class _Task:
    """The network as the shared loop trains it."""

    def __init__(
        self, bags: CSR, train: CSR, config: ItemNetworkConfig, seed: int,
        start: tuple[Float, Float] | None, validate: Callable[[ItemNetwork], float] | None,
    ) -> None:  # fmt: skip
        self.generator = torch.Generator().manual_seed(seed)
        self.network = ItemNetwork(bags.shape[1], bags.shape[0], config)
        self.network.reset_parameters(self.generator, start)
        self.bags, self.train, self.config, self._validate = sparse_rows(bags), train, config, validate
        self.users = torch.from_numpy(np.flatnonzero(train.degrees() > 1))
        chosen = np.bincount(train.indices, minlength=train.shape[1]) > 0
        self._never = torch.from_numpy(~chosen)

    @property
    def module(self) -> nn.Module:
        return self.network

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return [{"params": list(self.network.parameters())}]

    def begin_epoch(self, epoch: int) -> None:
        """Nothing stands still within an epoch."""

    def losses(self) -> Iterator[Tensor]:
        order = self.users[torch.randperm(len(self.users), generator=self.generator)]
        for users in order.split(self.config.batch):
            yield self._loss(users.numpy())

    def validate(self) -> float | None:
        return None if self._validate is None else self._validate(self.network)

    def _loss(self, users: NDArray[np.int64]) -> Tensor:
        shown, rows, wanted = self._cut(users)
        keep = (
            torch.rand(self.train.shape[1], 1, generator=self.generator) >= self.config.id_dropout
        ).float()
        keys, items, bias = self.network(thinned(self.bags, self.config.word_dropout, self.generator), keep)
        sizes = torch.from_numpy(shown.degrees().astype(np.float32)).clamp_min(1.0)
        profile = sparse_rows(shown).matmul(keys) / sizes.pow(self.config.exponent)[:, None]
        seen = torch.zeros(len(users), self.train.shape[1], dtype=torch.bool)
        seen[torch.from_numpy(shown.row_index()), torch.from_numpy(shown.indices.astype(np.int64))] = True
        logits = (profile @ items.t() + bias).masked_fill(seen | self._never, -1e9)
        weight = torch.bincount(rows, minlength=len(users)).clamp_min(1).float().rsqrt()[rows]
        return softmax_loss(logits, rows, wanted, weight)

    def _cut(self, users: NDArray[np.int64]) -> tuple[CSR, Tensor, Tensor]:
        """What is shown of the histories, and rows and items of what is to be foretold."""
        starts, counts = self.train.indptr[users], self.train.degrees()[users]
        rows = np.repeat(np.arange(len(users)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        items = self.train.indices[np.repeat(starts, counts) + within].astype(np.int64)
        share = 0.05 + 0.9 * torch.rand(len(users), generator=self.generator).numpy()
        shown = torch.rand(len(rows), generator=self.generator).numpy() < share[rows]
        cut = CSR.from_coo(rows[shown], items[shown], None, (len(users), self.train.shape[1]))
        return cut, torch.from_numpy(rows[~shown]), torch.from_numpy(items[~shown])
