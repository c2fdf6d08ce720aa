"""Requests made from what people chose: attributes of the chosen item in our wordings, never its title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Catalogue
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.phrasing import TRAIN, make_request
from graphrec.ranking.constraints import allowed_items
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]

STAPLE_SHARE = 0.1
"""An ingredient in more of the items than this says little and is not asked for."""
MIN_ITEMS = 5
TWO_WANTED = 0.25
"""Share of requests that name two ingredients."""


@dataclass(frozen=True, slots=True)
class RequestExample:
    """A user, what they asked for, what they then chose, and what they could have chosen.

    Args:
        query: as the language side would understand it, the words in `text`.
        allowed: item indices that satisfy it, unseen ones alone, ascending; `chosen` is among them.
    """

    user: int
    chosen: int
    query: GraphQuery
    allowed: Int


class RequestMaker:
    """Draws requests for given choices.

    Args:
        wordings: groups of :mod:`graphrec.nlu.phrasing`; training and measuring use different ones.
        main_type: type of the attributes that are asked for and excluded.
        keep_words: leave the whole request in `text`, for a parser to read, instead of the words that the
            language side would hand on.
    """

    def __init__(
        self, catalogue: Catalogue, rng: np.random.Generator, *, wordings: Sequence[str] = TRAIN,
        main_type: str = "ingredient", keep_words: bool = False,
    ) -> None:  # fmt: skip
        self.catalogue, self.rng, self.wordings = catalogue, rng, wordings
        self._parser = None if keep_words else RequestParser(Lexicon.from_catalogue(catalogue))
        self._spread = spread = catalogue.attribute_items.degrees()
        kinds = catalogue.attribute_type
        codes = {name: code for code, name in enumerate(catalogue.types)}
        main = kinds == codes.get(main_type, -1)
        self._main = main & (spread >= MIN_ITEMS) & (spread <= STAPLE_SHARE * catalogue.num_items)
        self._cuisine = kinds == codes.get("cuisine", -1)
        self._course = kinds == codes.get("course", -1)
        self._excludable = np.flatnonzero(self._main)
        self._odds = spread[self._excludable] / max(spread[self._excludable].sum(), 1)

    def query(self, item: int, user: str | None) -> GraphQuery | None:
        """A request that `item` answers; None when it has nothing to ask for."""
        rng, row = self.rng, self.catalogue.item_attributes.row(item)
        own, courses, cuisines = row[self._main[row]], row[self._course[row]], row[self._cuisine[row]]
        if not len(own):
            return None
        odds = self._spread[own] / self._spread[own].sum()  # what many recipes have is asked for more often
        size = min(len(own), 1 + int(rng.random() < TWO_WANTED))
        wanted = rng.choice(own, size=size, replace=False, p=odds)
        must = [self._ref(a) for a in wanted]
        if len(cuisines) and rng.random() < 0.3:
            must.append(self._ref(rng.choice(cuisines)))
        course = self._ref(rng.choice(courses)) if len(courses) and rng.random() < 0.5 else None
        must_not = [self._ref(a) for a in self._absent(row)] if rng.random() < 0.6 else []
        label = None if course is None else course.id
        words = make_request(rng, must, must_not, label, {}, self.wordings)
        text = self._parser.parse(words).query().text if self._parser else words
        required = (*must, *([] if course is None else [course]))
        return GraphQuery(user=user, must=required, must_not=tuple(must_not), text=text)

    def examples(self, users: Int, items: Int, seen: CSR) -> Iterator[RequestExample]:
        """One request per choice, where one can be made.

        Args:
            seen: `[num_users, num_items]`, what may not be recommended again.
        """
        for user, item in zip(users.tolist(), items.tolist(), strict=True):
            query = self.query(item, self.catalogue.user_ids[user])
            if query is None:
                continue
            allowed = allowed_items(self.catalogue, query, seen.row(user)).items
            if allowed is not None and len(allowed) > 1:
                place = int(np.searchsorted(allowed, item))
                if place < len(allowed) and allowed[place] == item:
                    yield RequestExample(user, item, query, allowed)

    def _absent(self, row: Int) -> Int:
        """One or two popular attributes that the item neither has, nor is a kind of, nor holds."""
        if not len(self._excludable):
            return self._excludable
        broader = [self.catalogue.broader.row(int(a)) for a in row]
        present = np.concatenate([row, *broader])
        size = min(int(self.rng.choice([1, 2], p=[0.7, 0.3])), int((self._odds > 0).sum()))
        drawn = self.rng.choice(self._excludable, size=size, replace=False, p=self._odds)
        return drawn[~np.isin(drawn, present)]

    def _ref(self, attribute: int) -> NodeRef:
        kind = self.catalogue.types[int(self.catalogue.attribute_type[attribute])]
        return NodeRef(kind, self.catalogue.attribute_ids[attribute])
