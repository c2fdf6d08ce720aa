"""The softmax regression against finite differences, its own optimality conditions and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.nlu.intents.regression import fit_softmax, log_softmax, objective


def problem(seed: int, n: int = 60, dim: int = 7, classes: int = 4):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, dim))
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    return vectors, labels


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_is_what_finite_differences_say(seed):
    vectors, labels = problem(seed)
    loss = objective(vectors, labels, 4, strength=0.7)
    point = np.random.default_rng(seed + 100).standard_normal(8 * 4)
    _, gradient = loss(point)
    step = 1e-6
    for place in range(len(point)):
        there, back = point.copy(), point.copy()
        there[place] += step
        back[place] -= step
        assert gradient[place] == pytest.approx((loss(there)[0] - loss(back)[0]) / (2 * step), abs=1e-7)


def test_the_loss_is_the_mean_negative_log_likelihood_and_the_penalty():
    vectors, labels = problem(1)
    flat = np.random.default_rng(5).standard_normal(8 * 4)
    weights, bias = flat[:28].reshape(7, 4), flat[28:]
    total = 0.0
    for x, y in zip(vectors, labels, strict=True):
        scores = [float(x @ weights[:, k] + bias[k]) for k in range(4)]
        total += np.log(sum(np.exp(s) for s in scores)) - scores[y]
    expected = total / 60 + (weights**2).sum() / (2 * 3.0 * 60)
    assert objective(vectors, labels, 4, strength=3.0)(flat)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("strength", [0.1, 1.0, 30.0])
def test_the_optimum_is_that_of_scikit_learn(strength):
    linear_model = pytest.importorskip("sklearn.linear_model")
    vectors, labels = problem(2, n=200)
    ours = fit_softmax(vectors, labels, 4, strength, tolerance=1e-14)
    theirs = linear_model.LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(vectors, labels)
    np.testing.assert_allclose(ours.weights, theirs.coef_.T, atol=2e-4)
    np.testing.assert_allclose(
        np.exp(log_softmax(ours.logits(vectors))), theirs.predict_proba(vectors), atol=1e-4
    )


def test_single_precision_ends_near_the_same_optimum():
    vectors, labels = problem(3, n=300)
    exact = fit_softmax(vectors, labels, 4, 10.0)
    quick = fit_softmax(vectors.astype(np.float32), labels, 4, 10.0)
    loss = objective(vectors, labels, 4, 10.0)
    best = loss(np.concatenate([exact.weights.ravel(), exact.bias]))[0]
    near = loss(np.concatenate([quick.weights.ravel(), quick.bias]))[0]
    assert best - 1e-12 <= near < best + 1e-5


def test_a_warm_start_leads_to_the_same_optimum():
    vectors, labels = problem(4, n=150)
    start = fit_softmax(vectors, labels, 4, 1.0)
    warm = fit_softmax(vectors, labels, 4, 10.0, start, tolerance=1e-14)
    cold = fit_softmax(vectors, labels, 4, 10.0, tolerance=1e-14)
    np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-4)


def test_log_softmax_takes_large_scores():
    logs = log_softmax(np.array([[1000.0, 1001.0, -1000.0]]))
    assert np.exp(logs).sum() == pytest.approx(1.0)
    assert logs[0, 1] - logs[0, 0] == pytest.approx(1.0)
