"""Encoders for studies that go over the same utterances many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphrec.encoders import Encoder


class Remembered:
    """An encoder that encodes every text once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._vectors = encoder, dict[str, Any]()
        self.name, self.dim, self.fingerprint = encoder.name, encoder.dim, encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])


class Part:
    """Some columns of another encoder's vectors, brought to unit length: one of several depths on its own."""

    def __init__(self, encoder: Encoder, start: int, stop: int) -> None:
        self._encoder, self._columns = encoder, slice(start, stop)
        self.name, self.dim = f"{encoder.name}[{start}:{stop}]", stop - start
        self.fingerprint = f"{encoder.fingerprint}[{start}:{stop}]"

    def encode(self, texts: Sequence[str]) -> Any:
        vectors = self._encoder.encode(texts)[:, self._columns]
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
