"""What every node model of graphrec.cold keeps; a model joins by a line in MAKERS, and must."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache

import pytest
import torch

import graphrec.cold
from graphrec.cold.base import NodeClassifier
from graphrec.cold.gcn import GCN
from graphrec.cold.glnn import GLNNStudent
from graphrec.cold.graph_mlp import GraphMLP
from graphrec.cold.isolation_student import IsolationStudent
from graphrec.cold.mlp import MLP
from graphrec.cold.sage import GraphSAGE, GraphSAGEConfig
from graphrec.cold.structural_gcn import StructuralGCN, StructuralGCNConfig
from graphrec.cold.student import ColdBrewConfig, ColdBrewStudent, fit_part_one
from graphrec.cold.tail_gnn import TailGNN
from graphrec.cold.trainer import NodeTrainConfig, accuracy, predict, train_node_model
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted

SIZES = (NUM_FEATURES, NUM_CLASSES)
BRIEF = NodeTrainConfig(lr=0.02, epochs=60, patience=60)


@cache
def data():
    return planted(seed=7)


@cache
def teacher():
    """Logits of a network trained on the planted graph."""
    return predict(network(), data())


COLD_BREW = ColdBrewConfig(hidden=32, part_one=NodeTrainConfig(lr=0.01, weight_decay=0.0, epochs=80))


@cache
def part_one():
    return fit_part_one(teacher(), data(), COLD_BREW)


@cache
def network():
    """The trained network itself."""
    model = GCN(*SIZES)
    train_node_model(model, data(), BRIEF)
    return model


MAKERS = {
    "MLP": lambda: MLP(*SIZES),
    "GCN": lambda: GCN(*SIZES),
    "GraphSAGE": lambda: GraphSAGE(*SIZES),
    "GraphSAGE gcn": lambda: GraphSAGE(*SIZES, GraphSAGEConfig(aggregator="gcn")),
    "StructuralGCN": lambda: StructuralGCN(*SIZES, data().num_nodes),
    "StructuralGCN deep": lambda: StructuralGCN(
        *SIZES,
        data().num_nodes,
        StructuralGCNConfig(depth=4, se_layers="111", norm="batch", residual="initial"),
    ),
    "GLNNStudent": lambda: GLNNStudent(*SIZES, teacher()),
    "GraphMLP": lambda: GraphMLP(*SIZES),
    "TailGNN": lambda: TailGNN(*SIZES),
    "ColdBrewStudent": lambda: ColdBrewStudent(*SIZES, part_one(), COLD_BREW),
    "IsolationStudent": lambda: IsolationStudent(*SIZES, [network()], [network()]),
}
"""The class's name, perhaps with a variant after it, and how to make it."""

GRAPH_FREE = {"MLP", "GLNNStudent", "GraphMLP", "ColdBrewStudent"}

CLOSED_FORM = {"IsolationStudent"}
"""Models that are solved, by `fit`, instead of trained: no seed, no parameter."""

every_model = pytest.mark.parametrize("name", MAKERS)
gradient_models = pytest.mark.parametrize("name", [name for name in MAKERS if name not in CLOSED_FORM])


def train(model, seed=0, config=BRIEF, on=None):
    if isinstance(model, IsolationStudent):
        return model.fit(on or data())
    return train_node_model(model, on or data(), config, seed)


def trained(name, seed=0, config=BRIEF, on=None):
    model = MAKERS[name]()
    return model, train(model, seed, config, on)


def test_every_node_model_is_in_this_test():
    for module in pkgutil.iter_modules(graphrec.cold.__path__, "graphrec.cold."):
        importlib.import_module(module.name)
    found, waiting = set(), [NodeClassifier]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        found |= {one.__name__ for one in below if one.__module__.startswith("graphrec.cold.")}
    assert found == {name.split()[0] for name in MAKERS}


@every_model
def test_it_learns_the_planted_classes(name):
    _, result = trained(name)
    isolated = data().isolated()
    warm, cold = data().test[~isolated[data().test]], isolated.nonzero().flatten()
    cold = cold[torch.isin(cold, data().test)]
    assert result.accuracy(data(), warm) > (0.7 if name in GRAPH_FREE else 0.85)
    assert result.accuracy(data(), cold) > 0.5
    assert result.valid > 0.7


@every_model
def test_it_is_its_seed(name):
    config = BRIEF.model_copy(update={"epochs": 8})
    (_, first), (_, again), (_, other) = (trained(name, seed, config) for seed in (1, 1, 2))
    assert torch.equal(first.logits, again.logits)
    assert torch.equal(first.logits, other.logits) == (name in CLOSED_FORM)


@every_model
def test_training_twice_is_training_once(name):
    """Nothing of an earlier run stays in a model."""
    config = BRIEF.model_copy(update={"epochs": 5})
    model, first = trained(name, 1, config)
    train(model, 9, config, data().without_edges_of(torch.arange(40)))
    assert torch.equal(train(model, 1, config).logits, first.logits)


@every_model
def test_asking_changes_nothing(name):
    model, result = trained(name, config=BRIEF.model_copy(update={"epochs": 3}))
    state = model.generator.get_state()
    assert torch.equal(predict(model, data()), predict(model, data()))
    assert torch.equal(model.generator.get_state(), state)
    assert not result.logits.requires_grad and torch.isfinite(result.logits).all()
    assert result.logits.shape == (data().num_nodes, NUM_CLASSES)


@every_model
def test_labels_that_are_not_trained_on_teach_nothing(name):
    blind = replace(data(), valid=torch.empty(0, dtype=torch.int64))
    y = blind.y.roll(1)
    y[blind.train] = blind.y[blind.train]
    config = BRIEF.model_copy(update={"epochs": 8})
    _, known = trained(name, config=config, on=blind)
    _, scrambled = trained(name, config=config, on=replace(blind, y=y))
    assert torch.equal(known.logits, scrambled.logits)


@gradient_models
def test_every_parameter_is_trained_or_stands_still_on_purpose(name):
    model = MAKERS[name]().train()
    model.loss(data(), model.logits(data())).backward()
    for path, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, path


@every_model
def test_an_isolated_node_does_not_feel_edges_elsewhere(name):
    model, _ = trained(name, config=BRIEF.model_copy(update={"epochs": 10}))
    cut = data().without_edges_of(torch.arange(0, data().num_nodes, 3))
    before, after = predict(model, data()), predict(model, cut)
    isolated = data().isolated()
    assert torch.equal(before[isolated], after[isolated])
    if name in GRAPH_FREE:
        assert torch.equal(before, after)
    else:
        assert not torch.allclose(before[~isolated], after[~isolated])


@every_model
def test_an_isolated_node_does_not_feel_other_nodes_features(name):
    model, _ = trained(name, config=BRIEF.model_copy(update={"epochs": 10}))
    isolated = data().isolated()
    x = data().x.clone()
    x[~isolated] = x[~isolated].roll(1, dims=0)
    changed = replace(data(), x=x)
    torch.testing.assert_close(predict(model, changed)[isolated], predict(model, data())[isolated])


@every_model
def test_decay_spares_what_is_exempt_and_groups_hold_everything_once(name):
    model = MAKERS[name]()
    groups = model.parameter_groups(0.5)
    held = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    exempt = {id(parameter) for parameter in model.undecayed()}
    for group in groups:
        assert {id(p) in exempt for p in group["params"]} == {group["weight_decay"] == 0.0}


def test_structural_embeddings_are_exempt():
    model = MAKERS["StructuralGCN deep"]()
    tables = [p for p in model.parameters() if p.shape[:1] == (data().num_nodes,)]
    assert tables and {id(p) for p in tables} <= {id(p) for p in model.undecayed()}


def test_students_of_a_teacher_come_near_it_without_a_graph():
    _, plain = trained("MLP")
    _, taught = trained("GLNNStudent")
    warm = data().test[~data().isolated()[data().test]]
    agreement = accuracy(taught.logits, teacher().argmax(dim=1), warm)
    assert agreement > accuracy(plain.logits, teacher().argmax(dim=1), warm)
