from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import SAGEConv
from torch_geometric.utils import add_self_loops

from graphrec.cold.sage import GraphSAGE, GraphSAGEConfig
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted


@pytest.mark.parametrize("aggregator", ["mean", "gcn"])
def test_logits_are_those_of_stacked_pyg_convolutions(aggregator):
    data = planted()
    config = GraphSAGEConfig(hidden=6, dropout=0.0, aggregator=aggregator)
    model = GraphSAGE(NUM_FEATURES, NUM_CLASSES, config)
    separate = aggregator == "mean"
    edges = data.edge_index if separate else add_self_loops(data.edge_index, num_nodes=data.num_nodes)[0]
    x = data.x
    weights = [model.first.weight.t(), *(layer.weight for layer in model.rest)]
    with torch.no_grad():
        for bias in model.biases:
            bias.normal_(generator=torch.Generator().manual_seed(1))
        for place, (weight, bias) in enumerate(zip(weights, model.biases, strict=True)):
            conv = SAGEConv(weight.shape[1], len(bias), root_weight=separate)
            conv.lin_l.weight.copy_(weight[-len(bias) :])
            conv.lin_l.bias.copy_(bias)
            if separate:
                conv.lin_r.weight.copy_(weight[: len(bias)])
            x = conv(x.relu() if place else x, edges)
        torch.testing.assert_close(model.logits(data), x)


@pytest.mark.parametrize("aggregator", ["mean", "gcn"])
def test_an_isolated_node_depends_on_nothing_but_itself(aggregator):
    data = planted()
    model = GraphSAGE(NUM_FEATURES, NUM_CLASSES, GraphSAGEConfig(aggregator=aggregator)).eval()
    x = data.x.clone().requires_grad_()
    isolated = int(data.isolated().nonzero()[0])
    dense = data.with_edges(data.edge_index)
    object.__setattr__(dense, "x", x)
    dense.__dict__["features"] = x
    (gradient,) = torch.autograd.grad(model.logits(dense)[isolated].sum(), x)
    assert gradient[isolated].abs().sum() > 0
    assert gradient.abs().sum() == gradient[isolated].abs().sum()
