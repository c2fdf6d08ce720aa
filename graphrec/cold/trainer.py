"""One trainer for every node model: full-batch Adam, the validation nodes choose the epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.training.loop import LoopConfig, run_loop
from graphrec.training.run_log import Log


class NodeTrainConfig(BaseModel):
    """Settings of one training run; the defaults are the usual ones of two-layer GCNs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lr: PositiveFloat = 0.01
    """Adam's step size."""
    weight_decay: NonNegativeFloat = 5e-4
    """L2 penalty, on everything that the model does not exempt."""
    epochs: PositiveInt = 300
    """Most epochs; an epoch is one full-batch step."""
    patience: PositiveInt = 100
    """Looks at the validation nodes without a gain after which training stops."""
    eval_every: PositiveInt = 1
    """Epochs between two looks."""
    average: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay per step of an exponential moving average of the weights, validated and kept in their place. 0: off."""

    def loop(self) -> LoopConfig:
        """The same settings for the shared loop."""
        names = ("weight_decay", "epochs", "patience", "eval_every", "average")
        return LoopConfig(learning_rate=self.lr, **{name: getattr(self, name) for name in names})


@dataclass(frozen=True, eq=False)
class NodeResult:
    """What a method says about every node.

    Args:
        valid: accuracy on the validation nodes, 0..1; NaN without such nodes.
        best_epoch: epoch whose weights were kept (the last one without validation nodes); 0 for closed forms.
        logits: float32 `[num_nodes, num_classes]`, of that epoch, in eval mode, on the data trained on.
    """

    valid: float
    best_epoch: int
    logits: Tensor

    def accuracy(self, data: NodeData, nodes: Tensor) -> float:
        """Share of the nodes (int64 ids) whose class is predicted rightly; NaN without nodes."""
        return accuracy(self.logits, data.y, nodes)


def train_node_model(
    model: NodeClassifier,
    data: NodeData,
    config: NodeTrainConfig | None = None,
    seed: int = 0,
    *,
    watch: NodeData | None = None,
    log: Log | None = None,
) -> NodeResult:
    """Draw the model's parameters anew, train it on `data.train`, keep the validation-best epoch's weights.

    Equal validation accuracies, of which small validation sets give many, are told apart by validation loss.

    Args:
        watch: the data on which `valid` is judged, when that should not be `data`: the same nodes without the
            edges of the validation nodes measures cold start.
        log: takes a record of every epoch.

    Returns:
        Results on `data`; :func:`predict` gives the logits of the kept weights on any other graph.
    """
    settings = config or NodeTrainConfig()
    generator = torch.Generator(device=data.x.device).manual_seed(seed)
    model.to(data.x.device).reset_parameters(generator)
    judged = data if watch is None else watch
    progress = run_loop(_NodeTask(model, data, judged), settings.loop(), log=log)
    seen = predict(model, judged)
    logits = seen if judged is data else predict(model, data)
    return NodeResult(accuracy(seen, judged.y, judged.valid), progress.best_epoch or progress.epoch, logits)


@torch.no_grad()
def predict(model: NodeClassifier, data: NodeData) -> Tensor:
    """Logits in eval mode, without gradients, `[num_nodes, num_classes]`."""
    model.eval()
    return model.logits(data)


def accuracy(logits: Tensor, y: Tensor, nodes: Tensor) -> float:
    """Share of right predictions among the nodes, 0..1; NaN without nodes.

    Args:
        logits: `[num_nodes, num_classes]`.
        y: int64 `[num_nodes]`.
        nodes: int64 ids.
    """
    if not len(nodes):
        return math.nan
    return float((logits[nodes].argmax(dim=1) == y[nodes]).double().mean())


class _NodeTask:
    """A node model as the shared loop sees it: an epoch of one step."""

    def __init__(self, model: NodeClassifier, data: NodeData, judged: NodeData) -> None:
        self.module, self.data, self.judged = model, data, judged
        self.generator = model.generator

    def groups(self, config: LoopConfig) -> list[dict[str, Any]]:
        return self.module.parameter_groups(config.weight_decay)

    def begin_epoch(self, epoch: int) -> None:
        """Nothing stands still within an epoch of one step."""

    def losses(self) -> Iterator[Tensor]:
        yield self.module.loss(self.data, self.module.logits(self.data))

    def validate(self) -> float | None:
        """Right predictions plus `exp(-loss)`, which lies in (0, 1): more right ones always win."""
        nodes = self.judged.valid
        if not len(nodes):
            return None
        logits, y = predict(self.module, self.judged)[nodes], self.judged.y[nodes]
        right = (logits.argmax(dim=1) == y).sum()
        return float(right) + math.exp(-float(F.cross_entropy(logits, y)))
