"""Requests made in words say what they were made from."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.phrasing import HELD_OUT, TRAIN, make_request
from graphrec.nlu.vocabulary import HARD_WIDER
from graphrec.ranking.query import NodeRef
from tests.nlu.nodes import CUISINES, INGREDIENTS

NAMES = [name for name in INGREDIENTS if name]
COURSES = ["appetizer", "breakfast", "dessert", "main dish", "side dish"]


def test_the_groups_are_disjoint_and_large() -> None:
    assert len({*TRAIN, *HELD_OUT}) == len(TRAIN) + len(HELD_OUT) >= 25


@pytest.mark.parametrize("wording", [*TRAIN, *HELD_OUT])
def test_every_wording_parses_back(wording: str, parser: RequestParser) -> None:
    rng = np.random.default_rng(len(wording))
    for _ in range(40):
        names = [str(n) for n in rng.permutation(NAMES)[:6]]
        must = [NodeRef("ingredient", n) for n in names[: rng.integers(1, 4)]]
        above = {a for ref in must for a in parser.lexicon.ancestors(ref)}
        names = [n for n in names if n not in HARD_WIDER]  # some wordings are allergies, which exclude more
        excluded = [NodeRef("ingredient", n) for n in names[3 : 3 + rng.integers(1, 3)]]
        must_not = [r for r in excluded if r not in above]
        spare = [NodeRef("ingredient", n) for n in ("rum", "lamb", "kale", "leek")]
        must_not = must_not or [r for r in spare if r not in must][:1]
        if rng.random() < 0.5:
            must.append(NodeRef("cuisine", str(rng.choice(CUISINES))))
        course = str(rng.choice(COURSES)) if rng.random() < 0.5 else None
        ranges: dict[str, tuple[float | None, float | None]] = {}
        if rng.random() < 0.5:
            ranges["total_minutes"] = (None, float(rng.choice([15, 30, 45, 60, 90])))
        if rng.random() < 0.5:
            ranges["calories"] = (None, float(rng.choice([200, 350, 500])))
        if rng.random() < 0.5:
            ranges["servings"] = (4.0, 4.0)
        text = make_request(rng, must, must_not, course, ranges, [wording])
        parsed = parser.parse(text)
        wanted = {*must, *([NodeRef("course", course)] if course else [])}
        assert set(parsed.must) == wanted, text
        assert set(parsed.must_not) == set(must_not), text
        assert dict(parsed.ranges) == ranges, text


def test_parts_that_no_wording_says_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InvalidInputError, match="calories"):
        make_request(rng, [], [], None, {"calories": (100.0, 200.0)})
    with pytest.raises(InvalidInputError, match="ingredients"):
        make_request(rng, [NodeRef("keyword", "stew")], [], None, {})


def test_the_same_seed_says_the_same() -> None:
    refs = [NodeRef("ingredient", "rice")]
    said = [make_request(np.random.default_rng(7), refs, [], None, {}, HELD_OUT) for _ in range(2)]
    assert said[0] == said[1] and "rice" in said[0]
