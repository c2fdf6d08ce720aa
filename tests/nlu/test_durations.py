"""Stated numbers against hand-computed ranges."""

from __future__ import annotations

import pytest

from graphrec.nlu.durations import Bounds, find_measures, merge_bounds
from graphrec.nlu.tokens import tokenize


def ranges(text: str) -> dict[str, Bounds]:
    return {m.key: m.bounds for m in find_measures(tokenize(text))}


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("under 30 minutes", None, 30), ("half an hour", None, 30), ("in an hour and a half", None, 90),
        ("1 1/2 hours", None, 90), ("1½ hours", None, 90), ("one and a half hours", None, 90),
        ("two hours and fifteen minutes", None, 135), ("1h30", None, 90), ("90min", None, 90),
        ("PT1H10M", None, 70),
        ("a quarter of an hour", None, 15), ("thirty-five minutes", None, 35),
        ("at least 2 hours", 120, None),
        ("more than an hour", 60, None), ("no more than 20 minutes", None, 20), ("not over 45 min", None, 45),
        ("nothing that takes more than 40 minutes", None, 40), ("no less than 20 minutes", 20, None),
        ("between 20 and 40 minutes", 20, 40), ("20-30 minutes", 20, 30), ("45 minutes to an hour", 45, 60),
        ("1 to 2 hours", 60, 120), ("15 minutes or less", None, 15), ("an hour tops", None, 60),
        ("quick", None, 30), ("in a hurry", None, 30), ("quick, within an hour", None, 60),
        ("a couple of hours", None, 120), ("within the hour", None, 60),
    ],
)  # fmt: skip
def test_times(text: str, low: float | None, high: float | None) -> None:
    assert ranges(text) == {"total_minutes": (low, high)}


@pytest.mark.parametrize(
    ("text", "key", "low", "high"),
    [
        ("less than 400 calories", "calories", None, 400), ("calories under 350", "calories", None, 350),
        ("a sub-400-calorie salad", "calories", None, 400), ("watching calories, 350 at most", "calories", None, 350),
        ("under a thousand calories a head", "calories", None, 1000), ("around 450 calories", "calories", None, 450),
        ("book club, nine ladies, salad", "servings", 9, None), ("two lads, soup", "servings", 2, None),
        ("stretch it over eight plates", "servings", 8, None),
        ("a 500-calorie meal", "calories", None, 500), ("1,200 kcal max", "calories", None, 1200),
        ("two hundred fifty calories", "calories", None, 250), ("over 300 calories", "calories", 300, None),
        ("300 to 500 calories", "calories", 300, 500), ("serves 4", "servings", 4, 4),
        ("for six people", "servings", 6, 6), ("dinner for two", "servings", 2, 2),
        ("feeds 8", "servings", 8, None), ("serves at least 10", "servings", 10, None),
        ("family of five", "servings", 5, 5), ("serves 4 to 6", "servings", 4, 6),
        ("12 servings", "servings", 12, 12), ("5 ingredients or fewer", "num_ingredients", None, 5),
        ("fewer than 8 ingredients", "num_ingredients", None, 8),
        ("3-ingredient", "num_ingredients", None, 3),
    ],
)  # fmt: skip
def test_other_numbers(text: str, key: str, low: float | None, high: float | None) -> None:
    assert ranges(text) == {key: (low, high)}


@pytest.mark.parametrize(
    "text",
    [
        "350 degrees",
        "7 up",
        "quick bread",
        "not too quick",
        "2 cups of rice",
        "1/0 hours",
        "",
        "for the kids",
    ],
)
def test_other_words_state_no_range(text: str) -> None:
    assert ranges(text) == {}


def test_bounds_join_to_the_tighter_side_and_the_newer_wins_a_contradiction() -> None:
    assert merge_bounds((None, 30), (10, 60)) == (10, 30)
    assert merge_bounds((None, 30), (60, None)) == (60, None)
