"""Scripted conversations: the query and the action that each turn must lead to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.store import GraphStore
from tests.nlu.handler.conftest import Talk

PATH = Path(__file__).parents[2] / "data" / "conversations.jsonl"
CONVERSATIONS = [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]
STORED = [c for c in CONVERSATIONS if any(t["action"].endswith("_preference") for t in c["turns"])]
PLAIN = [c for c in CONVERSATIONS if c not in STORED]


def as_set(refs: list[Any]) -> set[str]:
    return {" | ".join(sorted(r)) if isinstance(r, list) else r for r in refs}


def check_query(turn: dict[str, Any], answer: dict[str, Any]) -> None:
    query = answer["query"]
    must, must_not = as_set(query["must"]), {r for r in query["must_not"] if not r.startswith("recipe:")}
    own = must_not - set(query.get("taught", []))
    if turn.get("loose"):
        assert as_set(turn["must"]) <= must or answer["relaxed"]
        assert set(turn["must_not"]) <= must_not
        return
    assert own == set(turn["must_not"])
    if answer["relaxed"]:  # what gave way is said; it may only be what may give way
        assert must <= as_set(turn["must"])
    else:
        assert must == as_set(turn["must"])
        bounds = query["ranges"].get("total_minutes")
        assert bounds == turn.get("minutes") or turn.get("bounded")


def check(turn: dict[str, Any], talk: Talk, before: list[dict[str, Any]], store: GraphStore | None) -> None:
    answer = talk.answers[-1]
    assert answer["action"] == turn["action"], answer
    if "must" in turn:
        check_query(turn, answer)
    assert answer["trace"]["failed_at"] == turn.get("failed_at", answer["trace"]["failed_at"])
    if turn.get("fresh"):
        shown = {item["item"] for earlier in before for item in earlier["items"]}
        assert not shown & set(talk.ids())
    if turn.get("same"):
        assert sorted(talk.ids()) == sorted(item["item"] for item in before[-1]["items"])
    if "item" in turn:
        listed = next(earlier["items"] for earlier in reversed(before) if earlier["items"])
        place = turn["item"] - 1 if turn["item"] > 0 else turn["item"]
        assert listed[place]["title"] in answer["speech"]
    if "dish" in turn:
        assert answer["session"]["state"]["item"] == turn["dish"]
    if "says" in turn:
        assert turn["says"] in answer["speech"]
    if "without" in turn:
        assert turn["without"] in json.dumps(answer["query"]["must_not"])
    assert answer["asks"] == turn.get("asks", False)
    assert answer["ends"] == turn.get("ends", False)
    if "stored" in turn and store is not None:
        known = [[p.kind, f"{p.node_type}:{p.ext}"] for p in store.preferences("ada")]
        assert known == turn["stored"]


def play(
    conversation: dict[str, Any], handler: RecipeRequestHandler, store: GraphStore | None
) -> Iterator[str]:
    talk = Talk(handler)
    for turn in conversation["turns"]:
        before = list(talk.answers)
        talk.say(turn["say"])
        check(turn, talk, before, store)
        yield turn["say"]


@pytest.mark.parametrize("conversation", PLAIN, ids=lambda c: c["name"])
def test_conversation(conversation: dict[str, Any], handler: RecipeRequestHandler) -> None:
    assert 2 <= len(list(play(conversation, handler, None))) <= 6


@pytest.mark.parametrize("conversation", STORED, ids=lambda c: c["name"])
def test_conversation_that_teaches(
    conversation: dict[str, Any], remembering: RecipeRequestHandler, store: GraphStore
) -> None:
    assert 2 <= len(list(play(conversation, remembering, store))) <= 6


def test_there_are_enough_and_no_two_alike() -> None:
    said = [tuple(t["say"] for t in c["turns"]) for c in CONVERSATIONS]
    assert len(set(said)) == len(CONVERSATIONS) >= 40
    assert len({text for texts in said for text in texts}) > 100
