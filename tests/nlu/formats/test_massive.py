"""MASSIVE and SLURP: annotations and token spans against the text they annotate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read
from graphrec.nlu.formats.massive import plain_text
from tests.nlu.formats.golden import changed, del_, golden

WORDS = st.text(st.characters(exclude_characters="[]", exclude_categories=("Cs",)), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z_]{1,10}", fullmatch=True)


@given(st.lists(st.tuples(WORDS, st.none() | NAMES), max_size=6))
def test_spans_reproduce_the_text(parts: list[tuple[str, str | None]]) -> None:
    annotated = "".join(said if name is None else f"[{name} : {said}]" for said, name in parts)
    text, slots = plain_text(annotated)
    assert text == "".join(said for said, _ in parts)
    assert [(slot.name, slot.raw) for slot in slots] == [(name, said) for said, name in parts if name is not None]
    assert all(slot.span and text[slice(*slot.span)] == slot.raw for slot in slots)


@pytest.mark.parametrize(("annotated", "text"), [
    ("", ""), ("[food_type : thai", "[food_type : thai"), ("a ] b", "a ] b"), ("[ : x] y", "[ : x] y"),
    ("[[food : thai] soup", "[thai soup"), ("[food:thai]", "[food:thai]"),
])  # fmt: skip
def test_brackets_that_annotate_nothing_stay(annotated: str, text: str) -> None:
    assert plain_text(annotated)[0] == text


def test_many_open_brackets_take_linear_time() -> None:
    assert plain_text("[a : x" * 150_000)[1] == ()  # a scan to the end from each of them would take minutes


def test_the_annotation_must_spell_the_utterance() -> None:
    assert read(changed("massive", "utt", "italian chicken  recipes under thirty minutes ")).slots
    assert read(changed("massive", "utt", del_)).text == golden("massive")["utt"]
    with pytest.raises(InvalidInputError, match="annot_utt must spell the same utterance"):
        read(changed("massive", "utt", "thai soup"))


def test_a_row_without_annotation_is_an_utterance() -> None:
    result = read(changed("massive", "annot_utt", del_))
    assert (result.text, result.slots) == (golden("massive")["utt"], ())


def test_the_scenario_is_the_domain() -> None:
    assert (read(golden("massive")).domain, read(golden("slurp")).domain) == ("cooking", "cooking")


def test_slurp_by_tokens_and_by_annotation_agree() -> None:
    by_tokens = read(golden("slurp"))
    assert by_tokens.slots == read(changed("slurp", "tokens", del_)).slots
    assert by_tokens.slots == read(golden("massive")).slots


@pytest.mark.parametrize(("span", "raw"), [
    ([4, 5], "thirty minutes"), ([5, 4], "thirty minutes"), ([3, 4, 5], "under thirty minutes"),
    ([0, 5], "italian chicken recipes under thirty minutes"),
])  # fmt: skip
def test_token_spans(span: list[int], raw: str) -> None:
    result = read(changed("slurp", "entities", [{"span": span, "type": "time"}]))
    assert result.text is not None and result.slots[0].span is not None
    assert result.slots[0].raw == raw == result.text[slice(*result.slots[0].span)]


def test_an_entity_without_tokens_is_none() -> None:
    assert read(changed("slurp", "entities", [{"span": [], "type": "time"}])).slots == ()
    assert read(changed("slurp", "entities", del_)).slots == ()


@pytest.mark.parametrize(("path", "value", "message"), [
    ("entities.0.span", [9], "entities[0].span must be token numbers below 6, but a list was given."),
    ("entities.0.span", [-1], "entities[0].span[0] must be a whole number of 0 or more, but -1 was given."),
    ("tokens.1.surface", "turkey", 'tokens[1].surface must be a part of the sentence, but "turkey" was given.'),
    ("tokens.0", 1, "tokens[0] must be an object, but 1 was given."),
    ("sentence", 1, "sentence must be a string, but 1 was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed("slurp", path, value))
    assert str(error.value) == message
