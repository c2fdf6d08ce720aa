"""Picking out the utterances of a batch that fit no known intent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.nlu.discovery.known import Known
from graphrec.nlu.discovery.novelty import FALSE_REJECTION, Novelty, judge
from graphrec.nlu.intents.regression import Softmax, fit_softmax
from graphrec.nlu.intents.scores import SCORES, default_score
from graphrec.nlu.intents.selection import FOLDS, deal

if TYPE_CHECKING:
    from graphrec.encoders import Encoder
    from graphrec.nlu.intents.data import IntentData, Utterance

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

STRENGTH = 10.0
"""Inverse weight of the classifier's penalty (the C of scikit-learn)."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Utterances beside what is known.

    Args:
        vectors: float32 `[n, dim]` of the utterances.
        known: the labelled ones.
        novelty: which of them are new.
    """

    vectors: Float
    known: Known
    novelty: Novelty


def detect(
    texts: Sequence[str], data: IntentData, encoder: Encoder,
    *, false_rejection: float = FALSE_REJECTION, seed: int = 0,
) -> Batch:  # fmt: skip
    """Judge a batch of utterances against known intents.

    A softmax regression over the known intents, with the out-of-scope sentences as one class more where there are
    any, says how well each utterance fits. What known utterances score is measured on those that were held out:
    `data.validation`, or five folds.

    Args:
        texts: the utterances.
        data: the known intents.
        encoder: makes the vectors.
        false_rejection: share of known utterances that may be taken for new.
        seed: of the folds.
    """
    code = {name: number for number, name in enumerate(data.intents)}
    learned = _encoded(data.train, encoder)
    outside = np.asarray(encoder.encode(data.proxies)) if data.proxies else learned[:0]
    labels = np.asarray([code[u.intent] for u in data.train], dtype=np.int64)
    vectors = np.asarray(encoder.encode(texts)) if texts else learned[:0]
    fit = _Fit(learned, labels, outside, len(code))
    if data.validation:
        held = _encoded(data.validation, encoder)
        scores, held_scores = fit.novelty(fit.on(np.ones(len(labels), dtype=np.bool_)), vectors, held)
    else:
        held = learned
        groups = [u.group or f"\0{number}" for number, u in enumerate(data.train)]
        scores, held_scores = fit.in_folds(deal(labels, groups, FOLDS, seed), vectors)
    domain_of = {intent: domain or "" for intent, domain in data.domains().items()}
    known = Known.of(learned, [u.intent for u in data.train], domain_of)
    return Batch(vectors, known, judge(vectors, scores, held, held_scores, false_rejection=false_rejection))


@dataclass(frozen=True, eq=False)
class _Fit:
    """The classifier over known intents and out-of-scope sentences."""

    vectors: Float
    labels: Int
    outside: Float
    num_intents: int

    def on(self, rows: NDArray[np.bool_]) -> Softmax:
        """Fitted on some of the known rows and all sentences out of scope."""
        vectors = np.concatenate((self.vectors[rows], self.outside))
        labels = np.concatenate((self.labels[rows], np.full(len(self.outside), self.num_intents)))
        return fit_softmax(vectors, labels, self.num_intents + bool(len(self.outside)), STRENGTH)

    def novelty(self, fitted: Softmax, *parts: Float) -> tuple[Float, ...]:
        """How little each vector of each part fits, float64 `[n]`."""
        score = SCORES[default_score(bool(len(self.outside)))]
        return tuple(-score(fitted.logits(part), self.num_intents).astype(np.float64) for part in parts)

    def in_folds(self, fold: Int, vectors: Float) -> tuple[Float, Float]:
        """Of new vectors, the mean over the folds' classifiers; of known ones, by the one that did not see them."""
        scores = np.zeros(len(vectors))
        held = np.zeros(len(self.labels))
        for number in range(FOLDS):
            out = fold == number
            # An intent whose every row is held out has no weights that mean anything: it stays in.
            lost = ~np.isin(self.labels, self.labels[~out])
            new, held[out] = self.novelty(self.on(~out | lost), vectors, self.vectors[out])
            scores += new / FOLDS
        return scores, held


def _encoded(utterances: Sequence[Utterance], encoder: Encoder) -> Float:
    return np.asarray(encoder.encode([u.text for u in utterances]))
