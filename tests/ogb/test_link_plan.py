"""From a name and a model to rows and a leaderboard page, for links and for triples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.errors import BundleMismatchError, ConfigError, InvalidInputError
from graphrec.ogb.link_plan import plan_links
from graphrec.ogb.plans import plan_of
from graphrec.ogb.protocol import RunSpec
from graphrec.ogb.report import markdown
from graphrec.ogb.runs import run_seeds
from graphrec.training.run_log import RunLog
from tests.ogb.planted_links import NUM_NODES, save_collab
from tests.ogb.planted_triples import save_rings

LINKS: dict[str, Any] = {"hidden": 8, "num_layers": 1, "learning_rate": 0.02}
TRIPLES: dict[str, Any] = {"dim": 4, "batch_size": 100, "eval_every": 2, "num_negatives": 4}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ogb")
    save_collab(folder)
    save_rings(folder)
    return folder


def _silent(seed: int) -> RunLog:
    return RunLog(None, epochs=3, title="", progress=False)


def spec(root: Path, name: str = "ogbl-collab", model: str = "gcn", **given: Any) -> RunSpec:
    settings = given.pop("settings", LINKS if name == "ogbl-collab" else TRIPLES)
    return RunSpec(name, model, root=root, device="cpu", settings=settings, **given)


def test_seeds_of_an_encoder_become_rows_and_a_page(root: Path, tmp_path: Path) -> None:
    asked = spec(root, epochs=3, batch="sampled", settings=LINKS | {"fanouts": [4]})
    plan = plan_of(asked)
    assert (plan.metric, plan.batch, plan.epochs) == ("hits@50", "sampled", 3)
    found = run_seeds(asked, plan, [0, 1], tmp_path / "out", _silent)
    kept = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert [row["test"] for row in kept["rows"]] == [row["test"] for row in found["rows"]]
    assert found["rows"][0]["test"] != found["rows"][1]["test"]
    assert found["parameters"] == 16 * 8 + 8 + 8 + 1 and found["settings"]["hidden"] == 8
    page = markdown(found)
    assert "Test hits@50" in page and "Validation links did not join the graph" in page


def test_a_heuristic_has_no_parameters_and_triples_count_epochs_in_steps(root: Path) -> None:
    plan = plan_links(spec(root, model="common-neighbors", settings={}))
    score = plan.run(0, lambda record: None)
    assert (score.parameters, score.best_epoch, plan.batch) == (0, 0, "full") and score.test > 0.5
    plan = plan_links(spec(root, "ogbl-biokg", "distmult", epochs=2))  # 240 triples: three steps per epoch
    assert plan.settings["steps"] == 6 and plan.epochs == 3 and plan.metric == "mrr"
    records: list[Any] = []
    score = plan.run(0, records.append)
    assert len(records) == 3 and score.parameters == (80 + 8) * 4


def test_features_of_ones_own_are_trained_on_and_named(root: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.eye(NUM_NODES, 5, dtype=np.float16))
    plan = plan_links(spec(root, model="mlp", epochs=1, features=str(tmp_path / "x.npy")))
    assert plan.data["features"]["kind"] == "npy"
    assert plan.run(0, lambda record: None).parameters == 5 * 8 + 8 + 8 + 1
    np.save(tmp_path / "short.npy", np.eye(7, dtype=np.float32))
    with pytest.raises(BundleMismatchError):
        plan_links(spec(root, model="mlp", features=str(tmp_path / "short.npy")))


def test_what_does_not_go_together_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for asked, message in (
        (spec(tmp_path, "ogbl-biokg", "rotate", features="giant"), "rotate reads no features"),
        (spec(tmp_path, model="adamic-adar", settings={}, features="giant"), "adamic-adar reads no features"),
        (spec(tmp_path, model="adamic-adar", settings={}, batch="sampled"), "--batch chooses how encoders"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            plan_links(asked)
    with pytest.raises(ConfigError, match="'dim'"):
        plan_links(spec(tmp_path, settings={"dim": 3}))
