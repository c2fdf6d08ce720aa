"""An intent model at work: which intent, how sure, and whether it is any of the known ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec.nlu.intents.regression import Float, log_softmax
from graphrec.nlu.intents.scores import SCORES
from graphrec.nlu.result import Intent

if TYPE_CHECKING:
    from graphrec.encoders import Encoder

MAX_CHARS = 2_000
"""Nobody says more in one breath; what follows is not read, so that time stays bounded."""
RANKED = 5


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model makes of one utterance.

    Args:
        intent: the likeliest one, also when it is rejected.
        domain: the domain of that intent, None where there are no domains.
        confidence: calibrated probability of the intent.
        domain_confidence: sum over the intents of its domain.
        ranking: the likeliest intents, best first.
        out_of_scope: whether the utterance fits no known intent well enough, or has no word that the encoder knows.
        score: what was compared with the threshold.
        vector: of the utterance, float32 `[dim]`.
    """

    intent: str
    domain: str | None
    confidence: float
    domain_confidence: float
    ranking: tuple[Intent, ...]
    out_of_scope: bool
    score: float
    vector: Float = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class IntentModel:
    """Softmax regression on sentence vectors with a rejection threshold; safe to share between threads.

    Args:
        intents: names, sorted.
        domains: domain of each intent, or None.
        weights: float32 `[dim, K]` or `[dim, K + 1]`; the last class is what fits no intent.
        bias: float32, one per column of the weights.
        temperature: logits are divided by it.
        threshold: an utterance whose score lies below is out of scope.
        score: a name of :data:`graphrec.nlu.intents.scores.SCORES`.
        encoder: makes the vectors.
        digest: of the data it was trained on.
        report: figures of the training.
    """

    intents: tuple[str, ...]
    domains: tuple[str | None, ...]
    weights: Float
    bias: Float
    temperature: float
    threshold: float
    score: str
    encoder: Encoder = field(repr=False)
    digest: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)

    def classify(self, text: str) -> Classification:
        """The intent of one utterance; never fails, whatever the text. Past 2,000 characters it is not read."""
        return self.classify_vectors(self.encoder.encode([text[:MAX_CHARS]]))[0]

    def classify_texts(self, texts: Sequence[str]) -> list[Classification]:
        """The intent of each utterance, encoded together."""
        return self.classify_vectors(self.encoder.encode([t[:MAX_CHARS] for t in texts])) if texts else []

    def classify_vectors(self, vectors: Float) -> list[Classification]:
        """The intent of each vector `[n, dim]` of the model's encoder."""
        logits = self.logits(vectors)
        shares = np.exp(log_softmax(logits))[:, : len(self.intents)]
        scores = SCORES[self.score](logits, len(self.intents))
        return [self._read(*row) for row in zip(shares, scores.tolist(), vectors, strict=True)]

    def logits(self, vectors: Float) -> Float:
        """Calibrated logits `[n, K]` or `[n, K + 1]`."""
        found: Float = (vectors @ self.weights + self.bias) / self.temperature
        return found

    def _read(self, shares: Float, score: float, vector: Float) -> Classification:
        order = np.argsort(-shares, kind="stable")[:RANKED].tolist()
        best, domain = order[0], self.domains[order[0]]
        together = [p for p, d in zip(shares.tolist(), self.domains, strict=True) if d == domain]
        return Classification(
            intent=self.intents[best],
            domain=domain,
            confidence=float(shares[best]),
            domain_confidence=min(1.0, sum(together)),
            ranking=tuple(Intent(self.intents[i], float(shares[i])) for i in order),
            out_of_scope=score < self.threshold or not vector.any(),
            score=score,
            vector=vector,
        )

    def save(self, directory: Path | str) -> Path:
        """Write the model into a folder; a model that lies there is replaced in one step, or not at all.

        Raises:
            InvalidInputError: something that is no intent model lies there.
            StoreError: the disk refused.
        """
        from graphrec.nlu.intents.files import save_model

        return save_model(self, Path(directory))

    @classmethod
    def load(cls, directory: Path | str, encoder: Encoder | None = None) -> IntentModel:
        """Read a model.

        Args:
            directory: its folder.
            encoder: the one it was trained with; None finds it by name, or in the folder.

        Raises:
            NotFoundError: no model lies there.
            CorruptionError: a file is not what was written.
            SchemaVersionError: written by a newer graphrec.
            BundleMismatchError: the encoder is not the one it was trained with.
            MissingExtraError: its encoder is not installed.
        """
        from graphrec.nlu.intents.files import load_model

        return load_model(Path(directory), encoder)
