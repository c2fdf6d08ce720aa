"""Losses of the adversaries against formulas written out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from graphrec.adapt.alignment import Alignment, AlignmentBatch
from graphrec.adapt.baselines import (
    ConditionalDomainClassifier,
    DisparityPredictor,
    DomainClassifier,
    SourceTargetClassifier,
)
from graphrec.adapt.grda import GraphDiscriminator

BATCH = AlignmentBatch(
    domains=torch.tensor([2, 0, 1]),
    adjacency=torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]),
    is_source=torch.tensor([True, False, True]),
    output=torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(3)),
    classes=True,
)
ENCODINGS = torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(4))


def test_dann_names_the_domain() -> None:
    torch.manual_seed(0)
    dann = DomainClassifier(8, 5)
    log = dann.net(ENCODINGS).log_softmax(-1)
    expected = -torch.stack([log[i, b, name] for i, name in enumerate((2, 0, 1)) for b in range(4)]).mean()
    torch.testing.assert_close(dann.discriminator_loss(ENCODINGS, BATCH), expected)
    torch.testing.assert_close(dann.encoder_loss(ENCODINGS, BATCH), -expected)


def test_cdann_sees_probabilities_or_values() -> None:
    cdann = ConditionalDomainClassifier(8, 5, 2)
    joined = torch.cat([ENCODINGS, BATCH.output.softmax(-1)], -1)
    torch.testing.assert_close(cdann.seen(ENCODINGS, BATCH), joined)
    values = replace(BATCH, classes=False)
    torch.testing.assert_close(cdann.seen(ENCODINGS, values)[..., 8:], BATCH.output)


def test_adda_turns_the_labels_round() -> None:
    torch.manual_seed(0)
    adda = SourceTargetClassifier(8)
    p = torch.sigmoid(adda.net(ENCODINGS).squeeze(-1))
    expected = (-p[[0, 2]].log().mean() - (1 - p[1]).log().mean()) / 2
    torch.testing.assert_close(adda.discriminator_loss(ENCODINGS, BATCH), expected)
    torch.testing.assert_close(adda.encoder_loss(ENCODINGS, BATCH), -p[1].log().mean())


@pytest.mark.parametrize("classes", [True, False])
def test_mdd_agrees_on_sources_and_not_on_targets(classes: bool) -> None:
    torch.manual_seed(0)
    mdd, batch = DisparityPredictor(8, 2, margin=1.5), replace(BATCH, classes=classes)
    output = mdd.net(ENCODINGS)
    if classes:
        p = output.softmax(-1).gather(-1, batch.output.argmax(-1, keepdim=True)).squeeze(-1)
    else:
        p = torch.exp(-(output - batch.output).square().mean(-1))
    expected = -1.5 * p[[0, 2]].log().mean() - (1 - p[1]).log().mean()
    torch.testing.assert_close(mdd.discriminator_loss(ENCODINGS, batch), expected)


@pytest.mark.parametrize(
    "adversary",
    [DomainClassifier(8, 5), SourceTargetClassifier(8), GraphDiscriminator(8, 7),
     ConditionalDomainClassifier(8, 5, 2), DisparityPredictor(8, 2)],
)  # fmt: skip
def test_an_adversary_that_knows_nothing_loses_by_chance(adversary: Alignment) -> None:
    for parameter in adversary.parameters():
        parameter.data.zero_()
    found = float(adversary.discriminator_loss(ENCODINGS, BATCH).detach())
    assert found == pytest.approx(adversary.chance, rel=1e-5)


def test_only_sources_or_only_targets_are_no_error() -> None:
    for sources in (True, False):
        batch = replace(BATCH, is_source=torch.full((3,), sources))
        for adversary in (SourceTargetClassifier(8), DisparityPredictor(8, 2)):
            loss: Tensor = adversary.encoder_loss(ENCODINGS, batch)
            assert math.isfinite(float(loss.detach()))
