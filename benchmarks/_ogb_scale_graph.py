"""A graph of ogbn-products' kind, written to files from a seed: hubs, communities, node numbers without order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

NODES, EDGES, FEATURES, CLASSES = 2_449_029, 61_859_140, 100, 47
TRAIN_SEEDS = 196_615
SKEW = 1.8
"""A node of popularity rank r has about r ** (1 / SKEW - 1) edges; products' largest degree, 17,481, is met so."""
COMMUNITIES, INSIDE = 500, 0.7
CHUNK = 1 << 22


@dataclass(frozen=True)
class Size:
    """Numbers of nodes, of distinct undirected edges without self-loops, and the seed."""

    nodes: int
    edges: int
    seed: int = 0

    @classmethod
    def of_edges(cls, edges: int, seed: int = 0) -> Size:
        """As many nodes as give products' mean degree."""
        return cls(max(2 * COMMUNITIES, round(NODES * edges / EDGES)), edges, seed)

    def described(self) -> dict[str, int]:
        """For the results."""
        return asdict(self)


def write_edges(folder: Path, size: Size) -> None:
    """`sources.npy` and `targets.npy`, int32 `[edges]`, each undirected edge once, in random order."""
    rng = np.random.default_rng([size.seed, 1])
    names = rng.permutation(size.nodes).astype(np.int64)
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < size.edges:
        # More than enough at once: every round sorts all edges.
        missing = int((size.edges - len(keys)) * 1.4) + size.edges // 50
        drawn = np.empty(missing, dtype=np.int64)
        for start in range(0, missing, CHUNK):
            part = slice(start, min(start + CHUNK, missing))
            drawn[part] = _keys(rng, names, part.stop - part.start)
        keys = np.concatenate([keys, drawn])
        del drawn
        keys.sort()  # np.unique hashes, which takes forty times as long
        new = np.diff(keys, prepend=-1) > 0  # and what is equal to its neighbour, or a self-loop, goes
        keys = keys[new]
    rng.shuffle(keys)
    ends = {name: _create(folder / f"{name}.npy", (size.edges,), np.int32) for name in ("sources", "targets")}
    for start in range(0, size.edges, CHUNK):
        part = keys[start : min(start + CHUNK, size.edges)]
        ends["sources"][start : start + len(part)] = part // size.nodes
        ends["targets"][start : start + len(part)] = part % size.nodes


def _keys(rng: np.random.Generator, names: np.ndarray, count: int) -> np.ndarray:
    """Undirected edges as one number each: both ends by popularity, most of them within one community."""
    nodes = len(names)
    first = (nodes * rng.random(count) ** SKEW).astype(np.int64)
    second = (nodes * rng.random(count) ** SKEW).astype(np.int64)
    # A community is every 500th rank: each has hubs. Moving the second end into it keeps its popularity.
    moved = second - second % COMMUNITIES + first % COMMUNITIES
    inside = (rng.random(count) < INSIDE) & (moved < nodes)
    a, b = names[first], names[np.where(inside, moved, second)]
    return np.where(a == b, -1, np.minimum(a, b) * nodes + np.maximum(a, b))


def write_features(folder: Path, size: Size) -> None:
    """`features.npy`, float32 `[nodes, 100]`, normal."""
    rng = np.random.default_rng([size.seed, 2])
    features = _create(folder / "features.npy", (size.nodes, FEATURES), np.float32)
    for start in range(0, size.nodes, CHUNK // 16):
        stop = min(start + CHUNK // 16, size.nodes)
        features[start:stop] = rng.standard_normal((stop - start, FEATURES), dtype=np.float32)


def _create(path: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
