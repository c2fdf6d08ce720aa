"""Lex V2: score forms, list and composite slots, null slots, and whose slots count."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read
from graphrec.nlu.result import Intent
from tests.nlu.formats.golden import changed, del_, golden

FIRST = "interpretations.0"
SLOTS = f"{FIRST}.intent.slots"


def value(said: str, meant: str | None = None, *resolved: str) -> dict[str, Any]:
    return {"originalValue": said, "interpretedValue": meant, "resolvedValues": list(resolved)}


@pytest.mark.parametrize("score", [0.93, {"score": 0.93}, {"score": 0.93, "new": 1}])
def test_a_confidence_as_number_or_object(score: Any) -> None:
    assert read(changed("lex", f"{FIRST}.nluConfidence", score)).intent == Intent("recipe.search", 0.93)


def test_the_other_interpretations_are_alternatives() -> None:
    assert read(golden("lex")).alternatives == (Intent("restaurant.search", 0.41), Intent("FallbackIntent"))


@pytest.mark.parametrize(("given", "status"), [("Confirmed", "confirmed"), ("Denied", "denied"), ("None", "none")])
def test_confirmation_states(given: str, status: str) -> None:
    intent = read(changed("lex", f"{FIRST}.intent.confirmationState", given)).intent
    assert intent is not None and intent.status == status
    session = {"name": "recipe.search", "confirmationState": given}
    intent = read(changed("lex", "sessionState.intent", session)).intent
    assert intent is not None and intent.status == status


def test_the_session_knows_slots_of_earlier_turns() -> None:
    slots = {"cuisine": {"shape": "Scalar", "value": value("thai", "Thai", "Thai")}, "diet": None}
    result = read(changed("lex", "sessionState.intent", {"name": "recipe.search", "slots": slots}))
    assert [(slot.name, slot.value) for slot in result.slots] == [("cuisine", "Thai")]
    assert result.intent == Intent("recipe.search", 0.93)


def test_the_intent_that_the_session_is_at_goes_before_the_likeliest() -> None:
    result = read(changed("lex", "sessionState.intent", {"name": "restaurant.search"}))
    assert result.intent == Intent("restaurant.search", 0.41)
    assert [other.name for other in result.alternatives] == ["recipe.search", "FallbackIntent"]
    elsewhere = read(changed("lex", "sessionState.intent", {"name": "greet"}))
    assert elsewhere.intent == Intent("greet") and elsewhere.slots == ()


def test_without_a_session_the_first_interpretation_counts() -> None:
    assert read(changed("lex", "sessionState", del_)).intent == Intent("recipe.search", 0.93)
    assert read(changed("lex", "sessionState", del_)).context == {}


def test_slots_of_every_shape() -> None:
    slots = {
        "ingredient": {"shape": "List", "values": [
            {"shape": "Scalar", "value": value("chook", "chicken", "chicken", "hen")},
            {"value": value("rice")}, {"value": None},
        ]},
        "meal": {"shape": "Composite", "value": None, "subSlots": {
            "course": {"shape": "Scalar", "value": value("starter", "appetizer", "appetizer")}, "when": None
        }},
        "empty": {"shape": "Scalar", "value": None}, "blank": {"shape": "Scalar", "value": value("")}, "none": None,
    }  # fmt: skip
    result = read(changed("lex", SLOTS, slots))
    assert [(slot.name, slot.raw, slot.value, slot.candidates) for slot in result.slots] == [
        ("ingredient", "chook", "chicken", (("hen", None),)), ("ingredient", "rice", "rice", ()),
        ("course", "starter", "appetizer", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "complete"), [("InProgress", False), ("Waiting", False), ("ReadyForFulfillment", True), ("Failed", True)]
)
def test_whether_lex_still_asks(state: str, complete: bool) -> None:
    assert read(changed("lex", f"{FIRST}.intent.state", state)).complete is complete


def test_nothing_understood_is_novel() -> None:
    assert read({"inputTranscript": "?", "interpretations": [], "sessionState": {}}).novel
    assert read(changed("lex", "sessionState.intent.name", "FallbackIntent")).novel


@pytest.mark.parametrize(("path", "wrong", "message"), [
    (f"{SLOTS}.cuisine.value", "italian",
     'interpretations[0].intent.slots.cuisine.value must be an object, but "italian" was given.'),
    (f"{FIRST}.nluConfidence", "0.9", 'interpretations[0].nluConfidence must be a number, but "0.9" was given.'),
    (f"{SLOTS}.cuisine.value.resolvedValues", "x",
     'interpretations[0].intent.slots.cuisine.value.resolvedValues must be a list, but "x" was given.'),
    ("interpretations", {}, "interpretations must be a list, but an object was given."),
    ("sessionState", [], "sessionState must be an object, but a list was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(path: str, wrong: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed("lex", path, wrong))
    assert str(error.value) == message
