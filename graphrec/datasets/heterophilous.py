"""Graphs whose neighbours often differ in class: Actor, Chameleon, Squirrel and their filtered versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from graphrec.cold.data import NodeData, undirected
from graphrec.cold.features import row_normalised
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError

_MASKS = ("train_masks", "val_masks", "test_masks")


def load_heterophilous(path: str | Path, *, split: int = 0) -> NodeData:
    """Read one `.npz` of `yandex-research/heterophilous-graphs` (Platonov et al., ICLR 2023).

    It holds `node_features [num_nodes, num_features]`, `node_labels [num_nodes]`, `edges [num_edges, 2]` and ten
    splits as masks `[10, num_nodes]` (48/32/20 of geom-gcn, called 60/20/20 in its paper). Features are divided
    by their row's sum; edges are made undirected, self loops and repeats removed.

    Args:
        split: which of the splits, from 0.

    Raises:
        NotFoundError, CorruptionError, InvalidInputError: no such file; not such a file; no such split.
    """
    if not Path(path).is_file():
        raise NotFoundError(f"There is no data set at {path}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            x = torch.from_numpy(stored["node_features"]).float()
            y = torch.from_numpy(stored["node_labels"]).long()
            edges = torch.from_numpy(stored["edges"]).long().t()
            masks = [stored[name] for name in _MASKS]
        nodes = undirected(edges, len(x))
    except (OSError, ValueError, KeyError, EOFError, TypeError, IndexError, RuntimeError) as error:
        raise CorruptionError(f"{path} is not a file of the heterophilous graphs; fetch it again.") from error
    if not 0 <= split < len(masks[0]):
        raise InvalidInputError(f"{path} has splits 0 to {len(masks[0]) - 1}, not {split}.")
    train, valid, test = (torch.from_numpy(np.flatnonzero(mask[split])) for mask in masks)
    return NodeData(row_normalised(x), y, nodes, train, valid, test, int(y.max()) + 1)
