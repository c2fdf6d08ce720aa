"""Substitutes on a kitchen made by hand, where what is right is known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle import Catalogue
from graphrec.nlu.actions import Substitutes
from graphrec.nlu.actions.contexts import SMOOTHING, Contexts
from graphrec.nlu.lexicon import Lexicon
from graphrec.ranking.query import NodeRef
from tests.bundle.worlds import World

BAKING = ("flour", "sugar", "egg", "vanilla extract")
FRYING = ("onion", "garlic", "pepper", "salt")


def world() -> World:
    """Butter and margarine are baked with, never together; olive oil and ghee fry; jam goes on butter."""
    made = World(items={})
    for n in range(6):
        made.items[f"b{n}"] = {f"ingredient:{i}" for i in ("butter", *BAKING)}
        made.items[f"m{n}"] = {f"ingredient:{i}" for i in ("margarine", *BAKING)}
        made.items[f"o{n}"] = {f"ingredient:{i}" for i in ("olive oil", *FRYING)}
        made.items[f"g{n}"] = {f"ingredient:{i}" for i in ("ghee", *FRYING, "flour")}
        made.items[f"j{n}"] = {"ingredient:butter", "ingredient:jam", "ingredient:bread"}
        made.items[f"a{n}"] = {"ingredient:almond butter", "ingredient:bread", "ingredient:frobnicate"}
    made.is_a = {
        ("ingredient:butter", "ingredient:dairy"), ("ingredient:ghee", "ingredient:dairy"),
        ("ingredient:almond butter", "ingredient:nut"),
    }  # fmt: skip
    return made


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return world().catalogue()


@pytest.fixture(scope="module")
def substitutes(catalogue: Catalogue) -> Substitutes:
    return Substitutes(catalogue, Lexicon.from_catalogue(catalogue))


def names(substitutes: Substitutes, subject: str, **more: object) -> list[str]:
    found = substitutes.find(NodeRef("ingredient", subject), **more)  # type: ignore[arg-type]
    return [item.node.id for item in found.items]


def ref(name: str) -> NodeRef:
    return NodeRef("ingredient", name)


def test_used_alike_and_never_together(substitutes: Substitutes) -> None:
    """Margarine stands first, before flour and jam, which are always there when butter is."""
    assert names(substitutes, "butter")[0] == "margarine"
    assert not {"jam", "bread"} & set(names(substitutes, "butter"))


def test_neither_itself_nor_its_groups(substitutes: Substitutes) -> None:
    assert not {"butter", "dairy"} & set(names(substitutes, "butter", k=99))


def test_an_exclusion_covers_kinds_and_parts(substitutes: Substitutes) -> None:
    """Dairy keeps out ghee, which the catalogue files under it, and margarine, which the taxonomy says holds some."""
    free = names(substitutes, "olive oil", must_not=(ref("dairy"),), k=99)
    assert "ghee" in names(substitutes, "olive oil", k=99) and not {"ghee", "butter", "margarine"} & set(free)
    found = substitutes.find(ref("olive oil"), must_not=(ref("dairy"),), k=3)
    assert "ghee" in found.excluded and "ghee" in found.speech


def test_what_nobody_knows_is_out_where_something_is_excluded(substitutes: Substitutes) -> None:
    """A thing of unknown making may hold anything."""
    assert "frobnicate" not in names(substitutes, "bread", must_not=(ref("sesame"),), k=99)


def test_what_the_dish_holds_already_is_no_substitute(substitutes: Substitutes) -> None:
    assert "flour" not in names(substitutes, "butter", dish="b0", k=99)
    assert names(substitutes, "butter", dish="b0")[0] == "margarine"


def test_a_name_that_the_catalogue_lacks_goes_by_kinship(substitutes: Substitutes) -> None:
    """No dish here has shortening; the taxonomy knows that it is a fat."""
    found = names(substitutes, "shortening", k=4)
    assert set(found) <= {"butter", "margarine", "olive oil", "ghee"} and found


def test_nothing_known_is_said(substitutes: Substitutes) -> None:
    found = substitutes.find(ref("unobtainium"))
    assert found.items == () and "nothing" in found.speech


def test_speech_and_json(substitutes: Substitutes) -> None:
    found = substitutes.find(ref("butter"), k=1)
    assert found.speech == "Instead of butter you could use margarine."
    data = found.to_json()
    assert data["subject"] == "ingredient:butter" and data["items"][0]["name"] == "margarine"
    assert data["items"][0]["kin"] == "fat"


GROUPS = ["dairy", "nut", "gluten", "soy", "egg", "butter", "flour", "fat"]


@settings(max_examples=60, deadline=None)
@given(
    subject=st.sampled_from(["butter", "olive oil", "egg", "jam", "salt", "ghee", "shortening"]),
    banned=st.lists(st.sampled_from(GROUPS), max_size=3), dish=st.sampled_from([None, "b1", "g2", "nobody"]),
)  # fmt: skip
def test_no_substitute_is_excluded(
    substitutes: Substitutes, subject: str, banned: list[str], dish: str | None
) -> None:
    """By the catalogue's own walk, and by the taxonomy's."""
    taxonomy = substitutes.lexicon.taxonomy
    own = world()
    for name in names(substitutes, subject, must_not=tuple(map(ref, banned)), dish=dish, k=99):
        closed = {a.split(":")[1] for a in own.broader(f"ingredient:{name}")} | taxonomy.ancestors(name) | {name}
        assert not closed & set(banned)


def test_contexts_against_plain_counting(catalogue: Catalogue) -> None:
    """Associations, likeness and lift, counted dish by dish."""
    contexts = Contexts(catalogue)
    dishes = list(world().items.values())
    attributes = world().attributes()
    count = {a: sum(a in d for d in dishes) for a in attributes}
    both = {
        (a, b): sum(a in d and b in d for d in dishes) for a, b in itertools.permutations(attributes, 2)
    }
    row_sum = {a: sum(both[a, b] for b in attributes if b != a) for a in attributes}
    smooth = {b: sum(both[a, b] for a in attributes if a != b) ** SMOOTHING for b in attributes}
    total = sum(smooth.values())

    def vector(a: str) -> np.ndarray:
        values = [
            max(0.0, math.log(both[a, b] * total / (row_sum[a] * smooth[b]))) if b != a and both[a, b] else 0.0
            for b in attributes
        ]
        return np.asarray(values) / (np.linalg.norm(values) or 1.0)

    butter = contexts.row(int(catalogue.resolve("ingredient", "butter") or 0))
    assert butter is not None
    alike, lift = contexts.alike(butter), contexts.lift(butter)
    for row, attribute in enumerate(contexts.attributes.tolist()):
        name = catalogue.ref(attribute)
        expected = float(vector("ingredient:butter") @ vector(name)) if row_sum[name] else 0.0
        assert alike[row] == pytest.approx(expected, abs=1e-5)
        if name != "ingredient:butter" and count[name]:
            chance = count[name] * count["ingredient:butter"] / len(dishes)
            assert lift[row] == pytest.approx(both["ingredient:butter", name] / chance)
