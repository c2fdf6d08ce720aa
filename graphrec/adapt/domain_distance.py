"""How far apart the inputs of domains lie, and whether a domain graph knows anything of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.errors import InvalidInputError

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MOST_ROWS, FEWEST_ROWS = 64, 8
"""Rows drawn of a domain: distributions need no more to be told apart; of a thousand domains eight each will do."""
MOST_IN_ALL = 6_000
MOST_DOMAINS = 150
"""Domains drawn of a large graph for a test."""


@dataclass(frozen=True, slots=True)
class GraphTest:
    """Whether joined domains have closer inputs than others.

    Args:
        joined, others: mean energy distance of joined pairs, weighted by closeness, and of all other pairs.
        p_value: share of random renamings of the domains under which the graph fits the inputs as well, 0..1.
    """

    joined: float
    others: float
    p_value: float


def energy_distances(x: NDArray[Any], domain: Int, num_domains: int, seed: int = 0) -> Float:
    """Distances of the input distributions of all pairs: `2 E|X - Y| - E|X - X'| - E|Y - Y'|`.

    It is 0 for equal distributions alone (Székely and Rizzo, 2013), so it also sees what means do not: the domains
    of a spiral have equal means and differ all the same.

    Args:
        x: `[num_rows, dim]`, finite; columns are scaled by one common factor, not each to its own spread.
        domain: int64 `[num_rows]`; of each domain at most 64 rows are drawn, of more than 94 domains fewer.
        seed: of the draw.

    Returns:
        float64 `[num_domains, num_domains]` in units of the overall spread; unbiased, so also a little below 0; NaN
        for domains of fewer than two rows.
    """
    rows = _draw(domain, num_domains, np.random.default_rng(seed))
    sizes = np.array([len(found) for found in rows])
    z = x[np.concatenate(rows)].astype(np.float64)
    z -= z.mean(axis=0)
    z /= max(float(np.sqrt((z**2).sum(axis=1).mean())), 1e-12)
    ends = np.cumsum(sizes)
    sums = np.zeros((num_domains, num_domains))
    filled = np.flatnonzero(sizes)
    for i in filled:
        apart = _distances(z[ends[i] - sizes[i] : ends[i]], z).sum(axis=0)
        sums[i, filled] = np.add.reduceat(apart, (ends - sizes)[filled])
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / np.outer(sizes, sizes)
        within = np.diag(sums) / (sizes * (sizes - 1.0))  # without the zeros of a row to itself: no bias
        found: Float = 2 * means - within[:, None] - within[None, :]
    np.fill_diagonal(found, 0.0)
    found[sizes < 2] = found[:, sizes < 2] = np.nan
    return found


def graph_test(graph: DomainGraph, distances: Float, seed: int = 0, draws: int = 999) -> GraphTest | None:
    """Test whether the graph joins domains whose inputs are close: Mantel's permutation of the domains (1967).

    Args:
        distances: `[num_domains, num_domains]`, NaN where unknown.
        draws: random renamings.

    Returns:
        None where there is nothing to test: fewer than four known domains, no edge, or all pairs joined alike.

    Raises:
        InvalidInputError: distances of another number of domains.
    """
    if distances.shape != graph.adjacency.shape:
        raise InvalidInputError(f"{graph.num_domains} domains do not have distances of {distances.shape}.")
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(~np.isnan(np.diag(distances)))
    if len(kept) > MOST_DOMAINS:
        kept = rng.choice(kept, MOST_DOMAINS, replace=False)
    upper = np.triu_indices(len(kept), 1)
    closeness, apart = graph.adjacency[np.ix_(kept, kept)], distances[np.ix_(kept, kept)]
    if len(kept) < 4 or np.ptp(closeness[upper]) == 0:
        return None
    observed = closeness[upper]
    wanted = float(observed @ apart[upper])
    at_least = 0
    for _ in range(draws):
        renamed = rng.permutation(len(kept))
        at_least += float(observed @ apart[np.ix_(renamed, renamed)][upper]) <= wanted + 1e-12
    rest = 1.0 - observed
    return GraphTest(
        joined=wanted / float(observed.sum()),
        others=float(rest @ apart[upper]) / float(rest.sum()),
        p_value=(at_least + 1) / (draws + 1),
    )


def _draw(domain: Int, num_domains: int, rng: np.random.Generator) -> list[Int]:
    order = rng.permutation(len(domain))
    order = order[np.argsort(domain[order], kind="stable")]
    ends = np.cumsum(np.bincount(domain, minlength=num_domains))
    most = min(MOST_ROWS, max(FEWEST_ROWS, MOST_IN_ALL // num_domains))
    return [part[:most] for part in np.split(order, ends[:-1])]


def _distances(a: Float, b: Float) -> Float:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    found: Float = np.sqrt(np.maximum(squares, 0.0))
    return found
