"""The study of text features: which tags may make edges, who is whose neighbour, kept states, and the sums."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from graphrec.text.encoder import load_encoder
from graphrec.text.tokens import tokenise
from tests.conftest import REPOSITORY
from tests.text.tiny_bert import communities, write_bert

OWN = ("giant_features", "_text_tags", "_text_graphs", "_text_states", "_text_features", "_text_downstream")


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    try:
        yield {name: importlib.import_module(name) for name in OWN}
    finally:
        sys.path.remove(str(REPOSITORY / "benchmarks"))
        for name in (*OWN, "_text_settings", "_text_picture", "_common"):
            sys.modules.pop(name, None)


def test_edge_tags_are_rare_and_say_nothing_that_is_tested(bench):
    tags = bench["_text_tags"]
    recipes = [
        {"Leek", "Side"} if n % 2 else {"Leek"} for n in range(20)
    ]  # beside a tested tag half the time
    recipes += [{"Eau de Vie", "Drink"} for _ in range(19)] + [{"Eau de Vie"}]  # nearly always: tells it
    recipes += [{"Stew"} for _ in range(10)] + [{"Quince"} for _ in range(4)] + [{"Bake"} for _ in range(301)]
    assert tags.edge_tags(recipes) == ["Leek"]
    assert tags.edge_tags(recipes, 10**9) == ["Bake", "Leek"]
    assert len(tags.TESTED) == len(set(tags.TESTED)) == 40 and not set(tags.TESTED) & tags.LIKE_TESTED


def test_nearest_are_those_of_the_highest_shrunk_cosine(bench):
    rng = np.random.default_rng(0)
    rows = (rng.random((40, 12)) < 0.3) * rng.random((40, 12))
    rows[7] = 0
    found = bench["_text_graphs"].nearest(sp.csr_array(rows.astype(np.float32)), 5, 0.2)
    norms = np.linalg.norm(rows, axis=1)
    scores = rows @ rows.T / (norms[:, None] * norms + 0.2)
    np.fill_diagonal(scores, 0)
    for row in range(40):
        best = [j for j in np.argsort(-scores[row])[:5] if scores[row, j] > 0]
        assert set(found[1][found[0] == row].tolist()) == set(best)
    assert not (found == 7).any()


def test_splits_are_disjoint_and_hold_labelled_nodes_only(bench):
    labels = np.where(np.arange(100) % 4 == 0, -1, np.arange(100) % 3)
    target = bench["_text_graphs"].Target(labels, np.flatnonzero(labels >= 0), ("a", "b", "c"))
    parts = target.split(3)
    assert [len(part) for part in parts] == [8, 8, 59]
    assert sorted(np.concatenate(parts).tolist()) == target.nodes.tolist()
    assert not np.array_equal(parts[0], target.split(4)[0])


def test_kept_states_give_the_vectors_of_the_whole_encoder(bench, tmp_path, monkeypatch):
    states = bench["_text_states"]
    folder = write_bert(tmp_path / "bert")
    monkeypatch.setattr(states, "load_encoder", lambda dropout: load_encoder(folder, dropout=dropout))
    monkeypatch.setattr(states, "encoder_folder", lambda path: folder)
    texts = [text[: 20 + 9 * (n % 7)] for n, text in enumerate(communities(70).texts)]  # of several lengths
    tokens = tokenise(texts, folder, 32, tmp_path / "tokens")
    encoder, table = states.upper_encoder(tokens, 1, 0.0, tmp_path)
    rows = np.array([3, 40, 0, 69])
    with torch.no_grad():
        expected = load_encoder(folder)(*tokens.batch(rows))
        assert torch.allclose(encoder(*table.batch(rows)), expected, atol=5e-3)
    assert len(encoder.body.blocks) == 1 and len(table) == 70


def test_the_paired_difference_is_over_splits_of_the_means_over_encoders(bench):
    first = [[{"test": 3.0}, {"test": 5.0}], [{"test": 5.0}, {"test": 5.0}]]
    second = [[{"test": 2.0}, {"test": 5.0}]]
    found = bench["giant_features"]._paired(first, second)
    assert found == {"difference": 1.0, "standard_error": 1.0, "better": 1, "of": 2}
