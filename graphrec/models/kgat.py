"""KGAT: attention over the collaborative knowledge graph (Wang et al., KDD 2019), knowledge gated."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.models.base import ModelConfig, TrainData
from graphrec.models.collaborative_graph import TO_ITEM, CollaborativeGraph
from graphrec.models.content_input import content_input, on_items
from graphrec.models.gradient import GradientConfig, GradientModel, Network, Vectors
from graphrec.models.lightgcn import mean_of_layers, split_nodes
from graphrec.models.objective import Batch
from graphrec.models.relational import TransR
from graphrec.sparse.propagation import propagate, propagate_mean, segment_softmax


class KGATConfig(GradientConfig):
    """Settings of :class:`KGAT`."""

    num_layers: PositiveInt = 2
    """Propagation steps."""
    include_input: bool = False
    """Let the layer-0 embedding join the mean of the linear aggregator (`bi_interaction` always has it)."""
    relation: Literal["transr", "scalar"] = "transr"
    """`transr`: attention from projected embeddings; `scalar`: one learned weight per directed relation."""
    attention: Literal["frozen", "per_epoch", "per_step"] = "per_epoch"
    """When TransR attention is computed: never (each relation row-normalised, as the reference code in effect
    trains), at the start of an epoch without gradient, or in every step with gradient."""
    aggregator: Literal["bi_interaction", "linear"] = "bi_interaction"
    """KGAT's eq. 8 with concatenated layers, or LightGCN's weightless sum with averaged layers."""
    relation_dim: PositiveInt = 32
    """Length in relation space (`transr`)."""
    use_knowledge: bool = True
    """False leaves interactions alone."""
    gate_start: float | None = -3.0
    """Logit of the knowledge channel's gate before training (-3 opens it by 5 %); None: no gate, open."""
    gate_rate: float = Field(default=10.0, gt=0)
    """Factor on the learning rate of the gate, so that it can open within a few epochs."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """On the messages of `bi_interaction`."""
    kg_weight: NonNegativeFloat = 0.1
    """Weight of the translation loss (`transr`)."""
    kg_batch: PositiveInt = 4096
    """Triples per step of the translation loss."""


class KGAT(GradientModel):
    r"""Knowledge graph attention network.

    Messages come from both channels, interactions and knowledge:

    .. math:: e_N(h) = \sum_{(h,r,t)} \pi(h,r,t)\, e_t, \qquad \pi = \mathrm{softmax}_{(r,t)}\; a(h,r,t)

    * `relation="transr"`: the softmax runs jointly over all edges of h (eq. 4-5); the gate g enters as
      `log g` on knowledge edges, so that g = 0 attends to interactions alone.
    * `relation="scalar"`: :math:`\pi = w_r / \sqrt{d_h d_t}` with degrees per channel (LightKG, KDD 2025),
      the knowledge channel times g; g = 0 with the linear aggregator is LightGCN exactly.

    `bi_interaction`:
    :math:`f = \sigma(W_1(e_h + e_N) + b_1) + \sigma(W_2(e_h \odot e_N) + b_2)`, LeakyReLU with slope 0.2;
    the unit-length layer outputs are concatenated with the input (eq. 8-11).

    Dense item features enter as in LightGCN: :math:`e_i + w W f_i` is the input of item i.
    """

    name: ClassVar[str] = "kgat"
    config_class: ClassVar[type[ModelConfig]] = KGATConfig
    config: KGATConfig

    def build(self, data: TrainData, generator: torch.Generator, device: str) -> Network:
        return KGATNetwork(data, self.config, generator, device)


class KGATNetwork(Network):
    """Embeddings of all nodes, relation parameters, gate and aggregators."""

    attention: Tensor | None

    def __init__(self, data: TrainData, config: KGATConfig, generator: torch.Generator, device: str) -> None:
        super().__init__()
        self.config, self.generator = config, generator
        self.graph = CollaborativeGraph.build(data, use_knowledge=config.use_knowledge, device=device)
        num = self.graph.num_relations
        self.embedding = nn.Parameter(torch.empty(self.graph.num_nodes, config.dim, device=device))
        self.item_bias = (
            nn.Parameter(torch.zeros(data.num_items, device=device)) if config.item_bias else None
        )
        self.relation_scale = (
            nn.Parameter(torch.ones(num, device=device)) if config.relation == "scalar" else None
        )
        self.transr = (
            TransR(num, config.dim, config.relation_dim, generator, device)
            if config.relation == "transr"
            else None
        )
        self.gate = None
        if config.gate_start is not None and num > 2:
            self.gate = nn.Parameter(torch.tensor(config.gate_start, device=device))
            self.gate.rate = config.gate_rate  # type: ignore[attr-defined]
        self.layers = nn.ModuleList(
            BiInteraction(config.dim, config.dropout, generator, device)
            for _ in range(config.num_layers if config.aggregator == "bi_interaction" else 0)
        )
        self.register_buffer("attention", None)
        self.reset_parameters()
        self.content = content_input(data, config.feature_weight, config.dim, generator, device)

    def reset_parameters(self) -> None:
        """Draw the embeddings anew."""
        with torch.no_grad():
            self.embedding.normal_(0.0, 0.1, generator=self.generator)

    def begin_epoch(self, epoch: int) -> None:
        """Refresh the attention (`per_epoch`), or lay down the frozen one at the start."""
        if self.transr is None or self.config.attention == "per_step":
            return
        if self.config.attention == "per_epoch":
            with torch.no_grad():
                self.attention = self.transr.logits(self.inputs()[0], self.graph.edges)
        elif self.attention is None:
            self.attention = row_normalised_logits(self.graph)

    def added(self) -> Tensor | None:
        """What the features add to the items at layer 0, `[num_items, dim]`; None without any."""
        return None if self.content is None else self.content()

    def inputs(self, added: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Layer 0 `[num_nodes, dim]`, and what the features add to its items `[num_items, dim]`.

        Args:
            added: the latter, where it has been computed.
        """
        added = self.added() if added is None else added
        return on_items(self.embedding, added, self.graph.num_users), added

    def gate_value(self) -> Tensor | float:
        """How far the knowledge channel is open, in `0..1`."""
        return 1.0 if self.gate is None else torch.sigmoid(self.gate)

    def edge_values(self, norm: Tensor | None = None, keep: Tensor | None = None) -> Tensor:
        """Propagation weight of every edge, `[num_edges]`.

        Args:
            norm: the symmetric normalisation of a view instead of the whole graph's (`scalar`).
            keep: 0/1 mask or factor in `0..1` per edge of a view (`transr`).
        """
        graph, knowledge = self.graph, self.graph.is_knowledge
        if self.transr is None:
            assert self.relation_scale is not None
            norm = graph.norm if norm is None else norm
            interactions, triples = self.relation_scale.tensor_split([TO_ITEM + 1])
            scale = torch.cat([interactions, triples * self.gate_value()])
            return norm * scale.index_select(0, graph.edges.relation)
        logits = self.attention
        if logits is None or self.config.attention == "per_step":
            logits = self.transr.logits(self.inputs()[0], graph.edges)
        opened = torch.log(torch.as_tensor(self.gate_value(), device=logits.device).clamp_min(1e-12))
        logits = logits + torch.log(graph.weight.clamp_min(1e-12)) + torch.where(knowledge, opened, 0.0)
        if keep is not None:
            logits = logits + torch.log(keep)  # 0 is -inf: the edge is gone even where it was the last
        return segment_softmax(logits, graph.edges)

    def encode(self, values: Tensor, added: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """Final vectors and the layers' outputs (input first) under edge weights, `[num_nodes, dim]` each."""
        start, added = self.inputs(added)
        layers = [start]
        for number in range(self.config.num_layers):
            layers.append(self.layer(number, values, layers[-1]))
        return self.joined(layers, added), layers

    def layer(self, number: int, values: Tensor, x: Tensor) -> Tensor:
        """Output of one layer, `[num_nodes, dim]`."""
        message = self.message(values, x)
        if not self.layers:
            return message
        found: Tensor = self.layers[number](x, message)
        return found

    def joined(self, layers: list[Tensor], added: Tensor | None = None) -> Tensor:
        """Final vectors from the input (with what the features added to it) and the layers' outputs."""
        if not self.layers:
            return self._described(mean_of_layers(layers, self.config.include_input), added)
        return torch.cat([layers[0], *(F.normalize(layer, dim=1) for layer in layers[1:])], dim=1)

    def final(self, values: Tensor, added: Tensor | None = None) -> Tensor:
        """The final vectors of :meth:`encode` alone, without keeping the layers of the linear aggregator."""
        if self.layers:
            return self.encode(values, added)[0]
        layers, include = self.config.num_layers, self.config.include_input
        start, added = self.inputs(added)
        found = propagate_mean(self.graph.edges, values, start, layers, include_input=include)
        return self._described(found, added)

    def _described(self, mean: Tensor, added: Tensor | None) -> Tensor:
        """A mean over layers to which the features belong even where the embeddings do not."""
        if added is None or self.config.include_input:
            return mean
        return on_items(mean, added / self.config.num_layers, self.graph.num_users)

    def split(self, nodes: Tensor, added: Tensor | None, **extra: Tensor) -> Vectors:
        """Users and items of `[num_nodes, dim]`; in training some items by their features alone."""
        users, items = split_nodes(nodes, self.graph)
        if self.content is None or added is None:
            return Vectors(users, items, extra)
        if self.training and self.config.feature_alone > 0:
            items = self.content.some_alone(items, self._isolated(added), self.config.feature_alone)
        return Vectors(users, items, extra | {"added": added})

    def _isolated(self, added: Tensor) -> Tensor:
        """The items without an edge and an embedding, `[num_items, dim]`."""
        if not self.layers:
            return added / (self.config.num_layers + self.config.include_input)
        layers = [added]
        for aggregator in self.layers:
            layers.append(aggregator(layers[-1], torch.zeros_like(layers[-1])))
        return self.joined(layers)

    def message(self, values: Tensor, x: Tensor) -> Tensor:
        """One propagation step, `[num_nodes, dim]`."""
        return propagate(self.graph.edges, values, x)

    def vectors(self) -> Vectors:
        added = self.added()
        return self.split(self.final(self.edge_values(), added), added)

    def auxiliary_loss(self, vectors: Vectors, batch: Batch) -> Tensor | None:
        """KGAT's second task: true triples more plausible than corrupted ones."""
        if self.transr is None or self.config.kg_weight == 0 or self.graph.num_relations == 2:
            return None
        edges = self.graph.edges
        triples = torch.randint(
            edges.num_edges, (self.config.kg_batch,), generator=self.generator, device=edges.target.device
        )
        return self.config.kg_weight * self.transr.loss(self.inputs()[0], edges, triples, self.generator)


class BiInteraction(nn.Module):
    """KGAT's bi-interaction aggregator (eq. 8), both maps `[dim, dim]`."""

    def __init__(self, dim: int, dropout: float, generator: torch.Generator, device: str) -> None:
        super().__init__()
        self.generator, self.dropout = generator, dropout
        self.sum_map = nn.Linear(dim, dim, device=device)
        self.product_map = nn.Linear(dim, dim, device=device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier draw; biases 0."""
        with torch.no_grad():
            for layer in (self.sum_map, self.product_map):
                nn.init.xavier_uniform_(layer.weight, generator=self.generator)
                layer.bias.zero_()

    def forward(self, x: Tensor, neighbours: Tensor) -> Tensor:
        both = F.leaky_relu(self.sum_map(x + neighbours), 0.2)
        both = both + F.leaky_relu(self.product_map(x * neighbours), 0.2)
        if not self.training or self.dropout == 0:
            return both
        kept = torch.rand(both.shape, generator=self.generator, device=both.device) >= self.dropout
        return both * kept / (1 - self.dropout)


def row_normalised_logits(graph: CollaborativeGraph) -> Tensor:
    """Log of each relation's share at its node: `sum_r D_r^-1 A_r`, the weights before any attention."""
    edges = graph.edges
    key = edges.target * graph.num_relations + edges.relation
    _, inverse, counts = torch.unique(key, return_inverse=True, return_counts=True)
    return -torch.log(counts[inverse].float())
