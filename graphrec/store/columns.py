"""Columnar forms that the store hands upwards: interactions and knowledge-graph triples with dense ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

NO_TIME = np.iinfo(np.int64).min
"""The time of an interaction that carries none."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """Who did what: one row per event, dense ids.

    Args:
        user: int64 `[n]`, in `0..num_users-1`.
        item: int64 `[n]`, in `0..num_items-1`.
        weight: float32 `[n]`, strength of the signal (cook > view).
        time: int64 `[n]`, microseconds UTC, :data:`NO_TIME` when unknown.
        kind: int16 `[n]`, code of the interaction type.
    """

    user: Int
    item: Int
    weight: Float
    time: Int
    kind: Int
    num_users: int
    num_items: int

    @classmethod
    def from_pairs(cls, user: Int, item: Int, num_users: int, num_items: int) -> Interactions:
        """Untyped, untimed interactions of weight 1."""
        n = len(user)
        return cls(
            user.astype(np.int64), item.astype(np.int64), np.ones(n, dtype=np.float32),
            np.full(n, NO_TIME, dtype=np.int64), np.zeros(n, dtype=np.int16), num_users, num_items,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: Int | NDArray[np.bool_]) -> Interactions:
        """The chosen rows (indices or mask), in that order."""
        return replace(
            self, user=self.user[rows], item=self.item[rows], weight=self.weight[rows],
            time=self.time[rows], kind=self.kind[rows],
        )  # fmt: skip

    def matrix(self) -> CSR:
        """User-item matrix `[num_users, num_items]`; a pair seen often keeps its largest weight."""
        shape = (self.num_users, self.num_items)
        return CSR.from_coo(self.user, self.item, self.weight, shape, duplicates="max")


@dataclass(frozen=True, slots=True)
class KnowledgeGraph:
    """Triples (head, relation, tail) over one entity space in which items come first.

    Args:
        heads: int64 `[num_triples]`, entity ids; `0..num_items-1` are the items.
        relations: int64 `[num_triples]`, `0..num_relations-1`.
        tails: int64 `[num_triples]`, entity ids.
        relation_names: length `num_relations`.
        entity_names: `type:id` of each entity, length `num_entities`; may be empty for anonymous data.
    """

    heads: Int
    relations: Int
    tails: Int
    num_items: int
    num_entities: int
    num_relations: int
    relation_names: tuple[str, ...] = ()
    entity_names: tuple[str, ...] = ()

    @property
    def num_triples(self) -> int:
        """Number of directed triples (inverses not counted)."""
        return len(self.heads)

    def take(self, rows: Int | NDArray[np.bool_]) -> KnowledgeGraph:
        """The chosen triples; entities and relations keep their numbers."""
        return replace(self, heads=self.heads[rows], relations=self.relations[rows], tails=self.tails[rows])


@dataclass(frozen=True, slots=True)
class TrainData:
    """All that a model may see.

    Args:
        train: `[num_users, num_items]` weights of the training interactions.
        valid: `[num_users, num_items]` for early stopping and nothing else; None trains for the configured
            epochs.
        kg: the knowledge graph, items first; None for models without one.
        features: float32 `[num_items, dim]`, dense vectors of the items (of their text, for instance); a row of
            zeros is an item without one. None without any.
    """

    train: CSR
    valid: CSR | None = None
    kg: KnowledgeGraph | None = None
    features: Float | None = None

    @property
    def num_users(self) -> int:
        return self.train.shape[0]

    @property
    def num_items(self) -> int:
        return self.train.shape[1]
