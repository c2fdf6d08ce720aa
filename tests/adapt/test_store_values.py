from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.adapt.store_values import NodeNumbers, NodeValues, node_labels, node_values, single_value
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.sparse import CSR
from graphrec.store import GraphStore
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from tests.adapt.store_world import DISHES, SHOPS, dish, kind, salt, snapshot_of


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> GraphSnapshot:
    return snapshot_of(tmp_path_factory.mktemp("world"))


def by_id(snapshot: GraphSnapshot, found: NodeValues) -> dict[str, str | None]:
    ids = snapshot.ids("dish")
    return {ids[n]: found.names[v] if v >= 0 else None for n, v in enumerate(found.value.tolist())}


@pytest.mark.parametrize("name", ["shop", "sold_in", "sells"])
def test_the_domain_of_a_node_is_the_only_one_it_is_joined_to(snapshot: GraphSnapshot, name: str) -> None:
    found = node_values(snapshot, "dish", name)
    expected: dict[str, str | None] = {dish(shop, n): shop for shop in SHOPS for n in range(DISHES)}
    assert by_id(snapshot, found) == expected | {"everywhere": None, "nowhere": None, "silent": "north"}
    assert (found.several, found.relation, found.node_type) == (1, "sold_in", "shop")


def test_a_relation_is_read_in_either_direction(snapshot: GraphSnapshot) -> None:
    """Seen from the shops, `in_city` backwards joins a city to several shops, except C."""
    found = node_values(snapshot, "city", "shop")
    assert [found.names[v] if v >= 0 else None for v in found.value.tolist()] == [None, None, "south"]
    assert found.several == 2


def test_texts_are_values_and_blank_is_none(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_nodes("shop", [(name, None) for name in "abcd"])
            writer.set_properties(
                "shop", "region", [("a", "west"), ("b", " east "), ("c", "west"), ("d", "  ")]
            )
        found = node_values(write_snapshot(store, tmp_path / "snap"), "shop", "region")
    assert found.names == ("east", "west") and found.value.tolist() == [1, 0, 1, -1]
    assert found.relation is None and found.node_type is None


def test_labels_are_classes_or_numbers(snapshot: GraphSnapshot) -> None:
    classes = node_labels(snapshot, "dish", "kind")
    assert isinstance(classes, NodeValues) and by_id(snapshot, classes)[dish("hill", 3)] == kind(3)
    numbers = node_labels(snapshot, "dish", "salt")
    assert isinstance(numbers, NodeNumbers) and numbers.names == ("salt",)
    row = snapshot.ids("dish").find(dish("south", 5))
    assert row is not None and numbers.value[row, 0] == pytest.approx(salt(5))
    assert np.isnan(numbers.value).sum() == 3  # what stands in no shop has no salt either


def test_health_stands_for_the_scores_that_there_are(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_nodes("recipe", [("a", None), ("b", None)])
            writer.set_properties("recipe", "who", [("a", 3.0), ("b", 4.0)])
            writer.set_properties("recipe", "fsa", [("a", 7.0)])
        snapshot = write_snapshot(store, tmp_path / "snap")
    for name in ("health", "fsa,who", " fsa , who "):
        found = node_labels(snapshot, "recipe", name)
        assert isinstance(found, NodeNumbers) and found.names == ("fsa", "who")
        np.testing.assert_array_equal(found.value, [[7.0, 3.0], [np.nan, 4.0]])


def test_what_is_missing_is_named(snapshot: GraphSnapshot) -> None:
    with pytest.raises(NotFoundError, match=r"no 'colour'.*sold_in.*region.*salt"):
        node_values(snapshot, "dish", "colour")
    with pytest.raises(NotFoundError, match="no 'health'"):
        node_labels(snapshot, "dish", "health")
    with pytest.raises(NotFoundError, match="no number 'sugar'"):
        node_labels(snapshot, "dish", "salt,sugar")
    with pytest.raises(InvalidInputError, match=r"No dish has exactly one contains .* joined to several"):
        node_values(snapshot, "dish", "contains")
    with pytest.raises(NotFoundError, match="no node type 'cake'"):
        node_values(snapshot, "cake", "shop")


def test_two_relations_to_one_type_must_be_told_apart(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.writing() as writer:
            writer.add_relation("born_in", "user", "city")
            writer.add_relation("lives_in", "user", "city")
            writer.add_edges("born_in", [("u", "Rome")])
            writer.add_edges("lives_in", [("u", "Oslo")])
        snapshot = write_snapshot(store, tmp_path / "snap")
    with pytest.raises(InvalidInputError, match="name one of born_in, lives_in"):
        node_values(snapshot, "user", "city")
    found = node_values(snapshot, "user", "lives_in")
    assert found.names[found.value[0]] == "Oslo"


@given(st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=8))
def test_only_lone_columns_are_values(rows: list[set[int]]) -> None:
    pairs = [(row, column) for row, columns in enumerate(rows) for column in columns]
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    value, several = single_value(CSR.from_coo(ends[:, 0], ends[:, 1], None, (len(rows), 5)))
    assert value.tolist() == [next(iter(row)) if len(row) == 1 else -1 for row in rows]
    assert several == sum(len(row) > 1 for row in rows)
