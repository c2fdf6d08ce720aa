"""An encoder of a few lines, and utterances that it can tell apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.nlu.intents import IntentData, Utterance


class Words:
    """Counts words into hashed buckets: the same word, the same bucket, whoever runs it."""

    def __init__(self, dim: int = 1024, salt: str = "") -> None:
        self._dim, self.salt = dim, salt

    @property
    def name(self) -> str:
        return "words"

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"words {self.dim} {self.salt}".encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                place = hashlib.sha256((self.salt + word).encode(errors="replace")).digest()
                out[row, int.from_bytes(place[:4], "little") % self.dim] += 1
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        return out / np.where(norms > 0, norms, 1)


def data(proxies: bool = True) -> IntentData:
    """Three intents of two domains; some words are shared, so that nothing is certain."""
    verbs = {"cook": ("recipes", "cook make bake fry"), "timer": ("clock", "set start begin time"),
             "list": ("recipes", "read write add tell")}  # fmt: skip
    things = "soup cake bread rice eggs".split()
    train = [
        Utterance(f"{verb} the {thing} {'now' if place % 2 else 'please'}", intent, domain)
        for intent, (domain, words) in verbs.items()
        for verb in words.split()
        for place, thing in enumerate(things)
    ]
    outside = [f"{a} of {b}" for a in "history colour price size".split() for b in "mars rome music".split()]
    return IntentData(train=tuple(train), proxies=tuple(outside) if proxies else ())
