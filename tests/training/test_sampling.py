"""Negative sampling: exact, uniform over what is left, and clear about users who know everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR
from graphrec.training.sampling import NegativeSampler, popularity_draws, shared_negatives


def known(rows, num_items):
    """CSR of the given lists of items, in the order given."""
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    items = np.array([item for row in rows for item in row], dtype=np.int32)
    return CSR(indptr, items, None, (len(rows), num_items))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), num_items=st.integers(1, 12), count=st.integers(1, 20), seed=st.integers(0, 2**20))
def test_never_a_positive_whatever_the_order_of_the_matrix(data, num_items, count, seed):
    row = st.lists(st.integers(0, num_items - 1), max_size=2 * num_items)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    sampler = NegativeSampler(known(rows, num_items))
    full = [len(set(row)) == num_items for row in rows]
    assert sampler.full_users.tolist() == full
    able = [user for user in range(len(rows)) if not full[user]]
    users = torch.tensor(
        data.draw(st.lists(st.sampled_from(able), max_size=6)) if able else [], dtype=torch.long
    )
    drawn = sampler.sample(users, count, seeded(seed))
    assert drawn.shape == (len(users), count)
    for user, items in zip(users.tolist(), drawn.tolist(), strict=True):
        assert set(items) <= set(range(num_items)) - set(rows[user])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_membership_equals_a_lookup_and_broadcasts(seed):
    table = np.random.default_rng(seed).random((6, 9)) < 0.4
    rows, cols = np.nonzero(table)
    sampler = NegativeSampler(CSR.from_coo(rows, cols, None, table.shape))
    found = sampler.is_positive(torch.arange(6)[:, None], torch.arange(9)[None, :])
    assert found.tolist() == table.tolist()


def test_uniform_over_the_items_a_user_does_not_know():
    rows = [[0, 3, 4], [], [9, 1, 2, 5, 6, 7]]
    drawn = NegativeSampler(known(rows, 10)).sample(torch.tensor([0, 1, 2]), 20_000, seeded(1))
    for user, row in enumerate(rows):
        counts = np.bincount(drawn[user].numpy(), minlength=10)
        rest = np.setdiff1d(np.arange(10), row)
        assert not counts[row].any()
        assert stats.chisquare(counts[rest]).pvalue > 1e-3


def test_a_user_who_knows_almost_everything_gets_the_rest(monkeypatch):
    num_items = 5000
    rows = [list(range(1, num_items)), list(range(2, num_items))]
    sampler = NegativeSampler(known(rows, num_items))
    monkeypatch.setattr("graphrec.training.sampling._ROUNDS", 2)  # redraws alone would hardly ever find it
    drawn = sampler.sample(torch.tensor([0, 1]), 300, seeded())
    assert drawn[0].unique().tolist() == [0]
    assert drawn[1].unique().tolist() == [0, 1]
    assert 100 < int(drawn[1].sum()) < 200


def test_a_user_who_knows_everything_is_named():
    sampler = NegativeSampler(known([[0], [1, 0, 2]], 3))
    with pytest.raises(InvalidInputError, match="User number 1 knows all 3 items"):
        sampler.sample(torch.tensor([0, 1]), 1, seeded())


def test_the_same_seed_draws_the_same():
    sampler = NegativeSampler(known([[0, 5], [2]], 50))
    users = torch.tensor([0, 1, 1])
    first = sampler.sample(users, 9, seeded(4))
    assert torch.equal(first, sampler.sample(users, 9, seeded(4)))
    assert not torch.equal(first, sampler.sample(users, 9, seeded(5)))


def test_shared_negatives_are_distinct_and_at_most_the_catalogue():
    drawn = shared_negatives(30, 12, seeded(), "cpu")
    assert len(set(drawn.tolist())) == 12
    assert sorted(shared_negatives(5, 12, seeded(), "cpu").tolist()) == [0, 1, 2, 3, 4]


def test_popularity_draws_come_as_often_as_log_q_says():
    popularity, count = torch.tensor([0, 3, 8, 99]), 40_000
    items, log_q = popularity_draws(popularity, count, 0.5, seeded())
    share = np.sqrt([1, 4, 9, 100])
    expected = share / share.sum() * count
    np.testing.assert_allclose(log_q.exp().numpy(), expected, rtol=1e-5)
    assert stats.chisquare(np.bincount(items.numpy(), minlength=4), expected).pvalue > 1e-3
