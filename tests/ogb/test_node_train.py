"""Training on planted data sets: graphs beat features, scores are ogb's, and test labels are never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.cold.degree_split import degree_split
from graphrec.errors import InvalidInputError
from graphrec.ogb.cold_brew import run_cold_brew
from graphrec.ogb.evaluate import NodeScorer
from graphrec.ogb.full import node_data, run_network, run_propagation
from graphrec.ogb.hetero_train import HeteroGraph, relations_of, run_hetero
from graphrec.ogb.node_train import plan_nodes
from graphrec.ogb.nodes import NodeSet, load_nodes
from graphrec.ogb.protocol import RunSpec, SeedScore
from graphrec.ogb.sampled import SampledData, even_batches, run_sampled
from graphrec.ogb.settings import ColdBrewSettings, NetworkSettings, PropagationSettings
from tests.ogb.planted_nodes import NUM_CLASSES, save_planted, save_planted_hetero

SMALL: dict[str, Any] = {"hidden": 16, "epochs": 15, "num_layers": 2, "lr": 0.03, "dropout": 0.2}
SAMPLED: dict[str, Any] = SMALL | {"fanouts": (6, 4), "batch_size": 32, "workers": 0}
BRIEF = {"epochs": 12, "patience": 12, "lr": 0.03}
COLD: dict[str, Any] = {
    "teacher": {"depth": 2, "hidden": 16},
    "teacher_training": BRIEF,
    "student": {"hidden": 16, "part_one": BRIEF},
    "student_training": BRIEF,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("planted")
    save_planted(found)
    save_planted_hetero(found)
    return found


def silent(record: Mapping[str, Any]) -> None:
    pass


def _run(root: Path, model: str, name: str = "ogbn-arxiv", **more: Any) -> SeedScore:
    spec = RunSpec(name, model, root=root, device="cpu", **more)
    return plan_nodes(spec).run(0, silent)


def test_networks_that_see_the_graph_beat_the_mlp(root: Path) -> None:
    mlp = _run(root, "mlp", settings=SMALL)
    for model, batch, settings in (
        ("gcn", "full", SMALL),
        ("sage", "full", SMALL),
        ("sage", "sampled", SAMPLED),
    ):
        found = _run(root, model, settings=settings, batch=batch)
        assert found.test > mlp.test + 0.2, (model, batch)
    spread = _run(root, "label-propagation")
    assert spread.test > mlp.test + 0.2 and (spread.parameters, spread.best_epoch) == (0, 0)


def test_mini_batches_teach_an_mlp_too(root: Path) -> None:
    """With features that tell the classes apart, for those of the planted graph hardly do."""
    data = load_nodes("ogbn-arxiv", root)
    x = np.random.default_rng(0).normal(size=(data.num_targets, 6)).astype(np.float32)
    x[:, :NUM_CLASSES] += 3 * np.eye(NUM_CLASSES)[data.y]
    portions = SampledData.of(data.with_features(x), "mlp")
    found = run_sampled("mlp", portions, NodeScorer(data), NetworkSettings(**SAMPLED), 0, "cpu", silent)
    assert found.test > 0.85


def test_typed_networks_beat_the_mlp_where_authors_without_features_tell_the_class(root: Path) -> None:
    mlp = _run(root, "mlp", "ogbn-mag", settings=SMALL)
    typed = _run(root, "sage", "ogbn-mag", settings=SAMPLED | {"epochs": 20, "fanouts": (4, 4)})
    assert typed.test > mlp.test + 0.3


class Recorder(NodeScorer):
    """A scorer that keeps the predictions it is asked about, and for which nodes."""

    def __init__(self, data: NodeSet) -> None:
        super().__init__(data)
        self.asked: list[tuple[Any, Any]] = []

    def __call__(self, predicted: Any, nodes: Any) -> float:
        self.asked.append((np.array(predicted), np.array(nodes)))
        return super().__call__(predicted, nodes)


def test_cold_brew_reports_isolated_and_tail_nodes_beside(root: Path) -> None:
    data = load_nodes("ogbn-arxiv", root)
    score, whole = Recorder(data), node_data(data, "cpu")
    found = run_cold_brew(whole, score, ColdBrewSettings.model_validate(COLD), 0, silent)
    groups = degree_split(whole.edge_index, whole.num_nodes, "paper", ties=0).groups(whole.test)
    names = [f"{group} {who}" for group in ("isolation", "tail", "head") for who in ("teacher", "student")]
    assert list(found.beside) == names
    for name, (predicted, nodes) in zip(names, score.asked[:6], strict=True):
        ids = groups[name.split()[0]].numpy()
        np.testing.assert_array_equal(nodes, ids)
        assert found.beside[name] == pytest.approx(float(np.mean(predicted[ids] == data.y[ids])))
    assert found.beside["head teacher"] > 0.6


Runner = Callable[[NodeSet, NodeScorer], SeedScore]
RUNNERS: dict[str, Runner] = {
    "full": lambda data, score: run_network("sage", node_data(data, "cpu"), score, NetworkSettings(**SMALL), 3, silent),
    "sampled": lambda data, score: run_sampled(
        "sage", SampledData.of(data, "sage"), score, NetworkSettings(**SAMPLED), 3, "cpu", silent
    ),
    "cold-brew": lambda data, score: run_cold_brew(
        node_data(data, "cpu"), score, ColdBrewSettings.model_validate(COLD), 3, silent
    ),
    "propagation": lambda data, score: run_propagation(node_data(data, "cpu"), score, PropagationSettings(), silent),
    "typed": lambda data, score: run_hetero(
        HeteroGraph(data, relations_of(data)), score, NetworkSettings(**SAMPLED | {"epochs": 3}), 3, "cpu", silent
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", RUNNERS)
def test_test_labels_change_no_prediction_and_scores_are_counted_by_hand(root: Path, how: str) -> None:
    data = load_nodes("ogbn-mag" if how == "typed" else "ogbn-arxiv", root)
    test = data.split["test"]
    y = np.array(data.y)
    y[test] = (y[test] + 1) % NUM_CLASSES
    honest, changed = Recorder(data), Recorder(replace(data, y=y))
    first = RUNNERS[how](data, honest)
    RUNNERS[how](changed.data, changed)
    assert len(honest.asked) == len(changed.asked) > 0
    for (mine, _), (theirs, _) in zip(honest.asked, changed.asked, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    (predicted,) = [found for found, nodes in honest.asked if np.array_equal(nodes, test)]  # asked once
    right = [int(predicted[node]) == int(data.y[node]) for node in test]
    assert first.test == pytest.approx(sum(right) / len(right))


def test_another_seed_draws_another_network_and_the_same_seed_the_same(root: Path) -> None:
    data = load_nodes("ogbn-arxiv", root)
    for runner in ("full", "sampled"):
        twice = [Recorder(data), Recorder(data)]
        for score in twice:
            RUNNERS[runner](data, score)
        np.testing.assert_array_equal(twice[0].asked[0][0], twice[1].asked[0][0])


def test_a_graph_that_does_not_fit_is_refused_with_a_hint(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec.ogb.demand.free_memory", lambda device: 1 << 20)
    with pytest.raises(InvalidInputError, match=r"--model sage --batch sampled"):
        plan_nodes(RunSpec("ogbn-arxiv", "gcn", root=root))
    with pytest.raises(InvalidInputError, match=r"train in mini-batches: --batch sampled"):
        plan_nodes(RunSpec("ogbn-arxiv", "sage", root=root, batch="full"))
    assert plan_nodes(RunSpec("ogbn-arxiv", "sage", root=root)).batch == "sampled"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"model": "gat"}, "No model 'gat'"),
        ({"model": "gcn", "batch": "sampled"}, "whole graph only"),
        ({"model": "sage", "batch": "sampled", "settings": {"num_layers": 2}}, "2 layers need 2 fanouts"),
        ({"model": "gcn", "settings": {"width": 2}}, "Setting 'width'"),
        ({"name": "ogbn-mag", "model": "gcn"}, "choose one of mlp, rgcn"),
        ({"name": "ogbn-mag", "model": "rgcn", "batch": "full"}, "mini-batches only"),
    ],
)
def test_impossible_runs_are_refused(root: Path, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        plan_nodes(RunSpec(**{"name": "ogbn-arxiv", "root": root} | spec))


def test_epochs_win_over_settings_and_batches_are_even(root: Path) -> None:
    plan = plan_nodes(RunSpec("ogbn-arxiv", "gcn", root=root, epochs=7, settings={"epochs": 9}))
    assert plan.epochs == 7 and plan.settings["epochs"] == 7
    cold = plan_nodes(
        RunSpec("ogbn-arxiv", "cold-brew", root=root, epochs=7, settings={"teacher": {"hidden": 16}})
    )
    assert cold.settings["teacher"] | {"depth": 3, "norm": "batch", "hidden": 16} == cold.settings["teacher"]
    assert cold.settings["teacher_training"]["epochs"] == cold.settings["student_training"]["epochs"] == 7
    sizes = [len(part) for part in even_batches(np.arange(33), 16, 0, 0)]
    assert sizes == [11, 11, 11]
    drawn = np.concatenate(list(even_batches(np.arange(33), 16, 0, 1)))
    assert sorted(drawn) == list(range(33)) and list(drawn) != list(range(33))
