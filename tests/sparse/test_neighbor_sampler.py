from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphrec.errors import InvalidInputError

torch = pytest.importorskip("torch")
nn = pytest.importorskip("torch_geometric.nn")
pytest.importorskip("numba")

from graphrec.sparse.neighbor_sampler import NeighborSampler  # noqa: E402
from graphrec.sparse.sampled_blocks import SampledBlocks  # noqa: E402

NODES = 60


def random_graph(seed: int = 0, density: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """indptr, indices and the dense adjacency, row = target; node 5 has no neighbour."""
    dense = np.random.default_rng(seed).random((NODES, NODES)) < density
    dense[5] = False
    return np.r_[0, np.cumsum(dense.sum(axis=1))], np.nonzero(dense)[1], dense


def same(one: SampledBlocks, other: SampledBlocks) -> bool:
    pairs = zip(one.blocks, other.blocks, strict=True)
    return np.array_equal(one.nodes, other.nodes) and all(
        np.array_equal(a.indices, b.indices) and np.array_equal(a.indptr, b.indptr) for a, b in pairs
    )


def edges_of(batch: SampledBlocks) -> list[list[tuple[int, int]]]:
    """(source, target) of every edge in the graph's own numbers, by block."""
    found = []
    for block in batch.blocks:
        source, target = block.edge_index().numpy()
        found.append(list(zip(batch.nodes[source].tolist(), batch.nodes[target].tolist(), strict=True)))
    return found


@pytest.mark.parametrize(
    ("conv", "form"), [(nn.SAGEConv, "edge_index"), (nn.SAGEConv, "adjacency"), (nn.GATConv, "edge_index")]
)
def test_all_neighbours_give_what_the_full_graph_gives(conv: type, form: str) -> None:
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


@settings(max_examples=40, deadline=None)
@given(
    edges=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=60),
    seeds=st.lists(st.integers(0, 11), max_size=6),
    fanouts=st.lists(st.sampled_from([-1, 1, 2, 5]), min_size=1, max_size=3),
    replace=st.booleans(),
    stream=st.integers(0, 1000),
)
def test_samples_are_neighbourhoods(
    edges: list[tuple[int, int]], seeds: list[int], fanouts: list[int], replace: bool, stream: int
) -> None:
    graph = nx.MultiDiGraph(edges)  # source to target, parallel edges and self-loops included
    graph.add_nodes_from(range(12))
    order = sorted(edges, key=lambda edge: edge[1])
    counts = np.bincount([target for _, target in edges], minlength=12)
    indices = np.array([source for source, _ in order], dtype=np.int64)
    sampler = NeighborSampler(np.r_[0, np.cumsum(counts)], indices, fanouts, replace, edges=True)
    batch = sampler.sample(np.array(seeds, dtype=np.int64), epoch=stream)

    assert batch.seeds.tolist() == seeds
    assert len(set(batch.nodes.tolist())) == len(batch.nodes) == batch.blocks[0].num_source
    assert batch.blocks[-1].num_target == len(set(seeds))
    for outer, inner in zip(batch.blocks, batch.blocks[1:], strict=False):
        assert outer.num_target == inner.num_source
    for fanout, block, pairs in zip(fanouts[::-1], batch.blocks, edges_of(batch), strict=True):
        assert block.edges is not None and indices[block.edges].tolist() == [s for s, _ in pairs]
        assert all(order[place] == pair for place, pair in zip(block.edges, pairs, strict=True))
        for i, node in enumerate(batch.nodes[: block.num_target].tolist()):
            taken = block.edges[block.indptr[i] : block.indptr[i + 1]].tolist()
            degree = graph.in_degree(node)
            if replace and fanout > 0:
                assert len(taken) == (fanout if degree else 0)
            else:
                assert len(taken) == len(set(taken)) == (degree if fanout < 0 else min(degree, fanout))
    reached = set(seeds)
    for _ in fanouts:
        reached |= {source for node in reached for source in graph.predecessors(node)}
    found = set(batch.nodes.tolist())
    assert found == reached if set(fanouts) == {-1} else found <= reached


@pytest.mark.parametrize("replace", [False, True])
def test_nodes_are_reached_as_often_as_with_dgl(replace: bool) -> None:
    dgl = pytest.importorskip("dgl")
    indptr, indices, dense = random_graph(seed=4)
    source, target = np.nonzero(dense)[::-1]
    graph = dgl.graph((torch.from_numpy(source), torch.from_numpy(target)), num_nodes=NODES)
    theirs = dgl.dataloading.NeighborSampler([3, 2], replace=replace)
    ours = NeighborSampler(indptr, indices, [2, 3], replace)
    dgl.seed(1)
    rounds = 300
    reached = np.zeros((2, NODES))
    seeds = np.array([0, 1])
    for i in range(rounds):
        reached[0, ours.sample(seeds, batch=i).nodes] += 1
        reached[1, theirs.sample(graph, torch.from_numpy(seeds))[0].numpy()] += 1
    varying = (reached.sum(axis=0) > 20) & (reached.sum(axis=0) < 2 * rounds)
    assert varying.sum() > 15
    # Nodes that are reached at all are the same; a z-score for each of the others, two samples of Bernoullis.
    np.testing.assert_array_equal(reached[0] == 0, reached[1] == 0)
    share = reached[:, varying].sum(axis=0) / (2 * rounds)
    z = (reached[0] - reached[1])[varying] / np.sqrt(2 * rounds * share * (1 - share))
    assert np.abs(z).max() < stats.norm.isf(1e-4 / 2 / varying.sum())
    assert stats.chi2.sf((z**2).sum(), varying.sum()) > 1e-5


def test_hops_draw_independently_of_each_other() -> None:
    """Node 0 is its own and nodes 1..4's neighbour: both hops sample row 0, and must not repeat themselves."""
    indptr, indices = np.array([0, 5, 5, 5, 5, 5]), np.arange(5)
    sampler = NeighborSampler(indptr, indices, [1, 1])
    seen = np.zeros((5, 5))
    for i in range(1500):
        outer, inner = edges_of(sampler.sample(np.array([0]), batch=i))
        seen[inner[0][0], outer[0][0]] += 1
    assert stats.chisquare(seen.ravel()).pvalue > 1e-4


def test_one_name_one_sample_in_any_thread() -> None:
    indptr, indices, _ = random_graph(density=0.4)
    sampler = NeighborSampler(indptr, indices, [4, 4])
    seeds = np.arange(0, NODES, 7)
    alone = [sampler.sample(seeds, epoch=1, batch=i) for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: sampler.sample(seeds, epoch=1, batch=i), range(40)))
    assert all(same(a, b) for a, b in zip(alone, together, strict=True))
    assert not same(alone[0], alone[1])
    assert not same(alone[0], sampler.sample(seeds, epoch=2, batch=0))
    other = NeighborSampler(indptr, indices, [4, 4], seed=1)
    assert not same(alone[0], other.sample(seeds, epoch=1, batch=0))


def test_narrow_and_mapped_arrays_give_the_same(tmp_path: Path) -> None:
    indptr, indices, _ = random_graph(density=0.4)
    expected = NeighborSampler(indptr, indices, [4, 3]).sample(np.arange(9))
    np.save(tmp_path / "indptr.npy", indptr)
    np.save(tmp_path / "indices.npy", indices.astype(np.int32))
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("indptr", "indices")]
    sampler = NeighborSampler(*mapped, [4, 3])
    assert np.shares_memory(sampler.rows.indices, mapped[1])
    assert same(sampler.sample(np.arange(9, dtype=np.int16)), expected)


def test_excluded_edges_are_never_sampled_and_the_rest_evenly() -> None:
    size = 90  # one row longer than a word, one short, one without exclusions
    indptr, indices = (
        np.array([0, size, size + 6, size + 10] + [size + 10] * (size - 3)),
        np.arange(size + 10),
    )
    indices[size:] = [0, 3, 4, 5, 6, 3, 7, 8, 9, 10]
    pairs = np.array([[89, 3, 17, 0, 5], [0, 1, 0, 0, 44]])  # sources, targets; the last is no edge
    sampler = NeighborSampler(indptr, indices, [2], edges=True)
    seen = np.zeros(len(indices))
    for i in range(1500):
        block = sampler.sample(np.array([0, 1, 2]), batch=i, exclude=pairs).blocks[0]
        assert block.edges is not None and len(set(block.edges.tolist())) == 6
        seen[block.edges] += 1
    gone = np.isin(np.arange(len(indices)), [89, 17, 0, size + 1, size + 5])  # parallel edges as well
    assert seen[gone].sum() == 0
    for row in range(3):
        part = slice(indptr[row], indptr[row + 1])
        assert stats.chisquare(seen[part][~gone[part]]).pvalue > 1e-4
    everything = NeighborSampler(indptr, indices, [-1]).sample(np.array([1]), exclude=pairs)
    assert [source for source, _ in edges_of(everything)[0]] == [0, 4, 5, 6]
    with_replacement = NeighborSampler(indptr, indices, [50], replace=True).sample(
        np.array([1]), exclude=pairs
    )
    assert {source for source, _ in edges_of(with_replacement)[0]} == {0, 4, 5, 6}
    nothing_left = sampler.sample(np.array([1]), exclude=np.array([[0, 3, 4, 5, 6], [1] * 5]))
    assert nothing_left.num_edges == 0


def test_graphs_without_edges_or_nodes() -> None:
    none = np.empty(0, dtype=np.int64)
    batch = NeighborSampler(np.zeros(4, dtype=np.int64), none, [3, -1], replace=True).sample(np.array([2, 2]))
    assert batch.nodes.tolist() == [2] and batch.num_edges == 0 and batch.seed_rows.tolist() == [0, 0]
    assert batch.blocks[0].edge_index().shape == (2, 0)
    assert len(NeighborSampler(np.zeros(1, dtype=np.int64), none, [3]).sample(none).nodes) == 0


def test_numbers_start_anew_before_they_overflow() -> None:
    indptr, indices, _ = random_graph()
    sampler = NeighborSampler(indptr, indices, [3])
    expected = sampler.sample(np.arange(20))
    sampler._scratch.waiting[0].base = np.iinfo(np.int32).max - NODES - 1 - len(expected.nodes)
    assert all(same(sampler.sample(np.arange(20)), expected) for _ in range(3))
    assert sampler._scratch.waiting[0].base < 3 * NODES


@pytest.mark.parametrize("seeds", [[-1], [NODES], [0, 10**12], [[0]], [0.5]])
def test_seeds_that_are_no_nodes_are_refused(seeds: list[object]) -> None:
    indptr, indices, _ = random_graph()
    sampler = NeighborSampler(indptr, indices, [3])
    with pytest.raises(InvalidInputError, match="Seeds"):
        sampler.sample(np.array(seeds))
    assert len(sampler.sample(np.array([1])).seeds) == 1


def test_a_broken_graph_is_refused() -> None:
    indptr, indices, _ = random_graph()
    for wrong in (indptr[:-1], indptr + 1, indptr[::-1], indptr[:0]):
        with pytest.raises(InvalidInputError, match="indptr must rise"):
            NeighborSampler(wrong, indices, [1])
    for fanouts in ([], [0], [3, -2]):
        with pytest.raises(InvalidInputError, match="Fanouts"):
            NeighborSampler(indptr, indices, fanouts)
    for outside in (NODES, -1):
        broken = indices.copy()
        broken[7] = outside
        with pytest.raises(InvalidInputError, match=rf"Edge 7 .* node {outside}"):
            NeighborSampler(indptr, broken, [-1]).sample(np.arange(NODES))
    with pytest.raises(InvalidInputError, match="Excluded"):
        NeighborSampler(indptr, indices, [1]).sample(np.arange(2), exclude=np.zeros((3, 2), dtype=np.int64))
