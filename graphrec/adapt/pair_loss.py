"""Reconstructing the domain graph from pairs of encodings."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LN2 = math.log(2.0)
"""The balanced loss of a discriminator that knows nothing."""


def balanced_pair_loss(
    d: Tensor,
    adjacency: Tensor,
    *,
    signs: Tensor | None = None,
    pairs: str = "all",
    self_pairs: bool = True,
) -> Tensor:
    r"""How well the dot products of discriminator outputs tell adjacent domains from others.

    .. math::
        L_d = \tfrac12 \Big( \frac{\sum_{i \neq j} A_{ij} \, \ell^+_{ij}}{\sum_{i \neq j} A_{ij}}
              + \frac{\sum_{i, j} (1 - A_{ij}) \, \ell^-_{ij}}{\sum_{i, j} (1 - A_{ij})} \Big), \quad
        \ell^\pm_{ij} = \operatorname{mean}_{a, b} \operatorname{softplus}(\mp d_{ia} \cdot d_{jb})

    Xu et al. (ICLR 2022) with both kinds of pairs weighing the same; :math:`\ln 2` is chance. A weight between 0
    and 1 in `A` counts towards both kinds. Where one kind of pair is missing, the other stands alone.

    With `self_pairs`, two rows of one domain are a disconnected pair (:math:`A_{ii} = 0`). The equilibria of the
    paper need them: the middle of a chain becomes the mean of its ends, and in a clique all domains become equal, as
    with DANN. The released code leaves them out; then a clique gives the encoder nothing to do, and a chain of three
    rests only where its ends are equal.

    Args:
        d: float32 `[num_domains, batch, dim]`, discriminator outputs.
        adjacency: float32 `[num_domains, num_domains]`, symmetric, zero diagonal.
        signs: float32 `[dim]`, what each product of two coordinates counts for; None: 1 each, the dot product.
        pairs: `"all"` compares every row of one domain with every row of the other; `"slots"` row `b` with row
            `b`, as the released code does. Self pairs exist with `"all"` only.

    Returns:
        A number; 0 where there is no pair at all.
    """
    domains, batch, _ = d.shape
    other = d if signs is None else d * signs
    itself = torch.eye(domains, dtype=d.dtype, device=d.device)
    if pairs == "slots":
        logits = torch.einsum("ibk,jbk->ijb", other, d)
        plus, minus = F.softplus(-logits).mean(2), F.softplus(logits).mean(2)
        self_pairs = False
    else:
        logits = (other.reshape(domains * batch, -1) @ d.reshape(domains * batch, -1).T).view(
            domains, batch, domains, batch
        )
        minus_all = F.softplus(logits)
        # softplus(-s) = softplus(s) - s: one transcendental function per pair is enough.
        plus, minus = (minus_all - logits).mean((1, 3)), minus_all.mean((1, 3))
        if self_pairs and batch > 1:
            minus = minus * (1 - itself) + torch.diag(_between_rows_of_one(minus_all))
    apart = (1 - adjacency) * (1 - itself)
    if self_pairs and batch > 1:
        apart = apart + itself
    sides = [_weighted(plus, adjacency), _weighted(minus, apart)]
    there = [side for side in sides if side is not None]
    return torch.stack(there).mean() if there else d.sum() * 0


def _between_rows_of_one(losses: Tensor) -> Tensor:
    """Mean over pairs of different rows of the same domain, `[num_domains]`."""
    batch = losses.shape[1]
    own = losses.diagonal(dim1=0, dim2=2)  # [batch, batch, num_domains]
    alike = own.diagonal(dim1=0, dim2=1).sum(-1)
    return (own.sum((0, 1)) - alike) / (batch * (batch - 1))


def _weighted(losses: Tensor, weights: Tensor) -> Tensor | None:
    total = weights.sum()
    return (losses * weights).sum() / total if bool(total > 0) else None
