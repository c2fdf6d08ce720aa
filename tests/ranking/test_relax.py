"""Relaxation against plain Python: what may never give way never does, and no more gives way than has to."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.query import Bounds, Requirement
from graphrec.ranking.relax import WIDER, Relaxed, recommend_relaxed, requirement_text
from tests.bundle.worlds import kitchen

WORLD = kitchen()
RECOMMENDER = Recommender(WORLD.bundle())
NODES = sorted({*WORLD.attributes(), "ingredient:fish"})


def ref(text: str) -> NodeRef:
    return NodeRef.parse(text)


def options(requirement: Requirement) -> tuple[NodeRef, ...]:
    return requirement if isinstance(requirement, tuple) else (requirement,)


def kept(query: GraphQuery, item: str) -> bool:
    """What may never give way: exclusions with all they cover, candidates, what was seen."""
    holds, own = WORLD.closed(item, holds=True), WORLD.items[item]
    banned = {str(r) for r in query.must_not}
    unknown = any(r.type == "ingredient" for r in query.must_not) and (
        not any(a.startswith("ingredient:") for a in own) or item in WORLD.unread
    )
    seen = query.exclude_seen and item in WORLD.users.get(query.user or "", {})
    outside = query.candidates is not None and item not in query.candidates
    return not (banned & holds or unknown or seen or outside)


def within(bounds: Bounds, value: float) -> bool:
    low, high = bounds
    return not math.isnan(value) and (low is None or value >= low) and (high is None or value <= high)


def allowed(query: GraphQuery) -> set[str]:
    """Every item that satisfies a query."""
    return {
        item
        for item in WORLD.items
        if kept(query, item)
        and all({str(o) for o in options(r)} & WORLD.closed(item) for r in query.must)
        and all(within(b, WORLD.minutes.get(item, math.nan)) for b in query.ranges.values() if b != (None, None))
    }


def steps(query: GraphQuery, confidence: dict[str, float]) -> list[tuple[str, str]]:
    """The documented order, as (what, name)."""
    wide = [("ranges", name) for name, (low, high) in query.ranges.items() if low or high]
    soft = [requirement_text(r) for r in dict.fromkeys(query.must) if requirement_text(r) in confidence]
    order = sorted(soft, key=lambda text: (confidence[text], -soft.index(text)))
    return wide + [("must", text) for text in order[: len(set(query.must)) - 1 if query.must else 0]]


def applied(query: GraphQuery, taken: list[tuple[str, str]]) -> GraphQuery:
    for what, name in taken:
        if what == "ranges":
            low, high = query.ranges[name]
            wide = (None if low is None else low / WIDER, None if high is None else high * WIDER)
            query = replace(query, ranges={**query.ranges, name: wide})
        else:
            query = replace(query, must=tuple(r for r in query.must if requirement_text(r) != name))
    return query


nodes = st.sampled_from([ref(node) for node in NODES])
queries = st.builds(
    GraphQuery,
    user=st.sampled_from([None, "u1", "u2", "idle", "stranger"]),
    must=st.lists(st.one_of(nodes, st.tuples(nodes, nodes)), max_size=3).map(tuple),
    must_not=st.lists(nodes, max_size=2).map(tuple),
    should=st.lists(nodes, max_size=1).map(tuple),
    ranges=st.sampled_from(
        [{}, {"total_minutes": (None, 10.0)}, {"total_minutes": (None, 22.0)}, {"total_minutes": (65.0, None)}]
    ),
    text=st.sampled_from(["", "shrimp"]), k=st.integers(0, 4), exclude_seen=st.booleans(),
    candidates=st.sampled_from([None, ("r1", "r3", "r4"), ("r6", "nobody")]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(query=queries, minimum=st.integers(1, 3), data=st.data())
def test_against_brute_force(query: GraphQuery, minimum: int, data: st.DataObject) -> None:
    """All that the docstring promises, on random queries."""
    texts = [requirement_text(r) for r in query.must]
    confidence = data.draw(st.dictionaries(st.sampled_from(texts or ["x:y"]), st.sampled_from([0.2, 0.5, 1.0])))
    answer, relaxed = recommend_relaxed(RECOMMENDER, query, confidence=confidence, minimum=minimum)
    shown = {item.item for item in answer.items}
    assert all(kept(query, item) for item in shown)
    for requirement in query.must:
        if requirement_text(requirement) not in confidence:
            assert all({str(o) for o in options(requirement)} & WORLD.closed(item) for item in shown)

    done = [(one.what, one.name) for one in relaxed]
    assert len(shown) == min(len(allowed(applied(query, done))), query.k)
    assert shown <= allowed(applied(query, done))

    enough, order = min(minimum, query.k), steps(query, confidence)
    counts = [min(len(allowed(applied(query, order[:n]))), enough) for n in range(len(order) + 1)]
    best = counts.index(max(counts))  # the first step after which there are enough, or as many as there will be
    assert done == [step for step in order[:best] if step in done]
    assert (done[-1] if done else None) == (order[best - 1] if best else None)
    for step in done:  # each of them is needed
        rest = [other for other in done if other != step]
        assert min(len(allowed(applied(query, rest))), enough) < counts[best]
    assert (answer, relaxed) == recommend_relaxed(RECOMMENDER, query, confidence=confidence, minimum=minimum)


def test_enough_items_leave_everything_as_it_is() -> None:
    query = GraphQuery(must=(ref("cuisine:thai"),), should=(ref("ingredient:tofu"),), k=2)
    answer, relaxed = recommend_relaxed(RECOMMENDER, query, confidence={"cuisine:thai": 0.0})
    assert relaxed == () and answer == RECOMMENDER.answer(query)


def test_a_range_gives_way_before_a_requirement() -> None:
    """r1 takes 20 minutes: 15 widened to 22.5 is enough, the cuisine stays."""
    query = GraphQuery(must=(ref("cuisine:thai"), ref("ingredient:shrimp")), ranges={"total_minutes": (None, 15.0)})
    answer, relaxed = recommend_relaxed(
        RECOMMENDER, query, confidence={"cuisine:thai": 0.1, "ingredient:shrimp": 0.9}
    )
    assert [item.item for item in answer.items] == ["r1"]
    assert relaxed == (
        Relaxed("ranges", "total_minutes", "total_minutes at most 15", "total_minutes at most 22.5",
                "I also looked at dishes of up to 22 minutes"),
    )  # fmt: skip
    assert str(relaxed[0]) == "total_minutes at most 15 widened to total_minutes at most 22.5"
    assert answer.query.ranges == {"total_minutes": (None, 22.5)}


def test_the_number_of_servings_goes_first_and_altogether() -> None:
    """Six people are cooked for with a larger pot; the time stays as asked."""
    ranges = {"total_minutes": (None, 25.0), "servings": (6.0, 6.0)}
    query = GraphQuery(must=(ref("cuisine:thai"), ref("ingredient:shrimp")), ranges=ranges)
    answer, relaxed = recommend_relaxed(RECOMMENDER, query, confidence={})
    assert [item.item for item in answer.items] == ["r1"]
    assert [str(step) for step in relaxed] == ["servings 6 to 6 dropped"]
    assert answer.query.ranges == {"total_minutes": (None, 25.0), "servings": (None, None)}


def test_the_least_certain_requirement_goes_first() -> None:
    query = GraphQuery(must=(ref("cuisine:italian"), ref("ingredient:tofu")))
    answer, relaxed = recommend_relaxed(
        RECOMMENDER, query, confidence={"cuisine:italian": 0.4, "ingredient:tofu": 0.9}
    )
    assert [one.name for one in relaxed] == ["cuisine:italian"]
    assert [item.item for item in answer.items] == ["r6"]
    assert str(relaxed[0]) == "cuisine:italian dropped" and relaxed[0].spoken == "I did without italian"
    asked = "cuisine:italian"
    assert relaxed[0].to_json() == {"what": "must", "name": asked, "before": asked, "after": None}


def test_what_gave_way_in_vain_is_restored() -> None:
    """The time was no obstacle, the cuisine was."""
    query = GraphQuery(must=(ref("cuisine:italian"), ref("ingredient:tofu")), ranges={"total_minutes": (None, 15.0)})
    _, relaxed = recommend_relaxed(RECOMMENDER, query, confidence={"cuisine:italian": 0.4})
    assert [one.what for one in relaxed] == ["must"]


def test_what_is_asked_for_last_stays() -> None:
    """Dishes of any kind would be no answer to a request for one thing."""
    query = GraphQuery(must=(ref("cuisine:italian"),), must_not=(ref("ingredient:chicken"),))
    answer, relaxed = recommend_relaxed(RECOMMENDER, query, confidence={"cuisine:italian": 0.1})
    assert answer.items == [] and relaxed == ()


def test_an_exclusion_never_gives_way_though_nothing_is_left() -> None:
    query = GraphQuery(must=(ref("ingredient:peanut"),), must_not=(ref("ingredient:nut"),))
    answer, relaxed = recommend_relaxed(RECOMMENDER, query, confidence={"ingredient:tofu": 0.1})
    assert answer.items == [] and relaxed == ()


def test_a_minimum_below_one_is_a_mistake() -> None:
    with pytest.raises(InvalidInputError, match="minimum"):
        recommend_relaxed(RECOMMENDER, GraphQuery(), confidence={}, minimum=0)


def test_reasons_are_given_when_asked_for() -> None:
    query = GraphQuery(user="u3", must=(ref("cuisine:italian"), ref("ingredient:tofu")))
    answer, _ = recommend_relaxed(RECOMMENDER, query, confidence={"cuisine:italian": 0.4}, explain=True)
    assert answer == RECOMMENDER.answer(replace(query, must=(ref("ingredient:tofu"),)), explain=True)
