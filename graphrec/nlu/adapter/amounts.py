"""Numbers in slots: bounds in the unit of the catalogue's property, counts and places in a list."""

from __future__ import annotations

import math
import re

from graphrec.errors import InvalidInputError
from graphrec.language.bands import duration_minutes
from graphrec.nlu.adapter.maps import SlotRule
from graphrec.nlu.durations import CALORIES, SERVINGS, TIME, find_measures
from graphrec.nlu.quantities import parse_minutes, parse_number
from graphrec.nlu.result import Slot
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import Bounds

MAX_COUNT = 50
"""Most dishes that one utterance gets."""
LAST = -1
"""The place of the last one of a list."""

_ORDINALS = {
    word: place
    for place, words in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th", "seventh 7th",
         "eighth 8th", "ninth 9th", "tenth 10th"), start=1)
    for word in words.split()
}  # fmt: skip
_LAST = frozenset({"last", "final", "bottom"})
_ISO_LIKE = re.compile(r"P[T\d]", re.IGNORECASE)
_NUMBER_TYPE = re.compile(r"number|integer|ordinal|cardinal", re.IGNORECASE)


_ASKED = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for name, words in (
        (CALORIES, "calorie|calories|cals?|kcals?|kilojoules?|fattening"),
        (SERVINGS, "servings?|serves?|portions?|how many people|feeds?"),
        ("protein", "proteins?"), ("fat", "fat|fats"), ("carbohydrates", "carbs?|carbohydrates?"),
        ("sugar", "sugars?"), ("sodium", "sodium|salt"), ("fiber", "fib(?:er|re)"), ("cholesterol", "cholesterol"),
    )
)  # fmt: skip


def number_asked(text: str) -> str | None:
    """The one number that a question about nutrition is about; None where it names none or several."""
    found = [name for name, words in _ASKED if words.search(text[:2_000])]
    return found[0] if len(found) == 1 else None


def read_bounds(slot: Slot, rule: SlotRule) -> tuple[str, Bounds] | None:
    """The property that a slot bounds, and how; None when its value is no number.

    Words may name the side and even the property themselves ("at least two hours", "400 calories").
    """
    assert rule.property is not None
    if isinstance(slot.value, str):
        measures = find_measures(tokenize(slot.value[:200]))
        if (
            len(measures) == 1
            and (measures[0].key == rule.property)
            and not _one_sided_by_default(measures[0].bounds)
        ):
            return measures[0].key, measures[0].bounds
    amount = _amount(slot, rule)
    if amount is None:
        return None
    operator = rule.operator if slot.operator == "=" else slot.operator
    low = amount if operator in ("=", ">=") else None
    return rule.property, (low, amount if operator in ("=", "<=") else None)


def _one_sided_by_default(bounds: Bounds) -> bool:
    """Whether the bounds may be those of a bare amount, whose open side the slot's rule knows better."""
    return bounds[0] is None or bounds[0] == bounds[1]


def _amount(slot: Slot, rule: SlotRule) -> float | None:
    value = slot.value
    if isinstance(value, str):
        amount = _spoken(value, rule)
    elif value is None or isinstance(value, bool):
        return None
    elif _NUMBER_TYPE.search(slot.type or ""):
        amount = value * rule.bare
    else:
        amount = value / rule.per
    return amount if amount is not None and math.isfinite(amount) and amount >= 0 else None


def _spoken(value: str, rule: SlotRule) -> float | None:
    """An amount in words or ISO 8601; a number without unit is in units of the property."""
    text = value.strip()[:200]
    if rule.property == TIME:
        try:
            minutes = duration_minutes(text)
        except InvalidInputError:
            if _ISO_LIKE.match(text):
                return None  # a length that is not fixed, such as a year
            minutes = None
        if minutes is not None:
            return float(minutes)
    tokens = tokenize(text)
    for at in range(len(tokens)):
        if rule.property == TIME and (timed := parse_minutes(tokens, at)) is not None:
            return timed[0]
    for at in range(len(tokens)):
        if (number := parse_number(tokens, at)) is not None:
            return number[0] * rule.bare
    return None


def read_count(slot: Slot) -> int | None:
    """How many dishes, 1 to :data:`MAX_COUNT`; None when the value is no such number."""
    number = _whole(slot)
    return min(number, MAX_COUNT) if number is not None and number >= 1 else None


def read_position(slot: Slot) -> int | None:
    """A 1-based place in a list, :data:`LAST` for the last one; None when the value names none."""
    if isinstance(slot.value, str):
        words = [token.word for token in tokenize(slot.value[:200])]
        if _LAST.intersection(words):
            return LAST
        place = next((_ORDINALS[word] for word in words if word in _ORDINALS), None)
        if place is not None:
            return place
        found = re.search(r"\d{1,3}", slot.value)
        if found is not None and int(found.group()) > 0:
            return int(found.group())
    number = _whole(slot)
    return number if number is not None and 1 <= number <= 1000 else None


def _whole(slot: Slot) -> int | None:
    value = slot.value
    if isinstance(value, str):
        tokens = tokenize(value[:200])
        found = next((n for at in range(len(tokens)) if (n := parse_number(tokens, at)) is not None), None)
        value = None if found is None else found[0]
    if value is None or isinstance(value, bool) or not math.isfinite(value) or value != int(value):
        return None
    return int(value)
