"""The posterior of noise against brute force, and where it has to be silent."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.models.reliability import _cooccurrence, _random_pairs, noise_posterior
from graphrec.sparse import CSR


def random_matrix(seed=0, shape=(14, 11), share=0.35):
    rows, cols = np.nonzero(np.random.default_rng(seed).random(shape) < share)
    return CSR.from_coo(rows, cols, None, shape)


def support(table, user, item):
    """Sum over the user's other items and the other users, of shared choices over activity and popularity."""
    degree, count, total = table.sum(axis=1), table.sum(axis=0), 0.0
    for other in np.flatnonzero(table[user]):
        for person in range(len(table)):
            if other != item and person != user and table[person, item] and table[person, other]:
                total += 1 / (degree[person] * np.sqrt(count[item] * count[other]))
    return total


@pytest.mark.parametrize("seed", range(3))
def test_cooccurrence_leaves_the_pair_itself_out(seed):
    train = random_matrix(seed)
    table = train.to_scipy().toarray() > 0
    users, items = train.row_index(), train.indices.astype(np.int64)
    null_users, null_items = np.nonzero(~table)
    real, null = _cooccurrence(train, users, items, null_users, null_items)
    expected = np.array([support(table, u, i) for u, i in zip(users, items, strict=True)])
    other = np.array([support(table, u, i) for u, i in zip(null_users, null_items, strict=True)])
    middle = np.median(expected)
    np.testing.assert_allclose(real, np.log(expected / middle + 0.01), atol=1e-3)
    np.testing.assert_allclose(null, np.log(other / middle + 0.01), atol=1e-3)


def test_random_pairs_are_unknown_ones():
    train = random_matrix()
    known = set(zip(train.row_index().tolist(), train.indices.tolist(), strict=True))
    users, items = _random_pairs(train, np.random.default_rng(0))
    assert len(users) > 0.3 * train.nnz
    assert not known & set(zip(users.tolist(), items.tolist(), strict=True))


@pytest.mark.parametrize(
    "train",
    [
        CSR.from_coo(np.zeros(0, int), np.zeros(0, int), None, (3, 4)),
        CSR.from_coo(np.array([1]), np.array([2]), None, (3, 4)),
        CSR.from_coo(np.array([0, 1, 2]), np.array([0, 1, 2]), None, (3, 4)),
        CSR.from_coo(*np.nonzero(np.ones((3, 4))), None, (3, 4)),
        random_matrix(),
    ],
    ids=["nothing", "one", "strangers", "everything", "random"],
)
@pytest.mark.parametrize("dim", [0, 5])
def test_a_probability_for_every_interaction_whatever_the_data(train, dim):
    view = np.random.default_rng(1).normal(size=(train.shape[1], dim)).astype(np.float32)
    views = [view / np.linalg.norm(view, axis=1, keepdims=True)] if dim else [np.zeros_like(view)]
    found = noise_posterior(train, views, np.random.default_rng(0))
    assert found.shape == (train.nnz,)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    again = noise_posterior(train, views, np.random.default_rng(0))
    np.testing.assert_array_equal(found, again)
