"""What dense features do inside the graph models, against dense algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graphrec.models.base import TrainData
from graphrec.models.ckgat import CKGATConfig, CKGATNetwork
from graphrec.models.dense_features import likeness, unit_features
from graphrec.models.kgat import KGATConfig, KGATNetwork
from graphrec.models.lightgcn import LightGCNConfig, LightGCNNetwork
from graphrec.sparse import CSR

USERS, ITEMS, DIM = 5, 7, 4
PLAIN = {"relation": "scalar", "aggregator": "linear", "gate_start": None}
KINDS = {
    "lightgcn": (LightGCNNetwork, LightGCNConfig, {}),
    "kgat": (KGATNetwork, KGATConfig, PLAIN),
    "ckgat": (CKGATNetwork, CKGATConfig, PLAIN | {"denoise": 0.0}),
}


@pytest.fixture
def data():
    """Item 6 has no interaction, item 2 no features."""
    rng = np.random.default_rng(0)
    dense = (rng.random((USERS, ITEMS)) < 0.6).astype(np.float32)
    dense[:, 6] = 0
    features = rng.normal(2.0, 1.0, (ITEMS, 3)).astype(np.float32)
    features[2] = 0
    rows, columns = np.nonzero(dense)
    return TrainData(CSR.from_coo(rows, columns, None, dense.shape), features=features)


def network(kind, data, **settings):
    cls, config, base = KINDS[kind]
    return cls(data, config(dim=DIM, **(base | settings)), torch.Generator().manual_seed(3), "cpu")


def expected(data, net, include_input):
    """Mean over layers of `A^l X`, features in `X`, and theirs in the mean where the input is not."""
    dense = data.train.to_scipy().toarray()
    whole = np.zeros((USERS + ITEMS, USERS + ITEMS))
    whole[:USERS, USERS:], whole[USERS:, :USERS] = dense, dense.T
    degree = np.maximum(whole.sum(axis=1), 1e-12)
    whole = whole / np.sqrt(degree[:, None] * degree[None])
    added = np.zeros((USERS + ITEMS, DIM))
    added[USERS:] = net.config.feature_weight * unit_features(data, 1.0) @ net.content.map.detach().numpy()
    x = net.embedding.detach().numpy() + added
    layers = [x, whole @ x, whole @ whole @ x]
    return np.mean(layers, axis=0) if include_input else (layers[1] + layers[2] + added) / 2


@pytest.mark.parametrize("include_input", [False, True])
@pytest.mark.parametrize("kind", list(KINDS))
def test_the_graph_models_start_from_embedding_plus_features(kind, include_input, data):
    net = network(kind, data, include_input=include_input, feature_weight=0.7).eval()
    found = net.vectors()
    both = torch.cat([found.users, found.items]).detach().numpy()
    np.testing.assert_allclose(both, expected(data, net, include_input), rtol=1e-4, atol=1e-6)
    assert np.abs(both[USERS + 6]).max() > 0.01  # an item that nobody chose is what its features say


@pytest.mark.parametrize("kind", list(KINDS))
def test_in_training_a_share_of_the_items_with_features_is_seen_by_these_alone(kind, data):
    net = network(kind, data, feature_alone=0.5)
    net.train()
    whole = expected(data, net, False)[USERS:]
    alone = net.content().detach().numpy() / 2
    seen = np.zeros(ITEMS)
    for _ in range(40):
        items = net.vectors().items.detach().numpy()
        replaced = np.abs(items - alone).max(axis=1) < 1e-5
        np.testing.assert_allclose(items[~replaced], whole[~replaced], rtol=1e-4, atol=1e-6)
        seen += replaced
    assert seen[2] == 0  # it has no features to be seen by
    assert seen[6] == 40  # and this one nothing else
    others = np.delete(seen, [2, 6])
    assert ((others > 8) & (others < 32)).all()


def test_an_item_alone_is_what_bi_interaction_makes_of_it_without_an_edge(data):
    config = KGATConfig(dim=DIM, dropout=0.0, gate_start=None)
    net = KGATNetwork(data, config, torch.Generator().manual_seed(1), "cpu").eval()
    with torch.no_grad():
        net.embedding.zero_()
        items = net.vectors().items
        alone = net._isolated(net.added())
    torch.testing.assert_close(items[6], alone[6])
    assert float(alone[6].norm()) > 0


def test_the_gradient_reaches_the_map_and_its_steps_are_those_of_an_embedding(data):
    net = network("ckgat", data)
    net.vectors().items.square().sum().backward()
    assert float(net.content.map.grad.abs().sum()) > 0
    assert net.content.map.rate == pytest.approx(3**-0.5)


def test_likeness_is_the_positive_cosine_around_the_mean(data):
    unit = unit_features(data, 1.0)
    there = data.features.any(axis=1)
    np.testing.assert_allclose(np.linalg.norm(unit[there], axis=1), 1.0, rtol=1e-5)
    assert not unit[~there].any()
    moved = replace(data, features=np.where(there[:, None], data.features + 50.0, 0.0).astype(np.float32))
    np.testing.assert_allclose(unit_features(moved, 1.0), unit, atol=1e-4)
    block = likeness(unit, 2, 5)
    whole = np.maximum(unit @ unit.T, 0)
    np.fill_diagonal(whole, 0)
    np.testing.assert_allclose(block, whole[2:5], atol=1e-6)


@pytest.mark.parametrize("rows", [np.zeros((ITEMS, 3)), np.ones((ITEMS, 3))])
def test_rows_that_tell_nothing_apart_change_nothing(rows, data):
    found = unit_features(replace(data, features=rows.astype(np.float32)), 1.0)
    assert found is None or not found.any()
