from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.item_scorer import ITEM_ADAPT
from graphrec.adapt.model import AdaptedModel
from graphrec.store import GraphStore
from graphrec.training import cold_domains
from tests.adapt.store_world import DISHES, SHOPS, dish, kind, write_world
from tests.cli.conftest import Command, Kitchen

SHOP = ("--node-type", "dish", "--domain", "shop", "--label", "kind", "--graph", "relation:near")
QUICK = (
    "--set",
    "hidden=16",
    "--set",
    "learning_rate=0.005",
    "--set",
    "stop.epochs=30",
    "--set",
    "stop.least=30",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_world(tmp_path_factory.mktemp("shops"))


def test_kinds_learned_in_two_shops_are_predicted_in_three(
    graphrec: Command, url: str, tmp_path: Path
) -> None:
    out = tmp_path / "adapted"
    done = graphrec(
        "adapt",
        "--store",
        url,
        *SHOP,
        "--sources",
        "North,the hill shop",
        "--out",
        out,
        "--no-check",
        "--json",
        *QUICK,
    )
    assert done.status == 0, done.err
    assert isinstance(done.json, dict)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert done.json == {"path": str(out), **report}
    assert report["method"] == "grda" and report["targets"] is None and report["check"] is None
    assert done.err.splitlines() == report["warnings"] and not (out / "hops.svg").exists()
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["node"] for row in rows} == {dish(shop, n) for shop in SHOPS[2:] for n in range(DISHES)}
    right = [row["predicted"] == kind(int(row["node"][-2:])) for row in rows]
    assert sum(right) > 0.9 * len(right)
    assert AdaptedModel.load(out / "models" / "0").config.hidden == 16
    with GraphStore.open(url, read_only=True) as store:  # nothing of a user is in it: erasures need not know
        assert not list(store.bundles())


def test_the_table_says_what_was_done(graphrec: Command, url: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        "method = 'dann'\nhidden = 8\n[stop]\nepochs = 2\nleast = 1\n", encoding="utf-8"
    )
    done = graphrec(
        "adapt", "--store", url, *SHOP, "--sources", "north,south", "--out", tmp_path / "o", "--config",
        tmp_path / "c.toml", "--seeds", 2, "--seed", 4, "--evaluate", "--text", "name",
    )  # fmt: skip
    assert done.status == 0, done.err
    table = dict(line.split("\t") for line in done.out.splitlines())
    assert table["predicted"] == "kind of 48 dish nodes" and table["domains"] == "2 sources, 5 in all"
    assert table["labels learned"] == "30" and table["inputs"].startswith("TF-IDF of name of the dish nodes")
    assert table["method"] == "dann" and "±" in table["accuracy on targets: dann"]
    assert table["rehearsal: dann"].startswith(("helps", "no difference", "hurts"))
    assert {"accuracy on targets: source_only", "  1 edge away", "  2 edges away"} < set(table)
    assert sorted(path.name for path in (tmp_path / "o" / "models").iterdir()) == ["4", "5"]


@pytest.mark.parametrize(
    ("words", "method", "taught"),
    [(("--method", "source_only"), "source_only", False), (("--method", "mdd"), "mdd", False),
     (("--method", "grda"), "grda", True),
     (("--set", "method=cdann"), "cdann", True)],
)  # fmt: skip
def test_methods_by_name(
    graphrec: Command, url: str, tmp_path: Path, words: tuple[str, ...], method: str, taught: bool
) -> None:
    done = graphrec(
        "adapt", "--store", url, *SHOP, "--sources", "north,hill", "--out", tmp_path / "o", "--no-check", "--json",
        "--set", "stop.epochs=1", "--set", "stop.least=1", *words,
    )  # fmt: skip
    assert done.status == 0, done.err
    assert isinstance(done.json, dict)
    assert done.json["method"] == method and (done.json["config"]["taught"] is not None) == taught


def test_interactions_adapt_the_items_of_a_bundle(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the items of a bundle become is tested beside it; here, what the command hands over and prints."""
    seen: dict[str, Any] = {}

    def adapt_items(bundle: Path, store: GraphStore, **how: Any) -> dict[str, Any]:
        seen.update(how, bundle=bundle)
        shutil.copytree(bundle, how["out"], dirs_exist_ok=True)
        return {
            "bundle": str(how["out"]), "sources": ["thai"], "targets": ["mexican"], "adapted_items": 4, "share": 0.5,
            "check": {"student": 0.1, "chosen": 0.2, "hidden": ["greek", "thai"]}, "warnings": ["Few items."],
        }  # fmt: skip

    monkeypatch.setattr(cold_domains, "adapt_items", adapt_items)
    words = ("adapt", "--store", kitchen.url, "--label", "interactions", "--out", tmp_path / "o")
    done = graphrec(*words, "--model", kitchen.bundle, "--sources", "Thai", "--graph", "similarity:contains")
    assert done.status == 0, done.err
    assert seen["bundle"] == kitchen.bundle and seen["sources"] == ["thai"] and seen["out"] == tmp_path / "o"
    assert seen["domain_of"]["pad-thai"] == "thai" and len(seen["domain_of"]) == 12
    assert isinstance(seen["graph"], DomainGraph) and set(seen["graph"].names) == {
        "thai",
        "italian",
        "mexican",
    }
    assert seen["config"] == ITEM_ADAPT and seen["check"] is True
    assert "adapted items\t4" in done.out and "check: chosen\t0.2000" in done.out
    assert "check: hidden\tgreek, thai" in done.out
    with GraphStore.open(kitchen.url, read_only=True) as store:
        assert tmp_path / "o" in [record.path for record in store.bundles()]
    assert done.err == "Few items.\n"
    assert graphrec(*words, "--model", kitchen.bundle).status == 0 and seen["sources"] is None
    few = ("--set", "stop.epochs=3", "--method", "dann", "--no-check")
    assert graphrec(*words, "--model", kitchen.bundle, *few).status == 0 and not seen["check"]
    stop = ITEM_ADAPT.stop.model_copy(update={"epochs": 3})
    assert seen["config"] == ITEM_ADAPT.model_copy(update={"stop": stop, "method": "dann"})
    assert "--model DIR" in graphrec.fails(*words)
    assert "choose recipe nodes, not dish" in graphrec.fails(
        *words, "--model", kitchen.bundle, "--node-type", "dish"
    )
    assert "--evaluate does not belong" in graphrec.fails(*words, "--model", kitchen.bundle, "--evaluate")
    assert "--model belongs" in graphrec.fails(
        *words[:-4], "--out", tmp_path / "o", "--model", kitchen.bundle
    )


def test_what_cannot_be_done_is_one_line(graphrec: Command, url: str, tmp_path: Path) -> None:
    base = ("adapt", "--store", url, *SHOP, "--out", tmp_path / "o", *QUICK)
    assert "--out DIR" in graphrec.fails("adapt", "--store", url)
    assert "--sources A,B,C" in graphrec.fails(*base)
    named = (*base, "--sources", "north,hill")
    assert "no domain 'moon'" in graphrec.fails(*base, "--sources", "moon")
    assert "Every domain is a source" in graphrec.fails(*base, "--sources", ",".join(SHOPS))
    assert "no 'taste'" in graphrec.fails(*named, "--label", "taste")
    assert "no node type 'cake'" in graphrec.fails(*named, "--node-type", "cake")
    assert "relation:NAME" in graphrec.fails(*named, "--graph", "near")
    assert "no file of edges" in graphrec.fails(*named, "--graph", f"borders:{tmp_path / 'b.csv'}")
    assert "tells the label itself" in graphrec.fails(*named, "--text", "name,of_kind")
    assert "no features" in graphrec.fails(*named, "--features", tmp_path)
    assert "--seeds 0" in graphrec.fails(*named, "--seeds", "0")
    assert "'hiden'" in graphrec.fails(*named, "--set", "hiden=3")
    assert "[split]" in graphrec.fails(*named, "--set", "split.valid=0.2")
    assert "--help" in graphrec.fails(*named, "--method", "magic")
    assert not (tmp_path / "o").exists()
