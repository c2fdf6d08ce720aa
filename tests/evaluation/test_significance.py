from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from graphrec.errors import InvalidInputError
from graphrec.evaluation import EvaluationResult, compare, mean_over_seeds, paired_test


def sample(shift, n=300, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.random(n)
    return base + shift + rng.normal(0, 0.2, n), base


def test_t_equals_scipy():
    a, b = sample(0.03)
    found, expected = paired_test(a, b), stats.ttest_rel(a, b)
    assert found.p_value == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.standard_error == pytest.approx(stats.sem(a - b))


@pytest.mark.parametrize("method", ["bootstrap", "sign_flip"])
def test_resampling_agrees_with_t_on_many_users(method):
    a, b = sample(0.02)
    t, found = paired_test(a, b), paired_test(a, b, method=method)
    assert found.p_value == pytest.approx(t.p_value, abs=0.02)
    assert (found.low, found.high) == pytest.approx((t.low, t.high), abs=0.004)


def test_sign_flip_is_exact_on_a_tiny_sample():
    """Four equal gains: 2 of 16 sign patterns reach the mean, so p is 1/8."""
    found = paired_test(np.ones(4), np.zeros(4) + np.array([0, 1e-9, 0, 0]), method="sign_flip")
    assert found.p_value == pytest.approx(1 / 8, abs=0.02)


@pytest.mark.parametrize("method", ["t", "bootstrap", "sign_flip"])
def test_false_alarms_are_about_one_in_twenty(method):
    alarms = [
        paired_test(*sample(0.0, 60, seed), method=method, draws=400).p_value < 0.05 for seed in range(200)
    ]
    assert 0.01 <= np.mean(alarms) <= 0.11


def test_equal_models_do_not_differ():
    a = np.random.default_rng(0).random(10)
    assert paired_test(a, a).p_value == 1.0
    assert str(paired_test(a, a)).startswith("+0.0000 ± 0.0000")


def test_too_few_or_unequal_users_are_refused():
    for a, b in ((np.ones(1), np.ones(1)), (np.ones(3), np.ones(4))):
        with pytest.raises(InvalidInputError, match="two equal lists"):
            paired_test(a, b)


def test_compare_needs_the_same_users_and_seeds_average_per_user():
    def result(users, values):
        return EvaluationResult({}, {"recall@10": np.asarray(values)}, np.asarray(users), {}, 1.0)

    a, b = result([0, 1, 2], [1.0, 0.0, 1.0]), result([0, 1, 2], [0.0, 0.0, 1.0])
    assert compare(a, b, "recall@10").difference == pytest.approx(1 / 3)
    assert mean_over_seeds([a, b], "recall@10").tolist() == [0.5, 0.0, 1.0]
    with pytest.raises(InvalidInputError, match="different users"):
        compare(a, result([0, 1, 3], [0.0, 0.0, 1.0]), "recall@10")
