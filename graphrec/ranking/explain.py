"""Reasons: paths of the graph that carry the score, each checked by taking its first edge away.

A path starts at something the user did (user -kind-> item -relation-> attribute <-relation- recommended item,
or over people who chose both) or at something the request asked for. The items are scored again without that
edge; where the score does not drop, the path is no reason and is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.ranking.answer import Edge, Reason
from graphrec.ranking.cold import COLD_USER
from graphrec.ranking.constraints import items_with
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
    found = [[*explainer.by_request(place), *explainer.by_history(place)] for place in range(len(best))]
    return [tuple(sorted(reasons, key=lambda r: -r.drop)[:MAX_REASONS]) for reasons in found]


@dataclass
class _Explainer:
    """Keeps the scores after each removal, so that ten items share one scoring per removed edge."""

    scoring: Scoring
    best: Int
    live: LiveStore | None
    _without: dict[Any, Float] = field(default_factory=dict)

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

    def by_history(self, place: int) -> Iterator[Reason]:
        """Reasons over what the user did."""
        ahead = np.argsort(-self.contributions[:, place], kind="stable")[:_TRIED]
        for entry in ahead.tolist():
            drop = self._drop(place, entry)
            if drop > 0 and (reason := self._path(place, entry, drop)) is not None:
                yield reason

    def by_request(self, place: int) -> Iterator[Reason]:
        """Reasons over what was asked for."""
        item = int(self.items[place])
        for ref in self.scoring.query.refs():
            matching = items_with(self.catalogue, ref)
            if matching is None or item not in matching or ref.type == self.catalogue.item_type:
                continue
            drop = self._drop(place, ref)
            edge = self._edge_to(item, ref)
            if drop > 0 and edge is not None:
                relation, attribute = edge
                path = (self._edge(item, relation, attribute),)
                text = f"you asked for {ref.id}: this has {self.catalogue.label(attribute)}"
                yield Reason(text, path, drop)

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

    def _path(self, place: int, entry: int, drop: float) -> Reason | None:
        item, known = int(self.items[place]), int(self.scoring.user.history.items[entry])
        shared = self._shared(known, item)
        kind = self.scoring.user.kinds[entry]
        start: Edge = (f"user:{self.scoring.user.id}", kind, self._node(known))
        did = f"you {_DID.get(kind, 'chose')} {self._title(known)}"
        if shared:
            names = _listed([self.catalogue.label(attribute) for _, attribute in shared])
            edges = [self._edge(i, relation, a) for relation, a in shared for i in (known, item)]
            return Reason(f"{did}, which shares {names} with this", (start, *edges), drop)
        others = self._people(known, item)
        if not others:
            return None
        # Other people's ids are no business of this user: the path says that they exist, not who they are.
        edges = [("user", "interact", self._node(known)), ("user", "interact", self._node(item))]
        who = "1 other person" if others == 1 else f"{others} other people"
        return Reason(f"{did}, and {who} who chose it chose this too", (start, *edges), drop)

    def _shared(self, one: int, other: int) -> list[tuple[int, int]]:
        """(relation, attribute) pairs that both items have, rarest first."""
        first, second = self._edges_of(one), self._edges_of(other)
        both = [pair for pair in first if pair in second]
        counts = {pair: len(self.catalogue.attribute_items.row(pair[1])) for pair in both}
        both.sort(key=lambda pair: (counts[pair], pair))
        limit = max(_COMMON * self.catalogue.num_items, _ALWAYS_TELLING)
        kept: list[tuple[int, int]] = []
        for pair in both:
            if len(kept) == _NAMED or (kept and counts[pair] > limit):
                break
            if self._stands(one, *pair) and self._stands(other, *pair):
                kept.append(pair)
        return kept

    def _edges_of(self, item: int) -> dict[tuple[int, int], None]:
        edges = self.catalogue.item_attributes
        low, high = int(edges.indptr[item]), int(edges.indptr[item + 1])
        relations = self.catalogue.edge_relation[low:high].tolist()
        return dict.fromkeys(zip(relations, edges.indices[low:high].tolist(), strict=True))

    def _edge_to(self, item: int, ref: NodeRef) -> tuple[int, int] | None:
        """The item's edge that satisfies a wish: to the node itself, or to a narrower one."""
        wanted = self.catalogue.resolve(ref.type, ref.id)
        for relation, attribute in self._edges_of(item):
            narrower = attribute == wanted or wanted in self.catalogue.broader.row(attribute)
            if narrower and self._stands(item, relation, attribute):
                return relation, attribute
        return None

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
        name = self.catalogue.relations[relation]
        return self.live is None or self.live.has_edge(item, name, attribute)

    def _title(self, item: int) -> str:
        return catalogue_title(self.catalogue, item, self.live) or self.catalogue.item_ids[item]

    def _node(self, item: int) -> str:
        return f"{self.catalogue.item_type}:{self.catalogue.item_ids[item]}"

    def _edge(self, item: int, relation: int, attribute: int) -> Edge:
        return self._node(item), self.catalogue.relations[relation], self.catalogue.ref(attribute)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
