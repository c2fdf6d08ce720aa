"""How finely to group: known intents play novel, and what groups them best is used on what is new.

Cutting where known intents among themselves separate best groups too finely, since known intents are all domains at
once while new ones come mostly from one. So the intents of one known domain, and strays of others, play novel in
turn.

The resolution of modularity means nothing by itself: two utterances are worth joining when their expected share of
edges, `resolution * k / n`, is less than what joins them. That product, here the density, is what carries over from
one number of utterances and neighbours to another, so it is what the plays choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.nlu.discovery.communities import UtteranceGraph, adjusted_rand, silhouette
from graphrec.nlu.discovery.known import Known, centred
from graphrec.nlu.discovery.neighbours import Neighbours

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

DENSITIES = np.geomspace(0.01, 0.6, 18)
NEIGHBOURS = (10, 15, 20)
PLAYS = 10
SIZES = ((15, 45), (45, 135), (135, 405))
"""Utterances per new intent, fewest and most, that are reckoned with: how often something is asked for is not known."""

CLEARLY = 0.05
"""By how much the mean silhouette of a coarser grouping must be higher."""

_NEAR_BEST = 0.01
_FEWEST_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Grain:
    """How to group utterances of intents of about one size.

    Args:
        neighbours: k of the neighbour graph.
        density: share of possible edges that two utterances of one group have at least.
        agreement: mean adjusted Rand index that the plays reached.
    """

    neighbours: int
    density: float
    agreement: float

    def resolution(self, num_utterances: int) -> float:
        """The resolution of modularity on a graph of this many utterances."""
        return self.density * num_utterances / self.neighbours


@dataclass(frozen=True, slots=True)
class Coarseness:
    """What the plays taught: a grain for every size of intents that could be played."""

    grains: tuple[Grain, ...]

    @property
    def agreement(self) -> float:
        """Mean adjusted Rand index of the plays at the smallest size."""
        return self.grains[0].agreement


def calibrate(known: Known, num_utterances: int, *, seed: int = 0) -> Coarseness:
    """Learn how finely to group.

    Args:
        known: labelled utterances, of two intents or more.
        num_utterances: how many are to be grouped: plays have about as many, where the known suffice.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    vectors = centred(known.vectors, known.mean)
    typical = float(np.median(np.bincount(known.intent)))
    grains = [
        _grain(known, vectors, num_utterances, sizes, rng)
        for sizes in SIZES
        # A size needs known intents that reach it, and room for a few of them in what is to be grouped.
        if sizes is SIZES[0] or (typical > sizes[0] and num_utterances >= _FEWEST_GROUPS * sizes[0])
    ]
    return Coarseness(tuple(grains))


def group(vectors: Float, coarseness: Coarseness, *, seed: int = 0) -> Int:
    """The group of every utterance, int64 `[n]`, numbered from 0 by falling size.

    A coarser grain is taken only where its groups are told apart clearly better, by their mean silhouette: groups
    that belong together are soon joined by whoever reads the proposals, one that holds two intents is not soon parted.

    Args:
        vectors: unit vectors, centred as the known ones were.
        coarseness: from :func:`calibrate`.
    """
    if len(vectors) < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    neighbours = Neighbours.of(vectors, max(grain.neighbours for grain in coarseness.grains))
    found = [
        UtteranceGraph(neighbours.first(g.neighbours)).communities(g.resolution(len(vectors)), seed=seed)
        for g in coarseness.grains
    ]
    best, apart = found[0], silhouette(vectors, found[0])
    for labels in found[1:]:
        coarser = silhouette(vectors, labels)
        if coarser > apart + CLEARLY:
            best, apart = labels, coarser
    order = np.argsort(-np.bincount(best), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return np.asarray(rank[best], dtype=np.int64)


def _grain(
    known: Known, vectors: Float, num_utterances: int, sizes: tuple[int, int], rng: np.random.Generator
) -> Grain:
    curves = np.zeros((len(NEIGHBOURS), len(DENSITIES)))
    for play in range(PLAYS):
        rows = _play(known, play % len(known.domains), num_utterances, sizes, rng)
        curves += _agreements(vectors[rows], known.intent[rows], seed=play) / PLAYS
    chosen = int(curves.max(axis=1).argmax())
    # The middle of the plateau: the curve is flat at the top, and its highest point is chance.
    plateau = curves[chosen] >= curves[chosen].max() - _NEAR_BEST
    density = float(np.exp(np.log(DENSITIES)[plateau].mean()))
    return Grain(NEIGHBOURS[chosen], density, float(curves[chosen].max()))


def _play(
    known: Known, domain: int, num_utterances: int, sizes: tuple[int, int], rng: np.random.Generator
) -> Int:
    """Rows that play novel: intents of one domain, then strays, each with some of its utterances."""
    own = rng.permutation(np.flatnonzero(known.domain == domain))
    strays = rng.permutation(np.flatnonzero(known.domain != domain))
    rows: list[Int] = []
    total = 0
    for intent in np.concatenate((own, strays)):
        if total >= num_utterances and len(rows) > 1:
            break
        size = round(float(np.exp(rng.uniform(*np.log(sizes)))))
        rows.append(rng.permutation(np.flatnonzero(known.intent == intent))[:size])
        total += len(rows[-1])
    return np.concatenate(rows)


def _agreements(vectors: Float, labels: Int, *, seed: int) -> Float:
    """Adjusted Rand index by number of neighbours and density, `[len(NEIGHBOURS), len(DENSITIES)]`."""
    neighbours = Neighbours.of(vectors, max(NEIGHBOURS))
    out = np.empty((len(NEIGHBOURS), len(DENSITIES)))
    for at, k in enumerate(NEIGHBOURS):
        graph = UtteranceGraph(neighbours.first(k))
        for place, density in enumerate(DENSITIES):
            resolution = Grain(k, float(density), 0.0).resolution(len(vectors))
            out[at, place] = adjusted_rand(labels, graph.communities(resolution, seed=seed))
    return out
