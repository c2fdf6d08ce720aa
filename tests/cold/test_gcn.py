from __future__ import annotations

import itertools

import torch
from torch_geometric.nn import GCNConv

from graphrec.cold.gcn import GCN, GCNConfig
from graphrec.cold.trainer import predict
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted


def test_logits_and_gradients_are_those_of_stacked_pyg_convolutions():
    data = planted()
    model = GCN(NUM_FEATURES, NUM_CLASSES, GCNConfig(hidden=7, num_layers=3, dropout=0.0))
    sizes = [NUM_FEATURES, 7, 7, NUM_CLASSES]
    convolutions = [GCNConv(*size) for size in itertools.pairwise(sizes)]
    weights = [model.first.weight.t(), *(layer.weight for layer in model.rest)]
    with torch.no_grad():
        for bias in model.biases:
            bias.normal_(generator=torch.Generator().manual_seed(1))
        for conv, weight, bias in zip(convolutions, weights, model.biases, strict=True):
            conv.lin.weight.copy_(weight)
            conv.bias.copy_(bias)
    x = data.x
    for conv in convolutions[:-1]:
        x = conv(x, data.edge_index).relu()
    expected = convolutions[-1](x, data.edge_index)
    torch.testing.assert_close(model.logits(data), expected)
    torch.nn.functional.cross_entropy(expected[data.train], data.y[data.train]).backward()
    model.loss(data, model.logits(data)).backward()
    torch.testing.assert_close(model.first.weight.grad.t(), convolutions[0].lin.weight.grad)
    for layer, conv in zip(model.rest, convolutions[1:], strict=True):
        torch.testing.assert_close(layer.weight.grad, conv.lin.weight.grad)


def test_on_an_isolated_node_it_is_a_perceptron_with_its_own_weights():
    data = planted()
    model = GCN(NUM_FEATURES, NUM_CLASSES, GCNConfig(hidden=8)).eval()
    hidden = (data.x @ model.first.weight + model.biases[0]).relu()
    alone = hidden @ model.rest[0].weight.t() + model.biases[1]
    isolated = data.isolated()
    logits = predict(model, data)
    torch.testing.assert_close(logits[isolated], alone[isolated])
    assert not torch.allclose(logits[~isolated], alone[~isolated])
