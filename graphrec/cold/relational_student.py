"""Cold Brew's student for items: a relational teacher's embedding read off the features of an item without edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from graphrec.cold.virtual_neighbours import Neighbours, VirtualNeighbours
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]


class RelationalStudentConfig(BaseModel):
    """Settings of :class:`RelationalStudent`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ridge: PositiveFloat = 20.0
    """Penalty of part one's regression."""
    k: PositiveInt = 30
    """Virtual neighbours."""
    temperature: PositiveFloat = 0.05
    """Of the attention; scores are cosines."""
    share: float = Field(default=0.25, ge=0.0, le=1.0)
    """Share of the virtual neighbours in where an item is placed; the rest is the predicted embedding."""
    steps: PositiveInt = 60
    """Most steps of conjugate gradients."""


class RelationalStudent:
    r"""Part one in closed form, and virtual neighbours among the items that people chose.

    .. math:: W = \arg\min \sum_{i\,warm} \lVert x_i W - \bar e_i \rVert^2 + \rho \lVert W \rVert^2, \qquad
              \hat e = \frac{x W}{\lVert x W \rVert}, \qquad
              v = (1 - \beta)\, \hat e + \beta\, \frac{\tilde e}{\lVert \tilde e \rVert}

    Part two is the ranking itself: v stands beside the vectors of trained items (unit rows), whose users score it.

    Args:
        bank: teacher embeddings of all trained items, float32 `[num_items, dim]`, unit rows.
        features: `[num_items, num_features]`.
        warm: items with interactions; the others neither teach nor become virtual neighbours.

    Raises:
        InvalidInputError: the arrays do not fit each other, or no item is warm.
    """

    def __init__(
        self, bank: Float, features: CSR, warm: Int, config: RelationalStudentConfig | None = None
    ) -> None:
        self.config = config or RelationalStudentConfig()
        if features.shape[0] != len(bank):
            raise InvalidInputError(
                f"{len(bank)} embeddings do not fit the features of {features.shape[0]} items."
            )
        if len(warm) == 0:
            raise InvalidInputError("No item has interactions, so there is nothing to learn from.")
        self.weight = ridge_regression(features, bank, warm, self.config.ridge, self.config.steps)
        self._attention = VirtualNeighbours(
            torch.from_numpy(np.array(bank, dtype=np.float32)), torch.from_numpy(np.asarray(warm, dtype=np.int64)),
            k=self.config.k, temperature=self.config.temperature,
        )  # fmt: skip

    def embed(self, features: CSR) -> Float:
        r"""Predicted embeddings :math:`\hat e`, float32 `[n, dim]`, unit rows; zeros for an item without features."""
        if features.shape[1] != len(self.weight):
            raise InvalidInputError(
                f"Items with {features.shape[1]} features do not fit a student that learned {len(self.weight)}."
            )
        return _unit(np.asarray(features.to_scipy() @ self.weight, dtype=np.float32))

    def neighbours(self, features: CSR) -> Neighbours:
        """Virtual neighbours of new items; items that no feature describes attend evenly to arbitrary ones."""
        return self._attention.neighbours(torch.from_numpy(self.embed(features)))

    def place(self, features: CSR) -> Float:
        """Where new items stand among the trained ones, float32 `[n, dim]`, unit rows; zeros without features."""
        predicted = self.embed(features)
        attended = self._attention.gather(self._attention.neighbours(torch.from_numpy(predicted))).numpy()
        mixed = (1.0 - self.config.share) * predicted + self.config.share * _unit(attended)
        return _unit(mixed * predicted.any(axis=1, keepdims=True))


def ridge_regression(features: CSR, targets: Float, rows: Int, penalty: float, steps: int) -> Float:
    r"""Solve :math:`(X^\top X + \rho I) W = X^\top T` by conjugate gradients, all columns at a time.

    Args:
        features: `[num_rows, num_features]`.
        targets: `[num_rows, dim]`.
        rows: which rows count, int64.
        penalty: :math:`\rho > 0`.
        steps: at most; in exact arithmetic the number of features is enough.

    Returns:
        float32 `[num_features, dim]`.
    """
    x = features.to_scipy().astype(np.float64)[rows]
    across = x.T.tocsr()
    residual = np.asarray(across @ np.asarray(targets, dtype=np.float64)[rows])
    solution, direction = np.zeros_like(residual), residual.copy()
    size = np.square(residual).sum(axis=0)
    start = size.max(initial=0.0)
    for _ in range(steps):
        if size.max(initial=0.0) <= 1e-16 * start:
            break
        image = across @ (x @ direction) + penalty * direction
        step = size / np.maximum((direction * image).sum(axis=0), 1e-300)
        solution += step * direction
        residual -= step * image
        before, size = size, np.square(residual).sum(axis=0)
        direction = residual + size / np.maximum(before, 1e-300) * direction
    return solution.astype(np.float32)


def _unit(rows: Float) -> Float:
    found: Float = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found.astype(np.float32)
