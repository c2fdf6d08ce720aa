"""Shortlists against sets, beam search against going through all paths."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec.errors import InvalidInputError
from graphrec.text.shortlist import Beam, Children, Shortlist, beam_step
from tests.text.tiny_bert import one_hot


def tree(rng, codes, parents):
    """Every parent has at least one child; the numbers of children differ."""
    return one_hot(
        rng.permutation(np.append(np.arange(parents), rng.integers(0, parents, codes - parents))), parents
    )


def counts(rng, rows, codes, density=0.2):
    found = rng.integers(1, 5, (rows, codes)) * (rng.random((rows, codes)) < density)
    return sparse.csr_array(found.astype(np.float32))


def random_case(seed, cap=1000):
    rng = np.random.default_rng(seed)
    parents, codes, texts = int(rng.integers(2, 6)), int(rng.integers(6, 20)), int(rng.integers(1, 9))
    cluster, targets = tree(rng, codes, parents), counts(rng, texts, codes)
    predicted = np.stack([rng.permutation(parents)[:2] for _ in range(texts)]).astype(np.int32)
    predicted[rng.random(predicted.shape) < 0.2] = -1
    above = targets @ cluster
    short = Shortlist(
        targets, above, Beam(predicted, np.zeros(predicted.shape, np.float32)), Children.of(cluster), cap
    )
    return short, targets.toarray(), above.toarray(), predicted, cluster.toarray().argmax(1), rng


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_active_codes_are_those_of_the_sets(seed):
    short, targets, above, predicted, parent, rng = random_case(seed)
    rows = rng.integers(0, len(targets), 5)
    active = short.batch(rows, rng)
    for place, row in enumerate(rows):
        likely = set(np.flatnonzero(above[row])) | {p for p in predicted[row] if p >= 0}
        right = set(np.flatnonzero(targets[row]))
        expected = {code for code in range(len(parent)) if parent[code] in likely} | right
        kept = active.codes[place][active.mask[place]]
        assert len(kept) == len(expected) and set(kept) == expected
        assert set(kept[: len(right)]) == right  # positives first
        for code, sign, weight in zip(kept, active.signs[place], active.weights[place], strict=False):
            assert (sign, weight) == ((1, targets[row, code]) if code in right else (-1, 1))
    assert active.mask.shape[1] == max(1, active.mask.sum(1).max())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_over_the_cap_positives_stay_and_negatives_are_drawn_without_repetition(seed):
    short, targets, *_, rng = random_case(seed, cap=4)
    whole = random_case(seed)[0].batch(np.arange(len(targets)), rng)
    active = short.batch(np.arange(len(targets)), rng)
    for row in range(len(targets)):
        kept, possible = active.codes[row][active.mask[row]], whole.codes[row][whole.mask[row]]
        assert len(kept) == len(set(kept)) == min(4, len(possible)) and set(kept) <= set(possible)
        assert (active.signs[row][: len(kept)] > 0).sum() == min(4, np.count_nonzero(targets[row]))


def test_every_negative_is_drawn_equally_often():
    targets = sparse.csr_array(np.eye(1, 8, dtype=np.float32))
    beam = Beam(np.array([[0, 1]], np.int32), np.zeros((1, 2), np.float32))
    cluster = one_hot(np.arange(8) // 4, 2)
    short = Shortlist(targets, targets @ cluster, beam, Children.of(cluster), 4)
    rng = np.random.default_rng(0)
    drawn = np.concatenate([short.batch(np.array([0]), rng).codes[0, 1:] for _ in range(700)])
    often = np.bincount(drawn, minlength=8)
    assert often[0] == 0 and np.abs(often[1:] - 300).max() < 6 * math.sqrt(700 * 3 / 7 * 4 / 7)


def test_a_stored_zero_is_no_code():
    targets = sparse.csr_array(
        (np.array([0.0, 2.0], np.float32), np.array([1, 2]), np.array([0, 2])), shape=(1, 6)
    )
    cluster = one_hot(np.arange(6) // 2, 3)
    above = sparse.csr_array(
        (np.array([0.0, 2.0], np.float32), np.array([0, 1]), np.array([0, 2])), shape=(1, 3)
    )
    beam = Beam(np.full((1, 1), -1, np.int32), np.zeros((1, 1), np.float32))
    active = Shortlist(targets, above, beam, Children.of(cluster), 99).batch(
        np.array([0]), np.random.default_rng(0)
    )
    assert active.codes.tolist() == [[2, 3]] and active.signs.tolist() == [[1, -1]]


def test_at_the_first_level_all_codes_are_active():
    targets = counts(np.random.default_rng(1), 6, 9)
    active = Shortlist(targets, None, None, None, 9).batch(np.array([5, 0]), np.random.default_rng(0))
    assert active.mask.all() and (np.sort(active.codes, axis=1) == np.arange(9)).all()
    dense = np.zeros((2, 9), np.float32)
    np.put_along_axis(dense, active.codes, np.where(active.signs > 0, active.weights, 0), axis=1)
    np.testing.assert_array_equal(dense, targets.toarray()[[5, 0]])


def test_a_code_with_two_parents_is_refused():
    with pytest.raises(InvalidInputError, match="one parent"):
        Children.of(sparse.csr_array(np.array([[1, 1], [0, 1]], np.float32)))


def three_levels(seed, texts=6):
    rng = np.random.default_rng(seed)
    clusters = [one_hot(np.zeros(4, int), 1), tree(rng, 9, 4), tree(rng, 21, 9)]
    # Below 1, above which every probability is 1 and the order of equals is anyone's.
    logits = [rng.uniform(-1.5, 0.9, (texts, c.shape[0])).astype(np.float32) for c in clusters]
    return clusters, logits


def probability(z):
    return math.exp(-(max(1.0 - float(z), 0.0) ** 3))


def search(clusters, logits, top):
    beam = None
    for cluster, z in zip(clusters, logits, strict=True):
        beam = beam_step(torch.from_numpy(z), beam, Children.of(cluster), top)
    return beam


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_as_wide_as_the_tree_finds_the_best_paths_of_all(seed):
    clusters, logits = three_levels(seed)
    parents = [c.toarray().argmax(1) for c in clusters]
    beam = search(clusters, logits, 21)
    for text in range(6):
        exhaustive = {}
        for leaf in range(21):
            middle = parents[2][leaf]
            path = (logits[2][text, leaf], logits[1][text, middle], logits[0][text, parents[1][middle]])
            exhaustive[leaf] = math.prod(map(probability, path))
        scores = np.exp(beam.scores[text])
        np.testing.assert_allclose(scores, sorted(exhaustive.values(), reverse=True), atol=1e-6)
        np.testing.assert_allclose(scores, [exhaustive[code] for code in beam.codes[text]], atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_narrow_beam_is_the_greedy_search_by_hand(seed):
    clusters, logits = three_levels(seed)
    beam = search(clusters, logits, 3)
    for text in range(6):
        kept = {code: probability(logits[0][text, code]) for code in range(4)}
        for level in (1, 2):
            kept = dict(sorted(kept.items(), key=lambda item: -item[1])[:3])
            parent = clusters[level].toarray().argmax(1)
            kept = {
                code: kept[parent[code]] * probability(logits[level][text, code])
                for code in range(len(parent))
                if parent[code] in kept
            }
        best = sorted(kept.items(), key=lambda item: -item[1])[:3]
        filled = beam.codes[text][np.isfinite(beam.scores[text])]
        assert filled.tolist() == [code for code, _ in best]


def test_hopeless_paths_keep_their_order():
    """As probabilities both would be 0 in float32."""
    beam = beam_step(torch.tensor([[-9.0, -8.0, -10.0]]), None, None, 2)
    assert beam.codes.tolist() == [[1, 0]] and (beam.scores < -700).all()


@pytest.mark.parametrize("seed", range(2))
def test_heads_of_a_softmax_multiply_shares(seed):
    clusters, logits = three_levels(seed)
    beam = None
    for cluster, z in zip(clusters, logits, strict=True):
        beam = beam_step(torch.from_numpy(z), beam, Children.of(cluster), 21, "softmax")
    shares = [np.exp(z) / np.exp(z).sum(1, keepdims=True) for z in logits]
    middle = clusters[2].toarray().argmax(1)
    expected = shares[2] * shares[1][:, middle] * shares[0][:, clusters[1].toarray().argmax(1)[middle]]
    np.testing.assert_array_equal(beam.codes, np.argsort(-expected, axis=1))
    np.testing.assert_allclose(np.exp(beam.scores), -np.sort(-expected, axis=1), rtol=1e-5)


def test_missing_children_are_marked_and_never_descended_from():
    clusters = [one_hot(np.zeros(2, int), 1), one_hot(np.array([0, 1, 1, 1]), 2), one_hot(np.arange(4), 4)]
    z = [np.array([[5.0, -5.0]], np.float32), np.zeros((1, 4), np.float32), np.zeros((1, 4), np.float32)]
    middle = search(clusters[:2], z[:2], 1)
    assert middle.codes.tolist() == [[0]]
    wide = beam_step(torch.from_numpy(z[1]), Beam(np.array([[0]], np.int32), np.zeros((1, 1), np.float32)),
                     Children.of(clusters[1]), 3)  # fmt: skip
    assert wide.codes.tolist() == [[0, -1, -1]]
    last = beam_step(torch.from_numpy(z[2]), wide, Children.of(clusters[2]), 3)
    assert last.codes.tolist() == [[0, -1, -1]]
