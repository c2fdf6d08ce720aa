"""Planted communities in the forms of ogbl-collab and ogbl-citation2, and a planted knowledge graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.ogb.saver import save_links

Array = NDArray[Any]
NUM_NODES, NUM_GROUPS = 160, 8


def community_pairs(seed: int = 0, inside: float = 0.45, across: float = 0.004) -> Array:
    """Pairs int64 `[2, n]` in random order; most join members of one of the groups `node % NUM_GROUPS`."""
    rng = np.random.default_rng(seed)
    low, high = np.triu_indices(NUM_NODES, 1)
    chance = np.where(low % NUM_GROUPS == high % NUM_GROUPS, inside, across)
    found = rng.random(len(low)) < chance
    pairs = np.stack([low[found], high[found]])[:, rng.permutation(int(found.sum()))]
    turned = rng.random(pairs.shape[1]) < 0.5
    return np.where(turned, pairs[::-1], pairs).astype(np.int64)


def false_pairs(count: int, known: Array, rng: np.random.Generator) -> Array:
    """Pairs `[count, 2]` of two nodes that no link joins."""
    keys = {tuple(sorted(pair)) for pair in known.T.tolist()}
    found: list[tuple[int, int]] = []
    while len(found) < count:
        a, b = rng.integers(NUM_NODES, size=2).tolist()
        if a != b and (min(a, b), max(a, b)) not in keys:
            found.append((a, b))
    return np.array(found, dtype=np.int64)


def save_collab(root: Path, seed: int = 0, features: int = 16) -> dict[str, dict[str, Array]]:
    """Writes a data set named ogbl-collab whose features are noise; returns its split.

    As in the real one the graph's own edge list stands in both directions; here it holds *all* links, those of
    validation and test too, so that whoever reads it leaks.
    """
    rng = np.random.default_rng([seed, 1])
    pairs = community_pairs(seed)
    total = pairs.shape[1]
    parts = np.split(pairs, [int(total * 0.7), int(total * 0.85)], axis=1)
    split: dict[str, dict[str, Array]] = {}
    for name, part in zip(("train", "valid", "test"), parts, strict=True):
        split[name] = {
            "edge": part.T.copy(),
            "weight": rng.integers(1, 4, part.shape[1]),
            "year": rng.integers(2000, 2010, part.shape[1]),
        }
        if name != "train":
            split[name]["edge_neg"] = false_pairs(300, pairs, rng)
    x = rng.normal(size=(NUM_NODES, features)).astype(np.float32)
    save_links(root, "ogbl-collab", x, np.concatenate([pairs, pairs[::-1]], axis=1), split, "hits@50")
    return split


def save_citation2(root: Path, seed: int = 0, negatives: int = 40) -> dict[str, dict[str, Array]]:
    """Writes a data set named ogbl-citation2 whose features are noise; returns its split."""
    rng = np.random.default_rng([seed, 2])
    pairs = community_pairs(seed)
    total = pairs.shape[1]
    parts = np.split(pairs, [int(total * 0.8), int(total * 0.9)], axis=1)
    split: dict[str, dict[str, Array]] = {}
    for name, part in zip(("train", "valid", "test"), parts, strict=True):
        split[name] = {"source_node": part[0].copy(), "target_node": part[1].copy()}
        if name != "train":
            split[name]["target_node_neg"] = rng.integers(NUM_NODES, size=(part.shape[1], negatives))
    x = rng.normal(size=(NUM_NODES, 16)).astype(np.float32)
    save_links(root, "ogbl-citation2", x, parts[0], split, "mrr")
    return split
