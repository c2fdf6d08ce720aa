"""LightGCN: linear propagation over user-item edges (He et al., SIGIR 2020)."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from graphrec.models.base import ModelConfig, TrainData
from graphrec.models.collaborative_graph import CollaborativeGraph
from graphrec.models.content_input import content_input, on_items
from graphrec.models.gradient import GradientConfig, GradientModel, Network, Vectors
from graphrec.sparse.propagation import propagate_mean


class LightGCNConfig(GradientConfig):
    """Settings of :class:`LightGCN`. The published ones are `loss=bpr cosine=false item_bias=false
    num_negatives=1 include_input=true average=0`.
    """

    num_layers: PositiveInt = 2
    """Propagation steps."""
    include_input: bool = False
    """Let the layer-0 embedding join the mean over layers."""


class LightGCN(GradientModel):
    r"""LightGCN, with a choice of loss.

    .. math:: E^{(l+1)} = D^{-1/2} A D^{-1/2} E^{(l)}, \qquad Z = \mathrm{mean}_l\, E^{(l)}

    The published model trains with BPR on inner products; the defaults here (full softmax over cosines, an
    item bias) are better on every data set that we measured and make it a fair baseline for the others.

    Dense features f of the items enter :math:`E^{(0)}` as :math:`e_i + w W f_i`, and what they add joins the mean
    whether or not the embeddings do: an item that few chose is what its features say.
    """

    name: ClassVar[str] = "lightgcn"
    config_class: ClassVar[type[ModelConfig]] = LightGCNConfig
    config: LightGCNConfig

    def build(self, data: TrainData, generator: torch.Generator, device: str) -> Network:
        return LightGCNNetwork(data, self.config, generator, device)


class LightGCNNetwork(Network):
    """Embeddings of users and items and their propagation."""

    def __init__(
        self, data: TrainData, config: LightGCNConfig, generator: torch.Generator, device: str
    ) -> None:
        super().__init__()
        self.config, self.generator = config, generator
        self.graph = CollaborativeGraph.build(data, use_knowledge=False, device=device)
        self.embedding = nn.Parameter(torch.empty(self.graph.num_nodes, config.dim, device=device))
        self.item_bias = (
            nn.Parameter(torch.zeros(data.num_items, device=device)) if config.item_bias else None
        )
        self.reset_parameters()
        self.content = content_input(data, config.feature_weight, config.dim, generator, device)

    def reset_parameters(self) -> None:
        """Draw the embeddings anew."""
        with torch.no_grad():
            self.embedding.normal_(0.0, 0.1, generator=self.generator)

    def vectors(self) -> Vectors:
        config, graph = self.config, self.graph
        added = None if self.content is None else self.content()
        start = on_items(self.embedding, added, graph.num_users)
        final = propagate_mean(
            graph.edges, graph.norm, start, config.num_layers, include_input=config.include_input
        )
        users, items = split_nodes(final, self.graph)
        if self.content is None or added is None:
            return Vectors(users, items, {})
        share = added / (config.num_layers + config.include_input)
        items = items if config.include_input else items + share
        if self.training:
            items = self.content.some_alone(items, share, config.feature_alone)
        return Vectors(users, items, {})


def mean_of_layers(layers: list[Tensor], include_input: bool) -> Tensor:
    """Mean over the layers' outputs, the input embedding among them or not."""
    first, *others = layers if include_input else layers[1:]
    total = first.clone()
    for layer in others:
        total += layer  # in place: a stack would copy all of them
    return total / (1 + len(others))


def split_nodes(final: Tensor, graph: CollaborativeGraph) -> tuple[Tensor, Tensor]:
    """Rows of users and of items of `[num_nodes, dim]`."""
    rest = graph.num_nodes - graph.num_users - graph.num_items
    users, items, _ = final.split([graph.num_users, graph.num_items, rest])  # one gradient buffer for both
    return users, items
