"""Multinomial logistic regression with an L2 penalty, fitted by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

MAX_ITERATIONS = 500
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Softmax:
    """Weights `[dim, num_classes]` and biases `[num_classes]` of a linear classifier."""

    weights: Float
    bias: Float

    def logits(self, vectors: Float) -> Float:
        """`[n, num_classes]` of vectors `[n, dim]`."""
        scores: Float = vectors @ self.weights + self.bias
        return scores


def objective(vectors: Float, labels: Labels, num_classes: int, strength: float) -> Objective:
    """Loss and gradient as a function of the flat parameters (weights row by row, then biases).

    The loss is ``mean_i -log softmax(x_i W + b)[y_i] + |W|^2 / (2 strength n)``, the form in which scikit-learn
    writes it, `strength` being its C; biases are free. Products are computed in the precision of `vectors`.

    Args:
        vectors: `[n, dim]`.
        labels: class of each row, `[n]`.
        num_classes: how many classes there are.
        strength: inverse weight of the penalty.
    """
    n, dim = vectors.shape
    split = dim * num_classes
    ridge = 1.0 / (strength * n)
    rows = np.arange(n)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = flat[:split].reshape(dim, num_classes), flat[split:]
        z = vectors @ weights.astype(vectors.dtype, copy=False) + bias.astype(vectors.dtype, copy=False)
        z -= z.max(axis=1, keepdims=True)
        at_label = z[rows, labels]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        value = float((np.log(total) - at_label).mean(dtype=np.float64))
        z /= total[:, None]
        z[rows, labels] -= 1.0
        z /= n
        gradient = np.empty_like(flat)
        gradient[:split] = (vectors.T @ z).ravel()
        gradient[:split] += ridge * flat[:split]
        gradient[split:] = z.sum(axis=0, dtype=np.float64)
        return value + 0.5 * ridge * float(flat[:split] @ flat[:split]), gradient

    return loss


def fit_softmax(
    vectors: Float, labels: Labels, num_classes: int, strength: float, start: Softmax | None = None,
    *, tolerance: float = TOLERANCE,
) -> Softmax:  # fmt: skip
    """The weights that minimise :func:`objective`.

    Args:
        vectors: `[n, dim]`.
        labels: `[n]`, each of the `num_classes` classes at least once: the bias of an absent one has no optimum.
        num_classes: how many classes there are.
        strength: inverse weight of the penalty (the C of scikit-learn).
        start: where to begin, e.g. the optimum of another strength.
        tolerance: stop when a step lowers the loss by less than this share of it.
    """
    from scipy.optimize import minimize

    dim = vectors.shape[1]
    if start is None:
        first = np.zeros((dim + 1) * num_classes)
    else:
        first = np.concatenate([start.weights.ravel(), start.bias]).astype(np.float64)
    found = minimize(
        objective(vectors, labels, num_classes, strength), first, jac=True, method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS, "maxfun": 2 * MAX_ITERATIONS, "gtol": 1e-6, "ftol": tolerance},
    )  # fmt: skip
    split = dim * num_classes
    return Softmax(found.x[:split].reshape(dim, num_classes), found.x[split:])


def log_softmax(logits: Float) -> Float:
    """Logarithms of the class probabilities, row by row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Float = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
