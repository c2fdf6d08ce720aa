"""The support vector machine against LIBLINEAR and against the condition that its optimum fulfils."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.text.svm import linear_svm


def example(rows, dim, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, dim))
    y = np.sign(x @ rng.normal(size=dim) + 2 * rng.normal(size=rows))
    return x, y


def objective(weight, x, y, cost):
    return weight @ weight / 2 + cost * (np.maximum(0, 1 - y * (x @ weight)) ** 2).sum()


def solve(x, y, cost):
    return linear_svm(torch.from_numpy(x), torch.from_numpy(y), cost).numpy()


@pytest.mark.parametrize(("rows", "dim"), [(200, 8), (12, 30)], ids=["many rows", "few rows"])
@pytest.mark.parametrize("cost", [0.01, 100.0])
def test_it_finds_what_liblinear_finds(rows, dim, cost):
    svm = pytest.importorskip("sklearn.svm")
    x, y = example(rows, dim)
    theirs = svm.LinearSVC(loss="squared_hinge", dual=False, C=cost, tol=1e-12, max_iter=100_000).fit(x, y)
    wide = np.concatenate([x, np.ones((rows, 1))], axis=1)
    ours = solve(wide, y, cost)
    reference = np.append(theirs.coef_[0], theirs.intercept_)
    assert objective(ours, wide, y, cost) <= objective(reference, wide, y, cost) * (1 + 1e-9)
    np.testing.assert_allclose(ours, reference, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_pulls_at_the_solution(seed):
    x, y = example(150, 20, seed)
    weight = solve(x, y, 100.0)
    gradient = weight - 200.0 * x.T @ (y * np.maximum(0, 1 - y * (x @ weight)))
    assert np.abs(gradient).max() < 1e-6 * (200.0 * np.abs(x.T @ y)).max()


def test_nothing_pulls_where_nearly_every_row_keeps_its_margin_in_a_long_thin_cloud():
    """Newton's method alone has not arrived there after fifty steps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 150)) * np.linspace(1.5, 0.02, 150) + rng.normal(size=150) * 0.4
    score = x @ rng.normal(size=150)
    y = np.where(score > np.quantile(score, 0.95), 1.0, -1.0)
    weight = solve(x, y, 100.0)
    gradient = weight - 200.0 * x.T @ (y * np.maximum(0, 1 - y * (x @ weight)))
    assert np.abs(gradient).max() < 1e-8 * (200.0 * np.abs(x.T @ y)).max()


def test_one_class_alone_is_told_by_its_sign():
    x = np.ones((6, 1))
    assert solve(x, -np.ones(6), 100.0)[0] == pytest.approx(-1200 / 1201)
    np.testing.assert_array_equal(solve(np.zeros((0, 3)), np.zeros(0), 1.0), np.zeros(3))
