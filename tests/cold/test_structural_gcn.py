from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional as F
from torch_geometric.nn import GCNConv, PairNorm

from graphrec.cold.residual import PROJECTED
from graphrec.cold.structural_gcn import StructuralGCN, StructuralGCNConfig, teacher_embeddings
from graphrec.cold.trainer import NodeTrainConfig, predict, train_node_model
from graphrec.errors import InvalidInputError
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, dense_adjacency, planted

DATA = planted()
RESIDUALS = ["none", "initial", "dense", "residual", "jumping"]


def teacher(**settings):
    config = StructuralGCNConfig(**({"hidden": 8, "dropout": 0.0} | settings))
    model = StructuralGCN(NUM_FEATURES, NUM_CLASSES, DATA.num_nodes, config)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in model.layers:  # a zero bias or table would hide its place
            layer.bias.normal_(generator=generator)
            if layer.structural is not None:
                layer.structural.normal_(generator=generator)
    return model.eval()


def normalised():
    a = dense_adjacency(DATA) + torch.eye(DATA.num_nodes)
    scale = a.sum(dim=1).rsqrt()
    return scale[:, None] * a * scale[None, :]


def pyg(layer):
    """PyG's convolution with the weights of one of ours."""
    conv = GCNConv(*layer.linear.weight.shape)
    with torch.no_grad():
        conv.lin.weight.copy_(layer.linear.weight.t())
        conv.bias.copy_(layer.bias)
    return conv


def test_without_structural_embeddings_it_is_stacked_pyg_convolutions():
    model = teacher(se_layers="000", depth=3)
    first, second, third = (pyg(layer) for layer in model.layers)
    x = second(first(DATA.x, DATA.edge_index).relu(), DATA.edge_index).relu()
    torch.testing.assert_close(model.logits(DATA), third(x, DATA.edge_index))
    assert float(model.penalty()) == 0.0


def test_initial_connections_and_pair_norm_around_pyg_convolutions():
    model = teacher(se_layers="000", depth=2, residual="initial", alpha=0.3, norm="pair")
    start = x = (DATA.x @ model.projection.weight + model.projection.bias).relu()
    for layer in model.layers:
        x = 0.7 * PairNorm()(pyg(layer)(x, DATA.edge_index)).relu() + 0.3 * start
    torch.testing.assert_close(model.logits(DATA), model.output(x))


def test_residual_dense_and_jumping_connections_around_pyg_convolutions():
    for kind in ("residual", "dense", "jumping"):
        model = teacher(se_layers="000", depth=2, residual=kind, alpha=0.3)
        first, second = (pyg(layer) for layer in model.layers)
        if kind == "jumping":
            one = first(DATA.x, DATA.edge_index).relu()
            expected = model.output(torch.cat([one, second(one, DATA.edge_index).relu()], dim=1))
        else:
            start = (DATA.x @ model.projection.weight + model.projection.bias).relu()
            one = first(start, DATA.edge_index).relu()
            maps = [residual.join for residual in model.residuals]
            one = 0.7 * one + 0.3 * start if kind == "residual" else maps[0](torch.cat([start, one], dim=1))
            two = second(one, DATA.edge_index).relu()
            two = (
                0.7 * two + 0.3 * one if kind == "residual" else maps[1](torch.cat([start, one, two], dim=1))
            )
            expected = model.output(two)
        torch.testing.assert_close(model.logits(DATA), expected)


def test_structural_embeddings_join_before_aggregation():
    model = teacher(se_layers="111", depth=2)
    x, adjacency = DATA.x, normalised()
    for place, layer in enumerate(model.layers):
        x = adjacency @ (x @ layer.linear.weight + layer.structural) + layer.bias
        x = x.relu() if place == 0 else x
    torch.testing.assert_close(model.logits(DATA), x)


@pytest.mark.parametrize("residual", RESIDUALS)
@pytest.mark.parametrize(
    ("flags", "depth", "carried"),
    [("100", 4, [0]), ("010", 4, [1, 2]), ("001", 4, [3]), ("111", 3, [0, 1, 2]), ("000", 3, []), ("100", 1, [0]),
     ("011", 1, [])],
)  # fmt: skip
def test_flags_name_first_middle_and_last_layer_whatever_the_connections(residual, flags, depth, carried):
    model = teacher(se_layers=flags, depth=depth, residual=residual)
    assert [place for place, layer in enumerate(model.layers) if layer.structural is not None] == carried
    assert model.logits(DATA).shape == (DATA.num_nodes, NUM_CLASSES)


@pytest.mark.parametrize("residual", RESIDUALS)
@pytest.mark.parametrize("norm", ["batch", "pair", "node", "mean", "group"])
def test_every_norm_changes_the_outcome_of_every_connection(norm, residual):
    """The published code compares option strings that never match, and so never normalises."""
    plain, normed = teacher(depth=3, residual=residual), teacher(depth=3, residual=residual, norm=norm)
    with torch.no_grad():
        state = {name: value for name, value in plain.state_dict().items()}
        normed.load_state_dict(state, strict=False)
    assert not torch.allclose(plain.logits(DATA), normed.train().logits(DATA), atol=1e-3)


def test_penalty_is_the_sum_of_norms_or_of_their_squares():
    for squared in (False, True):
        model = teacher(se_layers="111", depth=3, eta=2.0, squared=squared)
        lengths = [
            float(table.detach().square().sum()) ** (1.0 if squared else 0.5) for table in model.structural()
        ]
        assert float(model.penalty()) == pytest.approx(2.0 * sum(lengths), rel=1e-5)
        logits = model.logits(DATA)
        expected = F.cross_entropy(logits[DATA.train], DATA.y[DATA.train]) + model.penalty()
        torch.testing.assert_close(model.loss(DATA, logits), expected)


def test_a_strong_penalty_empties_the_embeddings_and_leaves_a_gcn():
    model = teacher(eta=1e4, squared=True, se_init="normal")
    training = NodeTrainConfig(lr=0.05, weight_decay=0.0, epochs=400)
    before = DATA.valid
    data = type(DATA)(DATA.x, DATA.y, DATA.edge_index, DATA.train, before[:0], DATA.test, DATA.num_classes)
    trained = train_node_model(model, data, training).logits
    table = model.structural()[0]
    assert float(table.detach().abs().max()) < 1e-2
    first, second = (pyg(layer) for layer in model.layers)
    gcn = second(first(DATA.x, DATA.edge_index).relu(), DATA.edge_index)
    torch.testing.assert_close(trained, gcn.detach(), atol=0.05, rtol=0.05)
    assert torch.equal(trained.argmax(dim=1), gcn.argmax(dim=1))
    weak = train_node_model(teacher(eta=0.0, se_init="normal"), data, training)
    assert not torch.equal(weak.logits.argmax(dim=1), trained.argmax(dim=1))


def test_zero_start_leaves_an_isolated_node_without_label_its_features_alone():
    model = teacher(eta=0.1, se_layers="111")
    train_node_model(model, DATA, NodeTrainConfig(epochs=20))
    unlabelled = DATA.isolated().clone()
    unlabelled[DATA.train] = False
    assert int(unlabelled.sum()) > 5
    for table in model.structural():
        assert float(table[unlabelled].abs().max()) == 0.0
        assert float(table[~DATA.isolated()].abs().max()) > 0.0


def test_weight_decay_never_reaches_structural_embeddings():
    model = teacher(se_layers="111")
    decayed, exempt = model.parameter_groups(0.5)
    assert {id(p) for p in exempt["params"]} == {id(p) for p in model.structural()}
    assert (decayed["weight_decay"], exempt["weight_decay"]) == (0.5, 0.0)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_teacher_embeddings_are_made_in_eval_mode(residual):
    model = teacher(depth=3, residual=residual, dropout=0.5, norm="batch").train()
    hidden = 3 if residual in PROJECTED | {"jumping"} else 2
    for kind, width in (("logits", 3), ("layers", 8 * hidden + 3), ("convolutions", 8 * hidden + 3)):
        bank = teacher_embeddings(model.train(), DATA, kind)
        assert bank.shape == (DATA.num_nodes, width)
        torch.testing.assert_close(bank, teacher_embeddings(model.train(), DATA, kind))
        torch.testing.assert_close(bank[:, -3:], predict(model, DATA))
        assert not bank.requires_grad


def test_layers_of_the_bank_are_those_of_the_equations():
    model = teacher(depth=2)
    mapped = DATA.x @ model.layers[0].linear.weight + model.layers[0].structural
    torch.testing.assert_close(teacher_embeddings(model, DATA, "layers")[:, :8], mapped)
    convolved = normalised() @ mapped + model.layers[0].bias
    torch.testing.assert_close(teacher_embeddings(model, DATA, "convolutions")[:, :8], convolved)


def test_it_learns_and_repeats_itself():
    config = StructuralGCNConfig(hidden=16, residual="initial", norm="mean", se_layers="111")
    model = StructuralGCN(NUM_FEATURES, NUM_CLASSES, DATA.num_nodes, config)
    training = NodeTrainConfig(epochs=60)
    result = train_node_model(model, DATA, training, seed=3)
    assert result.accuracy(DATA, DATA.test[~DATA.isolated()[DATA.test]]) > 0.8
    assert torch.equal(result.logits, train_node_model(model, DATA, training, seed=3).logits)


def test_wrong_settings_and_graphs_are_errors():
    with pytest.raises(ValidationError):
        StructuralGCNConfig(se_layers="1")
    with pytest.raises(InvalidInputError, match="180 nodes"):
        teacher().logits(planted(num_nodes=90))
