"""The recommender that understands words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock

import numpy as np

from graphrec import ranking
from graphrec.bundle import Catalogue
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import ParsedRequest, RequestParser
from graphrec.nlu.preferences.applying import PreferenceApplier
from graphrec.ranking.answer import Answer
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement


@dataclass(frozen=True, slots=True, eq=False)
class _Language:
    """What reads words about one catalogue."""

    catalogue: Catalogue
    parser: RequestParser
    applier: PreferenceApplier

    @classmethod
    def of(cls, catalogue: Catalogue, before: _Language | None) -> _Language:
        """Language for a catalogue; the parser before it is kept where the catalogue names nothing new."""
        if before is not None and _same_names(before.catalogue, catalogue):
            return cls(catalogue, before.parser, PreferenceApplier(before.parser.lexicon, catalogue))
        parser = RequestParser(Lexicon.from_catalogue(catalogue), catalogue.properties.keys())
        return cls(catalogue, parser, PreferenceApplier(parser.lexicon, catalogue))


class Recommender(ranking.Recommender):
    """A :class:`graphrec.ranking.Recommender` whose requests are plain words.

    What the words exclude is filtered like an explicit `must_not`; an exclusion that names nothing in the
    catalogue
    is said in the answer's note. What a user taught the store about themselves is kept in every answer for them.
    """

    _language: _Language | None = None
    _building = Lock()

    @property
    def parser(self) -> RequestParser:
        """The parser over the catalogue; built at the first request, and again when names have come."""
        return self._words().parser

    @property
    def lexicon(self) -> Lexicon:
        """The linkable nodes of this bundle's catalogue."""
        return self.parser.lexicon

    def _words(self) -> _Language:
        catalogue, language = self.catalogue, self._language
        if language is None or language.catalogue is not catalogue:
            with self._building:
                if self._language is None or self._language.catalogue is not catalogue:
                    self._language = _Language.of(catalogue, self._language)
                language = self._language
        return language

    def parse(self, request: str, base: GraphQuery | None = None) -> ParsedRequest:
        """What a request asks for, span by span."""
        with self.steady():
            return self.parser.parse(request, self._resolved(base) if base is not None else None)

    def understand(self, request: str, base: GraphQuery) -> GraphQuery:
        """Words into a query, joined to the constraints of `base`."""
        return self.parse(request, base).query()

    def answer(self, query: GraphQuery, *, explain: bool = False) -> Answer:
        """Rank for a query that is understood already, with what its user once taught; the answer's query shows it."""
        with self.steady():
            return super().answer(self.with_preferences(query), explain=explain)

    def with_preferences(self, query: GraphQuery) -> GraphQuery:
        """The query as it is ranked for its user: see :meth:`PreferenceApplier.apply`.

        One indexed read of the store. Without a store, or for nobody in particular, the query stays as it is.
        """
        if self.live is None or query.user is None:
            return query
        preferences = self.live.preferences(query.user)
        return self._words().applier.apply(query, preferences) if preferences or query.taught else query

    def _resolved(self, query: GraphQuery) -> GraphQuery:
        """The query with every name of a known node replaced by its id, so that words and arguments
        compare.
        """
        catalogue = self.catalogue

        def one(ref: NodeRef) -> NodeRef:
            found = catalogue.resolve(ref.type, ref.id)
            return ref if found is None else NodeRef(ref.type, catalogue.attribute_ids[found])

        def each(item: Requirement) -> Requirement:
            return tuple(map(one, item)) if isinstance(item, tuple) else one(item)

        return replace(
            query,
            must=tuple(map(each, query.must)),
            must_not=tuple(map(one, query.must_not)),
            should=tuple(map(one, query.should)),
        )


def _same_names(one: Catalogue, other: Catalogue) -> bool:
    """Whether words mean the same about two catalogues: attributes, their kinds, titles and numbers are alike."""
    return (
        list(one.titles) == list(other.titles)
        and list(one.attribute_ids) == list(other.attribute_ids)
        and list(one.attribute_names) == list(other.attribute_names)
        and np.array_equal(one.broader.indptr, other.broader.indptr)
        and np.array_equal(one.broader.indices, other.broader.indices)
        and one.properties.keys() == other.properties.keys()
    )
