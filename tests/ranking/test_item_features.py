"""Bags of words against a plain TF-IDF, and the proof that nothing enters that only trained items can have."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import CorruptionError
from graphrec.ranking.item_features import FIELDS, ItemFeatures, read_item
from graphrec.ranking.item_features import fit_features as fit_read
from graphrec.sparse.strings import Strings
from graphrec.store import GraphStore
from graphrec.store.importers import import_interactions, import_recipes
from graphrec.store.records import ItemAttribute, ItemRecord

EVEN = (1.0,) * len(FIELDS)
DISHES = {
    "lemon cake": "1 cup flour\n2 lemons", "lemon tart": "2 cups flour\n3 lemons", "apple cake": "1 apple\n1 cup flour",
    "beef stew": "1 pound beef\n2 carrots", "beef pie": "1 pound beef\n1 cup flour", "carrot soup": "5 carrots",
}  # fmt: skip


def item(
    name: str | None, lines: str = "", *, prose: str = "", attributes: Sequence[ItemAttribute] = ()
) -> ItemRecord:
    texts = {key: text for key, text in (("ingredients", lines), ("instructions", prose)) if text}
    return ItemRecord("1", name, {}, texts, tuple(attributes), frozenset({"contains"}))


RECORDS = [item(name, lines) for name, lines in DISHES.items()]


def fit_features(records: Sequence[ItemRecord], weights: Sequence[float], **options: Any) -> ItemFeatures:
    return fit_read([read_item(record) for record in records], weights, **options)


def fitted(weights: Sequence[float] = EVEN) -> ItemFeatures:
    return fit_features(RECORDS, weights, most=100, min_items=2, max_share=0.7)


def test_bags_are_plain_tfidf_per_field_of_unit_length() -> None:
    features = fitted((1, 0, 3, 0, 0, 0))
    dense = features.bags([item("Lemon stew", "1 pound beef\n2 lemons\n1 cup flour")]).to_scipy().toarray()[0]
    # title: lemon is in 2 of 6 titles; "stew" in one, so it is unknown. lines: beef 2, lemon 2, flour 4 of 6
    rare, common = math.log(7 / 3), math.log(7 / 5)
    pound = rare  # in two lines as well
    cup = common
    lines = np.array([rare, rare, common, cup, pound])
    expected = {"title\x1flemon": math.sqrt(1 / 4)}
    for word, value in zip(("beef", "lemon", "flour", "cup", "pound"), lines, strict=True):
        expected[f"lines\x1f{word}"] = math.sqrt(3 / 4) * value / np.linalg.norm(lines)
    found = {word: dense[place] for place, word in enumerate(features.words) if dense[place] > 0}
    assert found == pytest.approx(expected, rel=1e-5)
    assert np.linalg.norm(dense) == pytest.approx(1.0, rel=1e-5)


def test_pairs_close_over_words_that_are_too_common() -> None:
    records = [
        item(None, f"2 cups {kind} sugar") for kind in ("brown", "brown", "brown", "white", "cane", "palm")
    ]
    features = fit_features(records, EVEN, most=100, min_items=2, max_share=0.6)
    words = list(features.words)
    assert "lines\x1fbrown" in words
    assert "lines\x1fsugar" not in words and "lines\x1fcup" not in words
    assert not [
        word for word in words if word.startswith("line pairs")
    ]  # nothing stands beside "brown" any more


def test_the_most_common_words_stay_when_room_is_short() -> None:
    features = fit_features(RECORDS, EVEN, most=3, min_items=2, max_share=0.7)
    assert list(features.words) == ["line pairs\x1fcup flour", "lines\x1fcup", "lines\x1fflour"]


def test_an_item_that_says_nothing_known_has_an_empty_bag() -> None:
    bags = fitted().bags([item(None), item("Zzyx"), item("lemon")])
    assert bags.degrees().tolist() == [0, 0, 1]


def test_rows_do_not_depend_on_who_else_is_asked_about() -> None:
    features = fitted()
    alone = np.vstack([features.bags([record]).to_scipy().toarray() for record in RECORDS])
    np.testing.assert_array_equal(features.bags(RECORDS).to_scipy().toarray(), alone)


_NUMBERS = st.dictionaries(
    st.sampled_from(["minutes", "fsa", "rating", "num_ingredients", "x"]), st.floats(0, 1e6)
)
_EDGES = st.lists(
    st.tuples(
        st.sampled_from(["in_meal", "has_course"]), st.sampled_from(["meal", "course"]), st.text(max_size=4)
    )
)


@settings(max_examples=60, deadline=None)
@given(numbers=_NUMBERS, edges=_EDGES, url=st.text(max_size=20), ext=st.text(min_size=1, max_size=5))
def test_only_words_and_feature_relations_enter(
    numbers: dict[str, float], edges: list[tuple[str, str, str]], url: str, ext: str
) -> None:
    """Numbers, meals, labels, links and the id itself may be anything: the bag is the same."""
    attributes = (ItemAttribute("contains", "ingredient", "lemon"),)
    base = item("lemon cake", DISHES["lemon cake"], attributes=attributes)
    loaded = ItemRecord(
        ext, base.name, numbers, dict(base.texts) | {"url": url, "yield": "4"},
        (*attributes, *(ItemAttribute(*edge) for edge in edges)), base.features,
    )  # fmt: skip
    features = fit_features([loaded, base, loaded, *RECORDS], EVEN, most=200, min_items=1, max_share=0.9)
    plain, other = features.bags([base, loaded]).to_scipy().toarray()
    np.testing.assert_array_equal(plain, other)
    assert not {
        word.partition("\x1f")[2].split()[0] for word in features.words if word.startswith("attributes")
    } - {"contains"}


def test_an_attribute_enters_when_its_relation_is_a_feature() -> None:
    with_edge = item("x", attributes=(ItemAttribute("contains", "ingredient", "lemon"),))
    features = fit_features([with_edge, item("y")], EVEN, most=9, min_items=1, max_share=0.5)
    assert "attributes\x1fcontains ingredient lemon" in list(features.words)


def test_an_imported_recipe_is_read_alike_with_and_without_what_only_known_ones_have(tmp_path: Path) -> None:
    """Through the importer: meals, course, ratings, times, nutrition, scores and clicks leave no trace in the bag."""
    text = {
        "name": "Lemon Cake",
        "recipeIngredient": ["1 cup flour", "2 lemons"],
        "recipeInstructions": ["Stir and bake."],
    }
    extras = {
        "isPartOf": ["H1", "H2"], "recipeCategory": "dessert", "prepTime": "PT5M", "recipeYield": "4",
        "nutrition": {"calories": "200 calories"}, "healthScore": {"fsa": 4, "who": 3},
    }  # fmt: skip
    others = [
        {"identifier": f"o{n}", "name": name, "recipeIngredient": lines.split("\n")}
        for n, (name, lines) in enumerate(DISHES.items())
    ]
    rows = [{"identifier": "plain", **text}, {"identifier": "known", **text, **extras}, *others]
    (tmp_path / "r.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (tmp_path / "i.csv").write_text(
        "user,recipe\n" + "".join(f"u{n},known\n" for n in range(9)), encoding="utf-8"
    )
    with GraphStore.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        import_recipes(store, tmp_path / "r.jsonl")
        import_interactions(store, tmp_path / "i.csv")
        records = {record.ext: record for record in store.item_records()}
    assert len(records["known"].numbers) > len(records["plain"].numbers)  # there is something to leave out
    assert len(records["known"].attributes) > len(records["plain"].attributes)
    features = fit_features(list(records.values()), EVEN, most=500, min_items=1, max_share=1.0)
    plain, known = features.bags([records["plain"], records["known"]]).to_scipy().toarray()
    assert plain.any()
    np.testing.assert_array_equal(plain, known)


def test_arrays_that_do_not_fit_are_named() -> None:
    with pytest.raises(CorruptionError, match="do not fit together"):
        ItemFeatures(
            Strings.pack(["title\x1fa"]), np.zeros(2, np.float32), Strings.pack([]), np.ones(6, np.float32)
        )
