"""A bundle that follows its store, beside a catalogue built from the store after every import."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle import Bundle, Catalogue, History, Strings
from graphrec.bundle.profile_part import ProfilePart
from graphrec.errors import InvalidInputError
from graphrec.ranking import GraphQuery, NodeRef
from graphrec.ranking.catalogue_from_snapshot import build_catalogue, build_history
from graphrec.ranking.constraints import allowed_items, items_with
from graphrec.ranking.extend import extend
from graphrec.ranking.placement import Placement
from graphrec.ranking.refresh import StoreFollower
from graphrec.ranking.store_facts import read_attributes
from graphrec.store import GraphStore, ItemRecord, Writer, write_snapshot
from graphrec.store.importers.recipe_writer import _forget as forget_recipes
from tests.bundle.worlds import World, random_parts

pytestmark = pytest.mark.usefixtures("unflushed")
DIM = 3


@pytest.fixture
def unflushed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)


class RandomPlacer:
    """Places by nothing but the id: what matters here is that everything has its right place."""

    def __init__(self, num_items: int) -> None:
        self.num_items = num_items
        self.seen: list[str] = []

    def place(self, records: Sequence[ItemRecord]) -> Placement:
        self.seen += [record.ext for record in records]
        none = np.zeros(0, np.float32)
        if not records:
            return Placement(none.reshape(0, 3).astype(np.int32), *[none.reshape(0, 3)] * 3, none, none)
        found = []
        for record in records:
            rng = np.random.default_rng(crc32(record.ext.encode()))
            neighbours = rng.choice(self.num_items, size=min(2, self.num_items), replace=False)
            neighbours = np.resize(neighbours, 3)
            neighbours[2] = -1
            shares = np.where(neighbours >= 0, rng.random(3), 0.0)
            found.append((neighbours, shares, rng.normal(size=(2, DIM)), rng.normal(), rng.random()))
        columns = [np.asarray([row[n] for row in found]) for n in range(5)]
        towers = columns[2].astype(np.float32)
        floats = [column.astype(np.float32) for column in columns]
        return Placement(
            columns[0].astype(np.int32), floats[1], towers[:, 0], towers[:, 1], floats[3], floats[4]
        )


def bundle_of(store: GraphStore, folder: Path) -> Bundle:
    """A bundle over the store as it is now, with parts of every kind."""
    snapshot = write_snapshot(store, folder / "snapshots")
    catalogue, history = build_catalogue(snapshot), build_history(snapshot)
    world = World(items={i: set() for i in catalogue.item_ids}, users={u: {} for u in catalogue.user_ids})
    rng = np.random.default_rng(1)
    keys, items = rng.normal(size=(2, catalogue.num_items, DIM)).astype(np.float32)
    profile = ProfilePart(keys, items, rng.normal(size=len(keys)).astype(np.float32), weight=0.7)
    words = Strings.pack(["nuts", "salad", "with"])
    extra = {
        "request.words.data": words.data,
        "request.words.offsets": np.asarray(words.offsets),
        "request.word_vectors": rng.normal(size=(3, 2)).astype(np.float32),
        "request.factors": rng.normal(size=(4, 3)).astype(np.float32),
        "request.item_vectors": rng.normal(size=(catalogue.num_items, 2)).astype(np.float32),
        "request.attribute_vectors": rng.normal(size=(catalogue.num_attributes, 2)).astype(np.float32),
        "request.salience": rng.random(catalogue.attribute_items.nnz).astype(np.float32),
    }
    manifest = {"model": "test", "store_revision": snapshot.revision}
    return Bundle(Path("in-memory"), manifest, (*random_parts(world), profile), catalogue, history, extra)


NAMES = [f"food {letter}" for letter in "abcde"]
RECIPES = [f"r{n}" for n in range(6)]
NEW_NAMES = st.sampled_from(["Foods B", "Walnut halves", "peanuts"])
FOODS = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
WRITES = st.fixed_dictionaries(
    {
        "recipes": st.dictionaries(st.sampled_from(RECIPES), st.tuples(st.text("xy z", max_size=3), FOODS), max_size=4),
        "cuisines": st.dictionaries(st.sampled_from(RECIPES), st.sampled_from(["thai", "Food A"]), max_size=2),
        "is_a": st.dictionaries(
            st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, "nut"])), st.sampled_from([0.5, 1.0]), max_size=3
        ),
        "names": st.dictionaries(st.sampled_from(NAMES), NEW_NAMES, max_size=2),
        "unread": st.dictionaries(st.sampled_from(RECIPES), st.sampled_from([0.0, 1.0]), max_size=3),
        "minutes": st.dictionaries(st.sampled_from(RECIPES), st.floats(0, 9), max_size=3),
        "again": st.sets(st.sampled_from(RECIPES), max_size=2),
        "events": st.lists(st.tuples(st.sampled_from(["u1", "u2"]), st.sampled_from(RECIPES)), max_size=3),
    }
)  # fmt: skip


def write(store: GraphStore, written: dict) -> None:  # type: ignore[type-arg]
    with store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
        # as importing a recipe again does: what it contained is gone
        forget_recipes(writer, writer._connection, sorted(written["again"]))
        writer.add_nodes("recipe", [(ext, title) for ext, (title, _) in written["recipes"].items()])
        pairs = [(ext, food) for ext, (_, foods) in written["recipes"].items() for food in foods]
        writer.add_edges("contains", pairs)
        if written["cuisines"]:
            writer.add_relation("of_cuisine", "recipe", "cuisine")
            writer.add_edges("of_cuisine", list(written["cuisines"].items()))
        if written["is_a"]:
            writer.add_relation("is_a", "ingredient", "ingredient")
            edges = [(low, high, weight) for (low, high), weight in written["is_a"].items() if low != high]
            writer.add_edges("is_a", edges)
        writer.add_nodes("ingredient", list(written["names"].items()))
        writer.set_properties("recipe", "unlinked_lines", list(written["unread"].items()))
        writer.set_properties("recipe", "total_minutes", list(written["minutes"].items()))
        writer.add_interactions([(user, item, "cook", None, None) for user, item in written["events"]])


def named(catalogue: Catalogue, items: Iterable[int] | None) -> set[str]:
    every = range(catalogue.num_items)
    return {catalogue.item_ids[int(item)] for item in (every if items is None else items)}


def assert_same(found: Catalogue, expected: Catalogue) -> None:
    """Everything that can be asked of two catalogues, by external ids."""
    assert set(found.item_ids) == set(expected.item_ids) and len(found.item_ids) == expected.num_items
    here = {ext: place for place, ext in enumerate(found.item_ids)}
    for place, ext in enumerate(expected.item_ids):
        assert found.titles[here[ext]] == expected.titles[place]
        for key, values in expected.properties.items():
            np.testing.assert_equal(found.properties[key][here[ext]], values[place])
    assert [found.item_ids[place] for place in np.argsort(found.item_rank)] == sorted(found.item_ids)
    assert edges_of(found) == edges_of(expected)
    assert set(expected.types) == set(found.types)
    assert set(found.hierarchical) == set(expected.hierarchical)
    refs = {expected.ref(place) for place in range(expected.num_attributes)}
    assert refs == {found.ref(place) for place in range(found.num_attributes)}
    texts = {
        *found.alias,
        *expected.attribute_ids,
        *expected.attribute_names,
        "Foods-A",
        "walnut half",
        "moon",
    }
    for kind in expected.types:
        assert named(found, found.items_without(kind)) == named(expected, expected.items_without(kind))
        for text in texts:
            a, b = found.resolve(kind, text), expected.resolve(kind, text)
            assert (a is None) == (b is None)
            if a is None or b is None:
                continue
            assert found.ref(a) == expected.ref(b) and found.label(a) == expected.label(b)
            for up in ("broader", "broader_kinds"):
                assert {found.ref(c) for c in getattr(found, up).row(a)} == {
                    expected.ref(c) for c in getattr(expected, up).row(b)
                }
            for contained in (False, True):
                ref = NodeRef(kind, text)
                one, other = (items_with(c, ref, contained=contained) for c in (found, expected))
                assert list(one if one is not None else []) == sorted(
                    set([] if one is None else one.tolist())
                )
                assert named(found, one) == named(expected, other)
    for text in texts:
        query = GraphQuery(must_not=(NodeRef("ingredient", text),), exclude_seen=False)
        none = np.zeros(0, dtype=np.int64)
        one, other = (allowed_items(catalogue, query, none).items for catalogue in (found, expected))
        assert named(found, one) == named(expected, other)


def edges_of(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    table = catalogue.item_attributes
    return sorted(
        (catalogue.item_ids[i], catalogue.relations[r], catalogue.ref(a))
        for i, a, r in zip(table.row_index(), table.indices, catalogue.edge_relation, strict=True)
    )


@settings(max_examples=12, deadline=None)
@given(st.lists(WRITES, min_size=2, max_size=4))
def test_a_followed_catalogue_is_one_built_from_the_store_afterwards(
    writes: list[dict[str, dict[str, object]]],
) -> None:
    """Recipes, ingredients, kinds, names and numbers come and change in any order."""
    with tempfile.TemporaryDirectory() as folder, GraphStore.open(f"sqlite:///{folder}/s.db") as store:
        write(store, {**writes[0], "events": [("u1", "r0"), *writes[0]["events"]]})
        bundle = bundle_of(store, Path(folder))
        follower = StoreFollower(bundle, store, RandomPlacer(bundle.catalogue.num_items))
        for written in writes[1:]:
            write(store, written)
            if not follower.is_behind(follower.revision):
                continue
            found = follower.extended()
            assert_same(found.catalogue, build_catalogue(write_snapshot(store, Path(folder) / "again")))
            check_rows(bundle, found)


def check_rows(base: Bundle, found: Bundle) -> None:
    """Every part and array has a row for every item, a new item's made of shares of its neighbours'."""
    old, new = base.catalogue.num_items, found.catalogue.num_items
    assert list(found.catalogue.item_ids[:old]) == list(base.catalogue.item_ids[:])
    place = RandomPlacer(old).place(
        [ItemRecord(e, None, {}, {}, (), frozenset()) for e in found.catalogue.item_ids[old:]]
    )
    vectors, item_item, profile = found.parts
    assert found.history.shape == (base.history.shape[0], new)
    expected = np.zeros((new, old))
    expected[:old, :old] = np.eye(old)
    for row in range(new - old):
        for neighbour, share in zip(place.neighbours[row], place.shares[row], strict=True):
            if neighbour >= 0:
                expected[old + row, neighbour] += share
    np.testing.assert_allclose(vectors.items, expected @ base.parts[0].items, atol=1e-5)
    np.testing.assert_allclose(vectors.item_bias, expected @ base.parts[0].item_bias, atol=1e-5)
    weights = expected @ base.parts[1].weights.to_scipy().toarray() @ expected.T
    for user_items in ([0], [new - 1], list(range(0, new, 2))):
        history = History(np.asarray(user_items), np.linspace(0.5, 1.5, len(user_items)).astype(np.float32))
        wanted = history.weights[:, None] * weights[user_items]
        np.testing.assert_allclose(item_item.score(None, history), wanted.sum(axis=0), atol=1e-4)
        some = np.arange(new)[::-1][: max(1, new - 1)]
        np.testing.assert_allclose(item_item.contributions(None, history, some), wanted[:, some], atol=1e-4)
        np.testing.assert_allclose(item_item.score(None, history, some), wanted.sum(axis=0)[some], atol=1e-4)
        binary = replace(item_item, binary=True)
        np.testing.assert_allclose(binary.score(None, history), weights[user_items].sum(axis=0), atol=1e-4)
        less = item_item.score(None, history, removed=np.array([0]))
        np.testing.assert_allclose(less, wanted[1:].sum(axis=0), atol=1e-4)
    if new > old:
        np.testing.assert_allclose(profile.keys[old:], place.keys)
        np.testing.assert_allclose(profile.items[old:], place.items)
        np.testing.assert_allclose(profile.item_bias[old:], place.bias)
        np.testing.assert_allclose(found.catalogue.popularity[old:], place.popularity)
    vectors_of = base.extra["request.item_vectors"]
    means = expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-12)  # where a request looks for it
    np.testing.assert_allclose(found.extra["request.item_vectors"], means @ vectors_of, atol=1e-5)
    assert len(found.extra["request.attribute_vectors"]) == found.catalogue.num_attributes
    check_salience(base, found)


def check_salience(base: Bundle, found: Bundle) -> None:
    def by_ref(bundle: Bundle) -> dict[tuple[str, str], float]:
        edges, catalogue = bundle.catalogue.attribute_items, bundle.catalogue
        values = bundle.extra["request.salience"]
        assert len(values) == edges.nnz
        names = [
            (catalogue.ref(a), catalogue.item_ids[i])
            for a, i in zip(edges.row_index(), edges.indices, strict=True)
        ]
        return dict(zip(names, values.tolist(), strict=True))

    old, new = by_ref(base), by_ref(found)
    for (attribute, item), value in new.items():
        same = [v for (a, _), v in old.items() if a == attribute]
        expected = old.get((attribute, item), float(np.mean(same)) if same else 0.0)
        assert value == pytest.approx(expected, abs=1e-6)


def test_names_kinds_and_removals_reach_what_is_excluded(tmp_path: Path) -> None:
    def allowed(name: str) -> set[str]:
        query = GraphQuery(must_not=(NodeRef("ingredient", name),))
        found = follower.extended().catalogue
        return named(found, allowed_items(found, query, np.zeros(0, dtype=np.int64)).items)

    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill(store, {"r0": ["food a"], "r1": ["food b"], "r2": ["food c"]})
        follower = StoreFollower(bundle_of(store, tmp_path), store, RandomPlacer(3))
        assert allowed("walnut half") == allowed("nut") == {"r0", "r1", "r2"}
        with store.writing() as writer:
            writer.add_nodes("ingredient", [("food a", "Walnut Halves")])
        assert allowed("walnut half") == {"r1", "r2"}
        with store.writing() as writer:
            writer.add_relation("is_a", "ingredient", "ingredient")
            writer.add_edges("is_a", [("food b", "nut", 0.5)])
        assert allowed("nut") == {"r0", "r2"}
        with store.writing() as writer:
            writer.add_edges("is_a", [("food a", "food b")])
        assert allowed("nut") == {"r2"}
        with store.writing() as writer:  # r0 is imported again, with other ingredients
            forget_recipes(writer, writer._connection, ["r0"])
        assert "r0" not in allowed("nut"), "what is in it is not known"
        fill(store, {"r0": ["food c"]})
        assert allowed("nut") == allowed("walnut half") - {"r1"} == {"r0", "r2"}


def test_only_what_is_new_is_placed(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill(store, {"r0": ["food a"], "r1": []})
        bundle = bundle_of(store, tmp_path)
        placer = RandomPlacer(2)
        follower = StoreFollower(bundle, store, placer)
        fill(store, {"r2": ["food b"], "r0": ["food b"]})
        assert list(follower.extended().catalogue.item_ids[:]) == ["r0", "r1", "r2"]
        fill(store, {"r3": []})
        assert list(follower.extended().catalogue.item_ids[:]) == ["r0", "r1", "r2", "r3"]
        fill(store, {"r2": ["food c"]})
        found = follower.extended()
        check_rows(bundle, found)
        assert placer.seen == ["r2", "r3", "r2"]


def test_without_a_placer_new_items_stay_out_and_changed_ones_are_followed(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill(store, {"r0": ["food a"], "r1": []})
        follower = StoreFollower(bundle_of(store, tmp_path), store)
        fill(store, {"r2": ["food b"], "r0": ["food b"]})
        found = follower.extended().catalogue
        assert list(found.item_ids) == ["r0", "r1"] and found.num_attributes == 2
        assert named(found, items_with(found, NodeRef("ingredient", "food b"))) == {"r0"}


def test_a_placement_of_other_items_is_refused(tmp_path: Path) -> None:
    with GraphStore.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill(store, {"r0": ["food a"]})
        bundle = bundle_of(store, tmp_path)
        fill(store, {"r1": [], "r2": []})
        records, attributes = list(store.item_records()), read_attributes(store, bundle.catalogue)
        with pytest.raises(InvalidInputError, match="2 new items"):
            extend(bundle, records, RandomPlacer(1).place(records[:1]), attributes)


def fill(store: GraphStore, recipes: dict[str, list[str]]) -> None:
    with store.writing() as writer:
        _contents(writer, recipes)


def _contents(writer: Writer, recipes: dict[str, list[str]]) -> None:
    writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
    writer.add_nodes("recipe", [(ext, None) for ext in recipes])
    writer.add_edges("contains", [(ext, food) for ext, foods in recipes.items() for food in foods])
    writer.add_interactions([("u1", "r0", "cook", 1, None)])
