"""From a store to a bundle that serves: whole runs on a tiny catalogue."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import read_bundle
from graphrec.errors import ConfigError, InvalidInputError
from graphrec.nlu.recommender import Recommender
from graphrec.store import GraphStore
from graphrec.training import from_store, train_from_store

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = ["epochs=3", "dim=8", "eval_every=1", "blend.ridges=[10]"]
FOODS = """
    leek squid quinoa fennel rhubarb okra turnip papaya mango kale plum radish trout barley chard quince lychee
    parsnip guava cassava
""".split()


def fill(store, *, users=20, items=30, liked=8, times="all", days=0, attributes=True):
    """Users who mostly choose dishes with their own food; every dish has two foods."""
    rng = np.random.default_rng(0)
    own = [[FOODS[n % len(FOODS)], FOODS[int(rng.integers(len(FOODS)))]] for n in range(items)]
    with store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{n}", f"{own[n][0].title()} dish") for n in range(items)])
        if attributes:
            writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
            writer.add_edges(
                "contains", [(f"r{n}", food) for n in range(items) for food in sorted(set(own[n]))]
            )
        rows = []
        for user in range(users):
            odds = np.array([20.0 if FOODS[user % len(FOODS)] in foods else 1.0 for foods in own])
            for item in rng.choice(items, liked, replace=False, p=odds / odds.sum()).tolist():
                n = len(rows)
                when = 10**15 + (n % days * 10**11 if days else n * 7919 % 997)
                timed = times == "all" or (times == "some" and n > 0)
                rows.append((f"u{user}", f"r{item}", "cook", when if timed else None, None))
        writer.add_interactions(rows)
    return rows


@pytest.fixture
def store(tmp_path):
    with GraphStore.open(f"sqlite:///{tmp_path / 'tiny.db'}") as opened:
        yield opened


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A store that is large enough for a request scorer, the bundle trained on it and the model inside."""
    folder, kept = tmp_path_factory.mktemp("trained"), {}
    patch = pytest.MonkeyPatch()
    real = from_store._Training._final

    def final(self, *arguments):
        kept["final"] = real(self, *arguments)
        return kept["final"]

    patch.setattr(from_store._Training, "_final", final)
    with GraphStore.open(f"sqlite:///{folder / 'kitchen.db'}") as opened:
        fill(opened, users=60, items=70, liked=10)
        report = train_from_store(
            opened, model="ckgat", out=folder / "model", seed=4, device="cpu", progress=False,
            overrides=[*QUICK, "split.valid=0.3", "split.kind=random", "request.epochs=2", "request.rank=4",
                       "cold_items.enabled=false", "cold_users.enabled=false"],  # see test_cold_steps.py
        )  # fmt: skip
    patch.undo()
    return folder, report, kept["final"]


def test_popularity_end_to_end(store, tmp_path, capfd):
    rows = fill(store)
    report = train_from_store(store, model="popularity", out=tmp_path / "m", device="cpu")
    bundle = read_bundle(tmp_path / "m")
    counts = {f"r{n}": sum(item == f"r{n}" for _, item, *_ in rows) for n in range(30)}
    for user in (0, 7):
        found = dict(zip(bundle.catalogue.item_ids, bundle.score_user(user).tolist(), strict=True))
        assert found == counts
    assert report["model"] == bundle.manifest["model"] == "popularity"
    assert 0 <= report["test"]["recall@20"] <= 1
    assert bundle.manifest["metrics"]["recall@20"] == pytest.approx(report["test"]["recall@20"])
    (record,) = store.bundles()
    assert (record.path, record.snapshot, record.flag) == (tmp_path / "m", bundle.manifest["snapshot"], None)
    assert capfd.readouterr() == ("", "")


def test_ckgat_bundle_scores_as_the_model_that_was_refitted_on_everything(trained):
    folder, report, final = trained
    bundle = read_bundle(folder / "model")
    expected = final.score(np.arange(60))
    for user in range(60):
        np.testing.assert_allclose(bundle.score_user(user), expected[user], rtol=1e-3, atol=1e-4)
    assert bundle.history.nnz == 600
    assert 1 <= report["chosen"]["best_epoch"] <= 3
    assert bundle.manifest["config"]["epochs"] == 3
    assert "NDCG" in (folder / "model" / "README.md").read_text().upper()


def test_the_log_holds_both_fits_and_no_checkpoint_stays(trained):
    folder, report, _ = trained
    lines = [json.loads(line) for line in (folder / "model.log.jsonl").read_text().splitlines()]
    assert [line["stage"] for line in lines if "stage" in line] == ["fit", "refit"]
    second = lines[[line.get("stage") for line in lines].index("refit") :]
    assert [line["epoch"] for line in second[1:]] == list(range(1, report["chosen"]["best_epoch"] + 1))
    assert not any("valid" in line for line in second)  # the final fit has nothing left to look at
    assert sorted(path.name for path in folder.iterdir() if "checkpoint" in path.name) == []


def test_a_request_steers_and_without_one_the_personal_score_stands(trained):
    folder, report, _ = trained
    assert report["chosen"]["request_scorer"] is True
    recommender = Recommender.load(folder / "model")
    bundle = recommender.bundle
    index = bundle.catalogue.user_ids.find("u3")
    base = dict(zip(bundle.catalogue.item_ids, bundle.score_user(index).tolist(), strict=True))
    for item in recommender.recommend("u3").items:
        assert item.score == pytest.approx(base[item.item], rel=1e-5)
    asked = recommender.recommend("u3", request="something with mango")
    assert [str(ref) for ref in asked.query.must] == ["ingredient:mango"]
    assert asked.items
    assert any(abs(item.score - base[item.item]) > 1e-3 for item in asked.items)
    stranger = recommender.recommend("nobody", request="something with mango")
    assert stranger.fallback == "cold_user"
    assert {item.item for item in stranger.items} >= {item.item for item in asked.items[:1]}


def test_serving_the_bundle_loads_no_torch(trained):
    script = (
        "import sys; from graphrec import Recommender; "
        f"found = Recommender.load({str(trained[0] / 'model')!r}).recommend('u1', request='mango dish', explain=True); "
        "assert found.items; assert not {'torch', 'pandas', 'networkx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True, timeout=60)


def test_an_erased_user_flags_the_bundle(store, tmp_path):
    fill(store)
    train_from_store(store, model="popularity", out=tmp_path / "m", device="cpu", progress=False)
    store.erase("u3")
    assert store.bundles()[0].flag is not None
    train_from_store(store, model="popularity", out=tmp_path / "m", device="cpu", progress=False)
    assert [record.flag for record in store.bundles()] == [None]
    assert read_bundle(tmp_path / "m").catalogue.user_ids.find("u3") is None


@pytest.mark.parametrize("nodes", [False, True])
def test_a_store_without_interactions_is_named(store, tmp_path, nodes):
    if nodes:
        with store.writing() as writer:
            writer.add_nodes("recipe", [("r1", "Soup")])
    with pytest.raises(InvalidInputError, match=r"tiny\.db holds no interaction"):
        train_from_store(store, model="ckgat", out=tmp_path / "m", progress=False)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [(["dmi=3"], "'dmi' of ckgat"), (["split.valid=2"], "'split.valid'"), (["dim"], "key=value")],
)
def test_a_wrong_setting_stops_before_any_work(store, tmp_path, overrides, message):
    fill(store)
    with pytest.raises(ConfigError, match=message):
        train_from_store(store, model="ckgat", out=tmp_path / "m", overrides=overrides)
    with pytest.raises(ConfigError, match="Unknown model 'kgta'"):
        train_from_store(store, model="kgta", out=tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("tiny.db-")) == [
        "tiny.db"
    ]


@pytest.mark.parametrize(("times", "kind"), [("all", "time"), ("some", "random"), ("none", "random")])
def test_the_split_is_by_time_when_every_row_has_one(store, tmp_path, times, kind):
    fill(store, times=times)
    train_from_store(store, model="popularity", out=tmp_path / "m", device="cpu", progress=False)
    assert kind in read_bundle(tmp_path / "m").manifest["split"]


@pytest.mark.parametrize("days", [1, 2])
@pytest.mark.parametrize("model", ["popularity", "ckgat"])
def test_times_too_coarse_to_cut_by_are_split_at_random(store, tmp_path, days, model):
    fill(store, days=days)
    quick = QUICK if model == "ckgat" else []
    arguments = {"model": model, "out": tmp_path / "m", "device": "cpu", "progress": False}
    train_from_store(store, overrides=quick, **arguments)
    assert "random" in read_bundle(tmp_path / "m").manifest["split"]
    with pytest.raises(InvalidInputError, match=r"time.*split\.kind=random"):
        train_from_store(store, overrides=[*quick, "split.kind=time"], **arguments)


def test_a_time_split_without_times_says_so(store, tmp_path):
    fill(store, times="none")
    with pytest.raises(InvalidInputError, match="time"):
        train_from_store(store, model="popularity", out=tmp_path / "m", overrides=["split.kind=time"])


@pytest.mark.parametrize("model", ["ckgat", "kgat", "ease"])
def test_a_store_that_knows_nothing_of_its_items_still_trains(store, tmp_path, model):
    fill(store, attributes=False)
    quick = QUICK if model == "ckgat" else [] if model == "ease" else QUICK[:3]
    report = train_from_store(
        store, model=model, out=tmp_path / "m", overrides=quick, device="cpu", progress=False
    )
    assert report["chosen"]["request_scorer"] is False
    assert len(Recommender.load(tmp_path / "m").recommend("u1").items) == 10


def test_two_users_and_two_items_are_enough(store, tmp_path):
    with store.writing() as writer:
        writer.add_nodes("recipe", [("a", None), ("b", None)])
        writer.add_interactions([("x", "a", "cook", None, None), ("y", "b", "view", None, None)])
    train_from_store(store, model="ckgat", out=tmp_path / "m", overrides=QUICK, device="cpu", progress=False)
    assert [item.item for item in Recommender.load(tmp_path / "m").recommend("x").items] == ["b"]


def test_a_run_that_died_while_writing_goes_on_and_ends_alike(store, tmp_path, monkeypatch):
    fill(store)
    arguments = {"model": "ckgat", "overrides": QUICK, "device": "cpu", "progress": False, "seed": 2}
    train_from_store(store, out=tmp_path / "whole", **arguments)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(from_store, "write_bundle", full)
    with pytest.raises(OSError, match="No space"):
        train_from_store(store, out=tmp_path / "again", **arguments)
    monkeypatch.undo()
    train_from_store(store, out=tmp_path / "again", **arguments)
    lines = [json.loads(line) for line in (tmp_path / "again.log.jsonl").read_text().splitlines()]
    starts = [n for n, line in enumerate(lines) if "stage" in line]
    assert [lines[n]["stage"] for n in starts] == ["fit", "refit", "fit", "refit"]
    assert len(lines) == starts[2] + 2  # the second run had no epoch left to train
    whole, again = read_bundle(tmp_path / "whole"), read_bundle(tmp_path / "again")
    for user in range(20):
        np.testing.assert_array_equal(whole.score_user(user), again.score_user(user))
    assert whole.manifest["metrics"] == again.manifest["metrics"]
    assert not (tmp_path / "again.checkpoint").exists()
