"""Durations and numerals: hand-computed seconds, and everything that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.nlu.formats.values import amount, typed


@pytest.mark.parametrize(("text", "seconds"), [
    ("PT30M", 1800), ("PT1H30M", 5400), ("PT45S", 45), ("P1D", 86_400), ("P2W", 1_209_600), ("P1DT2H", 93_600),
    ("PT0.5H", 1800), ("PT1,5M", 90), ("P0.5D", 43_200), ("P1,5W", 907_200), ("pt20m", 1200), (" PT20M ", 1200),
    ("PT0S", 0), ("P0D", 0), ("P0MT5M", 300), ("thirty minutes", 1800), ("half an hour", 1800),
    ("an hour and a half", 5400), ("1h30", 5400), ("45 mins", 2700),
])  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert typed(text) == (seconds, "duration")


@pytest.mark.parametrize("text", [
    "P", "PT", "P1Y", "P2M", "P1YT3M", "PT1H1H", "PTM", "-PT5M", "PT-5M", "P1.5.2D", "T5M", "PT5M.",
    "P" + "1" * 100 + "D", "PT" + "9" * 400 + "M", "pint", "peas", "paté", "minutes", "thirty minutes or less",
    "2026-01-05", "1/0", "inf", "nan", "1e5", "٣", "½ cup", "12345678901234567890",
])  # fmt: skip
def test_everything_else_stays_text(text: str) -> None:
    assert typed(text) == (text, None)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    value, kind = typed(f"P{days}DT{hours}H{minutes}M{seconds}S")
    assert kind == "duration" and value == pytest.approx(86_400 * days + 3_600 * hours + 60 * minutes + seconds)


@given(st.text(max_size=80))
def test_any_text_has_a_value(text: str) -> None:
    value, kind = typed(text)
    assert value == text.strip() if kind is None else isinstance(value, float)


@pytest.mark.parametrize(("number", "unit", "expected"), [
    (30, "min", (1800, "duration")), (1.5, "h", (5400, "duration")), (2, "wk", (1_209_600, "duration")),
    (1, "Hour", (3600, "duration")), (5, "mo", (5, "mo")), (400, "kcal", (400, "kcal")), (3, "", (3, "number")),
])  # fmt: skip
def test_amounts(number: float, unit: str, expected: tuple[float, str]) -> None:
    assert amount(number, unit) == expected
