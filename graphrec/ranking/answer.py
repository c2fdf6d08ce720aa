"""What the recommender gives back, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphrec.ranking.query import GraphQuery

Edge: TypeAlias = tuple[str, str, str]
"""(source, relation, target) with nodes as `type:id`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is in the list.

    Args:
        text: one sentence part for people.
        path: edges from the user (or the request) to the item, as they stand in the store.
        drop: how much lower the item scores once the first edge of the path is removed; always above 0.
    """

    text: str
    path: tuple[Edge, ...]
    drop: float

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "path": [list(edge) for edge in self.path], "drop": _rounded(self.drop)}


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One place in the list."""

    item: str
    score: float
    title: str
    reasons: tuple[Reason, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item, "score": _rounded(self.score), "title": self.title,
            "reasons": [reason.to_json() for reason in self.reasons],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """A ranked list.

    Args:
        user: external id as asked for.
        items: best first; fewer than k when fewer satisfy the query.
        query: how the request was understood.
        fallback: None, `cold_user` (the user is unknown: constrained popularity and the request decide) or
            `fold_in` (known to the store, not to the model: scored by the history alone).
        note: what the user should know, e.g. which constraint left nothing.
    """

    user: str | None
    items: list[RecommendedItem]
    query: GraphQuery
    fallback: str | None = None
    note: str | None = None
    model: str = field(default="", compare=False)

    def to_json(self) -> dict[str, Any]:
        """The batch answer; a note stands inside `query`."""
        query = self.query.to_json()
        query.pop("note", None)
        if self.note:
            query["note"] = self.note
        return {
            "user": self.user, "items": [item.to_json() for item in self.items],
            "query": query, "fallback": self.fallback,
        }  # fmt: skip


def _rounded(value: float) -> float:
    """Six significant digits: what float32 carries."""
    return float(f"{value:.6g}")
