"""How often neighbours have the same label: by the graph's edges, by the frozen encoder, by chance."""

from __future__ import annotations

import numpy as np
from _text_graphs import Int, Target, TextGraph
from numpy.typing import NDArray

NEAREST = 10
_BLOCK = 512


def agreement(graph: TextGraph, target: Target, x: NDArray[np.float32]) -> dict[str, float]:
    """Percent of pairs of labelled nodes that agree; for several labels, the mean cosine of their label sets.

    Args:
        x: the frozen encoder's vectors `[num_nodes, dim]`, whose `NEAREST` labelled neighbours stand for the text.
    """
    labelled = np.zeros(graph.num_nodes, bool)
    labelled[target.nodes] = True
    edges = graph.edge_index[:, labelled[graph.edge_index].all(axis=0)]
    shuffled = np.stack([target.nodes, np.random.default_rng(0).permutation(target.nodes)])
    pairs = {"edges": edges, "text": _nearest(x, target.nodes), "chance": shuffled}
    return {name: round(100 * _alike(target, found), 1) for name, found in pairs.items()}


def _nearest(x: NDArray[np.float32], nodes: Int) -> Int:
    unit = x[nodes] / np.maximum(np.linalg.norm(x[nodes], axis=1, keepdims=True), 1e-9)
    found = []
    for start in range(0, len(nodes), _BLOCK):
        likeness = unit[start : start + _BLOCK] @ unit.T
        likeness[np.arange(len(likeness)), start + np.arange(len(likeness))] = -2.0
        found.append(np.argpartition(-likeness, NEAREST, axis=1)[:, :NEAREST])
    return np.stack([np.repeat(nodes, NEAREST), nodes[np.concatenate(found).ravel()]])


def _alike(target: Target, pairs: Int) -> float:
    first, second = (target.labels[end] for end in pairs)
    if not target.multi_label:
        return float((first == second).mean())
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / np.maximum(lengths, 1e-9)).mean())
