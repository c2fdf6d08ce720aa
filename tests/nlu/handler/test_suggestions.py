"""The nearest nodes for unknown words in whole answers: told, never used."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.neighbours import Neighbours
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.recommender import Recommender
from tests.nlu.axes import Axes
from tests.nlu.handler.conftest import Kitchen, Talk


@pytest.fixture(scope="module")
def offering(recommender: Recommender) -> RecipeRequestHandler:
    near = Neighbours.of(recommender.lexicon, Axes())
    assert near is not None
    return RecipeRequestHandler(recommender, Pipeline(None, recommender.parser, neighbours=near))


def answers(handler: RecipeRequestHandler, text: str, **more: Any) -> dict[str, Any]:
    return Talk(handler, user=None).say(text, **more)


@pytest.mark.parametrize(
    ("text", "said", "excluded"),
    [
        ("chicken recipes with glorbic", "glorbic", False),
        ("chicken recipes without glorbic", "glorbic", True),
        ("soup recipes, I am allergic to glorbic", "glorbic", True),
        ("recipes with glorbic", "glorbic", False),
    ],
)
def test_what_is_near_is_told_and_changes_nothing(
    handler: RecipeRequestHandler, offering: RecipeRequestHandler, text: str, said: str, excluded: bool
) -> None:
    plain, told = answers(handler, text), answers(offering, text)
    assert "suggestions" not in plain
    (suggestion,) = told["suggestions"]
    assert (suggestion["said"], suggestion["excluded"]) == (said, excluded)
    assert suggestion["nodes"][0] == ["ingredient:garlic", 1.0] and 1 <= len(suggestion["nodes"]) <= 3
    for key in ("items", "query", "relaxed", "action", "cards", "understood"):
        assert plain[key] == told[key], "a guess is no constraint"
    (step,) = [
        s
        for s in told["trace"]["steps"]
        if s["stage"] == "neighbours" and "ingredient" in s.get("detail", "")
    ]
    assert step["detail"] == "glorbic: ingredient:garlic"
    if excluded:
        assert f"The exclusion of '{said}' could not be applied" in told["speech"]
    near = f"The nearest to '{said}' that I know is garlic"
    assert (near in told["speech"]) == (excluded or f"I don't know '{said}'" in plain["speech"])


@pytest.mark.parametrize(
    "text", ["thai chicken without peanuts", "quick vegan soups", "more", "hello there", ""]
)
def test_where_everything_links_nothing_is_said(
    handler: RecipeRequestHandler, offering: RecipeRequestHandler, text: str
) -> None:
    encoder = offering.pipeline.neighbours.encoder  # type: ignore[union-attr]
    assert isinstance(encoder, Axes)
    before = len(encoder.calls)
    plain, told = answers(handler, text), answers(offering, text)
    del plain["trace"], told["trace"]
    assert plain == told and len(encoder.calls) == before


def test_a_slot_of_a_platform_is_looked_up_too(offering: RecipeRequestHandler) -> None:
    slots = {"ingredient": {"name": "ingredient", "value": "glorbic", "confirmationStatus": "NONE"}}
    request = {
        "version": "1.0", "session": {"new": True, "sessionId": "s", "user": {"userId": "u"}},
        "request": {"type": "IntentRequest", "requestId": "r", "locale": "en-US", "dialogState": "COMPLETED",
                    "intent": {"name": "RecipeIntent", "confirmationStatus": "NONE", "slots": slots}},
    }  # fmt: skip
    response = offering.handle(request)
    assert "garlic" in response["response"]["outputSpeech"]["ssml"]


def test_it_is_off_without_an_encoder_of_meanings(kitchen: Kitchen) -> None:
    assert RecipeRequestHandler.load(kitchen.bundle).pipeline.neighbours is None
