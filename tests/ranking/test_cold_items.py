"""Placing new items against a plain computation, and the way through a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from graphrec.bundle import Bundle
from graphrec.errors import CorruptionError
from graphrec.ranking.cold_items import PREFIX, ColdItems, cold_arrays, load_cold
from graphrec.ranking.item_features import FIELDS, fit_features, read_item
from graphrec.ranking.placement import NOBODY
from graphrec.store.records import ItemRecord

TITLES = ("lemon cake", "lemon tart", "beef stew", "beef pie", "apple cake", "apple pie", "apple stew")
DIM = 3


def record(title: str | None) -> ItemRecord:
    return ItemRecord("x", title, {}, {}, (), frozenset())


def student(neighbours: int = 2, share: float = 0.5) -> ColdItems:
    features = fit_features(
        [read_item(record(title)) for title in TITLES],
        (1.0,) * len(FIELDS),
        most=99,
        min_items=2,
        max_share=0.9,
    )
    generator = np.random.default_rng(0)
    keys, items = (generator.standard_normal((len(features), DIM)).astype(np.float32) for _ in range(2))
    bias, popularity = (generator.random(len(features)).astype(np.float32) for _ in range(2))
    known = np.array([1, 2, 5, 6], dtype=np.int32)  # items of the bundle somebody chose
    rows = features.bags([record(TITLES[i]) for i in known]).to_scipy().toarray() @ items
    contents = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    level = np.array([0.5, 2.0, 9.0], dtype=np.float32)
    attention = np.array([neighbours, 0.3, share], dtype=np.float32)
    return ColdItems(features, keys, items, bias, popularity, level, known, contents, attention)


def test_a_place_is_what_the_formula_says() -> None:
    cold = student()
    new = [record("lemon pie"), record("beef cake beef")]
    placed = cold.place(new)
    for row, one in enumerate(new):
        bag = cold.features.bags([one]).to_scipy().toarray()[0].astype(np.float64)
        vector = bag @ cold.items
        np.testing.assert_allclose(placed.items[row], vector, atol=1e-5)
        np.testing.assert_allclose(placed.keys[row], bag @ cold.keys, atol=1e-5)
        assert placed.bias[row] == pytest.approx(bag @ cold.bias, abs=1e-5)
        likeness = cold.contents @ vector / np.linalg.norm(vector)
        best = np.argsort(-likeness)[:2]
        weight = np.exp(likeness[best] / 0.3)
        np.testing.assert_array_equal(placed.neighbours[row], cold.known[best])
        np.testing.assert_allclose(placed.shares[row], 0.5 * weight / weight.sum(), atol=1e-5)
        users = 2.0 * np.expm1(min(bag @ cold.popularity + 0.5, np.log1p(9.0)))
        assert placed.popularity[row] == pytest.approx(min(users, 9.0), rel=1e-4)


def test_as_many_neighbours_as_items_is_the_full_softmax() -> None:
    cold = student(neighbours=50, share=1.0)
    placed = cold.place([record("apple tart")])
    assert placed.neighbours.shape == (1, 4)
    assert placed.shares.sum() == pytest.approx(1.0, rel=1e-5)
    vector = placed.items[0] / np.linalg.norm(placed.items[0])
    weight = np.exp(cold.contents @ vector / 0.3)
    found = dict(zip(placed.neighbours[0].tolist(), placed.shares[0].tolist(), strict=True))
    assert found == pytest.approx(
        dict(zip(cold.known.tolist(), weight / weight.sum(), strict=True)), rel=1e-4
    )


def test_an_item_that_says_nothing_stands_nowhere() -> None:
    placed = student().place([record(None), record("qwerty"), record("lemon")])
    assert (placed.neighbours[:2] == NOBODY).all() and not placed.shares[:2].any()
    assert not placed.items[:2].any() and not placed.keys[:2].any()
    assert (placed.neighbours[2] >= 0).all()
    assert len(student().place([])) == 0


def test_places_do_not_depend_on_company_or_order() -> None:
    cold = student()
    new = [
        record(f"{a} {b}") for a in ("lemon", "beef", "apple") for b in ("cake", "pie", "stew")
    ] * 80  # two chunks
    together = cold.place(new)
    for row in (0, 5, 300, 719):
        alone = cold.place([new[row]])
        np.testing.assert_array_equal(together.neighbours[row], alone.neighbours[0])
        np.testing.assert_allclose(together.shares[row], alone.shares[0], atol=1e-6)


def test_an_item_is_not_its_own_neighbour() -> None:
    cold = student(neighbours=4)
    vectors = cold.features.bags([record(TITLES[2])]).to_scipy() @ cold.items
    found, shares = cold.neighbours(vectors, np.array([2]))
    assert 2 not in found[0] and sorted(found[0].tolist()) == [NOBODY, 1, 5, 6]
    assert shares[0, found[0] == NOBODY].sum() == 0
    assert shares.sum() == pytest.approx(0.5, rel=1e-5)


def bundle_with(arrays: dict[str, Any], items: int = 7) -> Bundle:
    catalogue = SimpleNamespace(num_items=items)
    return cast(Bundle, SimpleNamespace(extra=arrays, path=Path("model"), catalogue=catalogue))


def test_arrays_come_back_as_they_went() -> None:
    cold = student()
    again = load_cold(bundle_with(cold_arrays(cold) | {"request.words": np.zeros(1)}))
    assert again is not None
    one, other = cold.place([record("lemon pie")]), again.place([record("lemon pie")])
    np.testing.assert_array_equal(one.items, other.items)
    np.testing.assert_array_equal(one.shares, other.shares)
    assert all(array.dtype != np.float64 for array in cold_arrays(cold).values())


def test_a_bundle_trained_without_has_nothing() -> None:
    assert load_cold(bundle_with({"request.words": np.zeros(1)})) is None


@pytest.mark.parametrize("name", ["keys", "words.data", "attention", "level"])
def test_a_missing_array_is_named_a_corruption(name: str) -> None:
    arrays = cold_arrays(student())
    del arrays[PREFIX + name]
    with pytest.raises(CorruptionError, match="not complete"):
        load_cold(bundle_with(arrays))


def test_arrays_of_other_sizes_are_a_corruption() -> None:
    cold = student()
    with pytest.raises(CorruptionError, match="do not fit"):
        replace(cold, keys=cold.keys[:-1])
    with pytest.raises(CorruptionError, match="items that it lacks"):
        load_cold(bundle_with(cold_arrays(cold), items=6))
