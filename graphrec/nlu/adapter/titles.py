"""Dishes by their titles: exactly, folded, else by the words that they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.tokens import tokenize

ENOUGH = 0.6
"""Overlap from which a title is taken for the dish meant: the Dice coefficient of the words, weighted by rarity."""
MARGIN = 0.1
"""By how much the best title has to lead the next one that is spelled differently."""
MOST = 5
"""How many titles an ambiguous name is given with."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a name may mean.

    Args:
        item: index of the dish; None when several are as likely, or none is.
        options: indices that it may be, best first; of several dishes with the same title all.
        score: overlap of the best, 1 for the same words.
    """

    item: int | None
    options: tuple[int, ...] = ()
    score: float = 0.0


class Titles:
    """The titles of one catalogue; built at the first lookup, then safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def find(self, name: str) -> Found:
        """The dish of a name.

        Of dishes with the same title the most popular is taken; the others stay in `options`.

        Args:
            name: as said, without the words around it.
        """
        keys = _keys(name)
        if not keys:
            return Found(None)
        same = self._folded.get(keys)
        return self._same(name, same) if same else self._likest(keys)

    def _same(self, name: str, items: list[int]) -> Found:
        said = name.strip().casefold()
        exact = [i for i in items if self._catalogue.titles[i].casefold() == said] or items
        ranked = tuple(self._ranked(exact))
        return Found(ranked[0], ranked, 1.0)

    def _likest(self, keys: frozenset[str]) -> Found:
        scores = self._overlap(keys)
        near = np.flatnonzero(scores >= max(float(scores.max(initial=0.0)) - MARGIN, 1e-9)).tolist()
        if not near:
            return Found(None)
        best = sorted(self._ranked(near), key=lambda i: -round(float(scores[i]), 6))
        top = float(scores[best[0]])
        spellings = {frozenset(_keys(self._catalogue.titles[i])) for i in best}
        sure = top >= ENOUGH and len(spellings) == 1
        return Found(best[0] if sure else None, tuple(best[:MOST]), top)

    def _overlap(self, keys: frozenset[str]) -> NDArray[np.float64]:
        """Weighted Dice coefficient of a name with every title, `[num_items]`."""
        shared = np.zeros(self._catalogue.num_items)
        asked = 0.0
        for key in sorted(keys):
            holders = self._index.get(key, _NONE)
            weight = self._rarity(len(holders))
            asked += weight
            shared[holders] += weight
        return np.asarray(2 * shared / (asked + self._weights))

    def _rarity(self, holders: int) -> float:
        return math.log(1 + self._catalogue.num_items / (1 + holders)) + 0.1

    def _ranked(self, items: list[int]) -> list[int]:
        """Most popular first, ties by id."""
        popularity, rank = self._catalogue.popularity, self._catalogue.item_rank
        return sorted(items, key=lambda i: (-float(popularity[i]), int(rank[i])))

    @cached_property
    def _read(self) -> tuple[dict[str, NDArray[np.int64]], dict[frozenset[str], list[int]]]:
        """Items by word, and by all words of their titles."""
        words: dict[str, list[int]] = {}
        whole: dict[frozenset[str], list[int]] = {}
        known: dict[str, frozenset[str]] = {}
        for item, title in enumerate(self._catalogue.titles):
            keys = _keys_of_words(title, known)
            whole.setdefault(keys, []).append(item)
            for key in keys:
                words.setdefault(key, []).append(item)
        return {key: np.asarray(items, dtype=np.int64) for key, items in words.items()}, whole

    @property
    def _index(self) -> dict[str, NDArray[np.int64]]:
        return self._read[0]

    @property
    def _folded(self) -> dict[frozenset[str], list[int]]:
        return self._read[1]

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """Summed rarity of the words of each title."""
        weights = np.zeros(self._catalogue.num_items)
        for holders in self._index.values():
            weights[holders] += self._rarity(len(holders))
        return weights

    def warm(self) -> None:
        """Build the index now rather than at the first lookup."""
        self._weights  # noqa: B018


_NONE: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def _keys_of_words(title: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """:func:`_keys` of a title by its single words, each of which is read once for the whole catalogue."""
    found: set[str] = set()
    for word in title[:500].split():
        keys = known.get(word)
        if keys is None:
            tokens = tokenize(word)
            keys = known[word] = frozenset(t.lemma for t in tokens if t.word not in STOPWORDS)
        found |= keys
    return frozenset(found) or _keys(title)


def _keys(text: str) -> frozenset[str]:
    """The words of a name that tell it from others, folded; all of them when none is left otherwise."""
    tokens = tokenize(text[:500])
    return frozenset(t.lemma for t in tokens if t.word not in STOPWORDS) or frozenset(t.lemma for t in tokens)
