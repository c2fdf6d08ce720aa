"""Our own form: exactly the documented keys, and back without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import read, result_from_json, result_to_json
from graphrec.nlu.result import Intent, NLUResult, Slot, Step
from graphrec.ranking.query import NodeRef
from tests.nlu.formats.golden import NAMES, changed, golden

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20).filter(str.strip)
SHARE = st.none() | st.floats(0, 1)
STATUS = st.sampled_from(["none", "confirmed", "denied"])
NODE = st.builds(NodeRef, st.from_regex("[a-z_]{1,8}", fullmatch=True), TEXT.map(str.strip))
INTENT = st.builds(Intent, TEXT, SHARE, STATUS)
SPAN = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda ends: (min(ends), max(ends)))
SLOT = st.builds(
    Slot, name=TEXT, type=st.none() | TEXT, raw=st.none() | TEXT,
    value=st.none() | TEXT | st.floats(allow_nan=False, allow_infinity=False), node=st.none() | NODE,
    candidates=st.lists(st.tuples(TEXT, SHARE), max_size=3).map(tuple), span=st.none() | SPAN,
    polarity=st.sampled_from([1, -1]), operator=st.sampled_from(["=", "<=", ">="]), group=st.none() | TEXT,
    hard=st.booleans(), confidence=SHARE, status=STATUS,
)  # fmt: skip
STEP = st.builds(Step, TEXT, st.floats(0, 1e4), SHARE, st.booleans(), st.just("") | TEXT)
RESULT = st.builds(
    NLUResult, text=st.none() | TEXT, locale=st.none() | TEXT, source=st.sampled_from(["native", "alexa", "rasa"]),
    domain=st.none() | TEXT, intent=st.none() | INTENT, alternatives=st.lists(INTENT, max_size=3).map(tuple),
    slots=st.lists(SLOT, max_size=3).map(tuple), user=st.none() | TEXT, session=st.none() | TEXT, novel=st.booleans(),
    complete=st.booleans(), context=st.dictionaries(TEXT, st.integers() | TEXT, max_size=2),
    trace=st.lists(STEP, max_size=3).map(tuple),
)  # fmt: skip


@given(RESULT)
def test_there_and_back(result: NLUResult) -> None:
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result


def test_the_documented_form_to_the_letter() -> None:
    data = golden("native")
    data["alternatives"] = [{"name": "recipe.lookup", "confidence": 0.05}]
    assert result_to_json(read(data)) == data


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_from_a_platform_comes_back(name: str) -> None:
    result = read(golden(name))
    assert read(json.dumps(result_to_json(result))) == result


def test_words_alone_are_enough() -> None:
    assert read({"text": "thai soup", "user": 7}) == NLUResult(text="thai soup", user="7")


def test_half_a_surrogate_pair_can_be_encoded_afterwards() -> None:
    result = read('{"text": "so\\ud83dup", "slots": [{"name": "x", "value": "\\udc00"}]}')
    assert result.text == "so\ufffdup" and result.slots[0].value == "\ufffd"
    json.dumps(result_to_json(result), ensure_ascii=False).encode()


@pytest.mark.parametrize(("path", "value", "message"), [
    ("slots.0.node", "italian",
     'slots[0].node must be TYPE:VALUE, for example ingredient:chicken, but "italian" was given.'),
    ("slots.0.polarity", 0, "slots[0].polarity must be 1 or -1, but 0 was given."),
    ("slots.0.operator", "<", 'slots[0].operator must be one of =, <=, >=, but "<" was given.'),
    ("slots.0.span", [7, 0], "slots[0].span must be [first character, one past the last], but a list was given."),
    ("slots.0.span", [7], "slots[0].span must be [first character, one past the last], but a list was given."),
    ("slots.0.candidates", [["a"]],
     "slots[0].candidates[0] must be a pair of a reading and its confidence, but a list was given."),
    ("slots.0.value", True, "slots[0].value must be a string or a number, but true was given."),
    ("slots.0.value", 10**400, "slots[0].value must be a number, but a number of more than 20 digits was given."),
    ("slots.0.confidence", float("nan"), "slots[0].confidence must be a number, but nan was given."),
    ("slots", {}, "slots must be a list, but an object was given."),
    ("novel", 1, "novel must be true or false, but 1 was given."),
    ("intent", [], "intent must be an object, but a list was given."),
    ("context", [], "context must be an object, but a list was given."),
])  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(changed("native", path, value))
    assert str(error.value) == message
