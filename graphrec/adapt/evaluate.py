"""Scores by domain and by distance from the sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphrec.adapt.data import DomainData
from graphrec.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class DomainScores:
    """How well every domain is predicted.

    Args:
        metric: `"accuracy"` (0..1) or `"mse"` (in squared units of the values).
        per_domain: float64 `[num_domains]`, NaN without a row whose label is known.
        target_mean, source_mean: means of the per-domain scores over target and source domains, each domain
            weighing the same, as published.
        by_hop: the same over the target domains so many edges away from the nearest source; -1: no path.
    """

    metric: str
    per_domain: np.ndarray
    target_mean: float
    source_mean: float
    by_hop: dict[int, float]


def evaluate_domains(predictions: np.ndarray, labels: np.ndarray, data: DomainData) -> DomainScores:
    """Compare predictions with labels, which only an evaluation has.

    Args:
        predictions: `[num_rows, num_classes]` probabilities or `[num_rows, num_outputs]` values.
        labels: int `[num_rows]` (negative: unknown), or float `[num_rows]` or `[num_rows, num_outputs]` (NaN: unknown).
        data: what was trained on, for its domains and sources.
    """
    if len(predictions) != len(data.x) or len(labels) != len(data.x):
        raise InvalidInputError(
            f"{len(predictions)} predictions and {len(labels)} labels for {len(data.x)} rows do not belong together."
        )
    score, known = _row_scores(predictions, labels, data.num_classes is not None)
    counts = np.bincount(data.domain[known], minlength=data.num_domains)
    sums = np.bincount(data.domain[known], weights=score[known], minlength=data.num_domains)
    per_domain = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    targets = np.setdiff1d(np.arange(data.num_domains), data.sources)
    hops = sorted({int(hop) for hop in data.hops[targets] if np.isfinite(per_domain[data.hops == hop]).any()})
    by_hop = {hop: _mean(per_domain[targets][data.hops[targets] == hop]) for hop in hops}
    metric = "accuracy" if data.num_classes else "mse"
    return DomainScores(
        metric, per_domain, _mean(per_domain[targets]), _mean(per_domain[data.sources]), by_hop
    )


def _row_scores(predictions: np.ndarray, labels: np.ndarray, classes: bool) -> tuple[np.ndarray, np.ndarray]:
    if classes:
        return (predictions.argmax(axis=1) == labels).astype(np.float64), labels >= 0
    values = labels.reshape(len(labels), -1).astype(np.float64)
    known = np.asarray(~np.isnan(values).any(axis=1))
    return np.where(known, np.square(predictions - np.nan_to_num(values)).mean(axis=1), 0.0), known


def _mean(values: np.ndarray) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")
