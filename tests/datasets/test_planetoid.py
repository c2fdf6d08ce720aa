from __future__ import annotations

import pickle
from collections import defaultdict

import numpy as np
import pytest
import torch

from graphrec.datasets.planetoid import load_planetoid
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.conftest import require_data

PARTS = ("y", "tx", "ty", "allx", "ally", "graph", "test.index")


def folder_of(name):
    return require_data(f"nodes/planetoid/ind.{name}.x").parent


class Refusing:
    """Pickles as a call of `os.system`."""

    def __reduce__(self):
        import os

        return os.system, ("exit 1",)


@pytest.fixture
def copied(tmp_path):
    for part in PARTS:
        path = folder_of("cora") / f"ind.cora.{part}"
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.parametrize("name", ["cora", "citeseer"])
def test_it_reads_what_pyg_reads(name):
    from torch_geometric.io import read_planetoid_data

    theirs = read_planetoid_data(str(folder_of(name)), name)
    ours = load_planetoid(folder_of(name), name, split="public")
    totals = theirs.x.sum(dim=1, keepdim=True).clamp_min(1e-12)
    torch.testing.assert_close(ours.x, theirs.x / totals)
    assert torch.equal(ours.y, theirs.y)
    loopless = theirs.edge_index[:, theirs.edge_index[0] != theirs.edge_index[1]].flip(0)  # sorted by target
    assert torch.equal(ours.edge_index, loopless)
    for part, mask in (("train", "train_mask"), ("valid", "val_mask"), ("test", "test_mask")):
        assert torch.equal(getattr(ours, part), theirs[mask].nonzero().flatten())


def test_coras_own_split_takes_a_tenth_of_the_first_nodes_for_validation():
    data = load_planetoid(folder_of("cora"), "cora", seed=3)
    assert (len(data.train), len(data.valid), len(data.test)) == (540, 60, 2108)
    both = torch.cat([data.train, data.valid]).sort().values
    assert torch.equal(both, torch.arange(600)) and torch.equal(data.test, torch.arange(600, 2708))
    assert torch.equal(data.valid, load_planetoid(folder_of("cora"), "cora", seed=3).valid)
    assert not torch.equal(data.valid, load_planetoid(folder_of("cora"), "cora", seed=4).valid)


def test_public_rest_tests_on_every_other_labelled_node():
    data = load_planetoid(folder_of("citeseer"), "citeseer", split="public-rest")
    public = load_planetoid(folder_of("citeseer"), "citeseer")
    assert torch.equal(data.train, public.train) and torch.equal(data.valid, public.valid)
    assert len(data.test) == 3327 - 120 - 500 - 15
    assert bool(torch.isin(public.test, data.test).all())
    absent = data.x.sum(dim=1) == 0
    assert int(absent[data.test].sum()) == 0


def test_a_pickle_that_calls_anything_is_refused_unrun(copied):
    (copied / "ind.cora.y").write_bytes(pickle.dumps(Refusing(), protocol=2))
    with pytest.raises(CorruptionError, match="system, which is no array"):
        load_planetoid(copied, "cora")


def test_a_global_reached_through_an_allowed_module_is_refused(copied):
    (copied / "ind.cora.y").write_bytes(b"\x80\x02cnumpy\nload\nX\x01\x00\x00\x00a\x85R.")
    with pytest.raises(CorruptionError, match=r"numpy\.load"):
        load_planetoid(copied, "cora")


@pytest.mark.parametrize("part", ["allx", "graph", "ty"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_truncated_files_are_named(copied, part, share):
    path = copied / f"ind.cora.{part}"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorruptionError, match=rf"ind\.cora\.{part}.*damaged"):
        load_planetoid(copied, "cora")


def test_files_that_do_not_fit_each_other_are_refused(copied):
    graph = defaultdict(list, {0: [999_999]})
    (copied / "ind.cora.graph").write_bytes(pickle.dumps(dict(graph), protocol=2))
    with pytest.raises(CorruptionError, match="do not fit each other"):
        load_planetoid(copied, "cora")
    (copied / "ind.cora.test.index").write_text("1\nmany\n")
    with pytest.raises(CorruptionError, match="one node number a line"):
        load_planetoid(copied, "cora")


def test_missing_files_and_impossible_splits_are_refused(tmp_path):
    with pytest.raises(NotFoundError):
        load_planetoid(tmp_path, "cora")
    for options in ({"num_train": 0}, {"num_train": 2708}, {"valid_share": 1.0}):
        with pytest.raises(InvalidInputError, match="Training takes"):
            load_planetoid(folder_of("cora"), "cora", **options)


def test_features_are_shares():
    data = load_planetoid(folder_of("cora"), "cora")
    np.testing.assert_allclose(data.x.sum(dim=1).numpy(), 1.0, atol=1e-5)
