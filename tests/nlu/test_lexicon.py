"""Spellings, groups and diets against what a cook would say they are."""

from __future__ import annotations

import pytest

from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.spelling import Speller, within
from tests.nlu.nodes import INGREDIENTS, lexicon, nodes
from tests.speed import processor_seconds, slowness

FLESH = {
    "bacon",
    "beef",
    "chicken",
    "turkey",
    "lamb",
    "ham",
    "pork",
    "steak",
    "sausage",
    "ground beef",
    "chicken broth",
}
SEA = {
    "anchovy",
    "salmon",
    "tuna",
    "cod",
    "shrimp",
    "crab",
    "clam",
    "mussel",
    "oyster",
    "scallop",
    "fish sauce",
}
MILK = {"butter", "cream", "milk", "cheddar cheese", "feta cheese", "yogurt", "sour cream", "cream cheese"}
PLANTS = {
    "rice",
    "tomato",
    "onion",
    "chickpea",
    "lentil",
    "tofu",
    "olive oil",
    "coconut milk",
    "eggplant",
    "peanut butter",
}


@pytest.mark.parametrize(
    ("diet", "out", "kept"),
    [
        ("vegetarian", FLESH | SEA, PLANTS | MILK | {"egg", "honey"}),
        ("vegan", FLESH | SEA | MILK | {"egg", "honey", "mayonnaise"}, PLANTS),
        ("pescatarian", FLESH, SEA | MILK | PLANTS | {"egg"}),
        ("gluten free", {"bread", "pasta", "soy sauce"}, {"rice", "quinoa", "potato", "chicken"}),
        ("dairy free", MILK, PLANTS | FLESH),
        ("halal", {"pork", "bacon", "ham", "red wine", "rum", "beer"}, {"beef", "lamb", "rice", "salmon"}),
        ("kosher", {"pork", "bacon", "shrimp", "crab", "clam"}, {"beef", "lamb", "rice"}),
    ],
)
@pytest.mark.parametrize("hierarchical", [True, False])
def test_a_diet_forbids_what_it_should(diet: str, out: set[str], kept: set[str], hierarchical: bool) -> None:
    words = lexicon() if hierarchical else Lexicon(nodes())
    banned = set(words.diet(diet))
    hit = {
        name
        for name in INGREDIENTS
        for ref in words.lookup(name).refs  # type: ignore[union-attr]
        if name and (ref in banned or banned & set(words.ancestors(ref)))
    }
    assert out <= hit
    assert not kept & hit


@pytest.mark.parametrize(
    ("said", "node"),
    [
        ("scallion", "green onion"), ("prawn", "shrimp"), ("garbanzo bean", "chickpea"),
        ("aubergine", "eggplant"),
        ("courgette", "zucchini"), ("parmesan", "parmesan cheese"),
        ("mayo", "mayonnaise"), ("penut", "peanut"),
    ],
)  # fmt: skip
def test_other_names_lead_to_the_node(lexicon: Lexicon, said: str, node: str) -> None:
    entry = lexicon.lookup(said)
    assert entry is not None and [r.id for r in entry.refs] == [node]


def test_a_word_with_two_meanings_keeps_both() -> None:
    entry = Lexicon([("keyword", "turkey", ""), ("ingredient", "turkey", "Turkey")]).lookup("turkey")
    assert entry is not None and entry.type == "ingredient"
    assert [str(r) for r in entry.alternatives] == ["keyword:turkey"]


def test_names_count_where_ids_are_opaque() -> None:
    entry = Lexicon([("ingredient", "m.0x7", "Crème-fraîche Légère")]).lookup("creme fraiche legere")
    assert entry is not None and entry.refs[0].id == "m.0x7"


def test_without_a_hierarchy_an_exclusion_lists_every_kind() -> None:
    entry = Lexicon(nodes()).lookup("nut")
    assert entry is not None
    assert {"nut", "almond", "walnut", "peanut", "peanut butter"} <= {r.id for r in entry.excluded}
    assert not {"nutmeg", "coconut", "butternut squash"} & {r.id for r in entry.excluded}


def test_near_spellings_are_those_within_the_limit() -> None:
    assert (
        within("almond", "almnod", 1) and within("walnut", "walnt", 1) and not within("almond", "salmon", 1)
    )
    speller = Speller(["almond", "salmon", "walnut", "peanut"])
    assert speller.near("almnd", limit=1) == ("almond",)
    assert speller.near("zzzzzz", limit=2) == () and speller.near("nut", limit=2) == ()


def test_ten_thousand_nodes_are_indexed_quickly() -> None:
    rows = [
        ("keyword" if n % 3 else "ingredient", f"thing number {n}", f"Thing Number {n}")
        for n in range(10_000)
    ]
    fastest = min(processor_seconds(lambda: Lexicon(rows)) for _ in range(3))
    assert fastest < 0.25 * slowness()
