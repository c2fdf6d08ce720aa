"""Any change to any field of any example is either read or refused in one short sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import FORMATS, read, result_to_json
from tests.nlu.formats.golden import FOLDER, NAMES, golden

WORDS = st.text() | st.sampled_from(["PT1H", "List", "DENIED", "?"])
KEYS = st.text() | st.sampled_from(["value", "name"])
LEADING = st.sampled_from(sorted(golden("alexa") | golden("lex")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a tree with each of its keys."""
    for key, value in list(data.items() if isinstance(data, dict) else enumerate(data)):
        yield data, key
        if isinstance(value, dict | list):
            yield from places(value)


def survives(data: Any) -> None:
    """Reading gives a result that can be written again, or one short sentence."""
    for reader in (read, *FORMATS.values()):
        try:
            result = reader(data)
        except InvalidInputError as error:
            assert 10 < len(str(error)) < 400 and str(error).endswith(".")
        else:
            json.dumps(result_to_json(result), ensure_ascii=False, allow_nan=False).encode()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.lists(st.tuples(st.integers(0, 500), JSON), min_size=1, max_size=3))
def test_any_value_in_any_place(name: str, changes: list[tuple[int, Any]]) -> None:
    data = golden(name)
    for number, value in changes:
        found = list(places(data))
        if found:
            place, key = found[number % len(found)]
            place[key] = value
    survives(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_missing_null_or_of_another_type(name: str) -> None:
    for number in range(len(list(places(golden(name))))):
        for value in (None, "", "x", 0, -1.5, True, [], {}, [None], {"value": 3}, ...):
            data = golden(name)
            place, key = list(places(data))[number]
            if value is ...:
                del place[key]
            else:
                place[key] = value
            try:
                read(data)
            except InvalidInputError as error:
                assert len(str(error)) < 400


@pytest.mark.parametrize("name", NAMES)
def test_cut_off_anywhere(name: str) -> None:
    body = (FOLDER / f"{name}.json").read_bytes().strip()
    for end in range(0, len(body), 7):
        with pytest.raises(InvalidInputError, match="not JSON"):
            read(body[:end])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=3) | st.dictionaries(LEADING, JSON, max_size=4))
def test_objects_of_no_platform(data: dict[str, Any]) -> None:
    survives(data)
