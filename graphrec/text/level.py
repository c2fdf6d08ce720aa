"""The steps of one level: texts in, a loss over their active codes, encoder and head a little further."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphrec.errors import InvalidInputError
from graphrec.text.encoder import TextEncoder
from graphrec.text.heads import LevelHead
from graphrec.text.hinge import weighted_squared_hinge
from graphrec.text.neighbour_softmax import neighbour_softmax
from graphrec.text.schedule import Report, TextProgress, batches, half_precision, rate, steps_of
from graphrec.text.shortlist import Shortlist
from graphrec.text.tokens import TokenTable
from graphrec.text.xr_state import RunState
from graphrec.training.checkpoint import restore_optimizer

if TYPE_CHECKING:
    from graphrec.text.xr_transformer import XRConfig

_LOSSES = {"hinge": weighted_squared_hinge, "softmax": neighbour_softmax}


@dataclass(frozen=True, slots=True, eq=False)
class LevelTask:
    """What one level needs.

    Args:
        encoder, head: trained in place, on the device.
        shortlist: active codes; its rows are those of `instances`.
        tokens: of all texts.
        instances: rows of `tokens` that are trained on.
        config: settings.
        level, levels: number of this level, and of all.
        device: where encoder and head are.
    """

    encoder: TextEncoder
    head: LevelHead
    shortlist: Shortlist
    tokens: TokenTable
    instances: NDArray[np.int64]
    config: XRConfig
    level: int
    levels: int
    device: torch.device

    @property
    def steps(self) -> int:
        """Steps of this level."""
        config = self.config
        return steps_of(len(self.instances), config.batch, config.steps, config.epochs)


def tune_level(
    task: LevelTask, state: RunState, first: int, tensors: dict[str, Tensor], report: Report | None
) -> None:
    """Train one level from step `first` on; begin, end and every `save_seconds` are saved.

    Whatever is random in a step follows from seed, level and step, so that nothing of it has to be kept.

    Args:
        task: the level.
        state: where to save.
        first: steps done.
        tensors: moments of the optimiser after them.
        report: is told the mean loss every `report_every` steps.

    Raises:
        InvalidInputError: the loss is no longer a number.
    """
    config, steps = task.config, task.steps
    trained = [p for p in task.encoder.parameters() if p.requires_grad]
    optimizer = _optimizer(task, trained)
    restore_optimizer(optimizer, tensors)
    if not first:
        state.save(task.level, 0, task.encoder, task.head, optimizer)
    task.encoder.train()
    rows = batches(task.tokens.lengths[task.instances], config.batch, config.seed, task.level, first)
    losses, texts, started, saved = [], 0, time.perf_counter(), time.perf_counter()
    for step in range(first, steps):
        chosen = next(rows)
        losses.append(_gradients(task, chosen, step))
        _update(task, optimizer, trained, rate(step, steps, round(config.warm_up * steps)))
        texts += len(chosen)
        done, now = step + 1, time.perf_counter()
        if done == steps or now - saved >= config.save_seconds:
            state.save(task.level, done, task.encoder, task.head, optimizer)
            saved = time.perf_counter()
        if done == steps or done % config.report_every == 0:
            loss, losses = _mean(losses, task.level, done), []
            if report is not None:
                speed = texts / max(time.perf_counter() - started, 1e-9)
                report(TextProgress("tune", task.level, task.levels, done, steps, loss, speed))
    task.encoder.eval()


def _mean(losses: list[Tensor], level: int, step: int) -> float:
    loss = float(torch.stack(losses).mean())
    if not math.isfinite(loss):
        raise InvalidInputError(
            f"The loss of level {level} is {loss} at step {step}; lower learning_rate or head_rate."
        )
    return loss


def _optimizer(task: LevelTask, trained: list[nn.Parameter]) -> torch.optim.AdamW:
    """AdamW is a rule per weight: one with two groups is the two optimisers of the paper, with one state to save."""
    config = task.config
    head_rate = config.head_rate or config.learning_rate
    groups = [
        {"params": trained, "lr": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": list(task.head.parameters()), "lr": head_rate, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, eps=1e-8, fused=True)
    for group in optimizer.param_groups:
        group["full"] = group["lr"]
    return optimizer


def _gradients(task: LevelTask, chosen: NDArray[np.int64], step: int) -> Tensor:
    """Add up the gradients of a batch, part by part; its loss."""
    config = task.config
    sequence = np.random.SeedSequence([config.seed, task.level, step])
    number = int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
    rng = np.random.default_rng(sequence)
    torch.manual_seed(number)  # what attention drops inside torch's own kernel
    generator = torch.Generator(task.device).manual_seed(number)
    task.encoder.use_generator(generator)
    total = torch.zeros((), device=task.device)
    for start in range(0, len(chosen), config.micro_batch):
        part = chosen[start : start + config.micro_batch]
        codes, signs, weights, mask = task.shortlist.batch(part, rng).tensors(task.device)
        ids, there = (found.to(task.device) for found in task.tokens.batch(task.instances[part]))
        with half_precision(task.device):
            vectors = task.encoder(ids, there)
        logits = task.head.active(vectors.float(), codes, config.dropout, generator)
        loss = _LOSSES[config.loss](logits, signs, weights, mask) * (len(part) / len(chosen))
        loss.backward()
        total += loss.detach()
    return total


def _update(
    task: LevelTask, optimizer: torch.optim.Optimizer, trained: list[nn.Parameter], factor: float
) -> None:
    nn.utils.clip_grad_norm_(trained, task.config.clip)
    nn.utils.clip_grad_norm_(task.head.parameters(), task.config.clip)
    for group in optimizer.param_groups:
        group["lr"] = group["full"] * factor
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
