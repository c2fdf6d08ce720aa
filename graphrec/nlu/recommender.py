"""The recommender that understands words."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from graphrec import ranking
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import ParsedRequest, RequestParser
from graphrec.nlu.preferences.applying import PreferenceApplier
from graphrec.ranking.answer import Answer
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement


class Recommender(ranking.Recommender):
    """A :class:`graphrec.ranking.Recommender` whose requests are plain words.

    What the words exclude is filtered like an explicit `must_not`; an exclusion that names nothing in the
    catalogue
    is said in the answer's note. What a user taught the store about themselves is kept in every answer for them.
    """

    @cached_property
    def parser(self) -> RequestParser:
        """The parser over this bundle's catalogue; built at the first request."""
        return RequestParser(Lexicon.from_catalogue(self.catalogue), self.catalogue.properties.keys())

    @property
    def lexicon(self) -> Lexicon:
        """The linkable nodes of this bundle's catalogue."""
        return self.parser.lexicon

    @cached_property
    def _applier(self) -> PreferenceApplier:
        return PreferenceApplier(self.lexicon, self.catalogue)

    def parse(self, request: str, base: GraphQuery | None = None) -> ParsedRequest:
        """What a request asks for, span by span."""
        return self.parser.parse(request, self._resolved(base) if base is not None else None)

    def understand(self, request: str, base: GraphQuery) -> GraphQuery:
        """Words into a query, joined to the constraints of `base`."""
        return self.parse(request, base).query()

    def answer(self, query: GraphQuery, *, explain: bool = False) -> Answer:
        """Rank for a query that is understood already, with what its user once taught; the answer's query shows it."""
        return super().answer(self.with_preferences(query), explain=explain)

    def with_preferences(self, query: GraphQuery) -> GraphQuery:
        """The query as it is ranked for its user: see :meth:`PreferenceApplier.apply`.

        One indexed read of the store. Without a store, or for nobody in particular, the query stays as it is.
        """
        if self.live is None or query.user is None:
            return query
        preferences = self.live.preferences(query.user)
        return self._applier.apply(query, preferences) if preferences or query.taught else query

    def _resolved(self, query: GraphQuery) -> GraphQuery:
        """The query with every name of a known node replaced by its id, so that words and arguments
        compare.
        """

        def one(ref: NodeRef) -> NodeRef:
            found = self.catalogue.resolve(ref.type, ref.id)
            return ref if found is None else NodeRef(ref.type, self.catalogue.attribute_ids[found])

        def each(item: Requirement) -> Requirement:
            return tuple(map(one, item)) if isinstance(item, tuple) else one(item)

        return replace(
            query,
            must=tuple(map(each, query.must)),
            must_not=tuple(map(one, query.must_not)),
            should=tuple(map(one, query.should)),
        )
