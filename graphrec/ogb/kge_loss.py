"""Losses over the scores of true and corrupted triples."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.training.losses import weighted_mean

_IMPOSSIBLE = -1e9
"""Logit of a candidate that is true after all: finite, so that a row of nothing else stays a number."""


def self_adversarial_loss(
    positive: Tensor,
    negative: Tensor,
    temperature: float,
    weight: Tensor | None = None,
    known: Tensor | None = None,
) -> Tensor:
    r"""Self-adversarial negative sampling (Sun et al., ICLR 2019, eq. 5 and 6).

    .. math:: L = -\tfrac12 \log \sigma(s) - \tfrac12 \sum_j p_j \log \sigma(-s_j), \qquad
              p = \mathrm{softmax}(\alpha s_j)

    No gradient flows through p.

    Args:
        positive: scores of true triples, `[n]`.
        negative: scores of corrupted ones, `[n, k]`.
        temperature: :math:`\alpha`; 0 weighs all alike.
        weight: `[n]`, of :func:`graphrec.ogb.kge_negatives.subsampling_weights`; None counts all alike.
        known: bool `[n, k]`, corrupted triples that are true after all; they count nothing.
    """
    logits = negative.detach() * temperature
    if known is not None:
        logits = logits.masked_fill(known, _IMPOSSIBLE)
    share = torch.softmax(logits, dim=1)
    if known is not None:
        share = share * ~known
    wrong = (share * F.softplus(negative)).sum(dim=1)
    return (weighted_mean(F.softplus(-positive), weight) + weighted_mean(wrong, weight)) / 2


def pairwise_translation_loss(
    positive: Tensor, negative: Tensor, weight: Tensor | None = None, known: Tensor | None = None
) -> Tensor:
    """KGAT's translation loss (eq. 2, :func:`graphrec.training.losses.translation_loss`) against several draws.

    Args:
        positive, negative, weight, known: as in :func:`self_adversarial_loss`.
    """
    each = F.softplus(negative - positive[:, None])
    if known is None:
        return weighted_mean(each.mean(dim=1), weight)
    kept = (~known).float()
    return weighted_mean((each * kept).sum(dim=1) / kept.sum(dim=1).clamp_min(1), weight)
