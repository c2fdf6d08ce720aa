"""Amounts in words: numbers ("thirty-five", "1 1/2"), times ("an hour and a half", "PT1H30M"), "at most"."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec.nlu.tokens import Gap, Token

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_UNITS += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_SMALL = {word: float(n) for n, word in enumerate(_UNITS)}
_TENS = {
    word: float(10 * n)
    for n, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_LARGE = {"hundred": 100.0, "thousand": 1000.0}
_VULGAR = {"1/4": 0.25, "1/2": 0.5, "3/4": 0.75, "\u00bc": 0.25, "\u00bd": 0.5, "\u00be": 0.75}
MINUTE_UNITS = frozenset("minute minutes min mins minuets".split())
HOUR_UNITS = frozenset("hour hours hr hrs".split())
_FIXED: tuple[tuple[tuple[str, ...], float], ...] = tuple(
    (tuple(phrase.split()), minutes)
    for phrase, minutes in (
        ("half an hour", 30.0), ("half hour", 30.0), ("half a hour", 30.0), ("a half hour", 30.0),
        ("a half an hour", 30.0), ("quarter of an hour", 15.0), ("a quarter of an hour", 15.0),
        ("quarter hour", 15.0), ("three quarters of an hour", 45.0), ("three quarter hour", 45.0),
    )
)  # fmt: skip

_PHRASES = {
    "<=": """under|sub|less than|fewer than|below|within|in|in under|in less than|at most|max|maximum
    |maximum of|max of|a maximum of|no more than|not more than|up to|no longer than|not longer than
    |not over|shorter than|faster than
    |quicker than|limit of|not exceed|not exceeding|dont exceed|doesnt exceed|without exceeding
    |not above|never over
    |cap of|capped at|not to exceed|smaller than|lower than|no greater than|inside|takes under|inside of
    |no over
    |not take over|by""",
    ">=": """over|more than|at least|above|minimum|minimum of|a minimum of|no less than
    |not less than|no fewer than
    |longer than|not under|exceeding|exceeds|exceed|greater than|upwards of|not fewer than|not below""",
}
COMPARATORS = {
    tuple(phrase.split()): sign
    for sign, block in _PHRASES.items()
    for phrase in block.replace("\n", " ").split("|")
}
"""Which side of an amount the words before it leave open."""
AFTER = {
    tuple(phrase.split()): sign
    for sign, block in {
        "<=": "not a minute more|not a minute longer|and no more|and no longer|and not a minute more"
        "|not a second more|at the very most|or so|or thereabouts|or less"
        "|or fewer|or under|or below|or quicker|or faster|max|maximum|tops|at most|and under"
        "|and below|at the most|at max|or sooner",
        ">=": "or more|minimum|at least|or longer|or over|and up|or above|plus|at minimum",
    }.items()
    for phrase in block.split("|")
}
"""The same for the words after it."""


def parse_number(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """The number that starts at a token, as (value, next token): "1 1/2", "thirty-five", "four hundred"."""
    if at >= len(tokens):
        return None
    word = tokens[at].word
    value = _digits(word)
    if value is not None:
        extra = _VULGAR.get(tokens[at + 1].word) if at + 1 < len(tokens) else None
        return (value, at + 1) if extra is None or value < 1 else (value + extra, at + 2)
    if word in ("couple", "dozen"):
        of = at + 1 < len(tokens) and tokens[at + 1].word == "of"
        return (2.0 if word == "couple" else 12.0), at + 1 + of
    if word in ("a", "an") and at + 1 < len(tokens):
        if tokens[at + 1].word in ("couple", "dozen"):
            return parse_number(tokens, at + 1)
        if tokens[at + 1].word in _LARGE:
            return _LARGE[tokens[at + 1].word], at + 2
    return _spelled(tokens, at)


def _spelled(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    total, position, seen = 0.0, at, False
    while position < len(tokens):
        word = tokens[position].word
        if word in _TENS and total % 100 == 0:
            total += _TENS[word]
        elif word in _SMALL and (total % 10 == 0 and (total % 100 == 0 or _SMALL[word] < 10)):
            total += _SMALL[word]
        elif word in _LARGE and seen and total < _LARGE[word]:
            total *= _LARGE[word]
        else:
            break
        seen, position = True, position + 1
    return (total, position) if seen else None


def _digits(word: str) -> float | None:
    if word in _VULGAR:
        return _VULGAR[word]
    if not word[0].isdigit() or len(word) > 9:
        return None
    top, slash, bottom = word.replace(",", "").partition("/")
    try:
        return float(top) / float(bottom) if slash else float(top)
    except (ValueError, ZeroDivisionError):
        return None


def parse_minutes(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """An amount of time from a token on, as (minutes, next token)."""
    words = [t.word for t in tokens[at : at + 6]]
    if not words:
        return None
    if words[0] == "pt":
        return _iso(tokens, at + 1)
    for phrase, minutes in _FIXED:
        if tuple(words[: len(phrase)]) == phrase:
            return minutes, at + len(phrase)
    number = parse_number(tokens, at)
    if number is None:
        if words[0] in ("a", "an", "the") and len(words) > 1 and words[1] in HOUR_UNITS:
            number = (1.0, at + 1)
        else:
            return None
    value, after = number
    if words_at(tokens, after, 3) == ["and", "a", "half"]:
        value, after = value + 0.5, after + 3
    unit = tokens[after].word if after < len(tokens) else ""
    if unit in MINUTE_UNITS or (
        unit == "m" and tokens[after].gap is Gap.NONE and tokens[after].start == tokens[after - 1].end
    ):
        return value, after + 1
    glued = unit == "h" and tokens[after].start == tokens[after - 1].end
    return _hours(tokens, value, after + 1) if unit in HOUR_UNITS or glued else None


def _hours(tokens: Sequence[Token], value: float, at: int) -> tuple[float, int]:
    """What follows "N hours": "and a half", "and 15 minutes", "30"."""
    if words_at(tokens, at, 3) == ["and", "a", "half"]:
        return value * 60 + 30, at + 3
    if words_at(tokens, at, 3) == ["and", "a", "quarter"]:
        return value * 60 + 15, at + 3
    begin = at + 1 if words_at(tokens, at, 1) == ["and"] else at
    more = parse_number(tokens, begin)
    if more is not None and more[0] < 60:
        unit = tokens[more[1]].word if more[1] < len(tokens) else ""
        if unit in MINUTE_UNITS or unit == "m":
            return value * 60 + more[0], more[1] + 1
        glued = begin == at and at < len(tokens) and tokens[at].start == tokens[at - 1].end
        if glued:
            return value * 60 + more[0], more[1]
    return value * 60, at


def _iso(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    minutes, seen = 0.0, False
    while at + 1 < len(tokens):
        value, unit = _digits(tokens[at].word), tokens[at + 1].word
        if value is None or unit not in ("h", "m"):
            break
        minutes, at, seen = minutes + value * (60 if unit == "h" else 1), at + 2, True
    return (minutes, at) if seen else None


def words_at(tokens: Sequence[Token], at: int, count: int) -> list[str]:
    return [t.word for t in tokens[at : at + count]]
