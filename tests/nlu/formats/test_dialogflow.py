"""Dialogflow ES and CX: kinds of parameters, composite entities, contexts, forms."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read
from graphrec.nlu.result import Slot
from tests.nlu.formats.golden import changed, del_, golden

PARAMETERS = "queryResult.parameters"


def slots_of(value: Any) -> list[tuple[str, object, str | None]]:
    result = read(changed("dialogflow", PARAMETERS, {"thing": value}))
    return [(slot.name, slot.value, slot.type) for slot in result.slots]


@pytest.mark.parametrize(("value", "expected"), [
    ("", []), (None, []), ([], []), ({}, []), (["", None], []), (True, []),
    ("rice", [("thing", "rice", None)]), (4, [("thing", 4.0, "number")]), ("4", [("thing", 4.0, "number")]),
    (["rice", "peas"], [("thing", "rice", None), ("thing", "peas", None)]),
    ({"amount": 1.5, "unit": "h"}, [("thing", 5400.0, "duration")]),
    ({"amount": 2, "unit": "wk"}, [("thing", 1209600.0, "duration")]),
    ({"amount": 400, "unit": "kcal"}, [("thing", 400.0, "kcal")]),
    ({"name": "Anna"}, [("thing", "Anna", None)]),
    ({"food": "rice", "number": 2, "unit-name": ""}, [("food", "rice", None), ("number", 2.0, "number")]),
    ([{"food": "rice"}, {"food": "peas"}], [("food", "rice", None), ("food", "peas", None)]),
])  # fmt: skip
def test_parameters(value: Any, expected: list[tuple[str, object, str | None]]) -> None:
    assert slots_of(value) == expected


def test_the_words_come_from_the_contexts() -> None:
    by_name: dict[str, Slot] = {slot.name: slot for slot in read(golden("dialogflow")).slots}
    assert (by_name["cuisine"].raw, by_name["cuisine"].value) == ("italian", "Italian")
    assert by_name["duration"].raw == "thirty minutes"
    assert by_name["ingredient"].raw == "chicken"


def test_contexts_are_kept_by_name_and_our_own_state_is_no_slot() -> None:
    assert read(golden("dialogflow")).context["generic"]["cuisine"] == "Italian"
    assert read(changed("dialogflow", PARAMETERS, {"graphrec": "{}"})).slots == ()


@pytest.mark.parametrize(
    ("session", "user"),
    [
        ("projects/p/agent/sessions/s1", None), ("projects/p/agent/environments/e/users/-/sessions/s1", None),
        ("projects/p/agent/environments/e/users/ada/sessions/s1", "ada"),
    ],
)  # fmt: skip
def test_the_user_stands_in_the_session_name(session: str, user: str | None) -> None:
    result = read(changed("dialogflow", "session", session))
    assert (result.session, result.user) == ("s1", user)


def test_the_user_of_an_integration() -> None:
    data = changed("dialogflow", "session", "projects/p/agent/sessions/s1")
    data["originalDetectIntentRequest"] = {"source": "web", "payload": {"userId": "ada"}}
    assert read(data).user == "ada"
    data["originalDetectIntentRequest"]["payload"] = {"user": {"userId": "eve"}}
    assert read(data).user == "eve"


def test_the_fallback_intent_is_novel_and_missing_parameters_are_incomplete() -> None:
    assert read(changed("dialogflow", "queryResult.intent.isFallback", True)).novel
    assert not read(changed("dialogflow", "queryResult.allRequiredParamsPresent", False)).complete


def test_an_intent_without_a_display_name_goes_by_its_id() -> None:
    intent = read(changed("dialogflow", "queryResult.intent.displayName", del_)).intent
    assert intent is not None and intent.name == "29bc"
    assert read(changed("dialogflow", "queryResult.intent", del_)).intent is None


def test_cx_adds_what_the_form_collected_and_prefers_what_was_said_now() -> None:
    data = golden("dialogflow_cx")
    data["pageInfo"]["formInfo"]["parameterInfo"][0]["value"] = "Thai"
    assert [(slot.name, slot.raw, slot.value) for slot in read(data).slots] == [
        ("cuisine", "italian", "Italian"), ("ingredient", "chicken", "chicken"), ("duration", "30 min", 1800.0),
    ]  # fmt: skip


def test_cx_speech_and_events() -> None:
    data = changed("dialogflow_cx", "text", del_)
    assert read({**data, "transcript": "thai soup"}).text == "thai soup"
    event = read({"detectIntentResponseId": "r", "triggerEvent": "sys.no-input", "sessionInfo": {}})
    assert (event.text, event.intent, event.slots, event.novel) == (None, None, (), True)


@pytest.mark.parametrize(("name", "path", "value", "message"), [
    ("dialogflow", "queryResult", 1, "queryResult must be an object, but 1 was given."),
    ("dialogflow", PARAMETERS, "x", 'queryResult.parameters must be an object, but "x" was given.'),
    ("dialogflow", "queryResult.queryText", {}, "queryResult.queryText must be a string, but an object was given."),
    ("dialogflow", "queryResult.outputContexts.0.name", 4,
     "queryResult.outputContexts[0].name must be a string, but 4 was given."),
    ("dialogflow_cx", "intentInfo.parameters.cuisine", "x",
     'intentInfo.parameters.cuisine must be an object, but "x" was given.'),
    ("dialogflow_cx", "pageInfo.formInfo.parameterInfo", {},
     "pageInfo.formInfo.parameterInfo must be a list, but an object was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(name: str, path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed(name, path, value))
    assert str(error.value) == message
