"""The directions in which people's tastes differ, as the keys of a profile part see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

Float = NDArray[np.floating[Any]]

_FAINT = 1e-5  # of the widest direction; below it a direction is rounding


@dataclass(frozen=True, eq=False)
class ItemSpace:
    r"""Coordinates in which an error of an item's values is the error of its scores over all users.

    With the pooled keys `P = U S W^T` of all users (thin singular value decomposition), the scores of an item with
    row `v` are

    .. math:: P v = U z, \qquad z = S W^\top v,

    and since the columns of `U` are orthonormal, :math:`\lVert P v - P v' \rVert = \lVert z - z' \rVert`. So a network
    that is fitted to values `z` by squared error is fitted to scores, and what it says becomes a row of the part
    again: :math:`v = W S^{-1} z`. Only the widest directions are kept: the others are noise, and predicting them
    costs more than it gains.

    Args:
        users: U, float32 `[num_users, dim]`.
        to_rows: :math:`S^{-1} W^\top`, float32 `[dim, num_keys]`; values times this are rows.
        from_rows: `W S`, float32 `[num_keys, dim]`; rows times this are values.
    """

    users: Float
    to_rows: Float
    from_rows: Float

    @classmethod
    def of(cls, profiles: Float, dim: int) -> Self:
        """The widest directions of pooled keys.

        Args:
            profiles: P, float32 `[num_users, num_keys]`, the pooled keys of each user's choices.
            dim: directions at most.

        Raises:
            InvalidInputError: nobody has chosen anything.
        """
        gram = profiles.T.astype(np.float64) @ profiles
        squares, directions = np.linalg.eigh(gram)
        widths = np.sqrt(np.maximum(squares[::-1], 0.0))
        kept = min(dim, int(np.count_nonzero(widths > _FAINT * widths[0])))
        if kept == 0:
            raise InvalidInputError("No user has chosen anything, so there are no tastes to learn from.")
        widths, directions = widths[:kept], directions[:, ::-1][:, :kept]
        to_rows = np.asarray((directions / widths).T, dtype=np.float32)
        users = np.asarray(profiles @ to_rows.T, dtype=np.float32)
        return cls(users, to_rows, np.asarray(directions * widths, dtype=np.float32))

    @property
    def dim(self) -> int:
        """Directions kept."""
        return int(self.users.shape[1])

    def values(self, rows: Float) -> Float:
        """Rows of the part, `[n, num_keys]`, as values float32 `[n, dim]`."""
        return np.asarray(rows @ self.from_rows, dtype=np.float32)

    def rows(self, values: Float) -> Float:
        """Values `[n, dim]` as rows of the part, float32 `[n, num_keys]`."""
        return np.asarray(values @ self.to_rows, dtype=np.float32)

    def scores(self, values: Float) -> Float:
        """Float32 `[num_users, n]`, what the users make of items with such values."""
        return np.asarray(self.users @ values.T, dtype=np.float32)
