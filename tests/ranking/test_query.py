from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError
from graphrec.ranking import GraphQuery, NodeRef

WORD = st.text("abc :'\"é🍜", min_size=1, max_size=6).filter(lambda t: t.strip() == t)
REF = st.builds(NodeRef, WORD.filter(lambda t: ":" not in t), WORD)
BOUND = st.none() | st.floats(-5, 5)
QUERIES = st.builds(
    GraphQuery, user=st.none() | WORD,
    must=st.lists(REF | st.lists(REF, max_size=3).map(tuple), max_size=3).map(tuple),
    must_not=st.lists(REF, max_size=3).map(tuple), should=st.lists(REF, max_size=3).map(tuple),
    ranges=st.dictionaries(WORD, st.tuples(BOUND, BOUND), max_size=2), text=st.just("") | WORD,
    k=st.integers(0, 99), exclude_seen=st.booleans(),
    candidates=st.none() | st.lists(WORD, max_size=3).map(tuple), note=st.none() | WORD,
)  # fmt: skip


@given(QUERIES)
def test_json_and_back(query):
    assert GraphQuery.from_json(json.loads(json.dumps(query.to_json()))) == query


def test_parsing_a_reference():
    assert NodeRef.parse("ingredient: chicken breast ") == NodeRef("ingredient", "chicken breast")
    assert NodeRef.parse("link:http://x") == NodeRef("link", "http://x")
    assert str(NodeRef("cuisine", "thai")) == "cuisine:thai"


@pytest.mark.parametrize("text", ["", "chicken", ":chicken", "ingredient:", " : "])
def test_what_is_no_reference(text):
    with pytest.raises(InvalidInputError, match="TYPE:VALUE"):
        NodeRef.parse(text)


@pytest.mark.parametrize("data", [
    {"k": -1}, {"k": 2.5}, {"k": True}, {"k": "3"},
    {"must": "ingredient:x"}, {"must": [3]}, {"must_not": [["a:b"]]},
    {"ranges": {"t": 3}}, {"ranges": {"t": [1]}}, {"ranges": {"t": ["1", None]}}, {"exclude_seen": "yes"},
    {"must-not": ["a:b"]}, {"ranges": {"t": [float("nan"), None]}}, {"candidates": "r1"},
])  # fmt: skip
def test_bad_values_are_named(data):
    with pytest.raises(InvalidInputError):
        GraphQuery.from_json(data)


def test_other_forms_of_the_same():
    query = GraphQuery.from_json({
        "must": [{"type": "cuisine", "id": "thai"}, ["a:1", "a:2"]], "ranges": {"t": {"max": 30}},
        "candidates": None, "text": None,
    })  # fmt: skip
    assert query.must == (NodeRef("cuisine", "thai"), (NodeRef("a", "1"), NodeRef("a", "2")))
    assert query.ranges == {"t": (None, 30)} and query.candidates is None and query.text == ""


def test_taking_a_wish_out():
    a, b, c = (NodeRef("x", letter) for letter in "abc")
    query = GraphQuery(must=(a, (a, b)), should=(a, c))
    assert query.refs() == (a, b, c)
    assert query.without(a) == GraphQuery(must=((b,),), should=(c,))
