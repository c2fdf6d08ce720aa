"""Numbers in a request: times, calories, servings and ingredient counts become inclusive ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphrec.nlu.quantities import HOUR_UNITS, parse_minutes, parse_number, words_at
from graphrec.nlu.tokens import Gap, Token

Bounds = tuple[float | None, float | None]

TIME, CALORIES, SERVINGS, INGREDIENTS = "total_minutes", "calories", "servings", "num_ingredients"
QUICK_MINUTES = 30.0

_CALORIE = frozenset("calorie calories cal cals kcal kcals".split())
_PEOPLE = frozenset(
    "people persons person adults guests diners eaters folks kids children friends mouths".split()
)
_QUICK = frozenset("quick quickly fast speedy quickie rapid".split())
_NOT_QUICK = frozenset("bread oat grit food pickle pickled cooking rise day".split())

_PHRASES = {
    "<=": """under|less than|fewer than|below|within|in|in under|in less than|at most|max|maximum
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
_COMPARATORS = {
    tuple(phrase.split()): sign
    for sign, block in _PHRASES.items()
    for phrase in block.replace("\n", " ").split("|")
}
_AFTER = {
    tuple(phrase.split()): sign
    for sign, block in {
        "<=": "or less|or fewer|or under|or below|or quicker|or faster|max|maximum|tops|at most|and under"
        "|and below|at the most|at max|or sooner",
        ">=": "or more|minimum|at least|or longer|or over|and up|or above|plus|at minimum",
    }.items()
    for phrase in block.split("|")
}
_HEDGES = frozenset(
    "about around roughly approximately approx circa just only the a an total of like say maybe".split()
)
_NEGATORS = frozenset(
    (
        "no not dont doesnt nothing never without wont cant cannot shouldnt isnt avoid none arent "
        "didnt mustnt"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A range that tokens `first` to `last` (inclusive) state about a numeric property."""

    first: int
    last: int
    key: str
    bounds: Bounds


def find_measures(tokens: Sequence[Token]) -> list[Measure]:
    """Every stated range, in order and without overlap."""
    found: list[Measure] = []
    at = 0
    while at < len(tokens):
        measure = _measure_at(tokens, at, found[-1].last + 1 if found else 0)
        if measure is None:
            at += 1
        else:
            found.append(measure)
            at = measure.last + 1
    if not any(m.key == TIME for m in found):
        found = sorted([*found, *_quick(tokens, found)], key=lambda m: m.first)
    return found


def merge_bounds(old: Bounds, new: Bounds) -> Bounds:
    """The tighter of both sides; when they contradict each other, the newer one."""
    low = max((b for b in (old[0], new[0]) if b is not None), default=None)
    high = min((b for b in (old[1], new[1]) if b is not None), default=None)
    return new if low is not None and high is not None and low > high else (low, high)


def _measure_at(tokens: Sequence[Token], at: int, floor: int) -> Measure | None:
    for reader in (_span_of_two, _duration_measure, _calorie_measure, _serving_measure, _count_measure):
        found = reader(tokens, at)
        if found is not None:
            return _with_comparator(tokens, found, floor)
    return None


def _with_comparator(tokens: Sequence[Token], m: Measure, floor: int) -> Measure:
    """Widen a bare amount (low == high) by the words before and after it that say which side is open."""
    low, high = m.bounds
    if low is None or low != high:
        return m
    first, sign = _comparator_before(tokens, m.first, floor)
    last = m.last
    for length in (3, 2, 1):
        words = tuple(t.word for t in tokens[last + 1 : last + 1 + length])
        if len(words) == length and words in _AFTER and tokens[last + 1].gap is not Gap.HARD:
            sign, last = _AFTER[words], last + length
            break
    if sign is None and m.key == SERVINGS:
        return Measure(first, last, m.key, m.bounds)
    return Measure(first, last, m.key, (low, None) if sign == ">=" else (None, low))


def _comparator_before(tokens: Sequence[Token], first: int, floor: int) -> tuple[int, str | None]:
    start = first
    while start > floor and tokens[start - 1].word in _HEDGES and tokens[start].gap is not Gap.HARD:
        start -= 1
    for begin in (start, first):  # "a maximum of": its words are hedges too
        for length in (4, 3, 2, 1):
            words = tuple(t.word for t in tokens[max(floor, begin - length) : begin])
            if len(words) == length and words in _COMPARATORS:
                return _negated(tokens, begin - length, floor, _COMPARATORS[words])
    for begin in range(max(floor, first - 4), first):
        for end in range(first, begin, -1):
            if tuple(t.word for t in tokens[begin:end]) in _COMPARATORS and all(
                t.word in _HEDGES for t in tokens[end:first]
            ):
                return _negated(tokens, begin, floor, _COMPARATORS[tuple(t.word for t in tokens[begin:end])])
    return first, None


def _negated(tokens: Sequence[Token], first: int, floor: int, sign: str) -> tuple[int, str]:
    """ "nothing that takes more than": a negator shortly before turns "at least" into "at most"."""
    if sign == ">=":
        for back in range(first - 1, max(floor, first - 5) - 1, -1):
            if tokens[back + 1].gap in (Gap.HARD, Gap.COMMA):
                break
            if tokens[back].word in _NEGATORS:
                return back, "<="
            if tokens[back].word in ("but", "with", "and", "or"):
                break
    return first, sign


def _duration_measure(tokens: Sequence[Token], at: int) -> Measure | None:
    found = parse_minutes(tokens, at)
    if found is None or found[0] <= 0:
        return None
    return Measure(at, found[1] - 1, TIME, (found[0], found[0]))


def _span_of_two(tokens: Sequence[Token], at: int) -> Measure | None:
    """ "between 20 and 40 minutes", "300-500 calories", "45 minutes to an hour"."""
    begin = at + 1 if tokens[at].word in ("between", "from") else at
    low = parse_minutes(tokens, begin) or parse_number(tokens, begin)
    if low is None or low[1] >= len(tokens):
        return None
    joint = tokens[low[1]]
    if joint.word in ("to", "and", "or"):
        if joint.word != "to" and begin == at:
            return None
        after = low[1] + 1
    elif joint.gap is Gap.HYPHEN or joint.gap is Gap.HARD:
        after = low[1]
    else:
        return None
    timed = parse_minutes(tokens, after)
    first_timed = parse_minutes(tokens, begin)
    if timed is not None:
        if joint.gap is Gap.HARD and joint.word not in ("to", "and", "or") and first_timed is not None:
            return None
        bottom = (
            first_timed[0] if first_timed else low[0] * (60 if tokens[timed[1] - 1].word in HOUR_UNITS else 1)
        )
        return _ordered(at, timed[1] - 1, TIME, bottom, timed[0])
    high = None if first_timed else parse_number(tokens, after)
    if high is None or high[1] >= len(tokens):
        return None
    unit = tokens[high[1]].word
    for names, key in (
        (_CALORIE, CALORIES),
        (_PEOPLE | {"servings"}, SERVINGS),
        ({"ingredients"}, INGREDIENTS),
    ):
        if unit in names:
            return _ordered(at, high[1], key, low[0], high[0])
    return None


def _ordered(first: int, last: int, key: str, low: float, high: float) -> Measure | None:
    return Measure(first, last, key, (low, high)) if low < high else None


def _calorie_measure(tokens: Sequence[Token], at: int) -> Measure | None:
    number = parse_number(tokens, at)
    if number is not None and number[1] < len(tokens) and tokens[number[1]].word in _CALORIE:
        return Measure(at, number[1], CALORIES, (number[0], number[0]))
    if tokens[at].word not in _CALORIE:
        return None
    position = at + 1  # "calories under 400", "calorie count below 400"
    while position < min(len(tokens), at + 3) and tokens[position].word in (
        "count",
        "content",
        "are",
        "is",
        "be",
    ):
        position += 1
    for length in (3, 2, 1):
        words = tuple(words_at(tokens, position, length))
        number = parse_number(tokens, position + length) if words in _COMPARATORS else None
        if number is not None:
            bounds = (number[0], None) if _COMPARATORS[words] == ">=" else (None, number[0])
            return Measure(at, number[1] - 1, CALORIES, bounds)
    return None


def _serving_measure(tokens: Sequence[Token], at: int) -> Measure | None:
    word = tokens[at].word
    if word in ("serves", "serve", "serving", "feeds", "feed", "feeding", "for", "family", "party", "group"):
        begin = at + 1
        if word in ("family", "party", "group"):
            if words_at(tokens, begin, 1) != ["of"]:
                return None
            begin += 1
        sign: str | None = ">=" if word in ("feeds", "feed", "feeding", "party", "group") else None
        for length in (3, 2, 1):
            words = tuple(words_at(tokens, begin, length))
            if word != "for" and words in _COMPARATORS and words != ("in",):
                begin, sign = begin + length, _COMPARATORS[words]
                break
        return _people(tokens, at, begin, word, sign)
    number = parse_number(tokens, at)
    if number is not None and number[1] < len(tokens) and tokens[number[1]].lemma in ("serving", "portion"):
        return Measure(at, number[1], SERVINGS, (number[0], number[0]))
    return None


def _people(tokens: Sequence[Token], at: int, begin: int, word: str, sign: str | None) -> Measure | None:
    number = parse_number(tokens, begin)
    if number is None or number[0] < 1 or number[0] != int(number[0]):
        return None
    value, after = number
    high = value
    if words_at(tokens, after, 1) == ["to"] or (after < len(tokens) and tokens[after].gap is Gap.HYPHEN):
        second = parse_number(tokens, after + (tokens[after].word == "to"))
        if second is not None and second[0] > value:
            high, after = second
    if after < len(tokens) and tokens[after].word in ("or", "and"):
        more = words_at(tokens, after, 2)[-1]
        if more in ("more", "up", "over"):
            sign, after = ">=", after + 2
    counted = after < len(tokens) and tokens[after].word in _PEOPLE
    if word == "for" and not counted and not _ends_phrase(tokens, after):
        return None
    last = after if counted else after - 1
    if sign is not None and high == value:
        return Measure(at, last, SERVINGS, (value, None) if sign == ">=" else (1.0, value))
    return Measure(at, last, SERVINGS, (value, high))


def _ends_phrase(tokens: Sequence[Token], at: int) -> bool:
    """Whether a number after "for" stands alone ("dinner for two, no nuts") and so counts people."""
    if at >= len(tokens) or tokens[at].gap >= Gap.COMMA:
        return True
    return tokens[at].word in frozenset(
        "with without no but that and please using in under tonight made which free not on".split()
    )


def _count_measure(tokens: Sequence[Token], at: int) -> Measure | None:
    number = parse_number(tokens, at)
    if number is None:
        return None
    after = number[1]
    if words_at(tokens, after, 1) in (["main"], ["simple"], ["basic"], ["or"]):
        if words_at(tokens, after, 2) in (["or", "fewer"], ["or", "less"]):
            after += 2
        elif tokens[after].word != "or":
            after += 1
    if after < len(tokens) and tokens[after].lemma == "ingredient":
        bound = (
            (number[0], number[0])
            if after == number[1] or tokens[after - 1].word not in ("fewer", "less")
            else (
                None,
                number[0],
            )
        )
        return Measure(at, after, INGREDIENTS, bound)
    return None


def _quick(tokens: Sequence[Token], taken: Sequence[Measure]) -> list[Measure]:
    """ "quick", "in a hurry": at most half an hour, unless a time is stated."""
    for at, token in enumerate(tokens):
        if any(m.first <= at <= m.last for m in taken):
            continue
        before = {t.word for t in tokens[max(0, at - 4) : at]}
        after = tokens[at + 1].lemma if at + 1 < len(tokens) else ""
        if token.word in _QUICK and after not in _NOT_QUICK and not before & (_NEGATORS | {"too"}):
            return [Measure(at, at, TIME, (None, QUICK_MINUTES))]
        for phrase in _HURRY:
            if tuple(words_at(tokens, at, len(phrase))) == phrase:
                return [Measure(at, at + len(phrase) - 1, TIME, (None, QUICK_MINUTES))]
    return []


_HURRY = tuple(
    tuple(phrase.split())
    for phrase in (
        "in a hurry", "in a rush", "short on time", "pressed for time", "not much time", 
        "dont have much time",
        "dont have a lot of time", "no time to cook", "little time", "in no time", "not have much time", 
        "no time",
        "dont have time", "do not have much time", "do not have time", "havent got long", "dont have long",
    )
)  # fmt: skip
