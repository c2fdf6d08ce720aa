"""The fused mean over layers against dense powers and dense autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from graphrec.sparse.edge_graph import EdgeGraph
from graphrec.sparse.propagation import propagate_mean

NODES, DIM = 9, 4


def _graph(seed: int) -> EdgeGraph:
    """A directed graph whose adjacency is not symmetric; node 0 neither sends nor receives."""
    rng = np.random.default_rng(seed)
    cells = rng.choice((NODES - 1) ** 2, size=25, replace=False)
    target, source = 1 + cells // (NODES - 1), 1 + cells % (NODES - 1)
    return EdgeGraph.from_edges(target, source, np.zeros(25, dtype=np.int64), NODES)


def _dense_mean(graph: EdgeGraph, values: Tensor, x: Tensor, num_layers: int, include_input: bool) -> Tensor:
    zeros = torch.zeros(NODES, NODES, dtype=x.dtype)
    matrix = zeros.index_put((graph.target, graph.source), values)
    powers = [x]
    for _ in range(num_layers):
        powers.append(matrix @ powers[-1])
    return torch.stack(powers if include_input else powers[1:]).mean(dim=0)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("include_input", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 4])
def test_mean_and_gradients_equal_dense_powers(num_layers: int, include_input: bool, learned: bool) -> None:
    graph = _graph(num_layers)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(NODES, DIM, dtype=torch.float64, generator=generator)
    values = torch.randn(graph.num_edges, dtype=torch.float64, generator=generator)
    weights = torch.randn(NODES, DIM, dtype=torch.float64, generator=generator)
    found = []
    for function in (propagate_mean, _dense_mean):
        ours, theirs = x.clone().requires_grad_(), values.clone().requires_grad_(learned)
        mean = (
            propagate_mean(graph, theirs, ours, num_layers, include_input=include_input)
            if function is propagate_mean
            else _dense_mean(graph, theirs, ours, num_layers, include_input)
        )
        (mean * weights).sum().backward()
        found.append((mean.detach(), ours.grad, theirs.grad))
    (mean, grad_x, grad_values), (dense, dense_x, dense_values) = found
    torch.testing.assert_close(mean, dense)
    torch.testing.assert_close(grad_x, dense_x)
    if learned:
        torch.testing.assert_close(grad_values, dense_values)
    else:
        assert grad_values is None


def test_the_input_is_left_as_it_was() -> None:
    graph = _graph(0)
    x, values = torch.randn(NODES, DIM), torch.rand(graph.num_edges)
    before = x.clone()
    for include_input in (False, True):
        propagate_mean(graph, values, x, 2, include_input=include_input)
    assert torch.equal(x, before)
