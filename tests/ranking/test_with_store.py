"""From a real store over a snapshot to a bundle, and back to the store while serving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.bundle import Catalogue, read_bundle, write_bundle
from graphrec.errors import BundleMismatchError, NotFoundError
from graphrec.ranking import Recommender
from graphrec.ranking.catalogue_from_snapshot import build_catalogue, build_history
from graphrec.store import GraphSnapshot, GraphStore, write_snapshot
from tests.bundle.worlds import RELATION, World, kitchen, random_parts


def fill(store: GraphStore, world: World) -> None:
    with store.writing() as writer:
        writer.add_nodes("recipe", [(i, world.titles.get(i, f"Dish {i}")) for i in world.items])
        for attribute in world.attributes():
            kind, name = attribute.split(":", 1)
            writer.add_nodes(kind, [(name, world.names.get(attribute))])
        for kind, relation in RELATION.items():
            attributes = [(i, a.split(":", 1)) for i in world.items for a in world.items[i]]
            if edges := [(i, name) for i, (type_, name) in attributes if type_ == kind]:
                writer.add_relation(relation, "recipe", kind, inverse=f"{relation}_of")
                writer.add_edges(relation, edges)
        if world.is_a or world.holds:
            writer.add_relation("is_a", "ingredient", "ingredient", inverse="has_kind")
            for weight, pairs in ((0.5, world.holds), (1.0, world.is_a)):
                names = [[node.split(":", 1)[1] for node in pair] for pair in sorted(pairs)]
                writer.add_edges("is_a", [(low, high, weight) for low, high in names])
        writer.set_properties("recipe", "total_minutes", world.minutes.items())
        chosen = [(u, i, weight) for u, items in world.users.items() for i, weight in items.items()]
        writer.add_interactions((u, i, world.kinds.get((u, i), "cook"), None, w) for u, i, w in chosen)


@pytest.fixture
def store(tmp_path):
    with GraphStore.open(f"sqlite:///{tmp_path / 'kitchen.db'}") as opened:
        fill(opened, kitchen())
        yield opened


@pytest.fixture
def snapshot(store, tmp_path) -> GraphSnapshot:
    return write_snapshot(store, tmp_path / "snapshots")


@pytest.fixture
def model(snapshot, tmp_path):
    catalogue = build_catalogue(snapshot)
    world = replace(kitchen(), users={u: {} for u in catalogue.user_ids})
    return write_bundle(
        tmp_path / "model", manifest={"model": "test", "snapshot": snapshot.name}, catalogue=catalogue,
        parts=random_parts(world), history=build_history(snapshot), card="# test\n",
    )  # fmt: skip


def edges(catalogue: Catalogue) -> set[tuple[str, str, str]]:
    table = catalogue.item_attributes
    return {
        (catalogue.item_ids[i], catalogue.relations[r], catalogue.ref(a))
        for i, a, r in zip(table.row_index(), table.indices, catalogue.edge_relation, strict=True)
    }


def test_the_catalogue_says_what_the_world_is(snapshot):
    world, found = kitchen(), build_catalogue(snapshot)
    assert sorted(found.item_ids) == sorted(world.items) and found.item_type == "recipe"
    assert {found.item_ids[n]: found.titles[n] for n in range(8)}["r1"] == "Shrimp curry"
    assert edges(found) == {(i, RELATION[a.split(":")[0]], a) for i in world.items for a in world.items[i]}
    assert found.hierarchical == ("ingredient",)
    for attribute in world.attributes():
        place = found.resolve(*attribute.split(":", 1))
        assert place is not None
        for holds, up, down in ((True, found.broader, found.attribute_items_contained),
                                (False, found.broader_kinds, found.attribute_items)):  # fmt: skip
            assert {found.ref(b) for b in up.row(place)} == world.broader(attribute, holds=holds)
            holders = {found.item_ids[i] for i in down.row(place)}
            assert holders == {i for i in world.items if attribute in world.closed(i, holds=holds)}
    minutes = dict(zip(found.item_ids, found.properties["total_minutes"].tolist(), strict=True))
    assert np.isnan(minutes.pop("r8")) and minutes == world.minutes
    popular = dict(zip(found.item_ids, found.popularity.tolist(), strict=True))
    assert popular["r1"] == 2 and popular["r5"] == 0


def test_history_and_kinds_run_in_parallel(snapshot):
    world, catalogue, history = kitchen(), build_catalogue(snapshot), build_history(snapshot)
    assert history.nnz == len(catalogue.history_kind) == 7
    for user, item, weight, kind in zip(
        history.row_index(), history.indices, history.values, catalogue.history_kind, strict=True
    ):
        pair = catalogue.user_ids[user], catalogue.item_ids[item]
        assert weight == pytest.approx(world.users[pair[0]][pair[1]])
        assert catalogue.kinds[kind] == world.kinds.get(pair, "cook")


def test_held_out_interactions_stay_out(snapshot):
    train = snapshot.interactions.take(np.arange(3))
    assert build_history(snapshot, train).nnz == 3
    assert build_catalogue(snapshot, train).popularity.sum() == 3


def test_a_cycle_of_is_a_makes_equals(tmp_path):
    world = World(
        items={"r1": {"ingredient:a"}, "r2": {"ingredient:c"}},
        is_a={(f"ingredient:{low}", f"ingredient:{high}") for low, high in ("ab", "ba", "bc")},
        users={"u": {"r1": 1.0}},
    )
    with GraphStore.open(f"sqlite:///{tmp_path / 'cycle.db'}") as store:
        fill(store, world)
        catalogue = build_catalogue(write_snapshot(store, tmp_path / "s"))
    for name, expected in (("a", {"r1"}), ("b", {"r1"}), ("c", {"r1", "r2"})):
        row = catalogue.attribute_items.row(catalogue.resolve("ingredient", name) or 0)
        assert {catalogue.item_ids[i] for i in row} == expected


def test_spellings_names_and_aliases_resolve(tmp_path):
    world = World(
        items={"r1": {"ingredient:chicken breast", "cuisine:thai"}}, users={"u": {"r1": 1.0}},
        names={"ingredient:chicken breast": "Poulet (filet)"},
    )  # fmt: skip
    with GraphStore.open(f"sqlite:///{tmp_path / 'n.db'}") as store:
        fill(store, world)
        snapshot = write_snapshot(store, tmp_path / "s")
    catalogue = build_catalogue(snapshot, aliases={"chicken fillet": "chicken breast", "moon": "cheese"})
    place = catalogue.resolve("ingredient", "chicken breast")
    for spelling in ("Chicken Breasts", "Poulet (filet)", "chicken fillets", "CHICKEN-BREAST"):
        assert catalogue.resolve("ingredient", spelling) == place
    assert catalogue.resolve("cuisine", "chicken breast") is None
    assert catalogue.resolve("ingredient", "moon") is None
    assert catalogue.label(place or 0) == "Poulet (filet)"


def test_recommending_over_the_store(store, model):
    recommender = Recommender.load(model, store=store)
    answer = recommender.recommend("u1", must_not=["ingredient:nut"], explain=True)
    assert answer.fallback is None and {i.item for i in answer.items} == {"r2", "r4", "r8"}
    for item in answer.items:
        for reason in item.reasons:
            for source, relation, target in reason.path[1:]:
                if source != "user":
                    assert store.has_edge(relation, source.split(":", 1)[1], target.split(":", 1)[1])
    store.record("u1", "r2", kind="cook")
    assert "r2" not in {i.item for i in recommender.recommend("u1").items}
    store.record("late", "r4", kind="cook")
    assert recommender.recommend("late").fallback == "fold_in"
    for stranger in ("nobody", "", "\0", "x" * 600):
        assert recommender.recommend(stranger).fallback == "cold_user"


def test_an_erased_user_is_no_longer_known(store, model):
    recommender = Recommender.load(model, store=store)
    assert recommender.recommend("u2").fallback is None
    store.erase("u2")
    answer = recommender.recommend("u2", k=20)
    assert answer.fallback == "cold_user" and len(answer.items) == 8


def test_recording_changes_the_next_answer(store, model):
    recommender = Recommender.load(model, store=store)
    before = recommender.recommend("u3", k=20)
    best = before.items[0].item
    store.record("u3", best, kind="view")
    after = recommender.recommend("u3", k=20)
    assert {i.item for i in after.items} == {i.item for i in before.items} - {best}
    again = recommender.recommend("u3", k=20, exclude_seen=False)
    assert best in {i.item for i in again.items} and len(again.items) == 8


def test_erasing_forgets_even_what_was_recorded_after_training(store, model):
    recommender = Recommender.load(model, store=store)
    store.record("u2", "r8", kind="cook")
    assert "r8" not in {i.item for i in recommender.recommend("u2", k=20).items}
    store.erase("u2")
    erased, stranger = (recommender.recommend(user, k=20, explain=True) for user in ("u2", "nobody"))
    assert erased.fallback == "cold_user" and erased.items == stranger.items
    assert not any(item.reasons for item in erased.items)


def test_items_newer_than_the_bundle_do_no_harm(store, model):
    """They are not ranked yet; all else is as before, and whoever names one is told."""
    recommender = Recommender.load(model, store=store)
    before = recommender.recommend("u1", k=20)
    with store.writing() as writer:
        writer.add_nodes("recipe", [("r9", "Peanut brittle"), ("a0", "Almond cake")])
        writer.add_edges("contains", [("r9", "peanut"), ("r9", "molasses"), ("a0", "almond")])
    assert recommender.recommend("u1", k=20) == before
    assert Recommender.load(model, store=store).recommend("u1", k=20) == before
    store.record("u1", "r9", kind="cook")
    assert [i.item for i in recommender.recommend("u1", k=20).items] == [i.item for i in before.items]
    named = recommender.recommend("u1", candidates=["r9", "r2"])
    assert [i.item for i in named.items] == ["r2"] and "1 of 2 candidates" in str(named.note)
    wanted = recommender.recommend("u1", must=["ingredient:molasses"])
    assert wanted.items == [] and "molasses" in str(wanted.note)
    store.record("late", "r9", kind="cook")
    late = recommender.recommend("late", k=20, explain=True)
    assert late.fallback == "cold_user" and len(late.items) == 8
    with pytest.raises(NotFoundError, match="'r9'"):
        recommender.similar("r9")


def test_a_store_by_url(store, model):
    assert Recommender.load(model, store=store.url).recommend("u1").items


def test_a_bundle_from_another_store(tmp_path, model):
    with GraphStore.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        fill(other, World(items={f"x{n}": {"ingredient:salt"} for n in range(9)}, users={"u1": {"x1": 1.0}}))
        with pytest.raises(BundleMismatchError, match="train on this store"):
            Recommender.load(model, store=other)


def test_the_bundle_comes_back_as_built(snapshot, model):
    bundle = read_bundle(model)
    built = build_catalogue(snapshot)
    assert edges(bundle.catalogue) == edges(built)
    assert bundle.manifest["snapshot"] == snapshot.name
