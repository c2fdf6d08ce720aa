"""Graph-MLP: a perceptron whose hidden vectors are pulled towards those of nodes a few edges away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.features import InputLinear

if TYPE_CHECKING:
    import scipy.sparse as sp


class GraphMLPConfig(BaseModel):
    """Settings of :class:`GraphMLP`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 256
    """Length of a hidden vector."""
    dropout: float = Field(default=0.6, ge=0.0, lt=1.0)
    """In the hidden layer."""
    alpha: NonNegativeFloat = 10.0
    """Weight of the contrastive term."""
    temperature: PositiveFloat = 0.5
    """Divides cosines; the published code multiplies by tau = 2 for the citation graphs."""
    order: PositiveInt = 2
    """Power of the adjacency whose entries are the affinities."""
    batch: PositiveInt = 2000
    """Nodes drawn per step for the contrastive term."""


class GraphMLP(NodeClassifier):
    r"""Perceptron with a neighbouring contrastive loss (Hu et al., 2021, eq. 6-8).

    .. math:: \ell_i = -\log \frac{\sum_{j \ne i} \gamma_{ij} e^{\cos(z_i, z_j)/\tau}}
        {\sum_{k \ne i} e^{\cos(z_i, z_k)/\tau}}, \qquad \gamma = \tilde A^r, \qquad
        L = \mathrm{CE} + \alpha\, \mathrm{mean}_i\, \ell_i

    A node of the batch without a neighbour in it has no term. The graph is used in training alone.
    """

    def __init__(self, num_features: int, num_classes: int, config: GraphMLPConfig | None = None) -> None:
        super().__init__()
        self.config = config or GraphMLPConfig()
        self.first = InputLinear(num_features, self.config.hidden)
        self.norm = nn.LayerNorm(self.config.hidden)
        self.second = nn.Linear(self.config.hidden, self.config.hidden)
        self.output = nn.Linear(self.config.hidden, num_classes)
        self._hidden: Tensor | None = None
        self._affinity: tuple[Tensor, sp.csr_matrix] | None = None
        self.reset_parameters()

    def hidden(self, data: NodeData) -> Tensor:
        """The vectors that are contrasted, `[num_nodes, hidden]`."""
        x = self.norm(F.gelu(self.first(data.features, 0.0, self.generator)))
        found: Tensor = self.second(self.drop(x, self.config.dropout))
        return found

    def logits(self, data: NodeData) -> Tensor:
        self._hidden = self.hidden(data)
        found: Tensor = self.output(self._hidden)
        return found

    def loss(self, data: NodeData, logits: Tensor) -> Tensor:
        """Cross-entropy, and the contrast of the hidden vectors behind these logits."""
        supervised = super().loss(data, logits)
        if self.config.alpha == 0.0 or self._hidden is None:
            return supervised
        order = torch.randperm(data.num_nodes, generator=self.generator, device=data.x.device)
        nodes = order[: self.config.batch]
        contrast = neighbour_contrast(
            self._hidden[nodes], self._affinities(data, nodes), self.config.temperature
        )
        return supervised + self.config.alpha * contrast

    def _affinities(self, data: NodeData, nodes: Tensor) -> Tensor:
        """Entries of the adjacency's power among some nodes, dense `[batch, batch]`."""
        if self._affinity is None or self._affinity[0] is not data.edge_index:
            self._affinity = data.edge_index, adjacency_power(data, self.config.order)
        chosen = nodes.cpu().numpy()
        block = self._affinity[1][chosen][:, chosen].toarray()
        return torch.from_numpy(block).to(data.x.device)


def neighbour_contrast(hidden: Tensor, affinity: Tensor, temperature: float) -> Tensor:
    """The mean of Graph-MLP's :math:`\\ell_i` over the rows that have a neighbour, a scalar; 0 without any.

    Args:
        hidden: `[batch, dim]`.
        affinity: non-negative `[batch, batch]`; its diagonal is not read.
    """
    unit = F.normalize(hidden, dim=1)
    itself = torch.eye(len(hidden), dtype=torch.bool, device=hidden.device)
    scores = ((unit @ unit.t()) / temperature).masked_fill(itself, -torch.inf)
    affinity = affinity.masked_fill(itself, 0.0)
    rows = torch.nonzero(affinity.sum(dim=1) > 0).squeeze(1)
    if len(rows) == 0:
        return hidden.sum() * 0.0
    near = torch.logsumexp(scores[rows] + torch.log(affinity[rows]), dim=1)
    return (torch.logsumexp(scores[rows], dim=1) - near).mean()


def adjacency_power(data: NodeData, order: int) -> sp.csr_matrix:
    """`(D^-1/2 (A + I) D^-1/2) ^ order` as SciPy's CSR, float32 `[num_nodes, num_nodes]`."""
    import scipy.sparse as sp

    graph = data.looped
    weights = data.symmetric_weights.cpu().numpy().astype(np.float32)
    pointer, column = graph.row_pointer.cpu().numpy(), graph.column.cpu().numpy()
    adjacency = sp.csr_matrix((weights, column, pointer), shape=(data.num_nodes, data.num_nodes))
    power = adjacency
    for _ in range(order - 1):
        power = power @ adjacency
    return power
