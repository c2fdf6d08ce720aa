"""From utterances to an intent model: held-out rows choose the settings, then every row is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec.errors import InvalidInputError
from graphrec.nlu.intents import calibration
from graphrec.nlu.intents.model import IntentModel
from graphrec.nlu.intents.regression import Float, fit_softmax, log_softmax
from graphrec.nlu.intents.scores import SCORES, Score, default_score
from graphrec.nlu.intents.selection import HeldOut, Rows, choose

if TYPE_CHECKING:
    from graphrec.encoders import Encoder
    from graphrec.nlu.intents.data import IntentData, Utterance

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def train_intents(
    data: IntentData, encoder: Encoder, seed: int = 0, *, strengths: Sequence[float] = STRENGTHS,
    score: str | None = None, rejected: float = calibration.DEFAULT_REJECTED,
) -> IntentModel:  # fmt: skip
    """Learn intents; ten utterances of each are enough.

    The regularisation is the one under which held-out rows are likeliest: `data.validation`, or folds of the
    training rows where there is none. The same rows fit the temperature and choose the rejection threshold: with
    the labelled out-of-scope sentences `data.outside` where there are some, else so that the share `rejected` of
    known utterances is lost.

    Args:
        data: utterances of at least two intents.
        encoder: gives the vectors; the model keeps its fingerprint. :func:`graphrec.encoders.for_classes` gives
            the form of an encoder that is best here.
        seed: of the folds.
        strengths: inverse penalties to choose from (the C of scikit-learn), ascending.
        score: a name of :data:`graphrec.nlu.intents.scores.SCORES`; None takes the default.
        rejected: share of known utterances that may be rejected, at least 0 and below 1.

    Raises:
        InvalidInputError: fewer than two intents, an intent in two domains, an unknown score, or an impossible
            share or strength.
    """
    name = score or default_score(bool(data.proxies))
    _check(data, strengths, name, rejected)
    intents, domains = data.intents, data.domains()
    rows, validation = _rows(data.train, data.proxies, encoder, intents), None
    if held_out := _of(data.validation, intents):
        validation = _rows(held_out, (), encoder, intents, rows.num_classes)
    strength, held = choose(rows, validation, strengths, seed)
    final = fit_softmax(rows.vectors, rows.labels, rows.num_classes, strength)
    known = held.known(len(intents))
    temperature = calibration.fit_temperature(known.logits, known.labels)
    outside = final.logits(encoder.encode(data.outside)) if data.outside else None
    measured = _Measured(known, outside, temperature, SCORES[name], len(intents))
    return IntentModel(
        intents=intents, domains=tuple(domains[intent] for intent in intents),
        weights=final.weights.astype(np.float32), bias=final.bias.astype(np.float32),
        temperature=temperature, threshold=measured.threshold(rejected), score=name, encoder=encoder,
        digest=data.digest(),
        report={"utterances": len(data.train), "proxies": len(data.proxies), "seed": seed, "strength": strength}
        | measured.report(rejected),
    )  # fmt: skip


class _Measured:
    """What held-out rows say about the model.

    Args:
        known: logits and labels of known utterances.
        outside: logits of labelled out-of-scope sentences, None without any.
        temperature: fitted on `known`.
        score: how well an utterance fits.
        num_intents: number of intents, without the proxy class.
    """

    def __init__(
        self, known: HeldOut, outside: Float | None, temperature: float, score: Score, num_intents: int
    ) -> None:
        self.known, self.temperature, self.num_intents = known, temperature, num_intents
        self.scores = score(known.logits / temperature, num_intents)
        self.outside = None if outside is None else score(outside / temperature, num_intents)
        self.right = known.logits[:, :num_intents].argmax(axis=1) == known.labels

    def threshold(self, rejected: float) -> float:
        """The cut; with nothing held out no utterance is rejected that fits an intent better than the proxies."""
        if not len(self.scores):
            return 0.0
        if self.outside is not None:
            return calibration.threshold_by_outside(self.scores, self.right, self.outside)
        return calibration.threshold_for_share(self.scores, rejected)

    def report(self, rejected: float) -> dict[str, Any]:
        """Figures for the card; empty when nothing was held out."""
        if not len(self.scores):
            return {"held_out": 0}
        cut = self.threshold(rejected)
        found: dict[str, Any] = {
            "held_out": len(self.scores),
            "accuracy": float(self.right.mean()),
            "ece": self._ece(self.temperature),
            "ece_uncalibrated": self._ece(1.0),
            "rejected": float((self.scores < cut).mean()),
        }
        if self.outside is not None:
            found["outside"] = len(self.outside)
            found["outside_rejected"] = float((self.outside < cut).mean())
        return found

    def _ece(self, temperature: float) -> float:
        confidence = np.exp(log_softmax(self.known.logits / temperature)[:, : self.num_intents].max(axis=1))
        return calibration.calibration_error(confidence, self.right.astype(np.float64))


def _rows(
    utterances: Sequence[Utterance], proxies: Sequence[str], encoder: Encoder, intents: Sequence[str],
    num_classes: int | None = None,
) -> Rows:  # fmt: skip
    code = {name: number for number, name in enumerate(intents)}
    texts = [*(u.text for u in utterances), *proxies]
    labels = [*(code[u.intent] for u in utterances), *(len(intents) for _ in proxies)]
    groups = [u.group or f"\0{number}" for number, u in enumerate(utterances)]
    groups += [f"\0{len(utterances) + number}" for number in range(len(proxies))]
    size = num_classes or len(intents) + bool(proxies)
    return Rows(np.asarray(encoder.encode(texts)), np.array(labels, dtype=np.int64), groups, size)


def _of(utterances: Sequence[Utterance], intents: Sequence[str]) -> list[Utterance]:
    """Those whose intent is learned: public data hold a few that occur in validation alone."""
    known = frozenset(intents)
    return [utterance for utterance in utterances if utterance.intent in known]


def _check(data: IntentData, strengths: Sequence[float], score: str, rejected: float) -> None:
    if len(data.intents) < 2:
        raise InvalidInputError(f"Intents are told apart: two are needed, but {len(data.intents)} was given.")
    if score not in SCORES:
        raise InvalidInputError(f"There is no score {score!r}; take one of {', '.join(sorted(SCORES))}.")
    if not 0 <= rejected < 1:
        raise InvalidInputError(f"The share that may be rejected is {rejected}; it must be 0 or more, below 1.")
    if not strengths or min(strengths) <= 0 or list(strengths) != sorted(strengths):
        raise InvalidInputError(f"Strengths must be positive numbers in ascending order, not {tuple(strengths)}.")
