"""Queries and lists in words, written out by hand."""

from __future__ import annotations

import pytest

from graphrec.nlu.handler import wording
from graphrec.nlu.handler.wording import Wording
from graphrec.nlu.plan import TaughtPreference
from graphrec.nlu.recommender import Recommender
from graphrec.ranking.query import GraphQuery, NodeRef


@pytest.fixture(scope="module")
def words(recommender: Recommender) -> Wording:
    return Wording(recommender.catalogue, recommender.lexicon)


@pytest.mark.parametrize(
    ("request_text", "said"),
    [
        ("thai main dishes with chicken, no peanuts, under 30 minutes",
         "Thai main dish with chicken, without peanut, in up to 30 minutes"),
        ("chicken or turkey", "with chicken or turkey"),
        ("vegetarian soup without garlic", "soup, vegetarian, without garlic"),
        ("vegan food", "vegan"),
        ("no garlic, onions, eggs, fish or lamb", "without garlic, onion, egg and 2 other things"),
        ("at least 20 minutes", "at least 20 minutes"),
        ("between 20 and 40 minutes", "20 to 40 minutes"),
        ("maybe thai", "ideally Thai"),
        ("chicken, easy on the garlic", "with chicken, easy on garlic"),
        ("up to 22.5 minutes", "in up to 22 minutes"),
        ("at least 22.5 minutes", "at least 23 minutes"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_query_in_words(recommender: Recommender, words: Wording, request_text: str, said: str) -> None:
    assert words.query(recommender.understand(request_text, GraphQuery())) == said


def test_items_are_named_by_title_and_never_in_a_query(words: Wording) -> None:
    item = NodeRef("recipe", "pad-thai")
    assert words.name(item) == "Pad Thai" and words.name(NodeRef("recipe", "gone")) == "gone"
    assert words.query(GraphQuery(must_not=(item,))) == ""


def test_preferences_read_back(words: Wording) -> None:
    node = NodeRef("ingredient", "peanut")
    assert words.taught(TaughtPreference("allergy", node)) == "you are allergic to peanut"
    assert words.taught(TaughtPreference("diet", NodeRef("diet", "vegan"))) == "you eat vegan"


@pytest.mark.parametrize(
    ("titles", "more", "said"),
    [
        (["A"], False, "I found one: A."), (["A"], True, "One more: A."),
        (["A", "B"], False, "How about these: A or B."), (["A", "B", "C"], True, "Here are three more: A, B or C."),
        (["A", "B", "C", "D"], False, "I found four, among them A, B and C."),
        (list("ABCDEFGHIJKLM"), True, "Here are 13 more, among them A, B and C."),
    ],
)  # fmt: skip
def test_a_list_aloud(titles: list[str], more: bool, said: str) -> None:
    assert wording.found(titles, more=more) == said
