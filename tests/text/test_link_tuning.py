"""Link prediction as a baseline: right pairs, right negatives, the right loss, and it learns what is linked."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graphrec.errors import InvalidInputError
from graphrec.text.encoder import load_encoder
from graphrec.text.link_tuning import LinkedPairs, LinkTuningConfig, in_batch_loss, tune_by_links
from graphrec.text.tokens import tokenise
from tests.text.tiny_bert import communities, margin, write_bert


def random_edges(num_nodes, num_edges, seed=0):
    found = np.random.default_rng(seed).integers(0, num_nodes, (2, num_edges))
    found = found[:, found[0] != found[1]]
    return np.concatenate([found, found[::-1]], axis=1)


def test_every_node_with_a_neighbour_comes_once_per_pass_beside_one_of_its_neighbours():
    edges = random_edges(60, 70)
    linked = set(zip(*edges.tolist(), strict=True))
    pairs = LinkedPairs(edges, 80)
    count = math.ceil(len(pairs.anchors) / 7)
    for _ in range(2):
        found = list(islice(pairs.batches(7, seed=3), count))
        anchors = np.concatenate([left for left, _ in found])
        assert sorted(anchors.tolist()) == sorted(set(edges[0].tolist()))
        assert all((a, b) in linked for left, right in found for a, b in zip(left, right, strict=True))


def test_every_neighbour_is_drawn_about_as_often_as_the_others():
    star = np.array([[0, 0, 0, 1, 2, 3], [1, 2, 3, 0, 0, 0]])
    batches = islice(LinkedPairs(star, 4).batches(4, seed=0), 600)
    drawn = [int(right[left == 0][0]) for left, right in batches]
    assert np.bincount(drawn)[1:].min() > 150


def test_negatives_are_neither_oneself_nor_neighbours_nor_the_partner_again():
    edges = random_edges(30, 60)
    linked = set(zip(*edges.tolist(), strict=True))
    pairs = LinkedPairs(edges, 30)
    for left, right in islice(pairs.batches(12, seed=1), 6):
        expected = [
            [a != b and own != b and (a, b) not in linked for b in right.tolist()]
            for a, own in zip(left.tolist(), right.tolist(), strict=True)
        ]
        assert np.array_equal(pairs.negatives(left, right), np.array(expected))


def test_the_loss_is_the_mean_of_two_softmaxes_over_what_may_be_a_negative():
    generator = torch.Generator().manual_seed(0)
    first, second = (F.normalize(torch.randn(5, 8, generator=generator), dim=1) for _ in range(2))
    usable = torch.rand(5, 5, generator=generator) < 0.6
    usable[2, :] = False
    terms = []
    for i in range(5):
        own = math.exp(4 * float(first[i] @ second[i]))
        across = [math.exp(4 * float(first[i] @ second[j])) for j in range(5) if j != i and usable[i, j]]
        down = [math.exp(4 * float(first[j] @ second[i])) for j in range(5) if j != i and usable[j, i]]
        terms += [-math.log(own / (own + sum(others))) for others in (across, down)]
    assert float(in_batch_loss(first, second, usable, 4.0)) == pytest.approx(sum(terms) / 10, abs=1e-5)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    place = tmp_path_factory.mktemp("links")
    folder, data = write_bert(place / "bert"), communities()
    neighbours = data.targets[-1].tocoo()
    edges = np.stack([neighbours.row, neighbours.col]).astype(np.int64)
    return (
        folder,
        tokenise(data.texts, folder, 32, place / "tokens"),
        np.concatenate([edges, edges[::-1]], 1),
        data,
    )


def vectors(encoder, tokens):
    with torch.no_grad():
        return encoder(*tokens.batch(np.arange(len(tokens)))).numpy()


def test_linked_texts_come_together(case):
    folder, tokens, edges, data = case
    told, encoder = [], load_encoder(folder, dropout=0.0)
    before = margin(vectors(encoder, tokens), data.community)
    config = LinkTuningConfig(learning_rate=3e-3, epochs=8, train_words=True)
    tuned = tune_by_links(encoder, tokens, edges, config, device="cpu", report=told.append)
    assert tuned is encoder and not encoder.training
    assert margin(vectors(encoder, tokens), data.community) > before + 0.15
    assert told[-1].step == told[-1].steps == 8 * 400 // 32 and told[-1].loss < 0.8 * told[0].loss


def test_the_same_seed_gives_the_same_weights_and_frozen_layers_stay(case):
    folder, tokens, edges, _ = case
    found = []
    for seed in (1, 1, 2):
        config = LinkTuningConfig(steps=3, seed=seed, frozen_layers=1)
        found.append(tune_by_links(load_encoder(folder), tokens, edges, config, device="cpu").state_dict())
    before = load_encoder(folder).state_dict()
    assert all(torch.equal(found[0][name], found[1][name]) for name in before)
    moved = {name for name in before if not torch.equal(before[name], found[0][name])}
    assert moved and all(".blocks.1." in f".{name}" for name in moved)
    assert any(not torch.equal(found[0][name], found[2][name]) for name in moved)


@pytest.mark.parametrize(
    ("edges", "problem"),
    [(np.zeros((2, 0), np.int64), "has none"), (np.array([[0, 9], [9, 0]]), "outside 0..4")],
)
def test_edges_that_cannot_be_used_are_refused(edges, problem):
    with pytest.raises(InvalidInputError, match=problem):
        LinkedPairs(edges, 5)
