"""Stochastic views of a graph: edges and nodes dropped at random, as masks on the cached edge order."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from graphrec.sparse.edge_graph import EdgeGraph


def keep_edges(
    graph: EdgeGraph,
    generator: torch.Generator,
    *,
    drop: float | Mapping[int, float],
    keep_scale: Tensor | None = None,
) -> Tensor:
    """A 0/1 mask `[num_edges]`; both directions of an edge share their fate.

    Args:
        drop: probability of dropping an edge, one for all or by relation (relations not named keep theirs).
        keep_scale: `[num_edges]` in `0..1`, multiplies the probability to keep (reliability of an edge; both
            directions carry the same).
    """
    if isinstance(drop, Mapping):
        rate = torch.zeros(
            int(graph.relation.max()) + 1 if graph.num_edges else 1, device=graph.relation.device
        )
        for relation, value in drop.items():
            if relation < len(rate):
                rate[relation] = value
        keep = 1.0 - rate[graph.relation]
    else:
        keep = torch.full((graph.num_edges,), 1.0 - drop, device=graph.relation.device)
    if keep_scale is not None:
        keep = keep * keep_scale
    draw = torch.rand(graph.num_pairs, generator=generator, device=graph.relation.device)
    return (draw[graph.pair] < keep).float()


def keep_nodes(graph: EdgeGraph, generator: torch.Generator, *, drop: float) -> Tensor:
    """A 0/1 mask `[num_edges]` that removes every edge of a dropped node (SGL's node dropout)."""
    kept = torch.rand(graph.num_nodes, generator=generator, device=graph.target.device) >= drop
    return (kept[graph.target] & kept[graph.source]).float()
