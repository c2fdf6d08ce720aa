from __future__ import annotations

import math

import numpy as np
import pytest

from graphrec.nlu.intents.scores import SCORES


def by_hand(logits: list[float], num_intents: int) -> dict[str, float]:
    total = sum(math.exp(z) for z in logits)
    shares = [math.exp(z) / total for z in logits]
    margin = max(shares[:num_intents]) - sum(shares[num_intents:])
    energy = math.log(sum(math.exp(z) for z in logits[:num_intents]))
    return {
        "max_probability": max(shares[:num_intents]),
        "proxy_margin": margin,
        "margin_and_energy": margin + 0.2 * energy,
    }


@pytest.mark.parametrize("name", sorted(SCORES))
@pytest.mark.parametrize("num_intents", [3, 4])
def test_scores_by_hand(name: str, num_intents: int) -> None:
    rows = [[0.5, -1.0, 2.0, 1.5], [0.0, 0.0, 0.0, 0.0], [-4.0, -4.5, -5.0, 3.0]]
    expected = [by_hand(row, num_intents)[name] for row in rows]
    np.testing.assert_allclose(SCORES[name](np.array(rows), num_intents), expected, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(SCORES))
def test_large_logits_do_not_overflow(name: str) -> None:
    with np.errstate(over="raise", invalid="raise"):
        found = SCORES[name](np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, 1e4]]), 2)
    assert np.isfinite(found).all() and found[0] > found[1]
