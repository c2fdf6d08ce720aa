from __future__ import annotations

import numpy as np
import torch

from graphrec.text.hinge import weighted_squared_hinge


def example(width=7, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(5, width)).astype(np.float32)
    signs = rng.choice([-1.0, 1.0], (5, width)).astype(np.float32)
    weights = np.where(signs > 0, rng.integers(1, 9, (5, width)), 1).astype(np.float32)
    mask = np.arange(width) < rng.integers(1, width + 1, 5)[:, None]
    return logits, signs, weights, mask


def loss_of(*arrays):
    return weighted_squared_hinge(*(torch.from_numpy(array) for array in arrays))


def test_it_is_the_mean_over_texts_of_the_mean_over_active_codes():
    logits, signs, weights, mask = example()
    expected = 0.0
    for i in range(5):
        active = np.flatnonzero(mask[i])
        terms = [weights[i, j] * max(0.0, 1 - signs[i, j] * logits[i, j]) ** 2 for j in active]
        expected += sum(terms) / len(active) / 5
    np.testing.assert_allclose(loss_of(logits, signs, weights, mask), expected, rtol=1e-6)


def test_padding_changes_neither_the_loss_nor_the_gradient():
    arrays = example()
    filler = [np.full((5, 30), value, array.dtype) for value, array in zip((3, 1, 5, 0), arrays, strict=True)]
    wide = [np.concatenate(pair, axis=1) for pair in zip(arrays, filler, strict=True)]
    found = []
    for logits, *rest in (arrays, wide):
        z = torch.from_numpy(logits).requires_grad_()
        loss = weighted_squared_hinge(z, *(torch.from_numpy(array) for array in rest))
        loss.backward()
        found.append((loss.item(), z.grad))
    assert found[0][0] == found[1][0]
    torch.testing.assert_close(found[0][1], found[1][1][:, :7])
    assert not found[1][1][:, 7:].any()
