"""The state survives its JSON, keeps within its size, and takes nothing damaged back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.nlu.dialogue import DialogueState, Pending
from graphrec.nlu.plan import TaughtPreference
from graphrec.ranking.query import GraphQuery, NodeRef

WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=":"), min_size=1, max_size=20
).filter(lambda text: text == text.strip())
REFS = st.builds(NodeRef, st.sampled_from(["ingredient", "cuisine", "course"]), WORDS)
EITHER = st.lists(REFS, min_size=1, max_size=2).map(tuple)
QUERIES = st.builds(
    GraphQuery, user=st.none() | WORDS, must=st.lists(REFS | EITHER).map(tuple),
    must_not=st.lists(REFS).map(tuple), should=st.lists(REFS).map(tuple), text=WORDS, k=st.integers(0, 50),
    ranges=st.dictionaries(WORDS, st.tuples(st.none() | st.floats(0, 1e3), st.none() | st.integers(0, 99)), max_size=2),
    exclude_seen=st.booleans(),
)  # fmt: skip
QUIETLY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STATES = st.builds(
    DialogueState, query=QUERIES, shown=st.lists(WORDS).map(tuple), listed=st.lists(WORDS, max_size=9).map(tuple),
    action=st.sampled_from([None, "recommend", "more"]), item=st.none() | WORDS, kept=st.lists(REFS).map(tuple),
    turn=st.integers(0, 99), confidence=st.dictionaries(WORDS, st.sampled_from([0.0, 0.25, 1.0]), max_size=3),
    pending=st.none() | st.builds(
        Pending, st.sampled_from(["add_preference", "remove_preference"]),
        st.lists(
            st.builds(TaughtPreference, st.sampled_from(["like", "allergy"]), REFS, WORDS), max_size=3
        ).map(tuple),
    ),
)  # fmt: skip


@QUIETLY
@given(STATES)
def test_json_round_trip(state: DialogueState) -> None:
    text = json.dumps(state.to_json())
    assert DialogueState.from_json(json.loads(text)) == state
    assert DialogueState.from_json(text) == state


@QUIETLY
@given(STATES)
def test_numbers_that_come_back_as_doubles(state: DialogueState) -> None:
    def doubled(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v if k == "v" else doubled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [doubled(v) for v in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    assert DialogueState.from_json(doubled(state.to_json())) == state


@given(STATES, st.data())
@QUIETLY
def test_a_damaged_state_is_refused_or_read_but_never_crashes(
    state: DialogueState, data: st.DataObject
) -> None:
    damaged = json.loads(json.dumps(state.to_json()))
    junk = st.sampled_from(
        [None, 1e308, -1, True, "x", "", [], {}, [[[]]], {"a": {}}, ["ingredient"], [None]]
    )
    key = data.draw(
        st.sampled_from("v query shown listed action item pending kept turn confidence unknown".split())
    )
    damaged[key] = data.draw(junk)
    if key == "query" and data.draw(st.booleans()):
        damaged["query"] = {
            data.draw(st.sampled_from(["must", "k", "ranges", "text", "odd"])): data.draw(junk)
        }
    try:
        read = DialogueState.from_json(damaged)
    except InvalidInputError as error:
        assert str(error).endswith((".", "drop it.")) or "cannot be used" in str(error)
    else:
        assert DialogueState.from_json(read.to_json()) == read


@pytest.mark.parametrize(
    "data",
    [
        None,
        1,
        "",
        "{",
        "[]",
        "[" * 100_000,
        {},
        {"v": 2},
        {"v": 1, "more": 1},
        {"v": 1, "shown": ["a"] * 999},
    ],
)
def test_what_is_no_state_is_refused(data: Any) -> None:
    with pytest.raises(InvalidInputError):
        DialogueState.from_json(data)


def test_the_oldest_shown_go_first_when_it_must_fit() -> None:
    full = DialogueState(shown=tuple(f"recipe-number-{n:06}" for n in range(200)), turn=3)
    small = full.fitted(1_000)
    assert small is not None and small.size() <= 1_000
    assert small.shown == full.shown[-len(small.shown) :] and len(small.shown) > 20
    assert full.fitted() == full


def test_constraints_are_never_cut() -> None:
    refs = tuple(NodeRef("ingredient", f"thing number {n}") for n in range(400))
    state = DialogueState(query=GraphQuery(must_not=refs, text="word " * 100), shown=("a", "b"))
    assert state.fitted(4_000) is None
    roomy = state.fitted(60_000)
    assert roomy is not None and roomy.query.must_not == refs
    assert replace(state, kept=refs[:300]).fitted(14_000) is None


def test_a_long_text_is_cut_at_a_word() -> None:
    fitted = DialogueState(query=GraphQuery(text="abc " * 1_000)).fitted()
    assert (
        fitted is not None and set(fitted.query.text.split()) == {"abc"} and len(fitted.query.text) <= 1_000
    )
