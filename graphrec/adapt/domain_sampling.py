"""Which domains and which rows stand in a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphrec.adapt.data import DomainData

LEAST_STEPS = 10
"""Of an epoch: with less, a schedule in epochs would end before anything is learned from small domains."""


@dataclass(frozen=True, eq=False)
class DomainBatch:
    """The rows of one step.

    Args:
        domains: int64 `[num_sampled]`, the domains at hand; those to align stand first.
        num_aligned: how many of them take part in the alignment.
        rows: int64 `[num_sampled, batch]`, row numbers, drawn independently for each domain.
    """

    domains: np.ndarray
    num_aligned: int
    rows: np.ndarray


def sample_domains(adjacency: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """`size` different domains: with probability 1/2 uniform, else along random walks without revisits.

    A walk that cannot go on starts again at a random domain that has not been visited (Xu et al., released code).
    Uniform draws show the graph at large, walks make sure that edges occur in sparse graphs.
    """
    count = len(adjacency)
    if size >= count:
        return generator.permutation(count)
    if generator.random() < 0.5:
        return generator.choice(count, size, replace=False)
    fresh = np.ones(count, dtype=bool)
    walk: list[int] = []
    while len(walk) < size:
        ahead = np.flatnonzero(fresh & (adjacency[walk[-1]] > 0)) if walk else np.empty(0, np.int64)
        chosen = int(generator.choice(ahead if len(ahead) else np.flatnonzero(fresh)))
        fresh[chosen] = False
        walk.append(chosen)
    return np.array(walk, dtype=np.int64)


class DomainBatches:
    """Draws batches: rows of each domain in random order without repeats until all were seen, each domain on its own.

    Rows of different domains must not be drawn by the same numbers: files often hold one class after the other, and
    equal positions then mean equal classes, so that pairs would tell the labels of the targets.

    Args:
        size: domains aligned in a step; at most as many sources are added for the supervised loss.
        batch: rows of each domain in a step.
        allowed: bool `[num_rows]`, rows that may be drawn (validation rows are not).
    """

    def __init__(self, data: DomainData, size: int, batch: int, allowed: np.ndarray, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        pools = [rows[allowed[rows]] for rows in data.rows]
        self.pools = {number: pool for number, pool in enumerate(pools) if len(pool)}
        self.numbers = np.array(sorted(self.pools))
        self.adjacency = data.graph.adjacency[np.ix_(self.numbers, self.numbers)]
        self.sources = np.array([source for source in data.sources.tolist() if source in self.pools])
        self.size, self.batch = size, batch
        self.queues = {number: np.empty(0, np.int64) for number in self.pools}

    @property
    def steps(self) -> int:
        """Steps of an epoch: so many that a domain of average size is seen once, and ten at least."""
        mean = float(np.mean([len(pool) for pool in self.pools.values()]))
        return max(LEAST_STEPS, round(mean / self.batch))

    def epoch(self) -> Iterator[DomainBatch]:
        """The batches of one epoch."""
        for _ in range(self.steps):
            aligned = self.numbers[sample_domains(self.adjacency, self.size, self.generator)]
            more = np.setdiff1d(self.sources, aligned)
            if len(more) > self.size:
                more = self.generator.choice(more, self.size, replace=False)
            domains = np.concatenate([aligned, more])
            yield DomainBatch(
                domains, len(aligned), np.stack([self.draw(number) for number in domains.tolist()])
            )

    def draw(self, number: int) -> np.ndarray:
        """The next rows of one domain, int64 `[batch]`."""
        while len(self.queues[number]) < self.batch:
            again = self.generator.permutation(self.pools[number])
            self.queues[number] = np.concatenate([self.queues[number], again])
        drawn, self.queues[number] = self.queues[number][: self.batch], self.queues[number][self.batch :]
        return drawn
