"""Which utterances fit no known intent, judged together with their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.nlu.discovery.neighbours import Neighbours

Float = NDArray[np.floating[Any]]

FALSE_REJECTION = 0.05
"""Share of known utterances that may be taken for new ones."""

_NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class Novelty:
    """The judgement of a batch.

    Args:
        scores: float64 `[n]`, higher is less like anything known; spread over neighbours.
        threshold: above it an utterance counts as new.
    """

    scores: Float
    threshold: float

    @property
    def novel(self) -> NDArray[np.bool_]:
        """Whether each utterance is new, `[n]`."""
        return self.scores > self.threshold


def judge(
    vectors: Float, scores: Float, known_vectors: Float, known_scores: Float,
    *, false_rejection: float = FALSE_REJECTION,
) -> Novelty:  # fmt: skip
    """Tell new utterances from known ones, as a batch.

    The scores of a classifier are spread over the nearest neighbours among the batch and the known utterances
    together: utterances of a new intent lie among each other, while a known one put oddly lies among known ones.

    Args:
        vectors: float32 `[n, dim]`, unit length.
        scores: float `[n]`, how little each is like a known intent.
        known_vectors: float32 `[num_known, dim]` of known utterances that the classifier was not fitted on.
        known_scores: float `[num_known]` of the same.
        false_rejection: share of known utterances that may be taken for new.

    Raises:
        InvalidInputError: no known utterance is given, or the share is not between 0 and 1.
    """
    if not len(known_vectors):
        raise InvalidInputError("Without known utterances nothing tells what is new; give some of every intent.")
    if not 0 < false_rejection < 1:
        raise InvalidInputError(f"false_rejection must lie between 0 and 1, but {false_rejection} was given.")
    neighbours = Neighbours.of(np.concatenate((vectors, known_vectors)), _NEIGHBOURS)
    spread = neighbours.spread(np.concatenate((scores, known_scores)).astype(np.float64))
    count = len(vectors)
    threshold = float(np.quantile(spread[count:], 1 - false_rejection))
    return Novelty(spread[:count], threshold)
