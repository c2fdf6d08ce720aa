"""A scorer that reads users by what they chose alone: made for items and users that came after training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.checks import check_bias
from graphrec.bundle.history import History
from graphrec.errors import InvalidInputError

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class ProfilePart:
    r"""Items meet the pooled keys of a history.

    .. math:: s_i = \frac{\big(\sum_{j \in h} w_j k_j\big)^\top v_i}{\big(\sum_{j \in h} w_j\big)^{\gamma}} + b_i

    No row belongs to a user, so everybody with a history is served alike, and an item that has a key and a
    vector from its content alone (:mod:`graphrec.ranking.cold_items`) needs no training. An empty history
    leaves `b`. The form is that of attention-free user towers such as YouTube's (Covington et al., RecSys 2016)
    and of FISM (Kabbur et al., KDD 2013), where `gamma` is called alpha.

    Args:
        keys: float32 `[num_items, dim]`, what having chosen an item says of a user.
        items: float32 `[num_items, dim]`, what an item offers.
        item_bias: float32 `[num_items]` or None.
        exponent: gamma; 0 sums the keys, 1 takes their mean.
        weight: factor of this part in the sum of parts.
    """

    kind: ClassVar[str] = "profile"
    keys: Float
    items: Float
    item_bias: Float | None = None
    exponent: float = 0.5
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.keys.ndim != 2 or self.keys.shape != self.items.shape:
            raise InvalidInputError(
                "A profile part needs keys and items of one shape [I, d]; "
                f"given {self.keys.shape} and {self.items.shape}."
            )
        check_bias(self.item_bias, self.num_items)

    @property
    def num_items(self) -> int:
        return int(self.items.shape[0])

    @property
    def num_users(self) -> int | None:
        return None  # scores by history alone: any number of users

    def profile(self, history: History) -> Float:
        """The pooled keys of a history, float32 `[dim]`."""
        if not len(history):
            return np.zeros(self.keys.shape[1], dtype=np.float32)
        pooled = history.weights @ self.keys[history.items]
        return np.asarray(pooled / self._size(history), dtype=np.float32)

    def score(
        self, user: int | None, history: History, candidates: Int | None = None, removed: Int | None = None
    ) -> Float:
        """Scores float32 `[num_items]` or `[len(candidates)]`, without the part's weight."""
        vector = self.profile(history if removed is None else history.without(removed))
        items, bias = self.items, self.item_bias
        if candidates is not None:
            items = items[candidates]
            bias = None if bias is None else bias[candidates]
        scores = np.asarray(items @ vector, dtype=np.float32)
        return scores if bias is None else scores + bias

    def contributions(self, user: int | None, history: History, candidates: Int) -> Float:
        """What each history entry adds to each candidate, float32 `[len(history), len(candidates)]`."""
        if not len(history):
            return np.zeros((0, len(candidates)), dtype=np.float32)
        shares = history.weights / self._size(history)
        return np.asarray(
            shares[:, None] * (self.keys[history.items] @ self.items[candidates].T), dtype=np.float32
        )

    def _size(self, history: History) -> np.float32:
        return np.float32(max(float(history.weights.sum()), 1e-12) ** self.exponent)
