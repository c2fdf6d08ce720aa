"""Adversaries that know no domain graph: DANN, CDANN, ADDA and MDD, on the same encoder, predictor and trainer."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from graphrec.adapt.alignment import Alignment, AlignmentBatch
from graphrec.adapt.networks import Predictor, layers


class DomainClassifier(Alignment):
    """Names the domain of a row (Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 2016)."""

    def __init__(self, hidden: int, num_domains: int) -> None:
        super().__init__()
        self.net = layers(*[hidden] * 6, num_domains)
        self.chance = math.log(num_domains)

    def discriminator_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        logits = self.net(self.seen(encodings, batch))
        names = batch.domains[:, None].expand(logits.shape[:2])
        return F.cross_entropy(logits.flatten(0, 1), names.flatten())

    def seen(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        """What the classifier looks at."""
        return encodings


class ConditionalDomainClassifier(DomainClassifier):
    """Sees the prediction beside the encoding (the CDANN row of Xu et al.; Long et al., NeurIPS 2018)."""

    def __init__(self, hidden: int, num_domains: int, num_outputs: int) -> None:
        super().__init__(hidden, num_domains)
        self.net = layers(hidden + num_outputs, *[hidden] * 5, num_domains)

    def seen(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        told = batch.output.softmax(-1) if batch.classes else batch.output
        return torch.cat([encodings, told], dim=-1)


class SourceTargetClassifier(Alignment):
    """Tells sources from targets; the encoder takes the labels the other way round (Tzeng et al., "ADDA", CVPR 2017).

    Both kinds of rows weigh the same. As in the baseline of Xu et al. there is one encoder for all domains.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.net = layers(*[hidden] * 6, 1)
        self.chance = math.log(2.0)

    def discriminator_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        logits = self.net(encodings).squeeze(-1)
        sides = [F.softplus(-logits[batch.is_source]), F.softplus(logits[~batch.is_source])]
        return _mean_of(sides, encodings)

    def encoder_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        return _mean_of([F.softplus(-self.net(encodings[~batch.is_source]).squeeze(-1))], encodings)


class DisparityPredictor(Alignment):
    r"""A second predictor that agrees with the first on sources and disagrees on targets (Zhang et al., ICML 2019).

    With :math:`p'` the second predictor's probability of the class that the first one names, it makes
    :math:`-\gamma \log p'_{source} - \log(1 - p'_{target})` small. For regression
    :math:`p' = \exp(-\lVert f' - f \rVert^2 / outputs)` stands for the probability, which keeps the game bounded.

    Args:
        margin: :math:`\gamma`.
    """

    def __init__(self, hidden: int, num_outputs: int, margin: float = 1.0) -> None:
        super().__init__()
        self.net = Predictor(hidden, num_outputs)
        self.margin = margin
        chance = 1 / num_outputs if num_outputs > 1 else 0.5
        self.chance = -margin * math.log(chance) - math.log1p(-chance)

    def discriminator_loss(self, encodings: Tensor, batch: AlignmentBatch) -> Tensor:
        agree = self._log_agreement(self.net(encodings), batch)
        sources, targets = agree[batch.is_source], agree[~batch.is_source]
        # log(1 - p) without cancellation for p near 1
        apart = torch.log(-torch.expm1(targets.clamp(max=-1e-6)))
        return self.margin * _mean_of([-sources], encodings) + _mean_of([-apart], encodings)

    def _log_agreement(self, output: Tensor, batch: AlignmentBatch) -> Tensor:
        if not batch.classes:
            return -(output - batch.output).square().mean(-1)
        named = batch.output.argmax(-1, keepdim=True)
        return output.log_softmax(-1).gather(-1, named).squeeze(-1)


def _mean_of(sides: list[Tensor], like: Tensor) -> Tensor:
    """Mean over the sides that have rows of their means; 0 without any."""
    there = [side.mean() for side in sides if side.numel()]
    return torch.stack(there).mean() if there else like.sum() * 0
