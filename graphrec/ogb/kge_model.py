"""Embeddings of entities and relations under one of the score functions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphrec.models.relational import TransR
from graphrec.ogb.kge_config import KGEConfig
from graphrec.ogb.kge_data import Triples
from graphrec.ogb.kge_scores import GEOMETRIES, Side


class KGEModel(nn.Module):
    """Base: scores of true and corrupted triples.

    Args:
        config: settings; the model's name chooses the class (:func:`build_kge`).
        generator: where the first embeddings are drawn from.
    """

    def __init__(self, config: KGEConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config, self.generator = config, generator

    def reset_parameters(self) -> None:
        """Draw the embeddings anew."""
        raise NotImplementedError

    def scores(self, batch: Triples, candidates: Tensor, side: Side) -> Tensor:
        """Scores `[n, k]` of the triples with candidates (int64 `[n, k]`, shared numbering) at one end."""
        raise NotImplementedError

    def penalty(self, batch: Triples) -> Tensor:
        """What :attr:`KGEConfig.regularization` multiplies."""
        raise NotImplementedError

    @property
    def numbers_per_candidate(self) -> int:
        """Length of one candidate's vector, which bounds how many are scored at a time."""
        raise NotImplementedError


class GeometricKGE(KGEModel):
    """TransE, DistMult, ComplEx or RotatE."""

    def __init__(
        self, num_entities: int, num_relations: int, config: KGEConfig, generator: torch.Generator
    ) -> None:
        super().__init__(config, generator)
        spread = (config.margin + 2.0) / config.dim
        self.geometry = GEOMETRIES[config.model](config.dim, config.margin, spread)
        self.entity = nn.Parameter(torch.empty(num_entities, self.geometry.entity_parts * config.dim))
        self.relation = nn.Parameter(torch.empty(num_relations, self.geometry.relation_parts * config.dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in `-spread..spread`."""
        with torch.no_grad():
            for table in (self.entity, self.relation):
                table.uniform_(-self.geometry.spread, self.geometry.spread, generator=self.generator)

    def scores(self, batch: Triples, candidates: Tensor, side: Side) -> Tensor:
        known = batch.head if side == "tail" else batch.tail
        query = self.geometry.query(
            self.entity.index_select(0, known), self.relation.index_select(0, batch.relation), side
        )
        others = self.entity.index_select(0, candidates.reshape(-1))
        return self.geometry.compare(query, others.view(*candidates.shape, -1))

    def penalty(self, batch: Triples) -> Tensor:
        """Cubed L3 norm of both tables, as OGB's script has it."""
        norms = (torch.linalg.vector_norm(table, ord=3) for table in (self.entity, self.relation))
        return torch.stack([norm.pow(3) for norm in norms]).sum()

    @property
    def numbers_per_candidate(self) -> int:
        return self.entity.shape[1]


class TransRKGE(KGEModel):
    """KGAT's TransR: the margin less the energy of :class:`graphrec.models.relational.TransR`."""

    def __init__(
        self, num_entities: int, num_relations: int, config: KGEConfig, generator: torch.Generator
    ) -> None:
        super().__init__(config, generator)
        self.entity = nn.Parameter(torch.empty(num_entities, config.dim))
        self.transr = TransR(num_relations, config.dim, config.relation_dim, generator, "cpu")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier draw of everything."""
        with torch.no_grad():
            nn.init.xavier_uniform_(self.entity, generator=self.generator)
        self.transr.reset_parameters()

    def scores(self, batch: Triples, candidates: Tensor, side: Side) -> Tensor:
        each = candidates.shape[1]
        others, relation = candidates.reshape(-1), batch.relation.repeat_interleave(each)
        known = (batch.head if side == "tail" else batch.tail).repeat_interleave(each)
        ends = (known, others) if side == "tail" else (others, known)
        energy = self.transr.energy(self.entity, ends[0], relation, ends[1])
        return self.config.margin - energy.view(candidates.shape)

    def penalty(self, batch: Triples) -> Tensor:
        """Mean squared L2 norm of what the batch touches, halved, as KGAT's script has it."""
        ends = self.entity[batch.head].square().sum(dim=1) + self.entity[batch.tail].square().sum(dim=1)
        return (ends + self.transr.translation[batch.relation].square().sum(dim=1)).mean() / 2

    @property
    def numbers_per_candidate(self) -> int:
        return self.config.dim + 2 * self.config.relation_dim


def build_kge(
    num_entities: int, num_relations: int, config: KGEConfig, generator: torch.Generator
) -> KGEModel:
    """The model that the settings name, its embeddings drawn from `generator`, on the CPU."""
    kind = TransRKGE if config.model == "transr" else GeometricKGE
    return kind(num_entities, num_relations, config, generator)
