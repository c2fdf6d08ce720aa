"""DG-15, DG-60 and their like: two classes on a spiral, one domain per angle, a graph that joins near angles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError

NUM_SOURCES = 6
"""Source domains of DG-15 and of DG-60: those with the smallest angles."""
THRESHOLD = 0.2
"""Least cosine of an edge in both released files (the script of DG-15 says 0.5; its file has edges at 0.245)."""

_SMALL = (math.pi, 1.8 / math.pi)  # largest angle and growth of DG-15
_LARGE = (2 * math.pi, 6 / (2 * math.pi))  # of DG-60
_MOST_GRAPHS = 100
_DRAWS = 6  # per point wanted: 300 for 50; two fifths of them fall within distance 1


class DomainSpiral(NamedTuple):
    """A classification of points in domains whose graph is known.

    Args:
        x: float32 `[num_rows, 2]`.
        labels: int64 `[num_rows]`, 0 or 1, of every domain: hide those of the targets before training.
        domain: int64 `[num_rows]`.
        angles: float64 `[num_domains]`, radians.
        graph: 0/1 edges between near angles.
        sources: int64 `[num_sources]`, ascending.
    """

    x: NDArray[np.float32]
    labels: NDArray[np.int64]
    domain: NDArray[np.int64]
    angles: NDArray[np.float64]
    graph: DomainGraph
    sources: NDArray[np.int64]


def domain_spiral(
    num_domains: int = 15,
    seed: int = 0,
    *,
    theta: float | None = None,
    growth: float | None = None,
    threshold: float = THRESHOLD,
    points: int = 50,
    num_sources: int = NUM_SOURCES,
    connected: bool = False,
) -> DomainSpiral:
    """Draw a set by the recipe of DG-15 and DG-60 (Xu et al., ICLR 2022, and their released generator).

    Domain i has an angle a_i, uniform in 0..theta. Class 0 lies around (1 + growth a_i)(cos a_i, sin a_i), class 1
    around the opposite point, each with the standard normal distribution cut off at distance 1. Two domains are
    joined with probability cos(a_i - a_j) where that is at least the threshold, and never elsewhere.

    The rows are shuffled. The released files hold each domain's class 0 first and class 1 after it, so that rows of
    two domains at the same place share their class: a batch that pairs them by place reads the labels of the targets.

    Args:
        theta, growth: largest angle in radians, and what a radian adds to the radius. None: those of DG-15 (pi,
            1.8 / pi) up to 15 domains, those of DG-60 (2 pi, 6 / 2 pi) above.
        points: of each class in each domain.
        num_sources: how many domains, those with the smallest angles, have labels.
        connected: draw the edges again until the graph is connected. The recipe does not: 1 in 40 of its graphs of
            15 domains falls apart, and a domain that no path joins to a source cannot be learned.

    Raises:
        InvalidInputError: sizes that make no such set, or no connected graph in 100 draws.
    """
    if not (0 < num_sources <= num_domains and points > 0):
        raise InvalidInputError(
            f"A spiral needs 1 to {num_domains} sources and a point a class; asked for {num_sources} and {points}."
        )
    default_theta, default_growth = _SMALL if num_domains <= 15 else _LARGE
    theta = default_theta if theta is None else theta
    growth = default_growth if growth is None else growth
    random = np.random.default_rng(seed)
    angles = random.uniform(0, theta, num_domains)
    graph = _graph(random, angles, threshold, _MOST_GRAPHS if connected else 0)
    outward = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    centres = (1 + growth * angles)[:, None] * outward
    both = np.stack([centres, -centres], axis=1)[:, :, None, :]
    cloud = _within_one(random, 2 * num_domains * points).reshape(num_domains, 2, points, 2)
    x = (both + cloud).reshape(-1, 2).astype(np.float32)
    domain = np.repeat(np.arange(num_domains), 2 * points)
    labels = np.tile(np.repeat([0, 1], points), num_domains)
    order = random.permutation(len(x))
    return DomainSpiral(x[order], labels[order], domain[order], angles, graph, _first(angles, num_sources))


def read_dg(path: str | Path, *, num_sources: int = NUM_SOURCES, shuffle: int | None = None) -> DomainSpiral:
    """Read a DG set kept as `.npz`: `data`, `label`, `domain`, `A`, `angle`.

    Args:
        num_sources: how many domains, those with the smallest angles, have labels.
        shuffle: seed of an order of the rows; None keeps that of the file, in which place tells class.

    Raises:
        NotFoundError, CorruptionError: no such file, or one that is something else.
    """
    if not Path(path).is_file():
        raise NotFoundError(f"There is no data set at {path}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            parts = {name: np.asarray(stored[name]) for name in ("data", "label", "domain", "A", "angle")}
        return _assembled(parts, num_sources, shuffle)
    except (OSError, ValueError, KeyError, EOFError, TypeError, IndexError) as error:
        raise CorruptionError(f"{path} is not a DG set ({error}); fetch it again.") from error


def _assembled(parts: dict[str, NDArray[Any]], num_sources: int, shuffle: int | None) -> DomainSpiral:
    angles = parts["angle"].astype(np.float64)
    graph = DomainGraph(tuple(str(number) for number in range(len(angles))), parts["A"])
    x, labels = parts["data"].astype(np.float32), parts["label"].astype(np.int64)
    domain = parts["domain"].astype(np.int64)
    if x.ndim != 2 or not len(x) == len(labels) == len(domain) or len(angles) < num_sources:
        raise ValueError("its arrays do not fit each other")
    if not 0 <= domain.min() <= domain.max() < len(angles):
        raise ValueError("a row is of no domain")
    order = np.arange(len(x)) if shuffle is None else np.random.default_rng(shuffle).permutation(len(x))
    return DomainSpiral(x[order], labels[order], domain[order], angles, graph, _first(angles, num_sources))


def _graph(
    random: np.random.Generator, angles: NDArray[np.float64], threshold: float, retries: int
) -> DomainGraph:
    """One draw of the edges; with retries, the first that connects the domains."""
    names = tuple(str(number) for number in range(len(angles)))
    closeness = np.cos(angles[:, None] - angles[None, :])
    for _ in range(max(retries, 1)):
        drawn = (random.random(closeness.shape) < closeness) & (closeness >= threshold)
        upper = np.triu(drawn, 1).astype(np.float64)
        graph = DomainGraph(names, upper + upper.T)
        if not retries or not graph.components().any():
            return graph
    raise InvalidInputError(f"No draw of edges connects these {len(angles)} domains; lower the threshold.")


def _within_one(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Standard normal draws in the plane, those beyond distance 1 left out."""
    kept = np.zeros((0, 2))
    while len(kept) < count:
        drawn = random.standard_normal((_DRAWS * count, 2))
        kept = np.concatenate([kept, drawn[(drawn**2).sum(axis=1) <= 1]])
    return kept[:count]


def _first(angles: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    return np.sort(np.argsort(angles, kind="stable")[:count]).astype(np.int64)
