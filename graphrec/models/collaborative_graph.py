"""The collaborative knowledge graph: users, items and entities in one node space (KGAT, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphrec.sparse.edge_graph import EdgeGraph
from graphrec.sparse.propagation import symmetric_norm
from graphrec.store.columns import KnowledgeGraph, TrainData

TO_USER, TO_ITEM = 0, 1
"""Relations of the interactions, item to user and back; knowledge relation r is `2 + 2r` and `3 + 2r`."""


@dataclass(frozen=True, slots=True)
class CollaborativeGraph:
    """Nodes: `0..num_users-1` users, then items, then the other entities.

    Args:
        edges: both directions of every interaction and every triple.
        weight: `[num_edges]`, strength of the interaction; 1 on knowledge edges.
        norm: `[num_edges]`, `w / sqrt(d_s d_t)` with degrees counted in the edge's own channel
            (interactions or knowledge), so that a closed knowledge channel leaves LightGCN exactly.
        is_knowledge: bool `[num_edges]`.
        interaction: int64 `[num_edges]`, position of the interaction in `train`; -1 on knowledge edges.
    """

    edges: EdgeGraph
    weight: Tensor
    norm: Tensor
    is_knowledge: Tensor
    interaction: Tensor
    num_users: int
    num_items: int
    num_relations: int

    @classmethod
    def build(cls, data: TrainData, *, use_knowledge: bool, device: str = "cpu") -> CollaborativeGraph:
        """Both channels of `data` (or interactions alone), duplicates and self-loops of the graph dropped."""
        users, items = data.train.row_index(), data.train.indices.astype(np.int64)
        kg = _simple(data.kg) if use_knowledge and data.kg is not None else None
        n = len(users)
        source, target = [items + data.num_users, users], [users, items + data.num_users]
        relation = [np.full(n, TO_USER), np.full(n, TO_ITEM)]
        pair = [np.arange(n), np.arange(n)]
        if kg is not None:
            heads, tails = kg.heads + data.num_users, kg.tails + data.num_users
            source, target = [*source, tails, heads], [*target, heads, tails]
            relation += [2 + 2 * kg.relations, 3 + 2 * kg.relations]
            pair += [n + np.arange(kg.num_triples)] * 2
        pairs = np.concatenate(pair)
        num_nodes = data.num_users + (kg.num_entities if kg is not None else data.num_items)
        edges = EdgeGraph.from_edges(
            np.concatenate(target), np.concatenate(source), np.concatenate(relation), num_nodes, pairs
        ).to(device)
        values = np.ones(n, dtype=np.float32) if data.train.values is None else np.asarray(data.train.values)
        is_knowledge = edges.relation > TO_ITEM
        interaction = torch.where(is_knowledge, -1, edges.pair)
        strength = torch.from_numpy(np.append(values, np.float32(1.0))).to(device)
        weight = strength[interaction]  # position -1 is the appended 1
        num_relations = 2 + 2 * (kg.num_relations if kg is not None else 0)
        norm = channel_norm(edges, weight, is_knowledge)
        return cls(
            edges, weight, norm, is_knowledge, interaction, data.num_users, data.num_items, num_relations
        )

    @property
    def num_nodes(self) -> int:
        return self.edges.num_nodes

    def renormalised(self, keep: Tensor) -> Tensor:
        """`norm` after multiplying the edge weights by `keep` `[num_edges]` (a view, a reliability)."""
        return channel_norm(self.edges, self.weight * keep, self.is_knowledge)


def channel_norm(edges: EdgeGraph, weight: Tensor, is_knowledge: Tensor) -> Tensor:
    """Symmetric normalisation with separate degrees for interactions and knowledge, `[num_edges]`."""
    knowledge = is_knowledge.to(weight.dtype)
    return symmetric_norm(edges, weight * (1 - knowledge)) + symmetric_norm(edges, weight * knowledge)


def _simple(kg: KnowledgeGraph) -> KnowledgeGraph:
    """Without self-loops and repeated triples."""
    triples = np.stack([kg.heads, kg.relations, kg.tails], axis=1)
    _, first = np.unique(triples, axis=0, return_index=True)
    first = np.sort(first)
    return kg.take(first[kg.heads[first] != kg.tails[first]])
