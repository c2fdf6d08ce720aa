"""Honest probabilities and the cut below which an utterance counts as out of scope."""

from __future__ import annotations

import numpy as np

from graphrec.nlu.intents.regression import Float, Labels, log_softmax

DEFAULT_REJECTED = 0.05
"""Share of known utterances that may be lost to the rejection."""


def fit_temperature(logits: Float, labels: Labels) -> float:
    """The temperature that makes held-out logits `[n, K]` likeliest (Guo et al. 2017, "On Calibration of Modern
    Neural Networks"); 1 when there is nothing to fit.
    """
    from scipy.optimize import minimize_scalar

    if not len(labels):
        return 1.0
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature))[rows, labels].mean())

    found = minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def calibration_error(confidence: Float, right: Float, bins: int = 15) -> float:
    """Expected calibration error: mean over the rows of |accuracy - confidence| of their bin of confidence.

    Args:
        confidence: `[n]`, 0 to 1.
        right: `[n]`, 1 where the prediction is right.
        bins: of equal width.
    """
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gap = np.abs(np.bincount(place, right - confidence, minlength=bins))
    return float(gap.sum() / max(len(confidence), 1))


def threshold_for_share(known: Float, share: float = DEFAULT_REJECTED) -> float:
    """The cut that rejects `share` of the scores of known utterances: what lies below it is rejected."""
    return float(np.quantile(known, share, method="lower"))


def threshold_by_outside(known: Float, right: Float, outside: Float) -> float:
    """The cut that maximises (known, right and accepted) + (outside and rejected), counted in utterances.

    The cut lies halfway between two neighbouring scores; of equally good ones the lowest is taken.

    Args:
        known: scores of known utterances `[n]`.
        right: 1 where their intent was found, `[n]`.
        outside: scores of out-of-scope utterances `[m]`.
    """
    scores = np.concatenate([known, outside])
    # What one gains by lowering the cut below a score: a right answer more, or a rejection less.
    gain = np.concatenate([right.astype(np.float64), -np.ones(len(outside))])
    order = np.argsort(-scores, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(gain[order])])
    ranked = scores[order]
    # Equal scores are accepted together: cuts stand only where the score changes, and at both ends.
    possible = np.concatenate([[True], ranked[1:] < ranked[:-1], [True]])
    total[~possible] = -np.inf
    best = len(total) - 1 - int(np.argmax(total[::-1]))
    if best == 0:
        return float(np.nextafter(ranked[0], np.inf))
    if best == len(ranked):
        return float(ranked[-1])
    return float((ranked[best - 1] + ranked[best]) / 2)
