"""Planted communities through ogb's own loader: what is learned, what is never seen, what is reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphrec.errors import ConfigError, CorruptionError, InvalidInputError, NotFoundError
from graphrec.ogb.link_batches import Drawn, SampledGraph, WholeGraph
from graphrec.ogb.link_config import LinkConfig
from graphrec.ogb.link_data import LinkData, link_data
from graphrec.ogb.link_graph import adjacency
from graphrec.ogb.link_model import LinkModel
from graphrec.ogb.link_read import read_links
from graphrec.ogb.link_task import LinkResult, run_link_seed
from graphrec.ogb.link_train import GradientClip, LinkTask, graph_links, message_matrix, train_link
from graphrec.ogb.loading import import_ogb
from tests.ogb.planted_links import NUM_NODES, save_citation2, save_collab

Split = dict[str, dict[str, Any]]
SMALL: dict[str, Any] = {
    "hidden": 24,
    "num_layers": 2,
    "batch_size": 512,
    "learning_rate": 0.02,
    "epochs": 20,
}
SAMPLED: dict[str, Any] = {**SMALL, "mode": "sampled", "fanouts": (6, 6), "epochs": 10, "eval_every": 5}


@pytest.fixture(scope="module")
def collab(tmp_path_factory: pytest.TempPathFactory) -> tuple[LinkData, Split]:
    root = tmp_path_factory.mktemp("ogb")
    split = save_collab(root)
    return read_links("ogbl-collab", root), split


@pytest.fixture(scope="module")
def citation2(tmp_path_factory: pytest.TempPathFactory) -> tuple[LinkData, Split]:
    root = tmp_path_factory.mktemp("ogb")
    split = save_citation2(root)
    return read_links("ogbl-citation2", root), split


def collab_run(data: LinkData, model: str, **overrides: Any) -> LinkResult:
    return run_link_seed("ogbl-collab", data, model, overrides=SMALL | overrides)


def test_what_ogb_reads_is_what_was_saved(
    collab: tuple[LinkData, Split], citation2: tuple[LinkData, Split]
) -> None:
    data, split = collab
    np.testing.assert_array_equal(data.train.pairs.numpy().T, split["train"]["edge"])
    np.testing.assert_array_equal(data.train.weight.numpy(), split["train"]["weight"])
    np.testing.assert_array_equal(data.train.year.numpy(), split["train"]["year"])
    np.testing.assert_array_equal(data.test.shared.numpy().T, split["test"]["edge_neg"])
    data, split = citation2
    np.testing.assert_array_equal(data.valid.links.pairs[1].numpy(), split["valid"]["target_node"])
    np.testing.assert_array_equal(data.valid.targets.numpy(), split["valid"]["target_node_neg"])
    assert data.x.shape == (NUM_NODES, 16)


def test_a_graph_encoder_finds_communities_that_no_feature_shows(collab: tuple[LinkData, Split]) -> None:
    found = {model: collab_run(collab[0], model, epochs=40, eval_every=5) for model in ("mlp", "gcn", "sage")}
    assert found["gcn"].test > found["mlp"].test + 0.25
    assert found["sage"].test > found["mlp"].test + 0.15
    assert found["gcn"].metric == "hits@50" and found["gcn"].seconds > 0
    assert found["gcn"].num_parameters == 16 * 24 + 24 + 24 * 24 + 24 + 24 * 24 + 24 + 24 + 1


def test_sampled_training_finds_them_too(citation2: tuple[LinkData, Split]) -> None:
    own = SAMPLED | {"batch_size": 128, "exclude_targets": True, "negatives": "target"}
    found = {
        model: run_link_seed("ogbl-citation2", citation2[0], model, overrides=own) for model in ("mlp", "gcn")
    }
    assert found["gcn"].test > found["mlp"].test + 0.1
    assert found["gcn"].metric == "mrr"


def test_no_message_runs_along_links_to_be_predicted(collab: tuple[LinkData, Split]) -> None:
    """The graph that ogb gives holds all links; the encoder's matrix holds those of training, and no other."""
    data = collab[0]
    config = LinkConfig(**SMALL, use_valid_edges=True)
    model = LinkModel("sage", 16, config, torch.Generator().manual_seed(0))
    task = LinkTask(model, data, None, 0)
    at_valid, at_test = (message_matrix(model, links, NUM_NODES) for links in graph_links(data, config))
    train = adjacency(data.train, NUM_NODES, "binary")
    assert task.matrix is not None and at_valid is not None and at_test is not None
    for matrix in (task.matrix, at_valid):
        assert ((matrix != 0) != (train != 0)).nnz == 0
    unseen = {part: _unseen(getattr(data, part).links.pairs, train) for part in ("valid", "test")}
    assert len(unseen["valid"]) > 50 and len(unseen["test"]) > 50
    assert all(at_test[a, b] > 0 and at_test[b, a] > 0 for a, b in unseen["valid"])
    assert all(at_test[a, b] == 0 and at_test[b, a] == 0 for a, b in unseen["test"])


def test_the_test_split_changes_no_weight_and_validation_links_train_nothing(
    collab: tuple[LinkData, Split],
) -> None:
    data = collab[0]
    evaluator = import_ogb("ogb.linkproppred").Evaluator("ogbl-collab")
    settings = {**SMALL, "epochs": 3, "use_valid_edges": True}
    weights = []
    for other in (data, replace(data, test=data.valid), replace(data, valid=data.test)):
        model = LinkModel("gcn", 16, LinkConfig(**settings, patience=99), torch.Generator().manual_seed(0))
        task = LinkTask(model, other, evaluator, 0)
        for loss in task.losses():
            loss.backward()
        weights.append([parameter.grad for parameter in model.parameters()])
    for other_weights in weights[1:]:
        assert all(torch.equal(a, b) for a, b in zip(weights[0], other_weights, strict=True))


def test_validation_links_in_the_graph_change_the_test_figure_alone(collab: tuple[LinkData, Split]) -> None:
    off, on = (collab_run(collab[0], "gcn", epochs=6, use_valid_edges=used) for used in (False, True))
    assert off.valid == on.valid and off.test != on.test
    assert "Validation links did not join the graph when test links were scored." in off.notes
    assert "Validation links joined the graph when test links were scored." in on.notes
    off, on = (run_link_seed("ogbl-collab", collab[0], "common-neighbors", overrides={"use_valid_edges": used})
               for used in (False, True))  # fmt: skip
    assert off.valid == on.valid and off.test < on.test and on.num_parameters == 0


def test_validation_chooses_the_epoch_and_the_test_links_are_scored_once(
    collab: tuple[LinkData, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = replace(collab[0], test=collab[0].test.select(torch.arange(60)))
    ogb = import_ogb("ogb.linkproppred")
    scored: list[int] = []
    plain = ogb.Evaluator.eval
    monkeypatch.setattr(
        ogb.Evaluator,
        "eval",
        lambda self, found: (scored.append(len(found["y_pred_pos"])), plain(self, found))[1],
    )
    records: list[dict[str, Any]] = []
    found = run_link_seed("ogbl-collab", data, "gcn", overrides=SMALL | {"epochs": 8, "eval_every": 2},
                          log=lambda record: records.append(dict(record)))  # fmt: skip
    valid = {record["epoch"]: record["valid"] for record in records if "valid" in record}
    assert list(valid) == [2, 4, 6, 8]
    assert found.valid == max(valid.values()) == valid[found.best_epoch]
    assert scored.count(60) == 1 and len(scored) == 4 + 2


@pytest.mark.parametrize("kind", ["mlp", "gcn", "sage"])
@pytest.mark.parametrize("exclude", [False, True])
def test_with_all_neighbours_a_sampled_step_is_that_of_the_whole_graph(
    collab: tuple[LinkData, Split], kind: str, exclude: bool
) -> None:
    data = collab[0]
    config = LinkConfig(hidden=8, num_layers=2, fanouts=(-1, -1), exclude_targets=exclude)
    model = LinkModel(kind, 16, config, torch.Generator().manual_seed(0))
    matrix = adjacency(data.train, NUM_NODES, "weight")
    step = Drawn(0, 0, data.train.pairs[:, :40], torch.randint(NUM_NODES, (2, 40)))
    whole = next(WholeGraph(model, data.x, matrix).answers(iter([step])))
    sampled = next(SampledGraph(model, data.x, matrix, 0).answers(iter([step])))
    for side in ("true", "false"):
        ends = (answer.vectors[getattr(answer, side)] for answer in (whole, sampled))
        torch.testing.assert_close(*ends, rtol=1e-4, atol=1e-5)


def test_excluded_targets_leave_no_trace_of_themselves(collab: tuple[LinkData, Split]) -> None:
    """A node whose only links are asked about gets no message at all; with its links it does."""
    data = collab[0]
    node = int(data.train.pairs[0, 0])
    own = (data.train.pairs == node).any(dim=0)
    step = Drawn(0, 0, data.train.pairs[:, own], data.train.pairs[:, :1])
    vectors = {}
    for exclude in (False, True):
        config = LinkConfig(hidden=8, num_layers=1, fanouts=(-1,), exclude_targets=exclude)
        model = LinkModel("sage", 16, config, torch.Generator().manual_seed(0))
        answer = next(
            SampledGraph(model, data.x, adjacency(data.train, NUM_NODES, "count"), 0).answers(iter([step]))
        )
        vectors[exclude] = answer.vectors[answer.true[step.true == node][0]]
        alone = model.layer(0, data.x[[node]], torch.zeros(1, 16))[0]
    torch.testing.assert_close(vectors[True], alone)
    assert not torch.allclose(vectors[False], alone)


@pytest.mark.parametrize("mode", ["full", "sampled"])
def test_the_same_seed_gives_the_same_weights_whatever_the_workers(
    collab: tuple[LinkData, Split], mode: str
) -> None:
    evaluator = import_ogb("ogb.linkproppred").Evaluator("ogbl-collab")
    weights = []
    for workers, seed in ((0, 1), (2, 1), (0, 2)):
        config = LinkConfig(**{**SAMPLED, "mode": mode, "epochs": 2, "workers": workers, "dropout": 0.2})
        model = LinkModel("sage", 16, config, torch.Generator().manual_seed(5))
        train_link(model, collab[0], evaluator, seed=seed)
        weights.append(list(model.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(*weights[:2], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(weights[0], weights[2], strict=True))


def test_negatives_keep_the_source_or_are_pairs(collab: tuple[LinkData, Split]) -> None:
    for negatives in ("pair", "target"):
        config = LinkConfig(**{**SMALL, "negatives": negatives, "batch_size": 100, "steps_per_epoch": 3})
        model = LinkModel("mlp", 16, config, torch.Generator().manual_seed(0))
        drawn = list(LinkTask(model, collab[0], None, 0)._drawn())
        assert len(drawn) == 3
        for step in drawn:
            assert bool((step.true[0] == step.false[0]).all()) is (negatives == "target")
            assert step.true.shape == step.false.shape == (2, 100)


def test_the_gradient_of_all_parameters_together_is_shortened() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    module(x).sum().backward()
    plain = [parameter.grad.clone() for parameter in module.parameters()]
    length = torch.stack([grad.norm() for grad in plain]).norm()
    clip = GradientClip(module, float(length) / 4)
    for _ in range(2):
        module.zero_grad()
        module(x).sum().backward()
        for parameter, before in zip(module.parameters(), plain, strict=True):
            torch.testing.assert_close(parameter.grad, before / 4, rtol=1e-4, atol=1e-6)
    clip.remove()
    module.zero_grad()
    module(x).sum().backward()
    assert all(torch.equal(p.grad, before) for p, before in zip(module.parameters(), plain, strict=True))


def test_links_of_early_years_are_left_out_altogether(collab: tuple[LinkData, Split]) -> None:
    data = collab[0]
    config = LinkConfig(**SMALL, since_year=2005, edge_weights="count")
    task = LinkTask(LinkModel("gcn", 16, config, torch.Generator()), data, None, 0)
    late = data.train.pairs[:, data.train.year >= 2005]
    assert torch.equal(task.pairs, late) and late.shape[1] < data.train.pairs.shape[1]
    assert (
        task.matrix is not None
        and task.matrix.nnz == adjacency(data.train.since(2005), NUM_NODES, "count").nnz + NUM_NODES
    )


def test_features_of_ones_own(collab: tuple[LinkData, Split]) -> None:
    """The communities themselves as features make a perceptron as good as any."""
    groups = torch.nn.functional.one_hot(torch.arange(NUM_NODES) % 8).float()
    found = run_link_seed("ogbl-collab", collab[0], "mlp", features=groups, overrides=SMALL)
    assert found.test > 0.8
    with pytest.raises(InvalidInputError, match="160 nodes; given features of shape"):
        run_link_seed("ogbl-collab", collab[0], "mlp", features=groups[:-1])


def test_impossible_runs_are_refused_in_a_sentence(
    collab: tuple[LinkData, Split], citation2: tuple[LinkData, Split], tmp_path: Path
) -> None:
    for name, model, overrides, message in (
        ("ogbl-ppa", "gcn", {}, "No link prediction for 'ogbl-ppa'"),
        ("ogbl-collab", "rotate", {}, "choose one of mlp, gcn"),
        ("ogbl-collab", "gcn", {"margin": 3}, "'margin'"),
        ("ogbl-collab", "common-neighbors", {"hidden": 3}, "'hidden'"),
        ("ogbl-collab", "gcn", {"mode": "sampled", "fanouts": [3]}, "3 layers need as many fanouts; given 3"),
        ("ogbl-citation2", "gcn", {"use_valid_edges": True}, "keep validation links out"),
    ):
        with pytest.raises(ConfigError, match=message):
            run_link_seed(name, collab[0], model, overrides=overrides)
    with pytest.raises(NotFoundError, match="ogbl_collab"):
        run_link_seed("ogbl-collab", tmp_path, "gcn")


def test_damaged_splits_and_unfit_arrays_are_refused(tmp_path: Path) -> None:
    split = save_collab(tmp_path)
    graph = {"num_nodes": NUM_NODES, "node_feat": np.zeros((NUM_NODES, 2), np.float32)}
    wrong = {**split, "train": {**split["train"], "edge": split["train"]["edge"] + NUM_NODES - 5}}
    with pytest.raises(InvalidInputError, match=r"names a node outside 0\.\.159"):
        link_data("ogbl-collab", graph, wrong)
    without = {part: arrays for part, arrays in split["test"].items() if part != "edge_neg"}
    with pytest.raises(InvalidInputError, match="no false links"):
        link_data("ogbl-collab", graph, {**split, "test": without})
    none = {**split, "valid": {**split["valid"], "edge": split["valid"]["edge"][:0]}}
    with pytest.raises(InvalidInputError, match="no links in ogbl-collab, valid"):
        link_data("ogbl-collab", graph, none)
    own = {"source_node": [0], "target_node": [1], "target_node_neg": [[2], [3]]}
    with pytest.raises(InvalidInputError, match=r"not \[1, any\]"):
        link_data("ogbl-citation2", graph, {"train": own, "valid": own, "test": own})
    bare = link_data("ogbl-collab", {"num_nodes": NUM_NODES}, split)
    assert run_link_seed("ogbl-collab", bare, "adamic-adar").test > 0.5
    with pytest.raises(InvalidInputError, match="no node features, and gcn needs some"):
        run_link_seed("ogbl-collab", bare, "gcn")
    path = next((tmp_path / "ogbl_collab" / "split").rglob("split_dict.pt"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptionError, match="cannot be read"):
        read_links("ogbl-collab", tmp_path)


def _unseen(pairs: torch.Tensor, train: Any) -> list[tuple[int, int]]:
    return [(a, b) for a, b in pairs.T.tolist() if train[a, b] == 0]
