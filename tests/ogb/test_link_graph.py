"""The matrices that messages run along, dense and PyG as oracles, and the heuristics against networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch_geometric.nn import GCNConv, SAGEConv

from graphrec.errors import InvalidInputError
from graphrec.ogb.link_config import LinkConfig
from graphrec.ogb.link_data import Links
from graphrec.ogb.link_graph import (
    Step,
    adjacency,
    aggregation_matrix,
    block_matrix,
    degrees,
    degrees_without,
    without_pairs,
)
from graphrec.ogb.link_heuristics import HEURISTICS, NeighbourHeuristic
from graphrec.ogb.link_model import LinkModel, encode_all
from graphrec.sparse.neighbor_sampler import NeighborSampler

NODES = 14
RNG = np.random.default_rng(5)
_ENDS = RNG.integers(NODES - 2, size=(2, 40))  # the last two nodes are isolated
LINKS = Links(
    torch.from_numpy(np.concatenate([_ENDS, _ENDS[:, :6], np.array([[3], [3]])], axis=1)),
    torch.from_numpy(RNG.integers(1, 4, 47)).float(),
    torch.from_numpy(RNG.integers(2000, 2006, 47)),
)
X = torch.from_numpy(RNG.normal(size=(NODES, 5)).astype(np.float32))


def dense(weights: str) -> np.ndarray:
    matrix = np.zeros((NODES, NODES))
    for (a, b), weight in zip(LINKS.pairs.T.tolist(), LINKS.weight.tolist(), strict=True):
        if a != b:
            amount = weight if weights == "weight" else 1.0
            matrix[a, b] += amount
            matrix[b, a] += amount
    return (matrix > 0).astype(float) if weights == "binary" else matrix


@pytest.mark.parametrize("weights", ["weight", "count", "binary"])
def test_adjacency_counts_links_between_different_nodes_both_ways(weights: str) -> None:
    np.testing.assert_allclose(adjacency(LINKS, NODES, weights).toarray(), dense(weights))


@pytest.mark.parametrize("weights", ["weight", "binary"])
def test_aggregation_is_kipfs_and_the_mean(weights: str) -> None:
    plain, matrix = dense(weights), adjacency(LINKS, NODES, weights)
    looped = plain + np.eye(NODES)
    root = np.diag(looped.sum(axis=1) ** -0.5)
    np.testing.assert_allclose(aggregation_matrix(matrix, "gcn").toarray(), root @ looped @ root, rtol=1e-5)
    mean = plain / np.maximum(plain.sum(axis=1, keepdims=True), 1)
    np.testing.assert_allclose(aggregation_matrix(matrix, "mean").toarray(), mean, rtol=1e-5)


def test_pairs_taken_out_are_gone_in_both_directions_and_nothing_else_is() -> None:
    matrix, pairs = adjacency(LINKS, NODES, "weight"), torch.tensor([[_ENDS[0, 0], 0], [_ENDS[1, 0], 13]])
    expected = dense("weight")
    for a, b in pairs.T.tolist():
        expected[a, b] = expected[b, a] = 0
    np.testing.assert_allclose(without_pairs(matrix, pairs).toarray(), expected)
    np.testing.assert_allclose(without_pairs(matrix, pairs[:, :0]).toarray(), dense("weight"))
    twice = torch.cat([pairs, pairs.flip(0)], dim=1)
    np.testing.assert_allclose(degrees_without(matrix, degrees(matrix), twice), expected.sum(axis=1))


@pytest.mark.parametrize("kind", ["gcn", "mean"])
def test_a_sampled_block_with_all_neighbours_is_the_rows_of_the_whole_matrix(kind: str) -> None:
    matrix = adjacency(LINKS, NODES, "weight")
    sampler = NeighborSampler(matrix.indptr.astype(np.int64), matrix.indices, (-1,), edges=True)
    found = sampler.sample(np.array([4, 13, 1, 7]))
    block = block_matrix(found.blocks[0], found.nodes, matrix, degrees(matrix), kind)
    whole = aggregation_matrix(matrix, kind)[[4, 13, 1, 7]].toarray()
    np.testing.assert_allclose(block.toarray(), whole[:, found.nodes], rtol=1e-5, atol=1e-7)
    assert whole[:, np.setdiff1d(np.arange(NODES), found.nodes)].sum() == 0


def test_sampled_gcn_blocks_average_to_the_whole_rows() -> None:
    matrix = adjacency(LINKS, NODES, "binary")
    sampler = NeighborSampler(matrix.indptr.astype(np.int64), matrix.indices, (2,), edges=True)
    total, mean = degrees(matrix), np.zeros((3, NODES))
    for draw in range(600):
        found = sampler.sample(np.array([4, 1, 7]), batch=draw)
        block = block_matrix(found.blocks[0], found.nodes, matrix, total, "gcn")
        mean[:, found.nodes] += block.toarray() / 600
    whole = aggregation_matrix(matrix, "gcn")[[4, 1, 7]].toarray()
    assert np.abs(mean - whole).max() < 0.2 * whole.max()
    assert mean.sum(axis=1) == pytest.approx(whole.sum(axis=1), rel=0.05)


def test_a_step_multiplies_and_its_gradient_is_the_transpose() -> None:
    matrix = sp.random(4, 6, density=0.5, format="csr", dtype=np.float32, random_state=1)
    x = torch.randn(6, 3, dtype=torch.float64).float().requires_grad_()
    out = Step(matrix, "cpu")(x)
    weight = torch.randn(4, 3)
    (out * weight).sum().backward()
    plain = torch.from_numpy(matrix.toarray())
    torch.testing.assert_close(out.detach(), plain @ x.detach())
    torch.testing.assert_close(x.grad, plain.T @ weight)


@pytest.mark.parametrize("kind", ["gcn", "sage"])
def test_encoders_are_those_of_pyg(kind: str) -> None:
    """Two layers against GCNConv with the links' weights, SAGEConv over the links with repetition."""
    config = LinkConfig(hidden=6, num_layers=2, edge_weights="weight" if kind == "gcn" else "count")
    model = LinkModel(kind, 5, config, torch.Generator().manual_seed(0))
    matrix = aggregation_matrix(adjacency(LINKS, NODES, config.edge_weights), model.aggregation)
    apart = LINKS.pairs[:, LINKS.pairs[0] != LINKS.pairs[1]]
    weight = LINKS.weight[LINKS.pairs[0] != LINKS.pairs[1]]
    edges, weights = torch.cat([apart, apart.flip(0)], dim=1), torch.cat([weight, weight])
    x = X
    for number, layer in enumerate(model.layers):
        width = x.shape[1]
        if kind == "gcn":
            conv = GCNConv(width, 6)
            conv.lin.weight.data, conv.bias.data = layer.weight.data, layer.bias.data
            x = conv(x, edges, weights)
        else:
            conv = SAGEConv(width, 6)
            conv.lin_r.weight.data, conv.lin_l.weight.data = layer.weight.data.split(width, dim=1)
            conv.lin_l.bias.data = layer.bias.data
            x = conv(x, edges)
        x = x.relu() if number == 0 else x
    torch.testing.assert_close(model.encode(X, [Step(matrix, "cpu")] * 2), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["mlp", "gcn", "sage"])
def test_inference_layer_by_layer_is_the_encoder_without_dropout(kind: str) -> None:
    config = LinkConfig(hidden=6, num_layers=3, infer_rows=4, dropout=0.5)
    model = LinkModel(kind, 5, config, torch.Generator().manual_seed(0))
    matrix = None if model.aggregation is None else aggregation_matrix(
        adjacency(LINKS, NODES, "weight"), model.aggregation)  # fmt: skip
    found = encode_all(model, X, matrix)
    model.eval()
    steps = [] if matrix is None else [Step(matrix, "cpu")] * 3
    torch.testing.assert_close(found, model.encode(X, steps).detach())
    model.train()
    assert not torch.allclose(found, model.encode(X, steps).detach())


def test_sizes_are_those_of_the_leaderboard_of_ogbl_collab() -> None:
    """128 features, 256 units, three layers each: GCN 296,449, GraphSAGE 460,289 parameters."""
    sizes = {
        kind: sum(p.numel() for p in LinkModel(kind, 128, LinkConfig(), torch.Generator()).parameters())
        for kind in ("gcn", "sage")
    }
    assert sizes == {"gcn": 296_449, "sage": 460_289}


@pytest.mark.parametrize("method", HEURISTICS)
def test_heuristics_are_those_of_networkx(method: str) -> None:
    graph = nx.from_numpy_array(dense("binary"))
    pairs = [(a, b) for a in range(NODES) for b in range(NODES) if a != b]
    if method == "common-neighbors":
        expected = [len(list(nx.common_neighbors(graph, a, b))) for a, b in pairs]
    else:
        oracle = nx.adamic_adar_index if method == "adamic-adar" else nx.resource_allocation_index
        expected = [score for _, _, score in oracle(graph, pairs)]
    matrix = adjacency(LINKS, NODES, "binary")
    for rows in (7, 1000):
        found = NeighbourHeuristic(matrix, method, rows)(torch.tensor(pairs).T)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_links_of_late_years_and_joined_links() -> None:
    late = LINKS.since(2004)
    kept = [row for row in range(47) if int(LINKS.year[row]) >= 2004]
    assert late.pairs.T.tolist() == LINKS.pairs[:, kept].T.tolist()
    assert late.weight is not None and late.weight.tolist() == LINKS.weight[kept].tolist()
    joined = late.joined(Links(torch.tensor([[0], [1]])))
    assert joined.pairs[:, -1].tolist() == [0, 1] and joined.weight is not None
    assert joined.weight.tolist() == [*late.weight.tolist(), 1.0]
    with pytest.raises(InvalidInputError, match="of 2006 or later; the last are of 2005"):
        LINKS.since(2006)
    with pytest.raises(InvalidInputError, match="no years"):
        joined.since(2000)
