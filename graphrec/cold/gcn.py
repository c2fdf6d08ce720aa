"""The graph convolutional network (Kipf and Welling, ICLR 2017)."""

from __future__ import annotations

import itertools

import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from torch import Tensor, nn

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear


class GCNConfig(BaseModel):
    """Settings of :class:`GCN`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 64
    """Units of each hidden layer."""
    num_layers: PositiveInt = 2
    """Convolutions."""
    dropout: float = Field(default=0.6, ge=0.0, lt=1.0)
    """Rate on the input of every convolution."""


class GCN(NodeClassifier):
    r"""Graph convolutions with self loops.

    .. math:: X^{(l+1)} = \mathrm{ReLU}(\tilde A X^{(l)} W^{(l)} + b^{(l)}), \qquad
              \tilde A = D^{-1/2} (A + I) D^{-1/2}

    On an isolated node the self loop alone is left, so it is an MLP with the network's own weights there.
    """

    def __init__(self, num_features: int, num_classes: int, config: GCNConfig | None = None) -> None:
        super().__init__()
        self.config = config or GCNConfig()
        sizes = [self.config.hidden] * (self.config.num_layers - 1) + [num_classes]
        self.first = InputLinear(num_features, sizes[0], bias=False)
        self.rest = nn.ModuleList(
            nn.Linear(before, after, bias=False) for before, after in itertools.pairwise(sizes)
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(size)) for size in sizes)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Weights Glorot, biases zero."""
        super().reset_parameters(generator)
        for bias in self.biases:
            nn.init.zeros_(bias)

    def layers(self, data: NodeData) -> list[Tensor]:
        """Output of every convolution before its ReLU, each `[num_nodes, size]`."""
        p = self.config.dropout
        linear = self.first(data.features, p, self.generator)
        outputs = [data.propagate(linear) + self.biases[0]]
        for layer, bias in zip(self.rest, self.biases[1:], strict=True):
            hidden = self.drop(outputs[-1].relu(), p)
            outputs.append(data.propagate(layer(hidden)) + bias)
        return outputs

    def logits(self, data: NodeData) -> Tensor:
        return self.layers(data)[-1]
