"""Edge graphs and message passing against dense matrices and dense autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.sparse.edge_graph import EdgeGraph
from graphrec.sparse.propagation import propagate, random_noise, segment_softmax, symmetric_norm


@st.composite
def edge_lists(draw):
    """Node count, targets, sources: duplicates, self-loops, hubs and nodes without edges all occur."""
    nodes = draw(st.integers(1, 7))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, st.just(0) | node), max_size=25))
    return (
        nodes,
        np.array([t for t, _ in edges], dtype=np.int64),
        np.array([s for _, s in edges], dtype=np.int64),
    )


def build(nodes, target, source):
    return EdgeGraph.from_edges(target, source, np.zeros(len(target), dtype=np.int64), nodes)


def dense(graph, values):
    """The adjacency as autograd's own scatter makes it, duplicates summed."""
    zero = torch.zeros(graph.num_nodes, graph.num_nodes, dtype=values.dtype)
    return zero.index_put((graph.target, graph.source), values, accumulate=True)


@settings(max_examples=60, deadline=None)
@given(edges=edge_lists(), dim=st.integers(1, 4), seed=st.integers(0, 2**20))
def test_propagation_and_both_gradients_equal_dense_autograd(edges, dim, seed):
    graph = build(*edges)
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(graph.num_edges, generator=draw, dtype=torch.float64, requires_grad=True)
    x = torch.randn(graph.num_nodes, dim, generator=draw, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(graph.num_nodes, dim, generator=draw, dtype=torch.float64)
    found, expected = propagate(graph, values, x), dense(graph, values) @ x
    torch.testing.assert_close(found, expected)
    grads = torch.autograd.grad((found * upstream).sum(), (values, x))
    oracle = torch.autograd.grad((expected * upstream).sum(), (values, x), allow_unused=True)
    for grad, other in zip(grads, oracle, strict=True):
        torch.testing.assert_close(grad, torch.zeros_like(grad) if other is None else other)


def test_propagation_in_single_precision_through_two_layers_and_a_transposed_input():
    rng = np.random.default_rng(0)
    hub = np.zeros(40, dtype=np.int64)
    target, source = np.concatenate([hub, rng.integers(0, 30, 90)]), rng.integers(0, 30, 130)
    graph = build(32, target, source)  # nodes 30 and 31 have no edge
    values = torch.rand(graph.num_edges, requires_grad=True)
    x = torch.randn(5, 32).t().requires_grad_()
    found = propagate(graph, values, propagate(graph, values, x))
    matrix = dense(graph, values)
    expected = matrix @ (matrix @ x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    ours, theirs = (torch.autograd.grad(y.square().sum(), (values, x)) for y in (found, expected))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))
    assert not found[30:].any()


def test_only_the_gradient_that_is_asked_for_is_made():
    graph = build(3, np.array([0, 1]), np.array([1, 2]))
    values, x = torch.ones(2), torch.ones(3, 2, requires_grad=True)
    propagate(graph, values, x).sum().backward()
    assert values.grad is None
    assert x.grad.tolist() == [[0, 0], [1, 1], [1, 1]]
    assert not propagate(graph, values, x.detach()).requires_grad


def test_edges_are_sorted_with_their_relations_and_pairs_and_the_permutation_transposes():
    target, source = np.array([2, 0, 2, 1]), np.array([1, 2, 0, 2])
    graph = EdgeGraph.from_edges(target, source, np.array([7, 1, 2, 3]), 4, np.array([0, 1, 1, 0]))
    listed = list(zip(graph.target.tolist(), graph.source.tolist(), strict=True))
    assert listed == [(0, 2), (1, 2), (2, 0), (2, 1)]
    assert graph.relation.tolist() == [1, 3, 2, 7]
    assert graph.pair.tolist() == [1, 0, 1, 0]
    assert (graph.num_pairs, graph.num_edges) == (2, 4)
    values = torch.tensor([1.0, 2.0, 3.0, 4.0])
    plain = dense(graph, values)
    torch.testing.assert_close(graph.matrix(values).to_dense(), plain)
    torch.testing.assert_close(graph.transposed_matrix(values).to_dense(), plain.t())
    assert graph.sum_by_target(values).tolist() == plain.sum(dim=1).tolist()
    assert graph.sum_by_source(values).tolist() == plain.sum(dim=0).tolist()
    assert graph.to("cpu").num_nodes == 4


@pytest.mark.parametrize("source", [[0, 3], [0, -1]])
def test_a_node_outside_the_graph_is_named(source):
    with pytest.raises(InvalidInputError, match=r"outside 0\.\.2"):
        build(3, np.array([0, 1]), np.array(source))


def test_edge_lists_of_unequal_length_are_refused():
    with pytest.raises(InvalidInputError, match="2 targets, 1 sources"):
        EdgeGraph.from_edges(np.array([0, 1]), np.array([0]), np.array([0, 0]), 3)


@settings(max_examples=40, deadline=None)
@given(edges=edge_lists(), seed=st.integers(0, 2**20))
def test_symmetric_norm_equals_the_dense_formula(edges, seed):
    nodes, target, source = edges
    both = build(nodes, np.concatenate([target, source]), np.concatenate([source, target]))
    rng = np.random.default_rng(seed)
    table = rng.choice([0.0, 0.2, 1.0, 3.0], (nodes, nodes))
    table = torch.from_numpy(np.maximum(table, table.T))
    weights = table[both.target, both.source]
    matrix = dense(both, weights)
    degree = matrix.sum(dim=1)
    inverse = torch.where(degree > 0, degree, torch.inf).rsqrt()
    expected = inverse[:, None] * matrix * inverse[None, :]
    torch.testing.assert_close(dense(both, symmetric_norm(both, weights)), expected)


@settings(max_examples=60, deadline=None)
@given(edges=edge_lists(), seed=st.integers(0, 2**20))
def test_segment_softmax_equals_a_loop_over_nodes(edges, seed):
    graph = build(*edges)
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=graph.num_edges) * 50)
    logits[torch.from_numpy(rng.random(graph.num_edges) < 0.3)] = -torch.inf
    found = segment_softmax(logits, graph)
    for node in range(graph.num_nodes):
        own = graph.target == node
        if not torch.isfinite(logits[own]).any():
            assert not found[own].any()
        else:
            torch.testing.assert_close(found[own], torch.softmax(logits[own], dim=0))


def test_segment_softmax_gradient_stays_finite_where_a_node_has_lost_every_edge():
    graph = build(3, np.array([0, 0, 1, 1, 2]), np.array([1, 2, 0, 2, 0]))
    logits = torch.tensor([1.0, 2.0, -torch.inf, -torch.inf, -3.0], requires_grad=True)
    upstream = torch.tensor([1e3, -2e3, 1e5, 1e8, 7.0])
    (segment_softmax(logits, graph) * upstream).sum().backward()
    expected = torch.tensor([1.0, 2.0], requires_grad=True)
    (torch.softmax(expected, dim=0) * upstream[:2]).sum().backward()
    torch.testing.assert_close(logits.grad, torch.cat([expected.grad, torch.zeros(3)]), rtol=1e-4, atol=1e-2)


def test_random_noise_has_the_asked_length_in_the_orthant_of_its_row_and_is_seeded():
    x = torch.randn(20, 6)
    noise = random_noise(x, 0.3, torch.Generator().manual_seed(1))
    torch.testing.assert_close(noise.norm(dim=1), torch.full((20,), 0.3))
    assert (noise * x >= 0).all()
    assert torch.equal(noise, random_noise(x, 0.3, torch.Generator().manual_seed(1)))
    assert not torch.equal(noise, random_noise(x, 0.3, torch.Generator().manual_seed(2)))
