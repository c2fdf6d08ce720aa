"""The ranking objectives of the gradient models: batches, negatives and loss in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from graphrec.sparse import CSR
from graphrec.training.losses import bpr_loss, sampled_softmax_loss, softmax_loss
from graphrec.training.sampling import NegativeSampler, popularity_draws, shared_negatives

if TYPE_CHECKING:
    from graphrec.models.gradient import GradientConfig


class Batch(NamedTuple):
    """One step's work.

    Args:
        users: distinct users of the step, int64 `[users]`.
        rows: position in `users` of each interaction, int64 `[positives]`.
        items: int64 `[positives]`.
        entries: position of each interaction in the training matrix, int64 `[positives]`.
    """

    users: Tensor
    rows: Tensor
    items: Tensor
    entries: Tensor


class Objective:
    """Cuts the training matrix into batches and scores them with the configured loss.

    `softmax` walks over users and takes all their items at once; the other losses walk over interactions.
    """

    def __init__(self, config: GradientConfig, train: CSR, generator: torch.Generator, device: str) -> None:
        self.config, self.generator, self.device = config, generator, device
        self.num_items = train.shape[1]
        self._pointer = torch.from_numpy(train.indptr).to(device)
        self._items = torch.from_numpy(train.indices.astype(np.int64)).to(device)
        self._owner = torch.from_numpy(train.row_index()).to(device)
        values = np.ones(train.nnz, dtype=np.float32) if train.values is None else np.array(train.values)
        self._strength = torch.from_numpy(values).to(device)
        degrees = train.degrees()
        self._active = torch.from_numpy(np.flatnonzero(degrees)).to(device)
        share = np.maximum(degrees, 1).astype(np.float32) ** (config.user_balance - 1.0)
        self._balance = torch.from_numpy(share).to(device)
        self._popularity = torch.from_numpy(np.bincount(train.indices, minlength=self.num_items)).to(device)
        self._sampler = NegativeSampler(train, device)

    def batches(self) -> Iterator[Batch]:
        """One epoch in random order."""
        if self.config.loss == "softmax":
            order = self._active[self._shuffle(len(self._active))]
            for users in order.split(self.config.batch_users):
                yield self._of_users(users)
        else:
            trainable = torch.nonzero(~self._sampler.full_users[self._owner]).squeeze(1)
            for entries in trainable[self._shuffle(len(trainable))].split(self.config.batch_size):
                users, rows = torch.unique(self._owner[entries], return_inverse=True)
                yield Batch(users, rows, self._items[entries], entries)

    def loss(
        self, batch: Batch, users: Tensor, items: Tensor, bias: Tensor | None, reliability: Tensor | None
    ) -> Tensor:
        """Mean loss of a batch.

        Args:
            users, items: `[num_users, dim]`, `[num_items, dim]` whose inner products are logits.
            bias: `[num_items]` or None.
            reliability: `[nnz]` or None, multiplies the interaction weights.
        """
        weight = self._strength[batch.entries]
        weight = weight if reliability is None else weight * reliability[batch.entries]
        if self.config.loss == "softmax":
            own = users.index_select(0, batch.users)
            logits = own @ items.t() if bias is None else torch.addmm(bias, own, items.t())
            return softmax_loss(
                logits, batch.rows, batch.items, weight * self._balance[batch.users][batch.rows]
            )
        offset = torch.zeros(self.num_items, device=self.device) if bias is None else bias
        own = users.index_select(0, batch.users[batch.rows])  # its gradient is 3 times as quick as indexing's
        positive = (own * items.index_select(0, batch.items)).sum(dim=1) + offset[batch.items]
        if self.config.loss == "bpr":
            return self._bpr(batch, own, positive, items, offset, weight)
        return self._sampled(batch, own, positive, items, offset, weight)

    def _bpr(
        self, batch: Batch, own: Tensor, positive: Tensor, items: Tensor, offset: Tensor, weight: Tensor
    ) -> Tensor:
        drawn = self._sampler.sample(batch.users[batch.rows], self.config.num_negatives, self.generator)
        others = items.index_select(0, drawn.reshape(-1)).view(*drawn.shape, -1)
        negative = (own[:, None] * others).sum(dim=2) + offset[drawn]
        return bpr_loss(positive, negative, weight)

    def _sampled(
        self, batch: Batch, own: Tensor, positive: Tensor, items: Tensor, offset: Tensor, weight: Tensor
    ) -> Tensor:
        config = self.config
        if config.negative_power > 0:
            drawn, log_q = popularity_draws(
                self._popularity, config.num_negatives, config.negative_power, self.generator
            )
        else:
            drawn = shared_negatives(self.num_items, config.num_negatives, self.generator, self.device)
            log_q = torch.full(
                (self.num_items,), float(np.log(len(drawn) / self.num_items)), device=self.device
            )
        negative = own @ items.index_select(0, drawn).t() + offset[drawn]
        known = self._sampler.is_positive(batch.users[:, None], drawn[None, :])
        negative = negative.masked_fill(known[batch.rows], -torch.inf)
        return sampled_softmax_loss(positive, negative, weight, negative_log_q=log_q[drawn])

    def _of_users(self, users: Tensor) -> Batch:
        starts, counts = self._pointer[users], self._pointer[users + 1] - self._pointer[users]
        rows = torch.repeat_interleave(torch.arange(len(users), device=self.device), counts)
        first = torch.cumsum(counts, dim=0) - counts
        entries = starts[rows] + torch.arange(len(rows), device=self.device) - first[rows]
        return Batch(users, rows, self._items[entries], entries)

    def _shuffle(self, count: int) -> Tensor:
        return torch.randperm(count, generator=self.generator, device=self.device)
