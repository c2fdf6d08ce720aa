"""What there is to be little of: read from the words, and joined to what was asked before."""

from __future__ import annotations

import pytest

from graphrec.nlu.dialogue import Utterance, join
from graphrec.nlu.parser import RequestParser
from graphrec.ranking.query import GraphQuery


def names(refs: object) -> set[str]:
    return {str(option) for ref in refs for option in (ref if isinstance(ref, tuple) else (ref,))}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "little", "must"),
    [
        ("easy on the garlic", {"ingredient:garlic"}, set()),
        ("chicken, go easy on the garlic", {"ingredient:garlic"}, {"ingredient:chicken"}),
        ("go easy on the garlic and onions", {"ingredient:garlic", "ingredient:onion"}, set()),
        ("go easy on the salt and give me chicken", {"ingredient:salt"}, {"ingredient:chicken"}),
        ("pasta with not too much cream", {"ingredient:cream"}, {"ingredient:pasta"}),
        ("less cheese and more basil", {"ingredient:cheese"}, {"ingredient:basil"}),
        ("light on cheese", {"ingredient:cheese"}, set()),
        ("easy on the nuts", {"ingredient:nut"}, set()),
        ("thai, not too spicy", {"keyword:spicy"}, {"cuisine:thai"}),
        ("I have too many zucchini", set(), {"ingredient:zucchini"}),
        ("don't go easy on the garlic", set(), {"ingredient:garlic"}),
        ("something easy on the grill", set(), set()),
    ],
)
def test_the_food_after_a_word_of_measure(
    parser: RequestParser, text: str, little: set[str], must: set[str]
) -> None:
    parsed = parser.parse(text)
    assert names(parsed.should_not) == names(parsed.query().should_not) == little
    assert names(parsed.must) == must and not parsed.must_not and not parsed.should


def test_an_exclusion_is_more_than_a_little(parser: RequestParser) -> None:
    query = parser.parse("easy on the garlic, in fact no garlic").query()
    assert names(query.must_not) == {"ingredient:garlic"} and not query.should_not


def test_a_food_without_a_node_is_said(parser: RequestParser) -> None:
    parsed = parser.parse("easy on the sambal")
    assert not parsed.should_not and "sambal" in " ".join(parsed.notes)


def test_later_words_win(parser: RequestParser) -> None:
    base = parser.parse("chicken, easy on the garlic").query()

    def after(text: str) -> GraphQuery:
        parsed = parser.parse(text)
        neutral = tuple(ref for span in parsed.spans if span.role == "neutral" for ref in span.refs)
        utterance = Utterance(text, parsed.query(), neutral)
        return join(utterance, base, broader=parser.lexicon.ancestors).query

    assert names(after("and no nuts").should_not) == {"ingredient:garlic"}
    assert not after("with garlic").should_not and "ingredient:garlic" in names(after("with garlic").must)
    assert not after("garlic is fine").should_not
    assert not after("without garlic").should_not and names(after("without garlic").must_not) == {
        "ingredient:garlic"
    }
    assert names(after("easy on the onions too").should_not) == {"ingredient:garlic", "ingredient:onion"}
