"""`graphrec teach`, `preferences` and `forget`, and the recommendation that comes after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command, Kitchen

USER = "taught-by-test"


@pytest.fixture
def at(kitchen: Kitchen, graphrec: Command) -> tuple[str, ...]:
    words = ("--store", kitchen.url, "--user", USER)
    graphrec("forget", *words, "--all")
    return words


def test_what_is_taught_is_kept_to_and_what_is_forgotten_is_not(
    graphrec: Command, kitchen: Kitchen, at: tuple[str, ...]
) -> None:
    ask = ("recommend", "--model", kitchen.bundle, *at, "--k", "20", "--json")

    def dishes() -> set[str]:
        answer = graphrec(*ask).json
        assert isinstance(answer, dict)
        return {item["item"] for item in answer["items"]}

    assert {"pad-thai", "cashew-chicken", "pesto"} <= dishes()
    words = ("--kind", "allergy", "--node", "ingredient:nut", "--utterance", "I'm allergic to nuts")
    assert f"{USER} allergy ingredient:nut" in graphrec("teach", *at, *words).err
    left = dishes()
    assert left and not left & {"pad-thai", "cashew-chicken"}, "peanuts and cashews are nuts"
    assert graphrec("forget", *at).status == 0
    assert {"pad-thai", "cashew-chicken"} <= dishes()


def test_listing_and_json(graphrec: Command, at: tuple[str, ...]) -> None:
    graphrec("teach", *at, "--kind", "like", "--node", "ingredient:egg")
    again = graphrec("teach", *at, "--kind", "dislike", "--node", "ingredient:egg", "--json").json
    assert isinstance(again, dict) and [old["kind"] for old in again["replaced"]] == ["like"]
    graphrec("teach", *at, "--kind", "diet", "--node", "diet:celiac")
    listed = graphrec("preferences", *at, "--json").json
    assert isinstance(listed, dict)
    assert [(p["kind"], p["node"], p["hard"]) for p in listed["preferences"]] == [
        ("dislike", "ingredient:egg", False), ("diet", "diet:gluten free", True),
    ]  # fmt: skip
    assert listed["preferences"][0]["time"].endswith("+00:00")
    plain = graphrec("preferences", *at).out.splitlines()
    assert plain[0].split("\t") == ["number", "kind", "node", "time", "utterance"] and len(plain) == 3
    gone = graphrec("forget", *at, "--node", "ingredient:egg", "--json").json
    assert isinstance(gone, dict) and [p["id"] for p in gone["forgotten"]] == [again["id"]]
    number = listed["preferences"][1]["id"]
    assert "gluten free" in graphrec("forget", *at, "--number", str(number)).out
    assert "nothing was forgotten" in graphrec("forget", *at).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "hate", "--node", "ingredient:egg"), "like, dislike, diet, allergy"),
        (("--kind", "diet", "--node", "diet:carnivore"), "diet:vegetarian, diet:vegan"),
        (("--kind", "like", "--node", "egg"), "TYPE:VALUE"),
    ],
)
def test_what_cannot_be_taught(
    graphrec: Command, at: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    assert said in graphrec.fails("teach", *at, *words)
    assert "give one of them" in graphrec.fails("forget", *at, "--all", "--number", "3")


def test_a_store_is_never_made_by_teaching(graphrec: Command, tmp_path: Path) -> None:
    words = ("--store", f"sqlite:///{tmp_path / 'no.db'}", "--user", "u")
    graphrec.fails("teach", *words, "--kind", "like", "--node", "ingredient:egg")
    graphrec.fails("preferences", *words)
    graphrec.fails("forget", *words)
    assert list(tmp_path.iterdir()) == []
