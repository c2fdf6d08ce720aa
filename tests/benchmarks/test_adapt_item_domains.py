"""Kinds of dishes by their names, and which of them use the same things."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from graphrec.store.records import ItemAttribute, ItemRecord
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    try:
        yield importlib.import_module("_adapt_item_domains")
    finally:
        sys.path.remove(str(REPOSITORY / "benchmarks"))
        sys.modules.pop("_adapt_item_domains", None)


def record(name: str, *foods: str) -> ItemRecord:
    attributes = tuple(ItemAttribute("has_ingredient", "ingredient", food) for food in foods)
    texts = {"ingredients": "\n".join(foods)} if foods else {}
    return ItemRecord(name, name, {}, texts, attributes, frozenset({"has_ingredient"}))


def test_a_dish_is_what_its_last_word_says(bench) -> None:
    names = ["Chicken Salad", "Salad Chicken II", "Grandma's COOKIES", "Surprise"]
    found = bench.domains_of([*(record(name, "salt") for name in names), record("Chicken Soup")])
    assert [bench.NAMES[number] for number in found[:4]] == ["salad", "chicken", "cookies", bench.OTHER]
    assert found[4] == -1  # it says nothing of what is in it


def test_no_word_names_two_kinds(bench) -> None:
    words = [word for line in bench.WORDS.values() for word in line.split()]
    assert len(words) == len(set(words))


def test_kinds_that_use_the_same_things_are_joined(bench) -> None:
    sweet, savoury = ("cake", "cookies", "pie"), ("soup", "beef", "pork")
    rng = np.random.default_rng(0)
    pantry = {True: ["flour", "sugar", "eggs", "cocoa"], False: ["onion", "stock", "pepper", "thyme"]}
    records = [
        record(f"{bench.WORDS[kind].split()[0]} {n}", *rng.choice(pantry[kind in sweet], 3, replace=False))
        for kind in (*sweet, *savoury) for n in range(20)
    ]  # fmt: skip
    graph = bench.graph_of(records, bench.domains_of(records), neighbours=2)
    of = {name: graph.index(name) for name in (*sweet, *savoury)}
    assert all(graph.adjacency[of[a], of[b]] > 0 for a, b in (("cake", "cookies"), ("soup", "beef")))
    assert all(graph.adjacency[of[a], of[b]] == 0 for a in sweet for b in savoury)
