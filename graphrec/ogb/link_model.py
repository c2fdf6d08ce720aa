"""Encoders of nodes and predictors of links."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from graphrec.cold.features import dropout
from graphrec.ogb.link_config import AGGREGATION, LinkConfig
from graphrec.ogb.link_graph import Step, multiply


class LinkModel(nn.Module):
    r"""An encoder and a predictor.

    Encoder layers, ReLU and dropout between them:

    .. math:: x_i' = W x_i + b \;\text{(mlp)}, \quad W (\hat A x)_i + b \;\text{(gcn)}, \quad
              W_s x_i + W_n (D^{-1} A x)_i + b \;\text{(sage)}

    Predictor: :math:`\mathrm{MLP}(x_i \odot x_j)`, or the inner product.

    Args:
        kind: `mlp`, `gcn` or `sage`.
        generator: of weights and dropout, on the device that the model is moved to.
    """

    def __init__(self, kind: str, num_features: int, config: LinkConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config, self.generator = config, generator
        self.aggregation = AGGREGATION[kind]
        self.doubled = kind == "sage"
        sizes = [num_features] + [config.hidden] * config.num_layers
        parts = 2 if self.doubled else 1
        self.layers = nn.ModuleList(nn.Linear(parts * a, b) for a, b in pairwise(sizes))
        ends = [config.hidden] * config.num_layers + [1]
        heads = pairwise(ends) if config.predictor == "mlp" else ()
        self.head = nn.ModuleList(nn.Linear(a, b) for a, b in heads)
        self.to(generator.device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights Glorot, biases zero."""
        for layer in (*self.layers, *self.head):
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight, generator=self.generator)
            nn.init.zeros_(layer.bias)

    def encode(self, x: Tensor, steps: Sequence[Step]) -> Tensor:
        """Vectors `[num_target of the last step, hidden]` of the nodes; `steps` is empty for `mlp`."""
        for number in range(len(self.layers)):
            if self.aggregation is None:
                x = self.layer(number, x, None)
            else:
                step = steps[number]
                x = self.layer(number, x[: step.num_target], step(x))
        return x

    def layer(self, number: int, own: Tensor, neighbours: Tensor | None) -> Tensor:
        """One layer: own vectors and what came from the neighbours, `[n, dim]` each, to `[n, hidden]`."""
        if self.doubled:
            assert neighbours is not None
            own = torch.cat([own, neighbours], dim=1)
        elif neighbours is not None:
            own = neighbours
        out: Tensor = self.layers[number](own)
        return out if number == len(self.layers) - 1 else self._active(out)

    def predict(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits `[n]` that the nodes with these vectors, `[n, hidden]` each, are linked."""
        x = source * target
        if not len(self.head):
            return x.sum(dim=1)
        for layer in self.head[:-1]:
            x = self._active(layer(x))
        out: Tensor = self.head[-1](x)
        return out.squeeze(1)

    def _active(self, x: Tensor) -> Tensor:
        return dropout(x.relu(), self.config.dropout, self.generator) if self.training else x.relu()


@torch.no_grad()
def encode_all(model: LinkModel, x: Tensor, matrix: sp.csr_matrix | None) -> Tensor:
    """Vectors of all nodes in eval mode, `[num_nodes, hidden]`, layer by layer and some rows at a time.

    Exact: every neighbour counts. Beside two layers' vectors, memory holds one block's messages.

    Args:
        matrix: :func:`graphrec.ogb.link_graph.aggregation_matrix`; None for `mlp`.
    """
    model.eval()
    rows = model.config.infer_rows
    for number in range(len(model.layers)):
        out = x.new_empty(len(x), model.config.hidden)
        for low in range(0, len(x), rows):
            part = slice(low, min(low + rows, len(x)))
            near = None if matrix is None else multiply(matrix[part], x)
            out[part] = model.layer(number, x[part], near)
        x = out
    return x
