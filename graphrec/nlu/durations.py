"""Numbers in a request: times, calories, servings and ingredient counts become inclusive ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphrec.nlu.quantities import AFTER, COMPARATORS, HOUR_UNITS, parse_minutes, parse_number, words_at
from graphrec.nlu.tokens import Gap, Token

Bounds = tuple[float | None, float | None]

TIME, CALORIES, SERVINGS, INGREDIENTS = "total_minutes", "calories", "servings", "num_ingredients"
QUICK_MINUTES = 30.0
A_LITTLE = 1.25
"""How much more "a little over" may be."""

_CALORIE = frozenset("calorie calories cal cals kcal kcals kilocalorie kilocalories".split())
_SHARES = frozenset("head person serving portion plate bowl pop mouth".split())
_PLATES = frozenset("plates bowls portions helpings".split())
_SHARED = frozenset("over across between among".split())
_PEOPLE = frozenset(
    "people ppl persons person adults guests diners eaters folks kids children friends mouths".split()
)
_HUNGRY = frozenset(
    """boys girls men women ladies gentlemen teenagers teens lads mates students relatives cousins adults
    colleagues neighbours neighbors grandchildren toddlers hikers guests""".split()
)
_QUICK = frozenset("quick quickly quicker fast speedy quickie rapid express swift pronto asap".split())
_NOT_QUICK = frozenset(
    "bread oat grit food pickle pickled cooking rise day question one query chat check note favour favor word".split()
)

_HEDGES = frozenset(
    "about around roughly approximately approx circa just only the a an total of like say maybe".split()
)
_ROUGHLY = frozenset("about around roughly approximately approx circa".split())
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
    if m.key == TIME and low is not None and _a_little_over(tokens, m.first):
        return Measure(m.first, m.last, m.key, (None, low * A_LITTLE))
    first, sign = _comparator_before(tokens, m.first, floor)
    last = m.last
    while sign is None and m.key == CALORIES and first > floor and tokens[first - 1].word in _ROUGHLY:
        first -= 1
    for length in (5, 4, 3, 2, 1):
        words = tuple(t.word for t in tokens[last + 1 : last + 1 + length])
        if len(words) == length and words in AFTER and tokens[last + 1].gap is not Gap.HARD:
            sign, last = AFTER[words], last + length
            break
    if sign is None and m.key == SERVINGS:
        return Measure(first, last, m.key, m.bounds)
    return Measure(first, last, m.key, (low, None) if sign == ">=" else (None, low))


def _a_little_over(tokens: Sequence[Token], first: int) -> bool:
    """ "a little over an hour": an upper bound with some room, not a lower one."""
    before = words_at(tokens, max(0, first - 2), min(2, first))
    return before[-1:] in (["over"], ["above"], ["past"]) and before[:1] in (
        ["little"], ["bit"], ["just"], ["slightly"], ["touch"],
    )  # fmt: skip


def _comparator_before(tokens: Sequence[Token], first: int, floor: int) -> tuple[int, str | None]:
    start = first
    while start > floor and tokens[start - 1].word in _HEDGES and tokens[start].gap is not Gap.HARD:
        start -= 1
    for begin in (start, first):  # "a maximum of": its words are hedges too
        for length in (4, 3, 2, 1):
            words = tuple(t.word for t in tokens[max(floor, begin - length) : begin])
            if len(words) == length and words in COMPARATORS:
                return _negated(tokens, begin - length, floor, COMPARATORS[words])
    for begin in range(max(floor, first - 4), first):
        for end in range(first, begin, -1):
            if tuple(t.word for t in tokens[begin:end]) in COMPARATORS and all(
                t.word in _HEDGES for t in tokens[end:first]
            ):
                return _negated(tokens, begin, floor, COMPARATORS[tuple(t.word for t in tokens[begin:end])])
    return first, None


def _negated(tokens: Sequence[Token], first: int, floor: int, sign: str) -> tuple[int, str]:
    """ "nothing that takes more than": a negator shortly before turns "at least" into "at most"."""
    if sign == ">=":
        for back in range(first - 1, max(floor, first - 7) - 1, -1):
            if tokens[back + 1].gap in (Gap.HARD, Gap.COMMA):
                break
            if tokens[back].word in _NEGATORS:
                return back, "<="
            if tokens[back].word in ("but", "and", "or") or (
                tokens[back].word == "with" and tokens[back + 1].word not in ("anything", "something")
            ):
                break
    return first, sign


def _duration_measure(tokens: Sequence[Token], at: int) -> Measure | None:
    found = parse_minutes(tokens, at)
    if found is None or found[0] <= 0:
        return _bare_minutes(tokens, at) or _two_sided(tokens, at)
    return Measure(at, found[1] - 1, TIME, (found[0], found[0]))


def _bare_minutes(tokens: Sequence[Token], at: int) -> Measure | None:
    """ "on the table in 40", "dinner in 15": a number without a unit that ends its clause after "in"."""
    number = parse_number(tokens, at) if at and tokens[at - 1].word in ("in", "within") else None
    if number is None or not 5 <= number[0] <= 90 or number[0] % 5:
        return None
    after = number[1]
    ends = after == len(tokens) or tokens[after].gap >= Gap.COMMA or tokens[after].word in ("tops", "max", "flat")
    return Measure(at, after - 1, TIME, (number[0], number[0])) if ends else None


def _two_sided(tokens: Sequence[Token], at: int) -> Measure | None:
    """ "over 20 but under 45 minutes": two bounds that share a unit."""
    low = parse_number(tokens, at) if at and _sign(tokens, at - 1) == ">=" else None
    if low is None or words_at(tokens, low[1], 1) not in (["but"], ["and"], ["yet"]):
        return None
    begin = low[1] + 1
    while begin < len(tokens) and begin < low[1] + 4 and tokens[begin].word not in ("under", "below", "within"):
        begin += 1
    high = parse_minutes(tokens, begin + 1)
    if high is None or high[0] <= low[0]:
        return None
    unit = 60 if tokens[high[1] - 1].word in HOUR_UNITS else 1
    return _ordered(at - 1, high[1] - 1, TIME, low[0] * unit, high[0])


def _sign(tokens: Sequence[Token], at: int) -> str | None:
    return COMPARATORS.get((tokens[at].word,)) or COMPARATORS.get(tuple(words_at(tokens, max(0, at - 1), 2)))


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
        return Measure(at, _each(tokens, number[1]), CALORIES, (number[0], number[0]))
    if number is not None and _calories_before(tokens, at, number[1]):
        return Measure(at, number[1] - 1, CALORIES, (number[0], number[0]))
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
        number = parse_number(tokens, position + length) if words in COMPARATORS else None
        if number is not None:
            bounds = (number[0], None) if COMPARATORS[words] == ">=" else (None, number[0])
            return Measure(at, number[1] - 1, CALORIES, bounds)
    return None


def _each(tokens: Sequence[Token], last: int) -> int:
    """The last token of "500 calories a head"."""
    share = words_at(tokens, last + 1, 2)
    if share[:1] == ["each"]:
        return last + 1
    return last + 2 if len(share) == 2 and share[0] in ("a", "per") and share[1] in _SHARES else last


def _calories_before(tokens: Sequence[Token], at: int, after: int) -> bool:
    """ "watching calories, so 350 at most": a bare number with a bound, near the word that it counts."""
    bounded = any(tuple(words_at(tokens, after, size)) in AFTER for size in (1, 2, 3))
    before = tokens[max(0, at - 4) : at]
    counted = any(t.word in _CALORIE for t in before) and not any(t.word[0].isdigit() for t in before)
    return bounded and counted and all(t.gap <= Gap.COMMA for t in tokens[at - len(before) + 1 : at + 1])


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
            if word != "for" and words in COMPARATORS and words != ("in",):
                begin, sign = begin + length, COMPARATORS[words]
                break
        return _people(tokens, at, begin, word, sign)
    number = parse_number(tokens, at)
    if number is None or number[1] >= len(tokens):
        return None
    if tokens[number[1]].lemma in ("serving", "portion"):
        return Measure(at, number[1], SERVINGS, (number[0], number[0]))
    return _mouths(tokens, at, number)


def _mouths(tokens: Sequence[Token], at: int, number: tuple[float, int]) -> Measure | None:
    """ "at least four people at the table", "a dozen hungry boys": who has to be fed."""
    value, after = number
    hungry = tokens[after].word == "hungry"
    counted = after + hungry < len(tokens) and tokens[after + hungry].word in _PEOPLE | _HUNGRY
    least = at > 1 and _sign(tokens, at - 1) == ">="
    if not counted and at and tokens[at - 1].word in _SHARED and tokens[after].word in _PLATES:
        return Measure(at - 1, after, SERVINGS, (value, None))  # "stretch one chicken over eight plates"
    if not counted or not (hungry or least or _stands_alone(tokens, at, after)) or value < 1:
        return None
    return Measure(at, after + hungry, SERVINGS, (value, None))


def _stands_alone(tokens: Sequence[Token], first: int, last: int) -> bool:
    """ "book club, nine ladies, salad": between commas, so nothing is said of them but their number."""
    ends = last + 1 == len(tokens) or tokens[last + 1].gap >= Gap.COMMA
    return ends and (first == 0 or tokens[first].gap >= Gap.COMMA)


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
        "with without no but that thats and please using in under tonight made which who so free not on".split()
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
        if token.word in _QUICK and after not in _NOT_QUICK and not before & (_NEGATORS | {"too", "slow"}):
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
