"""Snapshots of real SQLite stores: equality with the store's own answers, erasure, writers at work."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from graphrec.errors import StoreError
from graphrec.store import GraphSnapshot, GraphStore, write_snapshot
from graphrec.store.snapshot_write import prune_snapshots
from tests.store.fake_store import FakeStore, kitchen
from tests.store.graphs import stores

pytestmark = pytest.mark.usefixtures("unflushed")


def fill(store: GraphStore, like: FakeStore) -> None:
    """The same content as the dictionary store, through the public writer."""
    with store.writing() as writer:
        for type_, table in like.nodes.items():
            writer.add_nodes(type_, list(table.items()))
        for info in like.infos.values():
            writer.add_relation(info.name, info.src, info.dst, inverse=info.inverse, feature=info.feature)
            writer.add_edges(info.name, [(src, dst, w) for (src, dst), w in like.edges[info.name].items()])
        for type_, columns in like.properties.items():
            for key, values in columns.items():
                writer.set_properties(type_, key, list(values.items()))
        writer.add_interactions([(*event, weight) for event, weight in like.events.items()])


def check_against(store: GraphStore, snapshot: GraphSnapshot) -> None:
    """Every node, property, neighbourhood and history, as the store answers one question at a time."""
    assert list(snapshot.node_types) == store.node_types()
    assert snapshot.revision == store.revision
    for type_ in store.node_types():
        assert snapshot.num_nodes(type_) == store.count_nodes(type_)
        numbers = snapshot.properties(type_)
        texts = {key: list(snapshot.text(type_, key)) for key in snapshot.text_keys(type_)}
        for row, ext in enumerate(snapshot.ids(type_)):
            node = store.node(type_, ext)
            found: dict[str, Any] = {
                key: column[row] for key, column in numbers.items() if column[row] == column[row]
            }
            found |= {key: column[row] for key, column in texts.items() if column[row] is not None}
            assert (snapshot.names(type_)[row], found) == (node.name, node.properties)
    assert [tuple(vars_of(info)) for info in snapshot.relations] == [
        tuple(info) for info in store.relations()
    ]
    for info in snapshot.relations:
        for near, far, direction in ((info.src, info.dst, "out"), (info.dst, info.src, "in")):
            matrix, ids = snapshot.csr(info.name, direction), snapshot.ids(far)  # type: ignore[arg-type]
            for row, ext in enumerate(snapshot.ids(near)):
                neighbours = sorted(ids[int(col)] for col in matrix.row(row))
                assert neighbours == store.neighbors(near, ext, info.name, direction)
    check_histories(store, snapshot)


def vars_of(info: Any) -> list[Any]:
    return [info.name, info.src, info.dst, info.inverse, info.feature]


def check_histories(store: GraphStore, snapshot: GraphSnapshot) -> None:
    events = snapshot.interactions
    if snapshot.user_type not in snapshot.node_types:
        assert len(events) == 0
        return
    for row, user in enumerate(snapshot.ids(snapshot.user_type)):
        mine = events.take(events.user == row)
        items = [snapshot.ids(snapshot.item_type)[int(item)] for item in mine.item]
        kinds = [snapshot.kinds[int(kind)] for kind in mine.kind]
        history = store.history(user)
        key = [(entry.item, entry.kind, entry.time) for entry in history]
        times = [None if time == -(2**63) else time for time in mine.time.tolist()]
        assert sorted(zip(items, kinds, times, strict=True), key=repr) == sorted(key, key=repr)
        assert sum(mine.weight.tolist()) == pytest.approx(sum(entry.weight for entry in history), rel=1e-5)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with GraphStore.open(f"sqlite:///{tmp_path / 'graph.db'}") as opened:
        yield opened


def test_kitchen(store: GraphStore, tmp_path: Path) -> None:
    fill(store, kitchen())
    snapshot = write_snapshot(store, tmp_path / "snapshots")
    check_against(store, snapshot)
    assert snapshot.item_type == "recipe" and "cook" in snapshot.kinds
    assert [(record.path, record.name) for record in store.snapshots()] == [
        (snapshot.path.resolve(), snapshot.name)
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stores())
def test_any_small_store(like: FakeStore) -> None:
    with tempfile.TemporaryDirectory() as folder, GraphStore.open(f"sqlite:///{folder}/graph.db") as store:
        try:
            fill(store, like)
        except ValueError:  # an id that the store refuses or folds into another one
            return
        check_against(store, write_snapshot(store, Path(folder) / "snapshots"))


def test_empty_store(store: GraphStore, tmp_path: Path) -> None:
    check_against(store, write_snapshot(store, tmp_path / "snapshots"))


def test_the_name_follows_the_content_not_the_revision(store: GraphStore, tmp_path: Path) -> None:
    fill(store, kitchen())
    old = write_snapshot(store, tmp_path / "snapshots")
    with store.writing() as writer:
        writer.add_nodes("recipe", [("lonely", "Thin air")])
    assert write_snapshot(store, tmp_path / "snapshots").name != old.name
    with store.writing() as writer:
        writer.add_nodes("recipe", [("lonely", "Air")])
    again = write_snapshot(store, tmp_path / "snapshots")
    assert again.name == old.name and again.revision == store.revision > old.revision


def test_a_changed_kind_weight_changes_the_weights_that_follow_it(store: GraphStore, tmp_path: Path) -> None:
    with store.writing() as writer:
        writer.add_interactions([("ann", "soup", "cook", 1, None), ("ann", "soup", "view", 2, 0.75)])
        writer.set_kind("cook", 3.0)
    weights = write_snapshot(store, tmp_path / "snapshots").interactions.weight
    assert weights.tolist() == [3.0, 0.75]


def test_erasing_a_user_deletes_every_snapshot_that_holds_them(store: GraphStore, tmp_path: Path) -> None:
    fill(store, kitchen())
    folder = tmp_path / "snapshots"
    first = write_snapshot(store, folder)
    store.record("silent", "soup", kind="cook", time=7)
    second = write_snapshot(store, folder)
    report = store.erase("ann")
    assert report.state == "done" and set(report.snapshots_removed) == {
        first.path.resolve(),
        second.path.resolve(),
    }
    assert list(folder.iterdir()) == []
    after = write_snapshot(store, folder)
    check_against(store, after)
    assert "ann" not in after.ids("user")
    assert not any(b"ann" in file.read_bytes() for file in after.path.glob("node-*-ids.data.npy"))


def test_pruning_spares_what_a_registered_bundle_names(store: GraphStore, tmp_path: Path) -> None:
    folder, names = tmp_path / "snapshots", []
    for round_ in range(4):
        with store.writing() as writer:
            writer.add_nodes("recipe", [(f"r{round_}", None)])
        names.append(write_snapshot(store, folder).name)
    store.mark_bundle(tmp_path / "model", names[0])
    assert prune_snapshots(store, folder) == [names[1]]
    assert {path.name for path in folder.iterdir()} == {names[0], names[2], names[3]}


def test_a_read_only_store_is_refused(store: GraphStore, tmp_path: Path) -> None:
    fill(store, kitchen())
    with GraphStore.open(store.url, read_only=True) as reader, pytest.raises(StoreError, match="read-only"):
        write_snapshot(reader, tmp_path / "snapshots")


def test_snapshots_beside_a_busy_writer_are_consistent(store: GraphStore, tmp_path: Path) -> None:
    """Each transaction adds one user, one recipe, one edge and one event: every snapshot has equally many."""
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient")
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.wait(0.002):  # a loop without a pause would not let another writer of this process in
            with store.writing() as writer:
                writer.add_nodes("user", [(f"u{number}", None)])
                writer.add_edges("contains", [(f"r{number}", f"i{number}")])
                writer.add_interactions([(f"u{number}", f"r{number}", "cook", number, None)])
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        snapshots = [write_snapshot(store, tmp_path / "snapshots") for _ in range(8)]
    finally:
        stop.set()
        thread.join()
    for snapshot in snapshots:
        size = snapshot.num_nodes("user") if "user" in snapshot.node_types else 0
        assert (
            snapshot.csr("contains").nnz == len(snapshot.interactions) == snapshot.num_nodes("recipe") == size
        )
    assert snapshots[-1].num_nodes("user") > snapshots[0].interactions.num_users
