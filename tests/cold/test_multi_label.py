"""Several labels per node: the measures against scikit-learn, training against what it must and must not see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.cold.mlp import MLP, MLPConfig
from graphrec.cold.multi_label import best_threshold, f1, mean_average_precision, train_multi_label
from graphrec.cold.trainer import NodeTrainConfig
from graphrec.errors import InvalidInputError
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted

metrics = pytest.importorskip("sklearn.metrics")


@pytest.fixture(scope="module", params=(0, 1, 2))
def scored(request):
    """Scores with many ties, and a label that never occurs."""
    generator = torch.Generator().manual_seed(request.param)
    targets = (torch.rand(50, 6, generator=generator) < 0.3).float()
    targets[:, 4] = 0
    noise = torch.randn(50, 6, generator=generator)
    return ((targets + noise) * 4).round() / 4, targets


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_f1_is_that_of_scikit_learn(scored, average):
    scores, targets = scored
    for cut in (-9.0, -0.25, 0.5, 1.0, 9.0):
        called = (scores >= cut).numpy()
        expected = metrics.f1_score(targets.numpy(), called, average=average, zero_division=0)
        assert f1(scores, targets, cut, average) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_no_threshold_is_better_than_the_best(scored, average):
    scores, targets = scores_and = scored[0][:30], scored[1][:30]  # 180 scores: every one of them is tried
    best = f1(*scores_and, best_threshold(scores, targets, average), average)
    assert best == max(f1(scores, targets, cut, average) for cut in scores.unique().tolist())


def test_average_precision_is_that_of_scikit_learn(scored):
    scores, targets = scored
    columns = [column for column in range(6) if targets[:, column].any()]
    expected = [metrics.average_precision_score(targets[:, c].numpy(), scores[:, c].numpy()) for c in columns]
    assert mean_average_precision(scores, targets) == pytest.approx(np.mean(expected), abs=1e-12)


def test_average_precision_of_nothing_is_refused():
    with pytest.raises(InvalidInputError, match="at least one label"):
        mean_average_precision(torch.zeros(3, 2), torch.zeros(3, 2))


def made(data, targets, seed=0, epochs=60):
    model = MLP(NUM_FEATURES, targets.shape[1], MLPConfig(hidden=16))
    config = NodeTrainConfig(lr=0.05, weight_decay=1e-4, epochs=epochs, patience=20)
    return train_multi_label(model, data, targets, config, seed)


@pytest.fixture(scope="module")
def graph():
    """A label per class, and one for both of two classes."""
    data = planted()
    alone = torch.nn.functional.one_hot(data.y, NUM_CLASSES).float()
    return data, torch.cat([alone, 1 - alone[:, :1]], dim=1)


def test_it_finds_labels_of_nodes_that_it_never_saw(graph):
    data, targets = graph
    logits = made(data, targets)
    assert mean_average_precision(logits[data.test], targets[data.test]) > 0.85
    chance = mean_average_precision(torch.zeros(len(data.test), 4), targets[data.test])
    assert chance < 0.5


def test_labels_of_test_nodes_change_nothing_and_those_of_training_nodes_do(graph):
    data, targets = graph
    logits = made(data, targets, epochs=8)
    for nodes, same in ((data.test, True), (data.train, False)):
        other = targets.clone()
        other[nodes] = 1 - other[nodes]
        assert torch.equal(made(data, other, epochs=8), logits) is same


def test_the_seed_decides(graph):
    assert torch.equal(made(*graph, seed=3, epochs=5), made(*graph, seed=3, epochs=5))
    assert not torch.equal(made(*graph, seed=3, epochs=5), made(*graph, seed=4, epochs=5))


def test_targets_of_another_number_of_nodes_are_refused(graph):
    data, targets = graph
    with pytest.raises(InvalidInputError, match="one row per node"):
        made(data, targets[:-1])
