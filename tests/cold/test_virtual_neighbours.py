from __future__ import annotations

import importlib.util
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.cold import virtual_neighbours as module
from graphrec.cold.virtual_neighbours import VirtualNeighbours
from graphrec.errors import InvalidInputError

needs_faiss = pytest.mark.skipif(importlib.util.find_spec("faiss") is None, reason="faiss is not installed")


def brute_force(queries, bank, candidates, k, temperature=1.0, own=None):
    """One query at a time, every candidate, in plain Python; neighbours and attended vectors."""
    nodes, vectors = [], []
    for row, query in enumerate(queries.tolist()):
        scored = []
        for node in sorted(candidates):
            if own is None or node != int(own[row]):
                scored.append(
                    (-math.fsum(a * b for a, b in zip(query, bank[node].tolist(), strict=True)), node)
                )
        best = sorted(scored)[:k]
        peak = min(score for score, _ in best)
        weights = [math.exp((peak - score) / temperature) for score, _ in best]
        share = [weight / sum(weights) for weight in weights]
        nodes.append([node for _, node in best])
        vectors.append([
            sum(w * float(bank[node][d]) for w, (_, node) in zip(share, best, strict=True))
            for d in range(bank.shape[1])
        ])  # fmt: skip
    return torch.tensor(nodes), torch.tensor(vectors)


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(
    st.integers(1, 12),
    st.integers(1, 40),
    st.integers(1, 8),
    st.booleans(),
    st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_attention_is_that_of_a_loop_ties_included(num_queries, num_nodes, k, whole_numbers, seed):
    bank, queries = randn(num_nodes, 3, seed=seed), randn(num_queries, 3, seed=seed + 1)
    if whole_numbers:  # few distinct scores: ties everywhere
        bank, queries = bank.round(), queries.round()
    candidates = torch.arange(0, num_nodes, 2)
    attention = VirtualNeighbours(bank, candidates, k=k, temperature=0.7, chunk=5)
    nodes, vectors = brute_force(queries, bank, candidates.tolist(), attention.k, 0.7)
    assert torch.equal(attention.neighbours(queries).nodes, nodes)
    torch.testing.assert_close(attention(queries), vectors, atol=1e-5, rtol=1e-4)


def test_all_neighbours_are_the_full_softmax():
    bank, queries = randn(50, 6), randn(9, 6, seed=1)
    full = torch.softmax(queries @ bank.t(), dim=1) @ bank
    for k in (50, 1000):
        torch.testing.assert_close(VirtualNeighbours(bank, k=k)(queries), full)
    assert not torch.allclose(VirtualNeighbours(bank, k=3)(queries), full, atol=1e-3)


def test_neither_chunks_nor_blocks_change_the_answer(monkeypatch):
    bank, queries = randn(300, 6), randn(41, 6, seed=1)
    expected = VirtualNeighbours(bank, k=4)(queries)
    assert torch.equal(VirtualNeighbours(bank, k=4, chunk=7)(queries), expected)
    monkeypatch.setattr(module, "_BLOCK", 100)
    assert torch.equal(VirtualNeighbours(bank, k=4)(queries), expected)


def test_a_node_can_be_kept_from_finding_itself():
    bank = randn(30, 4)
    everyone = torch.arange(30)
    attention = VirtualNeighbours(bank, k=3)
    assert (attention.neighbours(3 * bank).nodes == everyone[:, None]).any(dim=1).float().mean() > 0.5
    found = attention.neighbours(bank, everyone)
    assert not (found.nodes == everyone[:, None]).any()
    nodes, vectors = brute_force(bank, bank, range(30), 3, own=everyone)
    assert torch.equal(found.nodes, nodes)
    torch.testing.assert_close(attention.gather(found), vectors, atol=1e-5, rtol=1e-4)


def test_where_only_itself_is_left_there_is_nothing():
    attention = VirtualNeighbours(randn(5, 4), torch.tensor([2]), k=2)
    found = attention.neighbours(randn(2, 4, seed=1), torch.tensor([2, 0]))
    assert found.nodes.tolist() == [[-1], [2]]
    assert found.weights.tolist() == [[0.0], [1.0]]
    assert attention.gather(found)[0].tolist() == [0.0] * 4


def test_crowds_of_equal_scores_are_searched_in_full():
    bank = torch.ones(500, 4)
    bank[250] = 1.001
    found = VirtualNeighbours(bank, k=3).neighbours(torch.ones(2, 4))
    assert found.nodes.tolist() == [[250, 0, 1]] * 2


@needs_faiss
@pytest.mark.parametrize("crowded", [False, True])
def test_faiss_finds_the_same(crowded):
    bank, queries = randn(400, 8), randn(60, 8, seed=1)
    if crowded:
        bank = bank[torch.arange(400) % 7]  # 57 copies of each
    candidates, own = torch.arange(50, 400), torch.arange(60)
    ways = [VirtualNeighbours(bank, candidates, k=5, search=search) for search in ("matrix", "faiss")]
    first, second = (way.neighbours(queries, own) for way in ways)
    assert torch.equal(first.nodes, second.nodes)
    assert torch.equal(first.weights, second.weights)
    assert int(first.nodes.min()) >= 50


@needs_faiss
def test_faiss_is_used_when_the_problem_is_large(monkeypatch):
    bank = randn(100, 4)
    used = []
    retrieve = VirtualNeighbours._faiss_retrieve
    monkeypatch.setattr(
        VirtualNeighbours, "_faiss_retrieve", lambda *given: used.append(1) or retrieve(*given)
    )
    VirtualNeighbours(bank)(bank)
    assert not used
    monkeypatch.setattr(module, "_LARGE", 5000)
    VirtualNeighbours(bank)(bank)
    assert used
    VirtualNeighbours(bank, k=99)(bank)  # nearly everything: nothing to search
    assert len(used) == 1


def test_no_query_gives_nothing_and_no_candidate_is_an_error():
    attention = VirtualNeighbours(randn(5, 4), k=2)
    assert attention(randn(0, 4)).shape == (0, 4)
    with pytest.raises(InvalidInputError, match="candidate"):
        VirtualNeighbours(randn(5, 4), torch.zeros(0, dtype=torch.int64))
