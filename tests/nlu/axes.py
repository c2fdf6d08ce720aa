"""An encoder by the first and last letters of words, which passes for MiniLM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Axes:
    """Every word has an axis by its first letter and one by its last: "gralic" is near "garlic"."""

    name, dim, fingerprint = "minilm", 52, "axes"

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def for_similarity(self) -> Axes:
        return self

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        out = np.zeros((len(texts), 52), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                out[row, (ord(word[0]) - 97) % 26] += 1
                out[row, 26 + (ord(word[-1]) - 97) % 26] += 1
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
