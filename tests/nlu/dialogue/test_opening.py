"""What is told to the conversation and what is left to be understood."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.nlu.dialogue import open_utterance, place_named
from tests.speed import slowness

WHOLE = {
    "more": ["more", "More please!", "show me more", "can you show me more?", "what else", "next", "keep going",
             "anything else?", "show me some more recipes", "more of those"],
    "something_else": ["something else", "show me something else please", "another one", "none of these",
                       "I don't like any of these", "how about something different", "different ones"],
    "start_over": ["start over", "let's start again", "Reset.", "new search", "forget all that"],
    "stop": ["stop", "goodbye", "that's all", "cancel", "never mind", "I'm done"],
    "help": ["help", "what can you do?", "what can I say"],
    "repeat": ["repeat that", "say that again", "same again"],
}  # fmt: skip
NOT_WHOLE = [
    "more garlic", "more than 30 minutes", "more like the second one", "something with chicken", "no more garlic",
    "no nuts", "I don't like mushrooms", "the first course", "another chicken soup", "start with a salad",
    "stop using butter", "next week's dinner", "yes man burger recipes for one", "not too spicy",
]  # fmt: skip


@pytest.mark.parametrize(("said", "text"), [(s, t) for s, texts in WHOLE.items() for t in texts])
def test_a_whole_utterance_to_the_conversation(said: str, text: str) -> None:
    opening = open_utterance(text)
    assert (opening.said, opening.rest, opening.reply) == (said, "", None)


@pytest.mark.parametrize("text", NOT_WHOLE)
def test_a_request_that_only_begins_alike_is_left_whole(text: str) -> None:
    opening = open_utterance(text)
    assert (opening.said, opening.reply, opening.rest) == (None, None, text)


@pytest.mark.parametrize(
    ("text", "said", "rest"),
    [
        ("more without nuts", "more", "without nuts"),
        ("more chicken recipes", "more", "chicken recipes"),
        ("something else with chicken", "something_else", "with chicken"),
        ("start over, thai soups", "start_over", "thai soups"),
        ("same thing but with beef", None, "with beef"),
    ],
)
def test_what_is_said_beside_it_remains(text: str, said: str | None, rest: str) -> None:
    opening = open_utterance(text)
    assert (opening.said, opening.rest) == (said, rest)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("the second one", 2), ("number 2", 2), ("option two please", 2), ("I'll take the first", 1),
        ("tell me more about the third recipe", 3), ("the last one", -1), ("the 4th one", 4), ("that one", 0),
        ("that sounds great", 0),
    ],
)  # fmt: skip
def test_a_place_in_the_list(text: str, position: int) -> None:
    opening = open_utterance(text)
    assert (opening.said, opening.position) == ("select", position)


@pytest.mark.parametrize(
    ("text", "place"),
    [("how long does the second one take", 2), ("what's in number 3", 3), ("what goes into a roast", None)],
)
def test_a_place_named_in_a_question(text: str, place: int | None) -> None:
    assert place_named(text) == place


@pytest.mark.parametrize(
    ("text", "pending", "reply", "rest"),
    [
        ("yes", True, True, ""), ("yes please", False, True, ""), ("Yep!", True, True, ""), ("ok", True, True, ""),
        ("no", True, False, ""), ("no thanks", True, False, ""), ("cancel", True, False, ""),
        ("never mind", True, False, ""), ("yes, and show me thai noodles", True, True, "show me thai noodles"),
        ("yes show me soup", True, True, "show me soup"), ("no, garlic is fine", False, False, "garlic is fine"),
        ("no show me soup", True, False, "show me soup"), ("no nuts", True, None, "no nuts"),
        ("ok thai noodles", False, None, "ok thai noodles"), ("right, so a soup", True, True, "a soup"),
    ],
)  # fmt: skip
def test_yes_and_no(text: str, pending: bool, reply: bool | None, rest: str) -> None:
    opening = open_utterance(text, pending=pending)
    assert (opening.reply, opening.rest) == (reply, rest)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200), st.booleans())
def test_any_text_is_taken_apart_and_the_rest_is_its_end(text: str, pending: bool) -> None:
    opening = open_utterance(text, pending=pending)
    assert text.endswith(opening.rest)
    assert opening.rest or opening.said or opening.reply is not None or not text.strip()


def test_a_hostile_text_takes_no_time() -> None:
    started = time.process_time()
    for piece in ("more ", "please ", "no ", "show me some ", "the same thing ", "ok so well "):
        open_utterance(piece * 200_000, pending=True)
    assert time.process_time() - started < 2.0 * slowness()
