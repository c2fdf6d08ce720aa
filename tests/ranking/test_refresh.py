"""A running recommender while others write: threads of this process, then other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graphrec.bundle import Bundle
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.recommender import Recommender
from graphrec.ranking.query import GraphQuery
from graphrec.store import GraphStore
from graphrec.store.importers.recipes import import_recipes
from tests.ranking.test_extend import RandomPlacer, bundle_of, fill

EVERY = 1000
SHELF = {
    "satay": ("Chicken satay", ["1 lb chicken breast", "2 tbsp peanut butter"]),
    "curry": ("Green curry", ["1 lb chicken breast", "1 can coconut milk"]),
    "salad": ("Tomato salad", ["3 tomatoes", "1 tsp salt"]),
    "toast": ("Egg toast", ["2 eggs", "4 slices bread"]),
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphStore]:
    monkeypatch.setattr("os.fsync", lambda _: None)
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as opened:
        yield opened


@pytest.fixture
def shelf(store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A bundle over four imported recipes, two people who cook, and places for whatever comes."""
    import_recipes(store, recipes_file(tmp_path / "shelf.jsonl", SHELF))
    with store.writing() as writer:
        writer.add_interactions([("ann", "salad", "cook", 1, None), ("bob", "toast", "cook", 2, None)])
    monkeypatch.setattr("graphrec.ranking.recommender.trained_placer", lambda _: RandomPlacer(len(SHELF)))
    return bundle_of(store, tmp_path)


def recipes_file(path: Path, recipes: dict[str, tuple[str, list[str]]]) -> Path:
    rows = [
        {"@type": "Recipe", "identifier": ext, "name": title, "recipeIngredient": lines}
        for ext, (title, lines) in recipes.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def command(*words: object) -> None:
    """A command of graphrec, in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-m", "graphrec", *map(str, words)], env=environment, check=True, capture_output=True
    )


def shown(recommender: Recommender, request: str | None = None, **more: object) -> set[str]:
    answer = recommender.recommend(None, request=request, k=EVERY, **more)  # type: ignore[arg-type]
    return {item.item for item in answer.items}


def test_what_another_process_imports_is_in_the_next_answer(
    shelf: Bundle, store: GraphStore, tmp_path: Path
) -> None:
    recommender = Recommender(shelf, store)
    assert shown(recommender, "no nuts") == {"curry", "salad", "toast"}
    before = recommender.state
    new = {
        "brittle": ("Macadamia brittle", ["1 cup macadamia nuts", "1 cup sugar"]),
        "stew": ("Tomato stew", ["5 tomatoes", "1 onion"]),
        "salad": ("Tomato salad with a crunch", ["3 tomatoes", "1/2 cup walnuts"]),
        "dust": ("Mystery dish", ["1 cup frobnicated glorp"]),
    }
    command("import", "recipes", recipes_file(tmp_path / "new.jsonl", new), "--store", store.url)
    assert shown(recommender) == {*SHELF, *new}
    assert shown(recommender, "no nuts") == {"curry", "toast", "stew"}
    assert shown(recommender, "no macadamia nuts") == {"satay", "curry", "salad", "toast", "stew"}
    assert shown(recommender, "with walnuts") == {"salad"}
    titles = {item.item: item.title for item in recommender.recommend(None, k=EVERY).items}
    assert titles["salad"] == "Tomato salad with a crunch" and titles["stew"] == "Tomato stew"
    assert before.bundle.catalogue.num_items == len(SHELF)  # whoever held the old state still has it


def test_what_another_process_records_is_in_the_next_answer(shelf: Bundle, store: GraphStore) -> None:
    recommender = Recommender(shelf, store)
    first, state = recommender.recommend("eve", k=EVERY), recommender.state
    assert first.fallback == "cold_user" and {item.item for item in first.items} == set(SHELF)
    command("record", "--store", store.url, "--user", "eve", "--item", "toast")
    second = recommender.recommend("eve", k=EVERY)
    assert second.fallback == "fold_in" and {item.item for item in second.items} == {*SHELF} - {"toast"}
    assert recommender.state is state, "an interaction changes no catalogue"


def test_a_new_recipe_counts_in_a_history_and_has_its_like(
    shelf: Bundle, store: GraphStore, tmp_path: Path
) -> None:
    recommender = Recommender(shelf, store)
    new = {"stew": ("Tomato stew", ["5 tomatoes", "1 onion"])}
    import_recipes(store, recipes_file(tmp_path / "new.jsonl", new))
    store.record("eve", "stew", kind="cook")
    answer = recommender.recommend("eve", k=EVERY, explain=True)
    assert answer.fallback == "fold_in" and {item.item for item in answer.items} == set(SHELF)
    assert len({item.score for item in answer.items}) == len(SHELF)
    assert {item.item for item in recommender.similar("stew")} == set(SHELF)


def test_the_handler_understands_what_has_come(shelf: Bundle, store: GraphStore, tmp_path: Path) -> None:
    recommender = Recommender(shelf, store)
    handler = RecipeRequestHandler(recommender, Pipeline(None, recommender.parser), store=store)
    state = handler.adapter
    assert "Carob bars" not in json.dumps(handler.handle({"text": "something with carob"}))
    assert handler.adapter is state
    new = {"bars": ("Carob bars", ["1 cup carob chips", "1 cup oats"]), "curry": SHELF["curry"]}
    import_recipes(store, recipes_file(tmp_path / "new.jsonl", new))
    found = handler.handle({"text": "something with carob"})
    assert "Carob bars" in json.dumps(found)
    safe = json.dumps(handler.handle({"text": "recipes without carob", "k": 5}))
    assert "Green curry" in safe and "Carob bars" not in safe


def test_threads_see_every_write_that_was_done_when_they_asked(
    store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread imports and puts peanuts into dishes, no answer that began later passes them."""
    fill(store, {f"r{n}": ["salt"] for n in range(12)})
    fill(store, {"r0": ["peanut"]})
    monkeypatch.setattr("graphrec.ranking.recommender.trained_placer", lambda _: RandomPlacer(12))
    recommender = Recommender(bundle_of(store, tmp_path), store)
    doomed, spoiled, known = ["r0"], ["r0"], [f"r{n}" for n in range(12)]
    wrong, answers = [], []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            bad, there = set(spoiled), set(known)
            items = shown(recommender, must_not=["ingredient:peanut"], exclude_seen=False)
            answers.append(len(items))
            missing = there - set(doomed) - items
            if items & bad or missing:
                wrong.append((items & bad, missing))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for n in range(1, 12):
            doomed.append(f"r{n}")
            fill(store, {f"r{n}": ["peanut"]})
            spoiled.append(f"r{n}")
            fill(store, {f"new{n}": ["salt"]})
            known.append(f"new{n}")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not wrong and len(answers) > 4
    assert shown(recommender, must_not=["ingredient:peanut"]) == {f"new{n}" for n in range(1, 12)}


def test_a_store_that_cannot_be_read_is_an_error_and_not_an_old_answer(
    shelf: Bundle, store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommender = Recommender(shelf, store)
    import_recipes(store, recipes_file(tmp_path / "new.jsonl", {"stew": ("Stew", ["1 cup walnuts"])}))

    def broken(_: object = None) -> object:
        raise OSError("gone")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="gone"):
        patched.setattr(store, "item_records", broken)
        recommender.recommend(None)
    assert "stew" in shown(recommender) and "stew" not in shown(recommender, "no nuts")


@pytest.mark.parametrize(
    "manifest",
    [{}, {"store_revision": 10_000}, {"store_revision": 3, "snapshot": "of a store that is no more"}],
)
def test_bundles_of_an_unknown_state_or_another_store_are_compared_whole(
    shelf: Bundle, store: GraphStore, tmp_path: Path, manifest: dict[str, object]
) -> None:
    old = replace(shelf, manifest={"model": "test", **manifest})
    import_recipes(store, recipes_file(tmp_path / "new.jsonl", {"curry": ("Curry", ["1 cup cashews"])}))
    assert shown(Recommender(old, store), "no nuts") == {"salad", "toast"}


def test_one_answer_goes_by_one_catalogue(
    shelf: Bundle, store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is imported while a request is being read cannot pass an exclusion that named nothing then."""
    recommender = Recommender(shelf, store)
    new = {"bars": ("Carob bars", ["1 cup carob chips"])}
    understand = Recommender.understand

    def interrupted(self: Recommender, request: str, base: GraphQuery) -> GraphQuery:
        query = understand(self, request, base)
        import_recipes(store, recipes_file(tmp_path / "new.jsonl", new))
        return query

    monkeypatch.setattr(Recommender, "understand", interrupted)
    assert shown(recommender, "dinner without carob") == set(SHELF)
    monkeypatch.undo()
    assert "bars" in shown(recommender, "something with carob")
    assert "bars" not in shown(recommender, "dinner without carob")
    with recommender.steady() as state:
        import_recipes(store, recipes_file(tmp_path / "more.jsonl", {"tea": ("Tea", ["1 cup tea"])}))
        assert "tea" not in shown(recommender) and recommender.state is state
    assert "tea" in shown(recommender) and recommender.state is not state
