"""ItemKNN, RP3beta and EASE against plain loops and dense algebra on small random data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ConfigError, InvalidInputError
from graphrec.models import closed_form
from graphrec.models.base import TrainData
from graphrec.models.registry import create_model
from graphrec.sparse import CSR
from graphrec.store.columns import KnowledgeGraph
from tests.models.planted import checkerboard, scores_of_parts


@st.composite
def matrices(draw):
    """A random 0/1 matrix in which some users and items may be empty."""
    users, items = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return (rng.random((users, items)) < draw(st.sampled_from([0.2, 0.5, 0.9]))).astype(float)


def train_data(dense, kg=None):
    users, items = np.nonzero(dense)
    return TrainData(CSR.from_coo(users, items, dense[users, items], dense.shape), None, kg)


def score_all(name, dense, kg=None, **config):
    return create_model(name, config).fit(train_data(dense, kg)).score(np.arange(len(dense)))


def item_knn_by_loops(dense, k, shrink, normalise):
    users, items = dense.shape
    y = dense.copy()
    for u in range(users):
        if normalise and dense[u].sum():
            y[u] /= np.sqrt(dense[u].sum())
    norms = [np.sqrt(sum(y[u, i] ** 2 for u in range(users))) for i in range(items)]
    weights = np.zeros((items, items))
    for target in range(items):
        similar = []
        for source in range(items):
            shared = sum(y[u, target] * y[u, source] for u in range(users))
            if source != target and shared > 0:
                similar.append((-np.float32(shared / (norms[target] * norms[source] + shrink)), source))
        for value, source in sorted(similar)[:k]:
            weights[source, target] = -value
    return dense @ weights


@settings(max_examples=60, deadline=None)
@given(matrices(), st.sampled_from([0.0, 1.0, 10.0]), st.booleans())
def test_item_knn_equals_plain_loops(dense, shrink, normalise):
    found = score_all("item_knn", dense, k=20, shrink=shrink, user_normalisation=normalise)
    np.testing.assert_allclose(found, item_knn_by_loops(dense, 20, shrink, normalise), rtol=1e-4, atol=1e-6)


def test_item_knn_keeps_the_k_best_sources_of_each_target():
    dense = (np.random.default_rng(3).random((60, 12)) < 0.4).astype(float)
    found = score_all("item_knn", dense, k=3, shrink=5.0)
    np.testing.assert_allclose(found, item_knn_by_loops(dense, 3, 5.0, True), rtol=1e-4)


def cosines(features):
    """Positive cosines around the mean of the rows that are there, by loops; 0 with itself and without a row."""
    size = len(features)
    there = [i for i in range(size) if features[i].any()]
    middle = sum(features[i] for i in there) / len(there)
    found = np.zeros((size, size))
    for i in there:
        for j in there:
            a, b = features[i] - middle, features[j] - middle
            found[i, j] = max(a @ b / np.sqrt((a @ a) * (b @ b)), 0.0) if i != j else 0.0
    return found


def with_features(seed=4, users=30, items=11):
    """A matrix with an item that nobody chose, and features with a row of zeros."""
    rng = np.random.default_rng(seed)
    dense = (rng.random((users, items)) < 0.4).astype(float)
    dense[:, 7] = 0.0
    features = rng.normal(1.0, 1.0, (items, 4))
    features[2] = 0.0
    return dense, features


def scores_with(name, dense, features, **config):
    data = replace(train_data(dense), features=features.astype(np.float32))
    return create_model(name, config).fit(data).score(np.arange(len(dense)))


def test_item_knn_counts_like_features_as_shared_users():
    dense, features = with_features()
    c, weights = cosines(features), np.zeros((11, 11))
    for j in range(11):
        for i in range(11):
            n = np.sqrt(dense[:, i].sum() * dense[:, j].sum())
            weights[j, i] = (dense[:, i] @ dense[:, j] + 2.0 * c[i, j]) / (n + 3.0) if i != j else 0.0
    found = scores_with(
        "item_knn", dense, features, k=20, shrink=3.0, user_normalisation=False, feature_weight=2
    )
    np.testing.assert_allclose(found, dense @ weights, rtol=1e-4, atol=1e-5)
    assert found[:, 7].any()


def test_rp3beta_may_step_to_an_item_of_like_features():
    dense, features = with_features()
    c, weights = cosines(features), np.zeros((11, 11))
    for i in range(11):
        nearest = sorted(range(11), key=lambda j: -c[i, j])[:3]
        total = sum(c[i, j] for j in nearest)
        for j in (j for j in range(11) if j != i):
            walk = sum(
                (1 / dense[:, i].sum() / dense[u].sum()) ** 0.6
                for u in range(30)
                if dense[u, i] * dense[u, j]
            )
            step = 0.5 * (c[i, j] / total) ** 0.6 if j in nearest and total else 0.0
            weights[i, j] = (walk + step) / max(dense[:, j].sum(), 1.0) ** 0.1
    found = scores_with("rp3beta", dense, features, feature_weight=0.5, feature_neighbours=3)
    np.testing.assert_allclose(found, dense @ weights, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("users", [30, 1])
def test_ease_with_features_is_ease_over_further_rows(users):
    dense, features = with_features(users=users)  # 1 user and 4 dimensions: solved by rows
    there = features.any(axis=1)
    rows = np.zeros_like(features)
    rows[there] = features[there] - features[there].mean(axis=0)
    rows[there] /= np.linalg.norm(rows[there], axis=1, keepdims=True)
    inverse = np.linalg.inv(dense.T @ dense + 6.0 * rows @ rows.T + 5.0 * np.eye(11))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    found = scores_with("ease", dense, features, ridge=5.0, feature_weight=6.0)
    np.testing.assert_allclose(found, dense @ weights, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dim", [0, 2, 5])
def test_both_sides_of_the_item_system_agree_with_dense_rows(dim):
    rng = np.random.default_rng(dim)
    rows = sp.csr_matrix((rng.random((4, 40)) < 0.3).astype(np.float32))
    further = rng.normal(size=(dim, 40)).astype(np.float32)
    whole = np.vstack([rows.toarray(), further]).astype(np.float64)
    expected = np.linalg.inv(whole.T @ whole + 2.0 * np.eye(40))
    for inverse in (closed_form._inverse_dual, closed_form._inverse_primal):
        np.testing.assert_allclose(inverse(rows, further, 2.0), expected, rtol=1e-3, atol=1e-5)


def rp3beta_by_loops(dense, alpha, beta, k):
    users, items = dense.shape
    walks = np.zeros((items, items))
    for i in range(items):
        for j in range(items):
            for u in range(users):
                if i != j and dense[u, i] and dense[u, j]:
                    walks[i, j] += (1 / dense[:, i].sum()) ** alpha * (1 / dense[u].sum()) ** alpha
            if walks[i, j]:
                walks[i, j] /= dense[:, j].sum() ** beta
        drop = sorted(range(items), key=lambda j: (-np.float32(walks[i, j]), j))[k:]
        walks[i, drop] = 0
    return dense @ walks


@settings(max_examples=60, deadline=None)
@given(matrices(), st.sampled_from([0.6, 1.0]), st.sampled_from([0.0, 0.3]))
def test_rp3beta_equals_plain_loops(dense, alpha, beta):
    found = score_all("rp3beta", dense, alpha=alpha, beta=beta, k=20)
    np.testing.assert_allclose(found, rp3beta_by_loops(dense, alpha, beta, 20), rtol=1e-4, atol=1e-6)


def test_rp3beta_keeps_the_k_best_targets_of_each_source():
    dense = (np.random.default_rng(3).random((60, 12)) < 0.4).astype(float)
    expected = rp3beta_by_loops(dense, 0.7, 0.2, 3)
    np.testing.assert_allclose(score_all("rp3beta", dense, alpha=0.7, beta=0.2, k=3), expected, rtol=1e-4)


def ease_dense(x, ridge, extra=None):
    gram = x.T @ x + ridge * np.eye(x.shape[1]) + (0 if extra is None else extra)
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return x @ weights


@settings(max_examples=60, deadline=None)
@given(matrices(), st.sampled_from([0.5, 10.0, 300.0]))
def test_ease_equals_the_dense_formula(dense, ridge):
    np.testing.assert_allclose(
        score_all("ease", dense, ridge=ridge), ease_dense(dense, ridge), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("num_users", [300, 800])
def test_ease_by_blocks_equals_the_dense_formula(num_users):
    """More items than one block of 1024, and fewer or more rows than the dual is for."""
    dense = (np.random.default_rng(0).random((num_users, 1100)) < 0.02).astype(float)
    found = score_all("ease", dense, ridge=20.0)
    np.testing.assert_allclose(found, ease_dense(dense, 20.0), rtol=1e-3, atol=1e-5)


def test_weights_count_when_they_are_used():
    dense = np.random.default_rng(1).random((30, 8)) * (np.random.default_rng(2).random((30, 8)) < 0.5)
    weighted = score_all("ease", dense, ridge=2.0, use_weights=True)
    np.testing.assert_allclose(weighted, ease_dense(dense, 2.0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        score_all("ease", dense, ridge=2.0), ease_dense((dense > 0) * 1.0, 2.0), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("name", ["item_knn", "rp3beta", "ease", "popularity"])
def test_weighted_scores_equal_their_parts(name):
    data = checkerboard(weighted=True)
    settings = {"use_weights": True} | ({"top_weights": 0} if name == "ease" else {})
    model = create_model(name, settings).fit(data)
    expected = model.score(np.arange(5))
    np.testing.assert_allclose(scores_of_parts(model, data.train, range(5)), expected, rtol=1e-3, atol=1e-5)


GRAPH = KnowledgeGraph(
    np.array([0, 1, 1, 2, 3, 4]),
    np.array([0, 0, 0, 1, 1, 0]),
    np.array([5, 5, 5, 6, 6, 0]),
    4,
    7,
    2,
    ("has", "by"),
)
"""Items 0..3; `has` ties items 0 and 1 (once twice), `by` items 2 and 3; entity 4 is no item."""


def test_ease_stacks_attributes_under_the_users():
    dense = (np.random.default_rng(5).random((20, 4)) < 0.5).astype(float)
    attributes = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    extra = 3.0 * attributes.T @ attributes
    found = score_all("ease", dense, GRAPH, ridge=5.0, side_weight=3.0)
    np.testing.assert_allclose(found, ease_dense(dense, 5.0, extra), rtol=1e-3, atol=1e-5)
    only = 3.0 * np.outer(attributes[1], attributes[1])
    found = score_all("ease", dense, GRAPH, ridge=5.0, side_weight=3.0, side_relations=("by",))
    np.testing.assert_allclose(found, ease_dense(dense, 5.0, only), rtol=1e-3, atol=1e-5)


def test_side_information_that_is_not_there_is_named():
    dense = np.ones((2, 4))
    with pytest.raises(InvalidInputError, match="needs a knowledge graph"):
        score_all("ease", dense, side_weight=1.0)
    with pytest.raises(ConfigError, match="Unknown relation 'cooks'"):
        score_all("ease", dense, GRAPH, side_weight=1.0, side_relations=("cooks",))


def test_max_items_solves_for_the_popular_ones_and_scores_the_rest_zero():
    dense = (np.random.default_rng(4).random((40, 6)) < [0.9, 0.1, 0.8, 0.1, 0.7, 0.1]).astype(float)
    found = score_all("ease", dense, ridge=5.0, max_items=3)
    popular = [0, 2, 4]
    np.testing.assert_allclose(found[:, popular], ease_dense(dense[:, popular], 5.0), rtol=1e-3, atol=1e-5)
    assert not found[:, [1, 3, 5]].any()


def test_pruned_ease_keeps_the_largest_weights_of_each_item():
    dense = (np.random.default_rng(4).random((80, 30)) < 0.3).astype(float)
    data = train_data(dense)
    whole = (
        create_model("ease", {"ridge": 5.0, "top_weights": 0})
        .fit(data)
        .parts()[0]
        .weights.to_scipy()
        .toarray()
    )
    pruned = create_model("ease", {"ridge": 5.0, "top_weights": 4}).fit(data).parts()[0].weights
    assert (pruned.degrees() == 4).all()
    for row in range(30):
        best = np.sort(np.argsort(-np.abs(whole[row]), kind="stable")[:4])
        assert pruned.row(row).tolist() == best.tolist()
        np.testing.assert_allclose(pruned.row_values(row), whole[row, best])
    close = create_model("ease", {"ridge": 5.0, "top_weights": 25}).fit(data)
    expected = close.score(np.arange(80))
    found = scores_of_parts(close, data.train, range(80))
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_relations_may_be_one_text_between_commas():
    config = create_model("ease", {"side_relations": "has, by"}).config
    assert config.side_relations == ("has", "by")
    assert create_model("ease", {"side_relations": ""}).config == create_model("ease").config


def test_unknown_models_and_impossible_values_are_named():
    with pytest.raises(ConfigError, match="Unknown model 'easy'; choose one of popularity"):
        create_model("easy")
    with pytest.raises(ConfigError, match="'ridge' of ease: Input should be greater than 0"):
        create_model("ease", {"ridge": "-3"})
