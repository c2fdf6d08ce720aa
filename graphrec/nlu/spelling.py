"""Near spellings: which known words are one or two slips of the hand away from a word."""

from __future__ import annotations

from collections.abc import Iterable

MIN_LENGTH = 5


def within(a: str, b: str, limit: int) -> bool:
    """Whether the optimal string alignment distance of two words is at most `limit` (swaps count once)."""
    if abs(len(a) - len(b)) > limit:
        return False
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        older, before, row = before, row, [i] + [0] * len(b)
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row[j] = cost
        if min(row) > limit:
            return False
    return row[-1] <= limit


def slip_cost(said: str, meant: str, limit: int) -> float | None:
    """How unlikely a slip is, None beyond `limit` slips: what fingers do often costs less than a letter.

    A doubled letter, or one of two left out, costs 0.6; a swap, and a letter for one that is heard alike, 0.8;
    anything else 1.
    """
    if not within(said, meant, limit):
        return None
    if _undoubled(said) == _undoubled(meant):
        return 0.6
    if len(said) == len(meant):
        places = [at for at in range(len(said)) if said[at] != meant[at]]
        swapped = len(places) == 2 and sorted(said[places[0] : places[1] + 1]) == sorted(
            meant[places[0] : places[1] + 1]
        )
        alike = all(_alike(said[at], meant[at]) for at in places)
        if swapped or alike:
            return 0.8 * (1 if swapped else len(places))
    return 1.0 if within(said, meant, 1) else 2.0


def _alike(one: str, other: str) -> bool:
    return one in _ALIKE and _ALIKE[one] == _ALIKE.get(other)


def _undoubled(word: str) -> str:
    return "".join(letter for at, letter in enumerate(word) if not at or letter != word[at - 1])


_ALIKE = {letter: group for group in ("aeiouy", "sz", "ckq", "dt", "mn", "fv", "bp") for letter in group}
"""Letters that are heard alike."""


class Speller:
    """Finds the nearest words of a vocabulary; candidates share a first letter or a last one.

    Args:
        words: the vocabulary, folded.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by_length: dict[int, list[str]] = {}
        for word in dict.fromkeys(words):
            if len(word) >= MIN_LENGTH - 1:
                self._by_length.setdefault(len(word), []).append(word)

    def near(self, word: str, *, limit: int) -> tuple[str, ...]:
        """Every word at the smallest distance that is at most `limit`; none for short or long words."""
        if not MIN_LENGTH <= len(word) <= 24:
            return ()
        for distance in range(1, limit + 1):
            found = tuple(
                known
                for length in range(len(word) - distance, len(word) + distance + 1)
                for known in self._by_length.get(length, ())
                if (known[0] == word[0] or known[-1] == word[-1]) and within(word, known, distance)
            )
            if found:
                return found
        return ()
