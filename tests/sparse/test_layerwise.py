from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
nn = pytest.importorskip("torch_geometric.nn")

from graphrec.sparse.layerwise import layerwise, row_blocks  # noqa: E402


def test_layers_applied_in_portions_equal_the_full_graph() -> None:
    dense = np.random.default_rng(0).random((50, 50)) < 0.1
    indptr, indices = np.r_[0, np.cumsum(dense.sum(axis=1))], np.nonzero(dense)[1].astype(np.int32)
    indices.flags.writeable = False  # as of a mapped file
    torch.manual_seed(0)
    first, second = nn.SAGEConv(6, 8), nn.SAGEConv(8, 3)
    x = torch.randn(50, 6)
    edge_index = torch.from_numpy(np.stack(np.nonzero(dense)[::-1]))
    expected = second(first(x, edge_index).relu(), edge_index)
    layers = [
        lambda x, own, block: first((x, own), block.adjacency()).relu(),
        lambda x, own, block: second((x, own), block.edge_index()),
    ]
    for num_rows in (7, 50, 1000):
        found = layerwise(indptr, indices, x, layers, num_rows=num_rows)
        torch.testing.assert_close(found, expected.detach())
        assert not found.requires_grad


def test_blocks_of_rows_may_have_sources_of_another_type() -> None:
    blocks = list(row_blocks(np.array([0, 2, 2, 3]), np.array([9, 0, 4]), 2, num_sources=10))
    assert [(b.num_source, b.num_target, b.indices.tolist()) for b in blocks] == [
        (10, 2, [9, 0]),
        (10, 1, [4]),
    ]
    assert blocks[0].indptr.tolist() == [0, 2, 2]
