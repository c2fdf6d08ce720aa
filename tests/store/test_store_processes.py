"""Several processes on one store: nobody reads half a write, no update and no commit is lost."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from graphrec.errors import StoreError
from graphrec.store import GraphStore
from tests.store.processes import run, start
from tests.store.store_children import BATCH, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def test_kill_in_the_middle_of_an_import(path: Path) -> None:
    """Ten times over one store: nothing acknowledged is lost, no batch is torn, the store always opens."""
    rng, acknowledged = random.Random(5), 0
    for _ in range(10):
        child = start("import_batches", path)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.3))
        child.kill()
        out, err = child.communicate()
        assert first, f"the store could not be opened: {err}"
        acknowledged = max(acknowledged, *(int(line) + 1 for line in (first + out).split()))
        with GraphStore.open(url_of(path)) as store:
            nodes, events = store.read_nodes("recipe"), store.read_interactions()
            batches = len(nodes.ids) // BATCH
            assert acknowledged <= batches <= acknowledged + 1, (
                "lost" if batches < acknowledged else "invented"
            )
            assert set(nodes.ids) == {
                f"r{batch}-{row}" for batch in range(batches) for row in range(BATCH)
            }, "torn"
            assert len(events.user) == len(store.read_edges("contains").src) == batches * BATCH, "torn"
            assert store.revision == batches
            assert store.check(full=True) == []
    assert acknowledged > 10


def test_a_reader_sees_whole_states_while_another_process_writes(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        with store.writing() as writer:
            writer.set_properties("half", "value", [("left", 0.0), ("right", 0.0)])
        child, value = start("read_pairs", path, 2.0), 0.0
        while child.poll() is None:
            value += 1
            with store.writing() as writer:
                writer.set_properties("half", "value", [("left", value)])
                writer.set_properties("half", "value", [("right", value)])
        out, err = child.communicate()
    assert child.returncode == 0, err
    assert int(out) > 2, "the reader saw too few states to tell"


def test_two_writers_take_turns(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        with store.writing() as writer:
            writer.set_properties("counter", "value", [("c", 0.0)])
        children = [start("count_up", path, 25) for _ in range(3)]
        for child in children:
            _, err = child.communicate(timeout=60)
            assert child.returncode == 0, err
        assert store.node("counter", "c").properties["value"] == 75.0
        assert store.revision == 76


def test_a_locked_store_says_so_and_still_reads(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store, store.writing() as writer:
        writer.add_nodes("recipe", [("r", None)])
    child = start("hold_lock", path, 20)
    try:
        assert child.stdout is not None and child.stdout.readline() == "locked\n"
        with GraphStore.open(url_of(path), busy_timeout=0.2) as store:
            began = time.monotonic()
            with (
                pytest.raises(StoreError, match=r"locked by another writer; wait .* try again"),
                store.writing(),
            ):
                pass
            assert 0.15 < time.monotonic() - began < 5
            assert store.count_nodes("recipe") == 1
    finally:
        child.kill()
        child.communicate()
    with GraphStore.open(url_of(path)) as store, store.writing() as writer:  # the lock died with its holder
        writer.add_nodes("recipe", [("s", None)])


def test_two_processes_create_one_store(path: Path) -> None:
    children = [start("hold_lock", path, 0) for _ in range(4)]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    with GraphStore.open(url_of(path), create=False) as store:
        assert (store.revision, store.check(full=True)) == (0, [])


def test_a_disk_that_fills_up(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store, store.writing() as writer:
        writer.add_nodes("recipe", [("old", None)])
    status, out, err = run("fill_up", path, 2_000_000)
    assert status == 0, err
    message, unchanged = out.splitlines()
    assert message.startswith("StoreError: ") and str(path) in message
    assert unchanged == "True"
    with GraphStore.open(url_of(path)) as store:
        assert store.read_nodes("recipe").ids == ["old"]
        assert store.check(full=True) == []
