"""Broken requests, sessions kept by the service, threads, and what a first and a last turn hold."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.errors import CorruptionError
from graphrec.nlu.dialogue import SessionStore
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.recommender import Recommender
from graphrec.store import GraphStore
from tests.nlu.handler.conftest import Kitchen, Talk
from tests.nlu.handler.test_conversations import PLAIN

BROKEN: list[Any] = [
    "", "{", "[]", "null", '"thai"', b"\xff\xfe", b"", "[" * 50_000, '{"text": NaN}', "{}", {"text": ""},
    {"text": "  "},
    {"text": 5}, {"text": None}, {"text": ["thai"]}, {"text": "thai", "user": ["u"]}, {"text": "thai", "k": 0},
    {"text": "thai", "k": "many"}, {"text": "thai", "k": True}, {"text": "thai", "k": 10**9}, {"odd": 1}, None, 7,
    {"text": "thai", "session": 5}, {"text": "thai", "user": "u" * 100_000}, "x" * 5_000_000,
    {"request": {"type": "IntentRequest"}, "session": {}}, {"queryResult": None}, {"sessionState": {"intent": 5}},
    {"tracker": {"latest_message": 3}}, {"intentInfo": {"parameters": []}},
]  # fmt: skip
PLATFORM_FIELD = {
    "alexa": "version", "dialogflow": "fulfillmentText", "dialogflow_cx": "fulfillmentResponse", "lex": "messages",
    "rasa": "responses", "generic": "speech",
}  # fmt: skip


@pytest.mark.parametrize("request_json", BROKEN, ids=lambda r: repr(r)[:40])
def test_a_broken_request_gets_an_answer_in_plain_json(
    handler: RecipeRequestHandler, request_json: Any
) -> None:
    answer = handler.handle(request_json)
    json.dumps(answer, allow_nan=False)
    if "speech" in answer:
        assert answer["speech"] and answer["trace"]["failed_at"] in ("input", "intent", "none")
        assert "Traceback" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("text", "field"),
    [('{"queryResult": ', "fulfillmentText"), ('{"inputTranscript": ', "messages"), ('{"tracker": ', "responses"),
     ('{"request": {"type": "IntentRequest"', "response"), ('{"fulfillmentInfo": ', "fulfillmentResponse")],
)  # fmt: skip
def test_broken_json_is_answered_in_the_form_of_who_sent_it(
    handler: RecipeRequestHandler, text: str, field: str
) -> None:
    assert field in handler.handle(text)


def test_an_error_says_what_was_wrong(handler: RecipeRequestHandler) -> None:
    answer = handler.handle({"text": "thai", "k": 0})
    assert "'k'" in answer["error"] and answer["trace"]["failed_at"] == "input"
    assert answer["trace"]["steps"][-1]["failed"]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(max_size=120),
    state=st.none() | st.dictionaries(st.text(max_size=8), st.integers()) | st.text(),
)
def test_any_text_and_any_state_is_answered(handler: RecipeRequestHandler, text: str, state: Any) -> None:
    answer = handler.handle({"text": text, "user": "ada", "session": "s", "state": state})
    json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
    assert answer["speech"]
    assert "wrong on my side" not in answer["speech"]


def test_a_fault_inside_is_answered_logged_and_not_told(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handler = RecipeRequestHandler(recommender, Pipeline(None, recommender.parser))

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(recommender, "answer", fails)
    with caplog.at_level(logging.ERROR):
        answer = handler.handle({"text": "thai soups"})
    assert "wrong on my side" in answer["speech"] and answer["trace"]["failed_at"] == "rank"
    assert "ZeroDivisionError" in caplog.text

    def damaged(*_: object, **__: object) -> None:
        raise CorruptionError("The request scorer of x gave no finite scores; train again.")

    monkeypatch.setattr(recommender, "answer", damaged)
    assert "train again" in handler.handle({"text": "thai soups"})["error"]


def test_a_lost_state_is_said_and_the_conversation_starts_anew(handler: RecipeRequestHandler) -> None:
    answer = handler.handle({"text": "without garlic", "state": {"v": 99}})
    assert answer["speech"].startswith("I lost track") and answer["query"]["must"] == []


def test_sessions_kept_by_the_service(recommender: Recommender) -> None:
    sessions = SessionStore()
    handler = RecipeRequestHandler(recommender, Pipeline(None, recommender.parser), sessions=sessions)
    first = handler.handle({"text": "thai dishes", "user": "ada", "session": "s1"})
    second = handler.handle({"text": "without peanuts", "user": "ada", "session": "s1"})
    other = handler.handle({"text": "without peanuts", "user": "bob", "session": "s1"})
    assert first["query"]["must"] == second["query"]["must"] == ["cuisine:thai"]
    assert other["query"]["must"] == [] and len(sessions) == 2
    handler.handle({"text": "goodbye", "user": "ada", "session": "s1"})
    assert len(sessions) == 1


def test_another_speaker_cannot_say_yes_for_the_first(
    remembering: RecipeRequestHandler, store: GraphStore
) -> None:
    asked = remembering.handle({"text": "I'm allergic to peanuts", "user": "ada"})
    assert asked["asks"]
    remembering.handle({"text": "yes", "user": "bob", "session": asked["session"]})
    assert not store.preferences("ada") and not store.preferences("bob")


def test_pages_and_cards(handler: RecipeRequestHandler) -> None:
    answer = handler.handle({"text": "thai main dishes", "k": 7})
    assert len(answer["items"]) == len(answer["cards"]) == 7
    assert [c["item"] for c in answer["cards"]] == [i["item"] for i in answer["items"]]
    assert all(isinstance(c["minutes"], int) and c["title"] for c in answer["cards"])
    assert sum(card["title"] in answer["speech"] for card in answer["cards"]) == 3


def test_the_trace_rides_on_every_answer(handler: RecipeRequestHandler) -> None:
    talk = Talk(handler)
    for text in ("thai soups", "more", "blorgh", "the second one", "goodbye"):
        trace = talk.say(text)["trace"]
        assert {"failed_at", "ms", "steps"} <= set(trace)
        assert sum(step["ms"] for step in trace["steps"]) <= trace["ms"] + 0.1
    stages = [step["stage"] for step in talk.answers[0]["trace"]["steps"]]
    assert [s for s in ("read", "dialogue", "intent", "slots", "link", "query", "rank") if s in stages] == [
        "read", "dialogue", "intent", "slots", "link", "query", "rank"
    ]  # fmt: skip


def test_where_failed_requests_failed(handler: RecipeRequestHandler) -> None:
    def failed_at(text: str) -> str:
        return str(handler.handle({"text": text})["trace"]["failed_at"])

    assert failed_at("what is the weather like") == "intent"
    assert failed_at("the third one") == "slots"
    assert (
        failed_at("thai soups without onion, garlic, fish, meat, vegetables and fruit in 5 minutes")
        == "query"
    )
    assert failed_at("thai soups") == "none"


def test_a_word_of_titles_alone_finds_them_and_an_unknown_word_is_said(handler: RecipeRequestHandler) -> None:
    talk = Talk(handler)
    talk.say("pizza recipes")
    titles = [str(item["title"]) for item in talk.answers[-1]["items"]]
    assert titles and all("Pizza" in title for title in titles)
    answer = talk.say("start over, show me recipes with zorbleberries")
    assert "I don't know 'zorbleberries'" in answer["speech"] and answer["trace"]["failed_at"] == "link"


def test_more_after_a_relaxed_list_goes_on_relaxed(handler: RecipeRequestHandler) -> None:
    talk = Talk(handler)
    first = talk.say("appetizers under 8 minutes without garlic", k=2)
    assert first["relaxed"] and len(first["items"]) == 2
    shown = talk.ids()
    second = talk.say("more", k=2)
    assert second["items"] and not set(shown) & set(talk.ids())
    assert all("ingredient:garlic" in answer["query"]["must_not"] for answer in talk.answers)


def strip(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "trace": answer["trace"]["failed_at"]}


def test_threads_answer_as_one_does(handler: RecipeRequestHandler) -> None:
    def play(number: int) -> list[dict[str, Any]]:
        talk = Talk(handler)
        return [strip(talk.say(turn["say"])) for turn in PLAIN[number % len(PLAIN)]["turns"]]

    expected = [play(n) for n in range(len(PLAIN))]
    with ThreadPoolExecutor(4) as pool:
        for number, answers in enumerate(pool.map(play, range(2 * len(PLAIN)))):
            assert answers == expected[number % len(PLAIN)]


def test_load_from_folders(kitchen: Kitchen, store: GraphStore) -> None:
    handler = RecipeRequestHandler.load(kitchen.bundle, store=store.url, sessions=SessionStore(), page=3)
    answer = handler.handle(json.dumps({"text": "I'm vegan", "user": "ada", "session": "s"}).encode())
    assert answer["asks"]
    handler.handle({"text": "yes", "user": "ada", "session": "s"})
    assert [p.kind for p in store.preferences("ada")] == ["diet"]
    shown = handler.handle({"text": "indian dishes", "user": "ada", "session": "s"})
    assert len(shown["items"]) == 3 and "vegan" in shown["speech"]
