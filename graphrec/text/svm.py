"""Linear support vector machines with a squared hinge, solved exactly: where a level's head begins."""

from __future__ import annotations

import torch
from torch import Tensor

_EASY, _FACTOR = 0.01, 4.0
_MOST_STEPS = 50  # per cost
_LINE_STEPS = 60
_ROUGH, _EXACT = 1e-3, 1e-10  # of a step's length against the solution's


def linear_svm(x: Tensor, y: Tensor, cost: float) -> Tensor:
    """Minimise `|w|^2 / 2 + cost sum max(0, 1 - y w.x)^2` by Newton's method with an exact line search.

    Chapelle, "Training a Support Vector Machine in the Primal" (2007): the Hessian is that of ridge regression over
    the rows that still violate the margin, so each step is one linear system. Where a high cost lets nearly every row
    keep its margin, that set jumps to and fro and steps get short; so the cost rises by fours, and each solution is
    the next one's start (about thirty steps in all). It has no step size and no random order, and finds what
    LIBLINEAR converges to.

    Args:
        x: float64 `[rows, dim]`; a last column of ones gives a (regularised) bias.
        y: +1 or -1, float64 `[rows]`.
        cost: C.

    Returns:
        `w`, float64 `[dim]`; zeros without rows.
    """
    costs = [cost]
    while costs[-1] > _EASY:
        costs.append(costs[-1] / _FACTOR)
    weight = x.new_zeros(x.shape[1])
    for easy in costs[:0:-1]:
        weight = _newton(x, y, easy, weight, _ROUGH)
    return _newton(x, y, cost, weight, _EXACT)


def _newton(x: Tensor, y: Tensor, cost: float, weight: Tensor, precision: float) -> Tensor:
    margin = x @ weight
    for _ in range(_MOST_STEPS):
        violating = y * margin < 1.0
        direction = _ridge(x[violating], y[violating], cost) - weight
        change = x @ direction
        step = _line_search(weight, direction, y, margin, change, cost)
        weight, margin = weight + step * direction, margin + step * change
        if step * float(direction.norm()) <= precision * (1.0 + float(weight.norm())):
            break
        if step == 1.0 and torch.equal(y * margin < 1.0, violating):
            break  # this system's solution is the optimum: its violators are the ones it was solved for
    return weight


def _ridge(x: Tensor, y: Tensor, cost: float) -> Tensor:
    """Solution of `(I + 2C X'X) w = 2C X'y`, in the smaller of the two forms."""
    rows, dim = x.shape
    scale = 1.0 / (2.0 * cost)
    if rows < dim:
        gram = x @ x.T
        gram.diagonal().add_(scale)
        return x.T @ torch.cholesky_solve(y[:, None], torch.linalg.cholesky(gram))[:, 0]
    gram = x.T @ x
    gram.diagonal().add_(scale)
    return torch.cholesky_solve((x.T @ y)[:, None], torch.linalg.cholesky(gram))[:, 0]


def _line_search(
    weight: Tensor, direction: Tensor, y: Tensor, margin: Tensor, change: Tensor, cost: float
) -> float:
    """Where the objective along a descent direction is least, in [0, 1].

    Its derivative rises in straight pieces, one per set of violators: Newton's method jumps from piece to piece, and
    halving the bracket catches it where it would leave.
    """
    straight, curved = float(weight @ direction), float(direction @ direction)
    signed, slack = y * change, 1.0 - y * margin
    squared = signed * signed
    low, high, step = 0.0, 1.0, 1.0
    for _ in range(_LINE_STEPS):
        left = (slack - step * signed).clamp_min(0.0)
        slope = straight + step * curved - 2.0 * cost * float(left @ signed)
        if step == 1.0 and slope <= 0.0:
            return 1.0
        low, high = (low, step) if slope > 0.0 else (step, high)
        new = step - slope / (curved + 2.0 * cost * float(squared[left > 0.0].sum()))
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - step) <= 1e-12:
            break
        step = new
    return step
