"""Requests made over the real recipe catalogue say exactly what they were made from, in either group of wordings."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import Catalogue
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.phrasing import HELD_OUT, TRAIN, make_request
from graphrec.nlu.vocabulary import EXCLUDED_WITH, HARD_WIDER
from graphrec.ranking.catalogue_from_snapshot import build_catalogue
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.store import GraphStore
from graphrec.store.importers import import_recipes
from graphrec.store.snapshot_write import write_snapshot
from graphrec.training.request_examples import RequestMaker
from tests.conftest import require_data

COUNT = 750
"""Requests made per group of wordings."""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    source, folder = require_data("recipes/recipes.jsonl.gz"), tmp_path_factory.mktemp("real")
    recipes = folder / "recipes.jsonl"
    recipes.write_bytes(gzip.decompress(source.read_bytes()))
    with GraphStore.open(f"sqlite:///{folder / 'recipes.db'}") as store:
        import_recipes(store, recipes)
        return build_catalogue(write_snapshot(store, Path(folder) / "snapshots"))


@pytest.fixture(scope="module")
def parser(catalogue: Catalogue) -> RequestParser:
    return RequestParser(Lexicon.from_catalogue(catalogue))


def difference(parser: RequestParser, text: str, gold: GraphQuery) -> str:
    """What the parse of a request misses or adds; empty when nothing. Excluded ingredients may exclude the dish
    of the same name, too.
    """
    parsed = parser.parse(text)
    names = {ref.id for ref in gold.must_not}
    names |= {other for ref in gold.must_not for other in (*EXCLUDED_WITH.get(ref.id, ()), *HARD_WIDER.get(ref.id, ()))}
    extra = {r for r in parsed.must_not if r.id not in names} - {*gold.must_not}
    lost = {*gold.must_not} - {*parsed.must_not}
    if {*parsed.must} == {*gold.must} and not extra and not lost:
        return ""
    return f"{text!r}: must {parsed.must}, lost {lost}, invented {extra}"


@pytest.mark.parametrize("wordings", [TRAIN, HELD_OUT], ids=["train", "held out"])
def test_made_requests_parse_back(
    catalogue: Catalogue, parser: RequestParser, wordings: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(len(wordings))
    maker = RequestMaker(catalogue, rng, wordings=wordings, keep_words=True)
    made = 0
    while made < COUNT:
        gold = maker.query(int(rng.integers(catalogue.num_items)), None)
        if gold is not None:
            made += 1
            assert not difference(parser, gold.text, gold)


def nodes_of(catalogue: Catalogue, kind: str) -> list[str]:
    code = catalogue.types.index(kind)
    return [catalogue.attribute_ids[n] for n in np.flatnonzero(catalogue.attribute_type == code).tolist()]


@pytest.mark.parametrize("wordings", [TRAIN, HELD_OUT], ids=["train", "held out"])
def test_every_cuisine_stands_before_what_is_cooked(
    catalogue: Catalogue, parser: RequestParser, wordings: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(0)
    cuisines = nodes_of(catalogue, "cuisine")
    assert {"cajun and creole", "australian and new zealander"} <= {*cuisines}
    for wording in (w for w in wordings if "{cuisine}" in w):
        for cuisine in cuisines:
            must = [NodeRef("cuisine", cuisine), NodeRef("ingredient", "honey")]
            must_not = [NodeRef("ingredient", "salsa")]
            text = make_request(rng, must, must_not, "dessert", {}, [wording])
            gold = GraphQuery(must=(*must, NodeRef("course", "dessert")), must_not=tuple(must_not))
            assert not difference(parser, text, gold)


def test_every_ingredient_is_excluded_by_its_name_in_any_place_of_a_list(
    catalogue: Catalogue, parser: RequestParser
) -> None:
    names = nodes_of(catalogue, "ingredient")
    rng = np.random.default_rng(1)
    lost = []
    for one, two in zip(rng.permutation(names).tolist(), rng.permutation(names).tolist(), strict=True):
        wanted = NodeRef("ingredient", "coffee granule")
        gold = GraphQuery(must_not=(NodeRef("ingredient", one), NodeRef("ingredient", two)))
        text = make_request(rng, [], gold.must_not, None, {}, [HELD_OUT[7]]) + ", with coffee granules"
        excluded = {*parser.parse(text).must_not}
        lost += [text] if not {*gold.must_not} <= excluded or wanted in excluded else []
    assert not lost


@pytest.mark.parametrize(
    ("text", "must", "must_not"),
    [
        ("kosher salt recipes", {"kosher salt"}, set()),
        ("a recipe with vegan butter", {"vegan butter"}, set()),
        ("chicken with gluten-free flour", {"chicken", "gluten free flour"}, set()),
        ("no gluten-free flour", set(), {"gluten free flour"}),
        ("gluten-free flour recipes", {"flour"}, {"gluten"}),
        ("vegan butter cookies", set(), {"dairy", "egg", "honey", "gelatin", "meat", "seafood"}),
        ("cookie recipes", set(), set()),
        ("I want a soup", set(), set()),
        ("tomato soup recipes", {"tomato"}, set()),
        ("something with tomato soup", {"tomato soup"}, set()),
        ("I have salsa and cookies, what can I make?", {"salsa", "cookie"}, set()),
        ("can I have cookies", set(), set()),
        ("crackers and vegetable soup in the fridge: what now", {"cracker", "vegetable soup"}, set()),
        ("my guest hates candy, salsa and cookies", set(), {"candy", "salsa", "cookie"}),
        ("chicken with peas and carrots", {"chicken", "pea", "carrot"}, set()),
        ("no peas and carrots", set(), {"pea", "carrot"}),
        ("peanut-free dinner with almonds", {"almond"}, {"peanut"}),
        ("shellfish-free dinner with salmon", {"salmon"}, {"shellfish"}),
        ("nut-free dinner with almonds", set(), {"nut"}),
        ("wheat-free with soy sauce", set(), {"wheat"}),
    ],
)
def test_names_of_ingredients(parser: RequestParser, text: str, must: set[str], must_not: set[str]) -> None:
    parsed = parser.parse(text)
    wanted = {
        r for r in parsed.must if isinstance(r, tuple) or r.type == "ingredient"
    }  # "soup" may be a course
    assert wanted == {NodeRef("ingredient", name) for name in must}
    assert {r.id for r in parsed.must_not if r.type == "ingredient"} == must_not
