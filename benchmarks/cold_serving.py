"""Serving what came a second ago: new recipes into a running recommender, and the latency of cold answers.

    python benchmarks/cold_serving.py --work DIR [--model DIR] [--new 10000] [--answers 400]

On the recipe data: the recommender serves the 12,507 recipes that have interactions, another process imports
recipes of `catalogue_extra.jsonl.gz` with `graphrec import`, and the next answer has them. Nothing is trained in
between. Every answer of the safety check is compared with the store itself, walked edge by edge.
One core: the thread variables are set before NumPy loads. On a shared machine processor time says more than the
clock; both are reported, with the load.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import gzip
import itertools
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _common import REPOSITORY, need_data, print_table, write_results
from _recipe_store import recipe_store

from graphrec.bundle import read_bundle
from graphrec.nlu.recommender import Recommender
from graphrec.ranking import GraphQuery, NodeRef
from graphrec.ranking.constraints import allowed_items
from graphrec.ranking.refresh import StoreFollower
from graphrec.ranking.state import trained_placer
from graphrec.store import GraphStore

GOALS = {"cold_answer_p99_ms": 25.0, "refresh_s": 10.0}
SETTINGS = """\
max_items = 3000
[request]
examples = 2000
epochs = 1
[cold_items]
max_words = 3000
ridges = [10.0]
owns = [0.5]
neighbours = [10]
temperatures = [0.15]
portions = [0.4]
scales = [1.0]
halves = [0.25]
pseudo = 200
[cold_users]
users = 60
draws = 1
"""
"""Of EASE and of what is trained beside it: answers of full size, without an hour of choosing among settings. How good
the answers are is measured elsewhere (cold_items.py, cold_users.py)."""
REQUESTS = (
    "chicken without nuts", "quick vegetarian dinner", "italian pasta without cheese", "something with salmon",
    "chocolate dessert", "soup under 30 minutes", "no dairy breakfast", "spicy thai curry",
)  # fmt: skip
TASTES = ("ingredient:chicken", "ingredient:chocolate", "ingredient:garlic", "ingredient:lemon")
CLICKS, WARM_UP = 5, 20


def main() -> None:
    """Measure, print, write `benchmarks/results/cold_serving.json`."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--work", type=Path, required=True, help="folder for the store and the model")
    arguments.add_argument("--model", type=Path, help="a bundle trained on the store in --work")
    arguments.add_argument("--new", type=int, default=10_000)
    arguments.add_argument("--answers", type=int, default=400)
    options = arguments.parse_args()
    data = need_data("recipes")
    recipe_store(data, options.work).close()
    model = options.model or trained(options.work)
    store_path = options.work / "served.db"
    for old in options.work.glob("served.db*"):
        old.unlink()
    shutil.copy(options.work / "recipes.db", store_path)
    with GraphStore.open(f"sqlite:///{store_path}") as store:
        results = measure(store, model, data, options)
    results |= {"goals": GOALS, "load_average": os.getloadavg()[0]}
    report(results)
    write_results("cold_serving", results)


def trained(work: Path) -> Path:
    """A bundle trained on the store, made once."""
    out = work / "model"
    if not out.exists():
        settings = work / "model.toml"
        settings.write_text(SETTINGS, encoding="utf-8")
        words = ["train", "--store", f"sqlite:///{work / 'recipes.db'}", "--model", "ease", "--out", str(out)]
        run_command(*words, "--config", str(settings))
    return out


def run_command(*words: str) -> None:
    """A command of graphrec in another process."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(
        [sys.executable, "-m", "graphrec", *words], env=environment, check=True, capture_output=True
    )


def measure(store: GraphStore, model: Path, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    recommender = Recommender.load(model, store=store)
    people = newcomers(recommender, store)
    results: dict[str, Any] = {
        "model": {
            "name": recommender.bundle.manifest["model"],
            "settings": "of the bundle given" if options.model else SETTINGS.splitlines(),
        },
        "recipes": recommender.catalogue.num_items,
        "before": latency(recommender, people, options.answers),
        "revision_check_us": revision_check(store),
    }
    files = new_files(data, options)
    for name, file in files.items():
        results[name] = import_and_refresh(recommender, store, file)
        print(name, json.dumps(results[name]), flush=True)
    results["parts"] = parts_of_a_refresh(model, store)
    results["after"] = latency(recommender, people, options.answers)
    results["safety"] = safety(recommender, store)
    results["new_in_answers"] = share_of_new(recommender, people)
    results["memory_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return results


def new_files(data: Path, options: argparse.Namespace) -> dict[str, Path]:
    """Recipes that the store does not have: first all but one, then one alone."""
    with gzip.open(data / "catalogue_extra.jsonl.gz", "rt", encoding="utf-8") as file:
        lines = list(itertools.islice(file, options.new + 1))
    many, one = options.work / "many.jsonl", options.work / "one.jsonl"
    many.write_text("".join(lines[:-1]), encoding="utf-8")
    one.write_text(lines[-1], encoding="utf-8")
    return {f"import_{len(lines) - 1}": many, "import_1": one}


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds by the clock and of this process's processor time."""
    found: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    found |= {
        "wall_s": round(time.perf_counter() - wall, 4),
        "cpu_s": round(time.process_time() - cpu, 4),
    }


def import_and_refresh(recommender: Recommender, store: GraphStore, file: Path) -> dict[str, Any]:
    """Import in another process; then the first answer, and the first that reads words."""
    known = recommender.catalogue.num_items
    with timed() as imported:
        run_command("import", "recipes", str(file), "--store", store.url)
    with timed() as first:
        recommender.recommend(None, k=10)
    with timed() as worded:
        recommender.recommend(None, request=REQUESTS[0], k=10)
    return {
        "new_recipes": recommender.catalogue.num_items - known, "import_wall_s": imported["wall_s"],
        "first_answer": first, "first_request": worded,
    }  # fmt: skip


def parts_of_a_refresh(model: Path, store: GraphStore) -> dict[str, Any]:
    """The same extension once more from the start, by its parts."""
    bundle = read_bundle(model)
    placer = trained_placer(bundle)
    since = int(bundle.manifest["store_revision"])
    with timed() as reading:
        records = list(store.item_records(store.touched_items(since)))
    new = [record for record in records if bundle.catalogue.item_ids.find(record.ext) is None]
    with timed() as placing:
        if placer is not None:
            placer.place(new)
    with timed() as everything:
        StoreFollower(bundle, store, placer).extended()
    return {
        "touched": len(records),
        "new": len(new),
        "reading": reading,
        "placing": placing,
        "all": everything,
    }


def newcomers(recommender: Recommender, store: GraphStore) -> dict[str, list[str | None]]:
    """People the model never saw, whose clicks and tastes are written to the store now."""
    rng = np.random.default_rng(0)
    items = recommender.catalogue.item_ids
    chosen = np.flatnonzero(recommender.catalogue.popularity >= CLICKS)
    clicked = [f"clicked-{n}" for n in range(20)]
    taught = [f"taught-{n}" for n in range(20)]
    with store.writing() as writer:
        for user in clicked:
            picks = rng.choice(chosen, CLICKS, replace=False)
            events = [
                (user, items[item], "cook", 1_700_000_000_000_000 + n, None) for n, item in enumerate(picks)
            ]
            writer.add_interactions(events, item_type=recommender.catalogue.item_type)
    for user, taste in zip(taught, itertools.cycle(TASTES), strict=False):
        kind, _, food = taste.partition(":")
        store.teach(user, kind, food, "like")
    return {
        "nobody": [None], "five_clicks": list(clicked), "taught": list(taught),
        "trained": [recommender.catalogue.user_ids[n] for n in range(20)],
    }  # fmt: skip


def latency(recommender: Recommender, people: dict[str, list[str | None]], answers: int) -> dict[str, Any]:
    """Milliseconds of answers with ten recipes, by who asks and whether with words."""
    found: dict[str, Any] = {}
    for who, users in people.items():
        for how, requests in (("", (None,)), ("_request", REQUESTS)):
            pairs = list(
                itertools.islice(
                    zip(itertools.cycle(users), itertools.cycle(requests), strict=False), answers
                )
            )
            calls = [partial(recommender.recommend, user, request=request, k=10) for user, request in pairs]
            found[who + how] = milliseconds(calls)
            print(who + how, json.dumps(found[who + how]), flush=True)
    return found


def milliseconds(calls: Sequence[Callable[[], object]]) -> dict[str, float]:
    """Percentiles of the clock and of the thread's processor time."""
    for call in calls[:WARM_UP]:
        call()
    wall, cpu = [], []
    for call in calls:
        started, used = time.perf_counter(), time.thread_time()
        call()
        cpu.append(1e3 * (time.thread_time() - used))
        wall.append(1e3 * (time.perf_counter() - started))
    return {
        f"{name}_p{q}": round(float(np.percentile(values, q)), 2)
        for name, values in (("wall", wall), ("cpu", cpu))
        for q in (50, 99)
    }


def revision_check(store: GraphStore, times: int = 2000) -> float:
    """Microseconds of processor time that an answer spends on asking whether anything changed."""
    used = time.thread_time()
    for _ in range(times):
        _ = store.catalogue_revision
    return round(1e6 * (time.thread_time() - used) / times, 1)


def safety(recommender: Recommender, store: GraphStore, times: int = 200) -> dict[str, int]:
    """Exclusions of ingredients that new recipes have, against the store walked edge by edge."""
    rng = np.random.default_rng(1)
    catalogue, nobody = recommender.catalogue, np.zeros(0, dtype=np.int64)
    last = np.arange(catalogue.num_items - 2000, catalogue.num_items)
    held = {int(item): set(store.neighbors("recipe", catalogue.item_ids[item], "contains")) for item in last}
    foods = sorted({food for one in held.values() for food in one})
    counts = {"exclusions": 0, "allowed_checked": 0, "shown_checked": 0, "violations": 0}
    for food in rng.choice(np.array(foods, dtype=object), min(times, len(foods)), replace=False):
        below = kinds_below(store, str(food))
        query = GraphQuery(must_not=(NodeRef("ingredient", str(food)),), k=10)
        allowed = allowed_items(catalogue, query, nobody).items
        asked = recommender.answer(
            replace(query, candidates=tuple(catalogue.item_ids[item] for item in last))
        )
        shown = [catalogue.item_ids.find(item.item) for item in asked.items]
        counts["exclusions"] += 1
        for name, items in (
            ("allowed_checked", allowed if allowed is not None else []),
            ("shown_checked", shown),
        ):
            known = [held[int(item)] for item in items if item is not None and int(item) in held]
            counts[name] += len(known)
            counts["violations"] += sum(not one or bool(one & below) for one in known)
    return counts


def kinds_below(store: GraphStore, food: str) -> set[str]:
    """Everything that is, or holds, a food: found by walking `is_a` backwards."""
    found, todo = {food}, [food]
    while todo:
        for narrower in store.neighbors("ingredient", todo.pop(), "is_a", "in"):
            if narrower not in found:
                found.add(narrower)
                todo.append(narrower)
    return found


def share_of_new(recommender: Recommender, people: dict[str, list[str | None]]) -> dict[str, float]:
    """Share of new recipes among the first hundred, by who asks."""
    trained_on = len(read_bundle(recommender.bundle.path).catalogue.item_ids)
    find, found = recommender.catalogue.item_ids.find, {}
    for who, users in people.items():
        places = [find(item.item) or 0 for user in users for item in recommender.recommend(user, k=100).items]
        found[who] = round(float(np.mean(np.asarray(places) >= trained_on)), 4)
    return found


def report(results: dict[str, Any]) -> None:
    rows = [
        [when, who, *(results[when][who][key] for key in ("wall_p50", "wall_p99", "cpu_p50", "cpu_p99"))]
        for when in ("before", "after")
        for who in results[when]
    ]
    print_table("Milliseconds an answer", ["imported", "who", "p50", "p99", "cpu p50", "cpu p99"], rows)
    for name in (key for key in results if key.startswith("import_")):
        print(f"{name}: {json.dumps(results[name])}")
    print("parts of a refresh:", json.dumps(results["parts"]))
    print("safety:", json.dumps(results["safety"]), "new in answers:", json.dumps(results["new_in_answers"]))


if __name__ == "__main__":
    main()
