"""The reference networks against PyG's layers, published sizes and plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.nn import GCNConv, SAGEConv

from graphrec.cold.data import NodeData, undirected
from graphrec.ogb.full import count
from graphrec.ogb.graph import averaging, neighbours
from graphrec.ogb.hetero_network import HeteroNetwork
from graphrec.ogb.hetero_train import HeteroGraph, HeteroTask, predict_hetero, relations_of
from graphrec.ogb.network import Kind, NodeNetwork
from graphrec.ogb.nodes import NODE, NodeSet
from graphrec.ogb.sampled import SampledData, SampledTask, on_blocks, predict_all
from graphrec.ogb.settings import NetworkSettings
from tests.ogb.planted_nodes import NUM_AUTHORS, NUM_CLASSES, NUM_NODES, planted, split_of

SMALL = {"hidden": 8, "num_layers": 3, "dropout": 0.5}


def homogeneous() -> NodeSet:
    x, edges, y = planted()
    split = split_of(NUM_NODES)
    counts, links = {NODE: NUM_NODES}, {(NODE, "to", NODE): edges}
    return NodeSet("ogbn-arxiv", "acc", NUM_CLASSES, {NODE: x}, counts, links, NODE, y, split)


def whole(data: NodeSet) -> NodeData:
    (edges,) = data.edges.values()
    links = undirected(torch.from_numpy(edges), NUM_NODES)
    parts = [torch.from_numpy(data.split[part]) for part in ("train", "valid", "test")]
    return NodeData(torch.from_numpy(data.x[NODE]), torch.from_numpy(data.y), links, *parts, NUM_CLASSES)


def varied(model: Any) -> None:
    """Biases, norms and running statistics away from their neutral start, so that none can be forgotten."""
    draw = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, values in [*model.named_parameters(), *model.named_buffers()]:
            if values.is_floating_point() and values.ndim == 1:
                noise = torch.rand(values.shape, generator=draw)
                values.copy_(noise + 0.5 if "var" in name or "weight" in name else noise - 0.5)


@pytest.mark.parametrize(
    ("kind", "sizes", "published"),
    [
        ("mlp", (128, 40), 110_120),
        ("gcn", (128, 40), 110_120),
        ("sage", (128, 40), 218_664),
        ("mlp", (100, 47), 103_727),
        ("sage", (100, 47), 206_895),
    ],
)
def test_the_numbers_of_parameters_are_those_of_the_leaderboards(
    kind: Kind, sizes: tuple[int, int], published: int
) -> None:
    assert count(NodeNetwork(kind, *sizes, batch_norm=sizes[1] == 40)) == published


@pytest.mark.parametrize("kind", ["gcn", "sage"])
def test_whole_graph_logits_are_those_of_pygs_layers(kind: Kind) -> None:
    data = whole(homogeneous())
    model = NodeNetwork(kind, data.num_features, NUM_CLASSES, **SMALL).eval()
    varied(model)
    x = data.x
    for number in range(3):
        own: Any = model.own[number]
        if kind == "gcn":
            layer: Any = GCNConv(own.in_features, own.out_features)
            layer.lin.weight, layer.bias = own.weight, own.bias
        else:
            side: Any = model.neighbours[number]
            layer = SAGEConv(own.in_features, own.out_features)
            layer.lin_l.weight, layer.lin_l.bias, layer.lin_r.weight = side.weight, own.bias, own.weight
        x = layer(x, data.edge_index)
        x = x if number == 2 else model.norms[number](x).relu()
    torch.testing.assert_close(model.logits(data), x, rtol=1e-4, atol=1e-5)


def test_what_the_first_layer_gathers_follows_the_edges_at_hand() -> None:
    data = whole(homogeneous())
    model = NodeNetwork("sage", data.num_features, NUM_CLASSES, **SMALL).eval()
    varied(model)
    model.logits(data)
    fewer = data.with_edges(data.edge_index[:, :0])
    fresh = NodeNetwork("sage", data.num_features, NUM_CLASSES, **SMALL).eval()
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(model.logits(fewer), fresh.logits(fewer))


@pytest.mark.parametrize("kind", ["mlp", "sage"])
def test_sampled_blocks_with_all_neighbours_and_layers_over_all_nodes_equal_the_whole_graph(
    kind: Kind,
) -> None:
    nodes = homogeneous()
    data = SampledData.of(nodes, kind)
    model = NodeNetwork(kind, 6, NUM_CLASSES, **SMALL).eval()
    varied(model)
    expected = model.logits(whole(nodes)).detach()
    torch.testing.assert_close(predict_all(model, data, 50, "cpu"), expected, rtol=1e-4, atol=1e-5)
    settings = NetworkSettings(**SMALL, fanouts=(1000, 1000, 1000))
    ids, x, steps = SampledTask(model, data, settings, 0, "cpu")._batch((0, np.array([7, 3, 150])))
    torch.testing.assert_close(on_blocks(model, x, steps), expected[ids], rtol=1e-4, atol=1e-5)


def test_neighbours_are_distinct_both_ways_and_without_the_node_itself() -> None:
    edges = np.array([[0, 0, 1, 2, 2], [1, 1, 0, 2, 0]])
    found = neighbours(edges, 4)
    assert [found.indices[a:b].tolist() for a, b in zip(found.indptr, found.indptr[1:], strict=False)] == [
        [1, 2], [0], [0], []
    ]  # fmt: skip
    mean = averaging(found.indptr, found.indices, 4).toarray()
    np.testing.assert_allclose(mean, [[0, 0.5, 0.5, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])


def hetero() -> NodeSet:
    draw = np.random.default_rng(2)
    edges = {
        ("author", "writes", "paper"): np.stack([draw.integers(0, 40, 90), draw.integers(0, NUM_NODES, 90)]),
        ("paper", "cites", "paper"): draw.integers(0, NUM_NODES, (2, 200)),
    }
    x = {"paper": draw.normal(size=(NUM_NODES, 6)).astype(np.float32)}
    counts = {"author": NUM_AUTHORS, "paper": NUM_NODES}
    y = draw.integers(0, NUM_CLASSES, NUM_NODES)
    return NodeSet("ogbn-mag", "acc", NUM_CLASSES, x, counts, edges, "paper", y, split_of(NUM_NODES))


def _dense_means(data: NodeSet) -> dict[tuple[str, str, str], Any]:
    """Row-stochastic matrices `[targets, sources]` of every relation and its way back, one edge at a time."""
    links: dict[tuple[str, str, str], set[tuple[int, int]]] = {}
    for (head, name, tail), edges in data.edges.items():
        pairs = {(int(s), int(t)) for s, t in edges.T}
        back = {(t, s) for s, t in pairs}
        if head == tail:
            links[head, name, tail] = {(s, t) for s, t in pairs | back if s != t}
        else:
            links[head, name, tail], links[tail, f"rev_{name}", head] = pairs, back
    found = {}
    for relation, pairs in links.items():
        matrix = np.zeros((data.num_nodes[relation[2]], data.num_nodes[relation[0]]))
        for source, target in pairs:
            matrix[target, source] = 1.0
        found[relation] = matrix / np.maximum(matrix.sum(1, keepdims=True), 1.0)
    return found


def _typed(graph: HeteroGraph) -> HeteroNetwork:
    sizes = {"hidden": 8, "num_layers": 2}
    kinds, relations = ["author", "paper"], list(graph.relations)
    return HeteroNetwork(kinds, relations, 6, NUM_CLASSES, graph.featureless, dropout=0.5, **sizes)


def test_the_typed_network_is_the_plain_formula_sampled_or_not() -> None:
    data = hetero()
    graph = HeteroGraph(data, relations_of(data))
    means = _dense_means(data)
    assert set(graph.relations) == set(means)
    model = _typed(graph).eval()
    varied(model)
    x = {"paper": data.x["paper"].astype(float), "author": model.table("author").double().numpy()}
    for number in range(2):
        after = {}
        for place, kind in enumerate(model.kinds):
            own: Any = model.own[number][place]  # type: ignore[index]
            out = x[kind] @ own.weight.detach().double().numpy().T + own.bias.detach().double().numpy()
            for index, relation in enumerate(model.relations):
                if relation[2] == kind:
                    weight: Any = model.through[number][index].weight  # type: ignore[index]
                    out = out + means[relation] @ x[relation[0]] @ weight.detach().double().numpy().T
            after[kind] = np.maximum(out, 0) if number == 0 else out
        x = after
    np.testing.assert_allclose(predict_hetero(model, graph, 50).numpy(), x["paper"], rtol=1e-4, atol=1e-4)
    task = HeteroTask(model, graph, NetworkSettings(num_layers=2, fanouts=(1000, 1000)), 0, "cpu")
    ids, batch, steps = task._batch((0, np.array([9, 4, 100])))
    logits = task._forward(task._inputs(batch)[0], batch, steps)
    np.testing.assert_allclose(logits.detach().numpy(), x["paper"][ids], rtol=1e-4, atol=1e-4)


def test_the_typed_network_counts_learned_rows_as_ogb_does() -> None:
    """Ogbn-mag: 154,366,772 parameters on the leaderboard; the same sum, with a hundredth of the nodes' rows."""
    rows = {"author": 11_346, "field_of_study": 600, "institution": 87}
    ends = [("author", "institution"), ("author", "paper"), ("paper", "field_of_study")]
    relations = [(a, "to", b) for pair in ends for a, b in (pair, pair[::-1])] + [("paper", "cites", "paper")]
    model = HeteroNetwork(
        [*rows, "paper"], relations, 128, 349, rows, hidden=64, num_layers=2, dropout=0.5
    )  # fmt: skip
    assert model.count() - 128 * sum(rows.values()) == 154_366_772 - 128 * (1_134_649 + 59_965 + 8_740)


def test_only_rows_that_a_batch_has_looked_at_are_moved() -> None:
    data = hetero()
    graph = HeteroGraph(data, relations_of(data))
    model = _typed(graph)
    settings = NetworkSettings(num_layers=2, fanouts=(2, 2), batch_size=1, workers=0)
    task = HeteroTask(model, graph, settings, 0, "cpu")
    before = model.table("author").clone()
    losses = task.losses()
    next(losses).backward()
    next(losses)
    moved = (model.table("author") != before).any(dim=1)
    batch = task.sampler.sample({"paper": next(_first_batch(data))}, epoch=0, batch=0)
    seen = torch.zeros(NUM_AUTHORS, dtype=torch.bool)
    seen[torch.from_numpy(np.array(batch.nodes["author"]))] = True
    assert moved.any() and not (moved & ~seen).any()


def _first_batch(data: NodeSet) -> Any:
    from graphrec.ogb.sampled import even_batches

    return even_batches(data.split["train"], 1, 0, 0)
