"""What is written is what is read: nodes, names, properties, relations, edges, interactions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from graphrec.errors import InvalidInputError, NotFoundError, StoreError
from graphrec.store import Counts, GraphStore
from graphrec.store.columns import NO_TIME
from graphrec.store.records import Kind
from graphrec.store.tables import SCHEMA_VERSION

ODD_IDS = [
    "two words", " ", "it's", '"quoted"', "Robert'); DROP TABLE node;--", "🍜🥢", "né", "%_*?", "a\nb",
    "🧑‍🍳" * 100, "-1", "0x", "x" * 512, "юрий", "\u202eabc",
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as opened:
        yield opened


def test_a_new_store_is_empty_and_knows_the_kinds(store: GraphStore) -> None:
    assert (store.revision, store.node_types(), store.relations()) == (0, [], ())
    assert dict(store.kinds()) == {
        "view": 0.2, "click": 0.2, "save": 0.5, "rate": 1.0, "cart": 0.7,
        "cook": 1.0, "like": 1.0, "buy": 1.0, "interact": 1.0,
    }  # fmt: skip
    assert store.read_interactions().user.dtype == np.int64
    assert len(store.read_interactions().user) == 0
    assert store.item_type is None
    assert store.check(full=True) == []


def test_nodes_names_and_properties(store: GraphStore) -> None:
    with store.writing() as writer:
        assert writer.add_nodes("recipe", [("r1", "Soup"), ("r2", None), ("r1", "Better soup")]) == 2
        writer.set_properties("recipe", "minutes", [("r1", 30), ("r2", "long"), ("r3", 1.5)])
        assert writer.add_nodes("recipe", [("r1", None), ("r4", "Pie")]) == 1  # None leaves the name
    assert store.node("recipe", "r1") == ("recipe", "r1", "Better soup", {"minutes": 30.0})
    assert store.node("recipe", "r2").properties == {"minutes": "long"}
    assert store.count_nodes("recipe") == 4
    columns = store.read_properties("recipe")
    rows = dict(zip(store.read_nodes("recipe").ids, store.read_nodes("recipe").rows.tolist(), strict=True))
    assert columns.numbers["minutes"][0].tolist() == [rows["r1"], rows["r3"]]
    assert columns.numbers["minutes"][1].tolist() == [30.0, 1.5]
    assert columns.texts["minutes"][1] == ["long"]
    with pytest.raises(NotFoundError, match=r"no recipe 'gone'"):
        store.node("recipe", "gone")


def test_a_property_changes_its_sort(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.set_properties("recipe", "k", [("r", 1.0)])
        writer.set_properties("recipe", "k", [("r", "text")])
    assert store.node("recipe", "r").properties == {"k": "text"}


@pytest.mark.parametrize("odd", ODD_IDS)
def test_odd_ids_come_back_as_they_went_in(store: GraphStore, odd: str) -> None:
    with store.writing() as writer:
        writer.add_relation(odd, odd, "x", inverse=odd + "^" if len(odd) < 512 else "inv")
        writer.add_nodes(odd, [(odd, odd)])
        writer.set_properties(odd, odd, [(odd, odd)])
        writer.add_edges(odd, [(odd, odd)])
        writer.add_interactions([(odd, odd, odd, 1, None)])
    assert store.node(odd, odd) == (odd, odd, odd, {odd: odd})
    assert store.neighbors(odd, odd, odd) == [odd]
    assert store.neighbors("x", odd, odd, "in") == [odd]
    assert store.has_edge(odd, odd, odd)
    assert store.history(odd) == [(odd, odd, 1.0, 1)]
    assert store.node_types() == [odd, "x", "user", "recipe"]


def test_ids_are_one_in_either_normal_form(store: GraphStore) -> None:
    composed, decomposed = "cr\u00e8me", "cre\u0300me"
    with store.writing() as writer:
        assert writer.add_nodes("ingredient", [(decomposed, None), (composed, None)]) == 1
    assert store.read_nodes("ingredient").ids == [composed]
    assert store.node("ingredient", decomposed).id == composed


def test_edges_are_read_in_both_directions_and_by_either_name(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
        writer.add_relation("is_a", "ingredient", "ingredient", inverse="has_kind")
        assert writer.add_edges("contains", [("soup", "salt"), ("soup", "egg"), ("pie", "egg")]) == 3
        assert writer.add_edges("contained_in", [("salt", "pie"), ("salt", "soup")]) == 1
        assert writer.add_edges("is_a", [("egg", "food")]) == 1
    assert store.neighbors("recipe", "soup", "contains") == ["egg", "salt"]
    assert store.neighbors("ingredient", "egg", "contained_in") == ["pie", "soup"]
    assert store.neighbors("ingredient", "egg", "contains", "in") == ["pie", "soup"]
    assert store.neighbors("recipe", "pie", "contained_in", "in") == ["egg", "salt"]
    assert store.neighbors("ingredient", "food", "has_kind") == ["egg"]
    assert store.neighbors("ingredient", "food", "is_a", "in") == ["egg"]
    assert store.neighbors("ingredient", "food", "is_a") == []
    assert store.neighbors("recipe", "unknown", "contains") == []
    assert store.has_edge("contains", "pie", "salt") and store.has_edge("contained_in", "salt", "pie")
    assert not store.has_edge("contains", "salt", "pie") and not store.has_edge("contains", "pie", "nothing")
    with pytest.raises(InvalidInputError, match="starts at a recipe, not at a ingredient"):
        store.neighbors("ingredient", "egg", "contains")
    with pytest.raises(NotFoundError, match="no relation 'eats'; it has: contains, is_a"):
        store.neighbors("ingredient", "egg", "eats")


def test_edge_weights_are_updated_and_the_last_of_a_batch_wins(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient")
        assert writer.add_edges("contains", [("r", "a", 0.5), ("r", "b"), ("r", "a", 0.25)]) == 2
        assert writer.add_edges("contains", [("r", "b", 3.0)]) == 0
    assert store.read_edges("contains").weight.tolist() == [0.25, 3.0]


def test_relations_keep_their_declaration(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_relation("part_of_meal", "recipe", "meal", inverse="has_part", feature=False)
        writer.add_relation("part_of_meal", "recipe", "meal", inverse="has_part", feature=False)
    assert store.relations() == (("part_of_meal", "recipe", "meal", "has_part", False),)
    for name, inverse in (("part_of_meal", None), ("has_part", None), ("other", "has_part"), ("new", "new")):
        with store.writing() as writer, pytest.raises(InvalidInputError, match="collides"):
            writer.add_relation(name, "recipe", "meal", inverse=inverse)
    with pytest.raises(InvalidInputError, match="read the relation it inverts"):
        store.read_edges("has_part")


def test_missing_ends_can_be_an_error(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient")
        writer.add_nodes("recipe", [("r", None)])
        with pytest.raises(NotFoundError, match=r"target 'salt' in row 1 is no ingredient"):
            writer.add_edges("contains", [("r", "salt")], on_missing="error")
        with pytest.raises(InvalidInputError, match="on_missing"):
            writer.add_edges("contains", [], on_missing="ignore")
        with pytest.raises(NotFoundError, match="no relation"):
            writer.add_edges("undeclared", [("r", "salt")])


def test_interactions_default_weights_and_updates(store: GraphStore) -> None:
    with store.writing() as writer:
        rows = [
            ("u", "r1", "cook", 5, None), ("u", "r1", "view", None, 0.9), ("u", "r2", None, None, None),
            ("u", "r1", "taste", -7, None), ("u", "r1", "cook", 5, 0.3), ("v", "r2", "cook", 5, None),
        ]  # fmt: skip
        assert writer.add_interactions(rows) == Counts(added=5, updated=1, tombstoned=0)
        assert writer.add_interactions(rows[:2]) == Counts(added=0, updated=2, tombstoned=0)
    assert store.history("u") == [
        ("r1", "view", 0.9, None), ("r2", "interact", 1.0, None),
        ("r1", "taste", 1.0, -7), ("r1", "cook", 1.0, 5),
    ]  # fmt: skip
    with store.writing() as writer:
        writer.set_kind("cook", 0.25)
    assert store.history("v") == [("r2", "cook", 0.25, 5)]  # a weight that was not given follows its kind
    columns = store.read_interactions()
    names = [store.kinds()[kind].name for kind in columns.kind]
    users = dict(zip(store.read_nodes("user").rows.tolist(), store.read_nodes("user").ids, strict=True))
    items = dict(zip(store.read_nodes("recipe").rows.tolist(), store.read_nodes("recipe").ids, strict=True))
    ends = [(users[user], items[item]) for user, item in zip(columns.user, columns.item, strict=True)]
    rest = zip(names, columns.weight.tolist(), columns.time.tolist(), strict=True)
    assert [(*pair, *more) for pair, more in zip(ends, rest, strict=True)] == [
        ("u", "r1", "view", 0.9, NO_TIME), ("u", "r1", "cook", 0.25, 5), ("u", "r1", "taste", 1.0, -7),
        ("u", "r2", "interact", 1.0, NO_TIME), ("v", "r2", "cook", 0.25, 5),
    ]  # fmt: skip
    assert Kind("taste", 1.0) in store.kinds()


def test_a_store_has_one_type_of_item(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_interactions([("u", "song", "play", 1, None)], item_type="track")
    assert (store.user_type, store.item_type) == ("user", "track")
    with store.writing() as writer:
        assert writer.add_interactions([("u", "other", None, 1, None)]).added == 1  # the type is known by now
        with pytest.raises(InvalidInputError, match="have 'track' for it"):
            writer.add_interactions([("u", "soup", None, 1, None)], item_type="recipe")
    assert store.count_nodes("track") == 2


def test_record_is_one_durable_revision(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_nodes("recipe", [("r", None)])
    assert store.revision == 1
    assert store.record("u", "r", kind="cook", time=datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == (1, 0, 0)
    assert store.record("u", "r", kind="cook", weight=0.5, time=1_000_005) == (0, 1, 0)
    assert store.revision == 3
    assert store.history("u") == [("r", "cook", 0.5, 1_000_005)]
    store.record("u", "r")
    last = store.history("u")[-1]
    assert (last.kind, last.weight) == ("view", 0.2)
    assert abs(datetime.fromtimestamp((last.time or 0) / 1e6, UTC) - datetime.now(UTC)).total_seconds() < 60
    with pytest.raises(NotFoundError, match="item 'typo' in row 1 is no recipe"):
        store.record("u", "typo")
    with pytest.raises(InvalidInputError, match="no time zone"):
        store.record("u", "r", time=datetime(2020, 1, 1))
    assert store.count_nodes("user") == 1


def test_a_failed_block_leaves_nothing(store: GraphStore) -> None:
    with pytest.raises(InvalidInputError), store.writing() as writer:
        writer.add_nodes("recipe", [("r", None)])
        writer.add_interactions([("u", "r", None, None, -1.0)])
    assert (store.node_types(), store.revision) == ([], 0)


def test_a_block_that_changes_nothing_is_no_revision(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_nodes("recipe", [("r", "Soup")])
    with store.writing() as writer:
        writer.add_nodes("recipe", [("r", "Soup")])
    assert store.revision == 1


def test_reading_block_sees_one_state(store: GraphStore) -> None:
    with store.reading():
        assert store.count_nodes("recipe") == 0
        with store.writing() as writer:
            writer.add_nodes("recipe", [("r", None)])
        with store.reading():  # blocks nest
            assert (store.count_nodes("recipe"), store.revision) == (0, 0)
    assert (store.count_nodes("recipe"), store.revision) == (1, 1)


def test_writing_blocks_do_not_nest(store: GraphStore) -> None:
    with store.writing(), pytest.raises(StoreError, match="writing already"), store.writing():
        pass


def test_info_counts_everything(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient")
        writer.add_edges("contains", [("r", "a"), ("r", "b")])
        writer.add_interactions([("u", "r", "cook", 1, None)])
    store.teach("u", "diet", "vegan", "diet")
    info = store.info()
    assert info["preferences"] == {"like": 0, "dislike": 0, "diet": 1, "allergy": 0}
    assert info["nodes"] == {"recipe": 1, "ingredient": 2, "user": 1}
    assert info["edges"] == {"contains": 2}
    assert info["interactions"]["cook"] == 1
    assert (info["total_nodes"], info["total_edges"], info["total_interactions"]) == (4, 2, 1)
    assert (info["schema"], info["revision"], info["erased_users"], info["erasure_pending"]) == (
        SCHEMA_VERSION,
        2,
        0,
        False,
    )


def test_threads_share_a_store(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{n}", None) for n in range(10)])

    def live(user: str) -> int:
        for n in range(10):
            store.record(user, f"r{n}", kind="cook", time=n)
            with store.reading():
                assert len(store.history(user)) == n + 1
        return len(store.history(user))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(live, "abcdefgh")) == [10] * 8
    assert store.revision == 81
