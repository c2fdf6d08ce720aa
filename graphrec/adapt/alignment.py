"""The contract of everything that aligns domains, and the trivial case of not aligning them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class AlignmentBatch:
    """What a discriminator is told about the rows at hand.

    Args:
        domains: int64 `[num_aligned]`.
        adjacency: float32 `[num_aligned, num_aligned]`, of these domains.
        is_source: bool `[num_aligned]`.
        output: float32 `[num_aligned, batch, num_outputs]`, the predictor's output on the same rows, detached.
        classes: whether the output is class logits.
    """

    domains: Tensor
    adjacency: Tensor
    is_source: Tensor
    output: Tensor
    classes: bool


class Alignment(nn.Module):
    """An adversary: it learns to tell domains apart, and the encoder learns to make that hard.

    A step calls :meth:`discriminator_loss` on detached encodings and moves the adversary alone, then
    :meth:`encoder_loss` with the adversary frozen and moves encoder and predictor alone. The released code of Xu et
    al. back-propagates both losses through one graph before either steps, which leaves the discriminator
    :math:`(1 - \\lambda)` of its gradient: none at all with the published :math:`\\lambda = 1`.
    """

    chance: float
    """:meth:`discriminator_loss` of an adversary that knows nothing."""

    def discriminator_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        """What the adversary makes small. `encodings`: float32 `[num_aligned, rows, hidden]`."""
        raise NotImplementedError

    def encoder_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        """What the encoder makes small; the adversary's loss reversed unless said otherwise."""
        return -self.discriminator_loss(encodings, batch)
