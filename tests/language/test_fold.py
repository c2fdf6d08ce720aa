"""Folding against words whose singular is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.language.fold import fold, singular, tokens

SINGULARS = {
    "tomatoes": "tomato", "potatoes": "potato", "berries": "berry", "cherries": "cherry", "leaves": "leaf",
    "loaves": "loaf", "halves": "half", "radishes": "radish", "peaches": "peach", "sandwiches": "sandwich",
    "olives": "olive", "chives": "chive", "cloves": "clove", "cheeses": "cheese", "sauces": "sauce",
    "boxes": "box",
    "glasses": "glass", "pies": "pie", "cookies": "cookie", "brownies": "brownie", "peas": "pea",
    "eggs": "egg",
    "oats": "oat", "molasses": "molasses", "couscous": "couscous", "hummus": "hummus",
    "asparagus": "asparagus",
    "swiss": "swiss", "bass": "bass", "citrus": "citrus", "schnapps": "schnapps", "octopus": "octopus",
    "zucchinis": "zucchini", "kiwis": "kiwi", "quiches": "quiche", "watercress": "watercress",
    "geese": "goose",
    "lemongrass": "lemongrass", "mangoes": "mango", "avocados": "avocado", "shoes": "shoe",
    "anchovies": "anchovy",
}  # fmt: skip


@pytest.mark.parametrize(("plural", "one"), SINGULARS.items())
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one
    assert singular(one) == one


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème Fraîche", "creme fraiche"), ("All-Purpose Flour", "all purpose flour"), ("JALAPEÑOS",
        "jalapeno"),
        ("Confectioners' Sugar", "confectioner sugar"), ("confectioner’s sugar", "confectioner sugar"),
        ("Salt & Pepper", "salt and pepper"), ("Frank's® RedHot™", "frank redhot"), ("", ""), ("🍕", ""),
        ("Straße", "strasse"), ("half-and-half", "half and half"), ("gruyère/comté", "gruyere comte"),
    ],
)  # fmt: skip
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=60))
def test_fold_never_fails_and_gives_plain_words(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert tokens(text) == folded.split()


def test_every_vocabulary_id_is_its_own_fold() -> None:
    from graphrec.language.vocabulary import load_vocabulary

    vocabulary = load_vocabulary()
    assert [ident for ident in vocabulary.entries if fold(ident) != ident] == []
    assert [s for s in vocabulary.spellings if fold(s) != s] == []
