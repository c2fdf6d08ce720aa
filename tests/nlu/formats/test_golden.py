"""One utterance in the form of every platform says the same; fields we do not know change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graphrec.nlu.formats import FORMATS, detect, read
from tests.nlu.formats.golden import FOLDER, NAMES, TEXT, golden

SOURCE = {"rasa_action": "rasa", "dialogflow_cx": "dialogflow", "slurp": "massive"}
INTENT = {
    "alexa": "RecipeIntent", "rasa": "recipe_search", "rasa_action": "recipe_search", "massive": "cooking_recipe",
    "slurp": "cooking_recipe",
}  # fmt: skip
CUISINE = {"massive": "food_type", "slurp": "food_type"}
TIME = {"alexa": "maxTime", "snips": "maxTime", "massive": "time", "slurp": "time"}
NO_CONFIDENCE = {"alexa", "massive", "slurp"}


def test_every_format_has_an_example() -> None:
    assert {SOURCE.get(name, name) for name in NAMES} == set(FORMATS)


@pytest.mark.parametrize("name", NAMES)
def test_the_running_request(name: str) -> None:
    result = read(golden(name))
    assert detect(golden(name)) == result.source == SOURCE.get(name, name)
    assert result.text == (None if name == "alexa" else TEXT)
    assert result.intent is not None
    assert result.intent.name == INTENT.get(name, "recipe.search")
    assert result.intent.confidence == (None if name in NO_CONFIDENCE else 0.93)
    assert result.intent.status == "none" and not result.novel and result.complete
    values = {slot.name: slot.value for slot in result.slots}
    assert len(values) == len(result.slots) == 3
    assert str(values[CUISINE.get(name, "cuisine")]).lower() == "italian"
    assert values["ingredient"] == "chicken"
    assert values[TIME.get(name, "duration")] == 1800.0
    assert {(slot.polarity, slot.hard, slot.status, slot.group) for slot in result.slots} == {(1, False, "none", None)}


@pytest.mark.parametrize("name", NAMES)
def test_spans_and_words_agree(name: str) -> None:
    for slot in read(golden(name)).slots:
        assert slot.raw
        assert slot.span is None or TEXT[slice(*slot.span)] == slot.raw


@pytest.mark.parametrize(
    ("name", "user", "session", "locale"),
    [
        ("alexa", "u1", "s1", "en-US"), ("rasa", None, None, None), ("rasa_action", "u1", "u1", None),
        ("dialogflow", "u1", "s1", "en"), ("dialogflow_cx", "u1", "s1", "en"), ("lex", None, "s1", "en-US"),
        ("snips", None, None, None), ("massive", None, None, "en-US"), ("native", "u1", "s1", "en-US"),
    ],
)  # fmt: skip
def test_who_speaks_where(name: str, user: str | None, session: str | None, locale: str | None) -> None:
    result = read(golden(name))
    assert (result.user, result.session, result.locale) == (user, session, locale)


@pytest.mark.parametrize("name", NAMES)
def test_bytes_text_and_object_read_alike(name: str) -> None:
    body = (FOLDER / f"{name}.json").read_bytes()
    assert read(body) == read(body.decode()) == read(b"\xef\xbb\xbf" + body) == read(golden(name))


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_anywhere_change_nothing(name: str) -> None:
    data = golden(name)
    expected = read(golden(name))
    _extend(data)
    found = read(json.dumps(data))
    assert (found.intent, found.alternatives, found.text, found.user) == (
        expected.intent, expected.alternatives, expected.text, expected.user,
    )  # fmt: skip
    assert found.slots == expected.slots


def _extend(data: Any) -> None:
    """A new field in every object whose keys are the format's own."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in {"parameters", "slots", "attributes", "sessionAttributes"}:
                _extend(value)
            elif isinstance(value, dict):
                for inner in value.values():
                    if isinstance(inner, dict) and "amount" not in inner:
                        _extend(inner)
            elif isinstance(value, list):
                _extend(value)
        data["newInNextVersion"] = {"deep": [1, None, {"er": True}]}
    elif isinstance(data, list):
        for value in data:
            _extend(value)
