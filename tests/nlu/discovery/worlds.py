"""Utterances as points: domains are directions, intents lie around them, utterances around intents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphrec.nlu.discovery import Known
from graphrec.nlu.discovery.known import unit

DIM = 48


@dataclass(frozen=True)
class World:
    """Vectors `[n, DIM]`, the intent of each, and the domain of every intent."""

    vectors: Any
    intents: list[str]
    domain_of: dict[str, str]

    def only(self, wanted: set[str]) -> World:
        rows = [at for at, intent in enumerate(self.intents) if intent in wanted]
        return World(self.vectors[rows], [self.intents[at] for at in rows], self.domain_of)

    def known(self) -> Known:
        return Known.of(self.vectors, self.intents, self.domain_of)


def world(seed: int = 0, *, domains: int = 6, intents: int = 6, each: int = 30, spread: float = 0.09) -> World:
    """Intents of one domain share its direction; utterances scatter around their intent."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=DIM)
    vectors, names, domain_of = [], [], {}
    for d in range(domains):
        direction = rng.normal(size=DIM)
        for i in range(intents):
            name = f"d{d}_i{i}"
            domain_of[name] = f"d{d}"
            middle = 0.5 * common + direction + rng.normal(size=DIM)
            middle /= np.linalg.norm(middle)
            vectors.append(middle + spread * rng.normal(size=(each, DIM)))
            names += [name] * each
    return World(unit(np.concatenate(vectors)), names, domain_of)
