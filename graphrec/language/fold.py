"""One spelling for many: case, accents, hyphens and plurals folded away."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile("['\u2019\u2018\u00b4`\u00ae\u2122\u00a9]")
_AMPERSAND = re.compile(r"\s*&\s*")

_IRREGULAR = {
    "leaves": "leaf", "loaves": "loaf", "halves": "half", "knives": "knife", "calves": "calf",
    "shelves": "shelf",
    "wolves": "wolf", "wives": "wife", "lives": "life", "scarves": "scarf", "hooves": "hoof",
    "thieves": "thief",
    "geese": "goose", "mice": "mouse", "feet": "foot", "teeth": "tooth", "men": "man", "women": "woman",
    "children": "child", "oxen": "ox", "fungi": "fungus", "cacti": "cactus", "octopi": "octopus",
    "radii": "radius",
    "quiches": "quiche", "caches": "cache", "brioches": "brioche", "ceviches": "ceviche", "aches": "ache",
    "avalanches": "avalanche", "cloches": "cloche", "shoes": "shoe", "toes": "toe", "roes": "roe",
    "aloes": "aloe",
    "canoes": "canoe", "floes": "floe", "menus": "menu", "emus": "emu", "tofus": "tofu",
    "tiramisus": "tiramisu",
    "tutus": "tutu", "gurus": "guru", "chilies": "chili", "chillies": "chilli", "chiles": "chile",
    "buses": "bus",
    "gases": "gas", "viruses": "virus", "cookies": "cookie", "brownies": "brownie", "smoothies": "smoothie",
    "veggies": "veggie", "pierogies": "pierogie", "hoagies": "hoagie", "smokies": "smokie",
    "sweeties": "sweetie",
    "calories": "calorie", "birdies": "birdie", "goodies": "goodie", "foodies": "foodie", "movies": "movie",
    "selfies": "selfie", "quickies": "quickie", "zombies": "zombie", "weenies": "weenie",
    "smarties": "smarties",
    "cheerios": "cheerios", "axes": "axe", "ounces": "ounce", "zucchinis": "zucchini",
    "kiwis": "kiwi", "chapatis": "chapati", "rotis": "roti", "broccolis": "broccoli", "calamaris": "calamari",
    "martinis": "martini", "bikinis": "bikini", "paninis": "panini", "spaghettis": "spaghetti",
    "salamis": "salami",
    "tortellinis": "tortellini", "raviolis": "ravioli", "sushis": "sushi", "lenses": "lens", "sizes": "size",
    "prizes": "prize",
    "mazes": "maze", "glazes": "glaze", "bronzes": "bronze", "breezes": "breeze", "freezes": "freeze",
}  # fmt: skip

_UNCHANGED = frozenset(
    "molasses couscous hummus asparagus swiss bass schnapps brussels citrus octopus cactus haas hass texas "
    "kansas "
    "christmas madras thomas james jesus series species lens gas yes always sometimes perhaps besides us is "
    "this his hers its was has does goes plus minus thus less unless across hors des les kudos cosmos asados "
    "pancreas atlas canvas arkansas bitters collins jacques louis paris dallas "
    "las los mars tapas news".split()
)
_CH_SH = ("ches", "shes", "xes", "zzes")


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """The singular of one lower-case word; words that only look like plurals are left alone.

    >>> [singular(w) for w in ("tomatoes", "berries", "leaves", "radishes", "molasses", "swiss")]
    ['tomato', 'berry', 'leaf', 'radish', 'molasses', 'swiss']
    """
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if len(word) < 4 or word[-1] != "s" or word in _UNCHANGED or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("sses") or word.endswith(_CH_SH) or word.endswith("oes"):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1]


def plain(text: str) -> str:
    """`text` in lower case without accents and apostrophes; `&` becomes `and`."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", _APOSTROPHE.sub("", text))
        text = "".join(c for c in text if not unicodedata.combining(c))
    elif "'" in text or "`" in text:
        text = _APOSTROPHE.sub("", text)
    text = text.casefold()
    return _AMPERSAND.sub(" and ", text) if "&" in text else text


def tokens(text: str) -> list[str]:
    """The folded words of `text`, in order; punctuation and hyphens part words."""
    return [singular(word) for word in _WORD.findall(plain(text))]


def fold(text: str) -> str:
    """The folded form under which names are compared and attribute nodes are stored.

    >>> fold("Crème-fraîche"), fold("Green Onions"), fold("Confectioners' sugar")
    ('creme fraiche', 'green onion', 'confectioner sugar')
    """
    return " ".join(tokens(text))
