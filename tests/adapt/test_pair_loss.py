"""The balanced pair loss against a double loop, and the equilibria that the paper proves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.pair_loss import LN2, balanced_pair_loss
from tests.adapt.domains import chain, clique


def looped(d: Tensor, adjacency: Tensor, pairs: str, self_pairs: bool) -> float:
    """The same, one pair of rows at a time."""
    sums, weights = [0.0, 0.0], [0.0, 0.0]
    for i in range(len(d)):
        for j in range(len(d)):
            if i == j and not self_pairs:
                continue
            rows = range(d.shape[1])
            both = [
                (a, b) for a in rows for b in rows if (a == b or pairs == "all") and not (i == j and a == b)
            ]
            logits = torch.stack([d[i, a] @ d[j, b] for a, b in both])
            weight = float(adjacency[i, j])
            for kind, (target, share) in enumerate(((1.0, weight), (0.0, 1 - weight))):
                loss = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
                sums[kind] += share * float(loss)
                weights[kind] += share
    return float(np.mean([total / weight for total, weight in zip(sums, weights, strict=True) if weight]))


@pytest.mark.parametrize(("pairs", "self_pairs"), [("all", True), ("all", False), ("slots", False)])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_a_double_loop(pairs: str, self_pairs: bool, weighted: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    d = torch.randn(5, 4, 3, generator=generator)
    adjacency = torch.rand(5, 5, generator=generator).triu(1)
    adjacency = adjacency if weighted else (adjacency > 0.5).float()
    adjacency = adjacency + adjacency.T
    found = balanced_pair_loss(d, adjacency, pairs=pairs, self_pairs=self_pairs)
    assert float(found) == pytest.approx(looped(d, adjacency, pairs, self_pairs), rel=1e-5)


def test_a_clique_without_self_pairs_has_the_connected_term_alone() -> None:
    d = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0))
    adjacency = torch.tensor(clique(4).adjacency).float()
    i, j = torch.triu_indices(4, 4, 1)
    expected = F.softplus(-torch.einsum("iak,jbk->ijab", d, d)[i, j]).mean()
    assert float(balanced_pair_loss(d, adjacency, self_pairs=False)) == pytest.approx(
        float(expected), rel=1e-5
    )


def test_without_any_pair_there_is_nothing_to_lose() -> None:
    d = torch.randn(1, 1, 2, requires_grad=True)
    loss = balanced_pair_loss(d, torch.zeros(1, 1))
    loss.backward()
    assert loss.item() == 0.0 and d.grad is not None and not d.grad.any()


def test_chance_is_ln_2_whatever_the_graph() -> None:
    for graph in (chain(6), clique(3), DomainGraph(("a", "b"), np.zeros((2, 2)))):
        adjacency = torch.tensor(graph.adjacency).float()
        assert float(balanced_pair_loss(torch.zeros(len(adjacency), 4, 2), adjacency)) == pytest.approx(LN2)


def best_loss(graph: DomainGraph, shares: list[list[float]], self_pairs: bool = True) -> float:
    """What a discriminator reaches over encodings that take a few values, with these shares in each domain.

    The expectation is exact: every value stands in the batch as often as its share says, and a free vector per value
    is fitted.
    """
    counts = np.rint(np.array(shares) * 30).astype(int)
    values = torch.from_numpy(np.stack([np.repeat(np.arange(counts.shape[1]), row) for row in counts]))
    adjacency = torch.tensor(graph.adjacency).float()
    torch.manual_seed(0)
    d = torch.randn(counts.shape[1], 6, requires_grad=True)
    signs = torch.tensor([1.0, 1, 1, -1, -1, -1])
    optimizer = torch.optim.Adam([d], 0.08)
    for _ in range(80):
        loss = balanced_pair_loss(d[values], adjacency, signs=signs, self_pairs=self_pairs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def test_the_middle_of_a_chain_rests_at_the_mean_of_its_ends() -> None:
    ends = [[0.9, 0.1], [0.1, 0.9]]
    at_rest = best_loss(chain(3), [ends[0], [0.5, 0.5], ends[1]])
    moved = best_loss(chain(3), [ends[0], ends[0], ends[1]])
    assert at_rest == pytest.approx(LN2, abs=0.01)
    assert moved < LN2 - 0.02


def test_without_self_pairs_a_chain_rests_only_where_all_are_equal() -> None:
    ends = [[0.9, 0.1], [0.1, 0.9]]
    assert best_loss(chain(3), [ends[0], [0.5, 0.5], ends[1]], self_pairs=False) < LN2 - 0.05


def test_the_hub_of_a_star_rests_at_the_mean_of_its_leaves() -> None:
    star = DomainGraph.from_edges("hubc", [("h", "u"), ("h", "b"), ("h", "c")])
    leaves = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    assert best_loss(star, [[1 / 3] * 3, *leaves]) == pytest.approx(LN2, abs=0.01)
    assert best_loss(star, [leaves[0], *leaves]) < LN2 - 0.01


def test_a_clique_rests_where_all_domains_are_equal_as_with_dann() -> None:
    same = [[0.7, 0.3]] * 3
    assert best_loss(clique(3), same) == pytest.approx(LN2, abs=0.005)
    assert best_loss(clique(3), [[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]]) < LN2 - 0.02


def test_a_clique_without_self_pairs_asks_nothing_of_the_encoder() -> None:
    apart = [[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]]
    assert best_loss(clique(3), apart, self_pairs=False) < 0.05
    assert best_loss(clique(3), [[0.7, 0.3]] * 3, self_pairs=False) < 0.05
