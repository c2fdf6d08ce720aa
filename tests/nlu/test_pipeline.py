"""From text to an understood utterance: intents by model and by rule, slots as the parser links them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.nlu.intents import IntentData, IntentModel, Utterance, train_intents
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.pipeline import BY_WORDS_ALONE, Pipeline
from graphrec.nlu.result import Slot
from graphrec.nlu.slots import OTHER_NAME, RESPELLED, SAME_NAME
from graphrec.ranking.query import NodeRef
from tests.nlu.intents.fakes import Words
from tests.nlu.nodes import lexicon


@pytest.fixture(scope="module")
def by_rule() -> Pipeline:
    return Pipeline(None, RequestParser(lexicon()))


@pytest.fixture(scope="module")
def model() -> IntentModel:
    said = {"recommend": "show recipes|find a dish|suggest a dinner", "timer": "set a timer|start the clock|wake me"}
    train = tuple(Utterance(t, i, i[:1]) for i, texts in said.items() for t in texts.split("|"))
    proxies = ("who painted it", "how tall is everest", "call my mother", "it is raining")
    return train_intents(IntentData(train, proxies), Words())


def slots(pipeline: Pipeline, text: str) -> dict[str, Slot]:
    return {slot.raw or "": slot for slot in pipeline.understand(text).slots}


def test_slots_say_what_is_wanted_what_not_and_how_hard(by_rule):
    found = slots(by_rule, "chicken or turkey without onions under half an hour. i'm allergic to peanuts")
    chicken, turkey = found["chicken"], found["turkey"]
    assert chicken.node == NodeRef("ingredient", "chicken") and chicken.polarity == 1
    assert chicken.group == turkey.group is not None
    assert (found["onions"].polarity, found["onions"].hard) == (-1, False)
    assert (found["peanuts"].polarity, found["peanuts"].hard) == (-1, True)
    time = found["under half an hour"]
    assert (time.name, time.operator, time.value) == ("total_minutes", "<=", 1800.0)


@pytest.mark.parametrize(
    "text",
    ["i am allergic to shrimp", "no shrimp, shrimp allergy", "shrimp makes me sick so no shrimp",
     "i can't eat shrimp", "he's intolerant of shrimp"],
)  # fmt: skip
def test_an_allergy_is_hard_however_it_is_said(by_rule, text):
    excluded = [s for s in by_rule.understand(text).slots if s.node == NodeRef("ingredient", "shrimp")]
    assert any(s.polarity == -1 and s.hard for s in excluded), excluded


def test_a_diet_is_hard_and_a_taste_for_health_is_not(by_rule):
    assert slots(by_rule, "vegan curry")["vegan"].node == NodeRef("diet", "vegan")
    assert slots(by_rule, "vegan curry")["vegan"].hard
    assert not slots(by_rule, "low carb dinner")["low carb"].hard


@pytest.mark.parametrize("text", ["  chicken, no onions; under 20 minutes!", "tacos or a burger", "caFÉ and rice"])
def test_spans_are_places_in_the_text(by_rule, text):
    found = by_rule.understand(text).slots
    assert found and all(s.span and text[slice(*s.span)] == s.raw for s in found)
    assert list(found) == sorted(found, key=lambda s: s.span or (0, 0))


def test_the_spelling_decides_how_sure_a_link_is(by_rule):
    exact, other, slip = (slots(by_rule, text)[text] for text in ("zucchini", "courgette", "mushrom"))
    assert (exact.confidence, other.confidence, slip.confidence) == (SAME_NAME, OTHER_NAME, RESPELLED)
    assert slip.node == NodeRef("ingredient", "mushroom")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("what can i use instead of butter", "substitute"), ("how long does lasagna take", "cook_time"),
        ("I'm allergic to peanuts", "teach_allergy"), ("i don't like mushrooms", "teach_dislike"),
        ("forget that", "forget_preference"), ("something like my last lasagna", "similar"), ("stop", "stop"),
        ("the second one", "select"), ("without garlic this time", "refine"), ("I am vegetarian", "teach_diet"),
    ],
)  # fmt: skip
def test_without_a_model_rules_decide(by_rule, text, intent):
    result = by_rule.understand(text)
    assert result.intent is not None and result.intent.name == intent and not result.novel


def test_foods_alone_make_a_request_of_less_confidence(by_rule, model):
    strict = dataclasses.replace(model, threshold=0.9)
    for pipeline in (by_rule, Pipeline(strict, by_rule.parser)):
        result = pipeline.understand("salmon and rice")
        assert result.intent is not None and result.intent.name in ("recommend", "search_by_ingredient")
        assert 0 < (result.intent.confidence or 0) <= BY_WORDS_ALONE
        assert result.domain == "recipes" and not result.novel


def test_what_fits_nothing_is_novel(by_rule, model):
    for pipeline in (by_rule, Pipeline(model, by_rule.parser)):
        result = pipeline.understand("who painted everest")
        assert result.novel and result.intent is None and result.domain is None
        assert result.trace[0].stage == "intent" and result.trace[0].failed
    assert result.alternatives  # the nearest intents of the model


def test_a_model_decides_where_there_is_one(by_rule, model):
    result = Pipeline(model, by_rule.parser).understand(
        "set the timer", user="u1", session="s", locale="en-GB", context={"turn": 2}
    )
    assert result.intent is not None and (result.intent.name, result.domain) == ("timer", "t")
    assert result.intent not in result.alternatives
    assert (result.user, result.session, result.locale, result.context) == ("u1", "s", "en-GB", {"turn": 2})
    assert [step.stage for step in result.trace] == ["intent", "slots"]
    assert all(step.ms >= 0 for step in result.trace)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_result(text):
    pipeline = Pipeline(None, RequestParser(lexicon()))
    result = pipeline.understand(text)
    assert result.text == text and (result.intent is None) == result.novel


@pytest.mark.parametrize("text", ["no " * 40_000, "a" * 1_000_000, "\u202eolleh\0", "like " * 5_000, "(" * 10_000])
def test_long_and_strange_texts_take_bounded_time(by_rule, text):
    result = by_rule.understand(text)
    assert sum(step.ms for step in result.trace) < 5_000
