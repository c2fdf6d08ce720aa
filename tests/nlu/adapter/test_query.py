"""Slots and text together: one query whichever service understood the words, and nothing excluded is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.nlu.adapter import Adapter
from graphrec.nlu.formats import read
from graphrec.nlu.plan import Plan
from graphrec.nlu.result import Intent, NLUResult, Slot
from graphrec.ranking.query import GraphQuery, NodeRef

GOLDEN = Path(__file__).parents[1] / "formats" / "golden"


def ref(text: str) -> NodeRef:
    return NodeRef.parse(text)


def plan(
    adapter: Adapter, *slots: Slot, text: str | None = None, base: GraphQuery | None = None, **more: Any
) -> Plan:
    """The plan of a request for recipes with these slots."""
    return adapter.plan(
        NLUResult(text=text, intent=Intent("RecipeIntent"), slots=slots, user="u1", **more), base
    )


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda p: p.stem)
def test_one_query_from_every_service(adapter: Adapter, path: Path) -> None:
    """The documented forms of one request."""
    result = replace(read(json.loads(path.read_text(encoding="utf-8"))), user="u1")
    made = adapter.plan(result)
    assert made.action == "recommend" and made.unlinked == () and made.notes == ()
    assert made.query == GraphQuery(
        user="u1", must=(ref("cuisine:italian"), ref("ingredient:chicken")), ranges={"total_minutes": (None, 30.0)},
        text="italian chicken",
    )  # fmt: skip


def test_order_of_slots_without_text_does_not_matter(adapter: Adapter) -> None:
    slots = [
        Slot("ingredient", value="chicken"),
        Slot("cuisine", value="italian"),
        Slot("diet", value="gluten free"),
    ]
    assert plan(adapter, *slots).query == plan(adapter, *reversed(slots)).query


@pytest.mark.parametrize(
    ("name", "value", "wanted", "excluded"),
    [
        ("food_type", "mexican", ["cuisine:mexican"], []),
        ("food_type", "gluten free", [], ["ingredient:gluten"]),
        ("food_type", "eggplant", ["ingredient:eggplant"], []),
        ("food_type", "tomato soup", [], []),
        ("ingredient", "thai", ["cuisine:thai"], []),
        ("cuisine", "chicken", ["ingredient:chicken"], []),
        ("ingredient", "aubergine", ["ingredient:eggplant"], []),
        ("ingredient", "shrimp or salmon", ["ingredient:shrimp or ingredient:salmon"], []),
        ("ingredient", "salsa without onions", [], ["ingredient:onion"]),
        ("exclude", "onion", [], ["ingredient:onion"]),
        ("allergy", "peanut", [], ["ingredient:peanut"]),
        ("diet", "GlutenFreeDiet", [], ["ingredient:gluten"]),
        ("diet", "https://schema.org/VeganDiet", [], ["ingredient:dairy"]),
        ("diet", "none", [], []), ("ingredient", "anything", [], []),
        ("whatever_this_is", "spanish", ["cuisine:spanish"], []),
    ],
)  # fmt: skip
def test_a_slot_is_what_it_links_to(
    adapter: Adapter, name: str, value: str, wanted: list[str], excluded: list[str]
) -> None:
    """The name is a hint: food types hide cuisines and diets, and values hide exclusions."""
    query = plan(adapter, Slot(name, value=value)).query
    must = [" or ".join(map(str, r)) if isinstance(r, tuple) else str(r) for r in query.must]
    assert [w for w in wanted if w not in must] == [], must
    assert not wanted or len(must) == len(wanted)
    assert {ref(e) for e in excluded} <= set(query.must_not)
    assert bool(query.must_not) == bool(excluded)


def test_a_vegan_slot_excludes_all_that_the_words_would(adapter: Adapter) -> None:
    by_slot = plan(adapter, Slot("diet", value="vegan")).query
    assert by_slot.must_not == adapter.parser.parse("vegan").must_not != ()


def test_denied_slots_drop(adapter: Adapter) -> None:
    assert plan(adapter, Slot("cuisine", value="thai", status="denied")).query == GraphQuery(user="u1")


def test_a_denied_intent_leaves_the_query_alone(adapter: Adapter) -> None:
    base = GraphQuery(must=(ref("cuisine:thai"),))
    result = NLUResult(
        intent=Intent("RecipeIntent", status="denied"), slots=(Slot("ingredient", value="beef"),)
    )
    made = adapter.plan(result, base)
    assert (made.action, made.query) == ("deny", base)


def test_readings_are_tried_best_first(adapter: Adapter) -> None:
    """The first reading that links counts; ids of the graph are taken as they are."""
    slot = Slot(
        "ingredient", value="gnarf", candidates=(("x:y", None), ("ingredient:leek", 0.9), ("beef", 0.2))
    )
    assert plan(adapter, slot).query.must == (ref("ingredient:leek"),)


def test_readings_of_equal_standing_are_alternatives(adapter: Adapter) -> None:
    """Nothing is guessed: the query takes any of them, and the plan says so."""
    readings = (("bell pepper", None), ("black pepper", None))
    slot = Slot("ingredient", raw="peppers", value="bell pepper", candidates=readings)
    made = plan(adapter, slot)
    both = (ref("ingredient:bell pepper"), ref("ingredient:black pepper"))
    assert made.query.must == (both,) and made.ambiguous == (("peppers", both),)


def test_a_reading_clearly_ahead_is_no_alternative(adapter: Adapter) -> None:
    slot = Slot(
        "ingredient", raw="peppers", value="bell pepper", confidence=0.9, candidates=(("black pepper", 0.3),)
    )
    assert plan(adapter, slot).query.must == (ref("ingredient:bell pepper"),)


def test_every_reading_of_an_exclusion_is_excluded(adapter: Adapter) -> None:
    slot = Slot("allergy", raw="nutty", value="almond", candidates=(("peanut", None),))
    made = plan(adapter, slot)
    assert {ref("ingredient:almond"), ref("ingredient:peanut")} <= set(made.query.must_not)
    assert all(s.hard and s.polarity == -1 for s in made.slots)


def test_what_does_not_link_is_returned_and_looked_for_as_text(adapter: Adapter) -> None:
    made = plan(adapter, Slot("ingredient", value="gnarf"))
    assert made.unlinked == ("gnarf",) and made.query.text == "gnarf" and not made.query.must


def test_an_exclusion_that_does_not_link_is_said(adapter: Adapter) -> None:
    made = plan(adapter, Slot("allergy", value="gnarf"))
    assert made.unlinked == ("gnarf",) and any("gnarf" in note for note in made.notes)
    assert made.query.note is not None and "gnarf" in made.query.note and made.query.text == ""


def test_an_unknown_diet_is_said(adapter: Adapter) -> None:
    made = plan(adapter, Slot("diet", value="HinduDiet"))
    assert any("Hindu" in note for note in made.notes) and made.unlinked == ("HinduDiet",)


@pytest.mark.parametrize(
    ("name", "kind", "value", "operator", "bounds"),
    [
        ("maxTime", "duration", 1800.0, "=", (None, 30.0)), ("maxTime", None, "PT1H30M", "=", (None, 90.0)),
        ("maxTime", "AMAZON.NUMBER", 30.0, "=", (None, 30.0)), ("maxTime", None, "half an hour", "=", (None, 30.0)),
        ("maxTime", None, "45", "=", (None, 45.0)), ("minTime", "duration", 3600.0, "=", (60.0, None)),
        ("duration", "duration", 3600.0, ">=", (60.0, None)), ("time", None, "at least two hours", "=", (120.0, None)),
        ("time", None, "30 to 60 minutes", "=", (30.0, 60.0)),
    ],
)  # fmt: skip
def test_durations_are_minutes(
    adapter: Adapter, name: str, kind: str | None, value: str | float, operator: Any, bounds: tuple[Any, Any]
) -> None:
    made = plan(adapter, Slot(name, kind, str(value), value, operator=operator))
    assert made.query.ranges == {"total_minutes": bounds}


@pytest.mark.parametrize("value", ["soon", "P1Y", -60.0, float("inf"), ""])
def test_what_is_no_duration_is_said(adapter: Adapter, value: Any) -> None:
    made = plan(adapter, Slot("maxTime", "duration", str(value), value))
    assert made.query.ranges == {} and made.notes


def test_a_range_over_a_number_that_nobody_has_is_said(adapter: Adapter) -> None:
    made = plan(adapter, Slot("calories", value=400.0))
    assert made.query.ranges == {} and any("calories" in note for note in made.notes)


def test_counts_and_places(adapter: Adapter) -> None:
    assert plan(adapter, Slot("count", value="three")).query.k == 3
    assert plan(adapter, Slot("count", value=1e9)).query.k == 50
    assert plan(adapter, Slot("count", value="lots")).query.k == 10


def test_the_text_keeps_what_the_slots_missed(adapter: Adapter) -> None:
    """The exclusion stands in the words alone; the service only saw the chicken."""
    slot = Slot("ingredient", value="chicken", span=(0, 7))
    made = plan(adapter, slot, text="chicken curry, my son is allergic to peanuts")
    assert ref("ingredient:peanut") in made.query.must_not
    assert any(s.hard and s.node == ref("ingredient:peanut") for s in made.slots)


def test_no_slot_weakens_what_the_text_excludes(adapter: Adapter) -> None:
    """A service that does not see "without" offers the excluded as wanted."""
    slots = [Slot("ingredient", value="chicken"), Slot("ingredient", value="onions")]
    made = plan(adapter, *slots, text="chicken without onions")
    assert made.query.must == (ref("ingredient:chicken"),)
    assert made.query.must_not == (ref("ingredient:onion"),) and made.query.text == "chicken"


def test_a_slot_that_excludes_goes_before_words_that_want(adapter: Adapter) -> None:
    made = plan(adapter, Slot("allergy", value="nut"), text="almond cake recipes")
    assert ref("ingredient:nut") in made.query.must_not
    assert ref("ingredient:almond") not in made.query.refs()


def test_the_base_is_refined(adapter: Adapter) -> None:
    base = GraphQuery(user="u9", must=(ref("cuisine:thai"),), must_not=(ref("ingredient:nut"),), k=3)
    query = plan(
        adapter, Slot("ingredient", value="almond"), Slot("ingredient", value="beef broth"), base=base
    ).query
    assert query.must == (ref("cuisine:thai"), ref("ingredient:beef broth"))
    assert query.must_not == base.must_not and (query.user, query.k) == ("u9", 3)


def test_confidence_names_every_requirement_that_may_give_way(adapter: Adapter) -> None:
    made = plan(adapter, Slot("cuisine", value="thai", confidence=0.4), text="thai soup with tofu")
    assert made.confidence == {"cuisine:thai": 0.4, "ingredient:tofu": 1.0} or set(made.confidence) >= {
        "cuisine:thai", "ingredient:tofu"
    }  # fmt: skip
    assert made.confidence["cuisine:thai"] == 0.4


WANTING = ["ingredient", "food_type", "course", "query", "xyz"]
WANTED = ["chicken", "thai", "lasagna", "dessert", "gnarf", "spicy", "tofu soup"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slots=st.lists(st.tuples(st.sampled_from(WANTING), st.sampled_from(WANTED)), min_size=1, max_size=4))
def test_every_value_lands_somewhere(adapter: Adapter, slots: list[tuple[str, str]]) -> None:
    """What is wanted is a node of the query or stands in its text; what links to nothing is returned besides."""
    made = plan(adapter, *(Slot(name, value=value) for name, value in slots))
    nodes = {ref.id for ref in made.query.refs()}
    for _, value in slots:
        for word in value.split():
            assert word in nodes or word in made.query.text.split(), (word, made.query)
    assert ("gnarf" in made.unlinked) == any(value == "gnarf" for _, value in slots)
    assert len(made.slots) == len(slots)


FOODS = ["chicken", "onion", "peanut", "almond", "milk", "garlic", "beef broth", "shrimp", "tofu", "egg"]
VALUES = [*FOODS, "vegan", "nonsense", "30"]
SLOT_NAMES = [
    "ingredient",
    "food_type",
    "cuisine",
    "diet",
    "query",
    "exclude",
    "allergy",
    "xyz",
    "maxTime",
    "count",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    banned=st.lists(st.sampled_from(FOODS), min_size=1, max_size=3, unique=True),
    wanted=st.lists(st.sampled_from(FOODS), max_size=2),
    slots=st.lists(st.tuples(st.sampled_from(SLOT_NAMES), st.sampled_from(VALUES)), max_size=4),
)  # fmt: skip
def test_whatever_the_slots_say_the_exclusions_of_the_text_hold(
    adapter: Adapter, banned: list[str], wanted: list[str], slots: list[tuple[str, str]]
) -> None:
    """Every node that the words exclude by themselves is excluded, and none below one is wanted."""
    text = f"recipes with {' and '.join(wanted) or 'rice'} without {' or '.join(banned)}"
    query = plan(adapter, *(Slot(name, value=value, raw=value) for name, value in slots), text=text).query
    alone = adapter.parser.parse(text)
    assert set(alone.must_not) <= set(query.must_not)
    lexicon = adapter.parser.lexicon
    for node in query.refs():
        assert not {node, *lexicon.ancestors(node)} & set(query.must_not)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=12), value=st.one_of(st.text(max_size=30), st.floats(), st.none()), raw=st.text(max_size=20),
    text=st.one_of(st.none(), st.text(max_size=60)), intent=st.text(max_size=20),
    span=st.one_of(st.none(), st.tuples(st.integers(-5, 70), st.integers(-5, 70))),
)  # fmt: skip
def test_no_result_makes_it_fail(
    adapter: Adapter, name: str, value: Any, raw: str, text: str | None, intent: str, span: Any
) -> None:
    """Whatever a service sends, there is a plan whose query can be written."""
    slot = Slot(name, None, raw, value, span=span)
    made = adapter.plan(NLUResult(text=text, intent=Intent(intent), slots=(slot,)))
    assert json.dumps(made.query.to_json(), allow_nan=False)
