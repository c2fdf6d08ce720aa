"""A multilayer perceptron: every node from its own features, the graph never seen."""

from __future__ import annotations

import itertools
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear


class MLPConfig(BaseModel):
    """Settings of :class:`MLP`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 128
    """Units of each hidden layer."""
    num_layers: PositiveInt = 2
    """Linear layers."""
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    """Rate on the input of every layer but the first."""
    input_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Rate on the features."""
    norm: Literal["none", "layer"] = "none"
    """Normalisation of each hidden layer before its activation."""
    activation: Literal["relu", "gelu"] = "relu"
    """Non-linearity; LayerNorm and GELU make the block of the Cold Brew paper."""


class MLP(NodeClassifier):
    """Linear, norm, activation, dropout, ..., linear."""

    def __init__(self, num_features: int, num_classes: int, config: MLPConfig | None = None) -> None:
        super().__init__()
        self.config = config or MLPConfig()
        sizes = [self.config.hidden] * (self.config.num_layers - 1) + [num_classes]
        self.first = InputLinear(num_features, sizes[0])
        self.rest = nn.ModuleList(nn.Linear(before, after) for before, after in itertools.pairwise(sizes))
        layered = self.config.norm == "layer"
        self.norms = nn.ModuleList(nn.LayerNorm(size) if layered else nn.Identity() for size in sizes[:-1])
        self.reset_parameters()

    def logits(self, data: NodeData) -> Tensor:
        """`[num_nodes, num_classes]`, from `data.x` alone."""
        activation = F.relu if self.config.activation == "relu" else F.gelu
        x: Tensor = self.first(data.features, self.config.input_dropout, self.generator)
        for norm, layer in zip(self.norms, self.rest, strict=True):
            x = layer(self.drop(activation(norm(x)), self.config.dropout))
        return x
