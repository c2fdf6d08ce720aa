from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from graphrec.cold.gcn import GCN, GCNConfig
from graphrec.cold.glnn import GLNNConfig, GLNNStudent
from graphrec.cold.graph_mlp import GraphMLP
from graphrec.cold.structural_gcn import StructuralGCN, StructuralGCNConfig, teacher_embeddings
from graphrec.cold.student import ColdBrewConfig, ColdBrewStudent, fit_cold_brew, fit_part_one
from graphrec.cold.trainer import NodeTrainConfig, predict, train_node_model
from graphrec.errors import InvalidInputError
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted

DATA = planted(num_nodes=240, num_isolated=60)
QUICK = NodeTrainConfig(epochs=60, patience=30)
CONFIG = ColdBrewConfig(
    hidden=32, part_one=NodeTrainConfig(lr=0.01, weight_decay=0.0, epochs=80, eval_every=5)
)


@pytest.fixture(scope="module")
def bank():
    teacher = StructuralGCN(
        NUM_FEATURES, NUM_CLASSES, DATA.num_nodes, StructuralGCNConfig(hidden=16, norm="mean")
    )
    train_node_model(teacher, DATA, QUICK)
    return teacher_embeddings(teacher, DATA, "layers")


@pytest.fixture(scope="module")
def part_one(bank):
    return fit_part_one(bank, DATA, CONFIG)


def models(bank, part_one):
    yield ColdBrewStudent(NUM_FEATURES, NUM_CLASSES, part_one, CONFIG)
    yield GLNNStudent(NUM_FEATURES, NUM_CLASSES, bank[:, -NUM_CLASSES:])
    yield GraphMLP(NUM_FEATURES, NUM_CLASSES)


def test_an_isolated_nodes_output_does_not_hang_on_edges_elsewhere(bank, part_one):
    generator = torch.Generator().manual_seed(5)
    shuffled = torch.randperm(180, generator=generator)
    others = DATA.with_edges(torch.cat([shuffled, torch.arange(180, 240)])[DATA.edge_index])
    none = DATA.with_edges(DATA.edge_index[:, :0])
    isolated = torch.arange(180, 240)
    assert bool(others.isolated()[isolated].all())
    assert not torch.equal(others.edge_index, DATA.edge_index)
    for model in models(bank, part_one):
        train_node_model(model, DATA, NodeTrainConfig(epochs=5))
        logits = predict(model, DATA)[isolated]
        for changed in (others, none, replace(others, x=DATA.x.clone())):  # a copy: nothing remembered
            assert torch.equal(predict(model, changed)[isolated], logits)


def test_a_new_node_is_classified_from_its_features_alone(bank, part_one):
    for model in models(bank, part_one):
        train_node_model(model, DATA, NodeTrainConfig(epochs=5))
        empty = torch.zeros(0, dtype=torch.int64)
        alone = replace(
            DATA, x=DATA.x[:1], y=DATA.y[:1], edge_index=DATA.edge_index[:, :0], train=empty, valid=empty, test=empty
        )  # fmt: skip
        torch.testing.assert_close(predict(model, alone), predict(model, DATA)[:1])


def test_part_one_learns_from_all_nodes_with_edges_and_from_no_other(bank):
    isolated = DATA.isolated()
    spoiled = torch.where(isolated[:, None], torch.nan, bank)
    first, second = (fit_part_one(b, DATA, CONFIG, seed=3) for b in (bank, spoiled))
    assert torch.equal(first.embeddings(DATA), second.embeddings(DATA))
    assert torch.equal(first.neighbours.candidates, torch.nonzero(~isolated).squeeze(1))
    unlabelled = ~isolated
    unlabelled[DATA.train] = False
    shifted = bank + 100 * unlabelled[:, None]
    assert float(fit_part_one(shifted, DATA, CONFIG, seed=3).embeddings(DATA).mean()) > 10


def test_part_one_predicts_embeddings_better_than_their_mean(bank, part_one):
    warm = ~DATA.isolated()
    spread = float(F.mse_loss(bank[warm], bank[warm].mean(dim=0).expand(int(warm.sum()), -1)))
    assert part_one.error < 0.8 * spread


def test_labels_outside_the_training_set_are_never_read(bank):
    other = DATA.y.clone()
    other[DATA.test] = (other[DATA.test] + 1) % NUM_CLASSES
    changed = replace(DATA, y=other)
    logits = [fit_cold_brew(bank, data, CONFIG, QUICK, seed=2)[1].logits for data in (DATA, changed)]
    assert torch.equal(*logits)


@pytest.mark.parametrize("inputs", ["features+neighbours", "features+neighbours+embedding"])
def test_part_two_reads_features_attended_and_predicted_embeddings(part_one, inputs):
    config = CONFIG.model_copy(update={"inputs": inputs, "dropout": 0.0})
    student = ColdBrewStudent(NUM_FEATURES, NUM_CLASSES, part_one, config).eval()
    predicted = part_one.embeddings(DATA)
    warm = torch.nonzero(~DATA.isolated()).squeeze(1)
    scores, places = (predicted @ part_one.neighbours.bank[warm].t()).topk(config.k)
    attended = torch.einsum(
        "nk,nkd->nd", torch.softmax(scores, dim=1), part_one.neighbours.bank[warm][places]
    )
    rows = [DATA.x, attended] if inputs == "features+neighbours" else [DATA.x, attended, predicted]
    weight = torch.cat([student.of_features.weight, student.of_extras.weight.t()])
    hidden = torch.cat(rows, dim=1) @ weight + student.of_features.bias
    expected = student.output(F.gelu(F.layer_norm(hidden, (32,))))
    torch.testing.assert_close(student.logits(DATA), expected, atol=1e-4, rtol=1e-4)


def test_left_out_nodes_are_not_their_own_neighbours(part_one, bank):
    config = CONFIG.model_copy(update={"leave_self_out": True, "k": 1})
    part = fit_part_one(bank, DATA, config)
    student = ColdBrewStudent(NUM_FEATURES, NUM_CLASSES, part, config)
    own = torch.arange(DATA.num_nodes)
    found = part.neighbours.neighbours(part.embeddings(DATA), own).nodes[:, 0]
    assert not (found == own).any()
    torch.testing.assert_close(student.extras(DATA)[:, : bank.shape[1]], bank[found])


def test_part_one_stands_still_while_part_two_is_trained(bank):
    part = fit_part_one(bank, DATA, CONFIG)
    before = [parameter.clone() for parameter in part.network.parameters()]
    student = ColdBrewStudent(NUM_FEATURES, NUM_CLASSES, part, CONFIG)
    assert not any(parameter.requires_grad for parameter in part.network.parameters())
    trained = {id(p) for group in student.parameter_groups(0.1) for p in group["params"]}
    assert not trained & {id(parameter) for parameter in part.network.parameters()}
    train_node_model(student, DATA, NodeTrainConfig(epochs=5))
    assert all(torch.equal(a, b) for a, b in zip(before, part.network.parameters(), strict=True))


def test_chosen_labelled_nodes_alone_teach_part_two(part_one):
    logits = []
    for shift in (0, 1):
        y = DATA.y.clone()
        y[DATA.train[10:]] = (y[DATA.train[10:]] + shift) % NUM_CLASSES
        student = ColdBrewStudent(NUM_FEATURES, NUM_CLASSES, part_one, CONFIG, labelled=DATA.train[:10])
        logits.append(train_node_model(student, replace(DATA, y=y), NodeTrainConfig(epochs=5)).logits)
    assert torch.equal(*logits)


def test_the_whole_student_knows_isolated_nodes_and_repeats_itself(bank):
    isolated = DATA.test[DATA.isolated()[DATA.test]]
    _, first = fit_cold_brew(bank, DATA, CONFIG, QUICK, seed=1)
    assert first.accuracy(DATA, isolated) > 0.65
    assert torch.equal(first.logits, fit_cold_brew(bank, DATA, CONFIG, QUICK, seed=1)[1].logits)


def test_what_does_not_fit_is_an_error(bank):
    with pytest.raises(InvalidInputError, match="10 teacher embeddings"):
        fit_part_one(bank[:10], DATA, CONFIG)
    with pytest.raises(InvalidInputError, match="two nodes"):
        fit_part_one(bank, DATA.with_edges(DATA.edge_index[:, :0]), CONFIG)
    with pytest.raises(InvalidInputError, match="3 classes"):
        GLNNStudent(NUM_FEATURES, 3, bank)


def test_glnn_loss_by_hand():
    teacher = torch.randn(DATA.num_nodes, 3, generator=torch.Generator().manual_seed(0))
    logits = torch.randn(DATA.num_nodes, 3, generator=torch.Generator().manual_seed(1))
    p, q = torch.softmax(teacher / 2, dim=1), torch.softmax(logits / 2, dim=1)
    kl = (p * (p.log() - q.log())).sum(dim=1)
    labels = -torch.log_softmax(logits, dim=1)[DATA.train, DATA.y[DATA.train]].mean()
    warm = ~DATA.isolated()
    for nodes, chosen in ((None, warm), (DATA.test, DATA.test)):
        for share in (0.0, 0.3):
            config = GLNNConfig(temperature=2.0, label_share=share)
            student = GLNNStudent(NUM_FEATURES, 3, teacher, nodes, config)
            expected = share * labels + (1 - share) * kl[chosen].mean()
            torch.testing.assert_close(student.loss(DATA, logits), expected)


def test_glnn_learns_what_its_teacher_says_of_unlabelled_nodes():
    teacher = train_node_model(GCN(NUM_FEATURES, NUM_CLASSES, GCNConfig(hidden=16)), DATA, QUICK)
    model = GLNNStudent(NUM_FEATURES, NUM_CLASSES, teacher.logits, config=GLNNConfig(hidden=32, dropout=0.0))
    student = train_node_model(model, DATA, NodeTrainConfig(epochs=150, lr=0.02, weight_decay=0.0))
    warm = DATA.test[~DATA.isolated()[DATA.test]]
    agreed = (student.logits.argmax(dim=1) == teacher.logits.argmax(dim=1))[warm].float().mean()
    assert float(agreed) > 0.9
