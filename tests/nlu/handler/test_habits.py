"""A user's habits in the handler: against Bayes' rule computed apart, never over a sure model or a rejection."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import BundleMismatchError, CorruptionError, InvalidInputError
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.intent_memory import IntentMemory
from graphrec.nlu.intent_ranker import IntentRanker
from graphrec.nlu.intents import IntentModel
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.recommender import Recommender
from graphrec.ranking.memory_bank import MemoryBank
from tests.nlu.handler.conftest import Kitchen, Talk
from tests.nlu.intents.fakes import Words

INTENTS = ("recommend", "similar", "substitute")
SURE = "replacement"
"""A word that leaves the model no doubt."""


def model(threshold: float = 0.2) -> IntentModel:
    """Knows nothing (a third for each intent) unless the word above is said."""
    encoder = Words(256)
    weights = np.zeros((256, 3), dtype=np.float32)
    weights[encoder.encode([SURE])[0].argmax(), 2] = 40.0
    return IntentModel(
        intents=INTENTS, domains=("food", "food", "kitchen"), weights=weights, bias=np.zeros(3, dtype=np.float32),
        temperature=1.0, threshold=threshold, score="max_probability", encoder=encoder,
    )  # fmt: skip


def memory(limit: int | None = None, **settings: Any) -> IntentMemory:
    ranker = IntentRanker.of(model(), window=4, **settings)
    return IntentMemory(ranker, MemoryBank(ranker.shape, limit))


def service(
    recommender: Recommender, habits: IntentMemory | None, threshold: float = 0.2
) -> RecipeRequestHandler:
    return RecipeRequestHandler(recommender, Pipeline(model(threshold), recommender.parser, habits))


def steps(answer: dict[str, Any]) -> list[str]:
    return [step.get("detail", "") for step in answer["trace"]["steps"] if step["stage"] == "memory"]


SAID = f"what {SURE} is there for butter"


def test_what_was_meant_before_decides_where_the_model_does_not(recommender: Recommender) -> None:
    habits = memory()
    talk = Talk(service(recommender, habits))
    assert talk.say("egg or so")["trace"]["intent"]["name"] == "recommend"  # a tie, nobody's habits
    for _ in range(3):
        answer = talk.say(SAID)
        assert answer["action"] == "substitute" and answer["trace"]["failed_at"] == "none", answer
    answer = talk.say("butter or so")
    assert steps(answer)[0] == "What the user meant before puts substitute ahead of recommend."
    # Bayes' rule by hand: events (the first "egg or so", two learned substitutes; the third is held until now).
    encoder, ranker = Words(256), habits.ranker
    events = [("egg or so", 0), (SAID, 2), (SAID, 2)]
    q = encoder.encode(["butter or so"])[0]
    near = np.array([np.exp(ranker.sharpness * (float(encoder.encode([t])[0] @ q) - 1)) for t, _ in events])
    labels = np.eye(3)[[intent for _, intent in events]]
    prior = (ranker.habit / 3 + labels.sum(axis=0)) / (ranker.habit + 3)
    shares = (ranker.nearness * prior + near @ labels) / (ranker.nearness + near.sum())
    expected = shares / shares.sum()  # the model's own shares are equal, so they drop out
    assert answer["trace"]["intent"] == {
        "name": "substitute",
        "confidence": pytest.approx(expected[2], abs=2e-4),
    }
    assert steps(answer)[1] == "learned that substitute was meant before"


def test_another_user_and_a_handler_without_memory_are_as_before(recommender: Recommender) -> None:
    habits = memory()
    with_habits, plain = service(recommender, habits), service(recommender, None)
    ann = Talk(with_habits, user="ann")
    for _ in range(4):
        ann.say(SAID)
    texts = ["egg or so", "butter or so", "something with chicken", SAID]
    for user in ("bob", None):
        one, other = Talk(with_habits, user=user), Talk(plain, user=user)
        for text in texts[: 2 if user else 4]:
            a, b = one.say(text), other.say(text)
            assert not steps(b)
            assert {k: v for k, v in a.items() if k != "trace"} == {
                k: v for k, v in b.items() if k != "trace"
            }


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 30), min_size=3, max_size=3), confidence=st.floats(0.34, 1.0),
    sure=st.floats(0.34, 1.0), novel=st.booleans(),
)  # fmt: skip
def test_a_sure_intent_and_a_rejection_are_never_touched(
    parser: RequestParser, counts: list[int], confidence: float, sure: float, novel: bool
) -> None:
    habits = memory(sure=sure)
    for name, count in zip(INTENTS, counts, strict=True):
        for number in range(count):
            event = habits.ranker.event("butter or so", name)
            habits.bank.update("ann", event, float(number))
    pipeline = Pipeline(model(), parser, habits)
    asked = replace(pipeline.understand("butter or so", user="bob"), user="ann", novel=novel)
    assert asked.intent is not None
    asked = replace(asked, intent=replace(asked.intent, confidence=confidence))
    ranked = habits.rank(asked, 40.0)
    if novel or confidence >= sure:
        assert ranked is asked
    strict = Pipeline(model(threshold=0.5), parser, habits).understand("butter or so", user="ann")
    assert strict.novel or strict.intent is None or strict.intent.name == "recommend"
    assert [step.stage for step in strict.trace] == ["intent", "slots"], "what was rejected is not ranked"


@pytest.mark.parametrize(
    ("then", "learned"), [("more", True), ("no", False), ("start over", False), ("chicken soup", True)]
)
def test_only_what_stood_is_learned(recommender: Recommender, then: str, learned: bool) -> None:
    habits = memory()
    talk = Talk(service(recommender, habits))
    talk.say(SAID)
    assert len(habits.bank) == 0, "what is guessed must not confirm itself"
    talk.say(then)
    assert len(habits.bank) == learned


def test_the_same_again_taken_for_something_else_takes_the_first_reading_back(parser: RequestParser) -> None:
    habits, pipeline = memory(), Pipeline(model(), parser)
    first = pipeline.understand("please tell me a replacement for butter in cakes", user="ann", session="s")
    again = pipeline.understand("please tell me a for butter in cakes", user="ann", session="s")
    habits.hold(first)
    assert habits.settle(again, right=True) is None and len(habits.bank) == 0
    habits.hold(first)
    assert habits.settle(replace(again, intent=first.intent), right=True) == "substitute"


def test_users_are_bounded_and_the_one_silent_for_longest_makes_room(recommender: Recommender) -> None:
    habits = memory(limit=2)
    handler = service(recommender, habits)
    for user in ("ann", "bob", "ann", "cid"):
        talk = Talk(handler, user=user)
        talk.say(SAID)
        talk.say("more")
    assert len(habits.bank) == 2 and "bob" not in habits.bank and {"ann", "cid"} <= set(habits.bank._memories)
    for number in range(10):
        habits.hold(replace(handler.pipeline.understand(SAID, user=f"u{number}")))
    assert len(habits._held) == 2
    assert habits.forget("ann") and "ann" not in habits.bank and not habits.forget("ann")


def test_threads_lose_no_event(parser: RequestParser) -> None:
    habits, pipeline = memory(), Pipeline(model(), parser)
    said = {f"u{n}": pipeline.understand(SAID, user=f"u{n}", session="s") for n in range(4)}

    def talk(number: int) -> None:
        for _ in range(50):
            for user, result in said.items():
                mine = replace(result, user=user, session=str(number))
                habits.hold(mine, 1.0)
                habits.rank(mine, 1.0)
                habits.settle(mine, right=True)

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [float(habits.bank.read(user).mass[0]) for user in said] == [200.0] * 4
    assert not habits._held


def test_it_survives_a_restart_and_fits_one_model_only(
    kitchen: Kitchen, tmp_path: Path, recommender: Recommender, parser: RequestParser
) -> None:
    habits = memory()
    talk = Talk(service(recommender, habits))
    for text in (SAID, SAID, "more"):
        talk.say(text)
    path = habits.save(tmp_path / "habits")
    again = IntentMemory.load(path, model())
    asked = Pipeline(model(), parser).understand("butter or so", user="ada")
    assert (
        again.rank(asked, 5e9).intent == habits.rank(asked, 5e9).intent
        and again.ranker.sure == habits.ranker.sure
    )
    other = replace(model(), intents=("a", "b", "c"))
    with pytest.raises(BundleMismatchError):
        IntentMemory.load(path, other)
    with pytest.raises(BundleMismatchError):
        IntentMemory.load(path, replace(model(), encoder=Words(256, salt="x")))
    with pytest.raises(CorruptionError):
        IntentMemory.load(tmp_path / "nothing", model())
    with pytest.raises(CorruptionError):
        IntentMemory.load(MemoryBank(habits.ranker.shape).save(tmp_path / "bare"), model())
    with pytest.raises(InvalidInputError):
        Pipeline(None, parser, habits)
    with pytest.raises(InvalidInputError):
        Pipeline(other, parser, habits)
    with pytest.raises(InvalidInputError):
        RecipeRequestHandler.load(kitchen.bundle, memory=tmp_path / "habits")
    with pytest.raises(InvalidInputError):
        memory(limit=0)
