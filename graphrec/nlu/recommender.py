"""The recommender that understands words."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from graphrec import ranking
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import ParsedRequest, RequestParser
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement


class Recommender(ranking.Recommender):
    """A :class:`graphrec.ranking.Recommender` whose requests are plain words.

    What the words exclude is filtered like an explicit `must_not`; an exclusion that names nothing in the
    catalogue
    is said in the answer's note.
    """

    @cached_property
    def parser(self) -> RequestParser:
        """The parser over this bundle's catalogue; built at the first request."""
        return RequestParser(Lexicon.from_catalogue(self.catalogue), self.catalogue.properties.keys())

    def parse(self, request: str, base: GraphQuery | None = None) -> ParsedRequest:
        """What a request asks for, span by span."""
        return self.parser.parse(request, self._resolved(base) if base is not None else None)

    def understand(self, request: str, base: GraphQuery) -> GraphQuery:
        """Words into a query, joined to the constraints of `base`."""
        return self.parse(request, base).query()

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
