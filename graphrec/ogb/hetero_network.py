"""R-GCN with one weight per relation and node type: OGB's reference on ogbn-mag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from graphrec.cold.features import dropout
from graphrec.ogb.nodes import Relation

Means = Mapping[Relation, Callable[[Tensor], Tensor]]
"""By relation: from the vectors of all sources to the mean that arrives at each target, `[num_target, dim]`."""


class HeteroNetwork(nn.Module):
    r"""Mean aggregation by relation (Schlichtkrull et al., ESWC 2018; a GraphSAGE with a weight per relation).

    .. math:: x_i' = W_{t(i)} x_i + b_{t(i)} + \sum_r W_r \, \mathrm{mean}_{j \in N_r(i)} x_j

    with ReLU and dropout between layers. Nodes of types without features have learned rows, which are buffers:
    :class:`graphrec.ogb.hetero_train.HeteroTask` moves only those that a batch has looked at.

    Args:
        kinds: node types.
        relations: with a way back for each (:func:`graphrec.ogb.hetero_train.relations_of`).
        num_features: length of all features and learned rows.
        featureless: number of nodes of each type that has no features.
    """

    def __init__(
        self, kinds: Sequence[str], relations: Sequence[Relation], num_features: int, num_classes: int,
        featureless: Mapping[str, int], *, hidden: int, num_layers: int, dropout: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kinds, self.relations = tuple(kinds), tuple(relations)
        self.featureless, self.dropout = dict(featureless), dropout
        self.sizes = list(pairwise([num_features] + [hidden] * (num_layers - 1) + [num_classes]))
        self.own = nn.ModuleList(nn.ModuleList(nn.Linear(a, b) for _ in self.kinds) for a, b in self.sizes)
        self.through = nn.ModuleList(
            nn.ModuleList(nn.Linear(a, b, bias=False) for _ in self.relations) for a, b in self.sizes
        )
        for kind, count in self.featureless.items():
            self.register_buffer(self._name(kind), torch.empty(count, num_features))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Weights and learned rows Glorot, biases zero; later dropout draws on from the generator."""
        self.generator = torch.Generator().manual_seed(0) if generator is None else generator
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=self.generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for kind in self.featureless:
            nn.init.xavier_uniform_(self.table(kind), generator=self.generator)

    @property
    def num_layers(self) -> int:
        return len(self.sizes)

    def table(self, kind: str) -> Tensor:
        """Learned rows of a type without features, `[num_nodes, num_features]`."""
        return self.get_buffer(self._name(kind))

    def count(self) -> int:
        """Learned numbers, learned rows among them."""
        return sum(part.numel() for part in (*self.parameters(), *map(self.table, self.featureless)))

    def layer(self, number: int, kind: str, own: Tensor, x: Mapping[str, Tensor], means: Means) -> Tensor:
        """Vectors of some nodes of one type after one layer, `[num_target, size]`.

        Args:
            own: the targets' vectors before the layer.
            x: vectors of all sources by type.
            means: of the relations that lead to the type; missing ones bring nothing.
        """
        out: Tensor = self.own[number][self.kinds.index(kind)](own)  # type: ignore[index]
        for place, relation in enumerate(self.relations):
            if relation[2] == kind and relation in means:
                out = out + self.through[number][place](means[relation](x[relation[0]]))  # type: ignore[index]
        if number == self.num_layers - 1:
            return out
        out = out.relu()
        return dropout(out, self.dropout, self.generator) if self.training else out

    def _name(self, kind: str) -> str:
        return f"rows_{self.kinds.index(kind)}"
