"""What pictures of scores measure, and how a value is written."""

from __future__ import annotations

import math

from graphrec.errors import InvalidInputError

WIDTH, HEAD = 720, 40
"""Of a picture, and of the line with its title."""
MEASURES = {"accuracy": "accuracy", "mse": "mean squared error"}


def check_metric(metric: str) -> None:
    """Raise `InvalidInputError` for a measure that pictures do not show."""
    if metric not in MEASURES:
        raise InvalidInputError(f"Pictures show {' or '.join(MEASURES)}, not {metric!r}.")


def shown(value: float, metric: str) -> str:
    """A score with its unit."""
    if not math.isfinite(value):
        return "score unknown"
    return f"{100 * value:.1f} %" if metric == "accuracy" else f"{value:.3g}"


def tick_label(value: float, metric: str) -> str:
    """A round score beside an axis, whose title holds the unit."""
    return f"{round(100 * value, 6):g}" if metric == "accuracy" else f"{value:g}"
