"""Ways to join a graph layer's output with earlier ones, against over-smoothing in deep models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from graphrec.errors import ConfigError

ResidualName = Literal["none", "initial", "dense", "residual", "jumping"]

PROJECTED: frozenset[str] = frozenset({"initial", "dense", "residual"})
"""Kinds that join hidden vectors alone: features are first mapped to the hidden length, logits come after."""


class Residual(nn.Module):
    r"""What goes on to the next layer, given all outputs so far (Chen et al., "Bag of tricks", TPAMI 2022).

    With :math:`x_0` the mapped features and :math:`x_1 .. x_l` the layers' outputs:

    * `initial`: :math:`(1 - \alpha) x_l + \alpha x_0` (APPNP, GCNII);
    * `residual`: :math:`(1 - \alpha) x_l + \alpha x_{l-1}`;
    * `dense`: :math:`W_l [x_0, .., x_l]`, a learned map of everything so far;
    * `none` and `jumping`: :math:`x_l`; jumping knowledge joins the layers after the last one instead.

    Args:
        kind: one of those names.
        dim: length of a hidden vector.
        layer: l, from 1.
        alpha: share of the earlier vector.

    Raises:
        ConfigError: no such kind.
    """

    def __init__(self, kind: ResidualName, dim: int, layer: int, alpha: float) -> None:
        super().__init__()
        if kind not in PROJECTED | {"none", "jumping"}:
            known = ", ".join(sorted(PROJECTED | {"none", "jumping"}))
            raise ConfigError(f"Unknown residual connection {kind!r}; choose one of {known}.")
        self.kind, self.alpha = kind, alpha
        self.join = nn.Linear((layer + 1) * dim, dim) if kind == "dense" else None

    def forward(self, outputs: Sequence[Tensor]) -> Tensor:
        """`[num_nodes, dim]` from the outputs `x_0 .. x_l`, `[num_nodes, dim]` each.

        Without projection (`none`, `jumping`) only the last of them is read.
        """
        if self.join is not None:
            found: Tensor = self.join(torch.cat(list(outputs), dim=1))
            return found
        if self.kind not in PROJECTED:
            return outputs[-1]
        earlier = outputs[0] if self.kind == "initial" else outputs[-2]
        return torch.lerp(outputs[-1], earlier, self.alpha)
