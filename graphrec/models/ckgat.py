"""C-KGAT: knowledge graph attention with contrastive graph augmentation."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from graphrec.models.base import ModelConfig, TrainData
from graphrec.models.content_input import on_items
from graphrec.models.gradient import GradientModel, Network, Vectors
from graphrec.models.kgat import KGATConfig, KGATNetwork
from graphrec.models.objective import Batch
from graphrec.models.reliability import noise_posterior
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
    contrast_every: PositiveInt = 3
    """Steps between two contrasts of views: they cost two more passes, and one step in three is enough."""
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
    consistency_weight: NonNegativeFloat = 0.1
    """Weight of the knowledge-view consistency task."""
    denoise: float = Field(default=0.5, ge=0.0, le=1.0)
    """How far an interaction that looks like noise is turned down in graph and loss; 0 trusts all alike."""


class CKGAT(GradientModel):
    r"""KGAT with two contrastive tasks against noisy and sparse interactions.

    1. *Stochastic views.* Two views of the graph lose interactions, triples (by relation) and nodes at
       random; the same user or item in both is a positive pair, the batch's others are negatives:
       :math:`L_1 = \mathrm{InfoNCE}(Z^1_U, Z^2_U) + \mathrm{InfoNCE}(Z^1_I, Z^2_I)`.
    2. *Knowledge-view consistency.* :math:`k_i` is item i seen through its triples alone. Collaborative and
       knowledge view of an item attract each other, :math:`L_2 = \mathrm{InfoNCE}(Z_I, K_I)`. Dense features are
       part of that view, so that they learn to stand for an item that nobody has chosen.

    An interaction that neither the other users' choices nor the knowledge view supports better than a random
    pair counts less in graph and loss, :math:`w_{ui} \leftarrow w_{ui} (1 - \delta\, p_{ui})`, with the
    posterior of noise `p` of :func:`graphrec.models.reliability.noise_posterior`.

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

    def __init__(self, data: TrainData, config: CKGATConfig, generator: torch.Generator, device: str) -> None:
        super().__init__(data, config, generator, device)
        self._step = 0
        self._triples = self.graph.edges.select(self.graph.is_knowledge)
        self._triple_norm = self.graph.norm[self.graph.is_knowledge]
        self.reliability = self._reliability(data) if config.denoise > 0 else None
        self._trusted_norm = None if self.reliability is None else self.graph.renormalised(self._trust())
        drop = torch.where(self.graph.is_knowledge, config.knowledge_drop, config.edge_drop)
        self._keep_probability = 1.0 - drop

    @property
    def has_knowledge(self) -> bool:
        return self.graph.num_relations > 2

    @property
    def says_something(self) -> bool:
        """Whether anything but interactions is known of the items."""
        return self.has_knowledge or self.content is not None

    def begin_epoch(self, epoch: int) -> None:
        """Refresh the attention and place the contrasts of this epoch.

        The count of steps starts with the epoch's number: a resumed run counts alike, and where an epoch has
        fewer steps than `contrast_every` one epoch in so many has a contrast.
        """
        super().begin_epoch(epoch)
        self._step = epoch

    def vectors(self) -> Vectors:
        """One pass over the whole graph; in training with noise when the contrast is `one_pass`."""
        values, added = self._values(None), self.added()
        if not (self.training and self.config.contrast == "one_pass" and self.config.contrast_weight > 0):
            final = self.final(values, added)
            return self.split(final, added, final=final)
        final, layers = self._noisy(values, added)
        return self.split(final, added, final=final, first=layers[1])

    def interaction_weight(self) -> Tensor | None:
        return self.reliability

    def auxiliary_loss(self, vectors: Vectors, batch: Batch) -> Tensor | None:
        """KGAT's translation loss where it applies, and the contrastive tasks."""
        parts = [super().auxiliary_loss(vectors, batch)]
        users, items = self._some(batch.users), self._some(torch.unique(batch.items))
        nodes = (users, items + self.graph.num_users)
        config = self.config
        if self._contrast_is_due():
            if config.contrast == "one_pass":
                first, second = vectors.extra["first"], self._averaged(vectors.extra["final"])
            else:
                first, second = self.view(), self.view()
            between = [info_nce(first[rows], second[rows], config.contrast_temperature) for rows in nodes]
            parts.append(config.contrast_weight * torch.stack(between).sum())
        if config.consistency_weight > 0 and self.says_something:
            parts.append(config.consistency_weight * self._consistency(vectors, items))
        found = [part for part in parts if part is not None]
        return torch.stack(found).sum() if found else None

    def _contrast_is_due(self) -> bool:
        """Every step for the cheap form, one in `contrast_every` for views."""
        self._step += 1
        config = self.config
        due = config.contrast == "one_pass" or self._step % config.contrast_every == 0
        return due and config.contrast != "none" and config.contrast_weight > 0

    def view(self) -> Tensor:
        """Final vectors of one stochastic view, `[num_nodes, dim]`."""
        keep = keep_edges(self.graph.edges, self.generator, drop=0.0, keep_scale=self._keep_probability)
        if self.config.node_drop > 0:
            keep = keep * keep_nodes(self.graph.edges, self.generator, drop=self.config.node_drop)
        return self.final(self._values(keep))

    def knowledge_view(self, added: Tensor | None = None) -> Tensor:
        """Every node seen through its triples alone (one step, interactions closed), `[num_nodes, dim]`."""
        values = self._triple_norm
        if self.relation_scale is not None:
            values = values * self.relation_scale.index_select(0, self._triples.relation)
        start, added = self.inputs(added)
        return on_items(propagate(self._triples, values, start), added, self.graph.num_users)

    def _reliability(self, data: TrainData) -> Tensor:
        """Weight in `1 - denoise .. 1` of each training interaction, `[nnz]`.

        The untrained embedding serves as a random sketch of the entities, so that the knowledge view of an
        item is a sketch of what its triples say.
        """
        seed = int(torch.randint(2**31, (), generator=self.generator, device=self.embedding.device))
        views = []
        if self.says_something:
            with torch.no_grad():
                whole = F.normalize(self.knowledge_view(), dim=1)
            views = [whole[self.graph.num_users :][: self.graph.num_items].cpu().numpy()]
        doubt = noise_posterior(data.train, views, np.random.default_rng(seed))
        return 1.0 - self.config.denoise * torch.from_numpy(doubt).to(self.embedding.device)

    def _trust(self) -> Tensor:
        """Reliability of every edge, 1 on knowledge edges, `[num_edges]`."""
        assert self.reliability is not None
        return torch.cat([self.reliability, self.reliability.new_ones(1)])[self.graph.interaction]

    def _values(self, keep: Tensor | None) -> Tensor:
        """Edge weights of the whole graph or a view, with unreliable interactions turned down."""
        if self.reliability is not None:
            if keep is None:
                return self.edge_values(norm=self._trusted_norm, keep=self._trust())
            keep = keep * self._trust()
        if keep is None:
            return self.edge_values()
        return self.edge_values(norm=self.graph.renormalised(keep), keep=keep)

    def _noisy(self, values: Tensor, added: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """The encoder with a perturbation after every layer; final vectors and layers as :meth:`encode`."""
        start, added = self.inputs(added)
        layers: list[Tensor] = [start]
        for number in range(self.config.num_layers):
            layer = self.layer(number, values, layers[-1])
            layers.append(layer + random_noise(layer, self.config.noise, self.generator))
        return self.joined(layers, added), layers

    def _averaged(self, final: Tensor) -> Tensor:
        """Final vectors at the length of an embedding: concatenated layers are averaged."""
        dim = self.config.dim
        return final if final.shape[1] == dim else final.unflatten(1, (-1, dim)).mean(dim=1)

    def _consistency(self, vectors: Vectors, items: Tensor) -> Tensor:
        knowledge = self.knowledge_view(vectors.extra.get("added"))[items + self.graph.num_users]
        has = knowledge.detach().norm(dim=1) > 1e-8
        if int(has.sum()) < 2:
            return knowledge.new_zeros(())
        found = self._averaged(vectors.items[items][has])
        return info_nce(found, knowledge[has], self.config.contrast_temperature)

    def _some(self, nodes: Tensor) -> Tensor:
        if len(nodes) <= self.config.contrast_nodes:
            return nodes
        order = torch.randperm(len(nodes), generator=self.generator, device=nodes.device)
        return nodes[order[: self.config.contrast_nodes]]
