"""The figures that OGB asks for, from OGB's own evaluator, with links scored in blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from graphrec.ogb.link_data import Queries

Score = Callable[[Tensor], Tensor]
"""Scores `[n]` of pairs int64 `[2, n]`."""


@torch.no_grad()
def link_metric(queries: Queries, score: Score, evaluator: Any, rows: int) -> float:
    """Hits@K against shared false links, or mean reciprocal rank among each link's own; 0..1.

    Args:
        evaluator: of `ogb.linkproppred`; it holds K.
        rows: pairs scored at a time.
    """
    pairs = queries.links.pairs
    if queries.targets is not None:
        return _mean_rank(pairs, queries.targets, score, evaluator, rows)
    assert queries.shared is not None
    found = {"y_pred_pos": _scores(pairs, score, rows), "y_pred_neg": _scores(queries.shared, score, rows)}
    return float(evaluator.eval(found)[f"hits@{evaluator.K}"])


def _scores(pairs: Tensor, score: Score, rows: int) -> Tensor:
    return torch.cat([score(part).cpu() for part in pairs.split(rows, dim=1)])


def _mean_rank(pairs: Tensor, targets: Tensor, score: Score, evaluator: Any, rows: int) -> float:
    each = targets.shape[1] + 1
    found = []
    for part in torch.arange(pairs.shape[1]).split(max(1, rows // each)):
        # the true target stands in the same block: equal vectors must get equal scores
        ends = torch.cat([pairs[1, part][:, None], targets[part]], dim=1)
        asked = torch.stack([pairs[0, part].repeat_interleave(each), ends.reshape(-1)])
        scores = score(asked).view(len(part), each)
        # torch tensors only: the evaluator's NumPy branch of this metric does not run
        answer = evaluator.eval({"y_pred_pos": scores[:, 0], "y_pred_neg": scores[:, 1:]})
        found.append(answer["mrr_list"].cpu())
    return float(torch.cat(found).double().mean())
