"""Alexa: the shapes of slots, resolutions, confirmations and request types that real requests have."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read
from graphrec.nlu.result import Slot
from tests.nlu.formats.golden import changed, del_, golden

SLOTS = "request.intent.slots"
KITCHEN = "amzn1.er-authority.echo-sdk.amzn1.ask.skill.kitchen"


def slots_with(slot: Any, name: str = "thing") -> tuple[Slot, ...]:
    return read(changed("alexa", SLOTS, {name: slot})).slots


def authority(code: str, *names: str, kind: str = "FOOD") -> dict[str, Any]:
    values = [{"value": {"name": name, "id": f"ingredient:{name}"}} for name in names]
    return {"authority": f"{KITCHEN}.{kind}", "status": {"code": code}, "values": values}


def simple(value: Any, *authorities: Any) -> dict[str, Any]:
    return {"type": "Simple", "value": value, "resolutions": {"resolutionsPerAuthority": list(authorities)}}


def test_a_slot_with_several_authorities_keeps_every_reading() -> None:
    cuisine = read(golden("alexa")).slots[0]
    assert (cuisine.raw, cuisine.value, cuisine.type) == ("from italy", "Italian", "CUISINE")
    assert cuisine.candidates == (("cuisine:italian", None), ("Sicilian", None), ("Italy", None))
    assert cuisine.confidence is None


@pytest.mark.parametrize("code", ["ER_SUCCESS_NO_MATCH", "ER_ERROR_TIMEOUT", "ER_ERROR_EXCEPTION", "NEW_CODE"])
def test_only_a_match_resolves(code: str) -> None:
    failed, matched = authority(code, "wrong"), authority("ER_SUCCESS_MATCH", "eggplant", "egg", kind="VEG")
    (slot,) = slots_with({"name": "thing", "value": "egg plant", "resolutions": {"resolutionsPerAuthority": [failed]}})
    assert (slot.value, slot.candidates) == ("egg plant", ())
    (slot,) = slots_with(
        {"value": "egg plant", "resolutions": {"resolutionsPerAuthority": [failed, matched]}}
    )
    assert (slot.name, slot.value, slot.type) == ("thing", "eggplant", "VEG")
    assert [reading for reading, _ in slot.candidates] == ["ingredient:eggplant", "ingredient:egg"]


def test_a_list_slot_gives_one_slot_per_value_with_its_own_resolution() -> None:
    values = [simple("chicken"), simple("ailment", authority("ER_SUCCESS_MATCH", "allium")), simple(None)]
    found = slots_with({"name": "thing", "slotValue": {"type": "List", "values": values}})
    assert [(slot.name, slot.raw, slot.value) for slot in found] == [
        ("thing", "chicken", "chicken"), ("thing", "ailment", "allium"),
    ]  # fmt: skip
    assert [slot.group for slot in found] == [None, None]


def test_a_list_slot_that_degrades_to_a_simple_one() -> None:
    (slot,) = slots_with({"name": "thing", "slotValue": simple("rice")})
    assert slot.value == "rice"
    (slot,) = slots_with({"name": "thing", "value": "rice", "slotValue": None})
    assert slot.value == "rice"


@pytest.mark.parametrize(
    "slot",
    [
        {"name": "thing", "confirmationStatus": "NONE"}, {"name": "thing", "value": ""},
        {"name": "thing", "value": None}, {"name": "thing", "value": "?"},
        {"name": "thing", "slotValue": {"type": "List", "values": []}}, {}, None,
    ],
)  # fmt: skip
def test_an_unfilled_slot_is_left_out(slot: Any) -> None:
    assert slots_with(slot) == ()


def test_the_conjunction_is_no_slot() -> None:
    assert slots_with({"name": "__Conjunction", "value": "or"}, "__Conjunction") == ()


@pytest.mark.parametrize(("said", "value", "kind"), [
    ("PT30M", 1800.0, "duration"), ("PT1H30M", 5400.0, "duration"), ("P1W", 604800.0, "duration"), ("4", 4.0, "number"),
    ("half an hour", 1800.0, "duration"), ("2026-01-05", "2026-01-05", None), ("seven up", "seven up", None),
])  # fmt: skip
def test_built_in_types(said: str, value: object, kind: str | None) -> None:
    (slot,) = slots_with({"name": "thing", "value": said})
    assert (slot.raw, slot.value, slot.type) == (said, value, kind)


@pytest.mark.parametrize(("given", "status"), [("NONE", "none"), ("CONFIRMED", "confirmed"), ("DENIED", "denied")])
def test_confirmations(given: str, status: str) -> None:
    assert slots_with({"value": "nuts", "confirmationStatus": given})[0].status == status
    intent = read(changed("alexa", "request.intent.confirmationStatus", given)).intent
    assert intent is not None and intent.status == status


@pytest.mark.parametrize(
    ("state", "complete"), [("STARTED", False), ("IN_PROGRESS", False), ("COMPLETED", True), (None, True)]
)
def test_whether_the_dialogue_still_asks(state: str | None, complete: bool) -> None:
    assert read(changed("alexa", "request.dialogState", state)).complete is complete


@pytest.mark.parametrize("kind", ["LaunchRequest", "SessionEndedRequest", "Alexa.Presentation.APL.UserEvent"])
def test_a_request_without_an_intent_gives_its_type(kind: str) -> None:
    result = read(changed("alexa", "request", {"type": kind, "requestId": "r", "locale": "de-DE"}))
    assert result.intent is not None and result.intent.name == kind
    assert (result.slots, result.locale, result.user) == ((), "de-DE", "u1")


def test_can_fulfill_reads_like_an_intent_request() -> None:
    assert read(changed("alexa", "request.type", "CanFulfillIntentRequest")) == read(golden("alexa"))


@pytest.mark.parametrize("name", "Stop Cancel Help Yes No More Next Previous Repeat StartOver Fallback".split())
def test_built_in_intents_keep_their_names(name: str) -> None:
    intent = {"name": f"AMAZON.{name}Intent", "confirmationStatus": "NONE"}
    result = read(changed("alexa", "request.intent", intent))
    assert result.intent is not None and result.intent.name == f"AMAZON.{name}Intent"
    assert result.novel is (name == "Fallback")


def test_the_session_may_be_absent_and_the_system_knows_the_user() -> None:
    result = read(changed("alexa", "session", del_))
    assert (result.user, result.session, result.context) == ("u1", None, {})
    assert read(golden("alexa")).context == {"lastTopic": "dinner"}


@pytest.mark.parametrize(("path", "value", "message"), [
    (f"{SLOTS}.maxTime.value", 5, "request.intent.slots.maxTime.value must be a string, but 5 was given."),
    (f"{SLOTS}.maxTime.slotValue.value", 5,
     "request.intent.slots.maxTime.slotValue.value must be a string, but 5 was given."),
    (f"{SLOTS}.ingredient.slotValue.values.0.value", True,
     "request.intent.slots.ingredient.slotValue.values[0].value must be a string, but true was given."),
    (f"{SLOTS}.cuisine.resolutions.resolutionsPerAuthority", {},
     "request.intent.slots.cuisine.resolutions.resolutionsPerAuthority must be a list, but an object was given."),
    (SLOTS, [], "request.intent.slots must be an object, but a list was given."),
    (f"{SLOTS}.diet", "vegan", 'request.intent.slots.diet must be an object, but "vegan" was given.'),
    ("request.type", None, "request.type must be a string, but null was given."),
    ("request.type", del_, "request.type must be a string, but it is missing."),
    ("request.intent", None, "request.intent.name must be a string, but it is missing."),
    ("request.intent.name", 10**30,
     "request.intent.name must be a string, but a number of more than 20 digits was given."),
    ("session.user.userId", ["u1"], "session.user.userId must be a string, but a list was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, message: str) -> None:
    broken = changed("alexa", path, value)
    if path == f"{SLOTS}.maxTime.value":
        del broken["request"]["intent"]["slots"]["maxTime"]["slotValue"]
    with pytest.raises(InvalidInputError) as error:
        read(broken)
    assert str(error.value) == message
