"""A bundle under the contract of evaluation: the NumPy scorers, a block of users at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Bundle, History, ItemItemPart, ProfilePart, VectorPart
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]

BaseScores = Callable[[int | None, History], Float]
"""Personal scores float32 `[num_items]` as they are served: row of the user (None: unknown), what they did."""


class BundleScorer:
    """`score(users)`, float32 `[len(users), num_items]`, for the bundle's own users.

    The same sums as :meth:`graphrec.bundle.Bundle.score_user`, in one product per part.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._history = bundle.history.to_scipy()
        self._weights = [
            part.weights.to_scipy() if isinstance(part, ItemItemPart) else None for part in bundle.parts
        ]

    def score(self, users: Int) -> Float:
        """Scores of the bundle's own users by their dense ids."""
        total = np.zeros((len(users), self.bundle.catalogue.num_items), dtype=np.float32)
        for part, weights in zip(self.bundle.parts, self._weights, strict=True):
            scores: Float
            if isinstance(part, VectorPart):
                scores = part.users[users] @ part.items.T
                scores = scores if part.item_bias is None else scores + part.item_bias
            elif isinstance(part, ProfilePart):
                scores = self._by_profile(part, users)
            else:
                rows = self._history[users]
                rows = rows.sign() if part.binary else rows
                scores = (rows.astype(np.float64) @ weights).toarray()
            total += np.float32(part.weight) * np.asarray(scores, dtype=np.float32)
        return total

    def _by_profile(self, part: ProfilePart, users: Int) -> Float:
        rows = self._history[users]
        sizes = np.maximum(np.asarray(rows.sum(axis=1), dtype=np.float32), np.float32(1e-12))
        pooled = np.asarray(rows @ part.keys, dtype=np.float32)
        pooled /= sizes.reshape(-1, 1) ** np.float32(part.exponent)
        scores: Float = pooled @ part.items.T
        return scores if part.item_bias is None else scores + part.item_bias


class ServedScorer:
    """Users of a bundle and newcomers behind them, each scored as a request of theirs would be.

    Args:
        base: personal scores as served; see :data:`BaseScores`.
        histories: `[num_users + newcomers, num_items]`, what is known of each.
        num_users: rows that the bundle knows; the others are newcomers.
    """

    def __init__(self, base: BaseScores, histories: CSR, num_users: int) -> None:
        self.base, self.histories, self.num_users = base, histories, num_users

    def score(self, users: Int) -> Float:
        """Float32 `[len(users), num_items]`."""
        out = np.empty((len(users), self.histories.shape[1]), dtype=np.float32)
        for place, user in enumerate(users.tolist()):
            history = History(self.histories.row(user), self.histories.row_values(user))
            known = user < self.num_users and len(history) > 0
            out[place] = self.base(user if known else None, history)
        return out
