"""Batches and objectives: every interaction once, and the loss of a batch against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graphrec.models.base import TrainData
from graphrec.models.gradient import GradientConfig
from graphrec.models.objective import Objective
from graphrec.models.registry import create_model
from graphrec.sparse import CSR
from tests.training.small import small_data


def objective(train, **settings):
    return Objective(GradientConfig(**settings), train, torch.Generator().manual_seed(0), "cpu")


@pytest.fixture
def train():
    return small_data().train


def vectors(train, seed=1, dim=5):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(train.shape[0], dim, generator=draw), torch.randn(train.shape[1], dim, generator=draw)


@pytest.mark.parametrize("loss", ["softmax", "bpr", "sampled_softmax"])
def test_an_epoch_meets_every_interaction_once_in_random_order(train, loss):
    task = objective(train, loss=loss, batch_users=5, batch_size=7)
    users, items = train.row_index(), train.indices
    orders = []
    for _ in range(2):
        entries = []
        for batch in task.batches():
            assert batch.users.unique().numel() == len(batch.users)
            assert batch.users[batch.rows].tolist() == users[batch.entries.numpy()].tolist()
            assert batch.items.tolist() == items[batch.entries.numpy()].tolist()
            entries += batch.entries.tolist()
        assert sorted(entries) == list(range(train.nnz))
        orders.append(entries)
    assert orders[0] != orders[1]


def test_softmax_loss_by_a_loop_with_strengths_balance_bias_and_reliability(train):
    task = objective(train, batch_users=100, user_balance=0.5)
    users, items = vectors(train)
    bias, trust = torch.randn(train.shape[1]), torch.rand(train.nnz)
    (batch,) = list(task.batches())
    total = weight = 0.0
    for user in range(train.shape[0]):
        log_share = F.log_softmax(users[user] @ items.t() + bias, dim=0)
        for place in range(int(train.indptr[user]), int(train.indptr[user + 1])):
            w = float(train.values[place]) * float(trust[place]) * len(train.row(user)) ** -0.5
            total -= w * float(log_share[train.indices[place]])
            weight += w
    found = task.loss(batch, users, items, bias, trust)
    assert float(found) == pytest.approx(total / weight, rel=1e-4)


def test_sampled_softmax_over_the_whole_catalogue_leaves_out_other_positives(train):
    task = objective(train, loss="sampled_softmax", num_negatives=10**6, batch_size=10**6)
    users, items = vectors(train)
    (batch,) = list(task.batches())
    total = weight = 0.0
    for user in range(train.shape[0]):
        logits = users[user] @ items.t()
        for place in range(int(train.indptr[user]), int(train.indptr[user + 1])):
            item = int(train.indices[place])
            keep = torch.ones(train.shape[1], dtype=torch.bool)
            keep[torch.from_numpy(train.row(user).astype(np.int64))] = False
            keep[item] = True
            w = float(train.values[place])
            total -= w * float(logits[item] - torch.logsumexp(logits[keep], dim=0))
            weight += w
    found = task.loss(batch, users, items, None, None)
    assert float(found) == pytest.approx(total / weight, rel=1e-4)


def test_bpr_draws_unknown_items_alone(train):
    task = objective(train, loss="bpr", num_negatives=20, batch_size=10**6)
    (batch,) = list(task.batches())
    # a known item scores 0, an unknown one its popular opposite: only exact sampling gives softplus(5)
    known = torch.zeros(train.shape)
    known[torch.from_numpy(train.row_index()), torch.from_numpy(train.indices.astype(np.int64))] = 1
    users, items = -5.0 * (known - 1), torch.eye(train.shape[1])
    found = task.loss(batch, users, items, None, None)
    assert float(found) == pytest.approx(float(F.softplus(torch.tensor(5.0))), rel=1e-5)


@pytest.mark.parametrize("loss", ["softmax", "bpr", "sampled_softmax"])
@pytest.mark.parametrize("power", [0.0, 0.5])
def test_a_user_who_knows_everything_is_left_out_where_negatives_are_needed(loss, power):
    rows, cols = np.nonzero(np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]]))
    data = TrainData(CSR.from_coo(rows, cols, None, (4, 3)))
    settings = {"loss": loss, "negative_power": power, "num_negatives": 2, "dim": 4, "epochs": 3}
    model = create_model("lightgcn", settings).fit(data)
    assert np.isfinite(model.score(np.arange(4))).all()
