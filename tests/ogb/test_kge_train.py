"""Planted rings through ogb's own loader: who learns rotations, what is scored, and what is never seen."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphrec.errors import ConfigError, InvalidInputError
from graphrec.ogb.kge_config import KGEConfig, kge_defaults
from graphrec.ogb.kge_data import KGData, Triples, kg_data
from graphrec.ogb.kge_evaluate import kge_ranks
from graphrec.ogb.kge_model import build_kge
from graphrec.ogb.kge_train import KGETask, train_kge
from graphrec.ogb.link_read import read_triples
from graphrec.ogb.link_task import run_link_seed
from graphrec.ogb.loading import import_ogb
from graphrec.training.loop import LoopConfig, run_loop
from tests.ogb.planted_triples import RING, TURNS, save_rings

Split = dict[str, dict[str, Any]]
SMALL: dict[str, Any] = {
    "dim": 12, "margin": 6.0, "learning_rate": 0.06, "steps": 100, "eval_every": 50, "batch_size": 240,
    "num_negatives": 10, "regularization": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def rings(tmp_path_factory: pytest.TempPathFactory) -> tuple[KGData, Split]:
    root = tmp_path_factory.mktemp("ogb")
    split = save_rings(root)
    return read_triples("ogbl-biokg", root), split


@pytest.fixture(scope="module")
def evaluator() -> Any:
    return import_ogb("ogb.linkproppred").Evaluator("ogbl-biokg")


def test_what_ogb_reads_becomes_one_numbering_by_type(rings: tuple[KGData, Split]) -> None:
    data, split = rings
    assert data.num_entities == 2 * RING and data.num_relations == len(TURNS)
    start = dict(zip(data.types, data.starts.tolist(), strict=False))
    for part in ("train", "valid", "test"):
        found, given = getattr(data, part), split[part]
        for side in ("head", "tail"):
            expected = given[side] + np.array([start[kind] for kind in given[f"{side}_type"]])
            np.testing.assert_array_equal(getattr(found, side).numpy(), expected)
        np.testing.assert_array_equal(found.relation.numpy(), given["relation"])


def test_rotate_learns_the_relations_that_transe_and_distmult_cannot(rings: tuple[KGData, Split]) -> None:
    scores = {}
    for model in ("rotate", "transe", "distmult"):
        size = {} if model == "rotate" else {"dim": 24}  # as many numbers per entity
        scores[model] = run_link_seed("ogbl-biokg", rings[0], model, overrides=SMALL | size).test
    assert scores["rotate"] > 0.97
    assert max(scores["transe"], scores["distmult"]) < 0.75


def test_transr_with_kgats_loss_ranks_the_triples_it_was_trained_on_first(
    rings: tuple[KGData, Split], evaluator: Any
) -> None:
    data = rings[0]
    among = Triples(**{**vars(data.train), **_all_others(data.train)})
    config = KGEConfig.model_validate(
        kge_defaults("transr") | {"dim": 16, "relation_dim": 16, "steps": 60, "eval_every": 60,
        "learning_rate": 0.03, "batch_size": 240, "num_negatives": 5}
    )  # fmt: skip
    assert config.loss == "translation"
    before = build_kge(data.num_entities, data.num_relations, config, torch.Generator().manual_seed(0))
    blind = kge_ranks(before, data, among, evaluator, "cpu")["mrr"]
    model, _ = train_kge(replace(data, valid=among), config, evaluator)
    assert blind < 0.2
    assert kge_ranks(model, data, among, evaluator, "cpu")["mrr"] > 0.6


def test_mean_reciprocal_rank_is_that_of_loops_and_does_not_depend_on_the_blocks(
    rings: tuple[KGData, Split], evaluator: Any
) -> None:
    data, split = rings
    found = []
    for numbers in (1, 5000, 1 << 26):
        config = KGEConfig(model="rotate", dim=4, margin=3.0, eval_numbers=numbers)
        model = build_kge(data.num_entities, data.num_relations, config, torch.Generator().manual_seed(1))
        found.append(kge_ranks(model, data, data.test, evaluator, "cpu"))
    start = dict(zip(data.types, data.starts.tolist(), strict=False))
    ranks = []
    for row in range(len(data.test)):
        one = data.test.select(torch.tensor([row]))
        for side in ("head", "tail"):
            offset = start[split["test"][f"{side}_type"][row]]
            own = getattr(one, side)
            scores = model.scores(one, torch.arange(data.num_entities)[None], side)[0]
            others = scores[torch.from_numpy(split["test"][f"{side}_neg"][row]) + offset]
            ranks.append(1 + int((others > scores[own]).sum()))
    for each in found:
        assert each["mrr"] == pytest.approx(np.mean(1 / np.array(ranks)), rel=1e-6)
        assert each["hits@3"] == pytest.approx(np.mean(np.array(ranks) <= 3), rel=1e-6)


def test_nothing_of_the_test_split_touches_what_is_trained(
    rings: tuple[KGData, Split], evaluator: Any
) -> None:
    data = rings[0]
    config = KGEConfig.model_validate({"model": "rotate", **SMALL, "steps": 20, "eval_every": 10})
    moved = data.test.select(torch.randperm(len(data.test)))
    other = replace(data, test=replace(moved, tail=moved.head, head=moved.tail))
    weights = [train_kge(found, config, evaluator, seed=4)[0].state_dict() for found in (data, other)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_validation_chooses_the_epoch(rings: tuple[KGData, Split], evaluator: Any) -> None:
    records: list[dict[str, Any]] = []
    config = KGEConfig.model_validate({"model": "transe", **SMALL, "steps": 50, "eval_every": 10})
    model, progress = train_kge(rings[0], config, evaluator, log=lambda record: records.append(dict(record)))
    valid = [record["valid"] for record in records]
    assert (
        len(valid) == 5 and progress.best == max(valid) and progress.best_epoch == 1 + int(np.argmax(valid))
    )
    assert kge_ranks(model, rings[0], rings[0].valid, evaluator, "cpu")["mrr"] == pytest.approx(max(valid))


def test_the_step_size_falls_to_a_tenth_after_the_share_of_steps(
    rings: tuple[KGData, Split], evaluator: Any
) -> None:
    """With a step size this small the first moment of Adam hardly moves: steps are proportional to the rate."""
    config = KGEConfig.model_validate({"model": "transe", **SMALL, "steps": 8, "eval_every": 8, "decay_at": 0.5,
                                       "learning_rate": 1e-7})  # fmt: skip
    model = build_kge(rings[0].num_entities, rings[0].num_relations, config, torch.Generator().manual_seed(0))
    task = KGETask(model, rings[0], evaluator, 0, "cpu")
    seen = []
    plain = task.loss
    task.loss = lambda rows, side: (seen.append(model.relation.detach().clone()), plain(rows, side))[1]  # type: ignore[method-assign]
    run_loop(task, LoopConfig(epochs=1, learning_rate=1e-7, eval_every=1, average=0.0))
    seen.append(model.relation.detach().clone())
    moved = [float((b - a).abs().mean()) for a, b in pairwise(seen)]
    assert max(moved[4:]) < min(moved[:4]) / 3


def test_all_steps_are_made_and_no_more(rings: tuple[KGData, Split], evaluator: Any) -> None:
    config = KGEConfig.model_validate({"model": "distmult", **SMALL, "steps": 25, "eval_every": 10})
    model = build_kge(rings[0].num_entities, rings[0].num_relations, config, torch.Generator().manual_seed(0))
    task = KGETask(model, rings[0], evaluator, 0, "cpu")
    assert [sum(1 for _ in task.losses()) for _ in range(4)] == [10, 10, 5, 0]


def test_unfit_triples_are_refused_by_name() -> None:
    part = {"head_type": ["a"], "tail_type": ["b"], "head": [0], "relation": [0], "tail": [0]}
    asked = part | {"head_neg": [[1]], "tail_neg": [[1]]}
    graph = {"num_nodes_dict": {"a": 2, "b": 2}}
    assert kg_data("kg", graph, {"train": part, "valid": asked, "test": asked}).num_entities == 4
    wrong = {
        "Unknown entity type 'c'": part | {"head_type": ["c"]},
        "outside the entities of its type": part | {"tail": [2]},
        "no triples in kg, train": {key: values[:0] for key, values in part.items()},
        "negative number": part | {"relation": [-1]},
        "differ in length": part | {"relation": [0, 1]},
    }
    for message, train in wrong.items():
        with pytest.raises(InvalidInputError, match=message):
            kg_data("kg", graph, {"train": train, "valid": asked, "test": asked})
    for message, negatives in {"not [1, any]": [[1], [0]], "outside its type": [[2]]}.items():
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            kg_data("kg", graph, {"train": part, "valid": asked | {"head_neg": negatives}, "test": asked})
    with pytest.raises(InvalidInputError, match="no head_neg and tail_neg in its test"):
        kg_data("kg", graph, {"train": part, "valid": asked, "test": part})


def test_wrong_models_settings_and_features_are_refused(rings: tuple[KGData, Split], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose one of transe"):
        run_link_seed("ogbl-biokg", rings[0], "gcn")
    with pytest.raises(ConfigError, match="num_layers"):
        run_link_seed("ogbl-biokg", rings[0], "rotate", overrides={"num_layers": 2})
    with pytest.raises(InvalidInputError, match="have no features"):
        run_link_seed("ogbl-biokg", rings[0], "rotate", features=torch.zeros(3, 2))


def _all_others(triples: Triples) -> dict[str, torch.Tensor]:
    """As negatives of each triple every other entity of the type."""
    found = {}
    for side in ("head", "tail"):
        local = getattr(triples, side) % RING
        found[f"{side}_negatives"] = torch.stack(
            [torch.arange(RING)[torch.arange(RING) != own] for own in local.tolist()]
        )
    return found
