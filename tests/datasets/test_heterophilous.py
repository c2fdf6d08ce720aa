from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.datasets.heterophilous import load_heterophilous
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.conftest import require_data


def arrays(**changes):
    masks = np.eye(3, dtype=bool)[:, None, :].repeat(2, axis=1)
    masks[:, 1] = masks[[1, 2, 0], 0]
    return {
        "node_features": np.array([[1, 3], [0, 0], [2, 0]], dtype=np.float32),
        "node_labels": np.array([0, 2, 1]),
        "edges": np.array([[0, 1], [1, 0], [1, 2], [2, 2]]),
        "train_masks": masks[0],
        "val_masks": masks[1],
        "test_masks": masks[2],
    } | changes


def test_a_small_file_by_hand(tmp_path):
    np.savez(tmp_path / "set.npz", **arrays())
    data = load_heterophilous(tmp_path / "set.npz")
    assert data.x.tolist() == [[0.25, 0.75], [0.0, 0.0], [1.0, 0.0]]
    assert data.y.tolist() == [0, 2, 1] and data.num_classes == 3
    assert data.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert (data.train.tolist(), data.valid.tolist(), data.test.tolist()) == ([0], [1], [2])
    other = load_heterophilous(tmp_path / "set.npz", split=1)
    assert (other.train.tolist(), other.valid.tolist(), other.test.tolist()) == ([1], [2], [0])


@pytest.mark.parametrize(
    "changes",
    [{"edges": np.array([{}, {}], dtype=object)}, {"edges": np.arange(3)}, {"node_labels": np.array(["a"])}],
)
def test_other_archives_are_refused(tmp_path, changes):
    np.savez(tmp_path / "set.npz", **arrays(**changes))
    with pytest.raises(CorruptionError, match="heterophilous"):
        load_heterophilous(tmp_path / "set.npz")


def test_a_missing_file_part_or_split_is_said(tmp_path):
    with pytest.raises(NotFoundError):
        load_heterophilous(tmp_path / "set.npz")
    np.savez(tmp_path / "set.npz", **{k: v for k, v in arrays().items() if k != "edges"})
    with pytest.raises(CorruptionError):
        load_heterophilous(tmp_path / "set.npz")
    np.savez(tmp_path / "set.npz", **arrays())
    for split in (-1, 2):
        with pytest.raises(InvalidInputError, match="splits 0 to 1"):
            load_heterophilous(tmp_path / "set.npz", split=split)


# Nodes, and edges in both directions with self loops, as the papers count them.
PUBLISHED = {"chameleon": (2277, 65019), "squirrel": (5201, 401907), "actor": (7600, 60918)}
SIZES = PUBLISHED | {"chameleon_filtered": (890, 18598), "squirrel_filtered": (2223, 96219)}


@pytest.mark.parametrize(
    "name", ["actor", "chameleon", "squirrel", "chameleon_filtered", "squirrel_filtered"]
)
def test_the_real_files(name):
    data = load_heterophilous(require_data(f"nodes/heterophilous/{name}.npz"), split=9)
    assert (data.num_nodes, data.edge_index.shape[1] + data.num_nodes) == SIZES[name]
    everything = torch.cat([data.train, data.valid, data.test])
    assert len(everything.unique()) == len(everything) <= data.num_nodes
    assert data.num_classes == 5
