"""Raw ingredient lines, taken apart: `1 1/2 pounds large shrimp - peeled and deveined`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from graphrec.language.linking import IngredientLinker, Link, LinkKind
from graphrec.language.modifiers import is_preparation
from graphrec.language.quantities import SIZES, plain_numbers, take_quantity, take_unit
from graphrec.language.taxonomy import load_taxonomy
from graphrec.language.vocabulary import load_vocabulary

__all__ = ["IngredientLine", "IngredientLinker", "Link", "LinkKind", "default_linker", "parse_line"]

_MARKS = re.compile("[\u00ae\u2122\u00a9*]")
_NOTE = re.compile(r"\(([^()]*)\)?")
_BREAK = re.compile(r"\s+-{1,2}\s+|\s*;\s*|,\s+|\.\s+(?=[A-Z])")
_LEAD = re.compile(
    r"^(?:about|approximately|approx\.?|around|up to|at least|scant|heaping|heaped|generous|"
    r"rounded|level)\s+",
    re.I,
)
_AND_MORE = re.compile(r"^(?:plus|and|\+)\s+(?=[\d.]|an?\s)", re.I)
_TAIL = re.compile(
    r"\s*\b(?:or\s+)?(?:(?:more|less|enough|just enough)\s+)?(?:to taste|as needed|as desired|"
    r"as required|if desired|if needed|"
    r"if necessary|or more|or less|or so|optional|divided|plus more|plus extra|to cover|at room temperature|"
    r"(?:for|to)\s+(?:deep[- ]?|pan[- ]?)?(?:frying|fry|garnish(?:ing)?|dust(?:ing)?|serving|serve|"
    r"sprinkl\w+|drizzl\w+|brush\w*|rolling|decorat\w+|topping|coating|dredging|greasing|grease|rubbing|"
    r"sauteing|dipping|knead\w*|flouring|cooking|grilling|thickening|basting|the\s+\w+|pan|taste)"
    r"(?:\s+(?:the\s+)?\w+)?)\s*$",
    re.I,
)
_HALF = re.compile(r"half(?:-|\s)(?:and|n|&)", re.I)  # half and half is a cream
_OR = re.compile(r"\s+or\s+", re.I)


@dataclass(frozen=True, slots=True)
class IngredientLine:
    """One ingredient line, taken apart.

    Args:
        name: what is left of the food's name, as written.
        quantity: the (lowest) amount; `quantity_max` the highest of a range.
        unit: the unit in the singular (`cup`), None for a count.
        size: `large`, `medium`, ... or None.
        preparation: what is done to it (`peeled and deveined`), empty when nothing is said.
        alternatives: other foods that the line allows (`butter or margarine`).
        optional: the line says so.
        to_taste: the line leaves the amount open.
        notes: what stood in parentheses (`such as Frank's RedHot`, `8 ounce`).
        heading: the line is a heading (`For the sauce:`), not a food.
    """

    name: str
    quantity: float | None = None
    quantity_max: float | None = None
    unit: str | None = None
    size: str | None = None
    preparation: str = ""
    alternatives: tuple[str, ...] = ()
    optional: bool = False
    to_taste: bool = False
    notes: tuple[str, ...] = ()
    heading: bool = False


def parse_line(line: str) -> IngredientLine:
    """Take one raw ingredient line apart; every string gives a result.

    >>> parse_line("1 (15 ounce) can black beans, rinsed").name
    'black beans'
    """
    text = " ".join(_MARKS.sub("", plain_numbers(line)).split())
    lower = text.casefold()
    notes = tuple(n.strip() for n in _NOTE.findall(text) if n.strip())
    text = " ".join(_NOTE.sub(" ", text).split()).replace(")", " ").replace(" ,", ",")
    heading = text.endswith(":") and not text[:1].isdigit()
    low, high, unit, size, text = _take_amount(text.lstrip("-•*+. ").rstrip(": "))
    name, preparation = _split_preparation(text)
    name = _strip_tail(name)
    names = [n for n in _OR.split(name) if n.strip()] or [name]
    return IngredientLine(
        name=names[0].strip(), quantity=low, quantity_max=high, unit=unit, size=size, preparation=preparation,
        alternatives=tuple(n.strip() for n in names[1:]), optional="optional" in lower,
        to_taste="to taste" in lower or "as needed" in lower, notes=notes, heading=heading,
    )  # fmt: skip


def _take_amount(text: str) -> tuple[float | None, float | None, str | None, str | None, str]:
    """Amounts, unit and size from the head, repeated while there are any (`2 cups plus 1 tablespoon`, `1
    14-ounce can`).
    """
    low = high = None
    unit = size = None
    for _ in range(8):
        before = text
        text = _LEAD.sub("", text)
        first, last, text = (None, None, text) if _HALF.match(text) else take_quantity(text)
        if low is None:
            low, high = first, last
        text = text.lstrip("-x ") if first is not None else text
        word, _, rest = text.partition(" ")
        if word.casefold().rstrip(",") in SIZES and rest:
            size, text = size or word.casefold().rstrip(","), rest
        found, rest = take_unit(text)
        if found is not None and not _names_food(unit, found, rest):
            unit, text = found if unit is None or unit in ("ounce", "inch", "pound") else unit, rest
        text = _AND_MORE.sub("", text)
        if text == before:
            break
    return low, high, unit, size, text


def _names_food(unit: str | None, found: str, rest: str) -> bool:
    """Whether a word that could be a unit is the food (`2 teaspoons cloves, ground`; `1 cup half and
    half`).
    """
    after = rest.casefold()
    if after.startswith(("and half", "& half", "and ", "or ", ",", "-")):
        return True
    return found in ("cake", "roll", "flat", "round", "leaf", "half", "bar") and unit is not None


def _split_preparation(text: str) -> tuple[str, str]:
    """Name and preparation: the name ends at the first break that leaves more than adjectives before it."""
    start = 0
    for cut in _BREAK.finditer(text):
        head = text[start : cut.start()]
        if head.strip() and not is_preparation(text[: cut.start()]):
            return text[: cut.start()].replace(",", " and").strip(), text[cut.end() :].strip()
    return text.strip(" ,"), ""


def _strip_tail(name: str) -> str:
    while True:
        shorter = _TAIL.sub("", name).strip(" ,-")
        if shorter == name or not shorter:
            return name
        name = shorter


@cache
def default_linker() -> IngredientLinker:
    """The linker over the shipped vocabulary and taxonomy."""
    return IngredientLinker(load_vocabulary(), load_taxonomy())
