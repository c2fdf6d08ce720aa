"""The reference networks of OGB's node property boards: MLP, GCN and GraphSAGE with batch norm, whole or sampled."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData

Kind = Literal["mlp", "gcn", "sage"]
Gather = Callable[[Tensor], Tensor]
"""From the vectors of all sources to what arrives at each target, `[num_target, dim]`."""


class NodeNetwork(NodeClassifier):
    r"""Layers as in OGB's `gnn.py` and `mlp.py`; between them batch norm, ReLU and dropout, none on the features.

    .. math:: W x_i + b \;\text{(mlp)}, \qquad W (\tilde A x)_i + b \;\text{(gcn)}, \qquad
              W_s x_i + W_n \,\mathrm{mean}_{j \in N(i)} x_j + b \;\text{(sage)}

    With the published sizes the numbers of parameters are those of the leaderboard. Weights are Glorot's throughout
    (the reference draws those of MLP and SAGE from PyTorch's default, which is narrower).

    Args:
        kind: which of the three.
        batch_norm: OGB has it on ogbn-arxiv and leaves it out on ogbn-products.
    """

    def __init__(
        self, kind: Kind, num_features: int, num_classes: int, *, hidden: int = 256, num_layers: int = 3,
        dropout: float = 0.5, batch_norm: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kind, self.dropout = kind, dropout
        sizes = list(pairwise([num_features] + [hidden] * (num_layers - 1) + [num_classes]))
        self.own = nn.ModuleList(nn.Linear(before, after) for before, after in sizes)
        sides = sizes if kind == "sage" else []
        self.neighbours = nn.ModuleList(nn.Linear(before, after, bias=False) for before, after in sides)
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(after) if batch_norm else nn.Identity() for _, after in sizes[:-1]
        )
        self._first: tuple[NodeData, Tensor] | None = None
        self.reset_parameters()

    @property
    def num_layers(self) -> int:
        return len(self.own)

    def logits(self, data: NodeData) -> Tensor:
        """`[num_nodes, num_classes]`, from the whole graph."""
        whole = data.propagate if self.kind == "gcn" else data.neighbour_mean
        x = data.x
        for number in range(self.num_layers):
            gather = (lambda _: self._of_features(data, whole)) if number == 0 else whole
            x = self.activate(number, self.layer(number, x, gather))
        return x

    def layer(self, number: int, x: Tensor, gather: Gather, num_target: int | None = None) -> Tensor:
        """One layer before norm and activation.

        Args:
            x: vectors of all sources, `[num_source, dim]`; the first `num_target` are the targets' own.
            gather: brings the neighbours' vectors; commutes with the weights, so the shorter ones travel.
        """
        own = self.own[number]
        if self.kind == "mlp":
            mapped: Tensor = own(x)
            return mapped
        weights = own if self.kind == "gcn" else self.neighbours[number]
        assert isinstance(own, nn.Linear) and isinstance(weights, nn.Linear)
        first = number == 0 or weights.in_features <= weights.out_features
        came = gather(x) @ weights.weight.t() if first else gather(x @ weights.weight.t())
        return came + own.bias if self.kind == "gcn" else own(x[:num_target]) + came

    def combine(self, number: int, own: Tensor, came: Tensor) -> Tensor:
        """A layer of `sage` from the targets' vectors and their neighbours' means, `[n, dim]` each."""
        found: Tensor = self.own[number](own) + self.neighbours[number](came)
        return found

    def activate(self, number: int, x: Tensor) -> Tensor:
        """Norm, ReLU and dropout after a layer; nothing after the last."""
        if number == self.num_layers - 1:
            return x
        return self.drop(self.norms[number](x).relu(), self.dropout)

    def _of_features(self, data: NodeData, whole: Gather) -> Tensor:
        """What the first layer gathers stands still, as features are not dropped: it is computed once."""
        if self._first is None or self._first[0] is not data:
            self._first = (data, whole(data.x))
        return self._first[1]
