"""Item-item weights for items that came after training: each stands for shares of its virtual neighbours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import History, ItemItemPart
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


def _no_shares() -> CSR:
    return CSR(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), (0, 0))


@dataclass(frozen=True, eq=False)
class GrownItemItemPart(ItemItemPart):
    r"""Scores as with the weights :math:`S W S^\top`, where `S` is the identity over the shares.

    The product is never made: with 500 weights an item, ten thousand new items of ten neighbours each would take
    gigabytes. A new item in a history counts as shares of its neighbours, and scores shares of their scores.

    Args:
        weights: `[num_old, num_old]`, as trained.
        shares: `[num_new, num_old]`, what each new item takes of each old one.
    """

    shares: CSR = field(default_factory=_no_shares)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shares.shape[1] != self.weights.shape[0]:
            raise InvalidInputError(
                f"Shares of {self.shares.shape[1]} items do not fit weights of {self.weights.shape[0]}."
            )

    @property
    def num_items(self) -> int:
        return self.weights.shape[0] + self.shares.shape[0]

    @cached_property
    def _trained(self) -> ItemItemPart:
        """The old items alone; histories come with the strengths that count."""
        return ItemItemPart(self.weights, self.weight, binary=False)

    def score(
        self, user: int | None, history: History, candidates: Int | None = None, removed: Int | None = None
    ) -> Float:
        """Scores float32 `[num_items]` or `[len(candidates)]`, without the part's weight."""
        old, _ = self._as_old(history if removed is None else history.without(removed))
        scores = self._trained.score(user, old)
        new = np.bincount(
            self.shares.row_index(),
            scores[self.shares.indices] * self._share_values,
            minlength=self.shares.shape[0],
        )
        every = np.concatenate([scores, new.astype(np.float32)])
        return every if candidates is None else every[candidates]

    def contributions(self, user: int | None, history: History, candidates: Int) -> Float:
        """What each history entry adds to each candidate, float32 `[len(history), len(candidates)]`."""
        old, entries = self._as_old(history)
        places, columns, values = self._columns(candidates)
        each = self._trained.contributions(user, old, columns)
        out = np.zeros((len(history), len(candidates)), dtype=np.float32)
        if len(each):
            parts = np.zeros((len(history), len(columns)), dtype=np.float32)
            np.add.at(parts, entries, each)
            for place, column, value in zip(*places, values, strict=True):
                out[:, place] += np.float32(value) * parts[:, column]
        return out

    @cached_property
    def _share_values(self) -> Float:
        values = self.shares.values
        return np.ones(self.shares.nnz, np.float32) if values is None else values

    def _as_old(self, history: History) -> tuple[History, Int]:
        """A history of old items that counts the same, and the entry that each of its own stands for."""
        trained = self.weights.shape[0]
        strengths = np.ones(len(history), np.float32) if self.binary else history.weights
        known = np.flatnonzero(history.items < trained)
        items, weights, entries = [history.items[known]], [strengths[known]], [known]
        for entry in np.flatnonzero(history.items >= trained).tolist():
            row = int(history.items[entry]) - trained
            neighbours = self.shares.row(row)
            items.append(neighbours)
            weights.append(self.shares.row_values(row) * strengths[entry])
            entries.append(np.full(len(neighbours), entry))
        flat = np.concatenate(weights).astype(np.float32)
        return History(np.concatenate(items).astype(np.int64), flat), np.concatenate(entries)

    def _columns(self, candidates: Int) -> tuple[tuple[list[int], list[int]], Int, list[float]]:
        """Old items that candidates are made of: (candidate, column) pairs, the columns' items, and the shares."""
        trained = self.weights.shape[0]
        places: list[int] = []
        items: list[int] = []
        values: list[float] = []
        for place, item in enumerate(candidates.tolist()):
            new = item >= trained
            row = self.shares.row(item - trained).tolist() if new else [item]
            places += [place] * len(row)
            items += row
            values += self.shares.row_values(item - trained).tolist() if new else [1.0]
        columns, inverse = np.unique(np.asarray(items, dtype=np.int64), return_inverse=True)
        return (places, inverse.tolist()), columns, values


def grown_item_item(part: ItemItemPart, shares: CSR) -> GrownItemItemPart:
    """A part with further items."""
    if isinstance(part, GrownItemItemPart):
        return replace(part, shares=shares)
    return GrownItemItemPart(part.weights, part.weight, part.binary, shares)
