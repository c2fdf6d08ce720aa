from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import DiffGroupNorm, LayerNorm, MeanSubtractionNorm, PairNorm

from graphrec.cold.norms import GroupNorm, make_norm
from graphrec.errors import ConfigError

X = torch.randn(30, 6, generator=torch.Generator().manual_seed(0)) * 3 + 1


def test_pair_mean_and_node_norm_are_those_of_pyg():
    torch.testing.assert_close(make_norm("pair", 6)(X), PairNorm()(X))
    torch.testing.assert_close(make_norm("mean", 6)(X), MeanSubtractionNorm()(X))
    torch.testing.assert_close(make_norm("node", 6)(X), LayerNorm(6, affine=False, mode="node")(X))


def test_pair_norm_keeps_the_mean_squared_distance_of_all_pairs():
    y = make_norm("pair", 6)(X)
    assert float(torch.cdist(y, y).square().mean()) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_group_norm_is_that_of_pyg(training):
    ours, theirs = GroupNorm(6, groups=4, weight=0.3), DiffGroupNorm(6, groups=4, lamda=0.3)
    with torch.no_grad():
        theirs.lin.weight.copy_(ours.assignment.weight)
    for _ in range(3):  # running statistics too
        ours(X), theirs(X)
    torch.testing.assert_close(ours.train(training)(X), theirs.train(training)(X))


def test_batch_norm_standardises_in_training_and_is_each_rows_own_outside():
    norm = make_norm("batch", 6)
    y = norm(X)
    torch.testing.assert_close(y.mean(dim=0), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std(dim=0, correction=0), torch.ones(6), atol=1e-4, rtol=0)
    norm.eval()
    torch.testing.assert_close(norm(X)[:3], norm(X[:3]))


def test_none_is_the_identity_and_an_unknown_name_an_error():
    assert make_norm("none", 6)(X) is X
    with pytest.raises(ConfigError, match="InitialBatchNorm"):
        make_norm("InitialBatchNorm", 6)
