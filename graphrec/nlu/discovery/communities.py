"""Groups of alike utterances: a k-nearest-neighbour graph and the Leiden method on it."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.nlu.discovery.neighbours import Neighbours

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]
_ITERATIONS = 4


class UtteranceGraph:
    """A weighted graph that joins every utterance with its nearest neighbours.

    The weight of an edge is the cosine, counted twice where both are among each other's nearest.

    Args:
        neighbours: of every utterance.

    Raises:
        MissingExtraError: igraph is not installed.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        igraph = _igraph()
        count, k = neighbours.index.shape
        source = np.repeat(np.arange(count), k)
        target = neighbours.index.ravel()
        low, high = np.minimum(source, target), np.maximum(source, target)
        pairs, position = np.unique(low * count + high, return_inverse=True)
        weights = np.bincount(position, np.maximum(neighbours.cosine.ravel(), 0.0), len(pairs))
        edges = np.column_stack((pairs // max(count, 1), pairs % max(count, 1)))
        self.size = count
        self._weights = weights.tolist()
        self._graph = igraph.Graph(n=count, edges=edges.tolist())

    def communities(self, resolution: float, *, seed: int = 0) -> Int:
        """The community of every utterance, int64 `[size]`, numbered from 0.

        Maximises weighted modularity with a resolution (Traag, Waltman and van Eck, "From Louvain to Leiden",
        2019): the larger the resolution, the more and smaller the communities.
        """
        igraph = _igraph()
        igraph.set_random_number_generator(random.Random(seed))
        try:
            found = self._graph.community_leiden(
                "modularity", weights=self._weights, resolution=resolution, n_iterations=_ITERATIONS
            )
        finally:
            igraph.set_random_number_generator(random)
        return np.asarray(found.membership, dtype=np.int64)


def silhouette(vectors: Float, labels: Int) -> float:
    """Mean silhouette by cosine distance (Rousseeuw, 1987): how much nearer one's own group is than the next.

    Args:
        vectors: float `[n, dim]`, unit length; sums over groups take the place of all pairs.
        labels: int64 `[n]`; with fewer than two groups the answer is 0.
    """
    _, labels = np.unique(labels, return_inverse=True)
    sizes = np.bincount(labels).astype(np.float64)
    if len(sizes) < 2:
        return 0.0
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, labels, vectors)
    rows = np.arange(len(labels))
    distance = sizes - vectors @ sums.T  # to all members of each group together
    own = sizes[labels]
    # The distance of a row to itself is not 0 for a vector of zeros.
    itself = 1.0 - np.einsum("ij,ij->i", vectors, vectors)
    inside = (distance[rows, labels] - itself) / np.maximum(own - 1, 1)
    distance /= sizes
    distance[rows, labels] = np.inf
    outside = distance.min(axis=1)
    widest = np.maximum(inside, outside)
    score = np.divide(outside - inside, widest, out=np.zeros(len(rows)), where=widest > 0)
    return float(np.where(own > 1, score, 0.0).mean())


def adjusted_rand(one: Int, other: Int) -> float:
    """Agreement of two groupings, 1 for the same, about 0 for unrelated ones (Hubert and Arabie, 1985)."""
    count = len(one)
    _, one = np.unique(one, return_inverse=True)
    _, other = np.unique(other, return_inverse=True)
    table = np.bincount(one * (int(other.max(initial=0)) + 1) + other)
    together, in_one, in_other = (
        float((sizes * (sizes - 1.0) / 2).sum()) for sizes in (table, np.bincount(one), np.bincount(other))
    )
    pairs = count * (count - 1.0) / 2
    expected = in_one * in_other / pairs if pairs else 0.0
    largest = (in_one + in_other) / 2
    return 1.0 if largest == expected else (together - expected) / (largest - expected)


def _igraph() -> Any:
    from graphrec.store.extras import require  # here: importing this module must not load the store

    return require("igraph", "discovery")
