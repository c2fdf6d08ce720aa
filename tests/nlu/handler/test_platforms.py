"""Two turns on every platform: what the first response carries is what the second request brings back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.store import GraphStore

Turn = Callable[[str, dict[str, str], str, dict[str, Any] | None], dict[str, Any]]


def alexa(intent: str, slots: dict[str, str], text: str, last: dict[str, Any] | None) -> dict[str, Any]:
    filled = {
        name: {"name": name, "value": value, "confirmationStatus": "NONE"} for name, value in slots.items()
    }
    return {
        "version": "1.0", "context": {},
        "session": {"sessionId": "s1", "user": {"userId": "ada"},
                    "attributes": (last or {}).get("sessionAttributes", {})},
        "request": {"type": "IntentRequest", "locale": "en-US", "dialogState": "COMPLETED",
                    "intent": {"name": intent, "confirmationStatus": "NONE", "slots": {**filled, "x": {"name": "x"}}}},
    }  # fmt: skip


def dialogflow(intent: str, slots: dict[str, str], text: str, last: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "responseId": "r", "session": "projects/p/agent/users/ada/sessions/s1",
        "queryResult": {
            "queryText": text, "parameters": slots, "allRequiredParamsPresent": True, "languageCode": "en",
            "outputContexts": (last or {}).get("outputContexts", []), "intentDetectionConfidence": 0.9,
            "intent": {"name": "projects/p/agent/intents/1", "displayName": intent},
        },
    }  # fmt: skip


def dialogflow_cx(
    intent: str, slots: dict[str, str], text: str, last: dict[str, Any] | None
) -> dict[str, Any]:
    named = {name: {"originalValue": value, "resolvedValue": value} for name, value in slots.items()}
    return {
        "text": text, "fulfillmentInfo": {"tag": "recipes"}, "languageCode": "en",
        "intentInfo": {"displayName": intent, "confidence": 0.9, "parameters": named},
        "sessionInfo": {
            "session": "projects/p/locations/l/agents/a/sessions/s1",
            "parameters": (last or {}).get("sessionInfo", {}).get("parameters", {}),
        },
    }  # fmt: skip


def lex(intent: str, slots: dict[str, str], text: str, last: dict[str, Any] | None) -> dict[str, Any]:
    filled: dict[str, Any] = {
        name: {"shape": "Scalar", "value": {"originalValue": v, "interpretedValue": v, "resolvedValues": [v]}}
        for name, v in slots.items()
    }
    asked = {
        "name": intent,
        "slots": {**filled, "unfilled": None},
        "state": "ReadyForFulfillment",
        "confirmationState": "None",
    }
    attributes = (last or {}).get("sessionState", {}).get("sessionAttributes", {})
    return {
        "sessionId": "ada", "inputTranscript": text, "bot": {"localeId": "en_US"},
        "interpretations": [{"intent": asked, "nluConfidence": 0.9}],
        "sessionState": {"intent": asked, "sessionAttributes": attributes},
    }  # fmt: skip


def rasa(intent: str, slots: dict[str, str], text: str, last: dict[str, Any] | None) -> dict[str, Any]:
    carried = {e["name"]: e["value"] for e in (last or {}).get("events", []) if e["event"] == "slot"}
    entities = [{"entity": name, "value": value} for name, value in slots.items()]
    return {
        "next_action": "action_recipes", "sender_id": "ada", "domain": {},
        "tracker": {"sender_id": "ada", "slots": carried, "latest_message": {
            "text": text, "intent": {"name": intent, "confidence": 0.9}, "entities": entities}},
    }  # fmt: skip


def generic(intent: str, slots: dict[str, str], text: str, last: dict[str, Any] | None) -> dict[str, Any]:
    return {"text": text, "user": "ada", "session": (last or {}).get("session")}


SPEECH: dict[Turn, Callable[[dict[str, Any]], str]] = {
    alexa: lambda r: str(r["response"]["outputSpeech"]["ssml"]),
    dialogflow: lambda r: str(r["fulfillmentText"]),
    dialogflow_cx: lambda r: str(r["fulfillmentResponse"]["messages"][0]["text"]["text"][0]),
    lex: lambda r: str(r["messages"][0]["content"]),
    rasa: lambda r: str(r["responses"][0]["text"]),
    generic: lambda r: str(r["speech"]),
}
PLATFORMS = pytest.mark.parametrize("turn", SPEECH, ids=lambda turn: turn.__name__)


def state_of(response: dict[str, Any]) -> dict[str, Any]:
    """The state, wherever the platform carries it."""
    if "sessionAttributes" in response:
        found = response["sessionAttributes"]["graphrec"]
    elif "outputContexts" in response:
        found = response["outputContexts"][0]["parameters"]["state"]
    elif "sessionInfo" in response:
        found = response["sessionInfo"]["parameters"]["graphrec"]
    elif "sessionState" in response:
        found = response["sessionState"]["sessionAttributes"]["graphrec"]
    elif "events" in response:
        found = response["events"][0]["value"]
    else:
        found = response["session"]["state"]
    return dict(json.loads(found) if isinstance(found, str) else found)


@PLATFORMS
def test_three_turns(handler: RecipeRequestHandler, turn: Turn) -> None:
    first = handler.handle(
        turn("RecipeIntent", {"cuisine": "thai", "ingredient": "chicken"}, "thai chicken recipes", None)
    )
    assert state_of(first)["query"]["must"] == ["cuisine:thai", "ingredient:chicken"]
    second = handler.handle(turn("RefineIntent", {"without": "peanuts"}, "without peanuts", first))
    query = state_of(second)["query"]
    assert query["must"] == ["cuisine:thai", "ingredient:chicken"] and query["must_not"] == [
        "ingredient:peanut"
    ]
    assert "without peanut" in SPEECH[turn](second)
    third = handler.handle(turn("MoreIntent", {}, "more", second))
    assert state_of(third)["query"] == query and state_of(third)["turn"] == 3
    assert not set(state_of(second)["listed"]) & set(
        state_of(third)["shown"][len(state_of(second)["shown"]) :]
    )


@PLATFORMS
def test_teaching_takes_a_yes_in_the_next_request(
    remembering: RecipeRequestHandler, store: GraphStore, turn: Turn
) -> None:
    asked = remembering.handle(
        turn("TeachAllergyIntent", {"allergy": "shrimp"}, "I'm allergic to shrimp", None)
    )
    assert "Shall I remember that?" in SPEECH[turn](asked) or turn in (dialogflow_cx, lex)
    remembering.handle(turn("AMAZON.YesIntent", {}, "yes", asked))
    known = [(p.kind, p.node_type, p.ext) for p in store.preferences("ada")]
    assert known == (
        [] if turn in (dialogflow_cx, lex) else [("allergy", "ingredient", "shrimp")]
    )  # no user id there


@PLATFORMS
def test_every_response_is_plain_json_with_a_trace(handler: RecipeRequestHandler, turn: Turn) -> None:
    response = handler.handle(turn("RecipeIntent", {"cuisine": "greek"}, "greek recipes", None))
    text = json.dumps(response, allow_nan=False)
    assert "failed_at" in text and "Traceback" not in text
    assert turn is generic or len(json.dumps(state_of(response))) < 2_000


def test_a_catch_all_slot_of_alexa_is_understood_here(handler: RecipeRequestHandler) -> None:
    first = handler.handle(alexa("SearchIntent", {"query": "thai soups without peanuts"}, "", None))
    query = state_of(first)["query"]
    assert query["must"] == ["cuisine:thai", "course:soup"] and query["must_not"] == ["ingredient:peanut"]
    second = handler.handle(alexa("SearchIntent", {"query": "something else with chicken"}, "", first))
    assert "ingredient:chicken" in state_of(second)["query"]["must"]


def test_alexa_launches_ends_and_asks_beforehand(handler: RecipeRequestHandler) -> None:
    base = alexa("RecipeIntent", {"cuisine": "thai"}, "", None)
    hello = handler.handle({**base, "request": {"type": "LaunchRequest", "locale": "en-US"}})
    assert (
        "Hello" in hello["response"]["outputSpeech"]["ssml"]
        and hello["response"]["shouldEndSession"] is False
    )
    ended = handler.handle({**base, "request": {"type": "SessionEndedRequest", "reason": "ERROR"}})
    assert ended == {"version": "1.0", "response": {}}
    asked = handler.handle({**base, "request": {**base["request"], "type": "CanFulfillIntentRequest"}})
    assert asked["response"]["canFulfillIntent"] == {
        "canFulfill": "YES", "slots": {"cuisine": {"canUnderstand": "YES", "canFulfill": "YES"}}
    }  # fmt: skip


def test_asking_beforehand_stores_nothing(remembering: RecipeRequestHandler, store: GraphStore) -> None:
    base = alexa("TeachDislikeIntent", {"ingredient": "mushrooms"}, "", None)
    base["request"]["intent"]["confirmationStatus"] = "CONFIRMED"
    remembering.handle({**base, "request": {**base["request"], "type": "CanFulfillIntentRequest"}})
    assert not store.preferences("ada")
    remembering.handle(base)
    assert [p.kind for p in store.preferences("ada")] == ["dislike"]


def test_while_alexa_asks_for_slots_itself_it_goes_on(handler: RecipeRequestHandler) -> None:
    base = alexa("RecipeIntent", {"cuisine": "thai"}, "", None)
    base["request"]["dialogState"] = "IN_PROGRESS"
    assert handler.handle(base)["response"] == {
        "directives": [{"type": "Dialog.Delegate"}],
        "shouldEndSession": False,
    }


@pytest.mark.parametrize("turn", [rasa, dialogflow, lex], ids=lambda turn: turn.__name__)
def test_what_a_platform_did_not_recognise_is_understood_here(handler: RecipeRequestHandler, turn: Turn) -> None:
    fallback = {rasa: "nlu_fallback", dialogflow: "Default Fallback Intent", lex: "FallbackIntent"}[turn]
    request = turn(fallback, {}, "show me thai soups without peanuts", None)
    if turn is dialogflow:
        request["queryResult"]["intent"]["isFallback"] = True
    query = state_of(handler.handle(request))["query"]
    assert query["must"] == ["cuisine:thai", "course:soup"] and query["must_not"] == ["ingredient:peanut"]


def test_a_denied_intent_changes_nothing(handler: RecipeRequestHandler) -> None:
    first = handler.handle(alexa("RecipeIntent", {"cuisine": "thai"}, "", None))
    base = alexa("RecipeIntent", {"cuisine": "greek"}, "", first)
    base["request"]["intent"]["confirmationStatus"] = "DENIED"
    assert state_of(handler.handle(base))["query"] == state_of(first)["query"]
