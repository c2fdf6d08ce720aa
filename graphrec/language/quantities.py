"""Amounts at the head of an ingredient line: numbers (fractions, ranges), units, sizes."""

from __future__ import annotations

import re
import unicodedata

UNITS: dict[str, str] = {
    alias: name
    for name, aliases in {
        "cup": "c cups", "tablespoon": "tablespoons tbsp tbsps tbs tbl tablespoonful T",
        "teaspoon": "teaspoons tsp tsps ts",
        "pound": "pounds lb lbs", "ounce": "ounces oz", "fluid ounce": "",
        "gram": "grams g gm gr gramme grammes",
        "kilogram": "kilograms kg kgs kilo kilos", "milliliter": "milliliters millilitre millilitres ml",
        "centiliter": "cl", "deciliter": "dl deciliters", "liter": "liters litre litres l",
        "quart": "quarts qt qts",
        "pint": "pints pt pts", "gallon": "gallons gal", "package": "packages pkg pkgs pack packs",
        "can": "cans tin tins",
        "jar": "jars", "bottle": "bottles", "box": "boxes", "bag": "bags", "carton": "cartons",
        "container": "containers", "envelope": "envelopes", "packet": "packets sachet sachets",
        "tub": "tubs", "tube": "tubes",
        "stick": "sticks", "loaf": "loaves", "head": "heads", "bunch": "bunches", "stalk": "stalks",
        "rib": "ribs",
        "clove": "cloves", "slice": "slices", "piece": "pieces", "pinch": "pinches", "dash": "dashes",
        "drop": "drops",
        "sprig": "sprigs", "leaf": "leaves", "ear": "ears", "fillet": "fillets filet filets",
        "strip": "strips",
        "sheet": "sheets", "cube": "cubes", "square": "squares", "wedge": "wedges", "scoop": "scoops",
        "handful": "handfuls",
        "splash": "splashes", "jigger": "jiggers", "shot": "shots", "inch": "inches", "dozen": "dozens",
        "link": "links",
        "serving": "servings", "batch": "batches", "recipe": "recipes", "part": "parts", "bulb": "bulbs",
        "round": "rounds",
        "bar": "bars", "rack": "racks", "roll": "rolls", "twist": "twists", "squeeze": "",
        "dollop": "dollops",
        "log": "logs", "wheel": "wheels", "tray": "trays", "pouch": "pouches", "block": "blocks",
        "chunk": "chunks",
        "knob": "knobs", "spear": "spears", "pod": "pods", "thread": "threads", "gill": "gills",
        "bushel": "bushels",
        "peck": "pecks", "sleeve": "sleeves", "ball": "balls", "half": "halves", "quarter": "quarters",
        "pat": "pats",
        "splat": "", "glug": "glugs", "grind": "grinds", "fifth": "", "tin": "", "flat": "", "cake": "",
        "fluid": "fl",
        "rasher": "rashers", "segment": "segments", "cl": "", "section": "sections", "portion": "portions",
    }.items()
    for alias in (name, *aliases.split())
}  # fmt: skip
"""Spelling to unit. Upper-case T is a tablespoon; every other spelling is looked up in lower case."""

SIZES = frozenset(
    "small medium large big jumbo extra-large xl medium-large medium-size medium-sized mini miniature".split()
)

_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8",
"⅞": "7/8",
              "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6"}  # fmt: skip
_WORDS = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0,
"seven": 7.0,
          "eight": 8.0, "nine": 9.0, "ten": 10.0, "twelve": 12.0, "half": 0.5, "dozen": 12.0}  # fmt: skip
_NUMBER = r"(?:\d+\s+\d+/\d+|\d+/\d+|\d*\.\d+|\d+(?:,\d{3})+|\d+)"
_HEAD = re.compile(rf"\s*(?P<low>{_NUMBER})(?:\s*(?:-|to|or)\s*(?P<high>{_NUMBER}))?(?![\d/])(?:\s*%)?")


def plain_numbers(text: str) -> str:
    """`text` with fraction characters spelled out (`1½` becomes `1 1/2`) and every dash a hyphen."""
    if text.isascii():
        return text
    for char, value in _FRACTIONS.items():
        text = text.replace(char, f" {value}")
    text = text.replace("⁄", "/")
    return "".join("-" if unicodedata.category(c) == "Pd" else c for c in text)


def number(text: str) -> float | None:
    """The value of `1`, `1/2`, `1 1/2`, `1.5` or `1,000`; None when it is none of these.

    >>> number("1 1/2"), number(".25"), number("2/0")
    (1.5, 0.25, None)
    """
    total = 0.0
    try:
        for part in text.replace(",", "").split():
            above, slash, below = part.partition("/")
            total += float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        return None
    return total


def take_quantity(text: str) -> tuple[float | None, float | None, str]:
    """Lowest and highest amount at the head of `text`, and the rest; one number gives the same twice.

    >>> take_quantity("2 to 3 cups milk")
    (2.0, 3.0, 'cups milk')
    """
    found = _HEAD.match(text)
    if found:
        low = number(found["low"])
        high = number(found["high"]) if found["high"] else low
        return low, high, text[found.end() :].strip()
    word, _, rest = text.strip().partition(" ")
    value = _WORDS.get(word.casefold())
    return (value, value, rest.strip()) if value is not None and rest else (None, None, text.strip())


def take_unit(text: str) -> tuple[str | None, str]:
    """Unit at the head of `text`, and the rest without a following `of`."""
    word, _, rest = text.partition(" ")
    key = word.rstrip(".,")
    unit = "tablespoon" if key == "T" else UNITS.get(key.casefold())
    if unit is None or not rest.strip():
        return None, text
    if unit == "fluid":
        return take_unit(rest.strip())
    rest = rest.strip()
    return unit, rest[3:].strip() if rest[:3].casefold() == "of " else rest
