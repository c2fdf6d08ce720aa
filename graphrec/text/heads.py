"""The linear head of a level: one vector and one number per code, and three ways to begin with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphrec.cold.features import dropout
from graphrec.text.shortlist import Children, Shortlist
from graphrec.text.svm import linear_svm

_CHUNK = 1024  # texts whose active codes are listed at once


class LevelHead(nn.Module):
    """Scores of all codes of one level. They are computed for every code, active or not: with a few thousand codes
    one dense product costs less than gathering the active codes' vectors for each text.

    Args:
        num_codes: codes of the level.
        dim: length of a text's vector.
    """

    def __init__(self, num_codes: int, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_codes, dim))
        self.bias = nn.Parameter(torch.zeros(num_codes))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Weights from N(0, 0.02^2) and no bias, as the first level begins.

        Args:
            generator: on the processor.
        """
        with torch.no_grad():
            self.weight.copy_(torch.randn(self.weight.shape, generator=generator) * 0.02)
            self.bias.zero_()

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits `[texts, codes]` of vectors `[texts, dim]`."""
        return vectors.float() @ self.weight.T + self.bias

    def active(self, vectors: Tensor, codes: Tensor, p: float, generator: torch.Generator) -> Tensor:
        """Logits of some codes per text, with dropout on the vectors.

        Args:
            vectors: `[texts, dim]`.
            codes: int64 `[texts, width]`.
            p: share of entries dropped.
            generator: of the dropout, on the vectors' device.

        Returns:
            `[texts, width]`.
        """
        logits: Tensor = self(dropout(vectors.float(), p, generator))
        return logits.gather(1, codes)


def inherited_head(previous: LevelHead, children: Children) -> LevelHead:
    """Every code begins as its parent: cheap, and already right about which part of the tree a text belongs to."""
    parent = torch.from_numpy(children.parent).to(previous.weight.device)
    head = LevelHead(len(parent), previous.weight.shape[1]).to(previous.weight.device)
    with torch.no_grad():
        head.weight.copy_(previous.weight[parent])
        head.bias.copy_(previous.bias[parent])
    return head


def linear_head(
    vectors: NDArray[np.floating], shortlist: Shortlist, *, cost: float = 100.0, most: int = 10_000,
    seed: int = 0, device: torch.device | str = "cpu", report: Callable[[int, int], None] | None = None,
) -> LevelHead:  # fmt: skip
    """One support vector machine per code over what the encoder makes of the texts so far, each fitted on the texts
    for which its code is on the shortlist.

    Memory: about `most` pairs per code, 30 bytes each while they are sorted, and `most` vectors in float64.

    Args:
        vectors: `[texts, dim]`, read by row, so a memory map may be given.
        shortlist: of the level that begins.
        cost: C of the support vector machine, for positives and negatives alike.
        most: texts that one code is fitted on; positives first, then a random choice.
        seed: of that choice.
        device: where the systems are solved.
        report: is told codes done and all codes.
    """
    rng = np.random.default_rng([seed, 1])
    rows, bounds, positive = _by_code(shortlist, len(vectors), most, rng)
    head = LevelHead(shortlist.num_codes, vectors.shape[1]).to(device)
    weight, bias = np.zeros(head.weight.shape, np.float32), np.zeros(shortlist.num_codes, np.float32)
    for code in range(shortlist.num_codes):
        part = slice(bounds[code], bounds[code + 1])
        chosen = _sample(rows[part], positive[part], most, rng)
        if len(chosen):
            x = np.asarray(vectors[chosen >> 1], np.float64)
            solved = linear_svm(
                torch.from_numpy(np.concatenate([x, np.ones((len(x), 1))], axis=1)).to(device),
                torch.from_numpy((chosen & 1) * 2.0 - 1.0).to(device), cost,
            ).cpu().numpy()  # fmt: skip
            weight[code], bias[code] = solved[:-1], solved[-1]
        if report is not None:
            report(code + 1, shortlist.num_codes)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))
    return head


def _by_code(
    shortlist: Shortlist, num_texts: int, most: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
    """Texts by code (ascending), where each code begins, and whether the text is a positive of it.

    With many texts per code only a random part of the texts is looked at, so that the pairs fit in memory.
    """
    texts = np.sort(rng.permutation(num_texts)[: _wanted(shortlist, num_texts, most, rng)])
    found_rows, found_codes, found_signs = [], [], []
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        active = shortlist.batch(chunk, rng)
        row, _ = np.nonzero(active.mask)
        found_rows.append(chunk[row].astype(np.int32))
        found_codes.append(active.codes[active.mask].astype(np.int32))
        found_signs.append(active.signs[active.mask] > 0)
    codes = np.concatenate(found_codes)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(shortlist.num_codes + 1))
    return np.concatenate(found_rows)[order], bounds, np.concatenate(found_signs)[order]


def _wanted(shortlist: Shortlist, num_texts: int, most: int, rng: np.random.Generator) -> int:
    """Texts that give about `most` pairs per code, judged by a few of them."""
    looked_at = shortlist.batch(rng.permutation(num_texts)[:_CHUNK], rng).mask
    per_text = max(1.0, float(looked_at.sum()) / len(looked_at))
    return math.ceil(most * shortlist.num_codes / per_text)


def _sample(
    rows: NDArray[np.int32], positive: NDArray[np.bool_], most: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """At most so many texts, positives first, in ascending order; each as `2 * text + positive`."""
    marked = rows.astype(np.int64) * 2 + positive
    if len(marked) > most:
        order = np.lexsort((rng.random(len(marked)), ~positive))
        marked = marked[order[:most]]
    return np.sort(marked)
