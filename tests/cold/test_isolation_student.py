from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.cold.base import NodeClassifier
from graphrec.cold.data import NodeData
from graphrec.cold.isolation_student import IsolationConfig, IsolationStudent, weighted_ridge
from graphrec.errors import InvalidInputError
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted

SIZES = (NUM_FEATURES, NUM_CLASSES)


class Oracle(NodeClassifier):
    """Gives fixed answers, whatever the graph; counts the edges it was shown."""

    def __init__(self, answers: torch.Tensor) -> None:
        super().__init__()
        self.answers, self.shown = answers, []
        self.reset_parameters()

    def logits(self, data: NodeData) -> torch.Tensor:
        self.shown.append(data.edge_index.shape[1])
        return self.answers


def truth(data, certainty=6.0):
    return Oracle(certainty * torch.nn.functional.one_hot(data.y, NUM_CLASSES).float())


def probabilities(seed, data):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(data.num_nodes, NUM_CLASSES, generator=generator)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(1, 12), st.integers(1, 4), st.floats(0.05, 20), st.integers(0, 10_000))
def test_the_regression_is_the_one_of_scikit_learn(num_rows, num_features, dim, penalty, seed):
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(num_rows, num_features)) * (rng.random((num_rows, num_features)) < 0.4)
    targets, weights = rng.normal(size=(num_rows, dim)), rng.random(num_rows) + 0.1
    weights[rng.integers(num_rows)] = 0.0
    weight, bias = weighted_ridge(*(torch.from_numpy(a) for a in (x, targets, weights)), penalty, 400)
    expected = Ridge(alpha=penalty, solver="cholesky").fit(x, targets, sample_weight=weights)
    np.testing.assert_allclose(weight, expected.coef_.reshape(dim, num_features).T, atol=1e-6)
    np.testing.assert_allclose(bias, np.atleast_1d(expected.intercept_), atol=1e-6)


def test_rows_without_weight_are_not_read():
    x, targets = torch.eye(4), torch.arange(8.0).view(4, 2)
    weights = torch.tensor([1.0, 2.0, 1.0, 0.0])
    changed = x.clone(), targets.clone()
    changed[0][3], changed[1][3] = 99.0, -99.0
    for first, second in zip(
        weighted_ridge(x, targets, weights, 1.0), weighted_ridge(*changed, weights, 1.0), strict=True
    ):
        assert torch.equal(first, second)
    with pytest.raises(InvalidInputError, match="positive weight"):
        weighted_ridge(x, targets, torch.zeros(4), 1.0)


def test_equal_targets_are_met_by_the_intercept_alone():
    weight, bias = weighted_ridge(torch.eye(3), torch.full((3, 2), 0.5), torch.ones(3), 1.0)
    assert torch.equal(weight, torch.zeros(3, 2, dtype=torch.float64))
    assert bias.tolist() == [0.5, 0.5]


def test_an_isolated_answer_is_a_regression_on_tfidf_and_the_partner():
    """The whole student once more, with scikit-learn's regression and loops."""
    from sklearn.linear_model import Ridge

    data = planted(seed=3)
    config = IsolationConfig(ridge=2.0, sharpness=3.0, imitation=0.25, share=0.6)
    first, second, partner = (Oracle(probabilities(seed, data)) for seed in (1, 2, 3))
    model = IsolationStudent(*SIZES, [first, second], [partner], config)
    result = model.fit(data)

    x, labelled = data.x.numpy().astype(float), set(data.train.tolist())
    known = [n for n in range(data.num_nodes) if n in labelled or int(data.degree[n]) > 0]
    idf = [math.log((1 + len(known)) / (1 + sum(x[n, w] != 0 for n in known))) for w in range(NUM_FEATURES)]
    rows = x * np.array(idf)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    told = sum(np.exp(t.answers.log_softmax(1).numpy()) for t in (first, second)) / 2
    targets = told**3 / (told**3).sum(1, keepdims=True)
    for node in labelled:
        targets[node] = np.eye(NUM_CLASSES)[data.y[node]]
    weights = [1.0 if n in labelled else 0.25 for n in known]
    fitted = Ridge(alpha=2.0).fit(rows[known], targets[known], sample_weight=weights)
    own = np.maximum(fitted.predict(rows), 0.01)
    own = np.log(own / own.sum(1, keepdims=True))
    alone = 0.6 * own + 0.4 * partner.answers.log_softmax(1).numpy()
    share = (data.degree.float() / (data.degree.float() + 1.0)).numpy()[:, None]
    np.testing.assert_allclose(result.logits, (1 - share) * alone + share * np.log(told), atol=2e-4)
    assert set(partner.shown) == {0}
    assert 0 not in first.shown


def test_teachers_of_connected_nodes_help_nodes_without_edges():
    data = planted(num_nodes=400, num_isolated=150, seed=5)
    data = NodeData(data.x, data.y, data.edge_index, data.train[:12], data.valid, data.test, data.num_classes)
    cold = data.test[data.isolated()[data.test]]
    alone = IsolationStudent(*SIZES, config=IsolationConfig(imitation=0.0, ridge=1.0)).fit(data)
    taught = IsolationStudent(*SIZES, [truth(data)], config=IsolationConfig(ridge=1.0)).fit(data)
    assert taught.accuracy(data, cold) > alone.accuracy(data, cold) + 0.1


def test_teachers_answers_about_isolated_nodes_are_not_asked_for():
    data = planted(seed=4)
    wrong = truth(data)
    isolated = data.isolated()
    wrong.answers = torch.where(isolated[:, None], wrong.answers.roll(1, dims=1), wrong.answers)
    right, misled = (IsolationStudent(*SIZES, [t]).fit(data).logits for t in (truth(data), wrong))
    assert torch.equal(right, misled)


def test_more_neighbours_mean_more_teacher():
    data = planted(seed=6)
    model = IsolationStudent(*SIZES, [truth(data)])
    unfitted = model.logits(data)  # the regression says nothing yet: what differs comes from the teacher
    gap = unfitted.max(dim=1).values - unfitted.min(dim=1).values
    order = torch.argsort(data.degree, stable=True)
    assert torch.all(gap[order].diff() >= -1e-5)
    assert torch.all(gap[data.isolated()] < 1e-5)
    assert gap.max() > 3.0


def test_given_words_are_left_as_they_are():
    data = planted(seed=2)
    model = IsolationStudent(*SIZES, [truth(data)], config=IsolationConfig(words="given"))
    model.fit(data)
    assert torch.equal(model.word_weights, torch.ones(NUM_FEATURES))


def test_imitation_needs_a_teacher():
    with pytest.raises(InvalidInputError, match="teacher"):
        IsolationStudent(*SIZES)
