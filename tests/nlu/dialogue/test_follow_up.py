"""Refinements of a request, joined by rules; the expected queries are written by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.language.taxonomy import load_taxonomy
from graphrec.nlu.dialogue import DialogueState, Joined, Utterance, join, open_utterance, quicker, turn_of
from graphrec.nlu.parser import RequestParser
from graphrec.ranking.query import GraphQuery, NodeRef

FIRST = "italian chicken recipes under 40 minutes"


def utter(parser: RequestParser, text: str) -> Utterance:
    """An utterance as the handler takes it: the conversation's part split off, the rest parsed."""
    rest = open_utterance(text).rest
    parsed = parser.parse(rest)
    neutral = tuple(ref for span in parsed.spans if span.role == "neutral" for ref in span.refs)
    times = [span.text for span in parsed.spans if span.role == "range"]
    vague = bool(times) and not any(char.isdigit() for char in times[0])
    return quicker(Utterance(text, parsed.query(), neutral, vague_time=vague), GraphQuery(), [])


def said(parser: RequestParser, *texts: str, kept: Sequence[NodeRef] = ()) -> Joined:
    """The query after several turns, every one of them taken for what `turn_of` says."""
    state, joined = DialogueState(), Joined(GraphQuery())
    for text in texts:
        utterance = utter(parser, text)
        if turn_of(utterance, state) == "anew":
            joined = Joined(utterance.query)
        else:
            joined = join(utterance, state.query, broader=parser.lexicon.ancestors, kept=kept)
        state = DialogueState(query=joined.query)
    return joined


def shape(query: GraphQuery) -> tuple[set[str], set[str], object]:
    must = {" | ".join(o.id for o in r) if isinstance(r, tuple) else r.id for r in query.must}
    return must, {r.id for r in query.must_not}, query.ranges.get("total_minutes")


REFINED = [
    ("without garlic this time", {"italian", "chicken"}, {"garlic"}, 40),
    ("but no onions", {"italian", "chicken"}, {"onion"}, 40),
    ("how about thai", {"thai", "chicken"}, set(), 40),
    ("make it mexican", {"mexican", "chicken"}, set(), 40),
    ("or mexican", {"italian | mexican", "chicken"}, set(), 40),
    ("what about pasta", {"italian", "pasta"}, set(), 40),
    ("how about with pasta", {"italian", "chicken", "pasta"}, set(), 40),
    ("with mushrooms", {"italian", "chicken", "mushroom"}, set(), 40),
    ("add spinach too", {"italian", "chicken", "spinach"}, set(), 40),
    ("mushrooms", {"italian", "chicken", "mushroom"}, set(), 40),
    ("tofu instead of chicken", {"italian", "tofu"}, {"chicken"}, 40),
    ("swap the chicken for tofu", {"italian", "tofu"}, {"chicken"}, 40),
    ("with tofu instead", {"italian", "tofu"}, set(), 40),
    ("I'd rather have fish", {"italian", "fish"}, set(), 40),
    ("no chicken, please", {"italian"}, {"chicken"}, 40),
    ("without poultry", {"italian"}, {"poultry"}, 40),
    ("only quick ones", {"italian", "chicken"}, set(), 30),
    ("under 20 minutes", {"italian", "chicken"}, set(), 20),
    ("up to 60 minutes is fine", {"italian", "chicken"}, set(), 60),
    ("time doesn't matter", {"italian", "chicken"}, set(), None),
    ("it doesn't have to be italian", {"chicken"}, set(), 40),
    ("same thing but with beef", {"italian", "chicken", "beef"}, set(), 40),
    ("gluten free ones please", {"italian", "chicken"}, {"gluten"}, 40),
    ("show me dairy-free ones", {"italian", "chicken"}, {"dairy"}, 40),
]


@pytest.mark.parametrize(("text", "must", "must_not", "minutes"), REFINED, ids=[r[0] for r in REFINED])
def test_one_refinement(
    parser: RequestParser, text: str, must: set[str], must_not: set[str], minutes: int
) -> None:
    bounds = None if minutes is None else (None, float(minutes))
    assert shape(said(parser, FIRST, text).query) == (must, must_not, bounds)


@pytest.mark.parametrize(
    "text",
    [
        "show me thai soups", "I want a dessert with chocolate", "thai soups", "chicken curry", "now find me a salad",
        "something for breakfast: pancake recipes", "what can I cook with leftover rice", "greek lamb stew",
    ],
)  # fmt: skip
def test_a_request_of_its_own_starts_anew(parser: RequestParser, text: str) -> None:
    assert said(parser, f"{FIRST} without garlic", text).query == utter(parser, text).query


def test_vegetarian_lets_the_chicken_go(parser: RequestParser) -> None:
    joined = said(parser, FIRST, "make it vegetarian")
    assert {r.id for r in joined.query.refs()} == {"italian"}
    assert NodeRef("ingredient", "chicken") in joined.replaced
    assert "chicken" not in joined.query.text and "italian" in joined.query.text


def test_the_words_follow_what_is_wanted(parser: RequestParser) -> None:
    assert said(parser, FIRST, "how about thai").query.text.split() == ["chicken", "thai"]
    assert said(parser, FIRST, "what about pasta", "with pasta").query.text.split() == ["italian", "pasta"]


def test_an_exclusion_outlives_a_later_wish_and_that_is_said(parser: RequestParser) -> None:
    joined = said(parser, FIRST, "without garlic", "with garlic and basil")
    assert shape(joined.query)[:2] == ({"italian", "chicken", "basil"}, {"garlic"})
    assert joined.barred == (NodeRef("ingredient", "garlic"),)
    assert "garlic" not in joined.query.text


def test_only_what_is_fine_again_is_lifted(parser: RequestParser) -> None:
    joined = said(parser, FIRST, "no garlic and no onions", "garlic is fine")
    assert shape(joined.query)[1] == {"onion"} and joined.lifted == (NodeRef("ingredient", "garlic"),)


def test_an_allergy_is_not_lifted_by_a_remark(parser: RequestParser) -> None:
    nuts = NodeRef("ingredient", "nut")
    assert shape(said(parser, FIRST, "no nuts", "nuts are fine", kept=[nuts]).query)[1] == {"nut"}


def test_a_limit_on_the_other_side_is_added_and_a_contradiction_replaces(parser: RequestParser) -> None:
    assert said(parser, FIRST, "at least 20 minutes").query.ranges["total_minutes"] == (20.0, 40.0)
    assert said(parser, FIRST, "at least 50 minutes").query.ranges["total_minutes"] == (50.0, None)
    assert said(parser, "soup under 20 minutes", "only quick ones").query.ranges["total_minutes"] == (
        None,
        20.0,
    )


@pytest.mark.parametrize(
    ("base", "minutes", "bound"),
    [({}, [60, 35, 200], 45.0), ({"total_minutes": (None, 40.0)}, [60], 30.0), ({}, [25], 15.0)],
)
def test_something_quicker(
    parser: RequestParser, base: dict[str, tuple[None, float]], minutes: list[float], bound: float | None
) -> None:
    asked = quicker(utter(parser, "something quicker"), GraphQuery(ranges=base), minutes)
    assert asked.query.ranges.get("total_minutes", (None, None))[1] == bound
    assert bound is None or "quicker" not in asked.query.text


def test_without_words_limits_refine_and_wishes_start_anew() -> None:
    state = DialogueState(query=GraphQuery(must=(NodeRef("cuisine", "thai"),)))
    limits = GraphQuery(must_not=(NodeRef("ingredient", "nut"),), ranges={"total_minutes": (None, 30)})
    wishes = GraphQuery(must=(NodeRef("ingredient", "rice"),))
    assert turn_of(Utterance("", limits), state) == "refine"
    assert turn_of(Utterance("", wishes), state) == "anew"
    assert turn_of(Utterance("", wishes, intent="RefineIntent"), state) == "refine"
    assert turn_of(Utterance("", limits), None) == turn_of(Utterance("", limits), DialogueState()) == "anew"


MORE_PIECES = """with garlic|nuts are fine|no nuts|vegan please|add almonds|make it beef|or thai|what about cheese
without cheese|no dairy|garlic is fine|with milk|no meat|bacon"""
PIECES = st.sampled_from([row[0] for row in REFINED] + MORE_PIECES.replace("\n", "|").split("|"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, min_size=1, max_size=6))
def test_exclusions_only_grow_but_for_what_is_lifted_and_nothing_wanted_is_excluded(
    parser: RequestParser, texts: list[str]
) -> None:
    taxonomy = load_taxonomy()
    query = parser.parse(FIRST).query()
    for text in texts:
        utterance = utter(parser, text)
        joined = join(utterance, query, broader=parser.lexicon.ancestors)
        before = set(query.must_not) | set(utterance.query.must_not)
        assert before - set(joined.lifted) == set(joined.query.must_not)
        assert set(joined.lifted) <= set(utterance.neutral)
        banned = {r.id for r in joined.query.must_not}
        for ref in joined.query.refs():
            assert not banned & ({ref.id} | taxonomy.ancestors(ref.id)) or ref.type != "ingredient"
        query = joined.query
