"""Training of knowledge-graph embeddings by the shared loop; an epoch is what lies between two validations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from graphrec.ogb.kge_config import KGEConfig
from graphrec.ogb.kge_data import KGData, Triples
from graphrec.ogb.kge_evaluate import kge_ranks
from graphrec.ogb.kge_loss import pairwise_translation_loss, self_adversarial_loss
from graphrec.ogb.kge_model import KGEModel, build_kge
from graphrec.ogb.kge_negatives import TypedNegatives, subsampling_weights
from graphrec.ogb.kge_scores import Side
from graphrec.training.loop import LoopConfig, Progress, run_loop
from graphrec.training.run_log import Log


def train_kge(
    data: KGData,
    config: KGEConfig,
    evaluator: Any,
    *,
    seed: int = 0,
    device: str = "cpu",
    log: Log | None = None,
) -> tuple[KGEModel, Progress]:
    """Train; the validation triples choose which weights are kept.

    Returns:
        the model with the kept weights, on `device`, and the state in which the loop ended.
    """
    drawing = torch.Generator().manual_seed(seed)
    model = build_kge(data.num_entities, data.num_relations, config, drawing).to(device)
    task = KGETask(model, data, evaluator, seed, device)
    loop = LoopConfig(
        epochs=math.ceil(config.steps / config.eval_every),
        learning_rate=config.learning_rate,
        eval_every=1,
        patience=config.patience,
        average=config.average,
    )
    return model, run_loop(task, loop, log=log)


class KGETask:
    """A knowledge-graph embedding as the shared loop sees it (:class:`graphrec.training.loop.Task`)."""

    def __init__(self, model: KGEModel, data: KGData, evaluator: Any, seed: int, device: str) -> None:
        self.module, self.data, self.evaluator, self.device = model, data, evaluator, device
        self.config = model.config
        self.generator = torch.Generator(device=device).manual_seed(seed)
        self.train = data.train.select(torch.arange(len(data.train)), device)
        self.negatives = TypedNegatives(data, device)
        weights = subsampling_weights(data.train, data.num_entities) if self.config.subsampling else None
        self.weights = None if weights is None else weights.to(device)
        self.judged = _sample(data.valid, self.config.valid_sample, seed)
        self.done = 0
        self._stream = self._batches()
        self._groups: list[dict[str, Any]] = []

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        """One group, kept so that :meth:`begin_epoch` and the steps can lower its step size."""
        self._groups = [{"params": list(self.module.parameters()), "lr": config.learning_rate}]
        return self._groups

    def begin_epoch(self, epoch: int) -> None:
        """Nothing stands still within an epoch."""

    def losses(self) -> Iterator[Tensor]:
        """The steps up to the next validation."""
        for _ in range(min(self.config.eval_every, self.config.steps - self.done)):
            if self.done >= self.config.decay_at * self.config.steps:
                for group in self._groups:
                    group["lr"] = self.config.learning_rate / 10
            side: Side = "tail" if self.done % 2 == 0 else "head"
            yield self.loss(next(self._stream), side)
            self.done += 1

    def loss(self, rows: Tensor, side: Side) -> Tensor:
        """Loss of some training triples (int64 rows) with one end corrupted."""
        config, batch = self.config, self.train.select(rows, self.device)
        drawn = self.negatives.draw(batch, config.num_negatives, side, self.generator)
        known = self.negatives.is_known(batch, drawn, side) if config.mask_known else None
        true = batch.tail if side == "tail" else batch.head
        scores = self.module.scores(batch, torch.cat([true[:, None], drawn], dim=1), side)
        weight = None if self.weights is None else self.weights[rows]
        positive, negative = scores[:, 0], scores[:, 1:]
        if config.loss == "translation":
            loss = pairwise_translation_loss(positive, negative, weight, known)
        else:
            loss = self_adversarial_loss(positive, negative, config.temperature, weight, known)
        if config.regularization:
            loss = loss + config.regularization * self.module.penalty(batch)
        return loss

    def validate(self) -> float | None:
        if not len(self.judged):
            return None
        return kge_ranks(self.module, self.data, self.judged, self.evaluator, self.device)["mrr"]

    def _batches(self) -> Iterator[Tensor]:
        """Training triples in random order, over and over."""
        while True:
            order = torch.randperm(len(self.train), generator=self.generator, device=self.device)
            yield from order.split(self.config.batch_size)


def _sample(triples: Triples, count: int | None, seed: int) -> Triples:
    if count is None or count >= len(triples):
        return triples
    drawn = torch.randperm(len(triples), generator=torch.Generator().manual_seed(seed))[:count]
    return triples.select(drawn.sort().values)
