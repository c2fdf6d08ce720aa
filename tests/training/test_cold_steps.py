"""A whole run, then newcomers: dishes imported and users arrived after training, by the same bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import ProfilePart
from graphrec.cli.main import execute
from graphrec.nlu.recommender import Recommender
from graphrec.store import GraphStore
from graphrec.training import train_from_store

STYLES = {
    "Thai curry": ["1 can coconut milk", "2 tbsp red curry paste", "1 stalk lemongrass"],
    "Tuscan pasta": ["1 lb spaghetti", "2 cups basil", "1/2 cup parmesan cheese"],
    "Berry cake": ["2 cups flour", "1 cup sugar", "2 cups blueberries"],
    "Mexican tacos": ["8 corn tortillas", "2 avocados", "1 jalapeno"],
    "Greek salad": ["1 cucumber", "1 cup feta cheese", "1/2 cup olives"],
    "Sushi roll": ["2 sheets nori", "1 cup sushi rice", "8 oz salmon"],
    "Bean chili": ["2 cans kidney beans", "1 tsp cumin", "1 can tomatoes"],
    "Roast chicken": ["1 whole chicken", "4 tbsp butter", "1 sprig rosemary"],
}
EXTRAS = ["onion", "garlic", "carrot", "celery", "spinach", "corn", "peas", "lime", "lemon", "mint"]
DISHES, USERS = 14, 64


def dish(style: str, number: int, *more: str) -> dict[str, object]:
    lines = [
        *STYLES[style],
        f"1 {EXTRAS[number % len(EXTRAS)]}",
        f"2 {EXTRAS[(number * 3 + 1) % len(EXTRAS)]}",
        *more,
    ]
    name = f"{style} with {EXTRAS[number % len(EXTRAS)]}"
    return {"identifier": f"{style.split()[0].lower()}-{number}", "name": name, "recipeIngredient": lines}


def load(url: str, folder: Path, dishes: list[dict[str, object]]) -> None:
    file = folder / "more.jsonl"
    file.write_text("\n".join(map(json.dumps, dishes)) + "\n", encoding="utf-8")
    assert execute(["import", "recipes", str(file), "--store", url]) == 0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Sixty-four people who each keep to one of eight styles, and a model of them."""
    folder = tmp_path_factory.mktemp("styles")
    url = f"sqlite:///{folder / 's.db'}"
    load(url, folder, [dish(style, n) for style in STYLES for n in range(DISHES)])
    rng = np.random.default_rng(3)
    names = [style.split()[0].lower() for style in STYLES]
    with GraphStore.open(url) as store:
        with store.writing() as writer:
            writer.add_interactions(
                (f"u{u}", f"{names[u % 8]}-{n}", "cook", None, None)
                for u in range(USERS)
                for n in sorted(rng.choice(DISHES, 9, replace=False).tolist())
            )
        train_from_store(
            store,
            model="ease",
            out=folder / "ease",
            overrides=["split.test=0.2", "split.valid=0.2"],
            progress=False,
        )
    return folder / "s.db", folder / "ease"


@pytest.fixture
def url(bundle: tuple[Path, Path], tmp_path: Path) -> str:
    with GraphStore.open(f"sqlite:///{bundle[0]}") as store, store.reading():
        (tmp_path / "s.db").write_bytes(bundle[0].read_bytes())
    return f"sqlite:///{tmp_path / 's.db'}"


@pytest.fixture
def running(bundle: tuple[Path, Path], url: str) -> Iterator[Recommender]:
    with GraphStore.open(url) as store:
        yield Recommender.load(bundle[1], store)


def test_the_bundle_says_what_newcomers_need(bundle: tuple[Path, Path]) -> None:
    recommender = Recommender.load(bundle[1])
    manifest = recommender.bundle.manifest
    assert manifest["store_revision"] > 0
    assert manifest["chosen"]["cold_items"]["neighbours"] > 0
    assert manifest["chosen"]["cold_users"]["shares"]["0"][0] == 1.0
    assert sum(isinstance(part, ProfilePart) for part in recommender.bundle.parts) == 1
    assert "ranked by what they contain" in (bundle[1] / "README.md").read_text(encoding="utf-8")


def test_a_dish_imported_a_second_ago_is_for_those_who_like_its_kind(
    running: Recommender, url: str, tmp_path: Path
) -> None:
    assert len(running.recommend("u0", k=500).items) > 40
    load(url, tmp_path, [dish(style, 100) for style in STYLES])
    new = [f"{style.split()[0].lower()}-100" for style in STYLES]
    for user, own in enumerate(new):
        order = [item.item for item in running.recommend(f"u{user}", k=500).items]
        assert order.index(own) < 10, order[:20]
        assert min(new, key=order.index) == own


def test_what_a_new_dish_holds_is_kept_to(running: Recommender, url: str, tmp_path: Path) -> None:
    load(url, tmp_path, [dish("Thai curry", 110), dish("Thai curry", 111, "1/2 cup peanuts")])
    allowed = {item.item for item in running.recommend("u0", request="thai curry without nuts", k=500).items}
    assert "thai-110" in allowed
    assert "thai-111" not in allowed
    asked = {item.item for item in running.recommend("u0", request="peanuts", k=500).items}
    assert asked == {"thai-111"}


def test_a_newcomer_moves_with_every_choice(running: Recommender, url: str) -> None:
    def share(answer_items: list[str]) -> float:
        return sum(item.startswith("berry") for item in answer_items) / len(answer_items)

    def top() -> list[str]:
        return [item.item for item in running.recommend("somebody", k=12).items]

    assert running.recommend("somebody").fallback == "cold_user"
    before, shares = top(), []
    for step in range(5):
        running.live.store.record("somebody", f"berry-{step}", kind="cook")  # type: ignore[union-attr,attr-defined]
        shares.append(share(top()))
    assert running.recommend("somebody").fallback == "fold_in"
    assert shares[-1] > share(before)
    assert shares[-1] == pytest.approx(9 / 12)  # every berry dish that they have not cooked


def test_evaluate_ranks_what_came_since(
    bundle: tuple[Path, Path], url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(url, tmp_path, [dish(style, 100) for style in STYLES])
    file = tmp_path / "test.csv"
    rows = ["u0,thai-100", "u1,tuscan-100", "u2,berry-100", "stranger,thai-100"]
    file.write_text("\n".join(["user,recipe", *rows]) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert (
        execute(
            [
                "evaluate",
                "--model",
                str(bundle[1]),
                "--store",
                url,
                "--test",
                str(file),
                "--k",
                "20",
                "--json",
            ]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["test_rows"] == {"rows": 4, "unknown_users": 1, "unknown_items": 0, "already_seen": 0}
    assert found["slices"]["items/isolation"]["users"] == 4
    assert found["slices"]["users/isolation"]["users"] == 1
    assert found["slices"]["users/head"]["recall@20"] == 1.0


def test_a_catalogue_that_says_nothing_is_trained_without(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 'plain.db'}") as store:
        with store.writing() as writer:
            writer.add_interactions(
                (f"u{user}", f"r{(user * 7 + step * 3) % 30}", "cook", None, None)
                for user in range(20)
                for step in range(8)
            )
        found = train_from_store(store, model="item_knn", out=tmp_path / "knn", progress=False)
        recommender = Recommender.load(tmp_path / "knn", store)
        assert found["chosen"]["cold_items"] is None
        assert not any(isinstance(part, ProfilePart) for part in recommender.bundle.parts)
        assert "not ranked" in (tmp_path / "knn" / "README.md").read_text(encoding="utf-8")
        assert len(recommender.recommend("u1", k=3).items) == 3


def test_serving_newcomers_needs_no_torch(bundle: tuple[Path, Path], url: str, tmp_path: Path) -> None:
    code = f"""
import sys
from graphrec.cli.main import execute
assert execute(["import", "recipes", {str(tmp_path / "one.jsonl")!r}, "--store", {url!r}]) == 0
assert execute(["recommend", "--model", {str(bundle[1])!r}, "--store", {url!r}, "--user", "u0", "--k", "500"]) == 0
assert "torch" not in sys.modules
"""
    (tmp_path / "one.jsonl").write_text(json.dumps(dish("Thai curry", 120)) + "\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "thai-120" in done.stdout
