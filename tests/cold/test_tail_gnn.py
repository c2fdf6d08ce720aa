from __future__ import annotations

import pytest
import torch

from graphrec.cold.tail_gnn import TailGNN, TailGNNConfig
from graphrec.cold.trainer import NodeTrainConfig, train_node_model
from tests.cold.planted_nodes import NUM_CLASSES, NUM_FEATURES, planted

DATA = planted()
CONFIG = TailGNNConfig(hidden=8, dropout=0.0, head_degree=3)


def drawn():
    """A model whose translations are not zero."""
    model = TailGNN(NUM_FEATURES, NUM_CLASSES, CONFIG)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for layer in (model.first, model.second):
            layer.translation.normal_(generator=generator)
            layer.linear.bias.normal_(generator=generator)
    return model.eval()


def by_loops(layer, x, neighbours, is_tail):
    """One translation layer, node by node: new vectors and missing information."""
    own = x @ layer.linear.weight + layer.linear.bias
    new, missing = [], []
    for node, kept in enumerate(neighbours):
        mean = own[kept].mean(dim=0) if kept else torch.zeros(own.shape[1])
        both = torch.cat([own[node], mean])
        gamma, beta = (torch.nn.functional.leaky_relu(m.weight @ both) for m in (layer.scale, layer.shift))
        missing.append(own[node] + (gamma + 1) * layer.translation + beta - mean)
        rows = [own[node], *own[kept], *([missing[-1]] if is_tail[node] else [])]
        new.append(torch.stack(rows).mean(dim=0))
    return torch.stack(new), torch.stack(missing)


def neighbour_lists(data):
    lists = [[] for _ in range(data.num_nodes)]
    for source, target in data.edge_index.t().tolist():
        lists[target].append(source)
    return lists


def test_both_layers_are_those_of_loops_for_head_tail_and_isolated_nodes():
    model, lists = drawn(), neighbour_lists(DATA)
    is_tail = [len(kept) <= 3 for kept in lists]
    assert 20 < sum(is_tail) < 160
    hidden, first = by_loops(model.first, DATA.x, lists, is_tail)
    logits, second = by_loops(model.second, torch.nn.functional.elu(hidden), lists, is_tail)
    torch.testing.assert_close(model.logits(DATA), logits, atol=1e-5, rtol=1e-4)
    for found, expected in zip(model._missing, (first, second), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("low", [0, 1, 9])
def test_forged_nodes_keep_few_of_their_own_neighbours(low):
    model = TailGNN(NUM_FEATURES, NUM_CLASSES, CONFIG.model_copy(update={"forged_low": low}))
    is_head = DATA.degree > 3
    graph, counts = DATA.loopless, set()
    for _ in range(20):
        near = model._forged(DATA, is_head)
        kept = torch.zeros(DATA.num_nodes).index_add(0, graph.target, (near.weights > 0).float())
        assert torch.equal(kept, near.count.squeeze(1))
        assert torch.equal(kept[~is_head], DATA.degree[~is_head].float())
        counts |= set(kept[is_head].int().tolist())
        total = torch.zeros(DATA.num_nodes).index_add(0, graph.target, near.weights)
        torch.testing.assert_close(total, (kept > 0).float())
    assert counts == set(range(min(low, 3), 4))


def test_every_edge_of_a_head_node_is_kept_alike_often():
    model = TailGNN(NUM_FEATURES, NUM_CLASSES, CONFIG.model_copy(update={"forged_low": 3}))
    is_head, graph = DATA.degree > 3, DATA.loopless
    rounds = 1500
    kept = sum((model._forged(DATA, is_head).weights > 0).float() for _ in range(rounds)) / rounds
    expected = (3.0 / DATA.degree.float()).clamp_max(1.0)[graph.target]
    assert float((kept - expected).abs().max()) < 0.07  # five standard deviations


def test_loss_is_the_sum_of_its_four_terms():
    model = drawn().train()
    logits = model.logits(DATA)
    missing = list(model._missing)
    state = model.generator.get_state()
    loss = model.loss(DATA, logits)
    model.generator.set_state(state)
    head = torch.nonzero(DATA.degree > 3).squeeze(1)
    forged = model._run(DATA, model._forged(DATA, DATA.degree > 3))
    entropy = torch.nn.functional.cross_entropy
    labelled = DATA.train[(DATA.degree > 3)[DATA.train]]
    expected = entropy(logits[DATA.train], DATA.y[DATA.train]) + entropy(forged[labelled], DATA.y[labelled])
    expected += 0.001 * sum(m[head].square().sum(dim=1).mean() for m in missing)
    real, fake = (torch.sigmoid(model.discriminator(rows[head])) for rows in (logits, forged))
    apart = -torch.cat([real.log(), (1 - fake).log()]).mean()
    torch.testing.assert_close(loss, expected + 0.1 * apart)


def test_the_encoder_is_rewarded_for_fooling_the_discriminator():
    model = drawn()
    real = torch.randn(6, NUM_CLASSES, generator=torch.Generator().manual_seed(0)).requires_grad_()
    forged = real.detach() + 2
    model._told_apart(real, forged).backward()
    reversed_, judge = real.grad.clone(), model.discriminator[0].weight.grad.clone()
    with torch.no_grad():
        worse = model._told_apart(
            real - 0.01 * reversed_, forged
        )  # what gradient descent does to the encoder
        better = model._told_apart(real, forged)
        assert worse > better
        model.discriminator[0].weight -= 0.01 * judge  # and to the discriminator
        assert model._told_apart(real, forged) < better


def test_without_head_nodes_cross_entropy_alone_is_left():
    model = TailGNN(NUM_FEATURES, NUM_CLASSES)
    bare = DATA.with_edges(DATA.edge_index[:, :0])
    logits = model.logits(bare)
    expected = torch.nn.functional.cross_entropy(logits[DATA.train], DATA.y[DATA.train])
    torch.testing.assert_close(model.loss(bare, logits), expected)


def test_it_learns_and_repeats_itself():
    model = TailGNN(NUM_FEATURES, NUM_CLASSES, TailGNNConfig(hidden=16, head_degree=3))
    training = NodeTrainConfig(epochs=60)
    result = train_node_model(model, DATA, training)
    assert result.accuracy(DATA, DATA.test) > 0.75
    assert torch.equal(result.logits, train_node_model(model, DATA, training).logits)
