from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_geometric.nn import CorrectAndSmooth, LabelPropagation

from graphrec.cold.data import undirected
from graphrec.cold.label_propagation import (
    GRID,
    MATRICES,
    LabelPropagationConfig,
    correct_and_smooth,
    label_propagation,
    search_label_propagation,
)
from graphrec.errors import InvalidInputError
from tests.cold.planted_nodes import NUM_CLASSES, dense_adjacency, planted

NO_SMOOTHING = LabelPropagationConfig(num_steps=1, alpha=0.0)


def brute_force(data, steps, matrix, alpha):
    """The definition, with dense matrices in float64."""
    a = dense_adjacency(data).numpy().astype(np.float64)
    degree = np.maximum(a.sum(axis=1), 1.0)
    s = {
        "laplacian": a / np.sqrt(degree[:, None] * degree[None, :]),
        "row": a / degree[:, None],
        "column": a / degree[None, :],
        "adjacency": a,
    }[matrix]
    known = np.zeros((data.num_nodes, NUM_CLASSES))
    known[data.train, data.y[data.train]] = 1.0
    y = known
    for _ in range(steps):
        y = np.clip(alpha * s @ y + (1 - alpha) * known, 0.0, 1.0)
    return y


@pytest.mark.parametrize("matrix", MATRICES)
def test_scores_are_those_of_the_definition(matrix):
    data = planted()
    config = LabelPropagationConfig(num_steps=6, matrix=matrix, alpha=0.6)
    expected = brute_force(data, 6, matrix, 0.6)
    reached = expected.sum(axis=1) > 0
    scores = label_propagation(data, config).logits.numpy()
    np.testing.assert_allclose(scores[reached], expected[reached], atol=1e-5)
    assert not reached.all()


def test_scores_are_those_of_pyg():
    data = planted(num_isolated=0)
    mask = torch.zeros(data.num_nodes, dtype=torch.bool)
    mask[data.train] = True
    expected = LabelPropagation(num_layers=20, alpha=0.8)(data.y, data.edge_index, mask=mask)
    config = LabelPropagationConfig(num_steps=20, alpha=0.8)
    torch.testing.assert_close(label_propagation(data, config).logits, expected, atol=1e-5, rtol=1e-4)


def test_nodes_that_no_label_reaches_get_the_training_shares():
    data = planted()
    data = replace(data, train=data.train[~data.isolated()[data.train]])
    shares = torch.bincount(data.y[data.train], minlength=NUM_CLASSES) / len(data.train)
    scores = label_propagation(data).logits[data.isolated()]
    torch.testing.assert_close(scores, shares.expand_as(scores))


def test_other_labels_are_not_seen():
    data = planted()
    y = data.y.roll(1)
    y[data.train] = data.y[data.train]
    assert torch.equal(label_propagation(data).logits, label_propagation(replace(data, y=y)).logits)


def test_the_search_takes_the_best_on_validation():
    data = planted()
    grid = GRID[::5]
    config, result = search_label_propagation(data, grid)
    values = [label_propagation(data, one).valid for one in grid]
    assert result.valid == max(values) and config == grid[values.index(max(values))]
    assert result.best_epoch == 0
    assert result.accuracy(data, data.test[~data.isolated()[data.test]]) > 0.7
    with pytest.raises(InvalidInputError, match="grid"):
        search_label_propagation(data, ())


def test_published_settings_are_in_the_grid():
    for steps, matrix, alpha in [(50, "laplacian", 0.1), (100, "laplacian", 0.01), (50, "adjacency", 0.5)]:
        assert LabelPropagationConfig(num_steps=steps, matrix=matrix, alpha=alpha) in GRID


def test_correct_and_smooth_is_that_of_pyg():
    data = planted(num_isolated=0)
    logits = torch.randn(data.num_nodes, NUM_CLASSES, generator=torch.Generator().manual_seed(0))
    base = (logits + 2 * torch.nn.functional.one_hot(data.y, NUM_CLASSES)).softmax(dim=1)
    mask = torch.zeros(data.num_nodes, dtype=torch.bool)
    mask[data.train] = True
    theirs = CorrectAndSmooth(10, 0.8, 15, 0.6, autoscale=True)
    corrected = theirs.correct(base, data.y[mask], mask, data.edge_index)
    expected = theirs.smooth(corrected, data.y[mask], mask, data.edge_index)
    found = correct_and_smooth(
        data,
        base,
        LabelPropagationConfig(num_steps=10, alpha=0.8),
        LabelPropagationConfig(num_steps=15, alpha=0.6),
    )
    torch.testing.assert_close(found.logits, expected, atol=1e-4, rtol=1e-3)


def test_an_isolated_node_keeps_its_base_class():
    data = planted()
    base = torch.rand(data.num_nodes, NUM_CLASSES, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    nodes = data.isolated().clone()
    nodes[data.train] = False
    found = correct_and_smooth(data, base).logits[nodes]
    assert torch.equal(found.argmax(dim=1), base[nodes].argmax(dim=1))


def test_a_correction_too_small_to_scale_is_left_as_it_is():
    """One labelled node in error, and one so far from it that its share of the error is a rounding of nothing."""
    path = torch.stack([torch.arange(9), torch.arange(1, 10)])
    data = replace(
        planted(10, 0), edge_index=undirected(path, 10), train=torch.tensor([0]), y=torch.zeros(10).long()
    )
    base = torch.full((10, NUM_CLASSES), 1 / NUM_CLASSES)
    found = correct_and_smooth(data, base, LabelPropagationConfig(num_steps=9, alpha=0.05), NO_SMOOTHING)
    torch.testing.assert_close(found.logits[9], base[9])  # 1e-12 of the error, not blown up to all of it
    assert found.logits[1, 0] > base[1, 0] + 0.1
