"""Labels passed on along the domain graph: gradual self-training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphrec.adapt.config import TaughtConfig
from graphrec.adapt.data import DomainData


@dataclass(frozen=True, eq=False)
class TaughtLabels:
    """Labels for rows of target domains.

    Args:
        labels: int64 `[num_rows]`, -1 where there is none: sources and domains without a path to one.
        weight: float32 `[num_rows]`, 0..1, how sure the teacher was: 0 at chance, 1 when certain.
    """

    labels: np.ndarray
    weight: np.ndarray


def teach(data: DomainData, config: TaughtConfig | None = None) -> TaughtLabels:
    """Label target domains hop by hop from their neighbours.

    A domain `k` hops from the nearest source takes a linear classifier fitted on its adjacent domains at `k - 1`
    hops or fewer, weighted by adjacency, and fits it anew on its own surest rows (Kumar, Ma and Liang,
    "Understanding Self-Training for Gradual Domain Adaptation", ICML 2020, with the graph in place of a sequence).
    One classifier over all sources would not do: it may tell them all apart and still point the wrong way two hops
    on, where the nearest source alone points the right way.

    Raises:
        ValueError: for regression, where no prediction is surer than another.
    """
    if data.num_classes is None:
        raise ValueError("Labels are passed on for classes, not for regression.")
    config = config or TaughtConfig()
    x = _standardised(data.x)
    labels, weight = data.y.copy(), data.labelled.astype(np.float32)
    for hop in range(1, int(data.hops.max(initial=0)) + 1):
        told = [
            _label(x, labels, number, data, config) for number in np.flatnonzero(data.hops == hop).tolist()
        ]
        for rows, probability in filter(None, told):
            labels[rows] = probability.argmax(axis=1)
            weight[rows] = _certainty(probability.max(axis=1), data.num_classes)
    hidden = ~np.isin(data.domain, data.sources)
    return TaughtLabels(np.where(hidden, labels, -1), np.where(hidden, weight, 0).astype(np.float32))


def _label(
    x: np.ndarray, labels: np.ndarray, number: int, data: DomainData, config: TaughtConfig
) -> tuple[np.ndarray, np.ndarray] | None:
    rows = data.rows[number]
    near = np.flatnonzero(
        (data.graph.adjacency[number] > 0) & (data.hops >= 0) & (data.hops < data.hops[number])
    )
    taken = np.concatenate([data.rows[each] for each in near])
    taken = taken[labels[taken] >= 0]
    if len(rows) == 0 or len(taken) == 0:
        return None
    closeness = data.graph.adjacency[number, data.domain[taken]]
    probability = _fit(x[taken], labels[taken], closeness, x[rows], config, data.num_outputs)
    for _ in range(config.rounds):
        sure = probability.max(axis=1)
        kept = sure >= np.quantile(sure, 1 - config.keep)
        named = probability.argmax(axis=1)[kept]
        probability = _fit(x[rows][kept], named, np.ones(len(named)), x[rows], config, data.num_outputs)
    return rows, probability


def _fit(
    x: np.ndarray, labels: np.ndarray, weight: np.ndarray, at: np.ndarray, config: TaughtConfig, classes: int
) -> np.ndarray:
    """Class probabilities `[num_at, classes]` of a logistic regression; certainty where only one class is known."""
    from sklearn.linear_model import LogisticRegression

    probability = np.zeros((len(at), classes))
    known = np.unique(labels)
    if len(known) == 1:
        probability[:, known[0]] = 1.0
        return probability
    model = LogisticRegression(C=config.inverse_penalty, max_iter=500).fit(x, labels, sample_weight=weight)
    probability[:, model.classes_] = model.predict_proba(at)
    return probability


def _certainty(probability: np.ndarray, classes: int) -> np.ndarray:
    return (probability - 1 / classes) / (1 - 1 / classes) if classes > 1 else np.ones_like(probability)


def _standardised(x: np.ndarray) -> np.ndarray:
    spread = x.std(axis=0)
    standard: np.ndarray = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return standard
