"""The softmax over active codes, against a loop."""

from __future__ import annotations

import numpy as np
import torch

from graphrec.text.neighbour_softmax import neighbour_softmax


def test_it_is_the_cross_entropy_over_active_codes_alone() -> None:
    rng = np.random.default_rng(0)
    logits, mask = rng.normal(size=(5, 7)), rng.random((5, 7)) < 0.7
    signs, weights = np.where(rng.random((5, 7)) < 0.4, 1.0, -1.0), rng.integers(1, 5, (5, 7)).astype(float)
    mask[:, 0], signs[:, 0] = True, 1.0
    expected = 0.0
    for z, y, w, active in zip(logits, signs, weights, mask, strict=True):
        z, y, w = z[active], y[active], w[active]
        q = w * (y > 0) / (w * (y > 0)).sum()
        expected -= float((q * np.log(np.exp(z) / np.exp(z).sum())).sum()) / 5
    found = neighbour_softmax(*map(torch.tensor, (logits, signs, weights, mask)))
    assert abs(float(found) - expected) < 1e-9


def test_a_text_without_neighbours_pulls_nowhere() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    signs = torch.tensor([[1.0, -1.0, -1.0], [-1.0, -1.0, -1.0]])
    neighbour_softmax(logits, signs, torch.ones(2, 3), torch.ones(2, 3, dtype=torch.bool)).backward()
    assert logits.grad is not None
    assert logits.grad[1].abs().max() == 0 and logits.grad[0].abs().min() > 0
