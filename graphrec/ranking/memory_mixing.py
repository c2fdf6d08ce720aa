r"""How a memory becomes scores: a mixture of simple views of the past and, beside it, learned attention, in NumPy.

The mixture holds parts :math:`p_j`, each of unit length: moving averages over the window's events (share 1: the
newest event), long-term means :math:`l_h` (mass :math:`n_h`), the window S as the request r attends to it, and r:

.. math::
    u = \sum_j a_j\, p_j + W_r r + \sigma\,\Big(c + \sum_h \frac{n_h}{n_h + m_h} W_h\, l'_h\Big) \qquad
    l'_h = \mathrm{LN}(l_h + A_1(l_h, S)) \qquad
    c = A_2(q_0 + W_q r,\ [l'_1 .. l'_H; S])

with weights a of its own where there is a request. Each simple view of a past is the case of one weight, so the
mixture holds what any of them knows; W_r and sigma start at 0 and stay there unless validation gains by them.
:math:`A_1` is equation-wise that of arXiv 2202.06369 (long-term attends to the window); the request reading both
is the second direction. Every attention has heads whose logits fall by `fade * log2(1 + age / hour)`.
Learned by :mod:`graphrec.training.memory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.ranking.memory import MemoryShape, MemoryView

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

HOUR = 3600.0
SHARES = (1.0, 0.6, 0.3, 0.1)
"""Shares of the newest event in the moving averages."""
NORM_FLOOR = 1e-5
"""Added to the variance in a layer norm."""


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """Multi-head attention whose logits fall with the age of what is read.

    Args:
        query, key, value, out: float32 `[dim, dim]`; rows are inputs.
        fade: float32 `[heads]`, 0 or more: what each doubling of the age costs.
        long_bias: float32 `[heads, half_lives]`, added to the logits of the long-term vectors.
    """

    query: Float
    key: Float
    value: Float
    out: Float
    fade: Float
    long_bias: Float

    def __call__(self, asking: Float, long: Float, events: Float, ages: Float) -> Float:
        """What one vector `[dim]` reads from long-term vectors `[m, dim]` and aged events `[n, dim]`."""
        tokens = np.concatenate([long, events])
        if not len(tokens):
            return np.zeros_like(asking)
        heads = len(self.fade)
        asked = (asking @ self.query).reshape(heads, -1)
        keys = (tokens @ self.key).reshape(len(tokens), heads, -1)
        values = (tokens @ self.value).reshape(len(tokens), heads, -1)
        logits = np.einsum("hc,thc->ht", asked, keys) / np.sqrt(asked.shape[1])
        faded = -self.fade[:, None] * np.log2(1.0 + ages / HOUR)[None, :]
        logits = logits + np.concatenate([self.long_bias[:, : len(long)], faded], axis=1)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("ht,thc->hc", weights, values).reshape(-1) @ self.out, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class MemoryMixing:
    """Learned matrices over a memory of item events.

    It carries its own item vectors, so a memory stays readable when the model beside it is trained anew.

    Args:
        items: float32 `[num_items, dim]`, what an event with an item adds to a memory.
        outputs: float32 `[num_items, dim]`, what a user vector is compared with.
        bias: float32 `[num_items]`.
        half_lives: float64 `[half_lives]`, seconds.
        window: int64 `[1]`.
        shares: float32 `[averages]`, of the newest event in each moving average; the last one asks the window
            where there is no request.
        mix: float32 `[2, averages + half_lives + 2]`, weights of averages, long-term means, attended window and
            request; without a request and with one.
        focus: float32 `[2]`, sharpness and fading of the attended window (:meth:`MemoryView.attend`).
        first: the long-term vectors read the window.
        second: the request reads long-term vectors and window.
        ask: float32 `[dim]`, the question where there is no request.
        ask_request: float32 `[dim, dim]`, how a request changes the question.
        long: float32 `[half_lives, dim, dim]`.
        rest: float32 `[half_lives]`, the mass at which a long-term vector counts half.
        scale: float32 `[1]`.
        request: float32 `[dim, dim]`, what the request adds whoever asks.
        weight: float32 `[1]`, of the memory's score beside the model's.
    """

    items: Float
    outputs: Float
    bias: Float
    half_lives: Float
    window: Int
    shares: Float
    mix: Float
    focus: Float
    first: Attention
    second: Attention
    ask: Float
    ask_request: Float
    long: Float
    rest: Float
    scale: Float
    request: Float
    weight: Float

    @property
    def shape(self) -> MemoryShape:
        """Of the memories it reads."""
        return MemoryShape(self.items.shape[1], int(self.window[0]), tuple(self.half_lives.tolist()))

    def user_vector(self, view: MemoryView, request: Float | None = None) -> Float:
        """The user as the request finds them, float32 `[dim]`; without events or request it is zero."""
        asked = np.zeros(self.items.shape[1], dtype=np.float32) if request is None else request
        total = self.mix[int(asked.any())] @ self.parts(view, asked) + asked @ self.request
        if not len(view) or not self.scale[0]:
            return np.asarray(total, dtype=np.float32)
        none = view.long[:0]
        means = np.stack([_norm(mean + self.first(mean, none, view.events, view.ages)) for mean in view.long])
        read = self.second(self.ask + asked @ self.ask_request, means, view.events, view.ages)
        trust = view.mass / (view.mass + self.rest)
        lasting = np.einsum("h,hd,hde->e", trust, means, self.long)
        return np.asarray(total + self.scale[0] * (read + lasting), dtype=np.float32)

    def parts(self, view: MemoryView, asked: Float) -> Float:
        """What is mixed, float32 `[averages + half_lives + 2, dim]`, unit vectors or zeros.

        Args:
            asked: `[dim]`, zeros for no request.
        """
        averages = view.averages(self.shares)
        asking = asked if asked.any() else averages[-1]
        sharpness, fading = self.focus.tolist()
        attended = view.attend(asking, sharpness=sharpness, fading=fading) @ view.events
        found = np.concatenate([averages, view.long, attended[None], asked[None]])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(lengths, 1e-12), dtype=np.float32)

    def score(self, view: MemoryView, request: Float | None = None, candidates: Int | None = None) -> Float:
        """Logits of items being next, float32 `[num_items]` or `[len(candidates)]`."""
        chosen = slice(None) if candidates is None else candidates
        return np.asarray(
            self.outputs[chosen] @ self.user_vector(view, request) + self.bias[chosen], np.float32
        )

    def arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """All arrays by name, as a bundle's `extra` carries them."""
        found: dict[str, NDArray[Any]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Attention):
                found |= {f"{prefix}{field.name}.{f.name}": getattr(value, f.name) for f in fields(value)}
            else:
                found[prefix + field.name] = value
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Self:
        """The mixing of :meth:`arrays`.

        Raises:
            KeyError, TypeError: an array is missing or unknown.
        """
        own = {name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}
        parts = {
            part: Attention(**{f.name: own.pop(f"{part}.{f.name}") for f in fields(Attention)})
            for part in ("first", "second")
        }
        return cls(**own, **parts)  # type: ignore[arg-type]


def _norm(vector: Float) -> Float:
    """Layer norm without gain or offset."""
    centred = vector - vector.mean()
    return np.asarray(centred / np.sqrt(np.square(centred).mean() + NORM_FLOOR), dtype=np.float32)
