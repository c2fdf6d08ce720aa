"""A planted knowledge graph in the form of ogbl-biokg: two rings of entities, and relations that turn them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.ogb.saver import save_triples

Array = NDArray[Any]
RING = 40
TURNS: tuple[tuple[str, str, int], ...] = (
    ("gene", "gene", 1),
    ("gene", "gene", 2),  # the first, twice
    ("gene", "gene", 3),  # composed of the two before
    ("gene", "gene", -1),  # inverse of the first
    ("gene", "gene", RING // 2),  # symmetric
    ("gene", "drug", 5),
    ("drug", "gene", -5),  # its inverse
    ("gene", "drug", 6),  # composed of the first and the sixth
)
"""Types of head and tail, and by how many places the relation turns the ring."""


def save_rings(root: Path, seed: int = 0, negatives: int = RING - 1) -> dict[str, dict[str, Any]]:
    """Writes a data set named ogbl-biokg; returns its split.

    Every relation is a rotation, so that held-out triples follow from the others for whoever can turn and compose.
    """
    rng = np.random.default_rng(seed)
    rows = [
        (start, number, (start + turn) % RING)
        for number, (_, _, turn) in enumerate(TURNS)
        for start in range(RING)
    ]
    triples = np.array(rows, dtype=np.int64)[rng.permutation(len(rows))]
    parts = np.split(triples, [int(len(rows) * 0.75), int(len(rows) * 0.87)])
    split = {
        name: _part(part, rng, negatives if name != "train" else 0)
        for name, part in zip(("train", "valid", "test"), parts, strict=True)
    }
    edges, kinds = {}, {}
    for number, (head, tail, turn) in enumerate(TURNS):
        own = parts[0][parts[0][:, 1] == number]
        name = (head, f"{head}-{tail}_{turn}", tail)
        edges[name], kinds[name] = own[:, [0, 2]].T.copy(), np.full((len(own), 1), number)
    save_triples(root, "ogbl-biokg", {"drug": RING, "gene": RING}, edges, kinds, split)
    return split


def _part(triples: Array, rng: np.random.Generator, negatives: int) -> dict[str, Any]:
    part: dict[str, Any] = {
        "head_type": [TURNS[number][0] for number in triples[:, 1]],
        "tail_type": [TURNS[number][1] for number in triples[:, 1]],
        "head": triples[:, 0].copy(),
        "relation": triples[:, 1].copy(),
        "tail": triples[:, 2].copy(),
    }
    if negatives:
        for side in ("head", "tail"):
            others = [
                rng.permutation(np.delete(np.arange(RING), true))[:negatives] for true in part[side].tolist()
            ]
            part[f"{side}_neg"] = np.stack(others)
    return part
