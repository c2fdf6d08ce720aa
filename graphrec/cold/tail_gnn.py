"""A Tail-GNN: nodes with few neighbours are given the neighbourhood that a head node would have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear, SparseRows
from graphrec.sparse.propagation import propagate


class TailGNNConfig(BaseModel):
    """Settings of :class:`TailGNN`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 64
    """Length of a hidden vector."""
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    """On the input of both layers."""
    head_degree: PositiveInt = 5
    """A node with more neighbours is a head node."""
    forged_low: NonNegativeInt = 0
    """Fewest neighbours that a forged tail node keeps; 1 in the paper, which has no isolated nodes."""
    missing_weight: NonNegativeFloat = 0.001
    """Weight of the squared missing information of head nodes (mu)."""
    adversarial_weight: NonNegativeFloat = 0.1
    """Weight of the discriminator's loss (eta)."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Neighbours as a forward pass sees them.

    Args:
        weights: `[num_edges]` on the edges of `data.loopless`: one over the neighbours kept, 0 where dropped.
        count: neighbours kept, float `[num_nodes, 1]`.
        tail: 1 where the missing neighbourhood is added, 0 at head nodes, `[num_nodes, 1]`.
    """

    weights: Tensor
    count: Tensor
    tail: Tensor


class TranslationLayer(nn.Module):
    r"""One aggregation that fills in what tail nodes miss (Liu et al., KDD 2021, eq. 3-7).

    .. math:: r_v = (\gamma_v + 1) \odot r + \beta_v, \qquad m_v = h_v + r_v - h_{N(v)}

    with :math:`\gamma_v, \beta_v` from :math:`h_v` and the neighbours' mean :math:`h_{N(v)}`. The new vector is
    the mean over the node, its neighbours and, for tail nodes, :math:`m_v`. Inputs are mapped to `dim` before
    the translation, where the paper translates raw features with maps of their length squared.
    """

    def __init__(self, num_inputs: int, dim: int) -> None:
        super().__init__()
        self.linear = InputLinear(num_inputs, dim)
        self.scale = nn.Linear(2 * dim, dim, bias=False)
        self.shift = nn.Linear(2 * dim, dim, bias=False)
        self.translation = nn.Parameter(torch.zeros(dim))

    def forward(
        self,
        x: SparseRows | Tensor,
        data: NodeData,
        near: Neighbourhood,
        p: float,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """New vectors and missing information, `[num_nodes, dim]` each."""
        own: Tensor = self.linear(x, p, generator)
        mean = propagate(data.loopless, near.weights, own)
        both = torch.cat([own, mean], dim=1)
        gamma, beta = F.leaky_relu(self.scale(both)), F.leaky_relu(self.shift(both))
        missing = own + (gamma + 1.0) * self.translation + beta - mean
        total = own + near.count * mean + near.tail * missing
        return total / (1.0 + near.count + near.tail), missing


class TailGNN(NodeClassifier):
    r"""Two translation layers; head nodes teach what a full neighbourhood adds.

    .. math:: L = \mathrm{CE} + \mathrm{CE}_{forged} + \mu \sum_l \mathrm{mean}_{head} \lVert m^l_v \rVert^2
        + \eta L_{disc}

    In every training step the head nodes are seen a second time with most of their edges dropped, as forged
    tail nodes. A discriminator tells them from the real ones; its gradient is reversed for the encoder
    (one optimiser, where the paper alternates two).
    """

    def __init__(self, num_features: int, num_classes: int, config: TailGNNConfig | None = None) -> None:
        super().__init__()
        self.config = config or TailGNNConfig()
        hidden = self.config.hidden
        self.first, self.second = (
            TranslationLayer(num_features, hidden),
            TranslationLayer(hidden, num_classes),
        )
        self.discriminator = nn.Sequential(
            nn.Linear(num_classes, hidden), nn.LeakyReLU(), nn.Linear(hidden, 1)
        )
        self._missing: list[Tensor] = []
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Weights Glorot; the translations start at zero."""
        super().reset_parameters(generator)
        for layer in (self.first, self.second):
            nn.init.zeros_(layer.translation)

    def logits(self, data: NodeData) -> Tensor:
        return self._run(data, self._true(data))

    def loss(self, data: NodeData, logits: Tensor) -> Tensor:
        """All four terms; the last three read the pass that made these logits and one over forged nodes."""
        total = super().loss(data, logits)
        is_head = data.degree > self.config.head_degree
        head = torch.nonzero(is_head).squeeze(1)
        if not len(head):
            return total
        for missing in self._missing:
            total = total + self.config.missing_weight * missing[head].square().sum(dim=1).mean()
        forged = self._run(data, self._forged(data, is_head))
        labelled = data.train[is_head[data.train]]
        if len(labelled):
            total = total + F.cross_entropy(forged[labelled], data.y[labelled])
        return total + self.config.adversarial_weight * self._told_apart(logits[head], forged[head])

    def _run(self, data: NodeData, near: Neighbourhood) -> Tensor:
        p = self.config.dropout
        hidden, first = self.first(data.features, data, near, p, self.generator)
        logits, second = self.second(F.elu(hidden), data, near, p, self.generator)
        self._missing = [first, second]
        found: Tensor = logits
        return found

    def _true(self, data: NodeData) -> Neighbourhood:
        tail = (data.degree <= self.config.head_degree).float()[:, None]
        return Neighbourhood(data.mean_weights, data.degree.float()[:, None], tail)

    def _forged(self, data: NodeData, is_head: Tensor) -> Neighbourhood:
        """Head nodes keep `forged_low..head_degree` neighbours drawn at random and count as tail nodes."""
        low, high = min(self.config.forged_low, self.config.head_degree), self.config.head_degree
        graph, device = data.loopless, data.x.device
        drawn = torch.randint(low, high + 1, (data.num_nodes,), generator=self.generator, device=device)
        count = torch.where(is_head, torch.minimum(drawn, data.degree), data.degree)
        # place of each edge in a random order of its node's edges
        draw = torch.rand(graph.num_edges, generator=self.generator, device=device, dtype=torch.float64)
        order = torch.argsort(graph.target + draw)
        place = torch.empty_like(order)
        place[order] = torch.arange(len(order), device=device)
        kept = place - graph.row_pointer[graph.target] < count[graph.target]
        weights = kept.float() / count.clamp_min(1).float()[graph.target]
        tail = torch.ones(data.num_nodes, 1, device=device)
        return Neighbourhood(weights, count.float()[:, None], tail)

    def _told_apart(self, real: Tensor, forged: Tensor) -> Tensor:
        """Binary cross-entropy of the discriminator, its gradient reversed below it."""
        rows = _Reversed.apply(torch.cat([real, forged]))  # type: ignore[no-untyped-call]
        truth = torch.cat([torch.ones(len(real)), torch.zeros(len(forged))]).to(real.device)
        return F.binary_cross_entropy_with_logits(self.discriminator(rows).squeeze(1), truth)


class _Reversed(torch.autograd.Function):
    """Identity whose gradient changes sign (Ganin et al., JMLR 2016)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return -grads[0]
