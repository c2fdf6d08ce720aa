"""Dishes like one, within what the user asks for besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.actions.facts import dish_index, listed
from graphrec.ranking.answer import Answer, RecommendedItem
from graphrec.ranking.live import catalogue_title
from graphrec.ranking.query import GraphQuery
from graphrec.ranking.retrieval import top_k
from graphrec.ranking.similar import CONTENT, SILENT, similarity

if TYPE_CHECKING:
    from graphrec.ranking.recommender import Recommender

CHOSEN = 50.0
"""Users who chose a dish at which what they also chose counts half of what it may (see :func:`content_share`)."""
BLOCK = 200
"""Dishes that are checked against the constraints at a time, the likest first."""
MAX_BLOCKS = 10
"""A dish further down is not like the first one any more."""
SPOKEN_SHARED = 3


@dataclass(frozen=True, slots=True)
class Alike:
    """Dishes like one.

    Args:
        item: external id of the dish they are like.
        title: its title.
        answer: the dishes, the likest first, with the query as it was answered.
        shared: of each dish what it has in common with the first, the most telling first.
        speech: a sentence that leads in the list.
    """

    item: str
    title: str
    answer: Answer
    shared: tuple[tuple[str, ...], ...]
    speech: str

    def to_json(self) -> dict[str, Any]:
        shared = (list(names) for names in self.shared)
        items = [
            one.to_json() | {"shared": names} for one, names in zip(self.answer.items, shared, strict=True)
        ]
        return {"item": self.item, "title": self.title, "items": items, "speech": self.speech}


def similar_dishes(recommender: Recommender, item: str, query: GraphQuery, *, explain: bool = False) -> Alike:
    """The likest dishes that satisfy a query, at most its k, in the order of likeness.

    The constraints of the query, what the user taught, and the dish itself are filtered as in any answer.

    Args:
        item: external id of the dish to start from.
        query: its user, k, constraints and candidates hold; its wishes order nothing here.

    Raises:
        NotFoundError: the catalogue has no such item.
    """
    catalogue = recommender.catalogue
    index = dish_index(catalogue, item)
    title = catalogue_title(catalogue, index, recommender.live) or item
    answer = _likest(recommender, item, query, explain)
    shared = tuple(_shared(catalogue, index, dish_index(catalogue, one.item)) for one in answer.items)
    speech = f"Dishes like {title}" if answer.items else f"I found nothing like {title} that fits"
    if answer.items and shared[0]:
        speech += f"; the first one also has {listed(shared[0][:SPOKEN_SHARED])}"
    return Alike(item, title, answer, shared, f"{speech}.")


def content_share(popularity: float) -> float:
    """How much the attributes of a dish count against what its users also chose, 0.5 to 1.

    Few users tell little: their choices are shrunk by `n / (n + CHOSEN)`, as an estimate from n observations is
    towards its prior.

    Args:
        popularity: users who chose the dish.
    """
    return 1 - (1 - CONTENT) * popularity / (popularity + CHOSEN)


def _ranked(recommender: Recommender, index: int) -> list[RecommendedItem]:
    """The dishes most like one, best first."""
    catalogue = recommender.catalogue
    share = content_share(float(catalogue.popularity[index]))
    scores = similarity(recommender.bundle, index, content=share)
    scores[index] = -np.inf
    best = top_k(scores, min(BLOCK * MAX_BLOCKS, catalogue.num_items - 1), catalogue.item_rank)
    return [
        RecommendedItem(catalogue.item_ids[int(place)], float(scores[place]), catalogue.titles[int(place)])
        for place in best
    ]


def _likest(recommender: Recommender, item: str, query: GraphQuery, explain: bool) -> Answer:
    ranked = _ranked(recommender, dish_index(recommender.catalogue, item))
    wanted = None if query.candidates is None else frozenset(query.candidates)
    order = [one for one in ranked if wanted is None or one.item in wanted]
    found: list[RecommendedItem] = []
    answer = _allowed(recommender, query, order[:BLOCK], explain)
    for start in range(0, max(len(order), 1), BLOCK):
        block = order[start : start + BLOCK]
        answer = answer if start == 0 else _allowed(recommender, query, block, explain)
        kept = {one.item: one for one in answer.items}
        found += [replace(kept[one.item], score=one.score) for one in block if one.item in kept]
        if len(found) >= query.k:
            break
    return replace(
        answer, items=found[: query.k], query=replace(answer.query, k=query.k, candidates=query.candidates)
    )


def _allowed(
    recommender: Recommender, query: GraphQuery, block: Sequence[RecommendedItem], explain: bool
) -> Answer:
    """Those of a block that the query allows."""
    ids = tuple(one.item for one in block)
    return recommender.answer(replace(query, candidates=ids, k=len(ids)), explain=explain)


def _shared(catalogue: Catalogue, one: int, other: int) -> tuple[str, ...]:
    """Names of the attributes that both have, rare ones first; none that is a part of another ("pad" of "pad thai")."""
    both = set(catalogue.item_attributes.row(one).tolist()) & set(
        catalogue.item_attributes.row(other).tolist()
    )
    told = [a for a in both if catalogue.types[int(catalogue.attribute_type[a])] not in SILENT]
    told.sort(key=lambda a: (len(catalogue.attribute_items.row(a)), a))
    names = list(dict.fromkeys(catalogue.label(a) for a in told))
    words = [set(name.casefold().split()) for name in names]
    return tuple(name for at, name in enumerate(names) if not any(words[at] < other for other in words))
