"""Re-ranking of intents against Bayes' rule, computed apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.nlu.intent_memory import IntentMemory
from graphrec.nlu.intent_ranker import IntentRanker
from graphrec.nlu.result import Intent, NLUResult
from graphrec.ranking.memory import DAY, UserMemory
from graphrec.ranking.memory_bank import MemoryBank

INTENTS = ("cook_time", "recommend", "similar", "substitute")


class Letters:
    """Counts of the letters a to z: texts of the same letters are near each other."""

    name, dim, fingerprint = "letters", 26, "0"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        found = np.array([[text.count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def ranker(**settings) -> IntentRanker:
    return IntentRanker(Letters(), INTENTS, **settings)


def remembered(ranker: IntentRanker, events) -> UserMemory:
    memory = UserMemory(ranker.shape)
    for number, (text, intent) in enumerate(events):
        memory.update(ranker.event(text, intent), float(number), key=number)
    return memory


def result(text: str | None, *confidences: float) -> NLUResult:
    found = [Intent(name, value) for name, value in zip(INTENTS, confidences, strict=False)]
    found.sort(key=lambda intent: -intent.confidence)
    return NLUResult(text=text, intent=found[0], alternatives=tuple(found[1:]))


def confidences(result: NLUResult) -> dict[str, float]:
    return {i.name: i.confidence for i in (result.intent, *result.alternatives)}


def test_a_new_user_changes_nothing():
    asked = result("abc", 0.4, 0.3, 0.2, 0.1)
    assert ranker().rank(asked, MemoryBank(ranker().shape).read("new")) is asked


def test_with_habits_alone_it_is_bayes_rule_with_the_user_s_own_prior():
    """Utterances that share no letter with this one say nothing; a long history is the prior itself."""
    counts = {"recommend": 60, "substitute": 30, "cook_time": 10}
    own = ranker(habit=1e-6, half_life=1e15, limit=1e9)
    memory = remembered(own, [("zzz", name) for name, count in counts.items() for _ in range(count)])
    found = confidences(own.rank(result("abc", 0.5, 0.2, 0.2, 0.1), memory.read()))
    bayes = {"cook_time": 0.5 * 0.1, "recommend": 0.2 * 0.6, "similar": 0.0, "substitute": 0.1 * 0.3}
    for name, value in bayes.items():
        assert found[name] == pytest.approx(value / sum(bayes.values()), abs=2e-3)


def test_the_same_words_mean_again_what_they_meant():
    own = ranker()
    view = remembered(own, [("like that", "similar")] * 3 + [("xyz", "recommend")] * 3).read()
    near = own.rank(result("like that", 0.3, 0.36, 0.34, 0.0), view)
    far = own.rank(result("bbb", 0.3, 0.36, 0.34, 0.0), view)
    assert near.intent.name == "similar" and near.trace[-1].stage == "memory"
    assert "similar ahead of recommend" in near.trace[-1].detail
    assert far.intent.name == "recommend" and far.trace == ()


def test_a_sure_classifier_is_not_overruled_by_habit():
    own = ranker()
    view = remembered(own, [("zzz", "recommend")] * 100).read()
    assert own.rank(result("abc", 0.98, 0.02), view).intent.name == "cook_time"


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 40))
def test_confidences_keep_their_sum_and_come_in_order(seed, n):
    rng = np.random.default_rng(seed)
    own = ranker()
    events = [("".join(rng.choice(list("abcxyz"), 3)), str(rng.choice(INTENTS))) for _ in range(n)]
    asked = result("abc", *rng.dirichlet(np.ones(5))[:4])
    found = own.rank(asked, remembered(own, events).read(rng.random() * 90 * DAY))
    before, after = confidences(asked), confidences(found)
    assert sum(after.values()) == pytest.approx(sum(before.values())) and set(after) == set(before)
    values = list(after.values())
    assert values == sorted(values, reverse=True) and min(values) >= 0
    assert all(np.isfinite(values))


def test_more_of_an_intent_never_lowers_it():
    own, asked, found = ranker(), result("abc", 0.25, 0.25, 0.25, 0.25), []
    for count in range(6):
        memory = remembered(own, [("abd", "similar")] * count)
        found.append(confidences(own.rank(asked, memory.read()))["similar"])
    assert found == sorted(found) and found[-1] > found[0]


def test_old_habits_fade():
    own, asked = ranker(), result("abc", 0.25, 0.25, 0.25, 0.25)
    memory = remembered(own, [("abc", "similar")] * 5)
    soon, later, never = (
        confidences(own.rank(asked, memory.read(days * DAY)))["similar"] for days in (1, 60, 10_000)
    )
    assert soon > later > never == pytest.approx(0.25)


@pytest.mark.parametrize(
    "change",
    [
        {"intent": None}, {"intent": Intent("cook_time")}, {"intent": Intent("cook_time", 0.4, "confirmed")},
        {"novel": True},
    ],
)  # fmt: skip
def test_what_cannot_or_must_not_be_ranked_stays(change):
    own = ranker()
    asked = replace(result("abc", 0.4, 0.6), **change)
    assert own.rank(asked, remembered(own, [("abc", "similar")] * 9).read()) is asked


def test_alternatives_without_confidence_stay_last():
    own = ranker()
    asked = NLUResult(
        text="abc", intent=Intent("recommend", 0.5), alternatives=(Intent("odd"), Intent("similar", 0.4))
    )
    found = own.rank(asked, remembered(own, [("abc", "similar")] * 9).read())
    assert [i.name for i in (found.intent, *found.alternatives)] == ["similar", "recommend", "odd"]


def test_without_text_habits_alone_decide():
    own = ranker()
    view = remembered(own, [("abc", "similar")] * 9).read()
    assert confidences(own.rank(result(None, 0.25, 0.25, 0.25, 0.25), view))["similar"] > 0.25


def test_an_intent_it_does_not_know_counts_as_never_meant():
    own = ranker()
    asked = NLUResult(text="abc", intent=Intent("new", 0.5), alternatives=(Intent("similar", 0.5),))
    view = remembered(own, [("zzz", "recommend")] * 9).read()
    found = confidences(own.rank(asked, view))
    assert found["new"] == pytest.approx(found["similar"])


def test_wrong_memories_intents_and_settings_are_refused():
    own = ranker()
    with pytest.raises(InvalidInputError, match="no intent"):
        own.event("abc", "fly")
    with pytest.raises(InvalidInputError, match="vectors of"):
        own.rank(result("abc", 1.0), UserMemory(replace(own.shape, dim=3)).read())
    for bad in ({"habit": 0.0}, {"limit": 0.5}):
        with pytest.raises(InvalidInputError):
            ranker(**bad)
    with pytest.raises(InvalidInputError):
        IntentRanker(Letters(), ("a", "a"))


def test_a_service_learns_reranks_and_forgets_per_user(tmp_path):
    service = IntentMemory(ranker())
    asked = replace(result("like that", 0.4, 0.3, 0.2, 0.1), user="ann")
    meant = replace(asked, intent=Intent("substitute", 0.9))
    assert service.rank(asked, 0.0) is asked
    for number in range(4):
        assert service.learn(meant, number * DAY)
    assert service.rank(asked, 4 * DAY).intent.name == "substitute"
    other = replace(asked, user="bob")
    assert service.rank(other, 4 * DAY) is other
    again = IntentMemory(ranker(), MemoryBank.load(service.bank.save(tmp_path / "intents")))
    assert again.rank(asked, 4 * DAY) == service.rank(asked, 4 * DAY)
    assert service.forget("ann") and service.rank(asked, 4 * DAY) is asked
    for nothing in (
        replace(asked, user=None),
        replace(asked, intent=None),
        replace(asked, intent=Intent("fly", 1)),
    ):
        assert not service.learn(nothing, 0.0) and len(service.bank) == 0
    with pytest.raises(InvalidInputError, match="shape"):
        IntentMemory(ranker(), MemoryBank(replace(ranker().shape, dim=3)))
