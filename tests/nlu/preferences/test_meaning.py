"""What the target of a preference means in a catalogue, and which diets can be taught."""

from __future__ import annotations

import pytest

from graphrec.errors import InvalidInputError
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.preferences import checked, diet_named, forbidden, known_diets
from graphrec.nlu.vocabulary import DIETS
from graphrec.ranking.query import NodeRef


def ids(refs: tuple[NodeRef, ...]) -> set[str]:
    return {str(ref) for ref in refs}


@pytest.mark.parametrize(
    ("said", "name"),
    [("vegan", "vegan"), ("Vegetarians", "vegetarian"), ("coeliac", "gluten free"), ("Keto", "low carb"),
     ("gluten-free", "gluten free"), ("lactose intolerant", "dairy free"), ("carnivore", None), ("", None)],
)  # fmt: skip
def test_diets_by_their_spellings(said: str, name: str | None) -> None:
    assert diet_named(said) == name


def test_every_known_diet_is_known_by_its_name() -> None:
    assert [diet_named(name) for name in known_diets()] == list(known_diets())
    assert set(DIETS) < set(known_diets())


def test_a_diet_is_checked_and_anything_else_is_left_alone() -> None:
    assert checked("diet", NodeRef("diet", "Celiac")) == NodeRef("diet", "gluten free")
    for kind, node in (("allergy", NodeRef("ingredient", "x")), ("diet", NodeRef("ingredient", "pork"))):
        assert checked(kind, node) == node  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"'diet:air' is no diet .* diet:vegetarian, .*diet:low carb"):
        checked("diet", NodeRef("diet", "air"))


def test_what_is_kept_out(lexicon: Lexicon) -> None:
    assert ids(forbidden("allergy", NodeRef("ingredient", "Peanuts"), lexicon)) == {"ingredient:peanut"}
    assert ids(forbidden("allergy", NodeRef("ingredient", "seafood"), lexicon)) == {
        "ingredient:fish", "ingredient:shellfish",
    }  # fmt: skip
    assert ids(forbidden("diet", NodeRef("ingredient", "pork"), lexicon)) >= {"ingredient:pork"}
    assert forbidden("diet", NodeRef("diet", "vegan"), lexicon) == lexicon.diet("vegan")
    assert forbidden("diet", NodeRef("diet", "keto"), lexicon) == ()
    for kind in ("like", "dislike"):
        assert forbidden(kind, NodeRef("ingredient", "peanut"), lexicon) == ()  # type: ignore[arg-type]


def test_a_slip_is_forgiven_where_something_must_be_kept_out(lexicon: Lexicon) -> None:
    assert ids(forbidden("allergy", NodeRef("ingredient", "pistacchio"), lexicon)) == {"ingredient:pistachio"}
    assert forbidden("allergy", NodeRef("ingredient", "zorbleberry"), lexicon) == ()
