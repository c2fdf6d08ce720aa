"""The torch form of :class:`graphrec.ranking.memory_mixing.MemoryMixing`, over batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from graphrec.ranking.memory import MemoryShape
from graphrec.ranking.memory_mixing import HOUR, NORM_FLOOR, SHARES, Attention, MemoryMixing

Float = NDArray[np.floating[Any]]

SHARPNESS = 8.0
"""Logit of a token that equals the question, before training: the sharpness of the untrained blend."""
_HIDDEN = -1e9
"""Logit of an empty place: finite, since a softmax over `-inf` alone has no gradient."""


class AttentionLayer(nn.Module):
    """Multi-head attention of one vector over tokens that fade with age; starts as plain cosine attention."""

    def __init__(self, dim: int, heads: int, half_lives: int, generator: torch.Generator) -> None:
        super().__init__()
        start = math.sqrt(SHARPNESS * math.sqrt(dim / heads))
        self.query = _near_identity(dim, start, generator)
        self.key = _near_identity(dim, start, generator)
        self.value = _near_identity(dim, 1.0, generator)
        self.out = _near_identity(dim, 1.0, generator)
        self.fade_raw = nn.Parameter(torch.linspace(-3.0, 0.0, heads))
        self.long_bias = nn.Parameter(torch.zeros(heads, half_lives))

    @property
    def fade(self) -> Tensor:
        """Logits lost per doubling of the age, `[heads]`, above 0."""
        return functional.softplus(self.fade_raw)

    def forward(self, asking: Tensor, long: Tensor, known: Tensor, items: Tensor, ages: Tensor) -> Tensor:
        """Read `[batch, asked, dim]`.

        Args:
            asking: `[batch, asked, dim]`.
            long: `[batch, m, dim]`, always readable; m may be 0.
            known: `[num_items, dim]`, the events' vectors.
            items: int64 `[batch, n]`, rows of `known`, -1 for none.
            ages: `[batch, n]`, seconds.
        """
        heads = len(self.fade_raw)
        asked = _split(asking @ self.query, heads)
        # Events are projected once per item; `embedding` has a far quicker gradient than indexing.
        place = items.clamp_min(0)
        event_keys, event_values = (functional.embedding(place, known @ m) for m in (self.key, self.value))
        keys = _split(torch.cat([long @ self.key, event_keys], dim=1), heads)
        values = _split(torch.cat([long @ self.value, event_values], dim=1), heads)
        logits = torch.einsum("bqhc,bthc->bqht", asked, keys) / math.sqrt(asked.shape[-1])
        faded = -self.fade[None, :, None] * torch.log2(1.0 + ages / HOUR)[:, None, :]
        faded = faded.masked_fill((items < 0)[:, None, :], _HIDDEN)
        lasting = self.long_bias[None, :, : long.shape[1]].expand(len(items), -1, -1)
        weights = torch.softmax(logits + torch.cat([lasting, faded], dim=2)[:, None], dim=-1)
        found: Tensor = torch.einsum("bqht,bthc->bqhc", weights, values).flatten(2) @ self.out
        return found


class MemoryNetwork(nn.Module):
    """Learned parts of a :class:`MemoryMixing`; `events` stays fixed, so memories outlive a training.

    Args:
        events: float32 `[num_items, dim]`.
        shape: of the memories; its window may be 0 long-term vectors or events for an ablation.
        heads: per attention; divides `dim`.
        bias: float32 `[num_items]`, where the items' offsets start (log popularity).
    """

    def __init__(self, events: Float, shape: MemoryShape, heads: int, bias: Float, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        dim, size = shape.dim, len(shape.half_lives)
        self.shape = shape
        self.events: Tensor
        self.register_buffer("events", torch.tensor(events))
        self.outputs = nn.Parameter(torch.tensor(events))
        self.bias = nn.Parameter(torch.tensor(bias))
        self.shares: Tensor
        self.register_buffer("shares", torch.tensor(SHARES))
        self.popular = nn.Parameter(torch.ones(1))
        self.mix = nn.Parameter(torch.zeros(2, len(SHARES) + size + 2))
        self.mix.data[:, SHARES.index(0.3)] = self.mix.data[1, -1] = SHARPNESS / 2
        self.sharpness = nn.Parameter(torch.full((1,), SHARPNESS))
        self.fading_raw = nn.Parameter(torch.full((1,), -2.0))
        self.plain = False
        """Leave the residual out: it is 0 until it is learned."""
        self.first = AttentionLayer(dim, heads, size, generator)
        self.second = AttentionLayer(dim, heads, size, generator)
        self.ask = nn.Parameter(0.02 * torch.randn(dim, generator=generator))
        self.ask_request = _near_identity(dim, 1.0, generator)
        start = torch.stack([_near_identity(dim, 1.0 / math.sqrt(dim), generator).data for _ in range(size)])
        self.long = nn.Parameter(start)
        self.rest_raw = nn.Parameter(torch.zeros(size))
        self.scale = nn.Parameter(torch.zeros(1))
        self.request = nn.Parameter(torch.zeros(dim, dim))

    @property
    def rest(self) -> Tensor:
        """Mass at which each long-term vector counts half, `[half_lives]`."""
        return functional.softplus(self.rest_raw)

    @property
    def offsets(self) -> Tensor:
        """What is added to each item's logit, `[num_items]`."""
        return self.popular * self.bias

    @property
    def focus(self) -> Tensor:
        """Sharpness and fading of the attended window, `[2]`."""
        return torch.cat([self.sharpness, functional.softplus(self.fading_raw)])

    def mixture(self) -> list[nn.Parameter]:
        """The few numbers that are learned first."""
        return [self.mix, self.popular, self.sharpness, self.fading_raw]

    def parts(self, long: Tensor, items: Tensor, ages: Tensor, requests: Tensor) -> Tensor:
        """Views of the past and the request, `[batch, parts, dim]`, unit vectors or zeros."""
        known = (items >= 0).to(self.events.dtype)
        events = functional.embedding(items.clamp_min(0), self.events) * known[..., None]
        newer = known.flip(1).cumsum(1).flip(1) - known  # events after each
        weights = ((1.0 - self.shares)[:, None] ** newer[:, None]) * known[:, None]
        averages = weights @ events / weights.sum(dim=2, keepdim=True).clamp_min(1e-12)
        asking = torch.where(requests.any(dim=1, keepdim=True), requests, averages[:, -1])
        cosine = torch.einsum("bnd,bd->bn", *(functional.normalize(v, dim=-1) for v in (events, asking)))
        sharpness, fading = self.focus
        logits = sharpness * cosine - fading * torch.log2(1.0 + ages / HOUR)
        attended = torch.softmax(logits.masked_fill(items < 0, _HIDDEN), dim=1)[:, None] @ events
        return functional.normalize(torch.cat([averages, long, attended, requests[:, None]], dim=1), dim=2)

    def user_vectors(
        self, long: Tensor, mass: Tensor, items: Tensor, ages: Tensor, requests: Tensor
    ) -> Tensor:
        """Users `[batch, dim]` as their requests find them.

        Args:
            long: `[batch, half_lives, dim]`.
            mass: `[batch, half_lives]`.
            items: int64 `[batch, window]`, -1 for none.
            ages: `[batch, window]`, seconds.
            requests: `[batch, dim]`, zeros for none.
        """
        weights = self.mix[requests.any(dim=1).long()]
        mixed = (weights[:, None] @ self.parts(long, items, ages, requests))[:, 0]
        mixed = mixed + requests @ self.request
        return mixed if self.plain else mixed + self.scale * self.residual(long, mass, items, ages, requests)

    def residual(self, long: Tensor, mass: Tensor, items: Tensor, ages: Tensor, requests: Tensor) -> Tensor:
        """What the attentions read, `[batch, dim]`."""
        window = (self.events, items, ages)
        means = long + self.first(long, long[:, :0], *window)
        means = functional.layer_norm(means, means.shape[-1:], eps=NORM_FLOOR)
        read = self.second((self.ask + requests @ self.ask_request)[:, None], means, *window)[:, 0]
        lasting = torch.einsum("bh,bhd,hde->be", mass / (mass + self.rest), means, self.long)
        anyone = (items >= 0).any(dim=1, keepdim=True)
        found: Tensor = (read + lasting) * anyone
        return found

    def scores(self, vectors: Tensor) -> Tensor:
        """Logits of every item, `[batch, num_items]`."""
        return vectors @ self.outputs.t() + self.offsets

    @torch.no_grad()
    def export(self, weight: float = 1.0) -> MemoryMixing:
        """The NumPy form."""
        return MemoryMixing(
            items=self.events.numpy().copy(), outputs=_numpy(self.outputs), bias=_numpy(self.offsets),
            half_lives=np.asarray(self.shape.half_lives), window=np.array([self.shape.window]),
            shares=_numpy(self.shares), mix=_numpy(self.mix), focus=_numpy(self.focus),
            first=_exported(self.first), second=_exported(self.second),
            ask=_numpy(self.ask), ask_request=_numpy(self.ask_request), long=_numpy(self.long),
            rest=_numpy(self.rest), scale=_numpy(self.scale), request=_numpy(self.request),
            weight=np.array([weight], dtype=np.float32),
        )  # fmt: skip


def _near_identity(dim: int, size: float, generator: torch.Generator) -> nn.Parameter:
    noise = torch.randn(dim, dim, generator=generator) * (0.1 / math.sqrt(dim))
    return nn.Parameter(size * (torch.eye(dim) + noise))


def _split(vectors: Tensor, heads: int) -> Tensor:
    return vectors.reshape(*vectors.shape[:-1], heads, -1)


def _numpy(values: Tensor) -> Float:
    return np.array(values.detach().numpy())


def _exported(layer: AttentionLayer) -> Attention:
    return Attention(
        *map(_numpy, (layer.query, layer.key, layer.value, layer.out, layer.fade, layer.long_bias))
    )
