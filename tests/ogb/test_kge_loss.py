"""Losses, weights and negatives against loops over single triples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from graphrec.ogb.kge_data import KGData, Triples
from graphrec.ogb.kge_loss import pairwise_translation_loss, self_adversarial_loss
from graphrec.ogb.kge_negatives import TypedNegatives, subsampling_weights
from graphrec.training.losses import translation_loss

GENERATOR = torch.Generator().manual_seed(3)
POSITIVE = torch.randn(5, generator=GENERATOR)
NEGATIVE = torch.randn(5, 4, generator=GENERATOR)
WEIGHT = torch.rand(5, generator=GENERATOR) + 0.1
KNOWN = torch.zeros(5, 4, dtype=torch.bool)
KNOWN[0, 1] = KNOWN[3, 0] = KNOWN[3, 2] = True


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x))


@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.5])
def test_self_adversarial_loss_is_equation_five_and_six(temperature: float) -> None:
    total = 0.0
    for row in range(5):
        others = [float(s) for s, true in zip(NEGATIVE[row], KNOWN[row], strict=True) if not true]
        share = np.exp(temperature * np.array(others))
        share /= share.sum()
        wrong = -sum(p * log_sigmoid(-s) for p, s in zip(share, others, strict=True))
        total += float(WEIGHT[row]) * (wrong - log_sigmoid(float(POSITIVE[row]))) / 2
    found = self_adversarial_loss(POSITIVE, NEGATIVE, temperature, WEIGHT, KNOWN)
    assert float(found) == pytest.approx(total / float(WEIGHT.sum()), rel=1e-5)


def test_no_gradient_flows_through_the_adversarial_weights() -> None:
    negative = torch.tensor([[0.5, -1.0]], requires_grad=True)
    self_adversarial_loss(torch.zeros(1), negative, 1.0).backward()
    share = torch.softmax(negative.detach(), dim=1)
    torch.testing.assert_close(negative.grad, share * torch.sigmoid(negative.detach()) / 2)


def test_candidates_that_are_true_after_all_change_nothing_and_a_row_of_them_is_no_nan() -> None:
    for loss in (lambda n, k: self_adversarial_loss(POSITIVE, n, 1.0, None, k),
                 lambda n, k: pairwise_translation_loss(POSITIVE, n, None, k)):  # fmt: skip
        other = NEGATIVE.masked_fill(KNOWN, 77.0)
        assert float(loss(NEGATIVE, KNOWN)) == pytest.approx(float(loss(other, KNOWN)), rel=1e-6)
        all_known = torch.ones_like(KNOWN)
        negative = NEGATIVE.clone().requires_grad_()
        loss(negative, all_known).backward()
        assert negative.grad is not None and not bool(negative.grad.any())


def test_with_one_draw_the_pairwise_loss_is_that_of_kgat() -> None:
    energies = 9.0 - POSITIVE, 9.0 - NEGATIVE[:, 0]
    found = pairwise_translation_loss(POSITIVE, NEGATIVE[:, :1])
    torch.testing.assert_close(found, translation_loss(*energies))


def planted_kg() -> KGData:
    """Three types of 3, 1 and 5 entities; triples drawn at random."""
    rng = np.random.default_rng(0)
    starts = torch.tensor([0, 3, 4, 9])
    kinds = torch.from_numpy(rng.integers(0, 3, (2, 40)))
    ends = starts[kinds] + (torch.from_numpy(rng.random((2, 40))) * starts.diff()[kinds]).long()
    relation = torch.from_numpy(rng.integers(0, 2, 40))
    triples = Triples(ends[0], relation, ends[1], kinds[0], kinds[1])
    return KGData("ogbl-biokg", ("a", "b", "c"), starts, 2, triples, triples, triples)


def test_subsampling_weights_count_both_ends_from_four() -> None:
    train = planted_kg().train
    rows = list(zip(train.head.tolist(), train.relation.tolist(), train.tail.tolist(), strict=True))
    expected = [
        (4 + sum((h, r) == (a, b) for a, b, _ in rows) + 4 + sum((r, t) == (b, c) for _, b, c in rows))
        ** -0.5
        for h, r, t in rows
    ]
    np.testing.assert_allclose(subsampling_weights(train, 9).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("side", ["head", "tail"])
def test_negatives_have_the_type_of_the_end_they_replace_and_reach_all_of_it(side: str) -> None:
    data = planted_kg()
    drawn = TypedNegatives(data).draw(data.train, 200, side, torch.Generator().manual_seed(0))
    kinds = data.train.tail_type if side == "tail" else data.train.head_type
    for row, kind in zip(drawn, kinds.tolist(), strict=True):
        assert set(row.tolist()) == set(range(int(data.starts[kind]), int(data.starts[kind + 1])))


@pytest.mark.parametrize("side", ["head", "tail"])
def test_known_triples_are_recognised_among_the_candidates(side: str) -> None:
    data = planted_kg()
    train = data.train
    known = set(zip(train.head.tolist(), train.relation.tolist(), train.tail.tolist(), strict=True))
    candidates = torch.arange(9).expand(len(train), 9)
    found = TypedNegatives(data).is_known(train, candidates, side)
    for row, (h, r, t) in enumerate(
        zip(*(x.tolist() for x in (train.head, train.relation, train.tail)), strict=True)
    ):
        for other in range(9):
            assert bool(found[row, other]) is (((h, r, other) if side == "tail" else (other, r, t)) in known)
