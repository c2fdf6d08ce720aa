from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from graphrec.text.heads import LevelHead, inherited_head, linear_head
from graphrec.text.shortlist import Beam, Children, Shortlist
from tests.text.tiny_bert import one_hot


@pytest.fixture(scope="module")
def case():
    """Sixty texts, three parents, seven codes; vectors that say something of the codes."""
    rng = np.random.default_rng(0)
    cluster = one_hot(np.array([0, 0, 1, 1, 1, 2, 2]), 3)
    counts = sparse.csr_array(((rng.random((60, 7)) < 0.2) * rng.integers(1, 4, (60, 7))).astype(np.float32))
    vectors = (counts.toarray() @ rng.normal(size=(7, 5)) + rng.normal(size=(60, 5))).astype(np.float32)
    beam = Beam(rng.integers(0, 3, (60, 1)).astype(np.int32), np.zeros((60, 1), np.float32))
    return (
        Shortlist(counts, counts @ cluster, beam, Children.of(cluster), 1000),
        counts,
        beam,
        cluster,
        vectors,
    )


def test_the_first_head_is_small_noise_from_its_seed():
    heads = [LevelHead(300, 200) for _ in range(2)]
    for head in heads:
        head.reset_parameters(torch.Generator().manual_seed(3))
    assert torch.equal(heads[0].weight, heads[1].weight) and not heads[0].bias.any()
    assert heads[0].weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_active_logits_are_those_of_the_dense_product():
    head, generator = LevelHead(9, 4), torch.Generator().manual_seed(0)
    head.reset_parameters(generator)
    with torch.no_grad():
        head.bias += torch.arange(9.0)
    vectors, codes = torch.randn(3, 4, generator=generator), torch.tensor([[0, 8], [3, 3], [5, 1]])
    found = head.active(vectors, codes, 0.0, generator)
    for text in range(3):
        for place in range(2):
            code = codes[text, place]
            torch.testing.assert_close(
                found[text, place], head.weight[code] @ vectors[text] + head.bias[code]
            )
    assert not torch.equal(head.active(vectors, codes, 0.5, generator), found)


def test_children_begin_as_their_parents(case):
    *_, cluster, vectors = case
    parent = LevelHead(3, 5)
    parent.reset_parameters(torch.Generator().manual_seed(0))
    logits = inherited_head(parent, Children.of(cluster))(torch.from_numpy(vectors))
    torch.testing.assert_close(logits, parent(torch.from_numpy(vectors))[:, [0, 0, 1, 1, 1, 2, 2]])


def test_each_code_is_the_machine_that_liblinear_fits_on_its_part_of_the_texts(case):
    svm = pytest.importorskip("sklearn.svm")
    shortlist, counts, beam, cluster, vectors = case
    head = linear_head(vectors, shortlist, cost=1.0)
    likely = (counts @ cluster).toarray() > 0
    likely[np.arange(60), beam.codes[:, 0]] = True
    for code in range(7):
        there = likely[:, cluster.toarray()[code].argmax()]
        assert 0 < there.sum() < 60
        y = np.where(counts.toarray()[there, code] > 0, 1, -1)
        theirs = svm.LinearSVC(dual=False, C=1.0, tol=1e-12, max_iter=100_000).fit(vectors[there], y)
        np.testing.assert_allclose(head.weight[code].detach(), theirs.coef_[0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(head.bias[code].item(), theirs.intercept_[0], rtol=1e-3, atol=1e-4)


def test_with_too_many_texts_per_code_the_positives_stay(case, monkeypatch):
    shortlist, counts, *_, vectors = case
    seen = []

    def note(x, y, cost):
        seen.append(y.numpy())
        return torch.zeros(x.shape[1], dtype=torch.float64)

    monkeypatch.setattr("graphrec.text.heads.linear_svm", note)
    monkeypatch.setattr("graphrec.text.heads._wanted", lambda *_: 60)
    linear_head(vectors, shortlist, most=15)
    positives = (counts.toarray() > 0).sum(0)
    assert [len(y) for y in seen] == [15] * 7
    assert [(y > 0).sum() for y in seen] == np.minimum(positives, 15).tolist()
