"""Taught preferences: how well they are read, what they do to a list, what they cost.

    python benchmarks/preferences.py [--users 200]

* Reading: `tests/data/teaching.jsonl`, and which requests of `tests/data/recipe_requests_dev.jsonl` teach at all,
  over the demo's catalogue. Rows of round 2 and 3 were written before the reader saw them; the figures of that first
  sight stand in `FIRST_SIGHT`, for a reader corrected since cannot measure them again.
* Lists: ten items for users of the demo, an ingredient of their best item disliked, a random cuisine liked.
* Cost: what a query pays for the preferences of its user, at 0, 5 and 50 of them.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _common import REPOSITORY, print_table, write_results

from graphrec.datasets.demo import import_demo
from graphrec.nlu import Recommender
from graphrec.nlu.preferences import read_teaching
from graphrec.ranking import GraphQuery, NodeRef, scoring
from graphrec.store import GraphStore
from graphrec.training.from_store import train_from_store

FIRST_SIGHT = {"round 2": (85, 105), "round 3": (49, 60)}
"""Right of all, when sentences written after the reader met it for the first time (2026-11-21)."""
SEEDS = (0, 1, 2, 3, 4)


def reading(recommender: Recommender) -> dict[str, Any]:
    """Sentences read exactly as the gold has them, omitted and turned ones, by round; requests that teach."""
    rows = [json.loads(line) for line in _lines("teaching.jsonl")]
    out: dict[str, Any] = {"first sight": FIRST_SIGHT}
    for number in sorted({row["round"] for row in rows}):
        mine = [row for row in rows if row["round"] == number]
        right = sum(_exact(recommender, row) for row in mine)
        out[f"round {number}"] = (right, len(mine))
    turned = sum(_turned(recommender, row) for row in rows)
    requests = [json.loads(line)["text"] for line in _lines("recipe_requests_dev.jsonl")]
    taught = [text for text in requests if read_teaching(text, recommender.parser)]
    return out | {"polarity turned": (turned, len(rows)), "requests that teach": (len(taught), len(requests))}


def _lines(name: str) -> list[str]:
    return (REPOSITORY / "tests" / "data" / name).read_text(encoding="utf-8").splitlines()


def _exact(recommender: Recommender, row: dict[str, Any]) -> bool:
    read = read_teaching(row["text"], recommender.parser)
    taught = sorted([p.kind, p.node.id] for p in read.taught)
    gold = sorted([kind, node.partition(":")[2]] for kind, node in row["taught"])
    gone = sorted(node.partition(":")[2] for node in row.get("removed", []))
    same = taught == gold and sorted(p.node.id for p in read.removed) == gone
    return same and (read.latest, read.every) == (row.get("latest", False), row.get("every", False))


def _turned(recommender: Recommender, row: dict[str, Any]) -> bool:
    gold = {node.partition(":")[2]: kind for kind, node in row["taught"]}
    read = read_teaching(row["text"], recommender.parser).taught
    return any((gold.get(p.node.id, p.kind) == "like") != (p.kind == "like") for p in read)


def lists(recommender: Recommender, users: Sequence[str]) -> dict[str, Any]:
    """Places of ten that hold what is disliked or liked, before and after, at several weights; one value per seed."""
    out: dict[str, Any] = {}
    for name, weights in (("DISLIKES", (0.25, 0.5, 1.0)), ("LIKES", (0.1, 0.25, 0.5))):
        chosen = getattr(scoring, name)
        for weight in weights:
            setattr(scoring, name, weight)
            pairs = [_places(recommender, users, name, seed) for seed in SEEDS]
            out[f"{name} {weight}{' (shipped)' if weight == chosen else ''}"] = {
                "before": [before for before, _ in pairs], "after": [after for _, after in pairs],
            }  # fmt: skip
        setattr(scoring, name, chosen)
    return out


def _places(recommender: Recommender, users: Sequence[str], name: str, seed: int) -> tuple[float, float]:
    rng, catalogue = np.random.default_rng(seed), recommender.catalogue
    cuisines = _of_type(recommender, "cuisine", range(catalogue.num_attributes))
    before = after = 0
    for user in rng.choice(users, size=min(len(users), 100), replace=False).tolist():
        plain = [item.item for item in recommender.answer(GraphQuery(user)).items]
        best = catalogue.item_ids.positions[plain[0]]
        pool = (
            cuisines
            if name == "LIKES"
            else _of_type(recommender, "ingredient", catalogue.item_attributes.row(best))
        )
        attribute = int(rng.choice(pool))
        ref = NodeRef(
            catalogue.types[catalogue.attribute_type[attribute]], catalogue.attribute_ids[attribute]
        )
        query = (
            GraphQuery(user, should=(ref,), taught=(ref,))
            if name == "LIKES"
            else GraphQuery(user, should_not=(ref,))
        )
        moved = [item.item for item in recommender.answer(query).items]
        holders = {catalogue.item_ids[int(item)] for item in catalogue.attribute_items.row(attribute)}
        before += sum(item in holders for item in plain)
        after += sum(item in holders for item in moved)
    return before / min(len(users), 100), after / min(len(users), 100)


def _of_type(recommender: Recommender, node_type: str, attributes: Sequence[int] | Any) -> list[int]:
    catalogue = recommender.catalogue
    return [int(a) for a in attributes if catalogue.types[catalogue.attribute_type[int(a)]] == node_type]


def cost(recommender: Recommender, store: GraphStore, rounds: int = 400) -> dict[str, Any]:
    """Microseconds (median, 99th percentile) to read a user's preferences and to apply them."""
    catalogue, out = recommender.catalogue, {}
    for count in (0, 5, 50):
        user = f"cost-{count}"
        for n in range(count):
            kind = (
                ("allergy", "like", "dislike", "dislike", "like")[n % 5]
                if n < 5
                else ("like", "dislike")[n % 2]
            )
            store.teach(user, "ingredient", catalogue.attribute_ids[(7 * n) % 500], kind)
        query = GraphQuery(user, text="thai curry")
        out[str(count)] = {
            "read": _microseconds(lambda user=user: store.preferences(user), rounds),
            "read and apply": _microseconds(lambda query=query: recommender.with_preferences(query), rounds),
        }
    return out


def _microseconds(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    call()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(1e6 * (time.perf_counter() - started))
    return statistics.median(times), float(np.quantile(times, 0.99))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = GraphStore.open(f"sqlite:///{folder}/demo.db")
        list(import_demo(store))
        train_from_store(store, model="ease", out=Path(folder) / "ease", progress=False)
        recommender, plain = Recommender.load(f"{folder}/ease", store), Recommender.load(f"{folder}/ease")
        read = reading(recommender)
        moved = lists(plain, list(plain.catalogue.user_ids)[: arguments.users])
        costs = cost(recommender, store)
        store.close()
    print_table(
        "Read exactly", ("rows", "right", "of"), [(k, *v) for k, v in read.items() if k != "first sight"]
    )
    print_table("Places of ten that hold it", ("weight", "before", "after"),
                [(name, row["before"], row["after"]) for name, row in moved.items()])  # fmt: skip
    print_table("Microseconds, median and p99", ("preferences", "read", "p99", "read and apply", "p99"),
                [(name, *row["read"], *row["read and apply"]) for name, row in costs.items()])  # fmt: skip
    write_results("preferences", {"seeds": SEEDS, "reading": read, "lists": moved, "microseconds": costs})


if __name__ == "__main__":
    main()
