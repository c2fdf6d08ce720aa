"""Paired tests over users: is model A better than model B, or was it this test set?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.evaluation.result import EvaluationResult

Float = NDArray[np.floating[Any]]
Method = Literal["t", "bootstrap", "sign_flip"]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Mean of `a - b` over users with its standard error, two-sided p-value and 95 % interval."""

    difference: float
    standard_error: float
    p_value: float
    low: float
    high: float
    num_users: int
    method: Method

    def __str__(self) -> str:
        p = f"p = {self.p_value:.3g}, n = {self.num_users}"
        return f"{self.difference:+.4f} ± {self.standard_error:.4f} ({p})"


def paired_test(
    a: Float, b: Float, *, method: Method = "t", draws: int = 10_000, seed: int = 0
) -> PairedTest:
    """Test whether the mean of `a - b` differs from 0.

    Args:
        a, b: a per-user metric of two models for the same users, float `[users]`.
        method: `"t"` paired t-test; `"bootstrap"` resamples users (p from the share of means beyond 0);
            `"sign_flip"` permutation test that flips the sign of each difference.
        draws: resamples of the last two.

    Raises:
        InvalidInputError: unequal lengths or fewer than two users.
    """
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise InvalidInputError(
            f"A paired test needs two equal lists of two users or more, got {a.shape}, {b.shape}."
        )
    delta = a.astype(np.float64) - b.astype(np.float64)
    mean, error = float(delta.mean()), float(delta.std(ddof=1) / np.sqrt(len(delta)))
    if error == 0.0:
        return PairedTest(mean, 0.0, 1.0 if mean == 0 else 0.0, mean, mean, len(delta), method)
    if method == "t":
        p, low, high = _student(mean, error, len(delta) - 1)
    elif method == "bootstrap":
        p, low, high = _bootstrap(delta, draws, np.random.default_rng(seed))
    else:
        p, low, high = _sign_flip(delta, error, draws, np.random.default_rng(seed))
    return PairedTest(mean, error, p, low, high, len(delta), method)


def compare(a: EvaluationResult, b: EvaluationResult, metric: str, *, method: Method = "t") -> PairedTest:
    """Paired test of one metric of two evaluations on the same split (`a - b`)."""
    if not np.array_equal(a.users, b.users):
        raise InvalidInputError("The two evaluations cover different users; evaluate both on the same split.")
    return paired_test(a.per_user[metric], b.per_user[metric], method=method)


def mean_over_seeds(results: Sequence[EvaluationResult], metric: str) -> Float:
    """Per-user mean of a metric over several seeds, float64 `[users]`: the fair input of a paired test."""
    values: Float = np.mean([result.per_user[metric] for result in results], axis=0)
    return values


def _student(mean: float, error: float, freedom: int) -> tuple[float, float, float]:
    from scipy.special import stdtr, stdtrit

    p = 2.0 * float(stdtr(freedom, -abs(mean / error)))
    reach = float(stdtrit(freedom, 0.975)) * error
    return p, mean - reach, mean + reach


def _bootstrap(delta: Float, draws: int, rng: np.random.Generator) -> tuple[float, float, float]:
    means = np.array([delta[rng.integers(len(delta), size=len(delta))].mean() for _ in range(draws)])
    beyond = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    low, high = np.quantile(means, [0.025, 0.975])
    return min(1.0, 2.0 * (beyond + 1) / (draws + 1)), float(low), float(high)


def _sign_flip(
    delta: Float, error: float, draws: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    mean, extreme = delta.mean(), 0
    for start in range(0, draws, 256):
        signs = rng.integers(0, 2, size=(min(256, draws - start), len(delta)), dtype=np.int8) * 2.0 - 1.0
        extreme += int(np.count_nonzero(np.abs(signs @ delta) / len(delta) >= abs(mean) - 1e-15))
    return (extreme + 1) / (draws + 1), float(mean - 1.96 * error), float(mean + 1.96 * error)
