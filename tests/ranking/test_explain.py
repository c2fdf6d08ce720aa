from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.bundle import ItemItemPart, VectorPart
from graphrec.ranking import Recommender
from graphrec.sparse import CSR
from tests.bundle.worlds import World, kitchen, random_parts
from tests.ranking.test_recommender import Adding, Entry, FakeStore


def edges_of(world: World) -> set[tuple[str, str, str]]:
    relation = {"ingredient": "contains", "cuisine": "of_cuisine"}
    return {
        (f"recipe:{i}", relation[a.split(":")[0]], a)
        for i, attributes in world.items.items()
        for a in attributes
    }


@pytest.fixture
def bundle():
    return kitchen().bundle()


def explained(recommender: Recommender, **request):
    return [
        (user, item, reason)
        for user in ("u1", "u2", "u3")
        for item in recommender.recommend(user, k=8, explain=True, **request).items
        for reason in item.reasons
    ]


@pytest.mark.parametrize("with_store", [False, True])
def test_paths_exist_and_lead_from_the_user_to_the_item(bundle, with_store):
    world = kitchen()
    found = explained(Recommender(bundle, FakeStore.of(world) if with_store else None))
    assert len(found) > 5
    for user, item, reason in found:
        source, kind, known = reason.path[0]
        assert source == f"user:{user}"
        assert known.removeprefix("recipe:") in world.users[user]
        assert kind == world.kinds.get((user, known.removeprefix("recipe:")), "cook")
        rest = reason.path[1:]
        if rest[0][0] == "user":
            chosen = [set(c) for u, c in world.users.items() if u != user]
            assert any({known.removeprefix("recipe:"), item.item} <= c for c in chosen)
        else:
            assert set(rest) <= edges_of(world)
            assert {e[0] for e in rest} == {known, f"recipe:{item.item}"}
            shared = [{e[2] for e in rest if e[0] == end} for end in (known, f"recipe:{item.item}")]
            assert shared[0] == shared[1]


def test_each_drop_is_the_difference_of_two_scorings():
    """Item-item scores can be had again from a world in which the user never did it."""
    world = kitchen()
    part = next(p for p in random_parts(world, seed=3) if isinstance(p, ItemItemPart))
    recommender = Recommender(world.bundle([part]))
    found = explained(recommender)
    assert found
    for user, item, reason in found:
        removed = reason.path[0][2].removeprefix("recipe:")
        users = world.users | {user: {i: w for i, w in world.users[user].items() if i != removed}}
        other = replace(world, users=users).bundle([part])
        place, row = other.catalogue.item_ids.find(item.item), list(world.users).index(user)
        assert reason.drop > 0
        assert reason.drop == pytest.approx(item.score - other.score_user(row)[place], rel=1e-3, abs=1e-5)


def test_drops_of_vectors_are_those_of_the_leave_one_out_vector():
    world = kitchen()
    part = next(p for p in random_parts(world, seed=3) if isinstance(p, VectorPart))
    bundle = world.bundle([part])
    for user, item, reason in explained(Recommender(bundle)):
        row = list(world.users).index(user)
        history = bundle.history_of(row)
        known = bundle.catalogue.item_ids.find(reason.path[0][2].removeprefix("recipe:"))
        position = np.flatnonzero(history.items == known)
        before, after = (part.user_vector(row, history, r) for r in (None, position))
        place = bundle.catalogue.item_ids.find(item.item)
        assert reason.drop == pytest.approx(0.5 * part.items[place] @ (before - after), rel=1e-3)


def test_what_does_not_carry_the_score_is_no_reason():
    """r1 recommends r2; r6 speaks against it although they share salt."""
    world = kitchen()
    weights = CSR.from_coo(np.array([0, 5]), np.array([1, 1]), np.array([1.0, -1.0]), (8, 8))
    recommender = Recommender(world.bundle([ItemItemPart(weights)]))
    item = recommender.recommend("u1", candidates=["r2"], explain=True).items[0]
    (reason,) = item.reasons
    assert reason.text == "you cooked Shrimp curry, which shares coconut milk and shrimp with this"
    assert reason.drop == pytest.approx(1.0) and len(reason.path) == 5


def pantry(**more: object) -> World:
    """Two soups beside thirty dishes with salt; the user cooked the first and a stew."""
    soup = {"ingredient:salt", "ingredient:leek", "ingredient:thyme", "cuisine:welsh", "ingredient:leek oil"}
    items = {"r1": soup, "r2": soup | {"ingredient:butter"}, "r3": {"cuisine:welsh", "ingredient:salt"}}
    items |= {f"s{n}": {"ingredient:salt", "ingredient:butter"} for n in range(30)}
    users = {"u1": {"r1": 1.0, "r3": 1.0}, "u2": {"r1": 1.0, "r2": 1.0}}
    return World(items=items, users=users, titles={"r1": "Cawl", "r3": "Stew"}, **more)  # type: ignore[arg-type]


def pull(world: World, *pairs: tuple[str, str, float]) -> ItemItemPart:
    place = {item: n for n, item in enumerate(world.items)}
    rows, cols = (np.array([place[pair[side]] for pair in pairs]) for side in (0, 1))
    values = np.array([pair[2] for pair in pairs], dtype=np.float32)
    return ItemItemPart(CSR.from_coo(rows, cols, values, (len(place), len(place))))


def test_specific_attributes_are_named_and_staples_are_not():
    """Both cooked dishes are Welsh, so that carries most; salt is in every dish; leek oil repeats leek."""
    world = pantry()
    bundle = world.bundle([pull(world, ("r1", "r2", 2.0), ("r3", "r2", 1.0))])
    (item,) = Recommender(bundle).recommend("u1", candidates=["r2"], explain=True).items
    first, second = (reason.text for reason in item.reasons)
    assert first == "you cooked Cawl, which shares welsh, leek and thyme with this"
    assert second == "you cooked Stew, which shares welsh with this", "named again: there is nothing else"


def test_a_later_reason_names_something_new_where_it_can():
    world = pantry()
    world.items["r3"].add("ingredient:thyme")
    world.items["r1"] -= {"ingredient:thyme"}
    bundle = world.bundle([pull(world, ("r1", "r2", 2.0), ("r3", "r2", 1.0))])
    (item,) = Recommender(bundle).recommend("u1", candidates=["r2"], explain=True).items
    assert [reason.text.partition("shares ")[2] for reason in item.reasons] == [
        "welsh and leek with this", "thyme with this"
    ]  # fmt: skip


def test_what_was_asked_for_is_said_first_and_leaves_room():
    world = pantry()
    bundle = world.bundle([pull(world, ("r1", "r2", 9.0), ("r3", "r2", 1.0))])
    wishes = ["ingredient:leek", "ingredient:thyme", "cuisine:welsh"]
    (item,) = Recommender(bundle).recommend("u1", candidates=["r2"], should=wishes, explain=True).items
    texts = [reason.text for reason in item.reasons]
    assert [text[:10] for text in texts] == ["you asked ", "you asked ", "you cooked"]
    assert set(texts[:2]) <= {f"you asked for {name}" for name in ("leek", "thyme", "welsh")}
    assert item.reasons[2].drop > item.reasons[0].drop


def test_an_edge_that_only_holds_some_answers_no_wish():
    fish = {("ingredient:leek oil", "ingredient:fish")}
    world = pantry(holds=fish, is_a={("ingredient:thyme", "ingredient:herb")})
    bundle = world.bundle([pull(world, ("r1", "r2", 1.0))])
    ask = {"candidates": ["r2"], "should": ["ingredient:fish", "ingredient:herb"], "explain": True}
    (item,) = Recommender(bundle).recommend("u1", **ask).items
    asked = [reason.text for reason in item.reasons if reason.text.startswith("you asked")]
    assert asked == ["you asked for herb: this has thyme"]


def test_without_a_shared_attribute_people_connect_but_stay_unnamed():
    world = kitchen()
    weights = CSR.from_coo(np.array([0]), np.array([2]), np.array([1.0]), (8, 8))
    recommender = Recommender(world.bundle([ItemItemPart(weights)]))
    (reason,) = recommender.recommend("u1", candidates=["r3"], explain=True).items[0].reasons
    assert reason.text == "you cooked Shrimp curry, and 1 other person who chose it chose this too"
    assert "u2" not in str(reason)
    lonely = recommender.recommend("u2", candidates=["r6"], explain=True, exclude_seen=False).items[0]
    assert lonely.reasons == ()


def test_edges_that_the_store_lost_are_not_told():
    world = kitchen()
    weights = CSR.from_coo(np.array([0]), np.array([1]), np.array([1.0]), (8, 8))
    store = FakeStore.of(world)
    store.edges.discard(("contains", "r2", "coconut milk"))
    recommender = Recommender(world.bundle([ItemItemPart(weights)]), store)
    ask = {"candidates": ["r2"], "explain": True}
    (reason,) = recommender.recommend("u1", **ask).items[0].reasons
    assert reason.text.endswith("which shares shrimp with this")
    store.edges.clear()
    (reason,) = recommender.recommend("u1", **ask).items[0].reasons
    assert "other person" in reason.text
    store.histories["u2"] = [Entry("r1", "cook", 1.0)]
    assert recommender.recommend("u1", **ask).items[0].reasons == ()


def test_a_request_is_a_reason_where_it_lifts_the_item(bundle):
    for recommender in (Recommender(bundle), Recommender(bundle, fusion=Adding())):
        answer = recommender.recommend("u1", should=["ingredient:chicken"], k=8, explain=True)
        without = recommender.recommend("u1", k=8)
        plain = {i.item: i.score for i in without.items}
        reasons = [(item, reason) for item in answer.items for reason in item.reasons]
        asked = [pair for pair in reasons if pair[1].text.startswith("you asked")]
        assert asked
        for item, reason in asked:
            assert reason.text.startswith("you asked for chicken: this has chicken ")
            assert reason.path[0] in edges_of(kitchen())
            if recommender.fusion is None:
                assert reason.drop == pytest.approx(item.score - plain[item.item], rel=1e-3)


def test_cold_users_get_no_personal_reasons(bundle):
    answer = Recommender(bundle).recommend("stranger", k=8, explain=True)
    assert len(answer.items) == 8 and all(item.reasons == () for item in answer.items)


def test_popularity_has_no_personal_reasons():
    counts = np.arange(8, dtype=np.float32)
    part = VectorPart(np.zeros((4, 0), np.float32), np.zeros((8, 0), np.float32), counts)
    recommender = Recommender(kitchen().bundle([part]))
    answer = recommender.recommend("u1", k=3, explain=True)
    assert [i.item for i in answer.items] == ["r8", "r7", "r5"]
    assert all(item.reasons == () for item in answer.items)
    assert recommender.similar("r1", 1)[0].item == "r2"


def test_explaining_changes_nothing_but_the_reasons(bundle):
    recommender = Recommender(bundle)
    for query in ({}, {"must": ["ingredient:salt"]}, {"should": ["cuisine:thai"]}):
        plain = recommender.recommend("u2", **query)
        told = recommender.recommend("u2", explain=True, **query)
        assert [replace(item, reasons=()) for item in told.items] == plain.items
