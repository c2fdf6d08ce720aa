"""Wordings of everyday speech that leave a food out, and near ones that do not."""

from __future__ import annotations

import pytest

from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from graphrec.ranking.query import NodeRef

FOODS = [
    "egg", "chicken", "mushroom", "prawn", "sugar", "honey", "syrup", "broccoli", "olive", "mayonnaise", "raisin",
    "nut", "walnut", "peanut", "lentil", "okra", "mango", "dairy", "garlic", "onion", "tofu", "beetroot", "aubergine",
    "fish", "pork", "shellfish", "rice", "celery", "kiwi", "cheese", "tomato", "beef", "banana",
]  # fmt: skip
NODES = [("ingredient", name, "") for name in FOODS]
NODES += [("course", name, "") for name in ("soup", "salad", "dessert", "main dish", "sandwich", "breakfast")]
NODES += [("cuisine", name, "") for name in ("indian", "italian", "thai")]
PARSER = RequestParser(Lexicon(NODES))

EXCLUDED = [
    ("he's off mushrooms, soup please", "mushroom", "course:soup"),
    ("my sister's off prawns at the moment", "prawn", None),
    ("Dad's completely off beetroot, italian please", "beetroot", "cuisine:italian"),
    ("they're off chicken for Lent, thai food", "chicken", "cuisine:thai"),
    ("my aunt is off cheese since January", "cheese", None),
    ("um no honey if you know what I mean no syrup", "honey", None),
    ("um no honey if you know what I mean no syrup", "syrup", None),
    ("no onion, you see what I mean, no garlic no nothing", "onion", None),
    ("aubergine gives me the creeps", "aubergine", None),
    ("okra gives my brother the ick, indian please", "okra", "cuisine:indian"),
    ("olives give her the horrors, salad please", "olive", "course:salad"),
    ("tofu gave me the willies, what about soup", "tofu", "course:soup"),
    ("beetroot just gives us the heebie jeebies", "beetroot", None),
    ("celery gives him nightmares", "celery", None),
    ("anti-raisin family, dessert please", "raisin", "course:dessert"),
    ("I'm very anti tofu", "tofu", None),
    ("anti-mushroom but pro-soup", "mushroom", "course:soup"),
    ("salad, as long as walnuts are nowhere near it", "walnut", "course:salad"),
    ("I want olives nowhere near my salad", "olive", None),
    ("indian dessert with raisins nowhere to be seen", "raisin", "course:dessert"),
    ("soup, celery nowhere in sight", "celery", "course:soup"),
    ("we follow kashruth, rice tonight", "pork", "ingredient:rice"),
    ("my in-laws observe kashrut", "shellfish", None),
    ("she keeps kosher and wants soup", "pork", "course:soup"),
    ("he thinks broccoli is punishment; soup without it", "broccoli", "course:soup"),
    ("my kids think lentils are torture, rice without them", "lentil", "ingredient:rice"),
    ("she says okra is poison. indian without it", "okra", "cuisine:indian"),
    ("he claims aubergines are an abomination", "aubergine", None),
    ("she swells up if she so much as looks at kiwi", "kiwi", None),
    ("I swell up from walnuts; dessert please", "walnut", "course:dessert"),
    ("he comes out in hives if he even touches mango", "mango", None),
    ("I end up in hospital if I so much as sniff peanuts. thai please", "peanut", "cuisine:thai"),
    ("she throws up if she smells egg", "egg", None),
    ("something for a friend with an egg problem", "egg", None),
    ("my partner has dairy issues, what dessert", "dairy", "course:dessert"),
    ("I've trouble with dairy", "dairy", None),
    ("he struggles with garlic; italian please", "garlic", "cuisine:italian"),
    ("my mother has difficulty with nuts. breakfast ideas", "nut", "course:breakfast"),
    ("I have trouble digesting onions", "onion", None),
    ("she's got a problem with shellfish", "shellfish", None),
    ("he gags at bananas, breakfast please", "banana", "course:breakfast"),
    ("mushrooms make me want to hurl", "mushroom", None),
    ("celery tastes like soap to me, salad please", "celery", "course:salad"),
    ("beetroot sets off my allergies; soup", "beetroot", "course:soup"),
    ("her face puffs up with kiwi", "kiwi", None),
    ("I come over all funny with shellfish", "shellfish", None),
    ("the kids turn their noses up at fish", "fish", None),
    ("my son has a phobia about eggs", "egg", None),
    ("I draw the line at okra", "okra", None),
    ("count me out on the olives", "olive", None),
    ("prawns and I don't see eye to eye", "prawn", None),
    ("dairy and I broke up", "dairy", None),
    ("dairy doesn't love me back", "dairy", None),
    ("tofu freaks me out, thai please", "tofu", "cuisine:thai"),
    ("olives are the work of the devil", "olive", None),
]


@pytest.mark.parametrize(("text", "excluded", "wanted"), EXCLUDED)
def test_what_is_spoken_against_is_left_out(text: str, excluded: str, wanted: str | None) -> None:
    parsed = PARSER.parse(text)
    assert NodeRef("ingredient", excluded) in parsed.must_not
    assert NodeRef("ingredient", excluded) not in (*parsed.must, *parsed.should)
    if wanted is not None:
        assert NodeRef(*wanted.split(":")) in parsed.must


NOT_EXCLUDED = [
    ("she's off to work, chicken please", "ingredient:chicken"),
    ("nowhere near enough garlic in this house", "ingredient:garlic"),
    ("anti inflammatory soup", "course:soup"),
    ("I have a problem: only chicken left", "ingredient:chicken"),
    ("trouble with my oven, salad please", "course:salad"),
    ("my kid has trouble with maths, chicken please", "ingredient:chicken"),
    ("what's the issue? give me beef", "ingredient:beef"),
]


@pytest.mark.parametrize(("text", "wanted"), NOT_EXCLUDED)
def test_the_same_words_beside_the_point_exclude_nothing(text: str, wanted: str) -> None:
    parsed = PARSER.parse(text)
    assert NodeRef(*wanted.split(":")) in parsed.must
    assert not parsed.must_not


@pytest.mark.parametrize(
    "text", ["no problem with nuts", "I don't have a problem with nuts", "we have no trouble with nuts"]
)
def test_no_trouble_is_no_exclusion(text: str) -> None:
    assert not PARSER.parse(text).must_not


def test_an_exclusion_is_taken_back_in_so_many_words_only() -> None:
    tomato = NodeRef("ingredient", "tomato")
    assert PARSER.parse("without tomato, ah no, with tomato").must == (tomato,)
    for text in ("no tomato, I mean tomato!", "can't have tomato, ah no, with tomato"):
        assert tomato in PARSER.parse(text).must_not


@pytest.mark.parametrize("sound", ["um", "er", "oh", "hmm"])
def test_a_hesitation_before_an_exclusion_is_no_correction(sound: str) -> None:
    excluded = PARSER.parse(f"no chicken, {sound} no added sugar").must_not
    assert {ref.id for ref in excluded} >= {"chicken", "sugar"}


def test_what_is_short_of_ends_the_list() -> None:
    parsed = PARSER.parse("please no dessert and no soup, it's a salad I'm short of")
    assert parsed.must == (NodeRef("course", "salad"),)
    assert NodeRef("course", "soup") in parsed.must_not
