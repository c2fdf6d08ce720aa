"""Hits@K and mean reciprocal rank by ogb's evaluator against counting by hand, whatever the blocks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from graphrec.ogb.link_data import Links, Queries
from graphrec.ogb.link_evaluate import link_metric
from graphrec.ogb.loading import import_ogb

SCORES = torch.tensor([[0.0, 0.9, 0.8, 0.3], [0.4, 0.0, 0.5, 0.5], [0.1, 0.2, 0.0, 0.6]])
"""Of (source, target)."""


def score(pairs: Tensor) -> Tensor:
    return SCORES[pairs[0], pairs[1]]


@pytest.fixture(scope="module")
def ogb() -> Any:
    return import_ogb("ogb.linkproppred")


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_mean_reciprocal_rank_by_hand(ogb: Any, rows: int) -> None:
    """(0, 2) scores .8 among .9, .3, .0: rank 2. (1, 2) scores .5 among .4, .5, .0: half a place for the tie, 1.5.
    (2, 3) scores .6 among .1, .2, .0: rank 1."""
    queries = Queries(
        Links(torch.tensor([[0, 1, 2], [2, 2, 3]])), targets=torch.tensor([[1, 3, 0], [0, 3, 1], [0, 1, 2]])
    )
    found = link_metric(queries, score, ogb.Evaluator("ogbl-citation2"), rows)
    assert found == pytest.approx((1 / 2 + 1 / 1.5 + 1) / 3)
    some = link_metric(queries.select(torch.tensor([0, 2])), score, ogb.Evaluator("ogbl-citation2"), rows)
    assert some == pytest.approx(0.75)


@pytest.mark.parametrize("rows", [2, 100])
def test_hits_count_true_links_above_the_kth_false_one(ogb: Any, rows: int) -> None:
    """False links score .9, .5, .4, .2; the second best is .5, which .8 and .6 exceed, .5 and .3 do not."""
    evaluator = ogb.Evaluator("ogbl-collab")
    evaluator.K = 2
    queries = Queries(
        Links(torch.tensor([[0, 2, 1, 0], [2, 3, 2, 3]])), shared=torch.tensor([[0, 1, 1, 2], [1, 3, 0, 1]])
    )
    assert link_metric(queries, score, evaluator, rows) == pytest.approx(0.5)


def test_no_more_pairs_are_scored_at_a_time_than_allowed(ogb: Any) -> None:
    sizes: list[int] = []

    def counted(pairs: Tensor) -> Tensor:
        sizes.append(pairs.shape[1])
        return score(pairs)

    links = Links(torch.zeros(2, 50, dtype=torch.long))
    own = Queries(links, targets=torch.zeros(50, 9, dtype=torch.long))
    link_metric(own, counted, ogb.Evaluator("ogbl-citation2"), 40)
    assert max(sizes) == 40 and sum(sizes) == 500
    sizes.clear()
    evaluator = SimpleNamespace(K=1, eval=lambda found: {"hits@1": float(len(found["y_pred_neg"]))})
    shared = Queries(links, shared=torch.zeros(2, 70, dtype=torch.long))
    assert link_metric(shared, counted, evaluator, 40) == 70.0
    assert sizes == [40, 10, 40, 30]
