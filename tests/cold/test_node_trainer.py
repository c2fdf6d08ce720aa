from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from graphrec.cold.base import NodeClassifier
from graphrec.cold.gcn import GCN
from graphrec.cold.mlp import MLP, MLPConfig
from graphrec.cold.trainer import NodeTrainConfig, accuracy, predict, train_node_model
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted

NONE = torch.empty(0, dtype=torch.int64)


class Table(NodeClassifier):
    """Logits are free parameters, a row per node, half of them exempt from decay."""

    def __init__(self, num_nodes):
        super().__init__()
        self.free = nn.Parameter(torch.zeros(num_nodes, NUM_CLASSES))
        self.exempt = nn.Parameter(torch.zeros(num_nodes, NUM_CLASSES))
        self.reset_parameters()

    def reset_parameters(self, generator=None):
        super().reset_parameters(generator)
        for parameter in self.parameters():
            nn.init.ones_(parameter)

    def undecayed(self):
        return (self.exempt,)

    def logits(self, data):
        return self.free + self.exempt


class Scripted(Table):
    """Follows a script: at step t its validation predictions are those of `script[t]`, whatever it learns."""

    def __init__(self, data, script):
        self.script, self.step = script, 0
        super().__init__(data.num_nodes)

    def loss(self, data, logits):
        self.step += 1
        return (self.free * 0).sum() + self.exempt.sum() * 0

    def logits(self, data):
        base = super().logits(data)
        if self.training:
            return base
        sure = torch.nn.functional.one_hot(data.y, NUM_CLASSES).float()
        right, confidence = self.script[min(self.step, len(self.script)) - 1]
        signs = torch.full((data.num_nodes, 1), -1.0)
        signs[data.valid[:right]] = 1.0
        return confidence * signs * sure + 0 * base


def best_epoch(script):
    data = planted()
    data = replace(data, valid=data.valid[:10])
    result = train_node_model(Scripted(data, script), data, NodeTrainConfig(epochs=len(script), patience=99))
    return result.best_epoch


def test_the_best_validation_epoch_is_kept_and_ties_go_to_the_smaller_loss():
    assert best_epoch([(3, 1.0), (8, 1.0), (5, 1.0)]) == 2
    assert best_epoch([(8, 0.1), (8, 0.5), (8, 0.3)]) == 2
    assert best_epoch([(7, 0.01), (8, 9.0), (7, 0.01)]) == 2  # one more right beats any loss


def test_patience_stops_and_counts_looks():
    data = planted()
    script = [(5, 1.0)] + [(4, 1.0)] * 99
    model = Scripted(replace(data, valid=data.valid[:10]), script)
    train_node_model(model, replace(data, valid=data.valid[:10]), NodeTrainConfig(epochs=100, patience=7))
    assert model.step == 1 + 7


def test_weight_decay_leaves_exempt_parameters_alone():
    data = replace(planted(), valid=NONE)
    model = Table(data.num_nodes)
    train_node_model(model, data, NodeTrainConfig(lr=0.01, weight_decay=1.0, epochs=5))
    untouched = torch.ones(data.num_nodes, dtype=torch.bool)
    untouched[data.train] = False  # nodes that the loss says nothing of
    assert torch.equal(model.exempt[untouched], torch.ones(int(untouched.sum()), NUM_CLASSES))
    assert bool((model.free[untouched] < 1).all())
    assert bool((model.exempt[data.train] != 1).any())


def test_labels_outside_the_training_set_teach_nothing():
    data = planted()
    scrambled = data.y.roll(1)
    scrambled[data.train] = data.y[data.train]
    config = NodeTrainConfig(epochs=20, patience=20)
    blind = replace(data, valid=NONE)
    a = train_node_model(GCN(NUM_FEATURES, NUM_CLASSES), blind, config)
    b = train_node_model(GCN(NUM_FEATURES, NUM_CLASSES), replace(blind, y=scrambled), config)
    assert torch.equal(a.logits, b.logits)
    assert a.best_epoch == 20 and math.isnan(a.valid)


def test_watched_data_chooses_the_epoch_and_is_what_valid_measures():
    data = planted()
    watch = data.without_edges_of(data.valid)
    model = GCN(NUM_FEATURES, NUM_CLASSES)
    result = train_node_model(model, data, NodeTrainConfig(epochs=40), watch=watch)
    assert result.valid == accuracy(predict(model, watch), data.y, data.valid)
    assert torch.equal(result.logits, predict(model, data))
    plain = train_node_model(model, data, NodeTrainConfig(epochs=40))
    assert plain.valid > result.valid  # edges help on the planted graph


class TwoScripts(Scripted):
    """Follows a second script on data without edges."""

    def __init__(self, data, script, without_edges):
        self.scripts = script, without_edges
        super().__init__(data, script)

    def logits(self, data):
        self.script = self.scripts[data.edge_index.numel() == 0]
        return super().logits(data)


def test_the_watched_data_alone_chooses_the_epoch():
    data = planted()
    data = replace(data, valid=data.valid[:10])
    watch = data.with_edges(data.edge_index[:, :0])
    model = TwoScripts(data, [(2, 1.0), (3, 1.0), (9, 1.0)], [(4, 1.0), (8, 1.0), (6, 1.0)])
    config = NodeTrainConfig(epochs=3, patience=99)
    assert train_node_model(model, data, config, watch=watch).best_epoch == 2
    model.step = 0
    assert train_node_model(model, data, config).best_epoch == 3


def test_frozen_parameters_are_in_no_group():
    model = Table(5)
    model.free.requires_grad_(False)
    assert [group["params"] for group in model.parameter_groups(0.1)] == [[model.exempt]]


def test_result_belongs_to_the_kept_weights():
    data = planted()
    model = MLP(NUM_FEATURES, NUM_CLASSES, MLPConfig(dropout=0.8))
    result = train_node_model(model, data, NodeTrainConfig(lr=0.05, epochs=60, patience=60), seed=4)
    assert result.best_epoch < 60
    assert torch.equal(predict(model, data), result.logits)
    assert result.valid == result.accuracy(data, data.valid)


def test_accuracy_counts():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    y = torch.tensor([0, 0, 0])
    assert accuracy(logits, y, torch.tensor([0, 1, 2])) == pytest.approx(2 / 3)
    assert math.isnan(accuracy(logits, y, NONE))
