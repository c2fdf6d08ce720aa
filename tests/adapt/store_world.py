"""Five shops in a row that sell sweet and savoury dishes under slightly different names."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from graphrec.store import GraphStore
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot

SHOPS = ("north", "hill", "centre", "river", "south")
DISHES = 16
"""Of each shop; every other one is sweet."""
WORDS = {
    "sweet": "sugar honey cream vanilla berry chocolate".split(),
    "savoury": "garlic onion pepper cumin lemon olive".split(),
}


def dish(shop: str, number: int) -> str:
    return f"{shop}-{number:02d}"


def kind(number: int) -> str:
    return "sweet" if number % 2 == 0 else "savoury"


def salt(number: int) -> float:
    """What is to be predicted as a number: 1 for sweet dishes and 3 for savoury ones, with a little noise."""
    return (1.0 if kind(number) == "sweet" else 3.0) + 0.1 * np.sin(number)


def write_world(folder: Path, *, hidden: tuple[str, ...] = ()) -> str:
    """Make the store and give its URL.

    Args:
        hidden: shops whose dishes say nothing of their kind and salt.
    """
    draw = np.random.default_rng(0)
    url = f"sqlite:///{folder / 'shops.db'}"
    with GraphStore.open(url) as store, store.writing() as writer:
        writer.add_nodes("shop", [(shop, f"The {shop.title()} Shop") for shop in SHOPS])
        writer.add_relation("sold_in", "dish", "shop", inverse="sells")
        writer.add_relation("of_kind", "dish", "kind", inverse="kind_of")
        writer.add_relation("near", "shop", "shop")
        writer.add_relation("in_city", "shop", "city")
        writer.add_relation("contains", "dish", "food")
        writer.add_edges("near", [(one, other, 4.0) for one, other in pairwise(SHOPS)])
        writer.add_edges("near", [("south", "river", 2.0), ("north", "north", 9.0)])
        writer.add_edges(
            "in_city", [("north", "A"), ("hill", "A"), ("centre", "B"), ("river", "B"), ("south", "C")]
        )
        for place, shop in enumerate(SHOPS):
            rows = range(DISHES)
            foods = {n: draw.choice(WORDS[kind(n)], 3, replace=False).tolist() for n in rows}
            writer.add_nodes("dish", [(dish(shop, n), f"{' '.join(foods[n][:2])} of {shop}") for n in rows])
            writer.set_properties(
                "dish", "description", [(dish(shop, n), " and ".join(foods[n])) for n in rows]
            )
            writer.set_properties(
                "dish", "region", [(dish(shop, n), "east" if place < 2 else "west") for n in rows]
            )
            writer.add_edges("sold_in", [(dish(shop, n), shop) for n in rows])
            writer.add_edges("contains", [(dish(shop, n), food) for n in rows for food in foods[n]])
            if shop not in hidden:
                writer.add_edges("of_kind", [(dish(shop, n), kind(n)) for n in rows])
                writer.set_properties("dish", "salt", [(dish(shop, n), salt(n)) for n in rows])
        # One dish is sold in two shops, one nowhere, one says nothing.
        writer.add_nodes("dish", [("everywhere", "sugar"), ("nowhere", "sugar"), ("silent", None)])
        writer.add_edges("sold_in", [("everywhere", "north"), ("everywhere", "south"), ("silent", "north")])
        writer.add_edges("of_kind", [("everywhere", "sweet"), ("nowhere", "sweet"), ("silent", "sweet")])
    return url


def snapshot_of(folder: Path, **how: tuple[str, ...]) -> GraphSnapshot:
    with GraphStore.open(write_world(folder, **how)) as store:
        return write_snapshot(store, folder / "snapshots")
