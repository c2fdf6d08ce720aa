"""The loop that fits every gradient model: steps, averaging, early stopping, resuming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from graphrec.training.checkpoint import Checkpoint, optimizer_tensors, restore_optimizer
from graphrec.training.run_log import Log


class LoopConfig(BaseModel):
    """Settings shared by every gradient model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt = 100
    """Most epochs; without validation data exactly so many."""
    learning_rate: PositiveFloat = 5e-3
    """Adam's step size."""
    weight_decay: NonNegativeFloat = 0.0
    """L2 penalty on embeddings."""
    eval_every: PositiveInt = 5
    """Epochs between two looks at the validation data."""
    patience: PositiveInt = 5
    """Looks without a gain after which training stops."""
    average: float = Field(default=0.95, ge=0.0, lt=1.0)
    """Decay per step of the exponential moving average of the weights, which is what is kept. 0: off."""


class Task(Protocol):
    """What the loop needs to know of a model."""

    generator: torch.Generator

    @property
    def module(self) -> nn.Module:
        """What is trained."""

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        """Parameter groups for Adam."""

    def begin_epoch(self, epoch: int) -> None:
        """Refresh whatever stands still within an epoch (attention, reliabilities), kept as buffers."""

    def losses(self) -> Iterator[Tensor]:
        """The loss of each step of one epoch; the loop steps between two of them."""

    def validate(self) -> float | None:
        """Quality on the validation data, higher is better; None without such data."""


@dataclass
class Progress:
    """Where a run stands; all of it is in the checkpoint."""

    epoch: int = 0
    best_epoch: int = 0
    best: float = float("-inf")
    stale: int = 0
    average: dict[str, Tensor] = field(default_factory=dict)
    kept: dict[str, Tensor] = field(default_factory=dict)


def run_loop(
    task: Task, config: LoopConfig, *, log: Log | None = None, checkpoint: Checkpoint | None = None
) -> Progress:
    """Train until the validation stops improving, and leave the best weights in the module.

    With a checkpoint, a killed run goes on from the last look at the validation data and ends with the same
    weights as one that was never interrupted.
    """
    optimizer = torch.optim.Adam(task.groups(config), lr=config.learning_rate, fused=True)
    progress = Progress(average=_weights(task.module))
    if checkpoint and (saved := checkpoint.load()):
        _restore(task, optimizer, progress, *saved)
    while progress.epoch < config.epochs and progress.stale < config.patience:
        loss = _epoch(task, optimizer, progress, config)
        record: dict[str, Any] = {"epoch": progress.epoch, "loss": loss}
        if progress.epoch % config.eval_every == 0 or progress.epoch == config.epochs:
            value = _look(task, progress, config)
            record |= {} if value is None else {"valid": value, "best_epoch": progress.best_epoch}
            if checkpoint:
                _save(checkpoint, task, optimizer, progress)
        if log:
            log(record)
    if progress.kept:
        _load_state(task.module, progress.kept)
    return progress


def _epoch(task: Task, optimizer: torch.optim.Optimizer, progress: Progress, config: LoopConfig) -> float:
    task.begin_epoch(progress.epoch)
    task.module.train()
    total, steps = 0.0, 0
    for loss in task.losses():
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        _average(task.module, progress.average, config.average)
        total, steps = total + float(loss.detach()), steps + 1
    progress.epoch += 1
    return total / max(steps, 1)


def _look(task: Task, progress: Progress, config: LoopConfig) -> float | None:
    """Validate the averaged weights and keep them when they are the best so far."""
    current = _weights(task.module)
    candidate = progress.average if config.average else current
    _load(task.module, candidate)
    task.module.eval()
    value = task.validate()
    if value is None or value > progress.best:
        progress.best = progress.best if value is None else value
        progress.best_epoch, progress.stale = progress.epoch, 0
        kept = candidate | dict(task.module.named_buffers())
        progress.kept = {name: tensor.clone() for name, tensor in kept.items()}
    else:
        progress.stale += 1
    _load(task.module, current)
    return value


@torch.no_grad()
def _average(module: nn.Module, average: dict[str, Tensor], decay: float) -> None:
    if decay:
        for name, parameter in module.named_parameters():
            average[name].lerp_(parameter.detach(), 1.0 - decay)


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


@torch.no_grad()
def _load(module: nn.Module, weights: dict[str, Tensor]) -> None:
    for name, parameter in module.named_parameters():
        if name in weights:
            parameter.copy_(weights[name])


def _load_state(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Weights and buffers: what stands still within an epoch belongs to the weights it was computed from."""
    _load(module, state)
    for path, part in module.named_modules():
        for name in part._buffers:
            setattr(part, name, state.get(f"{path}.{name}" if path else name))


def _save(checkpoint: Checkpoint, task: Task, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    now = _weights(task.module) | dict(task.module.named_buffers())
    tensors = {f"now.{name}": value for name, value in now.items()}
    tensors |= {f"average.{name}": value.clone() for name, value in progress.average.items()}
    tensors |= {f"kept.{name}": value for name, value in progress.kept.items()}
    tensors |= optimizer_tensors(optimizer) | {"generator": task.generator.get_state()}
    state = {"epoch": progress.epoch, "best_epoch": progress.best_epoch, "stale": progress.stale}
    checkpoint.save(tensors, state | {"best": None if progress.best == float("-inf") else progress.best})


def _restore(
    task: Task,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    tensors: dict[str, Tensor],
    state: dict[str, Any],
) -> None:
    device = next(task.module.parameters()).device

    def part(prefix: str) -> dict[str, Tensor]:
        size = len(prefix)
        return {name[size:]: value.to(device) for name, value in tensors.items() if name.startswith(prefix)}

    _load_state(task.module, part("now."))
    progress.average, progress.kept = part("average."), part("kept.")
    progress.epoch, progress.best_epoch, progress.stale = (
        int(state[k]) for k in ("epoch", "best_epoch", "stale")
    )
    progress.best = float("-inf") if state["best"] is None else float(state["best"])
    restore_optimizer(optimizer, tensors)
    task.generator.set_state(tensors["generator"])
