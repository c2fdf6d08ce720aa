"""The other loss for neighbourhood prediction: how a node's neighbours are spread over the active codes."""

from __future__ import annotations

from torch import Tensor


def neighbour_softmax(logits: Tensor, targets: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
    r"""Mean over texts of the cross-entropy between the neighbours' shares and a softmax over active codes.

    .. math:: -\sum_l q_l \log \mathrm{softmax}(z)_l, \qquad q_l = w_l / \sum_{l'} w_{l'} \text{ over positive } l

    Not GIANT's loss, which is :func:`graphrec.text.hinge.weighted_squared_hinge`. With few steps it learns more: the
    mean of the hinge is mostly codes that are far from any neighbour, while here all codes compete for each neighbour.

    Args:
        logits: `z`, `[texts, width]`.
        targets: +1 or -1, `[texts, width]`.
        weights: `w`, how many neighbours a positive stands for, `[texts, width]`.
        mask: bool `[texts, width]`, True where a code is active.

    Returns:
        A scalar; texts without a positive code count 0.
    """
    counts = weights * (targets > 0) * mask
    shares = counts / counts.sum(1, keepdim=True).clamp_min(1e-12)
    logarithms = logits.masked_fill(~mask, -1e9).log_softmax(dim=1)
    return -(shares * logarithms).sum(1).mean()
