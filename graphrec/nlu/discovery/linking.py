"""Where a new intent belongs: to a known domain, or with others like it to a new one.

How near a new intent is to the known domains says little by itself (area under the ROC curve .84 on CLINC150): the
stray of a known domain is often as far from it as a stranger. But a stranger has company: the other intents of the
new domain, new as well, lie nearer to it than any known domain does (.96). So the two are compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from graphrec.nlu.discovery.communities import adjusted_rand
from graphrec.nlu.discovery.known import Known

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

_NEAREST = 3
_ROUNDS = 3
_STRAYS = 4
"""A play holds fewer new intents than this of each domain that stays known."""


def affinity(centroids: Float, known: Known, use: NDArray[np.bool_] | None = None) -> Float:
    """How near each centroid is to each known domain, float64 `[num_centroids, len(domains)]`.

    The mean of the three highest cosines with the domain's intents: a domain is a loose thing, and the mean over
    all of it says little. A domain without intents is at -1.

    Args:
        centroids: unit vectors, `[num_centroids, dim]`.
        use: which intents are known, `[len(intents)]`; all of them when left out.
    """
    cosines = np.asarray(centroids @ known.centroids.T, dtype=np.float64)
    use = np.ones(len(known.intents), dtype=np.bool_) if use is None else use
    out = np.full((len(centroids), len(known.domains)), -1.0)
    for domain in range(len(known.domains)):
        inside = use & (known.domain == domain)
        if inside.any():
            out[:, domain] = _nearest_mean(cosines[:, inside])
    return out


def company(centroids: Float) -> Float:
    """How near each centroid is to the others, float64 `[num_centroids]`: mean of the three highest cosines."""
    if len(centroids) < 2:
        return np.zeros(len(centroids))  # one intent makes no domain
    cosines = np.asarray(centroids @ centroids.T, dtype=np.float64)
    others = cosines[~np.eye(len(centroids), dtype=np.bool_)].reshape(len(centroids), -1)
    return _nearest_mean(others)


def calibrated_margin(known: Known, *, seed: int = 0) -> float:
    """By how much a new intent is nearer to other new ones than to any known domain before it counts as foreign.

    Every domain in turn plays unknown, with strays of the others; the margin with the best mean of the shares of
    foreign and of stray intents that are told right is taken.
    """
    rng = np.random.default_rng(seed)
    margins, foreign = [], []
    for _ in range(_ROUNDS):
        for domain in range(len(known.domains)):
            novel = known.domain == domain
            for other in range(len(known.domains)):
                inside = np.flatnonzero(known.domain == other)
                if other != domain and len(inside) > _STRAYS:
                    novel[rng.choice(inside, rng.integers(_STRAYS), replace=False)] = True
            if novel.all():
                continue
            played = known.centroids[novel]
            margins.append(company(played) - affinity(played, known, ~novel).max(axis=1))
            foreign.append(known.domain[novel] == domain)
    return _best_cut(np.concatenate(margins), np.concatenate(foreign)) if margins else 0.0


def link(centroids: Float, known: Known, *, seed: int = 0) -> Int:
    """The domain of each new intent, int64 `[num_centroids]`.

    Positions from `len(known.domains)` on are new domains; foreign intents that are close to each other share one.

    Args:
        centroids: unit means of the new intents' utterances, centred as the known ones.
    """
    if not len(centroids):
        return np.zeros(0, dtype=np.int64)
    near = affinity(centroids, known)
    domain = near.argmax(axis=1)
    margin = company(centroids) - near.max(axis=1)
    foreign = np.flatnonzero(margin > calibrated_margin(known, seed=seed))
    if len(foreign):
        domain[foreign] = len(known.domains) + _grouped(centroids[foreign], calibrated_distance(known))
    return np.asarray(domain, dtype=np.int64)


def calibrated_distance(known: Known) -> float:
    """The average-linkage cosine distance at which known intents fall best into their domains."""
    if len(known.intents) < 2:
        return 0.5
    tree = linkage(known.centroids, "average", metric="cosine")
    cuts = tree[:, 2]
    agreement = [adjusted_rand(known.domain, fcluster(tree, cut, "distance")) for cut in cuts]
    return float(cuts[int(np.argmax(agreement))])


def _nearest_mean(cosines: Float) -> Float:
    """Mean of the highest few of each row, float64 `[rows]`."""
    few = min(_NEAREST, cosines.shape[1])
    return np.asarray(np.sort(cosines, axis=1)[:, -few:].mean(axis=1))


def _best_cut(values: Float, positive: NDArray[np.bool_]) -> float:
    """The cut with the best mean of sensitivity (value above it) and specificity (not above it)."""
    order = np.argsort(values)
    ordered, label = values[order], positive[order]
    above = (positive.sum() - np.cumsum(label)) / max(int(positive.sum()), 1)
    below = np.cumsum(~label) / max(int((~positive).sum()), 1)
    return float(ordered[int((above + below).argmax())])


def _grouped(centroids: Float, distance: float) -> Int:
    if len(centroids) < 2:
        return np.zeros(len(centroids), dtype=np.int64)
    found = fcluster(linkage(centroids, "average", metric="cosine"), distance, "distance")
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)
