"""`graphrec nlu discover` on a small file: new intents found, known ones left alone, proposals that train."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

pytest.importorskip("igraph")

KNOWN = {
    "timer": ["set a timer for {n} minutes", "start a timer of {n} minutes", "put {n} minutes on the timer"],
    "weather": ["will it rain on day {n}", "what is the weather on day {n}", "weather forecast for day {n}"],
    "convert": ["how many cups are {n} grams", "convert {n} grams to cups", "{n} grams in cups please"],
    "greet": ["hello there number {n}", "good morning number {n}", "hi number {n} how are you"],
}
NEW = ["book a table for {n} people", "reserve a table for {n} at the restaurant", "a table for {n} people tonight"]
NUMBERS = "two three four five six seven eight nine ten eleven".split()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Utterances to look through, and the known intents."""
    said = [line.format(n=n) for line in NEW for n in NUMBERS]
    said += [lines[0].format(n=n) for lines in KNOWN.values() for n in ("twelve", "twenty")]
    utterances, intents = tmp_path / "said.txt", tmp_path / "known.jsonl"
    utterances.write_text("\n".join(["", *said, said[0]]) + "\n", encoding="utf-8")
    rows = [
        {"text": line.format(n=n), "intent": intent, "domain": "kitchen"}
        for intent, lines in KNOWN.items()
        for line in lines
        for n in NUMBERS
    ]
    intents.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return utterances, intents


def test_a_new_intent_is_found_and_proposed(
    graphrec: Command, files: tuple[Path, Path], tmp_path: Path
) -> None:
    utterances, intents = files
    out = tmp_path / "proposed.toml"
    outcome = graphrec(
        "nlu", "discover", str(utterances), "--data", str(intents), "--encoder", "hashed", "--out", str(out), "--json"
    )
    assert outcome.status == 0, outcome.err
    found = outcome.json
    assert isinstance(found, dict)
    assert found["utterances"] == 38, "the repeated line and the blank one count once and not at all"
    proposed = [text for intent in found["intents"] for text in intent["utterances"]]
    about_tables = [text for text in proposed if "table" in text]
    assert len(about_tables) >= 27 and len(proposed) - len(about_tables) <= 2

    from graphrec.nlu.intents import read_intents

    assert {u.text for u in read_intents(out).train} == set(proposed)


def test_people_get_a_table(graphrec: Command, files: tuple[Path, Path]) -> None:
    utterances, intents = files
    outcome = graphrec("nlu", "discover", str(utterances), "--data", str(intents), "--encoder", "hashed")
    assert outcome.status == 0, outcome.err
    assert "of 38 utterances fit no known intent" in outcome.out
    assert "table" in outcome.out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("said.jsonl", '{"text": "hi"}\nnot json\n', "line 2: not JSON"),
        ("said.jsonl", '{"said": "hi"}\n', "line 1: an utterance is"),
    ],
)
def test_a_broken_line_is_named(
    graphrec: Command, tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    outcome = graphrec("nlu", "discover", str(file))
    assert outcome.status == 2
    assert message in outcome.err


def test_a_missing_file_is_named(graphrec: Command, tmp_path: Path) -> None:
    outcome = graphrec("nlu", "discover", str(tmp_path / "none.txt"))
    assert outcome.status == 2
    assert "There is no file" in outcome.err
