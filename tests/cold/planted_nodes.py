"""A planted graph: classes show in the features and in who is joined to whom; some nodes have no edge."""

from __future__ import annotations

import torch

from graphrec.cold.data import NodeData, undirected

NUM_CLASSES = 3
NUM_FEATURES = 40


def planted(num_nodes: int = 180, num_isolated: int = 20, seed: int = 0) -> NodeData:
    """Most edges join equals; each node carries words of its class and of no class. The last nodes are isolated."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(num_nodes) % NUM_CLASSES
    alike = y[:, None] == y[None, :]
    edges = torch.rand(num_nodes, num_nodes, generator=generator) < torch.where(alike, 0.04, 0.004)
    edges[num_nodes - num_isolated :] = False
    edges[:, num_nodes - num_isolated :] = False
    of_class = (torch.arange(NUM_FEATURES) % NUM_CLASSES)[None, :] == y[:, None]
    words = torch.rand(num_nodes, NUM_FEATURES, generator=generator) < torch.where(of_class, 0.18, 0.03)
    x = torch.nn.functional.normalize(words.float(), p=1, dim=1)
    order = torch.randperm(num_nodes, generator=generator)
    parts = order[: num_nodes // 3], order[num_nodes // 3 : num_nodes // 2], order[num_nodes // 2 :]
    return NodeData(x, y, undirected(edges.nonzero().t(), num_nodes), *parts, NUM_CLASSES)


def dense_adjacency(data: NodeData) -> torch.Tensor:
    """0/1 matrix `[num_nodes, num_nodes]` of the edges."""
    matrix = torch.zeros(data.num_nodes, data.num_nodes)
    matrix[data.edge_index[0], data.edge_index[1]] = 1.0
    return matrix
