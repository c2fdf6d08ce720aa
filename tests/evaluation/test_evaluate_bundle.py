"""Evaluation of a bundle over a real store: newcomers, isolated items and users, against a plain loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import Bundle, History
from graphrec.evaluation.of_bundle import evaluate_bundle
from graphrec.ranking.served import served_scores
from graphrec.store import GraphStore
from tests.bundle.worlds import kitchen

KNOWN = {"new1": ["r1", "r5"], "new2": ["r3"]}
TEST = [
    ("u1", "r2"),
    ("u2", "r4"),
    ("new1", "r2"),
    ("new1", "r6"),
    ("new2", "r1"),
    ("nobody", "r3"),
    ("u1", "gone"),
]


@pytest.fixture
def world(tmp_path: Path) -> tuple[Bundle, GraphStore, Path]:
    store = GraphStore.open(f"sqlite:///{tmp_path / 's.db'}")
    with store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{n}", None) for n in range(1, 9)])
        rows = [*((u, i) for u, items in KNOWN.items() for i in items), ("new1", "r2")]
        writer.add_interactions([(user, item, "cook", 1, 1.0) for user, item in rows])
    file = tmp_path / "test.csv"
    file.write_text("user,recipe\n" + "".join(f"{u},{i}\n" for u, i in TEST), encoding="utf-8")
    return kitchen().bundle(), store, file


def expected_recall(bundle: Bundle, k: int) -> dict[str, float]:
    """One user at a time: score, strike out what they are known for, look at the first k."""
    find, base = bundle.catalogue.item_ids.find, served_scores(bundle)
    found: dict[str, float] = {}
    for user in dict.fromkeys(u for u, _ in TEST):
        wanted = {i for i in (find(item) for u, item in TEST if u == user) if i is not None}
        row = bundle.catalogue.user_ids.find(user)
        if row is not None:
            history = bundle.history_of(row)
        else:
            items = np.array([find(i) for i in KNOWN.get(user, [])], dtype=np.int64)
            history = History(items, np.ones(len(items), dtype=np.float32))
        scores = base(row, history).copy()
        scores[history.items] = -np.inf
        wanted -= set(history.items.tolist())
        if wanted:
            top = np.argsort(-scores, kind="stable")[:k]
            found[user] = len(wanted & set(top.tolist())) / len(wanted)
    return found


@pytest.mark.parametrize("k", [1, 3, 5])
def test_newcomers_are_measured_as_they_are_served(world: tuple[Bundle, GraphStore, Path], k: int) -> None:
    bundle, store, file = world
    found = evaluate_bundle(bundle, store, test=file, ks=(k,), base=served_scores(bundle))
    recalls = expected_recall(bundle, k)
    assert found.result.num_users == len(recalls)
    assert found.result[f"recall@{k}"] == pytest.approx(np.mean(list(recalls.values())))
    assert found.to_json()["test_rows"] == {
        "rows": 7,
        "unknown_users": 4,
        "unknown_items": 1,
        "already_seen": 0,
    }
    isolated = found.result.slices["users/isolation"]
    assert isolated["users"] == 1  # "nobody": the two others have a history in the store
    assert isolated[f"recall@{k}"] == pytest.approx(recalls["nobody"])


def test_without_a_file_newcomers_have_no_past(world: tuple[Bundle, GraphStore, Path]) -> None:
    bundle, store, _ = world
    found = evaluate_bundle(bundle, store, ks=(2,))
    assert found.unknown_users == found.rows == 4
    assert found.result.slices["users/isolation"]["users"] == 2
    popular = set(np.argsort(-bundle.catalogue.popularity, kind="stable")[:2].tolist())
    hits = [
        len(popular & {bundle.catalogue.item_ids.find(i) for i in items})
        for items in (["r1", "r2", "r5"], ["r3"])
    ]
    assert found.result["recall@2"] == pytest.approx((hits[0] / 3 + hits[1]) / 2)
