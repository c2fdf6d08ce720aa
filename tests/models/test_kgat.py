"""KGAT and LightGCN: the closed gate, attention that really changes what is propagated, dense references."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graphrec.errors import ConfigError, InvalidInputError
from graphrec.models.gradient import _Fitting
from graphrec.models.kgat import KGAT, KGATConfig
from graphrec.models.lightgcn import LightGCN, LightGCNConfig
from graphrec.models.registry import create_model
from graphrec.training.loop import LoopConfig
from tests.training.small import small_data

LINEAR = {"relation": "scalar", "aggregator": "linear", "dim": 6}


@pytest.fixture(scope="module")
def data():
    return small_data()


def kgat(data, seed=0, **settings):
    return KGAT(KGATConfig(**settings)).build(data, torch.Generator().manual_seed(seed), "cpu")


def lightgcn(data, **settings):
    return LightGCN(LightGCNConfig(dim=6, **settings)).build(data, torch.Generator().manual_seed(0), "cpu")


def dense_norm(data):
    """`D^-1/2 A D^-1/2` of the weighted interactions, float64."""
    size = data.num_users + data.num_items
    matrix = np.zeros((size, size))
    for user in range(data.num_users):
        matrix[user, data.num_users + data.train.row(user)] = data.train.row_values(user)
    matrix += matrix.T
    degree = matrix.sum(axis=1)
    scale = np.where(degree > 0, 1 / np.sqrt(np.where(degree > 0, degree, 1)), 0)
    return scale[:, None] * matrix * scale[None, :]


@pytest.mark.parametrize("include_input", [False, True])
def test_lightgcn_is_the_mean_over_powers_of_the_normalised_matrix(data, include_input):
    network = lightgcn(data, num_layers=3, include_input=include_input)
    norm, x = dense_norm(data), network.embedding.detach().double().numpy()
    layers = [np.linalg.matrix_power(norm, power) @ x for power in range(4)]
    expected = np.mean(layers if include_input else layers[1:], axis=0)
    found = network.vectors()
    both = torch.cat([found.users, found.items]).detach().numpy()
    np.testing.assert_allclose(both, expected, atol=1e-5)


@pytest.mark.parametrize("include_input", [False, True])
def test_a_closed_gate_is_lightgcn(data, include_input):
    closed = kgat(data, gate_start=-200.0, include_input=include_input, **LINEAR)
    plain = lightgcn(data, include_input=include_input)
    with torch.no_grad():
        plain.embedding.copy_(closed.embedding[: plain.graph.num_nodes])
    for found, expected in zip(closed.vectors()[:2], plain.vectors()[:2], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)
    opened = kgat(data, gate_start=0.0, include_input=include_input, **LINEAR)
    assert not torch.allclose(opened.vectors().items, plain.vectors().items, atol=1e-3)


def test_a_closed_gate_attends_to_interactions_alone(data):
    network = kgat(data, gate_start=-200.0, dim=6)
    values = network.edge_values().detach()
    informed = torch.zeros(network.graph.num_nodes, dtype=torch.bool)
    informed[network.graph.edges.target[~network.graph.is_knowledge]] = True
    mixed = network.graph.is_knowledge & informed[network.graph.edges.target]
    assert mixed.any()
    assert float(values[mixed].max()) < 1e-9
    # of a node that has nothing but knowledge, the knowledge still is all there is
    lonely = ~informed[network.graph.edges.target]
    assert float(values[lonely].sum()) == pytest.approx(
        len(network.graph.edges.target[lonely].unique()), rel=1e-5
    )


def test_the_gate_opens_by_training_and_has_its_own_rate(data):
    model = KGAT(KGATConfig(epochs=3, gate_rate=7.0, learning_rate=0.01, **LINEAR))
    network = model.build(data, torch.Generator().manual_seed(0), "cpu")
    groups = _Fitting(model, network, data, network.generator, "cpu").groups(LoopConfig())
    rates = {id(group["params"][0]): group["lr"] for group in groups}
    assert rates[id(network.gate)] == pytest.approx(0.07)
    assert rates[id(network.embedding)] == pytest.approx(0.01)
    assert rates[id(network.item_bias)] == pytest.approx(0.1)
    network.vectors().items.square().sum().backward()
    assert network.gate.grad.abs() > 0


def test_attention_sums_to_one_over_the_edges_of_a_node_and_weighs_interactions(data):
    network = kgat(data, dim=6, gate_start=None)
    edges, values = network.graph.edges, network.edge_values().detach()
    sums = edges.sum_by_target(values)
    assert torch.allclose(sums[edges.target], torch.ones(edges.num_edges), atol=1e-5)
    logits = network.transr.logits(network.embedding, edges).detach() + network.graph.weight.log()
    for node in (0, data.num_users + 1):
        own = edges.target == node
        torch.testing.assert_close(values[own], torch.softmax(logits[own], dim=0))


def test_attention_refresh_changes_the_weights_of_propagation(data):
    def after(attention):
        network = kgat(data, dim=6, attention=attention)
        network.begin_epoch(0)
        first = network.edge_values().detach()
        with torch.no_grad():
            network.embedding.add_(torch.randn(network.embedding.shape, generator=network.generator))
        same_epoch = network.edge_values().detach()
        network.begin_epoch(1)
        return first, same_epoch, network.edge_values().detach()

    first, same, refreshed = after("frozen")
    assert torch.equal(first, same)
    assert torch.equal(first, refreshed)
    first, same, refreshed = after("per_epoch")
    assert torch.equal(first, same)
    assert not torch.allclose(first, refreshed, atol=1e-3)
    first, same, _ = after("per_step")
    assert not torch.allclose(first, same, atol=1e-3)


@pytest.mark.parametrize(
    ("attention", "flows"), [("frozen", False), ("per_epoch", False), ("per_step", True)]
)
def test_only_attention_per_step_learns_from_the_ranking(data, attention, flows):
    network = kgat(data, dim=6, attention=attention)
    network.begin_epoch(0)
    network.vectors().items.square().sum().backward()
    grad = network.transr.projection.grad
    assert (grad is not None and bool(grad.abs().sum() > 0)) == (attention == "per_step")
    assert network.embedding.grad.abs().sum() > 0


def test_bi_interaction_concatenates_unit_layers_and_feeds_the_plain_ones_on(data):
    network = kgat(data, dim=6, num_layers=2)
    network.eval()
    network.begin_epoch(0)
    values, edges = network.edge_values(), network.graph.edges
    matrix = torch.zeros(edges.num_nodes, edges.num_nodes).index_put(
        (edges.target, edges.source), values, accumulate=True
    )
    layer, outputs = network.embedding, [network.embedding]
    for step in network.layers:
        around = matrix @ layer
        layer = F.leaky_relu(step.sum_map(layer + around), 0.2) + F.leaky_relu(
            step.product_map(layer * around), 0.2
        )
        outputs.append(layer / layer.norm(dim=1, keepdim=True).clamp_min(1e-12))
    expected = torch.cat(outputs, dim=1)
    found, _ = network.encode(values)
    assert found.shape == (edges.num_nodes, 18)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_the_translation_loss_joins_only_with_transr_and_knowledge(data):
    network = kgat(data, dim=6, kg_batch=50)
    loss = network.auxiliary_loss(network.vectors(), None)
    assert 0.5 * math.log(2) * 0.1 < float(loss.detach()) < 10
    loss.backward()
    assert network.transr.translation.grad.abs().sum() > 0
    assert kgat(data, dim=6, kg_weight=0.0).auxiliary_loss(None, None) is None
    assert kgat(data, **LINEAR).auxiliary_loss(None, None) is None
    assert kgat(data, dim=6, use_knowledge=False).auxiliary_loss(None, None) is None


@pytest.mark.parametrize("settings", [{}, LINEAR, {"attention": "per_step", "aggregator": "linear"}])
def test_every_form_trains_lowers_its_loss_and_repeats(data, settings):
    losses = []
    common = {"dim": 6, "epochs": 12, "eval_every": 12, "kg_batch": 64, "learning_rate": 0.02}
    model = create_model("kgat", common | settings).fit(data, seed=2, log=lambda r: losses.append(r["loss"]))
    assert losses[-1] < losses[0]
    again = create_model("kgat", common | settings).fit(data, seed=2)
    np.testing.assert_array_equal(model.item_vectors, again.item_vectors)
    other = create_model("kgat", common | settings).fit(data, seed=3)
    assert not np.array_equal(model.item_vectors, other.item_vectors)


@pytest.mark.parametrize("metric", ["precison@20", "ndcg", "ndcg@many", "recall@20+", "ndcg@5+mean@5"])
def test_a_metric_that_does_not_exist_is_named(data, metric):
    with pytest.raises(ConfigError) as caught:
        create_model("lightgcn", {"metric": metric, "epochs": 1, "dim": 4}).fit(data)
    assert f"metric='{metric}'" in str(caught.value)


def test_scores_that_left_the_numbers_are_not_blamed_on_the_metric(data):
    with pytest.raises(InvalidInputError) as caught:
        create_model("lightgcn", {"learning_rate": 1e30, "epochs": 9, "dim": 4, "cosine": False}).fit(data)
    assert not isinstance(caught.value, ConfigError)


def test_without_validation_data_training_takes_all_epochs_and_keeps_the_last():
    data, epochs = small_data(valid=False), []
    model = create_model("lightgcn", {"epochs": 7, "dim": 4}).fit(data, log=lambda r: epochs.append(r))
    assert [record["epoch"] for record in epochs] == [1, 2, 3, 4, 5, 6, 7]
    assert not any("valid" in record for record in epochs)
    assert model.best_epoch == 7
