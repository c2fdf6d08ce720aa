"""Dishes by the titles of the catalogue: which words are kinds of dish, and which phrases name one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from graphrec.language.fold import plain, singular

_WORD = re.compile(r"[^\W_]+")
_ASIDE = re.compile(r"[(\[:;,]| - ")
SMALL = frozenset("and n the a an of with in on".split())
"""Words of a title that people leave out or replace: "macaroni cheese", "fish n chips"."""
_CUTS = frozenset(
    "with in on for from without over alla alle al au aux all con de di du e".split()
)
"""Before these a title says what is cooked, after them how: "Lasagna alla Bolognese"."""
_OF_THE_NAME = frozenset("al au aux con de di du e".split())
"""Before these a single word is no name yet: pan con tomate is not called a pan."""
_PRAISE = frozenset(
    """best easy quick simple good great perfect favorite favourite classic traditional authentic homemade
ultimate old fashioned fresh soft crispy basic real original famous my our mom moms grandma grandmas
vegetarian vegan veggie""".split()
)
"""First words of a title that belong to no name."""
KIND_SHARE = 0.5
"""A word that is the head of at least this share of the titles that hold it is a kind of dish."""
LEAST_TITLES = 3
MAX_TITLE_WORDS = 7


class Dishes:
    """The titles of a catalogue; they are read at the first question, in time linear in their number.

    Args:
        titles: (item id, title) of every item.
        item_type: node type of the items.
    """

    def __init__(self, titles: Iterable[tuple[str, str]], item_type: str = "recipe") -> None:
        self._given = titles
        self.item_type = item_type

    def is_kind(self, words: str) -> bool:
        """Whether most titles that hold a folded word have it as their head: "curry", and not "creamy"."""
        heads, holds = self._read[1], self._read[2]
        return holds[words] >= LEAST_TITLES and heads[words] >= KIND_SHARE * holds[words]

    def items(self, key: str) -> tuple[str, ...]:
        """Ids of the items whose whole title, small words and praise aside, is a key of :func:`title_key`."""
        return tuple(self._read[0].get(key, ()))

    @cached_property
    def words(self) -> frozenset[str]:
        """Folded words of the titles; of a large catalogue those that several titles share."""
        holds = self._read[2]
        least = 1 if len(self._read[0]) < 5_000 else LEAST_TITLES
        return frozenset(word for word, count in holds.items() if count >= least)

    @cached_property
    def _read(self) -> tuple[dict[str, list[str]], Counter[str], Counter[str]]:
        """Items by key, how often each word is a head, how many titles hold it."""
        items: dict[str, list[str]] = {}
        heads: Counter[str] = Counter()
        holds: Counter[str] = Counter()
        for item, title in self._given:
            said = _words(_ASIDE.split(title, maxsplit=1)[0]) or _words(title)
            if not said:
                continue
            holds.update(set(_words(title)))
            main = _before_cut(said)
            heads[main[-1]] += 1
            short = said if len(main) == 1 and said[1:2] and said[1] in _OF_THE_NAME else main
            for key in {title_key(said), title_key(short), title_key(_without_praise(short))}:
                items.setdefault(key, []).append(item)
        self._given = ()
        return items, heads, holds


def title_key(words: Sequence[str]) -> str:
    """Folded words without the small ones: what a request and a title are compared by."""
    return " ".join(w for w in words if w not in SMALL) or " ".join(words)


def _words(text: str) -> list[str]:
    return [singular(word) for word in _WORD.findall(plain(text))]


def _before_cut(words: list[str]) -> list[str]:
    for at, word in enumerate(words):
        if at and word in _CUTS:
            return words[:at]
    return words


def _without_praise(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) - 1 and words[at] in _PRAISE:
        at += 1
    return words[at:]
