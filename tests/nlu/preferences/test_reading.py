"""What sentences teach: hand-written gold, what must never be taught, and texts of any kind."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.nlu.parser import RequestParser
from graphrec.nlu.plan import TaughtPreference
from graphrec.nlu.preferences import Teaching, read_preferences, read_teaching, sentence_for
from graphrec.ranking.query import NodeRef

GOLD = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "teaching.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
HARD = {"allergy", "diet"}


def found(text: str, parser: RequestParser) -> dict[str, object]:
    read = read_teaching(text, parser)
    return {
        "taught": sorted([p.kind, str(p.node)] for p in read.taught),
        "removed": sorted(str(p.node) for p in read.removed), "latest": read.latest, "every": read.every,
    }  # fmt: skip


def gold(row: dict) -> dict[str, object]:
    return {
        "taught": sorted(row["taught"]), "removed": sorted(row.get("removed", [])),
        "latest": row.get("latest", False), "every": row.get("every", False),
    }  # fmt: skip


def test_sentences_are_read_as_a_person_reads_them(parser: RequestParser) -> None:
    wrong = [row["text"] for row in GOLD if found(row["text"], parser) != gold(row)]
    assert len(GOLD) >= 350
    assert len(wrong) <= 0.05 * len(GOLD), wrong


def test_no_polarity_is_turned_round(parser: RequestParser) -> None:
    """Omitting is forgivable. Liking what somebody cannot eat, or the other way round, is not."""
    turned = []
    for row in GOLD:
        said = {node: kind for kind, node in row["taught"]}
        for preference in read_preferences(row["text"], parser):
            kind = said.get(str(preference.node), preference.kind)
            if (kind == "like") != (preference.kind == "like"):
                turned.append(row["text"])
    assert turned == []


def test_what_is_hard_is_never_read_as_soft(parser: RequestParser) -> None:
    softened = []
    for row in GOLD:
        said = {node: kind for kind, node in row["taught"]}
        for preference in read_preferences(row["text"], parser):
            if said.get(str(preference.node)) in HARD and preference.kind not in HARD:
                softened.append(row["text"])
    assert softened == []


def test_requests_teach_next_to_nothing(parser: RequestParser) -> None:
    quiet = [
        row["text"] for row in GOLD if not row["taught"] and not row.keys() & {"removed", "latest", "every"}
    ]
    loud = [text for text in quiet if read_teaching(text, parser)]
    assert len(quiet) > 60 and len(loud) <= 1, loud


def test_real_requests_teach_only_what_they_state_of_people(parser: RequestParser) -> None:
    """Of the requests with gold queries few state something lasting, and none is read against its query."""
    path = Path(__file__).parents[2] / "data" / "recipe_requests_dev.jsonl"
    requests = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    told = {row["text"]: read_preferences(row["text"], parser) for row in requests}
    assert 10 <= sum(map(bool, told.values())) <= 0.07 * len(requests)
    for row in requests:
        wanted = {node for group in row["must"] for node in group}
        for preference in told[row["text"]]:
            against = row["must_not"] if preference.kind == "like" else wanted
            assert str(preference.node) not in against, row["text"]


def test_provenance_and_unknown_foods(parser: RequestParser) -> None:
    read = read_teaching("I'm allergic to kiwi and peanuts", parser)
    assert read.taught == (
        TaughtPreference("allergy", NodeRef("ingredient", "kiwi"), "I'm allergic to kiwi and peanuts"),
        TaughtPreference("allergy", NodeRef("ingredient", "peanut"), "I'm allergic to kiwi and peanuts"),
    )
    assert read.unlinked == ("kiwi",)
    assert [str(p.node) for p in read_preferences("I'm allergic to dragon fruit", parser)] == [
        "ingredient:dragon fruit"
    ]


def test_what_is_no_food_is_not_remembered(parser: RequestParser) -> None:
    for text in (
        "I'm allergic to cats",
        "I hate mondays",
        "my son is allergic to penicillin",
        "I love my job",
        "I like you",
    ):
        assert not read_teaching(text, parser), text


def test_the_last_word_on_a_node_counts(parser: RequestParser) -> None:
    (one,) = read_preferences("I like tofu. Actually, I hate tofu.", parser)
    assert one.kind == "dislike"


def test_read_back(parser: RequestParser) -> None:
    for text, said in (
        ("I'm allergic to peanuts", "You are allergic to peanuts."),
        ("i hate Blue Cheese", "You don't like blue cheese."),
        ("we keep kosher", "You keep kosher."),
        ("my wife is coeliac", "You eat gluten free."),
        ("I'm on keto", "You eat low carb food."),
        ("no pork for us ever", "You don't eat pork."),
        ("we love thai food", "You like thai."),
        ("I've got a shellfish allergy", "You are allergic to shellfish."),
    ):
        assert [sentence_for(p) for p in read_preferences(text, parser)] == [said]


WORDS = sorted({word for row in GOLD for word in row["text"].split()})
TEXTS = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text(max_size=60)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_any_text_is_read_and_the_same_way_twice(parser: RequestParser, text: str) -> None:
    read = read_teaching(text, parser)
    assert read == read_teaching(text, parser)
    assert len({p.node for p in read.taught}) == len(read.taught)
    assert all(p.utterance == text[:300] for p in (*read.taught, *read.removed))


@pytest.mark.parametrize(
    "text", ["I like " + "tofu and " * 40_000, "not " * 100_000, "a" * 1_000_000, "I hate \x00 \ud800"]
)
def test_long_and_broken_texts_end_soon(parser: RequestParser, text: str) -> None:
    began = time.perf_counter()
    assert isinstance(read_teaching(text, parser), Teaching)
    assert time.perf_counter() - began < 1.0


def test_no_pattern_runs_away(parser: RequestParser) -> None:
    """As long as is read at all, made of what the patterns repeat."""
    for word in (
        "not really ",
        "never ever ",
        "please ",
        "my my ",
        "can eat ",
        "no longer ",
        "the way ",
        "is just so ",
    ):
        began = time.perf_counter()
        read_teaching((word * 500)[:499], parser)
        assert time.perf_counter() - began < 1.0, word
