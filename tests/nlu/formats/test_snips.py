"""Snips: kinds of values, durations, no match."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read
from tests.nlu.formats.golden import changed, del_, golden


def value_of(value: Any) -> tuple[object, str | None]:
    data = changed("snips", "slots", [{"rawValue": "words", "value": value, "entity": "thing", "slotName": "x"}])
    slots = read(data).slots
    return (slots[0].value, slots[0].type) if slots else (None, None)


@pytest.mark.parametrize(("value", "expected"), [
    ({"kind": "Custom", "value": "rice"}, ("rice", "thing")), ("rice", ("rice", "thing")),
    ({"kind": "Number", "value": 4}, (4.0, "thing")), ({"kind": "Ordinal", "value": 2}, (2.0, "thing")),
    ({"kind": "Percentage", "value": 20.5}, (20.5, "thing")),
    ({"kind": "AmountOfMoney", "value": 10.0, "precision": "Exact", "unit": "€"}, (10.0, "thing")),
    ({"kind": "Duration", "hours": 1, "minutes": 30}, (5400.0, "duration")),
    ({"kind": "Duration", "weeks": 1, "days": 1, "seconds": 1}, (691201.0, "duration")),
    ({"kind": "Duration", "years": 1, "minutes": 30}, ("words", "thing")),
    ({"kind": "TimeInterval", "from": "2026-01-05", "to": None}, ("words", "thing")),
    ({"kind": "InstantTime", "value": "2026-01-05 18:00:00 +00:00", "grain": "Hour", "precision": "Exact"},
     ("2026-01-05 18:00:00 +00:00", "thing")),
    ({"kind": "Custom", "value": ""}, ("words", "thing")), ("", (None, None)),
])  # fmt: skip
def test_kinds_of_values(value: Any, expected: tuple[object, str | None]) -> None:
    assert value_of(value) == expected


def test_no_match() -> None:
    result = read({"input": "what is love", "intent": None, "slots": None})
    assert (result.text, result.intent, result.slots, result.novel) == ("what is love", None, (), True)
    assert read({"input": "x", "intent": {"intentName": None, "probability": 0.6}, "slots": []}).novel


def test_other_values_are_candidates() -> None:
    assert read(golden("snips")).slots[0].candidates == (("Sicilian", None),)


def test_a_slot_without_a_range() -> None:
    slot = read(changed("snips", "slots.0.range", None)).slots[0]
    assert (slot.span, slot.raw) == (None, "italian")
    assert read(changed("snips", "slots.0.rawValue", del_)).slots[0].raw == "italian"


@pytest.mark.parametrize(("path", "value", "message"), [
    ("slots.0.slotName", None, "slots[0].slotName must be a string, but null was given."),
    ("slots.2.value.minutes", "30", 'slots[2].value.minutes must be a number, but "30" was given.'),
    ("slots.0.range.end", 7.5, "slots[0].range.end must be a whole number of 0 or more, but 7.5 was given."),
    ("slots.0.value", 3, "slots[0].value must be an object, but 3 was given."),
    ("intent.probability", -1, "intent.probability must be a number from 0 to 1, but -1 was given."),
    ("input", [], "input must be a string, but a list was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed("snips", path, value))
    assert str(error.value) == message


def test_a_duration_beyond_all_numbers_is_refused() -> None:
    """1e308 is a number, its seconds are not: what is read can always be written again."""
    value = {"kind": "Duration", "minutes": 1e308}
    slot = {"rawValue": "ages", "value": value, "entity": "snips/duration", "slotName": "maxTime"}
    data = {"input": "ages", "intent": {"intentName": "recipe.search", "probability": 0.9}, "slots": [slot]}
    with pytest.raises(InvalidInputError, match="'maxTime' is too large"):
        read(data)
