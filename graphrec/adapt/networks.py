"""The networks of graph-relational domain adaptation (Xu et al., ICLR 2022), with the width as a setting."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


def layers(*widths: int, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers with ReLU (and dropout) between them, none after the last."""
    parts: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(widths)):
        if i:
            parts += [nn.ReLU(), *([nn.Dropout(dropout)] if dropout else [])]
        parts.append(nn.Linear(before, after))
    return nn.Sequential(*parts)


class Encoder(nn.Module):
    r""":math:`e = E(x, z_u)`: input and domain embedding, each through its own layers, joined.

    Args:
        dim: of the inputs.
        domain_dim: of the domain embedding.
        hidden: width; the joined layers are twice as wide.
        shortcut: add a linear map of the input to the encoding. Eight layers learn little from a few hundred texts
            on which a logistic regression does well; with the shortcut they begin where it ends.
    """

    def __init__(
        self, dim: int, domain_dim: int, hidden: int, dropout: float = 0.0, shortcut: bool = False
    ) -> None:
        super().__init__()
        self.input = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU())
        self.domain = nn.Sequential(layers(domain_dim, hidden, hidden), nn.ReLU())
        wide = 2 * hidden
        self.joint = nn.Sequential(layers(wide, wide, wide, wide, hidden, dropout=dropout), nn.ReLU())
        self.shortcut = nn.Linear(dim, hidden) if shortcut else None

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Encodings.

        Args:
            x: float32 `[..., dim]`.
            z: float32, broadcast against `x` but for the last axis: `[num_domains, 1, domain_dim]` beside
                `[num_domains, batch, dim]`.

        Returns:
            float32 `[..., hidden]`.
        """
        domain = self.domain(z).expand(*x.shape[:-1], -1)
        encoded: Tensor = self.joint(torch.cat([self.input(x), domain], dim=-1))
        return encoded if self.shortcut is None else encoded + self.shortcut(x)


class Predictor(nn.Module):
    """Encoding to class logits or values."""

    def __init__(self, hidden: int, outputs: int) -> None:
        super().__init__()
        self.net = layers(hidden, hidden, hidden, outputs)

    def forward(self, encodings: Tensor) -> Tensor:
        """`[..., hidden]` to `[..., outputs]`."""
        out: Tensor = self.net(encodings)
        return out
