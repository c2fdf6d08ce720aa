"""Temperature, calibration error and thresholds against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.nlu.intents.calibration import (
    calibration_error,
    fit_temperature,
    threshold_by_outside,
    threshold_for_share,
)
from graphrec.nlu.intents.regression import log_softmax
from graphrec.nlu.intents.scores import max_probability, proxy_margin

SCORES = st.lists(st.integers(-5, 5), min_size=1, max_size=12)


def test_the_temperature_that_made_the_logits_too_sure_is_found():
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((20_000, 3)) * 2
    shares = np.exp(log_softmax(honest))
    labels = (rng.random((20_000, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    assert fit_temperature(honest * 4, labels) == pytest.approx(4, rel=0.05)
    sure, calm = (np.exp(log_softmax(honest * 4 / t)) for t in (1.0, fit_temperature(honest * 4, labels)))
    right = (honest.argmax(axis=1) == labels).astype(float)
    assert calibration_error(calm.max(axis=1), right) < 0.01 < calibration_error(sure.max(axis=1), right)


def test_without_rows_there_is_nothing_to_scale():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)) == 1.0


def test_the_calibration_error_of_two_bins_by_hand():
    # Bin of .9: mean confidence .9, one of two right: |.5 - .9| * 2 rows. Bin of .3: all right: |1 - .3| * 1 row.
    confidence, right = np.array([0.9, 0.9, 0.3]), np.array([1.0, 0.0, 1.0])
    assert calibration_error(confidence, right, bins=10) == pytest.approx((2 * 0.4 + 0.7) / 3)
    assert calibration_error(np.array([1.0]), np.array([1.0])) == 0.0


@given(SCORES, st.floats(0, 0.9))
def test_at_most_the_given_share_is_rejected(known, share):
    scores = np.array(known, dtype=float)
    cut = threshold_for_share(scores, share)
    assert (scores < cut).mean() <= share + 1e-9


@given(SCORES, st.data(), SCORES)
def test_no_other_cut_is_better(known, data, outside):
    right = np.array(data.draw(st.lists(st.booleans(), min_size=len(known), max_size=len(known))))
    inside, other = np.array(known, dtype=float), np.array(outside, dtype=float)

    def value(cut: float) -> int:
        return int((right & (inside >= cut)).sum() + (other < cut).sum())

    cut = threshold_by_outside(inside, right, other)
    assert value(cut) == max(value(c / 2) for c in range(-12, 14))


def test_scores_of_two_rows_by_hand():
    logits = np.log(np.array([[0.6, 0.1, 0.3], [0.2, 0.2, 0.6]]))
    np.testing.assert_allclose(proxy_margin(logits, 2), [0.3, -0.4])
    np.testing.assert_allclose(max_probability(logits, 2), [0.6, 0.2])
    np.testing.assert_allclose(max_probability(logits[:, :2], 2), [6 / 7, 0.5])
