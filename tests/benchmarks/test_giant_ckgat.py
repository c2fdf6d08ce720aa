"""The strict graph of `benchmarks/giant_ckgat.py`: what is tested cannot change it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SIZE = 40


@pytest.fixture(scope="module")
def bench():
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(BENCHMARKS))
    import giant_ckgat

    yield giant_ckgat
    for name in ("giant_ckgat", "cold_items"):
        sys.modules.pop(name, None)
    patch.undo()


def world(bench, seed=0):
    """Recipes that people choose, and their foods, the texts in another order than the store's."""
    rng = np.random.default_rng(seed)
    choices = sp.csr_matrix((rng.random((30, SIZE)) < 0.3).astype(np.float32))
    rows = bench.Rows([], choices, choices, choices, choices, np.arange(SIZE))
    place = rng.permutation(SIZE)
    foods = [[f"food {n}" for n in rng.choice(12, 3, replace=False)] for _ in range(SIZE)]
    hidden = np.array([3, 17, 20, 39])
    ids = [str(n) for n in range(SIZE)]
    return bench.World(rows, None, ids, [hidden[:2], hidden[2:]]), bench.Texts(None, foods, place), hidden


def edges(bench, made, texts, hidden):
    seen = np.setdiff1d(np.arange(SIZE), texts.place[hidden])
    found = bench.strict_edges(made, texts, seen)
    return seen, {tuple(pair) for pair in seen[found].T.tolist()}


def test_recipes_that_are_tested_neither_have_edges_nor_change_those_of_others(bench):
    made, texts, hidden = world(bench)
    _, found = edges(bench, made, texts, hidden)
    nodes = {node for pair in found for node in pair}
    assert len(found) > 50
    assert not nodes & set(texts.place[hidden].tolist())
    changed = made.rows.choices.tolil()
    changed[:, hidden] = 1 - changed[:, hidden].toarray()
    rows = replace(made.rows, train=changed.tocsr())
    foods = [["food 1"] if text in texts.place[hidden] else own for text, own in enumerate(texts.foods)]
    _, again = edges(bench, replace(made, rows=rows), replace(texts, foods=foods), hidden)
    users = rows.train[:, np.setdiff1d(np.arange(SIZE), hidden)]
    assert (users != made.rows.train[:, np.setdiff1d(np.arange(SIZE), hidden)]).nnz == 0
    assert again == found


def test_recipes_that_the_same_people_chose_are_joined(bench):
    made, texts, hidden = world(bench)
    taken = sp.lil_matrix((30, SIZE), dtype=np.float32)
    taken[:3, 5] = taken[:3, 6] = 1  # two recipes of three people
    taken[9, 8] = 1
    rows = replace(made.rows, train=taken.tocsr())
    nothing = replace(texts, foods=[[] for _ in range(SIZE)])
    _, found = edges(bench, replace(made, rows=rows), nothing, hidden)
    one, other = (int(texts.place[recipe]) for recipe in (5, 6))
    assert found == {(one, other), (other, one)}


def test_warm_tail_and_cold_are_told_apart(bench):
    choices = np.zeros((2, 30), np.float32)
    choices[0, [0, 1, 2, 25]] = 1  # recipe 25 is new, 2 is held out
    choices[1, [0, 3]] = 1
    known, held = choices.copy(), np.zeros_like(choices)
    known[0, [2, 25]] = 0
    held[0, 2] = held[1, 0] = 1
    known[1, 0] = 0
    known[:, 4:12] = 1
    rows = bench.Rows([], sp.csr_matrix(choices), None, None, None, np.arange(30))
    scores = np.tile(-np.arange(30.0, dtype=np.float32), (2, 1))
    scores[0, 25] = 5.0
    made = bench.World(rows, None, [str(n) for n in range(30)], [])
    found = bench.measure(made, sp.csr_matrix(known), np.array([25, 26]), sp.csr_matrix(held), scores)
    assert found["cold among the 300"] == {"recall@20": 1.0, "ndcg@20": 1.0}
    assert found["cold in the catalogue"] == {"recall@20": 1.0, "ndcg@20": 1.0}
    # recipe 2 is nobody's in training and so no tail; recipe 0 has one interaction left
    assert found["warm"]["ndcg@20"] == pytest.approx(1.0)
    assert found["tail among themselves"] == {"recall@20": 1.0, "ndcg@20": 1.0}
