from __future__ import annotations

import importlib
import sys

import pytest
import torch

from graphrec.cold.mlp import MLP
from tests.cold.planted_nodes import planted
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    try:
        yield importlib.import_module("cold_brew_nodes")
    finally:
        sys.path.remove(str(REPOSITORY / "benchmarks"))
        for name in ("cold_brew_nodes", "_node_models", "_common"):
            sys.modules.pop(name, None)


def test_pseudo_isolated_nodes_are_the_lower_half_and_really_isolated(bench):
    data = planted(seed=1)
    view, nodes = bench.pseudo_isolated(data)
    low, high = nodes["isolation"], nodes["connected"]
    assert sorted([*low.tolist(), *high.tolist()]) == sorted(data.valid.tolist())
    assert bool((view.degree[low] == 0).all())
    assert int(data.degree[low].max()) <= int(data.degree[high].min())
    stripped = set(low.tolist())
    kept = [
        edge for edge in data.edge_index.t().tolist() if edge[0] not in stripped and edge[1] not in stripped
    ]
    assert view.edge_index.t().tolist() == kept


@pytest.fixture
def one_epoch(bench, monkeypatch):
    """Every model trains for one epoch."""
    brief = bench.TRAIN.model_copy(update={"epochs": 1, "eval_every": 1})
    monkeypatch.setattr(sys.modules["_node_models"], "TRAIN", brief)


def test_a_workshop_trains_each_setting_once_and_hands_over_what_was_chosen(bench, one_epoch):
    places = {"MLP": {"isolation": 2, "connected": 0}}
    shop = bench.Workshop(planted(seed=2), 0, places)
    first, again = shop.best("MLP", "isolation"), shop.best("MLP", "isolation")
    assert isinstance(first, MLP) and first is again
    assert first is shop.fitted("MLP", 2)[0]
    assert first is not shop.best("MLP", "connected")


def test_likelihood_decides_between_equals_and_never_against_a_right_answer(bench):
    data = planted(seed=3)
    nodes = {"isolation": data.valid, "connected": data.valid}

    class Shop:
        def __init__(self, logits):
            self.data, self.logits = data, logits

        def fitted(self, model, place):
            return None, self

    truth = torch.nn.functional.one_hot(data.y, data.num_classes).float()
    weak, strong, wrong = truth, 5 * truth, 5 * truth.clone()
    wrong[data.valid[0]] = wrong[data.valid[0]].roll(1)
    scores = [bench._valid(Shop(logits), nodes, "", 0)[0] for logits in (wrong, weak, strong)]
    assert scores == sorted(scores) and len(set(scores)) == 3


def test_paired_differences(bench):
    found = bench._paired([3.0, 5.0, 4.0], [1.0, 5.0, 5.0])
    assert found == {"difference": 0.33, "standard_error": 0.88, "better": 1, "worse": 1}


def test_grids_are_settings_their_models_accept(bench, one_epoch):
    data = planted(num_nodes=60, num_isolated=6)
    places = {model: {"isolation": 0, "connected": 0} for model in bench.GRIDS}
    shop = bench.Workshop(data, 0, places)
    for model, grid in bench.GRIDS.items():
        for place in range(len(grid)):
            logits = shop.fitted(model, place)[1].logits
            assert logits.shape == (60, data.num_classes) and bool(torch.isfinite(logits).all())
