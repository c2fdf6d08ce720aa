"""Rasa: roles, Duckling, offsets, bare intents, and what a tracker remembers."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read
from graphrec.nlu.result import Intent, Slot
from tests.nlu.formats.golden import changed, del_, golden


def entity(**fields: Any) -> Slot:
    (slot,) = read({"text": "no nuts for me", "intent": "search", "entities": [{"entity": "food", **fields}]}).slots
    return slot


def test_the_ranking_without_the_chosen_intent() -> None:
    assert read(golden("rasa")).alternatives == (Intent("restaurant_search", 0.05),)
    assert read(golden("rasa")).slots[0].confidence == 0.85
    assert read(golden("rasa")).slots[1].confidence is None


def test_an_intent_may_be_a_bare_name() -> None:
    assert read(changed("rasa", "intent", "greet")).intent == Intent("greet")


@pytest.mark.parametrize("intent", [None, "", {"name": None, "confidence": 0.0}, {}])
def test_no_intent_is_novel(intent: Any) -> None:
    result = read(changed("rasa", "intent", intent))
    assert result.intent is None and result.novel
    assert [other.name for other in result.alternatives] == ["recipe_search", "restaurant_search"]


def test_the_fallback_is_novel_and_keeps_what_it_weighed() -> None:
    result = read(changed("rasa", "intent", {"name": "nlu_fallback", "confidence": 0.7}))
    assert result.novel and len(result.alternatives) == 2


@pytest.mark.parametrize(("role", "expected"), [
    ("include", ("food", 1, False, "=")), (None, ("food", 1, False, "=")), ("exclude", ("food", -1, False, "=")),
    ("Without", ("food", -1, False, "=")), ("allergy", ("food", -1, True, "=")), ("max", ("food", 1, False, "<=")),
    ("at_least", ("food", 1, False, ">=")), ("cuisine", ("cuisine", 1, False, "=")),
])  # fmt: skip
def test_roles(role: str | None, expected: tuple[str, int, bool, str]) -> None:
    slot = entity(value="nuts", role=role)
    assert (slot.name, slot.polarity, slot.hard, slot.operator) == expected
    assert slot.type == "food"


def test_a_group_holds_together_and_makes_no_alternatives() -> None:
    assert entity(value="nuts", group="1").group is None


@pytest.mark.parametrize(("start", "end", "span"), [
    (3, 7, (3, 7)), (3.0, 7.0, (3, 7)), (7, 3, None), (3, 99, None), (3, None, None), (5, 5, None),
])  # fmt: skip
def test_offsets_outside_the_text_are_dropped(start: Any, end: Any, span: Any) -> None:
    slot = entity(value="nut", start=start, end=end)
    assert slot.span == span
    assert slot.raw == ("nuts" if span else "nut")


@pytest.mark.parametrize(("unit", "value", "kind"), [("second", 1800.0, "duration"), ("gram", 1800.0, "gram")])
def test_duckling_has_brought_it_to_base_units(unit: str, value: float, kind: str) -> None:
    slot = entity(value=30, additional_info={"unit": "minute", "normalized": {"value": 1800, "unit": unit}})
    assert (slot.value, slot.type) == (value, kind)


def test_values_that_are_objects_leave_the_words() -> None:
    slot = entity(value={"from": "2026-01-05", "to": None}, start=3, end=7)
    assert (slot.value, slot.raw) == ("nuts", "nuts")


def test_a_form_that_ends_without_entities_answers_from_what_was_collected() -> None:
    data = golden("rasa_action")
    data["tracker"]["latest_message"] = {"text": "yes", "intent": {"name": "affirm", "confidence": 1.0}, "entities": []}
    data["tracker"]["slots"] |= {"graphrec": '{"v": 1}', "vegan": True, "servings": 4, "requested_slot": "diet"}
    result = read(data)
    assert [(slot.name, slot.value) for slot in result.slots] == [
        ("cuisine", "italian"), ("ingredient", "chicken"), ("servings", 4.0),
    ]  # fmt: skip
    assert result.text == "yes" and result.intent == Intent("affirm", 1.0)
    assert result.context["cuisine"] == "italian"


def test_the_tracker_alone_reads_like_the_call() -> None:
    assert read(golden("rasa_action")["tracker"]) == read(golden("rasa_action"))
    assert read(changed("rasa_action", "sender_id", del_)).user == "u1"


@pytest.mark.parametrize(("path", "value", "message"), [
    ("entities.0.start", "0", 'entities[0].start must be a number, but "0" was given.'),
    ("entities.0.start", -1, "entities[0].start must be a whole number of 0 or more, but -1 was given."),
    ("entities.0.value", True, "entities[0].value must be a string, but true was given."),
    ("entities.0.entity", del_, "entities[0].entity must be a string, but it is missing."),
    ("entities", "italian", 'entities must be a list, but "italian" was given.'),
    ("intent.confidence", 93, "intent.confidence must be a number from 0 to 1, but 93 was given."),
    ("intent.confidence", "high", 'intent.confidence must be a number, but "high" was given.'),
    ("intent", 3, "intent must be an object, but 3 was given."),
    ("text", 7, "text must be a string, but 7 was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed("rasa", path, value))
    assert str(error.value) == message
