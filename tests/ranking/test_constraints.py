from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.constraints import allowed_items
from graphrec.ranking.query import as_refs, as_requirements
from tests.bundle.worlds import World, kitchen

NOBODY = np.zeros(0, dtype=np.int64)


def satisfies(world: World, item: str, query: GraphQuery) -> bool:
    """The meaning of every constraint, item by item, on the world's own sets."""
    closed, contained = world.closed(item), world.closed(item, holds=True)
    minutes = world.minutes.get(item, math.nan)
    for requirement in query.must:
        options = requirement if isinstance(requirement, tuple) else (requirement,)
        if not any(str(ref) in closed for ref in options):
            return False
    for ref in query.must_not:
        unknown = item in world.unread or not any(a.startswith("ingredient:") for a in world.items[item])
        if str(ref) in contained or (ref.type == "ingredient" and unknown):
            return False
    for name, (low, high) in query.ranges.items():
        if low is None and high is None:
            continue
        if name != "total_minutes" or math.isnan(minutes):
            return False
        if (low is not None and minutes < low) or (high is not None and minutes > high):
            return False
    if query.candidates is not None and item not in query.candidates:
        return False
    return not (query.exclude_seen and item in world.users.get(query.user or "", {}))


@st.composite
def worlds_and_queries(draw: st.DrawFn) -> tuple[World, GraphQuery]:
    names = [f"{kind}:{n}" for kind in ("ingredient", "cuisine") for n in range(5)]
    attribute = st.sampled_from(names)
    ingredient = st.sampled_from(names[:5])
    items = {f"r{n}": draw(st.sets(attribute, max_size=4)) for n in range(draw(st.integers(1, 9)))}
    item = st.sampled_from(sorted(items))
    world = World(
        items=items, is_a=draw(st.sets(st.tuples(ingredient, ingredient), max_size=5)),
        holds=draw(st.sets(st.tuples(ingredient, ingredient), max_size=4)),
        unread=draw(st.sets(item, max_size=2)),
        minutes=draw(st.dictionaries(item, st.integers(0, 9).map(float), max_size=9)),
        users={u: draw(st.dictionaries(item, st.just(1.0), max_size=4)) for u in ("u", "v")},
    )  # fmt: skip
    reference = st.builds(NodeRef.parse, st.sampled_from([*names, "ingredient:none", "planet:mars"]))
    bound = st.none() | st.integers(0, 9).map(float)
    query = st.builds(
        GraphQuery, user=st.sampled_from(["u", "v", "w"]),
        must=st.lists(reference | st.lists(reference, max_size=3).map(tuple), max_size=2).map(tuple),
        must_not=st.lists(reference, max_size=2).map(tuple),
        should=st.lists(reference, max_size=2).map(tuple),
        ranges=st.dictionaries(
            st.sampled_from(["total_minutes", "price"]), st.tuples(bound, bound), max_size=1
        ),
        k=st.integers(0, 12), exclude_seen=st.booleans(),
        candidates=st.none() | st.lists(st.sampled_from([*items, "other"]), max_size=6).map(tuple),
    )  # fmt: skip
    return world, draw(query)


@settings(max_examples=300, deadline=None)
@given(case=worlds_and_queries())
def test_allowed_and_ranked_as_by_brute_force(case):
    world, query = case
    seen = [list(world.items).index(i) for i in world.users.get(query.user or "", {})]
    allowed = allowed_items(world.catalogue(), query, np.asarray(seen, dtype=np.int64))
    expected = [i for i in world.items if satisfies(world, i, query)]
    everything = range(len(world.items)) if allowed.items is None else allowed.items.tolist()
    assert [list(world.items)[n] for n in everything] == expected

    answer = Recommender(world.bundle()).answer(query, explain=True)
    got = [item.item for item in answer.items]
    assert set(got) <= set(expected), "a constraint was violated"
    assert len(got) == min(query.k, len(expected))
    pairs = [(-item.score, item.item) for item in answer.items]
    assert pairs == sorted(pairs), "best first, ties by id"
    if query.k and not got:
        assert answer.note and "none was left" in answer.note


def ids(world: World, **query: object) -> tuple[list[str], str]:
    allowed = allowed_items(world.catalogue(), GraphQuery(**query), NOBODY)  # type: ignore[arg-type]
    found = range(len(world.items)) if allowed.items is None else allowed.items.tolist()
    return [list(world.items)[n] for n in found], " ".join(allowed.notes)


def test_the_closure_reaches_two_steps_up():
    assert ids(kitchen(), must=as_requirements(["ingredient:nut"])) == (["r3", "r5"], "")
    assert ids(kitchen(), must=as_requirements(["ingredient:chicken"]))[0] == ["r3", "r4", "r5", "r8"]


def test_an_exclusion_drops_what_is_narrower_and_what_is_unknown():
    assert ids(kitchen(), must_not=as_refs(["ingredient:nut"]))[0] == ["r1", "r2", "r4", "r6", "r8"]
    assert ids(kitchen(), must_not=as_refs(["cuisine:thai"]))[0] == ["r2", "r3", "r4", "r5", "r6"]


def sauces() -> World:
    return World(
        items={
            "bloody mary": {"ingredient:worcestershire sauce"}, "grilled trout": {"ingredient:trout"},
            "salad": {"ingredient:lettuce"}, "secret stew": {"ingredient:lettuce"},
        },
        is_a={("ingredient:trout", "ingredient:fish"),
              ("ingredient:worcestershire sauce", "ingredient:sauce"),
              ("ingredient:anchovy", "ingredient:fish")},
        holds={("ingredient:worcestershire sauce", "ingredient:anchovy")}, unread={"secret stew"},
    )  # fmt: skip


def test_what_only_holds_some_is_excluded_but_not_wanted():
    assert ids(sauces(), must=as_requirements(["ingredient:fish"]))[0] == ["grilled trout"]
    assert ids(sauces(), must=as_requirements(["ingredient:sauce"]))[0] == ["bloody mary"]
    assert ids(sauces(), must_not=as_refs(["ingredient:fish"]))[0] == ["salad"]


def test_a_line_that_nobody_could_read_is_never_safe():
    found, note = ids(sauces(), must_not=as_refs(["ingredient:trout"]), k=3)
    assert found == ["bloody mary", "salad"] and note.startswith("1 item is left out")
    assert ids(sauces(), must_not=as_refs(["ingredient:trout"]), k=2) == (found, "")
    assert "secret stew" in ids(sauces(), must_not=as_refs(["cuisine:thai"]))[0]
    assert "secret stew" in ids(sauces(), must=as_requirements(["ingredient:lettuce"]))[0]
    found, note = ids(sauces(), must_not=as_refs(["ingredient:trout"]), candidates=("secret stew",))
    assert found == [] and "1 item is left out" in note and "none was left" in note


def test_or_inside_and():
    must = as_requirements([["ingredient:shrimp", "ingredient:chicken"], "cuisine:thai"])
    assert ids(kitchen(), must=must)[0] == ["r1", "r8"]


def test_an_unknown_time_never_satisfies_a_range():
    assert ids(kitchen(), ranges={"total_minutes": (None, 30)})[0] == ["r1", "r2", "r4", "r6", "r7"]
    assert ids(kitchen(), ranges={"total_minutes": (30, 45)})[0] == ["r2", "r3", "r4"]
    assert ids(kitchen(), ranges={"total_minutes": (None, None)})[0] == list(kitchen().items)


UNICORN = as_requirements(["ingredient:unicorn"])
NUTS = as_requirements(["ingredient:nut"])


@pytest.mark.parametrize(("query", "expected"), [
    ({"must": UNICORN}, ["'ingredient:unicorn' is not in", "after must ingredient:unicorn"]),
    ({"must": as_requirements(["planet:mars"])}, ["unknown type", "cuisine, ingredient"]),
    ({"must": as_requirements(["ingredient:shrimp", "cuisine:italian"])}, ["after must cuisine:italian"]),
    ({"must": NUTS, "must_not": as_refs(["ingredient:chicken"])}, ["after must not ingredient:chicken"]),
    ({"ranges": {"total_minutes": (90, None)}}, ["after total_minutes from 90 to any"]),
    ({"ranges": {"price": (0, 1)}}, ["called 'price'", "total_minutes"]),
    ({"candidates": ("zz",)}, ["1 of 1 candidates", "after restricting to the candidates"]),
    ({"candidates": ()}, ["after restricting to the candidates"]),
    ({"must": ((),)}, ["after must of an empty list"]),
])  # fmt: skip
def test_the_note_says_what_left_nothing(query, expected):
    found, note = ids(kitchen(), **query)
    assert found == []
    for text in expected:
        assert text in note


def test_an_unknown_exclusion_is_said_and_stays_safe():
    found, note = ids(kitchen(), must_not=as_refs(["ingredient:lupin"]))
    assert "r7" not in found and len(found) == 7
    assert "'ingredient:lupin' is not in this catalogue" in note


def test_an_item_itself_can_be_asked_for_or_ruled_out():
    assert ids(kitchen(), must=as_requirements([["recipe:r1", "recipe:r2"]]))[0] == ["r1", "r2"]
    assert "r1" not in ids(kitchen(), must_not=as_refs(["recipe:r1"]))[0]


def test_filter_and_its_opposite_make_up_the_known_whole():
    world = kitchen()
    for attribute in world.attributes():
        inside = ids(world, must=as_requirements([attribute]))[0]
        outside = ids(world, must_not=as_refs([attribute]))[0]
        unknown = ["r7"] if attribute.startswith("ingredient") else []
        assert sorted([*inside, *outside, *unknown]) == list(world.items)
