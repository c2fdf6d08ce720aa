"""Losses over scores and vectors. Each states its formula, its inputs and where it comes from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def bpr_loss(positive: Tensor, negative: Tensor, weight: Tensor | None = None) -> Tensor:
    r"""Bayesian personalised ranking (Rendle et al., UAI 2009).

    .. math:: L = \frac{\sum_b w_b \, \frac1n \sum_j \mathrm{softplus}(y_{bj} - y_b)}{\sum_b w_b}

    Args:
        positive: scores of the interactions, `[batch]`.
        negative: scores of unobserved items, `[batch]` or `[batch, num_negatives]`.
        weight: strength of each interaction, `[batch]`; None counts all alike.
    """
    negative = negative if negative.dim() == 2 else negative[:, None]
    return weighted_mean(F.softplus(negative - positive[:, None]).mean(dim=1), weight)


def softmax_loss(logits: Tensor, rows: Tensor, items: Tensor, weight: Tensor) -> Tensor:
    r"""Multinomial likelihood of each user's items over the whole catalogue (Liang et al., WWW 2018).

    .. math:: L = -\frac{\sum_{(u,i)} w_{ui} \log \mathrm{softmax}_i(y_u)}{\sum w_{ui}}

    Args:
        logits: `[users, num_items]`, temperature already applied.
        rows, items: the positive entries, `[positives]` each.
        weight: `[positives]`.
    """
    return weighted_mean(-F.log_softmax(logits, dim=1)[rows, items], weight)


def sampled_softmax_loss(
    positive: Tensor,
    negative: Tensor,
    weight: Tensor | None = None,
    *,
    positive_log_q: Tensor | None = None,
    negative_log_q: Tensor | None = None,
) -> Tensor:
    r"""Softmax over one positive and shared negatives, corrected for how they were drawn.

    .. math:: L = -\log \frac{e^{y_i - \log q_i}}{e^{y_i - \log q_i} + \sum_j e^{y_j - \log q_j}}

    `q_j` is the expected number of times that item j is drawn (logQ correction, Bengio & Senecal 2008; Yi et
    al., RecSys 2019). In expectation over draws the gradient approaches the full softmax.

    Args:
        positive: `[batch]`, temperature already applied.
        negative: `[batch, num_negatives]`; `-inf` removes a draw that is a known positive of the row.
        positive_log_q: `[batch]` or None (the positive is always there: log 1).
        negative_log_q: `[num_negatives]` or None (uniform: a constant).
    """
    if positive_log_q is not None:
        positive = positive - positive_log_q
    if negative_log_q is not None:
        negative = negative - negative_log_q
    normaliser = torch.logsumexp(torch.cat([positive[:, None], negative], dim=1), dim=1)
    return weighted_mean(normaliser - positive, weight)


def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    r"""InfoNCE between two views of the same nodes, cosine similarity, in-batch negatives.

    .. math:: L = -\frac1B \sum_n \log
        \frac{e^{\cos(z^1_n, z^2_n)/\tau}}{\sum_m e^{\cos(z^1_n, z^2_m)/\tau}}

    Args:
        first, second: `[nodes, dim]`, row n of both is one node; rows must be distinct nodes.

    Source:
        van den Oord et al. 2018; on recommendation graphs Wu et al. (SGL), SIGIR 2021.
    """
    first, second = F.normalize(first, dim=1) / temperature, F.normalize(second, dim=1)
    logits = first @ second.t()
    return F.cross_entropy(logits, torch.arange(len(first), device=first.device))


def translation_loss(positive: Tensor, corrupted: Tensor) -> Tensor:
    r"""`softplus(g - g')` of the plausibility energies of true and corrupted triples (KGAT, eq. 2).

    Args:
        positive: energies of true triples, `[batch]`, low = plausible.
        corrupted: energies with a random tail, `[batch]`.
    """
    return F.softplus(positive - corrupted).mean()


def weighted_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of `[n]` values under non-negative weights."""
    if weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum().clamp_min(torch.finfo(values.dtype).tiny)
