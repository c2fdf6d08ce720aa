from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
nn = pytest.importorskip("torch_geometric.nn")
pytest.importorskip("numba")

from graphrec.sparse.neighbor_sampler import NeighborSampler  # noqa: E402

NODES = 60


def random_graph(seed: int = 0, density: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """indptr, indices and the dense adjacency, row = target; node 5 has no neighbour."""
    dense = np.random.default_rng(seed).random((NODES, NODES)) < density
    dense[5] = False
    return np.r_[0, np.cumsum(dense.sum(axis=1))], np.nonzero(dense)[1], dense


@pytest.mark.parametrize("conv", [nn.SAGEConv, nn.GATConv], ids=lambda conv: conv.__name__)
@pytest.mark.parametrize("form", ["edge_index", "adjacency"])
def test_all_neighbours_give_what_the_full_graph_gives(conv: type, form: str) -> None:
    if conv is nn.GATConv and form == "adjacency":
        pytest.skip("attention needs edges, no matrix")
    indptr, indices, dense = random_graph()
    torch.manual_seed(0)
    layers = [conv(7, 7), conv(7, 4)]
    x = torch.randn(NODES, 7)
    edge_index = torch.from_numpy(np.stack(np.nonzero(dense)[::-1]))
    expected = layers[1](layers[0](x, edge_index), edge_index)
    seeds = np.array([3, 5, 3, 59, 0])
    batch = NeighborSampler(indptr, indices, [-1, -1]).sample(seeds)
    h = x[batch.nodes]
    for layer, block in zip(layers, batch.blocks, strict=True):
        h = layer((h, h[: block.num_target]), getattr(block, form)())
    torch.testing.assert_close(h[batch.seed_rows], expected[seeds])
