"""GraphSAGE with full neighbourhoods (Hamilton et al., NeurIPS 2017)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from torch import Tensor, nn

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear


class GraphSAGEConfig(BaseModel):
    """Settings of :class:`GraphSAGE`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 64
    """Units of each hidden layer."""
    num_layers: PositiveInt = 2
    """Convolutions."""
    dropout: float = Field(default=0.6, ge=0.0, lt=1.0)
    """Rate on the input of every convolution."""
    aggregator: Literal["mean", "gcn"] = "mean"
    """`mean`: own vector and neighbours' mean have weights of their own; `gcn`: one mean over both."""


class GraphSAGE(NodeClassifier):
    r"""Convolutions over the mean of the neighbours.

    .. math:: x_i' = \mathrm{ReLU}(W_s x_i + W_n\, \mathrm{mean}_{j \in N(i)} x_j + b) \quad\text{(mean)}, \qquad
              x_i' = \mathrm{ReLU}(W\, \mathrm{mean}_{j \in N(i) \cup \{i\}} x_j + b) \quad\text{(gcn)}

    On an isolated node the neighbours' term is absent, and its own vector is what is left.
    """

    def __init__(self, num_features: int, num_classes: int, config: GraphSAGEConfig | None = None) -> None:
        super().__init__()
        self.config = config or GraphSAGEConfig()
        sizes = [self.config.hidden] * (self.config.num_layers - 1) + [num_classes]
        # one map gives both parts, of the own vector and of the neighbours' mean, from the same dropped input
        self.parts = 2 if self.config.aggregator == "mean" else 1
        self.first = InputLinear(num_features, self.parts * sizes[0], bias=False)
        self.rest = nn.ModuleList(
            nn.Linear(before, self.parts * after, bias=False) for before, after in pairwise(sizes)
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(size)) for size in sizes)
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Weights Glorot, biases zero."""
        super().reset_parameters(generator)
        for bias in self.biases:
            nn.init.zeros_(bias)

    def logits(self, data: NodeData) -> Tensor:
        """`[num_nodes, num_classes]`."""
        p = self.config.dropout
        x: Tensor = self._aggregate(data, self.first(data.features, p, self.generator)) + self.biases[0]
        for layer, bias in zip(self.rest, self.biases[1:], strict=True):
            x = self._aggregate(data, layer(self.drop(x.relu(), p))) + bias
        return x

    def _aggregate(self, data: NodeData, mapped: Tensor) -> Tensor:
        """The mean after the linear map, with which it commutes: the narrower vectors travel."""
        if self.parts == 2:
            own, neighbours = torch.chunk(mapped, 2, dim=1)
            return own + data.neighbour_mean(neighbours.contiguous())
        degree = data.degree.to(mapped.dtype).unsqueeze(1)
        return (mapped + degree * data.neighbour_mean(mapped)) / (degree + 1.0)
