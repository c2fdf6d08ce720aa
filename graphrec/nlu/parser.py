"""A request in plain words becomes the constraints of a :class:`~graphrec.ranking.query.GraphQuery`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graphrec.nlu.asides import without_asides
from graphrec.nlu.assembly import MAX_CHARS, Assembly
from graphrec.nlu.correction import Corrector
from graphrec.nlu.durations import Measure, find_measures
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.linking import Diet, Mention, Places, link, named_diets
from graphrec.nlu.negation import Reader
from graphrec.nlu.parsed import ParsedRequest, Span
from graphrec.nlu.scope import Reading, Role
from graphrec.nlu.tokens import Gap, Token, tokenize
from graphrec.nlu.vocabulary import DIET_WORDS, SOFT_DIETS
from graphrec.ranking.query import GraphQuery

__all__ = ["MAX_CHARS", "ParsedRequest", "RequestParser", "Span"]
_DIET_PHRASES = {words: (name, False) for words, name in DIET_WORDS.items()}
_DIET_PHRASES |= {words: (name, True) for words, name in SOFT_DIETS.items()}
_LONGEST_DIET = max(map(len, _DIET_PHRASES))


class RequestParser:
    """Parses requests against one lexicon; safe to share between threads.

    Args:
        lexicon: the linkable nodes.
        properties: numbers that the catalogue's items have; a range over another one is said in a note
            rather than leaving nothing to answer with. None takes every range.
    """

    def __init__(self, lexicon: Lexicon, properties: Collection[str] | None = None) -> None:
        self.lexicon = lexicon
        self.properties = properties
        self._corrector = Corrector(lexicon)

    def parse(self, text: str, base: GraphQuery | None = None) -> ParsedRequest:
        """Read a request; never fails, whatever the text.

        Args:
            text: the request; past 10,000 characters it is not read, and a note says so.
            base: the query that it refines (its user, k and candidates stay).
        """
        tokens, corrected = self._corrector.correct(without_asides(tokenize(text[:MAX_CHARS])))
        measures = find_measures(tokens)
        diets = _find_diets(tokens)
        apart: set[tuple[int, int]] = set()
        while True:
            mentions, named = self._link(tokens, measures, diets, apart)
            readings = Reader(tokens, mentions, measures, named, self.lexicon).read()
            headed = {(r.first, r.last) for r in readings if _reads_apart(r)}
            if not headed:
                parts = (text, tokens, measures, readings, self.lexicon, self.properties, corrected)
                return Assembly(*parts).result(base or GraphQuery())
            apart |= headed  # grows with every turn, and there are only so many stretches

    def _link(
        self, tokens: Sequence[Token], measures: Sequence[Measure], diets: Sequence[Diet], apart: Places
    ) -> tuple[dict[int, Mention], list[Diet]]:
        """What is named, and the diets that are not merely part of a longer name."""
        numbers = {t for m in measures for t in range(m.first, m.last + 1)}
        places = [(d.first, d.last) for d in diets]
        named = named_diets(tokens, self.lexicon, diets, apart)
        while True:
            taken = numbers.union(t for d in named for t in range(d.first, d.last + 1))
            mentions = link(tokens, self.lexicon, taken, places, apart)
            inside = {t for m in mentions.values() for t in range(m.first, m.last + 1)}
            bare = [d for d in diets if d not in named and not inside.issuperset((d.first, d.last))]
            if not bare:
                return mentions, named
            named = sorted(
                [*named, *bare], key=lambda d: d.first
            )  # no diet is lost to a name that was not read


def _reads_apart(reading: Reading) -> bool:
    """Whether a name with two readings is the head of the request rather than an ingredient of it."""
    bound = reading.mention is not None and reading.mention.bound
    return bound and reading.role in (Role.MUST, Role.SHOULD) and not reading.listed


def _find_diets(tokens: Sequence[Token]) -> list[Diet]:
    found: list[Diet] = []
    at = 0
    while at < len(tokens):
        for size in range(min(_LONGEST_DIET, len(tokens) - at), 0, -1):
            known = _DIET_PHRASES.get(tuple(t.word for t in tokens[at : at + size]))
            if known is not None and all(t.gap <= Gap.HYPHEN for t in tokens[at + 1 : at + size]):
                found.append(Diet(at, at + size - 1, *known))
                break
        at = found[-1].last + 1 if found and found[-1].last >= at else at + 1
    return found
