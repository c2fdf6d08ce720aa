"""Conversations kept by the service itself: forgotten in time, bounded, safe to share."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.dialogue import DialogueState, SessionStore
from graphrec.ranking.query import GraphQuery, NodeRef


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def state(turn: int) -> DialogueState:
    return DialogueState(turn=turn, shown=tuple(f"recipe-{n}" for n in range(turn % 7)))


def test_what_was_put_comes_back_for_that_user_and_session_alone() -> None:
    store = SessionStore()
    assert store.put("ada", "s1", state(3))
    assert store.get("ada", "s1") == state(3)
    assert store.get("bob", "s1") is None and store.get("ada", "s2") is None and store.get(None, "s1") is None


def test_a_silent_conversation_is_forgotten() -> None:
    clock = Clock()
    store = SessionStore(ttl=60, clock=clock)
    store.put("ada", "s1", state(1))
    clock.now += 59
    assert store.get("ada", "s1") is not None
    store.put("ada", "s1", state(2))
    clock.now += 59
    assert store.get("ada", "s1") == state(2)
    clock.now += 2
    assert store.get("ada", "s1") is None
    assert len(store) == 0 and store.bytes == 0


def test_expired_ones_go_when_another_is_put() -> None:
    clock = Clock()
    store = SessionStore(ttl=60, clock=clock)
    for n in range(20):
        store.put(None, f"s{n}", state(n))
    clock.now += 61
    store.put(None, "new", state(1))
    assert len(store) == 1


def test_memory_keeps_within_its_limit_and_the_longest_silent_go_first() -> None:
    store = SessionStore(max_bytes=20_000)
    for n in range(200):
        store.put("ada", f"s{n}", state(n))
        assert store.bytes <= 20_000
    kept = [n for n in range(200) if store.get("ada", f"s{n}") is not None]
    assert kept == list(range(200 - len(kept), 200)) and len(kept) > 10


def test_one_too_large_is_not_kept_and_neither_is_its_old_state() -> None:
    store = SessionStore()
    store.put("ada", "s", state(1))
    refs = tuple(NodeRef("ingredient", f"a rather long name of a thing {n}") for n in range(900))
    assert not store.put("ada", "s", DialogueState(query=GraphQuery(must_not=refs)))
    assert store.get("ada", "s") is None


def test_a_person_is_forgotten_in_every_session() -> None:
    store = SessionStore()
    for n in range(4):
        store.put("ada" if n % 2 else "bob", f"s{n}", state(n))
    assert store.forget("ada") == 2
    assert len(store) == 2 and store.get("ada", "s1") is None
    store.drop("bob", "s0")
    assert len(store) == 1


def test_threads_see_whole_states_and_the_count_stays_right() -> None:
    store = SessionStore(max_bytes=30_000)

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(1_500):
            n = rng.randrange(100)
            if rng.random() < 0.5:
                store.put("u", f"s{n}", state(n))
            elif (found := store.get("u", f"s{n}")) is not None:
                assert found == state(n)
            if rng.random() < 0.01:
                store.drop("u", f"s{n}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    left = [n for n in range(100) if store.get("u", f"s{n}") is not None]
    assert len(left) == len(store)
    for n in left:
        store.drop("u", f"s{n}")
    assert store.bytes == 0


@pytest.mark.parametrize("limits", [{"ttl": 0}, {"ttl": float("nan")}, {"max_bytes": 100}])
def test_limits_that_leave_room_for_nothing(limits: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError):
        SessionStore(**limits)  # type: ignore[arg-type]
