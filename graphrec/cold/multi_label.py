"""Nodes with any number of labels at once: the node models with a sigmoid per label, and how they are judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.trainer import NodeTrainConfig, predict
from graphrec.errors import InvalidInputError
from graphrec.training.loop import LoopConfig, run_loop

_CUTS = 200  # thresholds that are tried


def train_multi_label(
    model: NodeClassifier,
    data: NodeData,
    targets: Tensor,
    config: NodeTrainConfig | None = None,
    seed: int = 0,
) -> Tensor:
    """Draw the model's parameters anew, train one sigmoid per label, keep the epoch of least validation loss.

    The model's own loss is not used: it is for nodes of one class each.

    Args:
        model: with as many classes as there are labels.
        data: `y` is not read.
        targets: zeros and ones, float32 `[num_nodes, num_labels]`; rows outside `data.train` are never trained on.

    Returns:
        Logits of all nodes, `[num_nodes, num_labels]`.

    Raises:
        InvalidInputError: targets of another number of nodes.
    """
    if targets.ndim != 2 or len(targets) != data.num_nodes:
        raise InvalidInputError(
            f"Targets of {tuple(targets.shape)} do not fit {data.num_nodes} nodes; give one row per node."
        )
    settings = config or NodeTrainConfig()
    model.to(data.x.device).reset_parameters(torch.Generator(device=data.x.device).manual_seed(seed))
    run_loop(_MultiLabelTask(model, data, targets.to(data.x)), settings.loop())
    return predict(model, data)


class _MultiLabelTask:
    """A node model with binary cross-entropy, as the shared loop sees it: an epoch of one step."""

    def __init__(self, model: NodeClassifier, data: NodeData, targets: Tensor) -> None:
        self.module, self.data, self.targets = model, data, targets
        self.generator = model.generator

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return self.module.parameter_groups(config.weight_decay)

    def begin_epoch(self, epoch: int) -> None:
        """Nothing stands still within an epoch of one step."""

    def losses(self) -> Iterator[Tensor]:
        yield self._loss(self.module.logits(self.data), self.data.train)

    def validate(self) -> float | None:
        nodes = self.data.valid
        return -float(self._loss(predict(self.module, self.data), nodes)) if len(nodes) else None

    def _loss(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits[nodes], self.targets[nodes])


def f1(scores: Tensor, targets: Tensor, threshold: float, average: Literal["micro", "macro"]) -> float:
    """F1 of calling every score from the threshold on a label, 0..1.

    Args:
        scores, targets: `[num_nodes, num_labels]`.
        average: `micro` counts over all labels; `macro` is the mean over labels, one that is neither there nor
            called having F1 0.
    """
    called, there = scores >= threshold, targets > 0
    axis = None if average == "micro" else 0
    right, wrong = (called & there).sum(axis).double(), (called != there).sum(axis).double()
    return float((2 * right / (2 * right + wrong).clamp_min(1)).mean())


def best_threshold(scores: Tensor, targets: Tensor, average: Literal["micro", "macro"]) -> float:
    """The threshold of the best F1 among evenly spread quantiles of the scores; choose it on validation nodes."""
    ordered = scores.flatten().sort(descending=True).values
    places = torch.linspace(0, len(ordered) - 1, min(_CUTS, len(ordered))).long()
    cuts: list[float] = ordered[places].tolist()
    return max(cuts, key=lambda cut: f1(scores, targets, cut, average))


def mean_average_precision(scores: Tensor, targets: Tensor) -> float:
    """Mean over the labels that occur of the area under precision over recall, 0..1; equal scores count as one step.

    Args:
        scores, targets: `[num_nodes, num_labels]`.

    Raises:
        InvalidInputError: no label occurs.
    """
    found = [
        _average_precision(column, there)
        for column, there in zip(scores.T, (targets > 0).T, strict=True)
        if bool(there.any())
    ]
    if not found:
        raise InvalidInputError("Average precision needs at least one label that occurs.")
    return sum(found) / len(found)


def _average_precision(scores: Tensor, there: Tensor) -> float:
    ordered, order = scores.sort(descending=True)
    right = there[order].cumsum(0).double()
    last = (
        torch.cat([ordered[1:] != ordered[:-1], ordered.new_ones(1, dtype=torch.bool)]).nonzero().squeeze(1)
    )
    precision = right[last] / (last + 1)
    gained = torch.diff(right[last], prepend=right.new_zeros(1))
    return float((precision * gained).sum() / right[-1])
