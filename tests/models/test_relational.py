"""TransR, attention and aggregation on graphs small enough to work out by hand or by loops."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from graphrec.models.base import TrainData
from graphrec.models.collaborative_graph import CollaborativeGraph
from graphrec.models.kgat import BiInteraction, row_normalised_logits
from graphrec.models.relational import TransR
from graphrec.sparse import CSR
from graphrec.sparse.edge_graph import EdgeGraph
from graphrec.sparse.propagation import segment_softmax
from graphrec.store.columns import KnowledgeGraph
from graphrec.training.losses import translation_loss


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def by_hand():
    """Three nodes in the plane; relation 0 keeps the first coordinate, relation 1 swaps and doubles both."""
    transr = TransR(2, 2, 2, seeded(), "cpu")
    with torch.no_grad():
        transr.projection[0] = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
        transr.projection[1] = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
        transr.translation[:] = torch.tensor([[0.5, 1.0], [0.0, -1.0]])
    return transr, torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.5]])


def test_transr_energy_by_hand(by_hand):
    transr, x = by_hand
    heads, relation, tails = torch.tensor([0, 0, 2]), torch.tensor([0, 1, 1]), torch.tensor([1, 2, 0])
    # (1,0)+(.5,1)-(3,0) ; (4,2)+(0,-1)-(1,0) ; (1,0)+(0,-1)-(4,2)
    expected = [1.5**2 + 1, 3**2 + 1, 3**2 + 3**2]
    assert transr.energy(x, heads, relation, tails).tolist() == expected
    assert float(translation_loss(torch.tensor(expected[:1]), torch.tensor(expected[1:2]))) == pytest.approx(
        math.log1p(math.exp(3.25 - 10))
    )


def test_attention_by_hand_is_one_softmax_over_all_relations_of_a_node(by_hand):
    transr, x = by_hand
    edges = EdgeGraph.from_edges(np.array([0, 0, 2]), np.array([1, 2, 0]), np.array([0, 1, 1]), 3)
    # head 0, relation 0, tail 1: (3,0) . tanh(1.5, 1);  head 0, relation 1, tail 2: (1,0) . tanh(4, 1)
    # head 2, relation 1, tail 0: (4,2) . tanh(1, -1)
    expected = [3 * math.tanh(1.5), math.tanh(4), 4 * math.tanh(1) + 2 * math.tanh(-1)]
    logits = transr.logits(x, edges)
    assert logits.tolist() == pytest.approx(expected)
    first = math.exp(expected[0]) / (math.exp(expected[0]) + math.exp(expected[1]))
    assert segment_softmax(logits, edges).tolist() == pytest.approx([first, 1 - first, 1.0])


def test_grouped_projection_equals_one_product_per_row_and_has_its_gradient():
    transr, x = TransR(5, 4, 3, seeded(), "cpu"), torch.randn(9, 4, generator=seeded(1)).requires_grad_()
    nodes, relation = (
        torch.randint(9, (60,), generator=seeded(2)),
        torch.randint(4, (60,), generator=seeded(3)),
    )
    found = transr.project(x, nodes, relation)  # relation 4 has no row
    expected = torch.einsum("nd,nde->ne", x[nodes], transr.projection[relation])
    torch.testing.assert_close(found, expected)
    ours, theirs = (torch.autograd.grad(y.square().sum(), (x, transr.projection)) for y in (found, expected))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
    assert transr.project(x, nodes[:0], relation[:0]).shape == (0, 3)


def test_training_on_triples_makes_them_plausible():
    transr, x = (
        TransR(2, 6, 4, seeded(), "cpu"),
        torch.nn.Parameter(torch.randn(8, 6, generator=seeded(1)) * 0.1),
    )
    edges = EdgeGraph.from_edges(np.arange(6), (np.arange(6) + 1) % 8, np.arange(6) % 2, 8)
    optimizer, generator, losses = torch.optim.Adam([x, *transr.parameters()], lr=0.05), seeded(2), []
    for _ in range(60):
        loss = transr.loss(x, edges, torch.arange(6).repeat(4), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    true = transr.energy(x, edges.target, edges.relation, edges.source)
    wrong = transr.energy(x, edges.target, edges.relation, (edges.source + 3) % 8)
    assert losses[-1] < 0.5 * losses[0]
    assert (true < wrong).float().mean() > 0.8


def test_bi_interaction_by_hand():
    layer = BiInteraction(2, 0.0, seeded(), "cpu")
    with torch.no_grad():
        layer.sum_map.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, -1.0]]))
        layer.sum_map.bias.copy_(torch.tensor([0.0, 1.0]))
        layer.product_map.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
        layer.product_map.bias.copy_(torch.tensor([-1.0, 0.0]))
    x, neighbours = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -4.0]])
    # sum (4,-2): maps to (4, 6+1); product (3,-8): maps to (6-1, -8) and the slope of the negative side is .2
    assert layer(x, neighbours).tolist() == [[4.0 + 5.0, pytest.approx(7.0 - 1.6)]]


def test_dropout_of_the_aggregator_keeps_the_mean_and_stops_outside_training():
    layer, x = BiInteraction(4, 0.25, seeded(), "cpu"), torch.randn(3000, 4, generator=seeded(1))
    layer.eval()
    whole = layer(x, x)
    assert torch.equal(whole, layer(x, x))
    layer.train()
    dropped = layer(x, x)
    kept = dropped != 0
    assert float(kept.float().mean()) == pytest.approx(0.75, abs=0.02)
    torch.testing.assert_close(dropped[kept], (whole / 0.75)[kept])


@pytest.fixture
def collaborative():
    """Two users, three items, entities 3 and 4: a doubled triple, a self-loop, an item-item triple."""
    train = CSR.from_coo(
        np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 0.2, 0.5], dtype=np.float32), (2, 3)
    )
    triples = np.array([(0, 0, 3), (0, 0, 3), (1, 1, 4), (1, 0, 4), (2, 1, 2), (2, 1, 0), (3, 0, 4)])
    kg = KnowledgeGraph(triples[:, 0], triples[:, 1], triples[:, 2], 3, 5, 2)
    return CollaborativeGraph.build(TrainData(train, None, kg), use_knowledge=True)


def listed(graph):
    edges = graph.edges
    return zip(edges.target.tolist(), edges.source.tolist(), edges.relation.tolist(), strict=True)


def test_collaborative_graph_has_every_interaction_and_triple_in_both_directions_once(collaborative):
    expected = set()
    for user, item in [(0, 0), (0, 1), (1, 1)]:
        expected |= {(user, item + 2, 0), (item + 2, user, 1)}
    for head, relation, tail in [(0, 0, 3), (1, 1, 4), (1, 0, 4), (2, 1, 0), (3, 0, 4)]:
        expected |= {(head + 2, tail + 2, 2 + 2 * relation), (tail + 2, head + 2, 3 + 2 * relation)}
    found = list(listed(collaborative))
    assert len(found) == len(expected)
    assert set(found) == expected
    assert (collaborative.num_nodes, collaborative.num_relations) == (7, 6)
    assert collaborative.is_knowledge.tolist() == [relation > 1 for _, _, relation in found]


def test_directions_share_a_pair_and_interactions_find_their_entry_in_the_matrix(collaborative):
    graph, entries = collaborative, {(0, 0): 0, (0, 1): 1, (1, 1): 2}
    ends = [sorted(edge[:2]) for edge in listed(graph)]
    by_pair = sorted(zip(graph.edges.pair.tolist(), ends, strict=True))
    assert len({pair for pair, _ in by_pair}) == 8
    assert all(a[1] == b[1] for a, b in pairwise(by_pair) if a[0] == b[0])
    for edge, (target, source, relation) in enumerate(listed(graph)):
        user, item = (target, source - 2) if relation == 0 else (source, target - 2)
        expected = entries[user, item] if relation < 2 else -1
        assert int(graph.interaction[edge]) == expected
        weight = [1.0, 0.2, 0.5][expected] if relation < 2 else 1.0
        assert float(graph.weight[edge]) == pytest.approx(weight)


def test_degrees_are_counted_per_channel(collaborative):
    graph = collaborative
    for channel in (False, True):
        chosen = graph.is_knowledge == channel
        dense = torch.zeros(7, 7).index_put(
            (graph.edges.target[chosen], graph.edges.source[chosen]), graph.weight[chosen], accumulate=True
        )
        degree = dense.sum(dim=1)
        for edge in torch.nonzero(chosen).flatten().tolist():
            t, s = int(graph.edges.target[edge]), int(graph.edges.source[edge])
            expected = float(graph.weight[edge]) / math.sqrt(float(degree[t] * degree[s]))
            assert float(graph.norm[edge]) == pytest.approx(expected, rel=1e-5)


def test_frozen_attention_shares_a_relation_evenly_among_its_edges(collaborative):
    share = torch.exp(row_normalised_logits(collaborative))
    found = {edge: float(value) for edge, value in zip(listed(collaborative), share, strict=True)}
    assert found[(0, 2, 0)] == found[(0, 3, 0)] == pytest.approx(0.5)  # user 0 has two items
    assert found[(1, 3, 0)] == pytest.approx(1.0)
    assert found[(6, 3, 3)] == found[(6, 5, 3)] == pytest.approx(0.5)  # entity 4: two relation-0 heads
    assert found[(6, 3, 5)] == pytest.approx(1.0)


def test_without_knowledge_the_graph_is_the_interactions_alone(collaborative):
    train = CSR.from_coo(np.array([0]), np.array([1]), None, (2, 3))
    kg = KnowledgeGraph(np.array([0]), np.array([0]), np.array([4]), 3, 5, 1)
    for data in (TrainData(train, None, None), TrainData(train, None, kg)):
        graph = CollaborativeGraph.build(data, use_knowledge=data.kg is None)
        assert (graph.num_nodes, graph.num_relations) == (5, 2)
        assert list(listed(graph)) == [(0, 3, 0), (3, 0, 1)]
        assert graph.norm.tolist() == [1.0, 1.0]
