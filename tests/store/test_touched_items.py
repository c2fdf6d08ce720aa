"""What a store notes about changed items, beside a full comparison of the store before and after."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.store import GraphStore, ItemRecord, Writer
from graphrec.store.importers.recipes import import_recipes
from tests.store.store_children import url_of

pytestmark = pytest.mark.usefixtures("unflushed")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with GraphStore.open(url_of(tmp_path / "s.db")) as opened:
        with opened.writing() as writer:
            writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
            writer.add_relation("part_of_meal", "recipe", "meal", feature=False)
            writer.add_relation("is_a", "ingredient", "ingredient")
            writer.add_relation("likes", "user", "ingredient")
            writer.add_nodes("recipe", [("soup", "Soup"), ("cake", None), ("stew", "Stew")])
            writer.add_edges("contains", [("soup", "salt"), ("cake", "flour"), ("stew", "salt", 2.0)])
            writer.add_nodes("user", [("bob", None)])
        yield opened


def by_hand(store: GraphStore) -> dict[str, tuple[object, ...]]:
    """All that is said of each recipe, through the reads of single nodes."""
    found: dict[str, tuple[object, ...]] = {}
    leaving = [relation for relation in store.relations() if relation.src == "recipe"]
    weights = {
        relation.name: {(s, d): w for s, d, w in zip(*store.read_edges(relation.name), strict=True)}
        for relation in leaving
    }
    row = dict(zip(store.read_nodes("recipe").ids, store.read_nodes("recipe").rows.tolist(), strict=True))
    for ext in row:
        node = store.node("recipe", ext)
        edges = {
            relation.name: (
                store.neighbors("recipe", ext, relation.name),
                {d: w for (s, d), w in weights[relation.name].items() if s == row[ext]},
            )
            for relation in leaving
        }
        found[ext] = (node.name, node.properties, edges)
    return found


WRITES: dict[str, tuple[Callable[[Writer], object], set[str]]] = {
    "name": (lambda w: w.add_nodes("recipe", [("soup", "Broth")]), {"soup"}),
    "same name": (lambda w: w.add_nodes("recipe", [("soup", "Soup"), ("cake", None)]), set()),
    "new": (lambda w: w.add_nodes("recipe", [("pie", "Pie")]), {"pie"}),
    "edge": (lambda w: w.add_edges("contains", [("soup", "egg"), ("cake", "flour")]), {"soup"}),
    "weight": (lambda w: w.add_edges("contains", [("stew", "salt", 1.0)]), {"stew"}),
    "backwards": (lambda w: w.add_edges("contained_in", [("egg", "cake")]), {"cake"}),
    "meal": (lambda w: w.add_edges("part_of_meal", [("cake", "feast")]), {"cake"}),
    "number": (lambda w: w.set_properties("recipe", "minutes", [("soup", 5.0)]), {"soup"}),
    "known item in an event": (lambda w: w.add_interactions([("ann", "soup", None, 1, None)]), set()),
    "new item in an event": (lambda w: w.add_interactions([("ann", "pie", None, 1, None)]), {"pie"}),
}


@pytest.mark.parametrize("what", WRITES)
def test_an_item_is_touched_when_what_it_says_changed(store: GraphStore, what: str) -> None:
    before, since = by_hand(store), store.revision
    write, expected = WRITES[what]
    with store.writing() as writer:
        write(writer)
    after = by_hand(store)
    assert {ext for ext in after if before.get(ext) != after[ext]} == expected  # the table above is right
    assert set(store.touched_items(since)) == expected
    assert (store.catalogue_revision > since) == bool(expected)
    with store.writing() as writer:
        write(writer)
    assert set(store.touched_items(since)) == expected, "writing the same again touches nothing"
    assert (store.catalogue_revision > since) == bool(expected)
    assert store.touched_items(store.revision) == ()


def test_users_and_what_they_do_leave_the_catalogue_alone(store: GraphStore) -> None:
    store.record("ann", "soup", kind="cook")  # from here on `user` is the type that interacts
    before = store.catalogue_revision
    store.record("new", "cake")
    store.teach("new", "ingredient", "peanut", "allergy")
    with store.writing() as writer:
        writer.add_nodes("user", [("bob", "Bob"), ("eve", "Eve")])
        writer.add_edges("likes", [("bob", "salt"), ("eve", "salt")])
        writer.set_properties("user", "age", [("bob", 3.0)])
        writer.set_kind("view", 0.9)
    store.forget_preference("new")
    store.erase("bob")
    assert store.catalogue_revision == before < store.revision
    assert store.touched_items(before) == ()


def test_attributes_and_their_kinds_change_the_catalogue_and_touch_no_item(store: GraphStore) -> None:
    before = store.revision
    for write in (
        lambda writer: writer.add_edges("is_a", [("salt", "mineral")]),
        lambda writer: writer.add_nodes("ingredient", [("salt", "Sea salt")]),
        lambda writer: writer.add_relation("tagged", "recipe", "tag"),
    ):
        last = store.catalogue_revision
        with store.writing() as writer:
            write(writer)
        assert store.catalogue_revision == store.revision > last
    assert store.touched_items(before) == ()


def test_a_write_that_fails_touches_nothing(store: GraphStore) -> None:
    before = store.revision, store.catalogue_revision
    with pytest.raises(ZeroDivisionError), store.writing() as writer:
        writer.add_nodes("recipe", [("soup", "Broth"), ("pie", "Pie")])
        raise ZeroDivisionError
    assert (store.revision, store.catalogue_revision) == before and store.touched_items(before[0]) == ()


def test_an_item_whose_type_becomes_that_of_users_can_still_be_erased(tmp_path: Path) -> None:
    with GraphStore.open(url_of(tmp_path / "odd.db")) as store:
        for name in ("A", "B"):
            with store.writing() as writer:
                writer.add_nodes("member", [("m", name)])
        with store.writing() as writer:
            writer.add_interactions([("m", "film", None, 1, None)], user_type="member", item_type="movie")
        assert store.erase("m").state == "done" and store.check(full=True) == []


def test_records_hold_what_single_reads_give(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.set_properties("recipe", "minutes", [("soup", 5.0)])
        writer.set_properties("recipe", "description", [("soup", "hot"), ("cake", "")])
        writer.add_edges("part_of_meal", [("soup", "feast")])
        writer.add_nodes("recipe", [(f"r{n}", None) for n in range(700)])
        writer.add_edges("contains", [(f"r{n}", f"i{n % 7}") for n in range(700)])
    every = {record.ext: record for record in store.item_records()}
    assert list(every) == store.read_nodes("recipe").ids
    for ext in ("soup", "cake", "stew", *(f"r{n}" for n in range(0, 700, 20))):
        record = every[ext]
        node = store.node("recipe", ext)
        assert (record.name, {**record.numbers, **record.texts}) == (node.name, node.properties)
        expected = [
            (name, kind, other)
            for name, kind in (("contains", "ingredient"), ("part_of_meal", "meal"))
            for other in store.neighbors("recipe", ext, name)
        ]
        assert list(record.attributes) == expected
        assert record.features == {"contains"}
    assert [a.type for a in every["soup"].feature_attributes()] == ["ingredient"]
    wanted = ["r650", "nobody", "soup", "r650", *(f"r{n}" for n in range(600))]
    named = list(store.item_records(wanted))
    assert [record.ext for record in named] == [ext for ext in dict.fromkeys(wanted) if ext in every]
    assert all(record == every[record.ext] for record in named)
    assert list(store.item_records([])) == []


def test_records_are_of_one_state_and_leave_other_reads_alone(store: GraphStore) -> None:
    with store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{n}", "old") for n in range(700)])
    reader = store.item_records()
    first: ItemRecord = next(reader)
    with store.writing() as writer:
        writer.add_nodes("recipe", [(f"r{n}", "new") for n in range(800)])
    assert store.node("recipe", "r0").name == "new"
    assert {record.name for record in reader if record.ext.startswith("r")} == {"old"}
    assert first.ext == "soup"


def write_recipes(path: Path, recipes: list[dict[str, object]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(recipe) + "\n" for recipe in recipes)
    return path


TITLES = st.sampled_from(["Lemon pie", "Lemon cake", "Pie of plums", "Cake", "Soup", "Lemon soup"])
LINES = st.lists(st.sampled_from(["2 eggs", "1 cup flour", "salt", "100 g almonds", "some dust"]), max_size=3)
RECIPES = st.lists(
    st.fixed_dictionaries(
        {
            "identifier": st.sampled_from([f"r{n}" for n in range(8)]),
            "name": TITLES,
            "recipeIngredient": LINES,
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda recipe: recipe["identifier"],
)


@settings(max_examples=8, deadline=None)
@given(st.lists(RECIPES, min_size=1, max_size=3))
def test_imports_touch_exactly_what_differs_afterwards(imports: list[list[dict[str, object]]]) -> None:
    """Keywords come and go on recipes that are not in the file, too."""
    with (
        tempfile.TemporaryDirectory() as folder,
        GraphStore.open(url_of(Path(folder) / "s.db")) as store,
    ):
        for recipes in imports:
            path = write_recipes(Path(folder) / "in.jsonl.gz", recipes)
            known = "recipe" in store.node_types()
            before, since = by_hand(store) if known else {}, store.revision
            import_recipes(store, path)
            after = by_hand(store)
            expected = {ext for ext in after if before.get(ext) != after[ext]}
            assert set(store.touched_items(since)) == expected
