"""Where the domains of a graph go in a picture, and their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

from graphrec.adapt.domain_embedding import spectral_embedding
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.svg import FONT, LETTER

Float = NDArray[np.float64]
Box = tuple[float, float, float, float]

_ROUNDS, _FEW_ROUNDS, _LARGE = 200, 12, 200
_JITTER = 0.05


def stress_layout(graph: DomainGraph) -> Float:
    """Places whose distances are the numbers of edges between domains, as nearly as the plane allows.

    Stress majorisation with weights 1 / distance^2 (Gansner, Koren and North, 2004), from the spectral embedding. Parts
    that no path joins lie further apart than any path is long. The longer axis runs across.

    Returns:
        float64 `[num_domains, 2]`, mean 0.
    """
    num = graph.num_domains
    if num == 1:
        return np.zeros((1, 2))
    hops = shortest_path(graph.adjacency > 0, directed=False, unweighted=True)
    hops[np.isinf(hops)] = hops[np.isfinite(hops)].max() + 1
    weights = 1 / np.maximum(hops, 1) ** 2
    np.fill_diagonal(weights, 0)
    inverse = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    # domains with the same neighbours begin at one place, from which no step would part them
    places = spectral_embedding(graph, 2) + _JITTER * np.random.default_rng(0).standard_normal((num, 2))
    for _ in range(_ROUNDS if num <= _LARGE else _FEW_ROUNDS):
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        pull = weights * hops / np.maximum(apart, 1e-9)
        np.fill_diagonal(pull, 0)
        places = inverse @ (pull.sum(axis=1)[:, None] * places - pull @ places)
    centred = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    return np.asarray(turned * np.where(turned[np.abs(turned).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0))


def fit_box(places: Float, width: float, most: float) -> tuple[Float, float]:
    """The places moved and scaled into a box; y runs downwards, proportions stay.

    Args:
        width, most: of the box; its height is what the places need, at most `most`.

    Returns:
        float64 `[num_places, 2]` within `0..width` and `0..height`, and the height.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    reach = high - low
    limits = np.divide([width, most], reach, out=np.full(2, np.inf), where=reach > 0)
    scale = float(limits.min()) if reach.any() else 0.0
    height = float(reach[1]) * scale
    return (places - (low + high) / 2) * scale * [1, -1] + [width / 2, height / 2], height


def label_spots(
    places: Float, names: Sequence[str], radius: float, size: float = FONT
) -> list[tuple[float, float, str]]:
    """Where each name goes: below, above, right or left of its node, wherever least is covered.

    Returns:
        for each node x and y of the text's base line and its `text-anchor`.
    """
    taken: list[Box] = [(x - radius, y - radius, x + radius, y + radius) for x, y in places]
    spots = []
    for (x, y), name in zip(places, names, strict=True):
        width, gap = len(name) * size * LETTER, radius + 3
        choices = [
            ((x, y + gap + size * 0.8, "middle"), (x - width / 2, y + gap, x + width / 2, y + gap + size)),
            ((x, y - gap - 2, "middle"), (x - width / 2, y - gap - size, x + width / 2, y - gap)),
            ((x + gap, y + size * 0.35, "start"), (x + gap, y - size / 2, x + gap + width, y + size / 2)),
            ((x - gap, y + size * 0.35, "end"), (x - gap - width, y - size / 2, x - gap, y + size / 2)),
        ]
        spot, box = min(choices, key=lambda choice: sum(_overlap(choice[1], other) for other in taken))
        taken.append(box)
        spots.append(spot)
    return spots


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(down, 0.0)
