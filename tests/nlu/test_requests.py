"""Hand-written requests with the queries they mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import ParsedRequest, RequestParser

REQUESTS = Path(__file__).parent / "data" / "requests.jsonl"
GOLD = [json.loads(line) for line in REQUESTS.read_text(encoding="utf-8").splitlines()]


def expected(row: dict[str, Any], lexicon: Lexicon) -> dict[str, Any]:
    """The gold in the form of :func:`found`; `diet:vegan` stands for the groups that the diet forbids."""
    must_not: set[str] = set()
    for ref in row.get("must_not", []):
        must_not |= {str(r) for r in lexicon.diet(ref[5:])} if ref.startswith("diet:") else {ref}
    return {
        "must": {frozenset(m) if isinstance(m, list) else frozenset([m]) for m in row.get("must", [])},
        "must_not": must_not,
        "should": set(row.get("should", [])),
        "ranges": {key: tuple(bounds) for key, bounds in row.get("ranges", {}).items()},
        "lost": set(row.get("unlinked_exclusions", [])),
    }


def found(request: ParsedRequest) -> dict[str, Any]:
    """What the parser made of a request, for comparison."""
    return {
        "must": {frozenset(map(str, m if isinstance(m, tuple) else [m])) for m in request.must},
        "must_not": set(map(str, request.must_not)),
        "should": set(map(str, request.should)),
        "ranges": dict(request.ranges),
        "lost": set(request.unlinked_exclusions),
    }


def test_the_set_is_large_and_varied() -> None:
    assert len(GOLD) >= 150
    assert len({row["text"].casefold() for row in GOLD}) == len(GOLD)
    assert len({" ".join(row["text"].casefold().split()[:2]) for row in GOLD}) > 120


@pytest.mark.parametrize("row", GOLD, ids=lambda row: row["text"][:60])
def test_no_exclusion_is_missed_and_none_is_invented(
    row: dict[str, Any], parser: RequestParser, lexicon: Lexicon
) -> None:
    want, got = expected(row, lexicon), found(parser.parse(row["text"]))
    assert got["must_not"] == want["must_not"]
    assert got["lost"] == want["lost"]


def test_queries_match_exactly(parser: RequestParser, lexicon: Lexicon) -> None:
    wrong = [r["text"] for r in GOLD if found(parser.parse(r["text"])) != expected(r, lexicon)]
    assert 1 - len(wrong) / len(GOLD) >= 0.97, wrong


def test_spans_say_what_was_understood(parser: RequestParser) -> None:
    text = "Chicken or turkey, maybe with rice, no nuts, under 30 minutes, zorbish"
    spans = {s.text: s.role for s in parser.parse(text).spans}
    assert spans == {
        "Chicken": "must", "turkey": "must", "rice": "should", "nuts": "must_not",
        "under 30 minutes": "range", "zorbish": "unlinked",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("show me chicken soup recipes without nuts under 30 minutes", "chicken soup"),
        ("a zingy vegan curry, no onions", "zingy vegan curry"),
        ("no onions", ""),
    ],
)
def test_the_text_of_the_query_holds_wanted_words_only(parser: RequestParser, text: str, wanted: str) -> None:
    parsed = parser.parse(text)
    assert parsed.text == text
    assert parsed.query().text == wanted


def test_unknown_content_words_are_listed(parser: RequestParser) -> None:
    assert parser.parse("a zingy frobnicated chicken").unlinked == ("zingy", "frobnicated")


def test_an_exclusion_that_links_to_nothing_is_said(parser: RequestParser) -> None:
    parsed = parser.parse("no zorbleberries")
    assert parsed.unlinked_exclusions == ("zorbleberries",)
    note = parsed.query().note
    assert note is not None and "zorbleberries" in note


@pytest.mark.parametrize("text", ["no brazil nut things", "without penuts", "I'm allergic to almnds"])
def test_an_exclusion_that_nearly_links_is_widened(parser: RequestParser, text: str) -> None:
    parsed = parser.parse(text)
    assert any(r.id in ("nut", "tree nut", "peanut", "almond") for r in parsed.must_not)


def test_what_is_excluded_is_not_required(parser: RequestParser) -> None:
    parsed = parser.parse("vegan cheese pizza")
    assert "ingredient:cheese" not in map(str, parsed.must)
    assert any("cheese" in note for note in parsed.notes)
