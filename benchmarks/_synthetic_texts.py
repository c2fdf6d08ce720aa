"""A citation graph of any size with abstracts: communities cite themselves and have words of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
VOCABULARY = 60_000
TOPIC_WORDS = 200
MEMBERS = 250
"""Nodes of a community."""
EDGES_PER_NODE = 1_166_243 / 169_343
"""As in ogbn-arxiv."""
WORDS = (110, 171)
_BATCH = 1000


@dataclass(frozen=True, eq=False)
class SyntheticTexts:
    """A graph and its texts; the same seed gives the same ones.

    A word comes from the node's topic (35 %), from that of the next community (15 %) or from a vocabulary in which
    the word of rank r has the weight 1 / r. An edge ends in the same community (70 %), in the next (15 %) or anywhere,
    hubs first, of which the largest has some thousands of edges at ogbn-arxiv's size.
    """

    num_nodes: int
    seed: int = 0

    @property
    def communities(self) -> int:
        return max(8, self.num_nodes // MEMBERS)

    def community(self) -> Int:
        """Community of every node, int64 `[num_nodes]`."""
        return np.random.default_rng([self.seed, 1]).permutation(self.num_nodes) % self.communities

    def edges(self) -> Int:
        """int64 `[2, num_edges]`, one direction."""
        generator = np.random.default_rng([self.seed, 2])
        count, community = round(EDGES_PER_NODE * self.num_nodes), self.community()
        order = np.argsort(community, kind="stable")
        sizes = np.bincount(community, minlength=self.communities)
        starts = np.cumsum(sizes) - sizes
        source = generator.integers(0, self.num_nodes, size=count)
        kind = generator.random(count)
        wanted = (community[source] + (kind >= 0.7)) % self.communities
        near = order[starts[wanted] + (generator.random(count) * sizes[wanted]).astype(np.int64)]
        anywhere = (generator.random(count) ** 4 * self.num_nodes).astype(np.int64)
        return np.stack([source, np.where(kind < 0.85, near, anywhere)])

    def texts(self) -> Iterator[str]:
        """One after another."""
        generator = np.random.default_rng([self.seed, 3])
        words = _words(generator)
        ranks = np.cumsum(1.0 / np.arange(1, VOCABULARY + 1))
        ranks /= ranks[-1]
        shape = (self.communities, TOPIC_WORDS)
        topics = np.minimum(np.searchsorted(ranks, generator.random(shape)) + 20, VOCABULARY - 1)
        community = self.community()
        for low in range(0, self.num_nodes, _BATCH):
            own = community[low : low + _BATCH]
            lengths = generator.integers(*WORDS, size=len(own))
            topic = np.repeat(own, lengths)
            kind = generator.random(len(topic))
            topic = (topic + (kind >= 0.35)) % self.communities
            place = (generator.random(len(topic)) ** 1.5 * TOPIC_WORDS).astype(np.int64)
            general = np.searchsorted(ranks, generator.random(len(topic)))
            chosen = words[np.where(kind < 0.5, topics[topic, place], general)].tolist()
            ends = np.cumsum(lengths).tolist()
            for start, end in zip([0, *ends[:-1]], ends, strict=True):
                yield " ".join(chosen[start:end])


def _words(generator: np.random.Generator) -> NDArray[np.object_]:
    """Distinct words of four to eleven letters, short ones first."""
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        size = 4 + len(found) * 8 // VOCABULARY
        rows = (generator.random((2000, size)) ** 1.5 * len(letters)).astype(np.int64)
        found.update(dict.fromkeys("".join(letters[row]) for row in rows))
    return np.array(list(found)[:VOCABULARY], dtype=object)
