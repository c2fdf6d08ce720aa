"""What an evaluation found: means, per-user arrays, slices, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationResult:
    """Metrics of one scorer on one test set.

    Args:
        metrics: mean over users of `recall@10`, `ndcg@10`, `mrr@10`, ...; and `coverage@10`, `popularity@10`,
            `gini@10`.
        per_user: float64 `[num_users_evaluated]` per metric, aligned with `users`.
        users: int64, users with at least one test item, ascending.
        slices: means within `items/head`, `items/tail`, `items/isolation`, `users/head`, ...; `users` counts the
            users of each.
        seconds: wall time of scoring and ranking.
    """

    metrics: dict[str, float]
    per_user: dict[str, Float] = field(repr=False)
    users: Int = field(repr=False)
    slices: dict[str, dict[str, float]] = field(repr=False)
    seconds: float

    def __getitem__(self, metric: str) -> float:
        return self.metrics[metric]

    @property
    def num_users(self) -> int:
        """Users evaluated (those with a test item)."""
        return len(self.users)

    @property
    def users_per_second(self) -> float:
        """Users scored and ranked per second of wall time."""
        return self.num_users / max(self.seconds, 1e-9)

    def standard_error(self, metric: str) -> float:
        """Standard error of a per-user metric's mean."""
        values = self.per_user[metric]
        return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")

    def to_json(self) -> dict[str, Any]:
        """Means, standard errors and slices as plain JSON values (per-user arrays stay in memory)."""
        return {
            "metrics": dict(self.metrics),
            "standard_errors": {
                name: self.standard_error(name) for name in self.per_user if self.num_users > 1
            },
            "slices": {name: dict(values) for name, values in self.slices.items()},
            "users": self.num_users,
            "seconds": self.seconds,
        }
