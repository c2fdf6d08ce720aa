from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.utils import to_dense_adj, to_undirected

from graphrec.cold.data import normalised_adjacency, undirected
from graphrec.errors import InvalidInputError
from tests.cold.planted_nodes import dense_adjacency, planted

edge_lists = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=25)


@given(edge_lists)
def test_undirected_is_the_symmetric_set_without_loops(pairs):
    edges = undirected(torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t(), 8)
    expected = {pair for a, b in pairs if a != b for pair in ((a, b), (b, a))}
    found = [tuple(pair) for pair in edges.t().tolist()]
    assert set(found) == expected and len(found) == len(expected)


@given(edge_lists)
def test_normalised_adjacency_is_that_of_pyg(pairs):
    edges = undirected(torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t(), 8)
    with_loops, weights = gcn_norm(edges, num_nodes=8)
    expected = to_dense_adj(with_loops, edge_attr=weights, max_num_nodes=8)[0]
    torch.testing.assert_close(normalised_adjacency(edges, 8).to_dense(), expected)


def test_propagation_and_its_gradient_are_those_of_the_dense_matrix():
    data = planted()
    adjacency = dense_adjacency(data) + torch.eye(data.num_nodes)
    scale = adjacency.sum(dim=1).rsqrt()
    expected = scale[:, None] * adjacency * scale[None, :]
    neighbours = dense_adjacency(data) / dense_adjacency(data).sum(dim=1, keepdim=True).clamp_min(1)
    torch.testing.assert_close(data.adjacency.to_dense(), expected)
    for step, matrix in ((data.propagate, expected), (data.neighbour_mean, neighbours)):
        x = torch.randn(data.num_nodes, 5, generator=torch.Generator().manual_seed(1), requires_grad=True)
        weight = torch.randn(data.num_nodes, 5, generator=torch.Generator().manual_seed(2))
        torch.testing.assert_close(step(x), matrix @ x)
        (gradient,) = torch.autograd.grad((step(x) * weight).sum(), x)
        torch.testing.assert_close(gradient, matrix.T @ weight)


def test_nodes_whose_edges_are_removed_are_isolated_and_no_other_edge_goes():
    data = planted(num_isolated=5)
    nodes = torch.tensor([3, 4, 50])
    stripped = data.without_edges_of(nodes)
    expected = dense_adjacency(data)
    expected[nodes] = 0
    expected[:, nodes] = 0
    assert torch.equal(dense_adjacency(stripped), expected)
    assert torch.equal(stripped.isolated(), expected.sum(dim=1) == 0)
    assert bool(stripped.isolated()[nodes].all()) and not bool(data.isolated()[nodes].any())


def test_features_are_kept_when_edges_change():
    data = planted()
    features = data.features
    assert data.without_edges_of(torch.tensor([0])).features is features


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([[0, 1], [1, 1]], "itself"),
        ([[0], [1]], "one direction"),
        ([[0, 1, 2], [1, 2, 0]], "one direction"),  # degrees alike, yet a directed cycle
        ([[0, 1, 0, 1], [1, 0, 1, 0]], "twice"),
        ([[0, 999], [999, 0]], "outside"),
        ([[0, -1], [-1, 0]], "outside"),
    ],
)
def test_edge_lists_that_models_would_misread_are_refused(edges, said):
    with pytest.raises(InvalidInputError, match=said):
        replace(planted(), edge_index=torch.tensor(edges))


def test_arrays_that_do_not_fit_are_refused():
    data = planted()
    with pytest.raises(InvalidInputError, match="do not belong together"):
        replace(data, y=data.y[1:])
    with pytest.raises(InvalidInputError, match=r"\[2, num_edges\]"):
        replace(data, edge_index=data.edge_index.t())


def test_undirected_agrees_with_pyg_on_a_planted_graph():
    data = planted()
    one_way = data.edge_index[:, data.edge_index[0] < data.edge_index[1]]
    assert torch.equal(undirected(one_way, data.num_nodes), to_undirected(one_way))
