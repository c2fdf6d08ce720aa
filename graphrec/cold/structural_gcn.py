"""Cold Brew's teacher: a graph convolutional network with a learned vector per node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear, SparseRows
from graphrec.cold.norms import NormName, make_norm
from graphrec.cold.residual import PROJECTED, Residual, ResidualName
from graphrec.errors import InvalidInputError

Bank = Literal["logits", "layers", "convolutions"]


class StructuralGCNConfig(BaseModel):
    """Settings of :class:`StructuralGCN`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    depth: PositiveInt = 2
    """Convolutions."""
    hidden: PositiveInt = 64
    """Length of a hidden vector."""
    dropout: float = Field(default=0.6, ge=0.0, lt=1.0)
    """On the input of every layer."""
    norm: NormName = "none"
    """Normalisation of every hidden layer."""
    residual: ResidualName = "none"
    """How a layer joins earlier ones."""
    alpha: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of the earlier vector in `initial` and `residual`."""
    se_layers: str = Field(default="100", pattern=r"^[01]{3}$")
    """Which layers carry structural embeddings: the first, those between, the last. 000 is a plain GCN."""
    eta: NonNegativeFloat = 0.5
    """Weight of the penalty on structural embeddings; the published values belong to the norm not squared."""
    squared: bool = False
    """Square the norm, as the paper writes it; the published code does not."""
    se_init: Literal["zero", "normal"] = "zero"
    """`normal` draws with standard deviation 1 as published, which hurts nodes without edges: nothing but the
    penalty ever changes theirs."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One forward pass.

    Args:
        mapped: `X^l W^l + E^l` of every convolution, `[num_nodes, dim]` each.
        convolved: what the convolution made of it, bias added, before norm and activation.
        logits: `[num_nodes, num_classes]`.
    """

    mapped: list[Tensor]
    convolved: list[Tensor]
    logits: Tensor


class StructuralConvolution(nn.Module):
    r"""One convolution with structural embeddings (Zheng et al., ICLR 2022, eq. 3).

    .. math:: Y = \tilde A (X W + E) + b

    Args:
        num_inputs, dim: lengths before and after.
        num_nodes: rows of E; None leaves E out, and what remains is the GCN layer of Kipf and Welling.
    """

    def __init__(self, num_inputs: int, dim: int, num_nodes: int | None) -> None:
        super().__init__()
        self.linear = InputLinear(num_inputs, dim, bias=False)
        self.bias = nn.Parameter(torch.zeros(dim))
        self.structural = None if num_nodes is None else nn.Parameter(torch.zeros(num_nodes, dim))

    def reset_parameters(self, generator: torch.Generator, se_init: str = "zero") -> None:
        """Draw everything anew."""
        self.linear.reset_parameters(generator)
        nn.init.zeros_(self.bias)
        if self.structural is not None and se_init == "normal":
            nn.init.normal_(self.structural, generator=generator)
        elif self.structural is not None:
            nn.init.zeros_(self.structural)

    def forward(
        self, x: SparseRows | Tensor, data: NodeData, p: float, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Mapped and convolved vectors, `[num_nodes, dim]` each; `p` is the dropout rate on `x`."""
        mapped = self.linear(x, p, generator)
        if self.structural is not None:
            mapped = mapped + self.structural
        return mapped, data.propagate(mapped) + self.bias


class StructuralGCN(NodeClassifier):
    r"""GCN whose layers add a learned vector per node, penalised so that features explain what they can.

    .. math:: X^{l+1} = \sigma(\mathrm{norm}(\tilde A (X^l W^l + E^l))), \qquad
              L = \mathrm{CE} + \eta \sum_l \lVert E^l \rVert

    Args:
        num_features, num_classes: lengths of input and output.
        num_nodes: rows of the structural embeddings; the model then belongs to graphs of these nodes.
        config: settings.
    """

    def __init__(
        self, num_features: int, num_classes: int, num_nodes: int, config: StructuralGCNConfig | None = None
    ) -> None:
        super().__init__()
        self.config = config = config or StructuralGCNConfig()
        self.num_nodes = num_nodes
        widths = self._widths(num_features, num_classes)
        self.layers = [
            StructuralConvolution(*widths[place], num_nodes if self._carries(place) else None)
            for place in range(config.depth)
        ]
        self.convolutions = nn.ModuleList(self.layers)
        hidden_layers = config.depth if config.residual != "none" else config.depth - 1
        self.norms = nn.ModuleList(make_norm(config.norm, config.hidden) for _ in range(hidden_layers))
        self.residuals = nn.ModuleList(
            Residual(config.residual, config.hidden, place + 1, config.alpha)
            for place in range(hidden_layers)
        )
        projected = config.residual in PROJECTED
        self.projection = InputLinear(num_features, config.hidden) if projected else None
        joined = {"none": 0, "jumping": config.hidden * config.depth}.get(config.residual, config.hidden)
        self.output = nn.Linear(joined, num_classes) if joined else None
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw everything anew, structural embeddings as `se_init` says."""
        super().reset_parameters(generator)
        for convolution in self.layers:
            convolution.reset_parameters(self.generator, self.config.se_init)

    def undecayed(self) -> Iterable[nn.Parameter]:
        """The structural embeddings: they have a penalty of their own."""
        return self.structural()

    def structural(self) -> list[nn.Parameter]:
        """The embeddings E, `[num_nodes, dim]` of each layer that carries them."""
        return [layer.structural for layer in self.layers if layer.structural is not None]

    def penalty(self) -> Tensor:
        """`eta * sum_l ||E^l||` (Frobenius, squared or not), a scalar; its gradient at E = 0 is 0."""
        total = self.layers[0].bias.new_zeros(())
        for table in self.structural():
            total = total + (table.square().sum() if self.config.squared else torch.linalg.vector_norm(table))
        return self.config.eta * total

    def loss(self, data: NodeData, logits: Tensor) -> Tensor:
        """Cross-entropy on the training nodes and the penalty."""
        return super().loss(data, logits) + self.penalty()

    def logits(self, data: NodeData) -> Tensor:
        return self.run(data).logits

    def run(self, data: NodeData) -> Pass:
        """Forward pass with all that teacher embeddings are made of.

        Raises:
            InvalidInputError: structural embeddings of another number of nodes.
        """
        if data.num_nodes != self.num_nodes:
            raise InvalidInputError(
                f"Structural embeddings of {self.num_nodes} nodes do not fit a graph of {data.num_nodes}."
            )
        rate, x = self.config.dropout, data.features
        outputs: list[Tensor] = []
        if self.projection is not None:
            outputs.append(torch.relu(self.projection(x, rate, self.generator)))
            x = outputs[0]
        mapped, convolved = [], []
        for place, convolution in enumerate(self.layers):
            before, after = convolution(x, data, rate, self.generator)
            mapped.append(before)
            convolved.append(after)
            if place < len(self.norms):
                outputs.append(torch.relu(self.norms[place](after)))
                x = self.residuals[place](outputs)
                if self.config.residual in PROJECTED:
                    outputs[-1] = x
        return Pass(mapped, convolved, self._read_out(outputs, convolved))

    def _read_out(self, outputs: list[Tensor], convolved: list[Tensor]) -> Tensor:
        if self.output is None:
            return convolved[-1]
        joined = torch.cat(outputs, dim=1) if self.config.residual == "jumping" else outputs[-1]
        found: Tensor = self.output(self.drop(joined, self.config.dropout))
        return found

    def _widths(self, num_features: int, num_classes: int) -> list[tuple[int, int]]:
        """Input and output length of every convolution."""
        config = self.config
        first = config.hidden if config.residual in PROJECTED else num_features
        widths = [first] + [config.hidden] * config.depth
        if config.residual == "none":
            widths[-1] = num_classes
        return list(pairwise(widths))

    def _carries(self, place: int) -> bool:
        """Whether a convolution has structural embeddings; a single layer counts as the first."""
        part = 0 if place == 0 else 2 if place == self.config.depth - 1 else 1
        return self.config.se_layers[part] == "1"


@torch.no_grad()
def teacher_embeddings(teacher: StructuralGCN, data: NodeData, kind: Bank = "logits") -> Tensor:
    """The distillation target `E_bar` of every node, computed in eval mode.

    Args:
        kind: `logits`, the paper's option (a): `X^L`, `[num_nodes, num_classes]`; `layers`, its option (b):
            `X^l W^l + E^l` of the hidden layers beside `X^L`, `[num_nodes, hidden * layers + num_classes]`;
            `convolutions`, what the published code joins: the outputs of the convolutions before activation.
    """
    teacher.eval()
    found = teacher.run(data)
    hidden = len(teacher.norms)
    parts = {"logits": [], "layers": found.mapped[:hidden], "convolutions": found.convolved[:hidden]}[kind]
    return torch.cat([*parts, found.logits], dim=1)
