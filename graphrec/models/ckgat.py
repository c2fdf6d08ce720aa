"""C-KGAT: knowledge graph attention with contrastive graph augmentation."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from graphrec.models.base import ModelConfig, TrainData
from graphrec.models.collaborative_graph import TO_ITEM
from graphrec.models.gradient import GradientModel, Network, Vectors
from graphrec.models.kgat import KGATConfig, KGATNetwork
from graphrec.models.lightgcn import split_nodes
from graphrec.models.objective import Batch
from graphrec.sparse.augmentation import keep_edges, keep_nodes
from graphrec.sparse.propagation import propagate, random_noise
from graphrec.training.losses import info_nce


class CKGATConfig(KGATConfig):
    """Settings of :class:`CKGAT`; those of KGAT with lighter defaults, and the contrastive tasks."""

    relation: Literal["transr", "scalar"] = "scalar"
    """See KGAT; one scalar per directed relation is as good on sparse data and far cheaper."""
    aggregator: Literal["bi_interaction", "linear"] = "linear"
    """See KGAT."""
    contrast: Literal["views", "one_pass", "none"] = "views"
    """`views`: InfoNCE between two stochastic views; `one_pass`: between the first layer and the mean of one
    noisy pass (no extra propagation); `none`."""
    contrast_weight: NonNegativeFloat = 0.02
    """Weight of the InfoNCE task."""
    contrast_temperature: PositiveFloat = 0.2
    """Temperature of every InfoNCE."""
    contrast_nodes: PositiveInt = 1024
    """Most users and most items of a batch that are contrasted."""
    edge_drop: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Share of interactions dropped in a view."""
    knowledge_drop: float = Field(default=0.3, ge=0.0, lt=1.0)
    """Share of triples dropped in a view, for every relation."""
    node_drop: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of nodes that lose all their edges in a view."""
    noise: NonNegativeFloat = 0.1
    """Length of the perturbation of `one_pass`."""
    consistency_weight: NonNegativeFloat = 0.02
    """Weight of the knowledge-view consistency task."""
    denoise: float = Field(default=0.5, ge=0.0, le=1.0)
    """How far the least reliable interaction is turned down in graph and loss; 0 trusts all alike."""
    denoise_after: NonNegativeInt = 5
    """Epochs before reliabilities are taken from the knowledge views."""


class CKGAT(GradientModel):
    r"""KGAT with two contrastive tasks against noisy and sparse interactions.

    1. *Stochastic views.* Two views of the graph lose interactions, triples (by relation) and nodes at
       random; the same user or item in both is a positive pair, the batch's others are negatives:
       :math:`L_1 = \mathrm{InfoNCE}(Z^1_U, Z^2_U) + \mathrm{InfoNCE}(Z^1_I, Z^2_I)`.
    2. *Knowledge-view consistency.* :math:`k_i` is item i seen through its triples alone. Collaborative and
       knowledge view of an item attract each other, :math:`L_2 = \mathrm{InfoNCE}(Z_I, K_I)`, and an
       interaction that contradicts the knowledge view of the rest of the user's profile,
       :math:`c_{ui} = \cos(\sum_{j \in N(u) \setminus i} k_j,\, k_i)`, counts less in graph and loss.

    :math:`L = L_{CF} + \lambda_1 L_1 + \lambda_2 L_2`. The published model (Ma et al., ICASSP 2022) is
    known in outline only; these tasks are our own form of it, after SGL (SIGIR 2021), KGCL (SIGIR 2022)
    and, for `one_pass`, XSimGCL (TKDE 2023).
    """

    name: ClassVar[str] = "ckgat"
    config_class: ClassVar[type[ModelConfig]] = CKGATConfig
    config: CKGATConfig

    def build(self, data: TrainData, generator: torch.Generator, device: str) -> Network:
        return CKGATNetwork(data, self.config, generator, device)


class CKGATNetwork(KGATNetwork):
    """KGAT's encoder on the whole graph and on views of it."""

    config: CKGATConfig
    reliability: Tensor | None

    def __init__(self, data: TrainData, config: CKGATConfig, generator: torch.Generator, device: str) -> None:
        super().__init__(data, config, generator, device)
        self.register_buffer("reliability", None)
        self._drop = {r: config.knowledge_drop for r in range(TO_ITEM + 1, self.graph.num_relations)}
        self._drop |= {r: config.edge_drop for r in range(TO_ITEM + 1)}

    @property
    def has_knowledge(self) -> bool:
        return self.graph.num_relations > 2

    def begin_epoch(self, epoch: int) -> None:
        """Refresh attention and, after `denoise_after` epochs, the reliability of every interaction."""
        super().begin_epoch(epoch)
        if self.config.denoise > 0 and self.has_knowledge and epoch >= self.config.denoise_after:
            with torch.no_grad():
                self.reliability = self.interaction_reliability()

    def vectors(self) -> Vectors:
        """One pass over the whole graph; in training with noise when the contrast is `one_pass`."""
        values = self._values(None)
        if not (self.training and self.config.contrast == "one_pass" and self.config.contrast_weight > 0):
            final, layers = self.encode(values)
        else:
            final, layers = self._noisy(values)
        users, items = split_nodes(final, self.graph)
        return Vectors(users, items, {"final": final, "first": layers[1]})

    def interaction_weight(self) -> Tensor | None:
        return self.reliability

    def auxiliary_loss(self, vectors: Vectors, batch: Batch) -> Tensor | None:
        """KGAT's translation loss where it applies, and the contrastive tasks."""
        parts = [super().auxiliary_loss(vectors, batch)]
        users, items = self._some(batch.users), self._some(torch.unique(batch.items))
        nodes = (users, items + self.graph.num_users)
        config = self.config
        if config.contrast != "none" and config.contrast_weight > 0:
            if config.contrast == "one_pass":
                first, second = vectors.extra["first"], vectors.extra["final"]
            else:
                first, second = self.view(), self.view()
            between = [info_nce(first[rows], second[rows], config.contrast_temperature) for rows in nodes]
            parts.append(config.contrast_weight * torch.stack(between).sum())
        if config.consistency_weight > 0 and self.has_knowledge:
            parts.append(config.consistency_weight * self._consistency(vectors, items))
        found = [part for part in parts if part is not None]
        return torch.stack(found).sum() if found else None

    def view(self) -> Tensor:
        """Final vectors of one stochastic view, `[num_nodes, dim]`."""
        keep = keep_edges(self.graph.edges, self.generator, drop=self._drop)
        if self.config.node_drop > 0:
            keep = keep * keep_nodes(self.graph.edges, self.generator, drop=self.config.node_drop)
        return self.encode(self._values(keep))[0]

    def knowledge_view(self, values: Tensor | None = None) -> Tensor:
        """Every node seen through its triples alone (one step, interactions closed), `[num_nodes, dim]`."""
        values = self.graph.norm if values is None else values
        values = torch.where(self.graph.is_knowledge, values, 0.0)
        if self.relation_scale is not None:
            values = values * self.relation_scale[self.graph.edges.relation]
        return propagate(self.graph.edges, values, self.embedding)

    def interaction_reliability(self) -> Tensor:
        """Weight in `1 - denoise .. 1` of each training interaction, `[nnz]`.

        The agreement of the item's knowledge view with those of the user's *other* items, ranked among all
        interactions: the rank, not the raw cosine, sets the weight, so that its scale needs no tuning.
        Items without knowledge and users with one item are trusted fully.
        """
        graph = self.graph
        view = F.normalize(self.knowledge_view(), dim=1)[graph.num_users : graph.num_users + graph.num_items]
        chosen = graph.edges.relation == 0  # item to user: one edge per interaction, in some order
        users = graph.edges.target[chosen]
        items = graph.edges.source[chosen] - graph.num_users
        profile = torch.zeros(graph.num_users, view.shape[1], device=view.device).index_add(
            0, users, view[items]
        )
        others = profile[users] - view[items]
        agreement = F.cosine_similarity(others, view[items], dim=1)
        known = (others.norm(dim=1) > 1e-6) & (view[items].norm(dim=1) > 1e-6)
        share = torch.ones_like(agreement)
        order = torch.argsort(torch.argsort(agreement[known], stable=True), stable=True)
        share[known] = (order.float() + 1) / max(int(known.sum()), 1)
        # quadratic in the distance from the top: only the doubtful end loses much
        weight = 1.0 - self.config.denoise * (1.0 - share).square()
        found = torch.ones(int(graph.interaction.max()) + 1, device=view.device)
        found[graph.interaction[chosen]] = weight
        return found

    def _values(self, keep: Tensor | None) -> Tensor:
        """Edge weights of the whole graph or a view, with unreliable interactions turned down."""
        if self.reliability is not None:
            trust = torch.cat([self.reliability, self.reliability.new_ones(1)])[self.graph.interaction]
            keep = trust if keep is None else keep * trust
        if keep is None:
            return self.edge_values()
        return self.edge_values(norm=self.graph.renormalised(keep), keep=keep)

    def _noisy(self, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        layers: list[Tensor] = [self.embedding]
        for _ in range(self.config.num_layers):
            message = self.message(values, layers[-1])
            layers.append(message + random_noise(message, self.config.noise, self.generator))
        return torch.stack(layers[1:]).mean(dim=0), layers

    def _consistency(self, vectors: Vectors, items: Tensor) -> Tensor:
        knowledge = self.knowledge_view()[items + self.graph.num_users]
        has = knowledge.detach().norm(dim=1) > 1e-8
        if int(has.sum()) < 2:
            return knowledge.new_zeros(())
        return info_nce(vectors.items[items][has], knowledge[has], self.config.contrast_temperature)

    def _some(self, nodes: Tensor) -> Tensor:
        if len(nodes) <= self.config.contrast_nodes:
            return nodes
        order = torch.randperm(len(nodes), generator=self.generator, device=nodes.device)
        return nodes[order[: self.config.contrast_nodes]]
