"""Settings of the node models; defaults follow OGB's reference scripts, data set by data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from graphrec.cold.label_propagation import LabelPropagationConfig
from graphrec.cold.structural_gcn import StructuralGCNConfig
from graphrec.cold.student import ColdBrewConfig
from graphrec.cold.trainer import NodeTrainConfig


class NetworkSettings(BaseModel):
    """Settings of `mlp`, `gcn`, `sage` and `rgcn`; the defaults are those of OGB's scripts for ogbn-arxiv."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 256
    """Units of each hidden layer."""
    num_layers: PositiveInt = 3
    """Layers."""
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    """After each hidden layer."""
    batch_norm: bool = True
    """Batch norm after each hidden layer (not in `rgcn`)."""
    lr: PositiveFloat = 0.01
    """Adam's step size."""
    weight_decay: NonNegativeFloat = 0.0
    """L2 penalty."""
    epochs: PositiveInt = 500
    """Passes over the training nodes."""
    eval_every: PositiveInt = 1
    """Epochs between two looks at the validation nodes."""
    patience: PositiveInt | None = None
    """Looks without a gain after which training stops; None goes on to the end, as OGB's scripts do."""
    batch_size: PositiveInt = 1024
    """Training nodes of a mini-batch."""
    fanouts: tuple[PositiveInt, ...] = (15, 10, 5)
    """Neighbours drawn per node in mini-batches, one number per layer, the hop next to the node first."""
    workers: NonNegativeInt = 1
    """Threads that draw mini-batches while the model works."""
    rows: PositiveInt = 65536
    """Nodes computed at a time when all nodes are classified."""

    def training(self) -> NodeTrainConfig:
        """The same settings for the trainer of whole graphs and for the shared loop."""
        return NodeTrainConfig(
            lr=self.lr, weight_decay=self.weight_decay, epochs=self.epochs, eval_every=self.eval_every,
            patience=self.patience or self.epochs,
        )  # fmt: skip


class ColdBrewSettings(BaseModel):
    """Settings of `cold-brew`: a teacher of ogbn-arxiv's reference size, and the students of `graphrec.cold`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    teacher: StructuralGCNConfig = StructuralGCNConfig(depth=3, hidden=256, dropout=0.5, norm="batch")
    """The graph network with structural embeddings."""
    teacher_training: NodeTrainConfig = NodeTrainConfig(weight_decay=0.0, epochs=500, patience=500)
    """How it is trained."""
    student: ColdBrewConfig = ColdBrewConfig()
    """Both parts of the student; part one's training stands in it."""
    student_training: NodeTrainConfig = NodeTrainConfig(lr=0.005, weight_decay=0.0, epochs=300, patience=50)
    """How part two is trained."""
    slices: bool = True
    """Train a second time on a graph whose tenth of nodes with fewest edges has lost them all, and report those
    nodes (`isolation`), the tail and the head."""
    ties: int = 0
    """Seed of the order among nodes of equal degree, when the tenth is cut off."""


class PropagationSettings(LabelPropagationConfig):
    """Settings of `label-propagation`."""


_DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    # Mini-batches in place of the reference's 200 full-batch steps, with a smaller step size.
    ("ogbn-products", "mlp"): {
        "dropout": 0.0, "batch_norm": False, "epochs": 20, "batch_size": 4096, "lr": 0.003,
    },
    ("ogbn-products", "sage"): {"batch_norm": False, "lr": 0.003, "epochs": 20},
    ("ogbn-mag", "mlp"): {"dropout": 0.0, "batch_norm": False},
    # Drawn for every relation by itself; the reference draws 25 and 20 over all that lead to a node.
    ("ogbn-mag", "rgcn"): {"hidden": 64, "num_layers": 2, "epochs": 3, "fanouts": (10, 8)},
}  # fmt: skip
PREFERRED = {"ogbn-products": "sampled", "ogbn-papers100M": "sampled"}
"""Where OGB's references train in mini-batches, whatever the memory."""


def settings_of(name: str, model: str, given: Mapping[str, Any], epochs: int | None) -> dict[str, Any]:
    """The settings of a run before they are checked: the data set's defaults, then what was given.

    Args:
        epochs: of `--epochs`; wins over all.
    """
    if model == "cold-brew":
        parts = ("teacher_training", "student_training")
        told = {} if epochs is None else {part: {"epochs": epochs} for part in parts}
        return _merged(_merged(ColdBrewSettings().model_dump(), given), told)
    found = {**_DEFAULTS.get((name, model), {}), **given}
    return found if epochs is None or model == "label-propagation" else {**found, "epochs": epochs}


def _merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them, table by table: one entry of a table leaves its neighbours alone."""
    found = dict(base)
    for key, value in given.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[key] = _merged(before, value)
        else:
            found[key] = value
    return found
