"""Cold Brew's teacher on the heterogeneous graph: users, items and attributes, every node with its own vector."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from graphrec.cold.features import InputLinear, sparse_rows
from graphrec.errors import InvalidInputError
from graphrec.models.base import Float, ModelConfig, TrainData
from graphrec.models.collaborative_graph import TO_ITEM, CollaborativeGraph
from graphrec.models.gradient import GradientConfig, GradientModel, Network, Vectors
from graphrec.models.lightgcn import split_nodes
from graphrec.models.objective import Batch
from graphrec.sparse import CSR
from graphrec.sparse.propagation import propagate_mean


class RelationalTeacherConfig(GradientConfig):
    """Settings of :class:`RelationalTeacher`."""

    num_layers: PositiveInt = 2
    """Propagation steps."""
    use_knowledge: bool = True
    """False leaves interactions alone."""
    eta: NonNegativeFloat = 3e-4
    """Weight of the penalty on the items' structural embeddings."""
    squared: bool = True
    """Square the norm in the penalty."""
    structural_dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    """Share of the items whose structural embedding is left out of a step: their features must do without it."""
    feature_dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """On the items' features."""
    knowledge_start: float = 0.1
    """Scale of every knowledge relation before training; interactions start at 1."""
    weight_decay: float = Field(default=0.0, ge=0.0, le=0.0)
    """None: the structural embeddings have a penalty of their own."""


class RelationalTeacher(GradientModel):
    r"""Linear propagation over typed relations from features and structural embeddings.

    .. math:: H^0 = X W + E, \qquad H^{l+1} = \sum_r w_r \hat A_r H^l, \qquad Z = \tfrac{1}{L+1} \sum_l H^l

    The node-classification teacher (:class:`graphrec.cold.structural_gcn.StructuralGCN`) carried over: items
    have features X and a penalised E that starts at zero, so that features explain what they can and E the
    rest; users and attributes have E alone. :math:`\hat A_r` is normalised within interactions and within
    knowledge, :math:`w_r` is learned for every relation and direction, and the sum begins with the node itself
    (the self loop), so that an item without edges still has its features. Trained with the ranking softmax.

    Args:
        config: settings.
        features: float32 `[num_items, num_features]`; None leaves items with E alone.
    """

    name: ClassVar[str] = "relational_teacher"
    config_class: ClassVar[type[ModelConfig]] = RelationalTeacherConfig
    config: RelationalTeacherConfig

    def __init__(self, config: ModelConfig | None = None, features: CSR | None = None) -> None:
        super().__init__(config)
        self.features = features

    def build(self, data: TrainData, generator: torch.Generator, device: str) -> Network:
        return RelationalNetwork(data, self.features, self.config, generator, device)

    def bank(self) -> Float:
        r"""The teacher embeddings :math:`\bar E` of all items, float32 `[num_items, dim]`, made in eval mode.

        Unit rows with `cosine`, as the ranking compares them.
        """
        return self.item_vectors

    def alone(self, features: CSR) -> Float:
        """What the teacher makes of items without any edge, float32 `[n, dim]`; zeros where it learned no features.

        Args:
            features: `[n, num_features]`, the columns of training.
        """
        weight = self.feature_map
        if weight is None:
            return np.zeros((features.shape[0], self.item_vectors.shape[1]), dtype=np.float32)
        if features.shape[1] != len(weight):
            raise InvalidInputError(
                f"Items with {features.shape[1]} features do not fit a teacher that learned {len(weight)}."
            )
        vectors: Float = np.asarray(features.to_scipy() @ weight, dtype=np.float32)
        if self.config.cosine:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _keep(self, network: Any) -> None:
        super()._keep(network)
        self.item_structure: Float = network.structural[network.items].detach().cpu().numpy().copy()
        mapped = network.of_features
        self.feature_map: Float | None = (
            None if mapped is None else mapped.weight.detach().cpu().numpy().copy()
        )


class RelationalNetwork(Network):
    """Structural embeddings of all nodes, the map of item features, one scale per directed relation."""

    def __init__(
        self,
        data: TrainData,
        features: CSR | None,
        config: RelationalTeacherConfig,
        generator: torch.Generator,
        device: str,
    ) -> None:
        super().__init__()
        if features is not None and features.shape[0] != data.num_items:
            raise InvalidInputError(
                f"Features of {features.shape[0]} items do not fit a catalogue of {data.num_items}."
            )
        self.config, self.generator = config, generator
        self.graph = CollaborativeGraph.build(data, use_knowledge=config.use_knowledge, device=device)
        self.features = None if features is None else sparse_rows(features, device)
        self.structural = nn.Parameter(torch.empty(self.graph.num_nodes, config.dim, device=device))
        self.relation_scale = nn.Parameter(torch.empty(self.graph.num_relations, device=device))
        self.of_features = None
        if features is not None:
            self.of_features = InputLinear(features.shape[1], config.dim, bias=False).to(device)
        self.item_bias = (
            nn.Parameter(torch.zeros(data.num_items, device=device)) if config.item_bias else None
        )
        self.reset_parameters()

    @property
    def items(self) -> slice:
        """Rows of the items among the nodes."""
        return slice(self.graph.num_users, self.graph.num_users + self.graph.num_items)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Users and attributes normal, items with features zero, knowledge scales small."""
        self.structural.normal_(0.0, 0.1, generator=self.generator)
        self.relation_scale.fill_(1.0)[TO_ITEM + 1 :] = self.config.knowledge_start
        if self.item_bias is not None:
            self.item_bias.zero_()
        if self.of_features is not None:
            self.structural[self.items] = 0.0
            self.of_features.reset_parameters(self.generator)

    def vectors(self) -> Vectors:
        graph, config = self.graph, self.config
        values = graph.norm * self.relation_scale.index_select(0, graph.edges.relation)
        final = propagate_mean(graph.edges, values, self.start(), config.num_layers, include_input=True)
        users, items = split_nodes(final, graph)
        return Vectors(users, items, {})

    def start(self) -> Tensor:
        """`X W + E` of all nodes, `[num_nodes, dim]`."""
        if self.of_features is None or self.features is None:
            return self.structural
        before, own, after = self.structural.split(
            [self.graph.num_users, self.graph.num_items, len(self.structural) - self.items.stop]
        )
        rate = self.config.structural_dropout
        if self.training and rate > 0:
            kept = torch.rand(len(own), 1, generator=self.generator, device=own.device) >= rate
            own = own * kept  # not scaled up: a new item has none at all
        mapped = self.of_features(self.features, self.config.feature_dropout, self.generator)
        return torch.cat([before, mapped + own, after])

    def auxiliary_loss(self, vectors: Vectors, batch: Batch) -> Tensor | None:
        """`eta ||E||` of the items, squared or not."""
        if self.of_features is None or self.config.eta == 0:
            return None
        own = self.structural[self.items]
        size = own.square().sum() if self.config.squared else torch.linalg.vector_norm(own)
        return self.config.eta * size
