"""Which source domains a rehearsal hides: those that stand to the rest as the targets stand to the sources."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.data import DomainData
from graphrec.errors import InvalidInputError

Int = NDArray[np.int64]


def rehearsal_splits(
    data: DomainData, splits: int = 3, share: float = 1 / 3, seed: int = 0
) -> tuple[Int, ...]:
    """Groups of sources to hide, one group at a time, none of them in two groups.

    A group starts at the source nearest a target and takes in its neighbours, nearest the targets first: hidden this
    way, domains are reached across an edge or several, as targets are, and not from all sides.

    Args:
        splits: groups at most; fewer where sources run out.
        share: of the sources in a group, at least one source and never all.
        seed: decides among sources equally near.

    Returns:
        int64 arrays, sorted, the group nearest the targets first.

    Raises:
        InvalidInputError: fewer than two sources, so that hiding one leaves none.
    """
    sources = data.sources
    if len(sources) < 2:
        raise InvalidInputError("A rehearsal hides source domains, so it needs two of them; there is one.")
    size = min(max(1, round(share * len(sources))), len(sources) - 1)
    order = _nearest_targets_first(data, np.random.default_rng(seed))
    free: list[int] = order.tolist()
    groups: list[Int] = []
    while free and len(groups) < splits:
        group = _grow(free, size, data.graph.adjacency)
        groups.append(np.sort(np.array(group, dtype=np.int64)))
        free = [each for each in free if each not in group]
    return tuple(groups)


def _nearest_targets_first(data: DomainData, rng: np.random.Generator) -> Int:
    """Sources by edges to the nearest target; those without a path come last, equals in random order."""
    shuffled = rng.permutation(data.sources)
    if len(data.targets) == 0:
        return shuffled
    steps = data.graph.hops(data.targets)[shuffled]
    return shuffled[np.argsort(np.where(steps < 0, data.num_domains, steps), kind="stable")]


def _grow(free: list[int], size: int, adjacency: NDArray[np.float64]) -> list[int]:
    """The first free source, then again and again the first that is joined to the group, or else the first."""
    group = [free[0]]
    while len(group) < size:
        rest = [each for each in free if each not in group]
        if not rest:
            break
        joined = [each for each in rest if adjacency[each, group].any()]
        group.append((joined or rest)[0])
    return group
