"""Reasons: paths of the graph that carry the score, each checked by taking its first edge away.

A path starts at something the user did (user -kind-> item -relation-> attribute <-relation- recommended item,
or over people who chose both) or at something the request asked for. The items are scored again without that
edge; where the score does not drop, the path is no reason and is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphrec.language.fold import tokens
from graphrec.ranking.answer import Edge, Reason
from graphrec.ranking.live import LiveStore, catalogue_title
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.ranking.scoring import Scoring
from graphrec.ranking.similar import SILENT

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

_Cause = TypeVar("_Cause", int, NodeRef)

MAX_REASONS = 3
_ASKED = 2  # reasons that the request may give, so that one is left for the user
_TRIED = 6  # history entries per item that are scored again
_NAMED = 3  # shared attributes that a text names
_COMMON = 0.1  # an attribute that more than this share of items has (salt) says little,
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
    _carrying: dict[int, Float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalogue = self.scoring.bundle.catalogue
        self.items = self.scoring.candidates[self.best]
        self.full = self.scoring.rescore(self.best)
        self.contributions = self.scoring.contributions(self.items)

    def reasons(self, place: int) -> Iterator[Reason]:
        """Reasons for one item: what was asked for, then what the user did, the largest drop first."""
        asked = (self._asked(place, ref, drop) for ref, drop in self._drops(place, self.scoring.query.refs()))
        yield from islice((reason for reason in asked if reason is not None), _ASKED)
        ahead = np.argsort(-self.contributions[:, place], kind="stable")[:_TRIED]
        told: set[int] = set()
        for entry, drop in self._drops(place, ahead.tolist()):
            reason = self._did(place, entry, drop, told)
            if reason is not None:
                yield reason

    def _drops(self, place: int, causes: Sequence[_Cause]) -> list[tuple[_Cause, float]]:
        """The causes whose absence lowers the score, and by how much, the largest drop first."""
        drops = [(cause, self._drop(place, cause)) for cause in causes]
        return sorted(((cause, drop) for cause, drop in drops if drop > 0), key=lambda pair: -pair[1])

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
        edges = sorted(self._edges_of(item), key=lambda pair: pair[1] != wanted)
        for relation, attribute in edges:
            kind = attribute == wanted or wanted in self.catalogue.broader_kinds.row(attribute)
            if kind and self._stands(item, relation, attribute):
                has = "" if attribute == wanted else f": this has {self.catalogue.label(attribute)}"
                edge, label = self._edge(item, relation, attribute), self.catalogue.label(wanted)
                told = "told us that you like" if ref in self.scoring.query.taught else "asked for"
                return Reason(f"you {told} {label}{has}", (edge,), drop)
        return None

    def _did(self, place: int, entry: int, drop: float, told: set[int]) -> Reason | None:
        """From what the user did over shared attributes; where those say little, over people."""
        item, known = int(self.items[place]), int(self.scoring.user.history.items[entry])
        kind = self.scoring.user.kinds[entry]
        start: Edge = (f"user:{self.scoring.user.id}", kind, self._node(known))
        did = f"you {_DID.get(kind, 'chose')} {self._title(known)}"
        shared, telling = self._shared(place, known, told)
        others = 0 if telling else self._people(known, item)
        if others:
            # Other people's ids are no business of this user: the path says that they are, not who they are.
            edges = [("user", "interact", self._node(known)), ("user", "interact", self._node(item))]
            who = "1 other person" if others == 1 else f"{others} other people"
            return Reason(f"{did}, and {who} who chose it chose this too", (start, *edges), drop)
        if not shared:
            return None
        told.update(attribute for _, attribute in shared)
        *first, last = (self.catalogue.label(attribute) for _, attribute in shared)
        names = f"{', '.join(first)} and {last}" if first else last
        edges = [self._edge(i, relation, a) for relation, a in shared for i in (known, item)]
        return Reason(f"{did}, which shares {names} with this", (start, *edges), drop)

    def _shared(self, place: int, known: int, told: set[int]) -> tuple[list[tuple[int, int]], bool]:
        """(relation, attribute) pairs of both items worth naming, and whether they say much.

        The best are those that carry the score and are rare; what an earlier reason named, or what many
        items have, stands in only where there is nothing else.
        """
        item, carried = int(self.items[place]), self._carried(place)
        second = self._edges_of(item)
        both = [pair for pair in self._edges_of(known) if pair in second and self._speaks(pair[1])]
        counts = {pair: len(self.catalogue.attribute_items.row(pair[1])) for pair in both}
        limit = max(_COMMON * self.catalogue.num_items, _ALWAYS_TELLING)
        rarity = {pair: np.log(self.catalogue.num_items / max(count, 1)) for pair, count in counts.items()}
        value = {pair: float(carried[pair[1]] * rarity[pair]) for pair in both}
        weak = {pair: (counts[pair] > limit, pair[1] in told, value[pair] <= 0) for pair in both}
        kept: list[tuple[int, int]] = []
        names: list[set[str]] = []
        for pair in sorted(both, key=lambda pair: (weak[pair], -value[pair], counts[pair], pair)):
            if len(kept) == _NAMED or (kept and any(weak[pair])):
                break
            name = set(tokens(self.catalogue.label(pair[1])))
            repeats = any(name <= other or other <= name for other in names)
            if not repeats and self._stands(known, *pair) and self._stands(item, *pair):
                kept.append(pair)
                names.append(name)
        return kept, bool(kept) and counts[kept[0]] <= limit

    def _carried(self, place: int) -> Float:
        """What the history entries with each attribute add to an item's score, beyond the attribute's share.

        Float `[num_attributes]`: the sum of their contributions, less what as many entries drawn at random
        would add; at least 0. An attribute that half of all items have explains no half of the score.
        """
        if place not in self._carrying:
            rows, attributes = self._history_edges
            share = self.catalogue.attribute_items.degrees() / max(self.catalogue.num_items, 1)
            each = self.contributions[:, place]
            total = np.bincount(attributes, each[rows], self.catalogue.num_attributes)
            self._carrying[place] = np.maximum(total - share * float(each.sum()), 0.0)
        return self._carrying[place]

    @cached_property
    def _history_edges(self) -> tuple[Int, Int]:
        """(history entry, attribute) of every attribute of everything the user did."""
        edges, known = self.catalogue.item_attributes, self.scoring.user.history.items
        found = [edges.row(int(item)) for item in known]
        rows = np.repeat(np.arange(len(known)), [len(row) for row in found])
        return rows, np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def _speaks(self, attribute: int) -> bool:
        return self.catalogue.types[int(self.catalogue.attribute_type[attribute])] not in SILENT

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
