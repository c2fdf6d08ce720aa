"""Writing snapshots: one name per content, safe among processes, nothing half-written, old ones pruned."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphrec.errors import CorruptionError, StoreError
from graphrec.store import snapshot_files, snapshot_write
from graphrec.store.records import BundleRecord
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import list_snapshots, prune_snapshots, write_snapshot
from tests.store.fake_store import FakeStore, kitchen

pytestmark = pytest.mark.usefixtures("unflushed")
REPOSITORY = Path(__file__).resolve().parents[2]


def kitchen_of(size: int) -> FakeStore:
    store = kitchen()
    store.revision = size
    store.add_nodes("recipe", *(f"extra {number}" for number in range(size)))
    return store


def test_the_same_content_has_one_name_and_one_folder(tmp_path: Path) -> None:
    first = write_snapshot(kitchen(), tmp_path)
    inode = first.path.stat().st_ino
    again = write_snapshot(kitchen(), tmp_path)
    elsewhere = write_snapshot(kitchen(), tmp_path / "deeper" / "still")
    assert first.name == again.name == elsewhere.name == first.path.name
    assert len(first.name) == 16 and int(first.name, 16) >= 0
    assert [path.name for path in tmp_path.iterdir() if path.name != "deeper"] == [first.name]
    assert again.path.stat().st_ino == inode


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.add_edge("contains", "curry", "salt"),
        lambda s: s.add_edge("contains", "soup", "coconut", 1.5),
        lambda s: s.add_nodes("recipe", soup="Tom kha"),
        lambda s: s.add_event("silent", "soup", "view"),
        lambda s: s.properties["recipe"]["calories"].update(curry=1.0),
        lambda s: s.add_relation("likes", "recipe", "recipe"),
        lambda s: s.infos.update(
            is_a=type(s.infos["is_a"])("is_a", "ingredient", "ingredient", "has_kind", False)
        ),
    ],
)
def test_another_content_has_another_name(tmp_path: Path, change: object) -> None:
    changed = kitchen()
    change(changed)  # type: ignore[operator]
    assert write_snapshot(kitchen(), tmp_path).name != write_snapshot(changed, tmp_path).name


def test_a_newer_revision_of_the_same_content_is_noted(tmp_path: Path) -> None:
    store = kitchen()
    old = write_snapshot(store, tmp_path)
    store.revision = 9
    new = write_snapshot(store, tmp_path)
    assert (old.revision, new.revision, new.name) == (1, 9, old.name)
    assert GraphSnapshot.open(new.path).revision == 9
    assert not list(new.path.glob(".writing-*"))


def test_a_damaged_snapshot_of_that_name_is_replaced(tmp_path: Path) -> None:
    path = write_snapshot(kitchen(), tmp_path).path
    victim = path / "relation-0-out.indices.npy"
    victim.write_bytes(victim.read_bytes()[:-1] + b"\x07")
    with pytest.raises(CorruptionError):
        GraphSnapshot.open(path)
    assert write_snapshot(kitchen(), tmp_path).path == path
    GraphSnapshot.open(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


WRITER = """
import sys
from tests.store.test_snapshot_write import kitchen_of
from graphrec.store.snapshot_write import write_snapshot
print("ready", flush=True)
sys.stdin.readline()
for size in range(int(sys.argv[2]), int(sys.argv[3])):
    print(write_snapshot(kitchen_of(size), sys.argv[1]).name, flush=True)
"""


def start_writer(directory: Path, low: int, high: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), str(low), str(high)],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


def test_processes_that_write_the_same_content_at_once_agree(tmp_path: Path) -> None:
    children = [start_writer(tmp_path, 0, 4) for _ in range(3)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    names = [child.communicate(timeout=60)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert names[0] == names[1] == names[2] and len(set(names[0])) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[0])
    for name in names[0]:
        GraphSnapshot.open(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_writer_leaves_only_whole_snapshots(tmp_path: Path) -> None:
    finished = 0
    for round_ in range(5):
        child = start_writer(tmp_path, 100 * round_, 100 * round_ + 100)
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        time.sleep(0.05 + 0.09 * round_)
        child.send_signal(signal.SIGKILL)
        acknowledged = child.communicate()[0].split()
        for path in tmp_path.iterdir():
            if not path.name.startswith("."):
                GraphSnapshot.open(path)
        assert set(acknowledged) <= {path.name for path in tmp_path.iterdir()}
        finished += len(acknowledged)
    assert finished > 0
    write_snapshot(kitchen(), tmp_path)


@pytest.mark.parametrize("failing", ["fsync", "rename", "mkdir"])
def test_a_full_disk_leaves_the_old_snapshot_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    old = write_snapshot(kitchen(), tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(snapshot_files.os, "fsync", full)
    else:
        monkeypatch.setattr(snapshot_write.Path, failing, full)
    with pytest.raises(StoreError, match="No space left"):
        write_snapshot(kitchen_of(3), tmp_path)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [old.name]
    GraphSnapshot.open(old.path)


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        write_snapshot(kitchen(), tmp_path / "file")


def test_a_read_only_store_is_refused(tmp_path: Path) -> None:
    store = kitchen()
    store.read_only = True
    with pytest.raises(StoreError, match="read-only"):
        write_snapshot(store, tmp_path)


def test_the_store_notes_the_folder_before_it_exists(tmp_path: Path) -> None:
    store = kitchen()
    seen = []
    note = store.register_snapshot

    def spy(path: Path, name: str, *, revision: int | None = None) -> bool:
        seen.append(path.exists())
        return note(path, name, revision=revision)

    store.register_snapshot = spy  # type: ignore[method-assign]
    snapshot = write_snapshot(store, tmp_path)
    assert seen == [False, True]
    assert store.noted == [(snapshot.path, snapshot.name, 1)] * 2


@pytest.mark.parametrize("answers", [[True, False, False], [False, True, False, False]])
def test_an_erasure_during_writing_starts_again(tmp_path: Path, answers: list[bool]) -> None:
    store = kitchen()
    store.erased_since = answers
    snapshot = write_snapshot(store, tmp_path)
    assert store.erased_since == []
    assert [path.name for path in tmp_path.iterdir()] == [snapshot.name]


def test_endless_erasures_give_up_and_leave_nothing(tmp_path: Path) -> None:
    store = kitchen()
    store.erased_since = [False, True] * 10
    with pytest.raises(StoreError, match="erased"):
        write_snapshot(store, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_pruning_keeps_the_newest_and_what_bundles_name(tmp_path: Path) -> None:
    snapshots = [write_snapshot(kitchen_of(size), tmp_path) for size in (1, 2, 3, 4, 5)]
    store = kitchen()
    store.registered = [BundleRecord(Path("model"), snapshots[1].name, 0, None)]
    assert sorted(prune_snapshots(store, tmp_path)) == sorted(snapshots[place].name for place in (0, 2))
    assert [snapshot.revision for snapshot in list_snapshots(tmp_path)] == [5, 4, 2]
    assert prune_snapshots(store, tmp_path, keep=0) == [snapshots[4].name, snapshots[3].name]
    assert [snapshot.name for snapshot in list_snapshots(tmp_path)] == [snapshots[1].name]


def test_pruning_sweeps_what_killed_writers_left_and_spares_the_rest(tmp_path: Path) -> None:
    snapshot = write_snapshot(kitchen(), tmp_path)
    stale, live, other = tmp_path / ".writing-1-aa", tmp_path / ".writing-2-bb", tmp_path / "notes"
    for folder in (stale, live, other):
        folder.mkdir()
    os.utime(stale, (0, 0))
    assert prune_snapshots(kitchen(), tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {snapshot.name, live.name, other.name}


def test_pruning_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert prune_snapshots(kitchen(), tmp_path / "nowhere") == []
    assert list_snapshots(tmp_path / "nowhere") == []


def test_pruning_spares_snapshots_of_a_newer_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_snapshot(kitchen(), tmp_path).path
    content, origin = snapshot_files.read_manifest(path)
    monkeypatch.setattr(snapshot_files, "FORMAT_VERSION", 99)
    (path / "manifest.json").write_bytes(snapshot_files.render_manifest(content, origin))
    monkeypatch.undo()
    assert prune_snapshots(kitchen(), tmp_path, keep=0) == []
    assert path.is_dir()
