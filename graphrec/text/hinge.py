"""The loss of XR-Transformer: a squared hinge over the codes that are active for a text."""

from __future__ import annotations

from torch import Tensor


def weighted_squared_hinge(logits: Tensor, targets: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
    """Mean over texts of the mean over active codes of `w max(0, 1 - y z)^2`.

    Zhang et al., "Fast Multi-Resolution Transformer Fine-tuning for Extreme Multi-label Text Classification" (2021).
    The released code divides by the padded width, and every padding slot adds a constant 1: the gradient of a text
    then shrinks with the widest row that happens to share its batch, and losses of two levels cannot be compared.
    Here padding counts nowhere, and each text is divided by its own number of active codes.

    Args:
        logits: `z`, `[texts, width]`.
        targets: `y`, +1 or -1, `[texts, width]`.
        weights: `w`, how many neighbours a positive stands for and 1 for negatives, `[texts, width]`.
        mask: bool `[texts, width]`, True where a code is active.

    Returns:
        A scalar.
    """
    slack = (1.0 - targets * logits).clamp_min(0.0)
    terms = weights * slack * slack * mask
    return (terms.sum(1) / mask.sum(1).clamp_min(1)).mean()
