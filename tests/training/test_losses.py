"""Losses against numbers worked out by hand and against PyTorch's own cross entropy."""

from __future__ import annotations

from math import exp, log

import pytest
import torch
from torch.nn import functional as F

from graphrec.training.losses import (
    bpr_loss,
    info_nce,
    sampled_softmax_loss,
    softmax_loss,
    translation_loss,
    weighted_mean,
)

LOG2 = 0.6931471805599453


def test_bpr_by_hand():
    positive, negative = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0])
    first = 0.31326168751822286  # ln(1 + e^-1)
    assert float(bpr_loss(positive, negative)) == pytest.approx((first + LOG2) / 2)
    assert float(bpr_loss(positive, negative, torch.tensor([3.0, 1.0]))) == pytest.approx(
        (3 * first + LOG2) / 4
    )
    several = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    assert float(bpr_loss(positive, several)) == pytest.approx(((first + LOG2) / 2 + LOG2) / 2)


def test_bpr_neither_overflows_nor_vanishes_where_it_is_badly_wrong():
    positive = torch.tensor([-500.0], requires_grad=True)
    loss = bpr_loss(positive, torch.tensor([500.0]))
    loss.backward()
    assert float(loss.detach()) == 1000.0
    assert positive.grad.item() == -1.0


def test_softmax_by_hand_and_against_cross_entropy():
    logits = torch.tensor([[0.0, log(2.0), log(5.0)], [log(3.0), 0.0, 0.0]])
    rows, items = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 0])
    weight = torch.tensor([1.0, 2.0, 0.5])
    expected = -(log(2 / 8) + 2 * log(5 / 8) + 0.5 * log(3 / 5)) / 3.5
    assert float(softmax_loss(logits, rows, items, weight)) == pytest.approx(expected, rel=1e-5)
    draw = torch.Generator().manual_seed(0)
    wide = torch.randn(6, 40, generator=draw)
    who, what = torch.randint(6, (25,), generator=draw), torch.randint(40, (25,), generator=draw)
    torch.testing.assert_close(
        softmax_loss(wide, who, what, torch.ones(25)), F.cross_entropy(wide[who], what)
    )


def test_sampled_softmax_over_every_other_item_is_the_full_softmax():
    logits = torch.randn(8, 30, generator=torch.Generator().manual_seed(1))
    items, weight = torch.arange(8) * 3, torch.rand(8)
    own = F.one_hot(items, 30).bool()
    found = sampled_softmax_loss(
        logits[own], logits.masked_fill(own, -torch.inf), weight, negative_log_q=torch.zeros(30)
    )
    torch.testing.assert_close(found, softmax_loss(logits, torch.arange(8), items, weight))


def test_log_q_counts_a_draw_as_often_as_it_was_to_be_expected():
    # item 1 is drawn three times where one and a half draws were expected, so it stands for two of itself
    positive, negative = torch.tensor([log(4.0)]), torch.full((1, 3), log(2.0))
    found = sampled_softmax_loss(positive, negative, negative_log_q=torch.full((3,), log(1.5)))
    assert float(found) == pytest.approx(-log(4 / (4 + 3 * 2 / 1.5)), rel=1e-5)
    both = sampled_softmax_loss(
        positive, negative, positive_log_q=torch.tensor([log(2.0)]), negative_log_q=torch.full((3,), log(1.5))
    )
    assert float(both) == pytest.approx(-log(2 / (2 + 4)), rel=1e-5)


def test_sampled_softmax_with_log_q_approaches_the_full_softmax_gradient():
    draw = torch.Generator().manual_seed(2)
    logits = torch.randn(1, 20, generator=draw).requires_grad_()
    softmax_loss(logits, torch.tensor([0]), torch.tensor([4]), torch.ones(1)).backward()
    full, logits.grad = logits.grad, None
    share = torch.linspace(1, 5, 20) / torch.linspace(1, 5, 20).sum()
    drawn = torch.multinomial(share, 60_000, replacement=True, generator=draw)
    log_q = torch.log(share * len(drawn))
    log_q[4] = torch.inf  # the positive stands in the sum by itself
    sampled_softmax_loss(logits[:, 4], logits[:, drawn], negative_log_q=log_q[drawn]).backward()
    torch.testing.assert_close(logits.grad, full, atol=0.005, rtol=0.05)


def test_info_nce_by_hand():
    first = torch.tensor([[2.0, 0.0], [0.0, 0.5]])  # lengths do not matter
    second = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    tau = 0.5
    one = -log(exp(1 / tau) / (exp(1 / tau) + exp(1 / tau)))  # cosines 1 and 1
    other = -log(1 / 2)  # cosines 0 and 0
    assert float(info_nce(first, second, tau)) == pytest.approx((one + other) / 2)
    agreeing = info_nce(first, first, tau)
    assert float(agreeing) == pytest.approx(log(1 + exp(-1 / tau)), rel=1e-5)


def test_info_nce_survives_a_zero_vector_and_a_small_temperature():
    vectors = torch.zeros(3, 4, requires_grad=True)
    info_nce(vectors, torch.eye(3, 4), 0.01).backward()
    assert torch.isfinite(vectors.grad).all()
    assert float(info_nce(torch.eye(3, 4), torch.eye(3, 4), 1e-3)) == 0.0


def test_translation_loss_by_hand():
    positive, corrupted = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
    assert float(translation_loss(positive, corrupted)) == pytest.approx(
        (LOG2 + log(1 + exp(2))) / 2, rel=1e-6
    )


def test_weights_that_are_all_zero_give_zero():
    assert float(weighted_mean(torch.tensor([3.0, 4.0]), torch.zeros(2))) == 0.0
    assert float(weighted_mean(torch.tensor([3.0, 5.0]), None)) == 4.0
