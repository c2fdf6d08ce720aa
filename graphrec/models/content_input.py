"""Dense item features as part of the vectors that a graph model starts from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphrec.models.base import TrainData
from graphrec.models.dense_features import unit_features


class ContentInput(nn.Module):
    r"""What the features f of an item add to its embedding at layer 0: :math:`w\, f_i W`.

    Args:
        features: unit rows float32 `[num_items, features]`, see :func:`unit_features`.
        weight: w.
        dim: length of an embedding.
    """

    def __init__(
        self, features: Tensor, weight: float, dim: int, generator: torch.Generator, device: str
    ) -> None:
        super().__init__()
        self.generator, self.scale = generator, weight
        self.features = features.to(device)  # no buffer: a checkpoint need not hold what the data gives
        self.map = nn.Parameter(torch.empty(features.shape[1], dim, device=device))
        self.there = self.features.any(dim=1)
        # A step moves all rows of W at once, so that an item would move faster by the root of their number.
        self.map.rate = features.shape[1] ** -0.5  # type: ignore[attr-defined]
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier draw."""
        with torch.no_grad():
            nn.init.xavier_uniform_(self.map, generator=self.generator)

    def forward(self) -> Tensor:
        """`[num_items, dim]`."""
        found: Tensor = self.scale * (self.features @ self.map)
        return found

    def some_alone(self, items: Tensor, alone: Tensor, share: float) -> Tensor:
        """`items` with a random share of the rows that have features taken from `alone`, `[num_items, dim]` all."""
        if share == 0:
            return items
        draw = torch.rand(len(items), generator=self.generator, device=items.device)
        return torch.where(((draw < share) & self.there)[:, None], alone, items)


def content_input(
    data: TrainData, weight: float, dim: int, generator: torch.Generator, device: str
) -> ContentInput | None:
    """The module for some training data; None where it has no features or the weight is 0."""
    found = unit_features(data, weight)
    return None if found is None else ContentInput(torch.from_numpy(found), weight, dim, generator, device)


def on_items(nodes: Tensor, added: Tensor | None, first: int) -> Tensor:
    """`nodes` `[num_nodes, dim]` with `added` `[num_items, dim]` on the rows from `first` on; None adds nothing."""
    if added is None:
        return nodes
    return nodes + F.pad(added, (0, 0, first, len(nodes) - first - len(added)))
