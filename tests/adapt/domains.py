"""Small domain data for the tests of adaptation."""

from __future__ import annotations

import numpy as np

from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph


def chain(num_domains: int) -> DomainGraph:
    """Domains in a row."""
    names = [f"d{i}" for i in range(num_domains)]
    return DomainGraph.from_edges(names, [(names[i], names[i + 1]) for i in range(num_domains - 1)])


def clique(num_domains: int) -> DomainGraph:
    """Every domain adjacent to every other."""
    return DomainGraph(tuple(f"d{i}" for i in range(num_domains)), 1 - np.eye(num_domains))


def turning(
    num_domains: int = 7, step: float = 0.5, rows: int = 40, seed: int = 0, sources: tuple[int, ...] = (0,)
) -> tuple[DomainData, np.ndarray]:
    """Two opposite clusters that turn by `step` radians from each domain to the next; class 0 stands first."""
    generator = np.random.default_rng(seed)
    angle = step * np.arange(num_domains)
    centre = 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    labels = np.tile(np.repeat([0, 1], rows // 2), num_domains)
    domain = np.repeat(np.arange(num_domains), rows)
    x = centre[domain] * np.where(labels == 0, 1.0, -1.0)[:, None] + generator.normal(
        0, 0.3, (len(labels), 2)
    )
    return DomainData.hide(x, domain, labels, chain(num_domains), sources), labels
