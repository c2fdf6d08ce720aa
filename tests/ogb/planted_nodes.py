"""Small data sets in which neighbours share a class and features say little: a graph model must beat an MLP."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.ogb.saver import Array, save_hetero_nodes, save_nodes

NUM_NODES, NUM_CLASSES, NUM_AUTHORS = 180, 3, 45


def split_of(num_nodes: int, seed: int = 0) -> dict[str, Array]:
    order = np.random.default_rng(seed).permutation(num_nodes)
    cut = np.array_split(order, 3)
    return dict(zip(("train", "valid", "test"), cut, strict=True))


def planted(seed: int = 0) -> tuple[Array, Array, Array]:
    """Features `[180, 6]` of noise with a trace of the class, directed edges within classes, classes."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, NUM_CLASSES, NUM_NODES)
    edges = [
        (node, other) for node in range(NUM_NODES) for other in draw.choice(np.flatnonzero(y == y[node]), 4)
    ]
    noise = draw.normal(size=(NUM_NODES, 6))
    noise[:, :NUM_CLASSES] += 0.4 * np.eye(NUM_CLASSES)[y]
    return noise.astype(np.float32), np.array(edges).T, y


def save_planted(root: Path, name: str = "ogbn-arxiv") -> None:
    x, edges, y = planted()
    save_nodes(root, name, x, edges, y, split_of(NUM_NODES), NUM_CLASSES)


def save_planted_hetero(root: Path, name: str = "ogbn-mag") -> None:
    """Papers with features of noise alone; authors without features write papers of one class."""
    draw = np.random.default_rng(1)
    y, of_author = draw.integers(0, NUM_CLASSES, NUM_NODES), np.arange(NUM_AUTHORS) % NUM_CLASSES
    writes = [
        (author, paper)
        for paper in range(NUM_NODES)
        for author in draw.choice(np.flatnonzero(of_author == y[paper]), 2, replace=False)
    ]
    cites = draw.integers(0, NUM_NODES, (2, NUM_NODES))
    save_hetero_nodes(
        root,
        name,
        {"paper": draw.normal(size=(NUM_NODES, 6)).astype(np.float32)},
        {"paper": NUM_NODES, "author": NUM_AUTHORS},
        {("author", "writes", "paper"): np.array(writes).T, ("paper", "cites", "paper"): cites},
        "paper",
        y,
        split_of(NUM_NODES),
        NUM_CLASSES,
    )
