"""From a store with times to a bundle whose recommender reads live events through the memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import read_bundle
from graphrec.ranking import Recommender
from graphrec.ranking.memory_mixing import MemoryMixing
from graphrec.ranking.memory_term import PREFIX
from graphrec.store import GraphStore, write_snapshot
from graphrec.store.columns import Interactions
from graphrec.training import train_from_store
from graphrec.training.memory import MemoryConfig
from graphrec.training.memory_fit import WEIGHTS, train_memory
from graphrec.training.memory_network import MemoryNetwork

ITEMS, DAY = 24, 86_400_000_000
QUICK = (
    "dim=8", "epochs=12", "eval_every=4", "request.enabled=false", "split.kind=time", "split.valid=0.3",
    "memory.enabled=true", "memory.epochs=8", "memory.learning_rate=0.02", "memory.window=4", "memory.heads=3",
)  # fmt: skip


def fill(store: GraphStore, *, timed: bool = True) -> None:
    """Everybody goes on from each dish to the next number: only order tells what comes."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(200):
        start, joined = int(rng.integers(ITEMS)), int(rng.integers(40))
        for step in range(6):
            when = 10**15 + (joined + step) * DAY + user * 10**6
            rows.append((f"u{user}", f"r{(start + step) % ITEMS}", "cook", when if timed else None, None))
    with store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{n}", f"Dish {n}") for n in range(ITEMS)])
        writer.add_relation("of_shelf", "recipe", "shelf", inverse="shelf_of")
        writer.add_edges("of_shelf", [(f"r{n}", f"s{n % 5}") for n in range(ITEMS)])
        writer.add_interactions(rows)


def rows_of(store: GraphStore, folder: Path) -> Interactions:
    return write_snapshot(store, folder / "snapshots").interactions


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory")
    with GraphStore.open(f"sqlite:///{folder / 'kitchen.db'}") as store:
        fill(store)
        report = train_from_store(
            store, model="lightgcn", out=folder / "model", device="cpu", progress=False, overrides=QUICK
        )
        yield store, folder / "model", report


def test_what_was_learned_travels_in_the_bundle(trained):
    _, path, report = trained
    assert report["chosen"]["memory"] is True
    bundle = read_bundle(path)
    mixing = MemoryMixing.from_arrays(bundle.extra, PREFIX)
    assert mixing.weight[0] > 0 and mixing.items.shape == (ITEMS, 8) and mixing.shape.window == 4
    assert len(mixing.first.fade) == 2  # three heads do not divide eight
    np.testing.assert_allclose(np.linalg.norm(mixing.items, axis=1), 1.0, atol=1e-5)


def test_the_newest_event_decides_what_is_recommended(trained):
    """Two new users, the same dishes in opposite order: the model's history is the same, the memory is not."""
    store, path, _ = trained
    with store.writing() as writer:
        for user, dishes in (("up", (4, 14)), ("down", (14, 4))):
            rows = [(user, f"r{n}", "cook", 2 * 10**15 + i * DAY, None) for i, n in enumerate(dishes)]
            writer.add_interactions(rows)
    bundle = read_bundle(path)
    recommender = Recommender(bundle, store)
    up, down = ({i.item: i.score for i in recommender.recommend(u, k=ITEMS).items} for u in ("up", "down"))
    assert up["r15"] > down["r15"] and down["r5"] > up["r5"]


def test_without_times_or_vectors_or_events_there_is_no_memory(trained, tmp_path):
    store, path, _ = trained
    bundle = read_bundle(path)
    rows = rows_of(store, tmp_path)
    parts = bundle.parts
    few = rows.take(np.arange(5))
    timeless = rows.take(np.arange(len(rows)))
    timeless.time[3] = np.iinfo(np.int64).min
    for train, held, vectors in (
        (timeless, few, parts[0].items), (rows, few, parts[0].items), (rows, rows, np.zeros((ITEMS, 0))),
    ):  # fmt: skip
        assert train_memory(bundle.catalogue, vectors, parts, train, held, config=MemoryConfig()) is None


def test_where_the_model_knows_all_of_it_the_memory_is_left_out(trained, tmp_path, monkeypatch):
    """Weight 0 wins when the memory's score is no better than noise: here it is constant."""
    store, path, _ = trained
    bundle = read_bundle(path)
    monkeypatch.setattr(MemoryNetwork, "scores", lambda self, vectors: 0 * (vectors @ self.outputs.t()))
    rows = rows_of(store, tmp_path)
    middle = np.median(rows.time)
    old, new = (rows.take(np.flatnonzero(mask)) for mask in (rows.time < middle, rows.time >= middle))
    found = train_memory(
        bundle.catalogue, bundle.parts[0].items, bundle.parts, old, new, config=MemoryConfig(epochs=1)
    )
    assert found is None and WEIGHTS[0] == 0.0
