"""The scorers that a bundle carries: NumPy alone, enough to serve every model.

A model's score of (user u, item i) is the weighted sum over its parts of

* :class:`VectorPart`    `users[u] . items[i] + item_bias[i]`
* :class:`ItemItemPart`  `sum over j in history(u) of w_uj * weights[j, i]`
* :class:`~graphrec.bundle.profile_part.ProfilePart`  the pooled keys of the history, times `items[i]`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.checks import check_bias
from graphrec.bundle.history import History
from graphrec.bundle.profile_part import ProfilePart
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

GATHER_SHARE = 0.25
"""Below this share of allowed items, gathering their rows beats one product over all rows."""

_BLOCK = 2048  # gathered rows per product: 2048 x 256 float32 stay in the second-level cache
_RIDGE = 0.1  # relative to the mean squared norm of the history's item vectors


@dataclass(frozen=True, eq=False)
class VectorPart:
    """Inner products of learned vectors.

    Args:
        users: float32 `[num_users, dim]`; `dim` 0 leaves the bias alone (popularity).
        items: float32 `[num_items, dim]`.
        item_bias: float32 `[num_items]` or None.
        weight: factor of this part in the sum.
    """

    kind: ClassVar[str] = "vector"
    users: Float
    items: Float
    item_bias: Float | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.users.ndim != 2 or self.items.ndim != 2 or self.users.shape[1] != self.items.shape[1]:
            raise InvalidInputError(
                f"A vector part needs users [U, d] and items [I, d] of one d; "
                f"given {self.users.shape} and {self.items.shape}."
            )
        check_bias(self.item_bias, self.num_items)

    @property
    def num_items(self) -> int:
        return int(self.items.shape[0])

    @property
    def num_users(self) -> int | None:
        return int(self.users.shape[0])

    @cached_property
    def _user_norm(self) -> float:
        """Typical length of a trained user vector, so that a folded-in one competes on equal terms."""
        step = max(1, len(self.users) // 1000)
        norms = np.linalg.norm(self.users[::step].astype(np.float32), axis=1)
        return float(norms[norms > 0].mean()) if (norms > 0).any() else 1.0

    def fold_in(self, history: History) -> Float:
        """A vector `[dim]` for a user the model never saw: the weighted mean of the item vectors, scaled."""
        if not len(history):
            return np.zeros(self.items.shape[1], dtype=np.float32)
        vector = np.asarray(history.weights @ self.items[history.items], dtype=np.float32)
        length = float(np.linalg.norm(vector))
        return vector * np.float32(self._user_norm / length) if length > 0 else vector

    def user_vector(self, user: int | None, history: History, removed: Int | None = None) -> Float:
        """Vector `[dim]` of a user, as it would be without some history entries.

        A trained vector cannot be trained again while serving, so what entry h put into it is estimated by
        ridge regression of the vector on the history's item vectors; a folded-in one is folded in again.
        """
        if user is None:
            return self.fold_in(history if removed is None else history.without(removed))
        vector = np.asarray(self.users[user], dtype=np.float32)
        if removed is None or not len(removed):
            return vector
        rows = np.asarray(self.items[history.items[removed]], dtype=np.float32)
        return np.asarray(vector - self._shares(user, history)[removed] @ rows, dtype=np.float32)

    def _shares(self, user: int, history: History) -> Float:
        """What each history entry put into the user's vector, `[len(history)]`; the last result is kept."""
        kept: tuple[int, History, Float] | None = self.__dict__.get("_kept")
        if kept is None or kept[0] != user or kept[1] is not history:
            rows = np.asarray(self.items[history.items], dtype=np.float32)
            kept = (user, history, _ridge_shares(rows, np.asarray(self.users[user], dtype=np.float32)))
            self.__dict__["_kept"] = kept
        return kept[2]

    def score(
        self, user: int | None, history: History, candidates: Int | None = None, removed: Int | None = None
    ) -> Float:
        """Scores float32 `[num_items]` or `[len(candidates)]`, without the part's weight."""
        scores = _rows_dot(self.items, self.user_vector(user, history, removed), candidates)
        if self.item_bias is not None:
            scores = scores + (self.item_bias if candidates is None else self.item_bias[candidates])
        return scores

    def contributions(self, user: int | None, history: History, candidates: Int) -> Float:
        """What each history entry adds to each candidate, float32 `[len(history), len(candidates)]`.

        Exact for a trained user in the sense of :meth:`user_vector`; a guide for a folded-in one, whose
        length changes when an entry goes.
        """
        rows = np.asarray(self.items[history.items], dtype=np.float32)
        if user is None:
            shares = history.weights / max(float(history.weights.sum()), 1e-12)
        else:
            shares = self._shares(user, history)
        return np.asarray(shares[:, None] * (rows @ self.items[candidates].T), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class ItemItemPart:
    """Sparse item-item weights (EASE, ItemKNN): row j says what having chosen item j recommends.

    Args:
        weights: `[num_items, num_items]`.
        weight: factor of this part in the sum.
        binary: count every history entry as 1, whatever its strength (models fitted on a 0/1 matrix).
    """

    kind: ClassVar[str] = "item_item"
    weights: CSR
    weight: float = 1.0
    binary: bool = False

    def __post_init__(self) -> None:
        if self.weights.shape[0] != self.weights.shape[1]:
            raise InvalidInputError(f"Item-item weights must be square, but {self.weights.shape} was given.")

    @property
    def num_items(self) -> int:
        return self.weights.shape[0]

    @property
    def num_users(self) -> int | None:
        return None  # scores by history alone: any number of users

    def score(
        self, user: int | None, history: History, candidates: Int | None = None, removed: Int | None = None
    ) -> Float:
        """Scores float32 `[num_items]` or `[len(candidates)]`, without the part's weight."""
        if removed is None:
            scores = self._sums(history)
        else:  # many removals from one history follow each other: its own sums are kept
            kept: tuple[History, Float] | None = self.__dict__.get("_kept")
            if kept is None or kept[0] is not history:
                kept = (history, self._sums(history))
                self.__dict__["_kept"] = kept
            scores = kept[1] - self._sums(History(history.items[removed], history.weights[removed]))
        return (scores if candidates is None else scores[candidates]).astype(np.float32)

    def contributions(self, user: int | None, history: History, candidates: Int) -> Float:
        """What each history entry adds to each candidate, float32 `[len(history), len(candidates)]`."""
        place = np.full(self.num_items, -1, dtype=np.int64)
        place[candidates] = np.arange(len(candidates))
        entries, columns, values = self._entries(history)
        asked = place[columns] >= 0
        out = np.zeros((len(history), len(candidates)), dtype=np.float32)
        out[entries[asked], place[columns[asked]]] = values[asked]
        return out

    def _sums(self, history: History) -> Float:
        _, columns, values = self._entries(history)
        return np.asarray(np.bincount(columns, values, self.num_items), dtype=np.float64)

    def _entries(self, history: History) -> tuple[Int, Int, Float]:
        """Every weight that a history calls up: its history entry, its column, its share of the score."""
        starts = self.weights.indptr[history.items]
        counts = self.weights.indptr[history.items + 1] - starts
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        flat = np.arange(total) + np.repeat(starts - (ends - counts), counts)
        entries = np.repeat(np.arange(len(history)), counts)
        values = np.ones(total, np.float32) if self.weights.values is None else self.weights.values[flat]
        shares = values if self.binary else values * history.weights[entries]
        return entries, self.weights.indices[flat], shares


Part: TypeAlias = VectorPart | ItemItemPart | ProfilePart


def score_parts(
    parts: Sequence[Part], user: int | None, history: History,
    candidates: Int | None = None, removed: Int | None = None,
) -> Float:  # fmt: skip
    """Weighted sum of the parts' scores, float32 `[num_items]` or `[len(candidates)]`.

    Args:
        user: row of the user in the vector parts; None for a user the model never saw.
        removed: positions in the history to leave out: the counterfactual "had the user not done this".
    """
    if not parts:
        raise InvalidInputError("A bundle needs at least one part to score with.")
    total: Float | None = None
    for part in parts:
        scores = np.float32(part.weight) * part.score(user, history, candidates, removed)
        total = scores if total is None else total + scores
    assert total is not None
    return total


def _rows_dot(rows: Float, vector: Float, candidates: Int | None) -> Float:
    """`rows[candidates] @ vector` without gathering more than a block at a time."""
    if candidates is None:
        return np.asarray(rows @ vector, dtype=np.float32)
    if len(candidates) > GATHER_SHARE * len(rows):
        return np.asarray((rows @ vector)[candidates], dtype=np.float32)
    out = np.empty(len(candidates), dtype=np.float32)
    for start in range(0, len(candidates), _BLOCK):
        out[start : start + _BLOCK] = rows.take(candidates[start : start + _BLOCK], axis=0) @ vector
    return out


def _ridge_shares(rows: Float, vector: Float) -> Float:
    """Coefficients `[h]` of `vector ~ shares @ rows`: ridge regression, solved on the smaller side."""
    ridge = np.float32(_RIDGE * float(np.square(rows).sum()) / max(len(rows), 1) + 1e-12)
    if len(rows) > rows.shape[1]:
        gram = rows.T @ rows + ridge * np.eye(rows.shape[1], dtype=np.float32)
        return np.asarray(rows @ np.linalg.solve(gram, vector))
    gram = rows @ rows.T + ridge * np.eye(len(rows), dtype=np.float32)
    return np.asarray(np.linalg.solve(gram, rows @ vector))
