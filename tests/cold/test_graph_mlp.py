from __future__ import annotations

import math

import pytest
import torch

from graphrec.cold.graph_mlp import GraphMLP, GraphMLPConfig, adjacency_power, neighbour_contrast
from graphrec.cold.trainer import NodeTrainConfig, train_node_model
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, dense_adjacency, planted

DATA = planted()


def by_loops(hidden, affinity, temperature):
    rows, unit = [], torch.nn.functional.normalize(hidden, dim=1).tolist()
    for i, own in enumerate(unit):
        near = everything = 0.0
        for j, other in enumerate(unit):
            if i != j:
                likeness = math.exp(sum(a * b for a, b in zip(own, other, strict=True)) / temperature)
                everything += likeness
                near += float(affinity[i, j]) * likeness
        if near > 0:
            rows.append(-math.log(near / everything))
    return sum(rows) / len(rows)


def test_contrast_is_that_of_loops_and_rows_without_neighbours_have_none():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(12, 4, generator=generator)
    affinity = torch.rand(12, 12, generator=generator) * (torch.rand(12, 12, generator=generator) < 0.3)
    affinity[5] = 0.0
    affinity[5, 5] = 0.9  # an isolated node's only entry is its own
    found = neighbour_contrast(hidden, affinity, 0.5)
    assert float(found) == pytest.approx(by_loops(hidden, affinity, 0.5), rel=1e-5)


def test_contrast_without_any_neighbour_is_zero_and_has_a_gradient():
    hidden = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = neighbour_contrast(hidden, torch.eye(4), 1.0)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert float(hidden.grad.abs().max()) == 0.0


def test_gradients_stay_finite_where_most_affinities_are_zero():
    hidden = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    affinity = torch.zeros(6, 6)
    affinity[0, 1] = affinity[1, 0] = 0.5
    neighbour_contrast(hidden, affinity, 0.1).backward()
    assert torch.isfinite(hidden.grad).all()
    assert float(hidden.grad.abs().max()) > 0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_affinities_are_powers_of_the_normalised_adjacency(order):
    a = dense_adjacency(DATA) + torch.eye(DATA.num_nodes)
    scale = a.sum(dim=1).rsqrt()
    expected = torch.linalg.matrix_power(scale[:, None] * a * scale[None, :], order)
    torch.testing.assert_close(torch.from_numpy(adjacency_power(DATA, order).toarray()), expected)


def test_loss_adds_the_contrast_of_a_batch_once_per_step():
    config = GraphMLPConfig(hidden=8, dropout=0.0, alpha=3.0, temperature=0.7, batch=1000)
    model = GraphMLP(NUM_FEATURES, NUM_CLASSES, config)
    logits = model.logits(DATA)
    power = torch.from_numpy(adjacency_power(DATA, 2).toarray())
    plain = GraphMLP(NUM_FEATURES, NUM_CLASSES, config.model_copy(update={"alpha": 0.0})).loss(DATA, logits)
    expected = plain.detach() + 3.0 * by_loops(model.hidden(DATA).detach(), power, 0.7)
    assert float(model.loss(DATA, logits).detach()) == pytest.approx(float(expected), rel=1e-4)


def test_affinities_follow_the_graph_at_hand():
    model = GraphMLP(NUM_FEATURES, NUM_CLASSES)
    everyone = torch.arange(DATA.num_nodes)
    assert model._affinities(DATA, everyone).count_nonzero() > DATA.num_nodes
    none = DATA.with_edges(DATA.edge_index[:, :0])
    torch.testing.assert_close(model._affinities(none, everyone), torch.eye(DATA.num_nodes))


def test_training_brings_joined_nodes_together():
    config = GraphMLPConfig(hidden=16, dropout=0.0, batch=100)
    data = DATA
    model = GraphMLP(NUM_FEATURES, NUM_CLASSES, config)
    result = train_node_model(model, data, NodeTrainConfig(epochs=60, patience=60))
    unit = torch.nn.functional.normalize(model.eval().hidden(data).detach(), dim=1)
    cosine = unit @ unit.t()
    joined = float(cosine[data.edge_index[0], data.edge_index[1]].mean())
    assert joined > float(cosine.mean()) + 0.3
    assert result.accuracy(data, data.test) > 0.6
