"""No way of excluding loses a member of its list, whatever kind of name stands in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.language.taxonomy import load_taxonomy
from graphrec.nlu.cues import CUES, Cue
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from graphrec.ranking.query import NodeRef

FOODS = [
    "almond", "orange juice", "soy sauce", "candy", "salsa", "cookie", "soup", "cake", "tomato soup", "kosher salt",
    "vegan butter", "gluten free flour", "half and half", "tomato with green chile", "snack", "spread", "ice", "salt",
    "all purpose seasoning", "cream of mushroom soup", "cheddar cheese",
]  # fmt: skip
TITLE_WORDS = ["candy", "salsa", "cookie", "soup", "cake", "cut out", "tomato soup", "vegan", "chili"]
NODES = [("ingredient", name, "") for name in FOODS] + [("keyword", name, "") for name in TITLE_WORDS]
NODES += [("course", "dessert", ""), ("cuisine", "cajun and creole", "")]
PARSER = RequestParser(Lexicon(NODES))

BEFORE = [
    " ".join(words) for rows in CUES.values() for words, cue in rows if cue is Cue.NOT and words != ("non",)
]
BEFORE += [
    "allergic to",
    "allergy to",
    "intolerant to",
    "I don't eat",
    "can't have",
    "does not contain",
    "nobody eats",
]
AFTER = [" ".join(words) for rows in CUES.values() for words, cue in rows if cue is Cue.AFTER_NOT]
AFTER += ["allergy", "allergies", "intolerance"]
LISTS = ["{}", "{} and {}", "{} or {}", "{} & {}", "{} as well as {}", "{}, {} and {}", "{}, {}, or {}"]
TAILS = ["", ": find a recipe with cheddar cheese", ", so suggest recipes with salt", ". Soup recipes"]


def lost(text: str, names: list[str]) -> set[str]:
    excluded = PARSER.parse(text).must_not
    return {name for name in names if NodeRef("ingredient", name) not in excluded}


@pytest.mark.parametrize("cue", BEFORE)
def test_an_exclusion_before_a_list_holds_for_all_of_it(cue: str) -> None:
    for at, form in enumerate(LISTS):
        for shift in range(at % 3, len(FOODS), 3):
            names = [FOODS[(shift + step * (at + 1)) % len(FOODS)] for step in range(form.count("{}"))]
            text = f"{cue} {form.format(*names)}"
            assert not lost(text, names), text


@pytest.mark.parametrize("cue", AFTER)
@pytest.mark.parametrize("form", ["{}", "{} and {}", "{} & {}", "{}, {} and {}"])
def test_an_exclusion_after_a_list_holds_for_all_of_it(cue: str, form: str) -> None:
    for shift in range(0, len(FOODS), 2):
        names = [FOODS[(shift + 4 * step) % len(FOODS)] for step in range(form.count("{}"))]
        text = f"{form.format(*names)} {cue}"
        if cue not in ("omitted", "removed", "excluded", "left out") or "," not in form:
            assert not lost(text, names), text


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(BEFORE), st.sampled_from(LISTS), st.lists(st.sampled_from(FOODS), min_size=3, max_size=3),
    st.sampled_from(TAILS),
)  # fmt: skip
def test_what_follows_a_list_takes_nothing_from_it(cue: str, form: str, names: list[str], tail: str) -> None:
    said = names[: form.count("{}")]
    assert not lost(f"{cue} {form.format(*said)}{tail}", said)


def test_an_id_wins_over_names_and_aliases_of_other_nodes() -> None:
    nodes = [
        ("ingredient", "x1", "Cilantro"), ("ingredient", "cilantro", "Fresh cilantro"), ("ingredient", "greens", ""),
        ("ingredient", "green", ""),
    ]  # fmt: skip
    parser = RequestParser(Lexicon(nodes, aliases=[("cilantro", 0), ("green", 0)]))
    for said in ("cilantro", "greens"):
        assert parser.parse(f"rice with {said}").must == (NodeRef("ingredient", said),)
    assert {r.id for r in parser.parse("no cilantro").must_not} == {"x1", "cilantro"}


def test_a_wish_is_met_by_kinds_and_an_exclusion_reaches_parts() -> None:
    lexicon = Lexicon(
        [("ingredient", name, "") for name in ("anchovy", "salmon", "worcestershire sauce", "rice")]
    )
    fish = lexicon.lookup("fish")
    assert fish is not None
    assert {r.id for r in fish.refs} == {"anchovy", "salmon"}
    assert {r.id for r in fish.excluded} >= {"anchovy", "salmon"}
    banned = {*fish.excluded}
    assert banned & {*lexicon.ancestors(NodeRef("ingredient", "worcestershire sauce"))} or (
        NodeRef("ingredient", "worcestershire sauce") in banned
    )


def test_no_group_of_the_taxonomy_is_below_itself() -> None:
    taxonomy = load_taxonomy()
    for name in taxonomy.is_a:
        assert not [a for a in taxonomy.ancestors(name) if name in taxonomy.ancestors(a)]
    assert "peanut" not in taxonomy.ancestors("almond") and "tree nut" not in taxonomy.ancestors("peanut")
    assert "shellfish" not in taxonomy.ancestors("salmon") and "fish" not in taxonomy.ancestors("shrimp")
