from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from graphrec.adapt import store_run
from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.features import TextFeatures
from graphrec.adapt.from_store import StoreData, domain_data
from graphrec.adapt.model import AdaptedModel
from graphrec.adapt.rehearsal import Rehearsal, plain
from graphrec.adapt.report import agreement, held_out_scores, prediction_rows, target_scores
from graphrec.adapt.store_run import RunOptions, adapt_to_folder
from graphrec.errors import InvalidInputError
from graphrec.store.snapshot import GraphSnapshot
from graphrec.text.sources import NodeTexts
from tests.adapt.store_world import DISHES, SHOPS, kind, salt, snapshot_of
from tests.adapt.test_from_store import task

QUICK = AdaptConfig(
    hidden=16, learning_rate=1e-2, average=0.9, stop=StopConfig(epochs=15, least=15, every=15)
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> GraphSnapshot:
    return snapshot_of(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def classes(snapshot: GraphSnapshot) -> StoreData:
    return domain_data(snapshot, task(held_out=0.25))


@pytest.fixture(scope="module")
def made(classes: StoreData, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Two seeds, evaluated."""
    out = tmp_path_factory.mktemp("run") / "out"
    return out, adapt_to_folder(classes, out, QUICK, RunOptions(seeds=(0, 1), check=False, evaluate=True))


def lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_dishes_of_the_other_shops_are_told_apart(made: tuple[Path, dict[str, Any]]) -> None:
    rows = lines(made[0])
    assert [row["node"] for row in rows] == [f"{shop}-{n:02d}" for shop in SHOPS[2:] for n in range(DISHES)]
    assert all(row["node"].startswith(row["domain"]) for row in rows)
    right = [row["predicted"] == kind(int(row["node"].partition("-")[2])) for row in rows]
    assert np.mean(right) > 0.9
    assert all(0.5 <= row["probability"] <= 1 for row in rows)


def test_the_report_counts_what_the_predictions_say(
    made: tuple[Path, dict[str, Any]], classes: StoreData
) -> None:
    """Accuracies by shop and by hops, again from the saved models, one row at a time."""
    out, report = made
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == report
    wanted: dict[str, list[float]] = {shop: [] for shop in SHOPS}
    for seed in (0, 1):
        model = AdaptedModel.load(out / "models" / str(seed))
        named = model.predict(classes.data.x, classes.data.domain).argmax(axis=1)
        for place, shop in enumerate(SHOPS):
            rows = [
                row
                for row in np.flatnonzero(classes.data.domain == place)
                if place > 1 or classes.held_out[row]
            ]
            wanted[shop].append(float(np.mean([named[row] == classes.truth[row] for row in rows])))
    held, targets = report["held_out"], report["targets"]["methods"]["grda"]
    assert held["nodes"] == 8
    np.testing.assert_allclose(held["seeds"], np.mean([wanted["north"], wanted["hill"]], axis=0))
    assert targets["by_hops"]["1"]["seeds"] == pytest.approx(wanted["centre"])
    assert targets["by_hops"]["3"]["seeds"] == pytest.approx(wanted["south"])
    np.testing.assert_allclose(targets["seeds"], np.mean([wanted[shop] for shop in SHOPS[2:]], axis=0))
    assert targets["sd"] == pytest.approx(abs(targets["seeds"][0] - targets["seeds"][1]) / math.sqrt(2))
    assert set(report["targets"]["methods"]) == {"grda", "source_only"}
    assert report["targets"]["domains_by_hops"] == {"1": 1, "2": 1, "3": 1}
    assert 0 <= report["agreement"] <= 1
    assert [(row["domain"], row["source"], row["hops"], row["labels"]) for row in report["domains"]] == [
        ("north", True, 0, 12), ("hill", True, 0, 12), ("centre", False, 1, 0), ("river", False, 2, 0),
        ("south", False, 3, 0),
    ]  # fmt: skip


def test_the_code_on_the_card_runs(
    made: tuple[Path, dict[str, Any]], classes: StoreData, snapshot: GraphSnapshot
) -> None:
    """A later node is described as a row was, and predicted by the first model alone."""
    out, _ = made
    card = (out / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert found is not None and "/tmp" not in card
    code = found[1].replace('"this folder', f'"{out}').replace("\nmodel.predict", "\nanswer = model.predict")
    space: dict[str, Any] = {}
    exec(code, space)
    assert space["answer"].shape == (2, 2) and np.allclose(space["answer"].sum(axis=1), 1, atol=1e-5)
    assert "| north | source | 16 | 12 |" in card and "| south | 3 | 16 | 0 |" in card
    row = classes.ids.index("centre-00")
    text = dict(NodeTexts(snapshot, "dish", ("name", "description")).rows())[int(classes.nodes[row])]
    described = TextFeatures.load(out)([text])
    np.testing.assert_allclose(described[0], classes.data.x[row], atol=1e-5)


def test_pictures_are_there_and_well_formed(made: tuple[Path, dict[str, Any]]) -> None:
    for name in ("domain_graph.svg", "hops.svg"):
        root = ElementTree.parse(made[0] / name).getroot()
        assert root.tag.endswith("svg")
    shown = (made[0] / "domain_graph.svg").read_text(encoding="utf-8")
    assert all(shop in shown for shop in SHOPS)


def test_without_a_look_at_targets_nothing_depends_on_their_labels(
    tmp_path: Path, classes: StoreData
) -> None:
    """Also the whole folder is the same for a store in which they are unknown."""
    (tmp_path / "blind").mkdir()
    blind = domain_data(snapshot_of(tmp_path / "blind", hidden=SHOPS[2:]), task(held_out=0.25))
    short = QUICK.model_copy(update={"stop": StopConfig(epochs=2, least=1, every=1)})
    for name, data in (("one", classes), ("other", blind)):
        report = adapt_to_folder(data, tmp_path / name, short, RunOptions(check=False))
        assert report["targets"] is None and report["agreement"] is None
    files = sorted(
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    assert Path("models/0/adapted.json") in files and Path("hops.svg") not in files
    for file in files:
        one, other = ((tmp_path / name / file).read_bytes() for name in ("one", "other"))
        named = classes.snapshot.encode(), blind.snapshot.encode()
        assert one.replace(*named) == other, file


def test_numbers_are_predicted_in_their_units(snapshot: GraphSnapshot, tmp_path: Path) -> None:
    found = domain_data(snapshot, task(label="salt"))
    report = adapt_to_folder(found, tmp_path / "out", QUICK, RunOptions(check=False, evaluate=True))
    off = [row["predicted"] - salt(int(row["node"].partition("-")[2])) for row in lines(tmp_path / "out")]
    assert report["targets"]["metric"] == "mse"
    errors = np.square(off).reshape(3, DISHES).mean(axis=1)
    assert report["targets"]["methods"]["grda"]["mean"] == pytest.approx(errors.mean(), abs=1e-3)
    assert errors.mean() < 0.4 * report["targets"]["baseline"]


@pytest.mark.parametrize(
    ("scores", "best"), [((0.6, 0.7), "source_only"), ((0.8, 0.99), "grda"), ((0.5, 0.4), "source_only")]
)
def test_where_the_rehearsal_gains_nothing_the_plain_model_is_taken(
    classes: StoreData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scores: tuple[float, float],
    best: str,
) -> None:
    """The plain model scores .6 and .8 on two hidden shops."""
    seen = []

    def rehearsed(data: DomainData, configs: dict[str, AdaptConfig], **how: Any) -> Rehearsal:
        seen.append((data, configs))
        rows = {"source_only": np.array([[0.6, 0.8]]), "grda": np.array([scores])}
        return Rehearsal("accuracy", SHOPS[:2], rows)

    monkeypatch.setattr(store_run, "rehearse", rehearsed)
    short = QUICK.model_copy(update={"stop": StopConfig(epochs=1, least=1, every=1)})
    found = adapt_to_folder(classes, tmp_path / "out", short, RunOptions(fall_back=True))
    assert found["check"]["best"] == found["method"] == best
    assert (found["config"]["taught"] is None) == (best == "source_only")
    assert seen == [(classes.data, {"grda": store_run.usual(short, classes.data)})]
    asked = adapt_to_folder(classes, tmp_path / "out", short, RunOptions())
    assert asked["method"] == "grda" and asked["check"]["best"] == best


def test_what_is_not_to_be_checked_is_not(
    snapshot: GraphSnapshot, classes: StoreData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_run, "rehearse", lambda *_, **__: pytest.fail("rehearsed"))
    short = QUICK.model_copy(update={"stop": StopConfig(epochs=1, least=1, every=1)})
    alone = domain_data(snapshot, task(sources=("north",)))
    for data, config, options in (
        (classes, short, RunOptions(check=False)), (alone, short, RunOptions()), (classes, plain(short), RunOptions())
    ):  # fmt: skip
        assert adapt_to_folder(data, tmp_path / "out", config, options)["check"] is None
    report = adapt_to_folder(alone, tmp_path / "out", short, RunOptions())
    assert any("single source" in said for said in report["warnings"])


@pytest.mark.parametrize(
    ("rows", "epochs", "least"),
    [(5, 60, 20), (300, 60, 20), (2000, 20, 7), (90_000, 12, 4)],
)
def test_large_domains_get_fewer_epochs(rows: int, epochs: int, least: int) -> None:
    """Batches of 10: epochs times steps of an epoch stays within 4,000 (or 12 epochs)."""
    x = np.zeros((2 * rows, 1), np.float32)
    x[::2] = 1
    domain = np.arange(2 * rows) % 2
    labels = np.arange(2 * rows) // 2 % 2
    data = DomainData.hide(x, domain, labels, DomainGraph.clique(("a", "b", "c")), ["a"], 2)
    found = store_run.paced(AdaptConfig(), data).stop
    assert (found.epochs, found.least) == (epochs, least)
    asked = AdaptConfig(stop=StopConfig(epochs=7))
    assert store_run.paced(asked, data) == asked


def test_no_folder_is_named(snapshot: GraphSnapshot, tmp_path: Path) -> None:
    (tmp_path / "borders.csv").write_text("north,centre\ncentre,south\nhill,river\n", encoding="utf-8")
    found = domain_data(snapshot, task(graph=f"borders:{tmp_path / 'borders.csv'}"))
    short = QUICK.model_copy(update={"stop": StopConfig(epochs=1, least=1, every=1)})
    report = adapt_to_folder(found, tmp_path / "out", short, RunOptions(check=False))
    assert report["task"]["graph"] == "borders:borders.csv"
    assert [row["hops"] for row in report["domains"]] == [0, 0, 1, 1, 2]
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert written and not any(str(tmp_path).encode() in content for content in written)


def test_an_older_adaptation_is_replaced_and_nothing_else(classes: StoreData, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(InvalidInputError, match="other things in it"):
        patch.setattr(store_run, "adapt", lambda *_, **__: pytest.fail("trained in vain"))
        adapt_to_folder(classes, tmp_path / "mine", QUICK, RunOptions(check=False))
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "letter.txt"]
    with pytest.raises(InvalidInputError, match="one seed"):
        adapt_to_folder(classes, tmp_path / "new", QUICK, RunOptions(seeds=()))


def test_scores_by_hand(snapshot: GraphSnapshot) -> None:
    """Predictions that are right for sweet dishes only: half of every shop."""
    found = domain_data(snapshot, task(held_out=0.5))
    sweet = found.outputs.index("sweet")
    always = np.eye(2, dtype=np.float32)[np.full(len(found.ids), sweet)]
    never = 1 - always
    targets = target_scores(found, {"always": [always, always], "never": [never]})
    assert targets is not None
    assert targets["methods"]["always"] | {"by_hops": 0} == {
        "mean": 0.5, "sd": 0.0, "seeds": [0.5, 0.5], "by_hops": 0, "by_domain": dict.fromkeys(SHOPS[2:], 0.5),
    }  # fmt: skip
    assert targets["methods"]["never"]["sd"] is None and targets["nodes"] == 3 * DISHES
    held = held_out_scores(found, [always])
    assert held is not None
    share = {
        shop: float(np.mean(found.truth[found.held_out & (found.data.domain == place)] == sweet))
        for place, shop in enumerate(SHOPS[:2])
    }
    assert held["by_domain"] == pytest.approx(share)
    learned = found.truth[found.data.labelled]
    common = int((learned == 1).sum() > (learned == 0).sum())
    right = [np.mean(found.truth[found.held_out & (found.data.domain == n)] == common) for n in (0, 1)]
    assert held["baseline"] == pytest.approx(np.mean(right))
    assert agreement(found, [always, always]) == 1.0 and agreement(found, [always, never]) == 0.0
    mixed = np.where((found.data.domain == 4)[:, None], never, always)
    assert agreement(found, [always, mixed]) == pytest.approx(2 / 3)
    assert {row["predicted"] for row in prediction_rows(found, always)} == {"sweet"}
