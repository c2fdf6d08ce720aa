"""Misspelled words of a request, read as the words that they are slips of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from graphrec.nlu import vocabulary
from graphrec.nlu.cues import CUES, GENERIC, STOPWORDS, Cue
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.naming import ordinary_words
from graphrec.nlu.spelling import slip_cost
from graphrec.nlu.tokens import Token

SHORTEST, LONG, LONGEST = 4, 8, 24
"""Letters of the shortest word that is corrected, of one with two slips, of the longest."""
_CUE_KINDS = frozenset({Cue.NOT, Cue.ALLERGY})
_ASKED = frozenset(
    """quick minute minutes hour hours under less than gluten dairy lactose vegetarian vegan instead something
recipe recipes""".split()
)
_SHORT_FORMS = {
    "chkn": "chicken", "chx": "chicken", "chix": "chicken", "eg": "egg", "egs": "eggs", "egss": "eggs",
    "eggz": "eggs", "quik": "quick", "quicc": "quick", "veg": "vegetable", "vegies": "vegetables",
    "brkfst": "breakfast", "wout": "without", "wthout": "without",
}  # fmt: skip
"""What people write for short; too far from the word, or too short, to be found by its letters."""


class Corrector:
    """Finds what a misspelled word was meant to be; a word that is known in any way stays as it is.

    The first letter is trusted; up to seven letters one slip is forgiven, from eight on two. Slips that fingers
    make (swapped and doubled letters, one vowel for another) win over others, and a word that remains as near to
    two of the vocabulary stays unread: it is reported rather than guessed.

    Args:
        lexicon: whose words are corrected to.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._cache: dict[str, str] = {}

    def correct(self, tokens: Sequence[Token]) -> tuple[list[Token], dict[int, str]]:
        """The tokens as meant, and what was corrected: the new word by the first character of the token."""
        out: list[Token] = []
        changed: dict[int, str] = {}
        for token in tokens:
            meant = self._meant(token)
            if meant:
                changed[token.start] = meant
                lemma = meant[:-1] if meant in _PLURALS else meant
                word = f"{meant}s" if token.plural and meant not in _PLURALS else meant
                token = replace(token, word=word, lemma=_LEMMAS.get(meant, lemma))
            out.append(token)
        return out, changed

    def _meant(self, token: Token) -> str:
        """The word meant, "" for the word itself."""
        short = _SHORT_FORMS.get(token.word, "")
        if short or not SHORTEST <= len(token.lemma) <= LONGEST or not token.word.isalpha():
            return short
        known = self._cache.get(token.word)
        if known is None:
            known = "" if self._knows(token) else self._nearest(token)
            if len(self._cache) > 50_000:
                self._cache.clear()
            self._cache[token.word] = known
        return known

    def _knows(self, token: Token) -> bool:
        """Whether a word means something as it stands, be it only in English."""
        if token.word in _SPOKEN or any(w in _ENGLISH or w in ordinary_words() for w in (token.word, token.lemma)):
            return True
        return token.lemma in self._known or self._lexicon.lookup(token.lemma) is not None

    def _nearest(self, token: Token) -> str:
        tries = [(token.lemma, self._targets), (token.word, self._targets), (token.word, _CUE_TARGETS)]
        for word, by_start in tries:
            limit = 2 if len(word) >= LONG else 1
            scored = sorted(
                (cost, known)
                for length in range(len(word) - limit, len(word) + limit + 1)
                for known in by_start.get((word[0], length), ())
                if (cost := slip_cost(word, known, limit)) is not None
            )
            best = [known for cost, known in scored if cost == scored[0][0]]
            if len(best) == 1 or (best and self._all_mean(best)):
                return best[0]
        return ""

    def _all_mean(self, words: Sequence[str]) -> bool:
        """Whether words lead to the same nodes: one of them is itself a known misspelling."""
        entries = [self._lexicon.lookup(word) for word in words]
        return all(e is not None and entries[0] is not None and e.refs == entries[0].refs for e in entries)

    @cached_property
    def _known(self) -> frozenset[str]:
        """Words of names, whether the catalogue has a node for them or not."""
        taxonomy = {word for name in self._lexicon.taxonomy.is_a for word in name.split()}
        return frozenset(taxonomy | self._lexicon.spoken_words())

    @cached_property
    def _targets(self) -> dict[tuple[str, int], list[str]]:
        return _by_start(self._lexicon.spoken_words())


def _by_start(words: Iterable[str]) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    for word in sorted(set(words)):
        if len(word) >= SHORTEST:
            found.setdefault((word[0], len(word)), []).append(word)
    return found


_CUE_TARGETS = _by_start(
    [first for first, rows in CUES.items() if len(first) > 4 and any(cue in _CUE_KINDS for _, cue in rows)]
    + [word for words in vocabulary.DIET_WORDS for word in words]
    + list(_ASKED)
)
_PLURALS = frozenset({"minutes", "hours", "recipes", "eggs", "vegetables"})
_LEMMAS = {"allergies": "allergy", "allergens": "allergen"}
_ENGLISH = (
    STOPWORDS
    | GENERIC
    | vocabulary.DESCRIPTIONS
    | vocabulary.VAGUE
    | vocabulary.DISHES
    | vocabulary.PLATED
)
_SPOKEN = (
    frozenset(word for rows in CUES.values() for words, _ in rows for word in words)
    | frozenset(word for words in (*vocabulary.DIET_WORDS, *vocabulary.SOFT_DIETS) for word in words)
)
