"""The regression against scikit-learn and a dense singular value decomposition."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct
from sklearn.linear_model import Ridge

from graphrec.training.cold_regression import ContentRegression, Target, factorise

USERS, ITEMS, WORDS = 30, 40, 18


def problem() -> tuple[sp.csr_matrix, sp.csr_matrix, sp.csr_matrix]:
    generator = np.random.default_rng(3)
    bags = sp.random(ITEMS, WORDS, 0.3, "csr", np.float32, generator)
    choices = sp.random(USERS, ITEMS, 0.2, "csr", np.float32, generator)
    choices.data[:] = 1
    return bags, choices, sp.random(ITEMS, ITEMS, 0.1, "csr", np.float32, generator)


def test_weights_are_ridge_regression() -> None:
    bags, choices, _ = problem()
    oracle = Ridge(alpha=2.5, fit_intercept=False, solver="cholesky").fit(bags.toarray(), choices.toarray().T)
    found = ContentRegression(bags, 2.5).weights(choices.toarray().T)
    np.testing.assert_allclose(found, oracle.coef_.T, atol=1e-4)


def test_predictions_are_those_of_a_gaussian_process_over_items() -> None:
    bags, choices, _ = problem()
    process = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=2.5, optimizer=None)
    new = np.random.default_rng(5).random((4, WORDS)).astype(np.float32)
    oracle = process.fit(bags.toarray(), choices.toarray().T).predict(new)
    np.testing.assert_allclose(
        new @ ContentRegression(bags, 2.5).weights(choices.toarray().T), oracle, atol=1e-4
    )


@pytest.mark.parametrize("own", [0.0, 0.4, 1.0])
def test_factors_of_full_rank_give_the_regression_itself(own: float) -> None:
    bags, choices, links = problem()
    regression = ContentRegression(bags, 1.5)
    mixing = own * np.eye(ITEMS) + links.toarray()
    exact = regression.weights((choices @ mixing).T)  # [F, users]
    factors = factorise(regression, Target(choices, links, own), WORDS, 0)
    found = (factors.items @ (choices @ factors.keys).T).astype(np.float64)
    np.testing.assert_allclose(found, exact, atol=2e-4)


def test_fewer_dimensions_are_the_best_ones() -> None:
    bags, choices, _ = problem()
    regression = ContentRegression(bags, 1.5)
    gram = bags.T.toarray() @ bags.toarray() + 1.5 * np.eye(WORDS)
    lower = np.linalg.cholesky(gram)
    whitened = np.linalg.solve(lower, bags.T.toarray() @ choices.T.toarray())  # Q of the docstring
    left, singular, right = np.linalg.svd(whitened, full_matrices=False)
    best = np.linalg.solve(lower.T, left[:, :5] * singular[:5] @ right[:5])
    factors = factorise(regression, Target(choices, None, 1.0), 5, 0)
    assert factors.items.shape == (WORDS, 5) and factors.keys.shape == (ITEMS, 5)
    np.testing.assert_allclose(factors.items @ (choices @ factors.keys).T, best, atol=2e-3)


def test_the_same_seed_gives_the_same_factors() -> None:
    bags, choices, links = problem()
    one, other = (
        factorise(ContentRegression(bags, 1.0), Target(choices, links, 0.5), 6, 7) for _ in range(2)
    )
    np.testing.assert_array_equal(one.items, other.items)


def test_gather_is_the_transpose_of_spread() -> None:
    _, choices, links = problem()
    target = Target(choices, links, 0.3)
    unit = np.eye(ITEMS, dtype=np.float32)
    np.testing.assert_allclose(target.gather(unit), target.spread(unit).T, atol=1e-6)
