"""Taught preferences beside a plain list that lives the same life, and what they leave alone."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError, StoreError
from graphrec.store import GraphStore, Preference, write_snapshot
from graphrec.store.preference_rows import MAX_UTTERANCE
from tests.store.processes import start
from tests.store.store_children import url_of

KINDS = ("like", "dislike", "diet", "allergy")
USERS = st.sampled_from(["ann", "Ünal", "a;--"])
NODES = st.sampled_from(
    [("ingredient", "peanut"), ("ingredient", "🌶️"), ("diet", "vegan"), ("peanut", "ingredient")]
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=6)
ACTIONS = st.one_of(
    st.tuples(st.just("teach"), USERS, NODES, st.sampled_from(KINDS), WORDS),
    st.tuples(st.just("latest"), USERS),
    st.tuples(st.just("number"), USERS, st.integers(0, 8)),
    st.tuples(st.just("node"), USERS, NODES),
    st.tuples(st.just("every"), USERS),
)


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    return GraphStore.open(url_of(tmp_path / "s.db"))


def contradicts(old: Preference, node: tuple[str, str], kind: str) -> bool:
    """The rule in a table of its own: what gives way to what on one node."""
    gives_way = {
        "like": {"like", "dislike", "diet", "allergy"}, "dislike": {"like", "dislike", "diet", "allergy"},
        "diet": {"diet", "allergy"}, "allergy": {"diet", "allergy"},
    }  # fmt: skip
    return (old.node_type, old.ext) == node and kind in gives_way[old.kind]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(ACTIONS, max_size=25))
def test_a_life_of_teaching_and_forgetting(actions: list[tuple]) -> None:
    model: list[Preference] = []
    with tempfile.TemporaryDirectory() as folder, GraphStore.open(url_of(Path(folder) / "s.db")) as store:
        seen: set[int] = set()
        for when, (verb, user, *more) in enumerate(actions):
            mine = [p for p in model if p.user == user]
            if verb == "teach":
                node, kind, words = more
                taught = store.teach(user, *node, kind, words, time=when)
                gone = [p for p in mine if contradicts(p, node, kind)]
                assert list(taught.replaced) == gone
                assert taught == Preference(taught.id, user, *node, kind, words, when)
                assert taught.id not in seen, "a number came back"
                seen.add(taught.id)
                model = [p for p in model if p not in gone] + [taught]
            else:
                options: dict[str, object] = {"every": True} if verb == "every" else {}
                options |= {"node": more[0]} if verb == "node" else {}
                options |= {"preference_id": more[0]} if verb == "number" else {}
                gone = {
                    "latest": mine[-1:], "every": mine,
                    "node": [p for p in mine if more and (p.node_type, p.ext) == more[0]],
                    "number": [p for p in mine if more and p.id == more[0]],
                }[verb]  # fmt: skip
                assert store.forget_preference(user, **options) == gone  # type: ignore[arg-type]
                model = [p for p in model if p not in gone]
            for name in ("ann", "Ünal", "a;--", "stranger"):
                assert store.preferences(name) == [p for p in model if p.user == name]
        counts = {kind: sum(p.kind == kind for p in model) for kind in KINDS}
        assert store.info()["preferences"] == counts
        assert store.info()["total_preferences"] == len(model)
        assert store.check(full=True) == []


def test_what_follows_from_the_kind(store: GraphStore) -> None:
    taught = {kind: store.teach("ann", "diet" if kind == "diet" else "x", kind, kind) for kind in KINDS}
    assert {kind: (p.hard, p.sign) for kind, p in taught.items()} == {
        "like": (False, 1), "dislike": (False, -1), "diet": (True, 1), "allergy": (True, -1),
    }  # fmt: skip
    never_eaten = store.teach("ann", "ingredient", "pork", "diet")
    assert (never_eaten.hard, never_eaten.sign) == (True, -1)


def test_a_dislike_or_a_like_takes_no_allergy_away(store: GraphStore) -> None:
    store.teach("ann", "ingredient", "peanut", "allergy", "I'm allergic to peanuts")
    assert store.teach("ann", "ingredient", "peanut", "like", "I love peanuts, sadly").replaced == ()
    assert [p.kind for p in store.preferences("ann")] == ["allergy", "like"]
    assert [p.kind for p in store.teach("ann", "ingredient", "peanut", "allergy").replaced] == [
        "allergy",
        "like",
    ]


def test_what_cannot_be_taught(store: GraphStore) -> None:
    for words, match in (
        (("ann", "ingredient", "egg", "hate"), "'hate' is no kind of preference; give one of like, dislike"),
        (("ann", "ingredient", "", "like"), "ingredient id is empty"),
        (("ann", "", "egg", "like"), "node type is empty"),
        (("", "ingredient", "egg", "like"), "user is empty"),
        (("ann", "ingredient", "egg", "like", "x" * (MAX_UTTERANCE + 1)), "2001 characters"),
        (("ann", "ingredient", "egg", "like", "\ud800"), "not valid Unicode"),
    ):
        with pytest.raises(InvalidInputError, match=match):
            store.teach(*words)
    with pytest.raises(InvalidInputError, match="not several"):
        store.forget_preference("ann", 1, every=True)
    assert (store.revision, store.count_nodes("user")) == (0, 0)


def test_another_spelling_of_the_same_id_is_the_same_node(store: GraphStore) -> None:
    store.teach("ann", "ingredient", "cr\u00e8me", "like")
    assert [p.kind for p in store.teach("ann", "ingredient", "cre\u0300me", "dislike").replaced] == ["like"]


def test_it_is_on_disk_when_teach_returns(store: GraphStore) -> None:
    taught = store.teach("ann", "diet", "vegan", "diet", "I went vegan")
    copy = store.path.with_name("copy.db")  # what a power cut would leave: file and log as they are now
    for ending in ("", "-wal"):
        copy.with_name(copy.name + ending).write_bytes(
            store.path.with_name(store.path.name + ending).read_bytes()
        )
    with GraphStore.open(url_of(copy)) as recovered:
        assert recovered.preferences("ann") == [taught]


def test_a_kill_loses_nothing_and_tears_nothing(store: GraphStore) -> None:
    """Whatever moment it comes: a replacement is whole, and what was confirmed is there."""
    store.close()
    rng, taught = random.Random(2), 0
    for _ in range(3):
        child = start("teach_on", store.path)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.2))
        child.kill()
        out, err = child.communicate()
        assert first, err
        taught = max(taught, *(int(line) for line in (first + out).split()))
        with GraphStore.open(store.url) as opened:
            found = [p for p in opened.preferences("ann") if p.ext != "taken back"]
            assert taught <= len(found) <= taught + 1
            assert [p.ext for p in found] == [f"i{n}" for n in range(len(found))]
            assert {p.kind for p in found[:taught]} == {"dislike"}
            assert opened.check(full=True) == []
            opened.forget_preference("ann", node=("ingredient", "taken back"))
            for p in found[taught:]:  # the child counts what is there and begins with the next
                opened.forget_preference("ann", p.id)
    assert taught > 4


def test_forgotten_words_leave_the_file(store: GraphStore) -> None:
    words = "s0mething-pr1vate"
    store.teach("ann", "ingredient", "egg", "allergy", words)
    store.forget_preference("ann")
    store.close()
    assert words.encode() not in store.path.read_bytes()


def test_reading_takes_one_statement_and_no_scan(store: GraphStore) -> None:
    for n in range(40):
        store.teach(f"u{n}", "ingredient", "egg", "like")
    statements: list[str] = []
    with store.reading(), store._connect_reader() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(statements.append)
        assert len(store.preferences("u7")) == 1
        raw.set_trace_callback(None)
        plan = [str(row[3]) for row in raw.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
    assert len(statements) == 1
    large = [line for line in plan if line.startswith("SCAN") and "node_type" not in line]
    assert large == [], plan


def test_nothing_of_it_reaches_a_snapshot(store: GraphStore, unflushed: None) -> None:
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient")
        writer.add_edges("contains", [("soup", "salt")])
        writer.add_interactions([("ann", "soup", "cook", 1, None)])
    folder = store.path.parent / "snapshots"
    before = write_snapshot(store, folder)
    store.teach("ann", "ingredient", "not in the catalogue", "dislike", "w0rds")
    assert write_snapshot(store, folder).name == before.name
    assert len(store.snapshots()) == 1
    assert store.node_types() == ["recipe", "ingredient", "user"]
    assert all(b"w0rds" not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_who_taught_first_and_acts_later_is_one_user(store: GraphStore) -> None:
    store.teach("ann", "diet", "vegan", "diet")
    with store.writing() as writer:
        writer.add_nodes("recipe", [("soup", None)])
    store.record("ann", "soup")
    assert store.count_nodes("user") == 1 and len(store.preferences("ann")) == 1
    with pytest.raises(InvalidInputError, match="have 'user' for it"), store.writing() as writer:
        writer.add_interactions([("ann", "soup", None, None, None)], user_type="customer")


def test_threads_teach_side_by_side(store: GraphStore) -> None:
    def teach(user: str) -> int:
        for n in range(15):
            store.teach(user, "ingredient", f"i{n % 5}", KINDS[n % 2], f"{user} {n}")
        return len(store.preferences(user))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(teach, ("a", "b", "c", "d"))) == [5, 5, 5, 5]
    assert store.revision == 60


def test_a_read_only_store_reads_and_refuses(store: GraphStore) -> None:
    taught = store.teach("ann", "diet", "vegan", "diet")
    with GraphStore.open(store.url, read_only=True) as reader:
        assert reader.preferences("ann") == [taught]
        for write in (
            lambda: reader.teach("ann", "diet", "x", "diet"),
            lambda: reader.forget_preference("ann"),
        ):
            with pytest.raises(StoreError, match="read-only; open it for writing"):
                write()
