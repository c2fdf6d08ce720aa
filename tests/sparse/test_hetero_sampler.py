from __future__ import annotations

import numpy as np
import pytest

from graphrec.errors import InvalidInputError

torch = pytest.importorskip("torch")
nn = pytest.importorskip("torch_geometric.nn")
pytest.importorskip("numba")

from graphrec.sparse.hetero_sampler import HeteroNeighborSampler  # noqa: E402
from graphrec.sparse.neighbor_sampler import NeighborSampler  # noqa: E402

SIZES = {"paper": 40, "author": 25, "venue": 4}
CITES, WRITES, WROTE, IN = (
    ("paper", "cites", "paper"),
    ("author", "writes", "paper"),
    ("paper", "by", "author"),
    ("venue", "prints", "paper"),
)
RELATIONS = (CITES, WRITES, WROTE, IN)


def typed_graph(density: float = 0.15) -> dict[tuple[str, str, str], np.ndarray]:
    """Dense adjacency of each relation, row = target; paper 7 has no neighbour of any kind."""
    rng = np.random.default_rng(1)
    graph = {r: rng.random((SIZES[r[2]], SIZES[r[0]])) < density for r in RELATIONS}
    for relation in (CITES, WRITES, IN):
        graph[relation][7] = False
    return graph


def arrays(graph: dict[tuple[str, str, str], np.ndarray]) -> dict[tuple[str, str, str], tuple]:
    return {r: (np.r_[0, np.cumsum(dense.sum(axis=1))], np.nonzero(dense)[1]) for r, dense in graph.items()}


@pytest.mark.parametrize("whole_layer", [True, False])
def test_all_neighbours_give_what_hetero_conv_gives_on_the_full_graph(whole_layer: bool) -> None:
    graph = typed_graph()
    torch.manual_seed(0)
    convs = [{r: nn.SAGEConv(5, 5) for r in RELATIONS} for _ in range(2)]
    layers = [nn.HeteroConv(by_relation, aggr="sum") for by_relation in convs]
    features = {kind: torch.randn(size, 5) for kind, size in SIZES.items()}
    # No relation leads to venues: they keep what they have.
    venue = {"venue": features["venue"]}
    full = {r: torch.from_numpy(np.stack(np.nonzero(dense)[::-1])) for r, dense in graph.items()}
    expected = layers[1](layers[0](features, full) | venue, full)
    seeds = {"paper": np.array([3, 7, 3, 12]), "author": np.array([0])}
    batch = HeteroNeighborSampler(arrays(graph), [-1, -1], {"venue": SIZES["venue"]}).sample(seeds)
    x = {kind: features[kind][nodes] for kind, nodes in batch.nodes.items()}
    for i, block in enumerate(batch.blocks):
        if whole_layer:
            x = layers[i](x, block.edge_index_dict()) | {"venue": x["venue"]}
            x = {kind: rows[: block.num_target[kind]] for kind, rows in x.items()}
        else:
            out = {"venue": x["venue"][: block.num_target["venue"]]}
            for (source, name, target), part in block.relations.items():
                pair = (x[source], x[target][: part.num_target])
                message = convs[i][source, name, target](pair, part.adjacency())
                out[target] = out[target] + message if target in out else message
            x = out
    for kind, nodes in seeds.items():
        torch.testing.assert_close(x[kind][batch.seed_rows[kind]], expected[kind][nodes])


@pytest.mark.parametrize("replace", [False, True])
def test_each_relation_is_sampled_by_itself(replace: bool) -> None:
    graph = typed_graph(density=0.3)
    fanouts = {CITES: [2, 3], WRITES: [1, -1], WROTE: [5, 0], IN: [-1, 2]}
    sampler = HeteroNeighborSampler(arrays(graph), fanouts, {"venue": 4}, replace, edges=True)
    batch = sampler.sample({"paper": np.array([0, 1, 7])}, epoch=3)
    assert batch.nodes["paper"][:3].tolist() == [0, 1, 7]
    assert batch.blocks[1].num_target == {"paper": 3, "author": 0, "venue": 0}
    assert dict(batch.blocks[0].num_target) == dict(batch.blocks[1].num_source)
    assert dict(batch.blocks[0].num_source) == {kind: len(nodes) for kind, nodes in batch.nodes.items()}
    for hop, layer in enumerate(reversed(batch.blocks)):
        for (source, name, target), block in layer.relations.items():
            relation = (source, name, target)
            fanout = fanouts[relation][hop]
            rows = batch.nodes[target][block.target_index()]
            assert graph[relation][rows, batch.nodes[source][block.indices]].all()
            assert block.edges is not None
            degree = graph[relation].sum(axis=1)[batch.nodes[target][: block.num_target]]
            taken = degree if fanout < 0 else np.minimum(degree, fanout)
            if replace and fanout > 0:
                taken = np.where(degree > 0, fanout, 0)
            else:
                assert len(set(block.edges.tolist())) == block.num_edges
            np.testing.assert_array_equal(np.diff(block.indptr), taken)
    assert batch.blocks[1].edge_index_dict()[WROTE].shape == (2, 0)  # no author is a target yet


def test_one_type_gives_what_the_sampler_without_types_gives() -> None:
    indptr, indices = arrays(typed_graph())[CITES]
    seeds = np.arange(0, 40, 3)
    typed = HeteroNeighborSampler({CITES: (indptr, indices)}, [-1, -1]).sample({"paper": seeds})
    plain = NeighborSampler(indptr, indices, [-1, -1]).sample(seeds)
    np.testing.assert_array_equal(typed.nodes["paper"], plain.nodes)
    for ours, theirs in zip(typed.blocks, plain.blocks, strict=True):
        np.testing.assert_array_equal(ours.relations[CITES].indices, theirs.indices)
    assert typed.num_edges == plain.num_edges


def test_edges_of_one_relation_are_excluded() -> None:
    graph = typed_graph(density=0.5)
    sampler = HeteroNeighborSampler(arrays(graph), [-1], {"venue": 4})
    target, source = np.nonzero(graph[WRITES])
    some = np.stack([source, target])[:, ::2]
    batch = sampler.sample({"paper": np.arange(40)}, exclude={WRITES: some})
    block = batch.blocks[0].relations[WRITES]
    pairs = zip(batch.nodes["author"][block.indices], batch.nodes["paper"][block.target_index()], strict=True)
    assert sorted(pairs) == sorted(zip(source[1::2], target[1::2], strict=True))
    assert batch.blocks[0].relations[CITES].num_edges == graph[CITES].sum()


def test_what_does_not_fit_together_is_refused() -> None:
    graph = arrays(typed_graph())
    with pytest.raises(InvalidInputError, match="'venue'"):
        HeteroNeighborSampler(graph, [2])
    with pytest.raises(InvalidInputError, match="'paper' has 3 nodes in one place and 40"):
        HeteroNeighborSampler(graph, [2], {"venue": 4, "paper": 3})
    with pytest.raises(InvalidInputError, match="prints"):
        HeteroNeighborSampler(graph, {r: [2] for r in RELATIONS[:3]}, {"venue": 4})
    with pytest.raises(InvalidInputError, match="every hop"):
        HeteroNeighborSampler(graph, {r: [2] * i for i, r in enumerate(RELATIONS, 1)}, {"venue": 4})
    with pytest.raises(InvalidInputError, match="at least one relation"):
        HeteroNeighborSampler({}, [2])
    sampler = HeteroNeighborSampler(graph, [2], {"venue": 4})
    with pytest.raises(InvalidInputError, match="node type 'dish'"):
        sampler.sample({"dish": np.array([0])})
    with pytest.raises(InvalidInputError, match=r"0\.\.24"):
        sampler.sample({"paper": np.array([0]), "author": np.array([25])})
    with pytest.raises(InvalidInputError, match="No relation"):
        sampler.sample({"paper": np.array([0])}, exclude={("a", "b", "c"): np.zeros((2, 1))})
    narrow = graph | {IN: (graph[IN][0], graph[IN][1] + 1)}
    with pytest.raises(InvalidInputError, match="outside 0"):
        HeteroNeighborSampler(narrow, [-1], {"venue": 4}).sample({"paper": np.arange(40)})
