"""A small catalogue with titles and an adapter over it."""

from __future__ import annotations

import pytest

from graphrec.bundle import Catalogue
from graphrec.language.taxonomy import load_taxonomy
from graphrec.nlu.adapter import Adapter
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from tests.bundle.worlds import World
from tests.nlu.nodes import nodes

TITLES = {
    "pad-thai": "Pad Thai", "best-lasagna": "World's Best Lasagna", "veg-lasagna": "Vegetable Lasagna",
    "banana-1": "Banana Bread", "banana-2": "Banana Bread", "mac": "Mac and Cheese", "soup": "Tomato Soup",
    "wok": "Chicken with Broccoli",
}  # fmt: skip
HISTORY = {"u1": ["veg-lasagna", "pad-thai"], "u2": ["best-lasagna"]}
"""Dishes of each user, the last one first."""


def world() -> World:
    """Dishes with titles, and one that holds every node so that all of them are in the catalogue."""
    made = World(items={item: {"ingredient:salt"} for item in TITLES}, titles=dict(TITLES))
    made.items["pantry"] = {f"{kind}:{name}" for kind, name, _ in nodes()}
    foods = {name for kind, name, _ in nodes() if kind == "ingredient"}
    taxonomy = load_taxonomy()
    for name in foods:
        kinds = taxonomy.kinds(name) & foods
        made.is_a |= {(f"ingredient:{name}", f"ingredient:{kind}") for kind in kinds}
        parts = taxonomy.ancestors(name) & foods - kinds
        made.holds |= {(f"ingredient:{name}", f"ingredient:{part}") for part in parts}
    made.users = {"u1": {"banana-2": 1.0}}
    made.minutes = {"pad-thai": 30.0}
    return made


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The small catalogue."""
    return world().catalogue()


@pytest.fixture(scope="session")
def adapter(catalogue: Catalogue) -> Adapter:
    """An adapter over it, with histories."""
    parser = RequestParser(Lexicon.from_catalogue(catalogue), catalogue.properties.keys())
    return Adapter(parser, catalogue, history=lambda user: HISTORY.get(user, []))
