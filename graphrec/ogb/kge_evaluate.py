"""Mean reciprocal rank over the candidates that OGB gives, by OGB's own evaluator, in bounded memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from graphrec.ogb.kge_data import KGData, Triples
from graphrec.ogb.kge_model import KGEModel
from graphrec.ogb.kge_scores import Side


@torch.no_grad()
def kge_ranks(
    model: KGEModel, data: KGData, triples: Triples, evaluator: Any, device: str | torch.device
) -> dict[str, float]:
    """Every triple ranked twice, among its heads and among its tails; means over both, as OGB asks.

    Args:
        evaluator: of `ogb.linkproppred`; each block of ranks comes from it, the means are taken over all blocks.

    Returns:
        `mrr`, `hits@1`, `hits@3` and `hits@10`, 0..1.
    """
    model.eval()
    assert triples.head_negatives is not None and triples.tail_negatives is not None
    each = 1 + max(triples.head_negatives.shape[1], triples.tail_negatives.shape[1])
    size = max(1, model.config.eval_numbers // (each * model.numbers_per_candidate))
    starts = data.starts.to(device)
    found: dict[str, list[Tensor]] = {}
    for block in triples.chunks(size, device):
        for side in _SIDES:
            scores = model.scores(block, _candidates(block, starts, side), side)
            # torch tensors only: the evaluator's NumPy branch of this metric does not run
            answer = evaluator.eval({"y_pred_pos": scores[:, 0], "y_pred_neg": scores[:, 1:]})
            for key, values in answer.items():
                found.setdefault(key.removesuffix("_list"), []).append(values.cpu())
    return {key: float(torch.cat(values).double().mean()) for key, values in found.items()}


_SIDES: tuple[Side, ...] = ("head", "tail")


def _candidates(block: Triples, starts: Tensor, side: Side) -> Tensor:
    """The true end first, then OGB's negatives, under the shared numbering."""
    true, negatives, kind = (
        (block.tail, block.tail_negatives, block.tail_type)
        if side == "tail"
        else (block.head, block.head_negatives, block.head_type)
    )
    assert negatives is not None
    return torch.cat([true[:, None], negatives + starts[kind][:, None]], dim=1)
