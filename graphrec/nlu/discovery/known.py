"""The labelled utterances that discovery learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Known:
    """Utterances of known intents.

    Args:
        vectors: float32 `[num_utterances, dim]`, unit length.
        intent: int64 `[num_utterances]`, position in `intents`.
        intents: names.
        domain: int64 `[len(intents)]`, position in `domains`.
        domains: names.
    """

    vectors: Float
    intent: Int
    intents: tuple[str, ...]
    domain: Int
    domains: tuple[str, ...]

    @classmethod
    def of(cls, vectors: Float, intents: Sequence[str], domain_of: dict[str, str]) -> Known:
        """From one intent name per utterance and the domain of each intent.

        Raises:
            InvalidInputError: an intent without a domain, or as many names as vectors are not given.
        """
        if len(intents) != len(vectors):
            raise InvalidInputError(f"{len(vectors)} vectors came with {len(intents)} intents; give one each.")
        names = sorted(set(intents))
        missing = [name for name in names if name not in domain_of]
        if missing:
            raise InvalidInputError(f"The intent {missing[0]!r} has no domain; give it one.")
        domains = sorted({domain_of[name] for name in names})
        position = {name: at for at, name in enumerate(names)}
        of_domain = {name: at for at, name in enumerate(domains)}
        return cls(
            np.asarray(vectors, dtype=np.float32),
            np.asarray([position[name] for name in intents], dtype=np.int64),
            tuple(names),
            np.asarray([of_domain[domain_of[name]] for name in names], dtype=np.int64),
            tuple(domains),
        )

    def select(self, keep: NDArray[np.bool_]) -> Known:
        """The known utterances without the intents that `keep` `[len(intents)]` leaves out."""
        rows = keep[self.intent]
        renumbered = np.cumsum(keep) - 1
        return Known(
            self.vectors[rows],
            renumbered[self.intent[rows]],
            tuple(name for name, kept in zip(self.intents, keep, strict=True) if kept),
            self.domain[keep],
            self.domains,
        )

    @cached_property
    def mean(self) -> Float:
        """Mean vector of all utterances, `[dim]`: what every sentence has in common."""
        return np.asarray(self.vectors.mean(axis=0), dtype=np.float32)

    @cached_property
    def centroids(self) -> Float:
        """Unit mean of each intent's centred utterances, `[len(intents), dim]`."""
        return centroids(centred(self.vectors, self.mean), self.intent, len(self.intents))


def centred(vectors: Float, mean: Float) -> Float:
    """Unit vectors of the difference to a mean, `[n, dim]`; what all have in common tells groups apart from nothing."""
    return unit(vectors - mean)


def centroids(vectors: Float, group: Int, num_groups: int) -> Float:
    """Unit mean of each group's vectors, `[num_groups, dim]`; an empty group gives zeros."""
    sums = np.zeros((num_groups, vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, group, vectors)
    return unit(sums)


def unit(vectors: Float) -> Float:
    """Vectors of length 1, float32; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0), dtype=np.float32)
