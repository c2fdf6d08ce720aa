"""Each platform's response form, written down here from its documentation."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from graphrec.nlu.dialogue import DialogueState
from graphrec.nlu.handler.envelope import open_envelope, sniff
from graphrec.nlu.handler.reply import Card, Reply
from graphrec.nlu.handler.respond import respond
from graphrec.ranking.answer import RecommendedItem
from graphrec.ranking.query import GraphQuery, NodeRef

STATE = DialogueState(query=GraphQuery(user="u1", must=(NodeRef("cuisine", "thai"),)), shown=("r1",), turn=1)
ALEXA = {
    "version": "1.0", "session": {"sessionId": "s1", "attributes": {"other": 7, "graphrec": STATE.to_json()}},
    "request": {"type": "IntentRequest", "intent": {"name": "RecipeIntent", "slots": {
        "cuisine": {"name": "cuisine", "value": "thai"}, "diet": {"name": "diet"}}}},
}  # fmt: skip
ES = {
    "session": "projects/p/agent/sessions/s1",
    "queryResult": {"queryText": "thai", "outputContexts": [
        {"name": "projects/p/agent/sessions/s1/contexts/graphrec",
         "parameters": {"state": json.dumps(STATE.to_json())}}]},
}  # fmt: skip
CX = {
    "fulfillmentInfo": {"tag": "t"}, "intentInfo": {},
    "sessionInfo": {"session": "projects/p/s", "parameters": {"graphrec": json.dumps(STATE.to_json())}},
}  # fmt: skip
LEX = {
    "inputTranscript": "thai", "interpretations": [],
    "sessionState": {"intent": {"name": "Recipe", "slots": {}, "state": "InProgress"},
                     "sessionAttributes": {"other": "7", "graphrec": json.dumps(STATE.to_json())}},
}  # fmt: skip
RASA = {
    "sender_id": "u1",
    "tracker": {"slots": {"graphrec": STATE.to_json()}, "latest_message": {"text": "thai"}},
}
GENERIC = {"text": "thai", "user": "u1", "session": {"id": "s1", "state": STATE.to_json()}}


def reply(**more: Any) -> Reply:
    items = (RecommendedItem("r1", 1.0, "Pad <Thai> & co"), RecommendedItem("r2", 0.5, "Laab"))
    cards = (Card("r1", "Pad <Thai> & co", 20, ("you cooked Laab",)), Card("r2", "Laab"))
    values = {
        "speech": "How about Pad <Thai> & co or Laab?", "action": "recommend", "reprompt": "More?", "items": items,
        "cards": cards, "understood": "Thai", "query": STATE.query, "state": STATE,
    }  # fmt: skip
    return Reply(**{**values, **more})


@pytest.mark.parametrize("request_json", [ALEXA, ES, CX, LEX, RASA, GENERIC], ids=lambda r: sniff(r))
def test_the_state_comes_back_from_where_it_was_put(request_json: dict[str, Any]) -> None:
    envelope = open_envelope(json.dumps(request_json))
    assert DialogueState.from_json(envelope.carried) == STATE
    response = respond(reply(), envelope)
    again: dict[str, Any] = json.loads(json.dumps(request_json))
    if envelope.platform == "alexa":
        again["session"]["attributes"] = response["sessionAttributes"]
    elif envelope.platform == "dialogflow":
        again["queryResult"]["outputContexts"] = response["outputContexts"]
    elif envelope.platform == "dialogflow_cx":
        again["sessionInfo"] = response["sessionInfo"]
    elif envelope.platform == "lex":
        again["sessionState"] = response["sessionState"]
    elif envelope.platform == "rasa":
        again["tracker"]["slots"] = {
            e["name"]: e["value"] for e in response["events"] if e["event"] == "slot"
        }
    else:
        again["session"] = response["session"]
    assert DialogueState.from_json(open_envelope(again).carried) == STATE


@pytest.mark.parametrize("request_json", [ALEXA, ES, CX, LEX, RASA, GENERIC], ids=lambda r: sniff(r))
def test_a_conversation_that_is_over_carries_nothing_on(request_json: dict[str, Any]) -> None:
    response = respond(reply(state=None, reprompt=None), open_envelope(request_json))
    found = json.dumps(response)
    assert '"shown"' not in found and '\\"shown\\"' not in found


def test_alexa() -> None:
    response = respond(reply(), open_envelope(ALEXA))
    assert set(response) == {"version", "sessionAttributes", "response"} and response["version"] == "1.0"
    body = response["response"]
    assert (
        set(body) == {"outputSpeech", "reprompt", "card", "shouldEndSession"}
        and body["shouldEndSession"] is False
    )
    assert body["outputSpeech"]["type"] == "SSML"
    assert ET.fromstring(body["outputSpeech"]["ssml"]).text == "How about Pad <Thai> & co or Laab?"
    assert body["card"] == {
        "type": "Simple", "title": "Thai", "content": "Pad <Thai> & co: 20 min · you cooked Laab\nLaab"
    }  # fmt: skip
    assert response["sessionAttributes"]["other"] == 7
    assert response["sessionAttributes"]["graphrec_trace"]["failed_at"] == "none"


def test_alexa_says_nothing_after_the_end_and_ends_without_a_question() -> None:
    ended = {"request": {"type": "SessionEndedRequest", "reason": "USER_INITIATED"}, "session": {}}
    assert respond(reply(), open_envelope(ended)) == {"version": "1.0", "response": {}}
    body = respond(reply(reprompt=None, cards=()), open_envelope(ALEXA))["response"]
    assert body["shouldEndSession"] is True and "reprompt" not in body and "card" not in body


def test_alexa_asks_whether_it_could_be_answered() -> None:
    asked = {**ALEXA, "request": {**ALEXA["request"], "type": "CanFulfillIntentRequest"}}
    response = respond(reply(understood_slots=("cuisine",)), open_envelope(asked))
    assert response == {"version": "1.0", "response": {"canFulfillIntent": {
        "canFulfill": "YES", "slots": {"cuisine": {"canUnderstand": "YES", "canFulfill": "YES"}}}}}  # fmt: skip
    maybe = respond(reply(relaxed=("range",)), open_envelope(asked))["response"]["canFulfillIntent"]
    assert maybe["canFulfill"] == "MAYBE" and maybe["slots"]["cuisine"]["canUnderstand"] == "NO"


def test_alexa_keeps_within_its_size() -> None:
    long = tuple(Card(f"r{n}", "ü" * 900, 20, ("because " * 40,)) for n in range(50))
    wide = DialogueState(
        query=GraphQuery(must_not=tuple(NodeRef("ingredient", f"thing {n:05}") for n in range(400)))
    )
    fitted = wide.fitted()
    assert fitted is not None
    response = respond(reply(cards=long, state=fitted, speech="ü" * 9_000), open_envelope(ALEXA))
    assert len(json.dumps(response).encode()) <= 24_000
    assert DialogueState.from_json(response["sessionAttributes"]["graphrec"]) == fitted


def test_dialogflow_es() -> None:
    response = respond(reply(), open_envelope(ES))
    assert response["fulfillmentText"].startswith("How about")
    assert response["fulfillmentMessages"][0] == {"text": {"text": [response["fulfillmentText"]]}}
    assert response["fulfillmentMessages"][1]["card"]["title"] == "Pad <Thai> & co"
    context = response["outputContexts"][0]
    assert (
        context["name"] == "projects/p/agent/sessions/s1/contexts/graphrec" and context["lifespanCount"] > 1
    )
    assert response["payload"]["graphrec"]["items"][0]["item"] == "r1"
    assert "trace" in response["payload"]["graphrec"]


def test_dialogflow_cx() -> None:
    response = respond(reply(), open_envelope(CX))
    assert response["fulfillmentResponse"]["messages"][0]["text"]["text"][0].startswith("How about")
    assert response["sessionInfo"]["session"] == "projects/p/s"
    assert response["payload"]["graphrec"]["trace"]["failed_at"] == "none"


def test_lex_v2() -> None:
    response = respond(reply(), open_envelope(LEX))
    assert response["sessionState"]["dialogAction"] == {"type": "ElicitIntent"}
    assert response["sessionState"]["sessionAttributes"]["other"] == "7"
    assert all(isinstance(v, str) for v in response["sessionState"]["sessionAttributes"].values())
    assert all(isinstance(v, str) for v in response["requestAttributes"].values())
    assert json.loads(response["requestAttributes"]["graphrec"])["items"][1]["item"] == "r2"
    assert [m["contentType"] for m in response["messages"]] == [
        "PlainText",
        "ImageResponseCard",
        "ImageResponseCard",
    ]
    many = respond(reply(cards=tuple(Card(str(n), "x" * 400) for n in range(9))), open_envelope(LEX))
    assert len(many["messages"]) == 5 and len(many["messages"][1]["imageResponseCard"]["title"]) <= 250
    asks = respond(reply(asks=True), open_envelope(LEX))["sessionState"]
    assert asks["dialogAction"]["type"] == "ConfirmIntent" and asks["intent"]["name"] == "Recipe"
    ends = respond(reply(reprompt=None), open_envelope(LEX))["sessionState"]
    assert ends["dialogAction"]["type"] == "Close" and ends["intent"]["state"] == "Fulfilled"


def test_rasa() -> None:
    response = respond(reply(), open_envelope(RASA))
    assert response["events"][0]["event"] == "slot" and response["events"][0]["name"] == "graphrec"
    assert response["responses"][0]["text"].startswith("How about")
    assert response["responses"][0]["custom"]["graphrec"]["understood"] == "Thai"


def test_generic() -> None:
    response = respond(reply(), open_envelope(GENERIC))
    assert {"speech", "cards", "items", "understood", "relaxed", "query", "trace", "session"} <= set(response)
    assert response["session"]["id"] == "s1"
    assert response["cards"][0] == {
        "item": "r1",
        "title": "Pad <Thai> & co",
        "minutes": 20,
        "reasons": ["you cooked Laab"],
    }


@pytest.mark.parametrize(
    ("broken", "platform"),
    [
        ('{"queryResult": {"queryText": "thai"', "dialogflow"), (b'{"sessionState": \xff', "lex"),
        ('{"request": {"type": "IntentRequest", ', "alexa"), ('{"tracker": ', "rasa"), ("{", "generic"),
        ('{"intentInfo": }', "dialogflow_cx"), (b"\x00\xff", "generic"), (None, "generic"), ([], "generic"),
    ],
)  # fmt: skip
def test_a_broken_request_still_tells_whose_it_is(broken: Any, platform: str) -> None:
    assert sniff(broken) == platform


def test_no_response_holds_what_cannot_be_sent() -> None:
    odd = reply(
        speech="a\ud800b\x00",
        understood="\udfff",
        query=GraphQuery(text="\ud801", ranges={"x": (None, float("inf"))}),
    )
    for request_json in (ALEXA, ES, CX, LEX, RASA, GENERIC):
        response = respond(odd, open_envelope(request_json))
        json.dumps(response, ensure_ascii=False, allow_nan=False).encode("utf-8")
