"""After an erasure no byte of the user is left: not in file, log or snapshot, and not after a crash."""

from __future__ import annotations

import random
import signal
import sqlite3
from pathlib import Path

import pytest

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import Counts, GraphStore, erasure
from tests.store.processes import run, start
from tests.store.store_children import url_of

TOKEN = "pl4nted-t0ken"
NAME, MAIL, TASTE = "n4me-of-the-user", "m4il-of-the-user", "t4ste"
WORDS = "utt3rance-of-the-user"
PLANTED = (TOKEN, NAME, MAIL, WORDS)


def traces(folder: Path) -> list[tuple[str, str]]:
    """Files under a folder with a planted text in any byte."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, text) for path in files for text in PLANTED if text.encode() in path.read_bytes()]


def fill(store: GraphStore) -> None:
    """A store with the planted user in every table that can hold one, among others."""
    with store.writing() as writer:
        writer.add_relation("likes", "user", "ingredient", inverse="liked_by")
        writer.add_relation("follows", "user", "user")
        writer.add_nodes("user", [(TOKEN, NAME), ("other", "Other")])
        writer.set_properties("user", "mail", [(TOKEN, MAIL * 200), ("other", "o@example.org")])
        writer.set_properties("user", "age", [(TOKEN, 30.0)])
        writer.add_edges("likes", [(TOKEN, TASTE), ("other", TASTE)])
        writer.add_edges("follows", [(TOKEN, "other"), ("other", TOKEN), (TOKEN, TOKEN)])
        writer.add_interactions(
            [(user, f"r{n}", "cook", n, None) for n in range(50) for user in (TOKEN, "other")]
        )
    store.teach(TOKEN, "ingredient", "peanut", "like", f"I love peanuts {WORDS}")
    store.teach(TOKEN, "ingredient", "peanut", "dislike", f"I hate peanuts {WORDS}")
    store.teach(TOKEN, "ingredient", TASTE, "allergy", f"allergic to {TASTE} {WORDS * 90}")
    store.teach("other", "user", TOKEN, "like", "I like what she cooks")
    store.teach("other", "ingredient", TASTE, "dislike", "not for me")
    store.forget_preference(TOKEN, node=("ingredient", "peanut"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with GraphStore.open(url_of(tmp_path / "s.db")) as store:
        fill(store)
        assert traces(tmp_path)
    return tmp_path / "s.db"


def test_no_byte_is_left_while_the_store_is_open(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        with store.writing() as writer:
            writer.add_nodes("user", [(TOKEN, NAME + "!")])
            writer.add_interactions([(TOKEN, "r1", None, None, None)])
        assert any(name == "s.db-wal" for name, _ in traces(path.parent))
        report = store.erase(TOKEN)
        assert (report.state, report.interactions, report.edges, report.properties) == ("done", 51, 4, 2)
        assert report.preferences == 2
        assert [p.ext for p in store.preferences("other")] == [TASTE] and store.preferences(TOKEN) == []
        assert traces(path.parent) == []
        assert not store.erasure_pending()
        assert store.history(TOKEN) == [] and not store.has_node("user", TOKEN)
        assert len(store.history("other")) == 50
        assert store.neighbors("ingredient", TASTE, "liked_by") == ["other"]
        assert store.neighbors("user", "other", "follows", "in") == []
        assert store.info()["erased_users"] == 1
        assert store.check(full=True) == []
    assert traces(path.parent) == []


def test_the_tombstone_stops_every_way_back(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        store.erase(TOKEN)
        with store.writing() as writer:
            assert writer.add_nodes("user", [(TOKEN, NAME), ("new", None)]) == 1
            assert writer.set_properties("user", "mail", [(TOKEN, MAIL)]) == 0
            assert writer.add_edges("likes", [(TOKEN, TASTE), ("new", TASTE)]) == 1
            rows = [(TOKEN, "r1", "cook", 1, None), ("new", "r1", "cook", 1, None)]
            assert writer.add_interactions(rows) == Counts(added=1, updated=0, tombstoned=1)
        with pytest.raises(InvalidInputError, match="was erased"):
            store.record(TOKEN, "r1")
        for words in ((TOKEN, "diet", "vegan", "diet"), ("other", "user", TOKEN, "like")):
            with pytest.raises(InvalidInputError, match="was erased"):
                store.teach(*words)
        assert store.forget_preference(TOKEN, every=True) == [] == store.preferences(TOKEN)
        assert sorted(store.read_nodes("user").ids) == ["new", "other"]
        assert traces(path.parent) == []


def test_erasing_again_is_no_error_and_a_stranger_is(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        store.erase(TOKEN)
        revision = store.revision
        assert store.erase(TOKEN).state == "done"
        assert store.revision == revision
        with pytest.raises(NotFoundError, match="no user 'stranger'; nothing was erased"):
            store.erase("stranger")


def test_a_reader_makes_it_pending_until_it_ends(path: Path) -> None:
    child = start("hold_reading", path)
    assert child.stdout is not None and child.stdout.readline() == "reading\n"
    with GraphStore.open(url_of(path)) as store:
        report = store.erase(TOKEN, wait=0.1)
        assert report.state == "pending" and "reader" in (report.reason or "")
        assert store.erasure_pending() and traces(path.parent)
        assert store.history(TOKEN) == []
        child.communicate("")
        assert store.finish_erasures().state == "done"
        assert traces(path.parent) == []


@pytest.mark.parametrize("step", ["rewrite_file", "remove_snapshots", "close_erasures"])
def test_a_kill_between_the_steps_is_made_good_at_the_next_opening(path: Path, step: str) -> None:
    snapshot = path.parent / "snapshots" / "one"
    with GraphStore.open(url_of(path)) as store:
        snapshot.mkdir(parents=True)
        (snapshot / "ids.bin").write_text(TOKEN)
        store.register_snapshot(snapshot, "abcd")
    status, _, err = run("die_in_erase", path, TOKEN, step)
    assert status == -signal.SIGKILL, err
    with GraphStore.open(url_of(path), read_only=True) as store:
        assert store.erasure_pending() and store.history(TOKEN) == []
    with GraphStore.open(url_of(path)) as store:
        assert not store.erasure_pending()
        assert traces(path.parent) == [] and not snapshot.exists()
        assert [record.removed for record in store.snapshots()] == [True]


def test_a_kill_before_the_commit_erases_nothing(path: Path) -> None:
    status, _, _ = run("die_in_erase", path, TOKEN, "flag_holders")
    assert status == -signal.SIGKILL
    with GraphStore.open(url_of(path)) as store:
        assert len(store.history(TOKEN)) == 50 and not store.erasure_pending()


def test_pages_that_were_split_keep_no_copy(tmp_path: Path) -> None:
    """secure_delete alone leaves a few ids in the unused part of split pages: this workload shows them."""
    rng = random.Random(0)
    texts = [f"{rng.randrange(16**10):010x}" for _ in range(2500)]
    with GraphStore.open(url_of(tmp_path / "s.db")) as store:
        for at in range(0, len(texts), 100):
            with store.writing() as writer:
                for text in rng.sample(texts[: at + 100], 60):
                    writer.add_nodes("user", [(text, text + "z" * rng.randrange(400))])
                    writer.set_properties("user", "mail", [(text, text + "y" * rng.randrange(1500))])
        users = store.read_nodes("user").ids
        doomed = rng.sample(users, len(users) // 2)
        with store.writing() as writer:
            for user in doomed[:-1]:
                writer.delete_user(user)
        store.erase(doomed[-1])
        data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert [user for user in doomed if user.encode() in data] == []
        assert all(user.encode() in data for user in store.read_nodes("user").ids)


def test_snapshots_and_bundles_that_held_the_user(path: Path) -> None:
    folder = path.parent
    for name in ("old", "new", "elsewhere"):
        (folder / name).mkdir()
        (folder / name / "ids.bin").write_text(TOKEN if name != "elsewhere" else "")
    with GraphStore.open(url_of(folder / "other.db")) as before:
        with before.writing() as writer:
            writer.add_nodes("user", [("first", None)])
        before.register_snapshot(folder / "elsewhere", "early")
        before.mark_bundle(folder / "bundle-early", "early")
        fill(before)
        assert not before.register_snapshot(folder / "old", "s1")
        assert not before.mark_bundle(folder / "bundle-old", "s1")
        assert not before.mark_bundle(folder / "bundle-unknown", "never registered")
        read_at = before.revision
        report = before.erase(TOKEN)
        assert report.snapshots_removed == (folder / "old",) and report.snapshots_left == ()
        assert report.bundles_flagged == (folder / "bundle-old", folder / "bundle-unknown")
        assert not (folder / "old").exists() and (folder / "elsewhere").exists()
        flags = {bundle.path.name: bundle.flag for bundle in before.bundles()}
        flag = "contains erased user: retrain"
        assert flags == {"bundle-early": None, "bundle-old": flag, "bundle-unknown": flag}
        # A snapshot that was read before the erasure and is registered after it holds the user all the same.
        assert before.register_snapshot(folder / "new", "s2", revision=read_at)
        assert before.mark_bundle(folder / "bundle-new", "s2")
        assert before.erasure_pending()
        assert before.finish_erasures().snapshots_removed == (folder / "new",)
        assert before.mark_bundle(folder / "late", "s3", users=["first", TOKEN])
        assert not before.mark_bundle(folder / "fresh", "s4", users=["first", "other"])


def test_a_user_who_came_later_is_not_in_an_older_bundle(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        store.mark_bundle(path.parent / "bundle", "s1")
        store.record("late", "r1")
        assert store.erase("late").bundles_flagged == ()
        assert [bundle.flag for bundle in store.bundles()] == [None]


def test_the_folder_of_the_store_is_never_a_snapshot(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        for wrong in (path.parent, path.parent.parent, Path("/")):
            with pytest.raises(InvalidInputError, match="holds the store itself"):
                store.register_snapshot(wrong, "s")


def test_paths_move_with_the_store(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store:
        store.register_snapshot(path.parent / "snapshots" / "s1", "s1")
        store.mark_bundle("/somewhere/else", "s1")
    moved = path.parent.rename(path.parent.with_name("moved"))
    with GraphStore.open(url_of(moved / "s.db")) as store:
        assert [record.path for record in store.snapshots()] == [moved / "snapshots" / "s1"]
        assert [record.path for record in store.bundles()] == [Path("/somewhere/else")]


class FullDisk:
    """A driver's connection on a disk without room for a second copy of the file."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def execute(self, sql: str) -> sqlite3.Cursor:
        if sql == "VACUUM":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self.raw.execute(sql)


def test_no_room_to_rewrite_the_file_is_pending(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite = erasure.rewrite_file
    with GraphStore.open(url_of(path)) as store:
        monkeypatch.setattr(erasure, "rewrite_file", lambda raw, wait: rewrite(FullDisk(raw), wait))
        report = store.erase(TOKEN)
        assert report.state == "pending" and "no room" in (report.reason or "")
        monkeypatch.undo()
        assert store.finish_erasures().state == "done" and traces(path.parent) == []
