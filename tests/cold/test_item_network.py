"""The softmax tower: its sparse product against dense ones, what it learns, and what it does without."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from graphrec.cold.features import sparse_rows
from graphrec.cold.item_network import ItemNetwork, ItemNetworkConfig, thinned, train_item_network
from graphrec.sparse import CSR

TOPICS, PER_TOPIC = 4, 10


def problem(seed: int = 0) -> tuple[CSR, CSR]:
    """Items of four topics that share words, and users who keep to one topic; the last item of each is unknown."""
    generator = np.random.default_rng(seed)
    topic = np.repeat(np.arange(TOPICS), PER_TOPIC)
    words = np.zeros((len(topic), TOPICS * 3), dtype=np.float32)
    for item, one in enumerate(topic):
        words[item, one * 3 + generator.choice(3, 2, replace=False)] = np.sqrt(0.5)
    likes = generator.integers(0, TOPICS, 80)
    chosen = (topic[None, :] == likes[:, None]) & (generator.random((80, len(topic))) < 0.7)
    chosen[:, PER_TOPIC - 1 :: PER_TOPIC] = False
    return CSR.from_scipy(sp.csr_matrix(words)), CSR.from_scipy(sp.csr_matrix(chosen.astype(np.float32)))


def test_the_sparse_product_and_its_gradient_are_the_dense_ones() -> None:
    matrix = sp.random(7, 5, 0.4, "csr", np.float32, np.random.default_rng(1))
    dense = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weight = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    (sparse_rows(CSR.from_scipy(matrix)).matmul(dense) * weight).sum().backward()
    found = dense.grad
    other = dense.detach().clone().requires_grad_()
    ((torch.from_numpy(matrix.toarray()) @ other) * weight).sum().backward()
    assert found is not None and other.grad is not None
    torch.testing.assert_close(found, other.grad)


def test_thinned_rows_keep_their_mean() -> None:
    rows = sparse_rows(CSR.from_scipy(sp.csr_matrix(np.ones((40, 50), dtype=np.float32))))
    thin = thinned(rows, 0.4, torch.Generator().manual_seed(3)).matmul(torch.eye(50))
    kept = thin[thin > 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / 0.6))
    assert abs(float(thin.mean()) - 1) < 0.05
    assert thinned(rows, 0.0, torch.Generator()) is rows


def test_unknown_items_find_the_users_of_their_topic() -> None:
    bags, train = problem()
    config = ItemNetworkConfig(dim=8, epochs=15, learning_rate=0.05, batch=16)
    network = train_item_network(bags, train, config, seed=0)
    known = torch.from_numpy((np.bincount(train.indices, minlength=bags.shape[0]) > 0).astype(np.float32))[
        :, None
    ]
    with torch.no_grad():
        keys, items, bias = network(sparse_rows(bags), known)
    new = np.arange(PER_TOPIC - 1, TOPICS * PER_TOPIC, PER_TOPIC)
    scores = train.to_scipy() @ keys.numpy() @ items.numpy()[new].T + bias.numpy()[new]
    likes = np.array([train.row(user)[0] // PER_TOPIC if len(train.row(user)) else -1 for user in range(80)])
    right = scores.argmax(axis=1) == likes
    assert right[likes >= 0].mean() > 0.95  # by chance a quarter


def test_without_ids_nothing_is_learned_of_them() -> None:
    bags, train = problem()
    network = train_item_network(bags, train, ItemNetworkConfig(dim=4, epochs=3, id_dropout=1.0), seed=0)
    assert not network.key_ids.any() and not network.item_ids.any() and not network.bias_ids.any()
    assert network.item_words.any()


def test_a_start_is_taken_over_and_ids_begin_at_nothing() -> None:
    network = ItemNetwork(3, 2, ItemNetworkConfig(dim=2))
    keys, items = np.arange(6, dtype=np.float32).reshape(3, 2), np.ones((3, 2), dtype=np.float32)
    network.reset_parameters(torch.Generator().manual_seed(0), (keys, items))
    bags = sparse_rows(CSR.from_scipy(sp.csr_matrix(np.eye(2, 3, dtype=np.float32))))
    found = network(bags, torch.ones(2, 1))
    np.testing.assert_array_equal(found[0].detach().numpy(), keys[:2])
    assert not found[2].any()


def test_the_same_seed_gives_the_same_network() -> None:
    bags, train = problem()
    config = ItemNetworkConfig(dim=4, epochs=2, batch=16)
    one, other, third = (train_item_network(bags, train, config, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(one.item_words, other.item_words)
    assert not torch.equal(one.item_words, third.item_words)
