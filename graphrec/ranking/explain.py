"""Reasons: paths of the graph that carry the score, each checked by taking its first edge away.

A path starts at something the user did (user -kind-> item -relation-> attribute <-relation- recommended item,
or over people who chose both) or at something the request asked for. The items are scored again without that
edge; where the score does not drop, the path is no reason and is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.language.fold import tokens
from graphrec.ranking.answer import Edge, Reason
from graphrec.ranking.cold import COLD_USER
from graphrec.ranking.live import LiveStore, catalogue_title
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.ranking.scoring import Scoring

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

MAX_REASONS = 3
_TRIED = 6  # history entries per item that are scored again
_NAMED = 2  # shared attributes that a text names
_COMMON = 0.2  # an attribute that more than this share of items has (salt) says little,
_ALWAYS_TELLING = 20  # unless only so few items have it
_PROBED = 5  # people looked up in the store to see that a path over them is still there

_SILENT = frozenset({"time_band", "health_band", "meal"})
"""Types that link items without saying why one would like both."""

_DID = {
    "view": "looked at", "click": "looked at", "save": "saved", "rate": "rated", "cart": "put in your cart",
    "cook": "cooked", "like": "liked", "buy": "bought", "interact": "chose",
}  # fmt: skip


def explain(scoring: Scoring, best: Int, live: LiveStore | None) -> list[tuple[Reason, ...]]:
    """Reasons per recommended item, strongest first, at most :data:`MAX_REASONS`.

    Args:
        best: positions of the recommended items in the allowed ones.
        live: the store to check paths against; without it they are checked against the bundle's own edges.
    """
    if not len(best):
        return []
    explainer = _Explainer(scoring, best, live)
    return [tuple(islice(explainer.reasons(place), MAX_REASONS)) for place in range(len(best))]


@dataclass
class _Explainer:
    """Keeps the scores after each removal, so that ten items share one scoring per removed edge."""

    scoring: Scoring
    best: Int
    live: LiveStore | None
    _without: dict[int | NodeRef, Float] = field(default_factory=dict)
    _titles: dict[int, str] = field(default_factory=dict)
    _stored: dict[tuple[int, str], frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalogue = self.scoring.bundle.catalogue
        self.items = self.scoring.candidates[self.best]
        self.full = self.scoring.rescore(self.best)
        history, user = self.scoring.user.history, self.scoring.user
        self.contributions = np.zeros((len(history), len(self.best)), dtype=np.float32)
        if user.fallback != COLD_USER:
            for part in self.scoring.bundle.parts:
                share = part.contributions(user.index, history, self.items)
                self.contributions += np.float32(part.weight) * share

    def reasons(self, place: int) -> Iterator[Reason]:
        """Reasons for one item, the largest drop first."""
        ahead = np.argsort(-self.contributions[:, place], kind="stable")[:_TRIED]
        causes: list[int | NodeRef] = [*self.scoring.query.refs(), *ahead.tolist()]
        drops = [(self._drop(place, cause), cause) for cause in causes]
        for drop, cause in sorted(drops, key=lambda pair: -pair[0]):
            if drop <= 0:
                return
            if isinstance(cause, NodeRef):
                reason = self._asked(place, cause, drop)
            else:
                reason = self._did(place, cause, drop)
            if reason is not None:
                yield reason

    def _drop(self, place: int, cause: int | NodeRef) -> float:
        if cause not in self._without:
            query: GraphQuery | None = None
            removed: Int | None = None
            if isinstance(cause, NodeRef):
                query = self.scoring.query.without(cause)
            else:
                removed = np.asarray([cause])
            self._without[cause] = self.scoring.rescore(self.best, removed=removed, query=query)
        return float(self.full[place] - self._without[cause][place])

    def _asked(self, place: int, ref: NodeRef, drop: float) -> Reason | None:
        """The item's edge to what the request wants."""
        item = int(self.items[place])
        wanted = self.catalogue.resolve(ref.type, ref.id)
        if wanted is None:
            return None
        for relation, attribute in self._edges_of(item):
            narrower = attribute == wanted or wanted in self.catalogue.broader_kinds.row(attribute)
            if narrower and self._stands(item, relation, attribute):
                text = f"you asked for {ref.id}: this has {self.catalogue.label(attribute)}"
                return Reason(text, (self._edge(item, relation, attribute),), drop)
        return None

    def _did(self, place: int, entry: int, drop: float) -> Reason | None:
        """From what the user did over shared attributes; where those say little, over people."""
        item, known = int(self.items[place]), int(self.scoring.user.history.items[entry])
        kind = self.scoring.user.kinds[entry]
        start: Edge = (f"user:{self.scoring.user.id}", kind, self._node(known))
        did = f"you {_DID.get(kind, 'chose')} {self._title(known)}"
        shared, telling = self._shared(known, item)
        others = 0 if telling else self._people(known, item)
        if others:
            # Other people's ids are no business of this user: the path says that they are, not who they are.
            edges = [("user", "interact", self._node(known)), ("user", "interact", self._node(item))]
            who = "1 other person" if others == 1 else f"{others} other people"
            return Reason(f"{did}, and {who} who chose it chose this too", (start, *edges), drop)
        if not shared:
            return None
        names = " and ".join(self.catalogue.label(attribute) for _, attribute in shared)
        edges = [self._edge(i, relation, a) for relation, a in shared for i in (known, item)]
        return Reason(f"{did}, which shares {names} with this", (start, *edges), drop)

    def _shared(self, one: int, other: int) -> tuple[list[tuple[int, int]], bool]:
        """Up to two (relation, attribute) pairs of both items, rarest first, and whether they say much."""
        second = self._edges_of(other)
        both = [pair for pair in self._edges_of(one) if pair in second and self._speaks(pair[1])]
        counts = {pair: len(self.catalogue.attribute_items.row(pair[1])) for pair in both}
        both.sort(key=lambda pair: (counts[pair], pair))
        limit = max(_COMMON * self.catalogue.num_items, _ALWAYS_TELLING)
        kept: list[tuple[int, int]] = []
        words: set[str] = set()
        for pair in both:
            if len(kept) == _NAMED or (kept and counts[pair] > limit):
                break
            named = set(tokens(self.catalogue.label(pair[1])))
            if named <= words or not (self._stands(one, *pair) and self._stands(other, *pair)):
                continue
            kept.append(pair)
            words |= named
        return kept, bool(kept) and counts[kept[0]] <= limit

    def _speaks(self, attribute: int) -> bool:
        return self.catalogue.types[int(self.catalogue.attribute_type[attribute])] not in _SILENT

    def _edges_of(self, item: int) -> dict[tuple[int, int], None]:
        edges = self.catalogue.item_attributes
        low, high = int(edges.indptr[item]), int(edges.indptr[item + 1])
        relations = self.catalogue.edge_relation[low:high].tolist()
        return dict.fromkeys(zip(relations, edges.indices[low:high].tolist(), strict=True))

    def _people(self, one: int, other: int) -> int:
        """How many others chose both items; 0 when the store no longer shows any."""
        by_item = self.scoring.bundle.users_by_item
        users = np.intersect1d(by_item.row(one), by_item.row(other))
        users = users[users != (-1 if self.scoring.user.index is None else self.scoring.user.index)]
        if self.live is None or not len(users):
            return len(users)
        ids = (self.catalogue.user_ids[u] for u in users[:_PROBED].tolist())
        return len(users) if any(self.live.has_interaction(u, (one, other)) for u in ids) else 0

    def _stands(self, item: int, relation: int, attribute: int) -> bool:
        if self.live is None:
            return True
        name = self.catalogue.relations[relation]
        if (item, name) not in self._stored:
            self._stored[item, name] = self.live.attributes(item, name)
        return self.catalogue.attribute_ids[attribute] in self._stored[item, name]

    def _title(self, item: int) -> str:
        if item not in self._titles:
            title = catalogue_title(self.catalogue, item, self.live)
            self._titles[item] = title or f"{self.catalogue.item_type} {self.catalogue.item_ids[item]}"
        return self._titles[item]

    def _node(self, item: int) -> str:
        return f"{self.catalogue.item_type}:{self.catalogue.item_ids[item]}"

    def _edge(self, item: int, relation: int, attribute: int) -> Edge:
        return self._node(item), self.catalogue.relations[relation], self.catalogue.ref(attribute)
