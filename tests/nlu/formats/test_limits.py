"""What no platform sends: too large, too deep, half a file, numbers that are none."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from graphrec.errors import GraphRecError, InvalidInputError
from graphrec.nlu.formats import FORMATS, MAX_BYTES, MAX_DEPTH, detect, parse_json, read
from graphrec.nlu.formats.fields import MAX_VALUE
from graphrec.nlu.result import MAX_SLOTS
from tests.nlu.formats.golden import changed


def nested(depth: int) -> str:
    return '{"text": "soup", "x": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


@pytest.mark.parametrize(("body", "said"), [
    (b"", "not JSON"), ("{", "not JSON"), (b'{"text": "so', "not JSON"), ("NaN", "NaN"),
    ('{"text": "soup", "x": Infinity}', "Infinity"), ('{"x": ' + "9" * 5_000 + "}", "not JSON"), ("[]", "a list"),
    ("null", "null"), ('"soup"', '"soup"'), (b"\xff\xfe{}", "UTF-8"), ('{"text": "\udcff"' + "}" * 2, "not JSON"),
    (7, "7"), (None, "null"), (object(), "a object"),
])  # fmt: skip
def test_what_is_no_json_object(body: Any, said: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        parse_json(body)
    assert said in str(error.value) and len(str(error.value)) < 300


def test_size() -> None:
    padding = MAX_BYTES - len('{"text": ""}')
    assert read(json.dumps({"text": "x" * padding})).text == "x" * padding
    with pytest.raises(InvalidInputError, match=r"1,000,001 bytes, but at most 1,000,000"):
        read(json.dumps({"text": "x" * (padding + 1)}))


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 200_000])
def test_depth(depth: int) -> None:
    assert parse_json(nested(MAX_DEPTH))
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        parse_json(nested(depth))


def test_a_python_object_that_holds_itself_ends() -> None:
    loop: dict[str, Any] = {"text": "soup"}
    loop["loop"] = loop
    doubled: Any = []
    for _ in range(MAX_DEPTH - 2):
        doubled = [doubled, doubled]  # two to the power of 98 paths
    started = time.perf_counter()
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        parse_json(loop)
    assert parse_json({"text": "soup", "x": doubled})
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("alexa", "request.intent.name"), ("alexa", "session.user.userId"), ("rasa", "entities.1.value"),
        ("alexa", "request.intent.slots.diet.value"), ("dialogflow", "queryResult.parameters.cuisine"),
        ("lex", "interpretations.0.intent.slots.cuisine.value.interpretedValue"), ("snips", "slots.0.value.value"),
        ("slurp", "entities.0.type"), ("native", "slots.0.raw"),
    ],
)  # fmt: skip
def test_a_value_of_a_megabyte_is_refused_by_its_path(name: str, path: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"{path.rpartition('.')[2]} has 900,000 characters, but at most"):
        read(changed(name, path, "x" * 900_000))


def test_a_key_of_a_megabyte_is_not_repeated() -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed("alexa", "request.intent.slots", {"x" * 900_000: {"value": "rice"}}))
    assert f"at most {MAX_VALUE:,} are read" in str(error.value) and len(str(error.value)) < 200


def test_what_is_carried_along_can_be_written_again() -> None:
    odd = {"\ud83d": ["\udc00", float("nan"), 10**5_000, {"x": {1, 2}, 3: 4}], "fine": [1, 2.5, True, None, "é"]}
    context = read(changed("alexa", "session.attributes", odd)).context
    assert context == {"\ufffd": ["\ufffd", None, None, {"x": None}], "fine": [1, 2.5, True, None, "é"]}
    json.dumps(context, ensure_ascii=False, allow_nan=False).encode()


def test_an_utterance_may_be_long() -> None:
    assert len(read(changed("rasa", "text", "soup " * 100_000)).text or "") == 500_000


def test_too_many_slots() -> None:
    members = [{"value": "rice"}] * (MAX_SLOTS + 1)
    slot = {"slotValue": {"type": "List", "values": members}}
    with pytest.raises(InvalidInputError, match=f"201 slots, but at most {MAX_SLOTS} are read"):
        read(changed("alexa", "request.intent.slots", {"x": slot}))


@pytest.mark.parametrize("data", [
    {}, {"domain": "cooking"}, {"request": "thai soup"}, {"user": "u1", "must": ["course:dessert"]}, {"session": {}},
    {"\ud800": 1, "a" * 1000: 2, "b": 3, "c": 4, "d": 5},
])  # fmt: skip
def test_an_unknown_form_lists_those_that_are_known(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=", ".join(FORMATS)) as error:
        detect(data)
    str(error.value).encode()
    assert len(str(error.value)) < 400


LEADING = """request queryResult intentInfo sessionState interpretations input annot_utt sentence tracker entities text
slots intent"""


@pytest.mark.parametrize(
    "value", [None, 5, True, [], {}, "", [None], {"x": None}, float("inf"), -(10**400), b"x", {1, 2}]
)
@pytest.mark.parametrize("key", LEADING.split())
def test_a_leading_field_of_any_type_is_read_or_refused(key: str, value: Any) -> None:
    for extra in ({}, {"intent": "x"}, {"text": "x", "slots": []}, {"session": {}}):
        try:
            read({**extra, key: value})
        except GraphRecError as error:
            assert 10 < len(str(error)) < 400
