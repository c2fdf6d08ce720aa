"""Ingredient lines against what a person reads in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.language.ingredients import default_linker, parse_line
from graphrec.language.linking import LinkKind
from graphrec.language.quantities import number, take_quantity

GOLD = Path(__file__).resolve().parents[1] / "data" / "ingredient_lines.jsonl"


@pytest.mark.parametrize(
    ("line", "name", "quantity", "unit", "size", "preparation"),
    [
        ("1 1/2 pounds large shrimp - peeled and deveined", "shrimp", 1.5, "pound", "large",
        "peeled and deveined"),
        ("2 ⅓ cups rolled oats", "rolled oats", 2 + 1 / 3, "cup", None, ""),
        ("½ teaspoon salt", "salt", 0.5, "teaspoon", None, ""),
        ("1 (15 ounce) can black beans, rinsed and drained", "black beans", 1, "can", None,
        "rinsed and drained"),
        ("3 eggs", "eggs", 3, None, None, ""),
        ("2 tablespoons butter, melted", "butter", 2, "tablespoon", None, "melted"),
        ("1 T sugar", "sugar", 1, "tablespoon", None, ""),
        ("1 cup half and half", "half and half", 1, "cup", None, ""),
        ("2 skinless, boneless chicken breast halves - cubed", "skinless and boneless chicken breast halves",
        2, None, None, "cubed"),
        ("4 to 5 cloves garlic, minced", "garlic", 4, "clove", None, "minced"),
        ("1 teaspoon ground cloves", "ground cloves", 1, "teaspoon", None, ""),
        ("8 fluid ounces milk", "milk", 8, "ounce", None, ""),
        ("a pinch of saffron", "saffron", 1, "pinch", None, ""),
        ("1 large head of garlic", "garlic", 1, "head", "large", ""),
        ("salt to taste", "salt", None, None, None, ""),
        ("vegetable oil for frying", "vegetable oil", None, None, None, ""),
        ("", "", None, None, None, ""),
    ],
)  # fmt: skip
def test_parts_of_a_line(
    line: str, name: str, quantity: float | None, unit: str | None, size: str | None, preparation: str
) -> None:
    found = parse_line(line)
    assert (found.name, found.unit, found.size, found.preparation) == (name, unit, size, preparation)
    assert found.quantity == (None if quantity is None else pytest.approx(quantity))


def test_ranges_notes_alternatives_and_flags() -> None:
    line = parse_line("1-2 cups butter or margarine (such as Brand®), softened (optional)")
    assert (line.quantity, line.quantity_max) == (1, 2)
    assert (line.name, line.alternatives) == ("butter", ("margarine",))
    assert line.optional and "such as Brand" in line.notes
    assert parse_line("pepper to taste").to_taste
    assert parse_line("For the Sauce:").heading


def test_numbers() -> None:
    assert [number(t) for t in ("1 1/2", "1/2", ".25", "1,000", "1/0", "x")] == [
        1.5,
        0.5,
        0.25,
        1000,
        None,
        None,
    ]
    assert take_quantity("2 to 3 cups milk") == (2.0, 3.0, "cups milk")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("salt and pepper to taste", ["salt", "black pepper"]),
        ("1/4 cup margarine or butter", ["margarine", "butter"]),
        ("1 red and 1 green bell pepper", ["red bell pepper", "green bell pepper"]),
        ("1/2 cup chopped red or green bell pepper", ["red bell pepper", "green bell pepper"]),
        ("1 cup chicken or vegetable broth", ["chicken broth", "vegetable broth"]),
        ("2 tablespoons lemon or lime juice", ["lemon juice", "lime juice"]),
        ("1 cup raspberries, blackberries or blueberries", ["raspberry", "blackberry", "blueberry"]),
        ("1 cup shredded Cheddar cheese", ["cheddar cheese"]),
        ("4 tuna steaks", ["tuna"]),
        ("16 ounces oyster mushroom caps", ["oyster mushroom"]),
        ("1 (14 ounce) can tuna in water, drained", ["tuna"]),
        ("4 scallions", ["green onion"]),
        ("1 capsicum", ["bell pepper"]),
        ("1 tablespoon butter, or more to taste", ["butter"]),
        ("12 wooden skewers", []),
        ("Filling:", []),
        ("3 cups glorpweed", ["glorpweed"]),
    ],
)  # fmt: skip
def test_links(line: str, names: list[str]) -> None:
    assert default_linker().link(line) == names


def test_kinds_of_lines() -> None:
    kinds = {
        "2 eggs": LinkKind.KNOWN, "3 cups glorpweed": LinkKind.UNKNOWN, "6 skewers": LinkKind.TOOL,
        "For the crust:": LinkKind.HEADING, "": LinkKind.EMPTY, "cut into strips": LinkKind.EMPTY,
        "🍕🍕": LinkKind.EMPTY,
    }  # fmt: skip
    assert {line: default_linker().resolve(line).kind for line in kinds} == kinds


@given(st.text(max_size=80))
def test_any_text_links_to_something_or_nothing(line: str) -> None:
    link = default_linker().resolve(line)
    assert (link.names == ()) == (link.kind in (LinkKind.TOOL, LinkKind.HEADING, LinkKind.EMPTY))


def precision_and_recall() -> tuple[float, float]:
    """Micro precision and recall over the 200 lines that a person judged; spellings are folded, nothing
    else.
    """
    linker = default_linker()
    hits = found = wanted = 0
    for text in GOLD.read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        want = {linker.vocabulary.canonical(name) or name for name in row["ingredients"]}
        got = set(linker.link(row["line"]))
        hits, found, wanted = hits + len(want & got), found + len(got), wanted + len(want)
    return hits / found, hits / wanted


def test_hand_judged_lines() -> None:
    assert len(GOLD.read_text(encoding="utf-8").splitlines()) == 200
    precision, recall = precision_and_recall()
    assert precision >= 0.98
    assert recall >= 0.98
