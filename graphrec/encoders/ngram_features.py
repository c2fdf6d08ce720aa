"""Hashed words, word pairs and pieces of words of a text."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from graphrec.language.fold import plain

Float = NDArray[np.float32]
Hashes = NDArray[np.uint32]

FORMAT = "ngrams 1"
"""Part of every fingerprint: changes when the n-grams of a text do."""

_WORD = re.compile(r"[^\W_]+")
_CHARACTERS = (3, 4, 5)
_LONGEST = 2000  # characters that are looked at
_LONGEST_WORD = 40


def _ngrams(text: str) -> Counter[str]:
    """Words, neighbouring words and pieces of words, each kind under its own mark."""
    words = [word[:_LONGEST_WORD] for word in _WORD.findall(plain(text[:_LONGEST]))]
    found = Counter(f"w{word}" for word in words)
    found.update(f"p{first} {second}" for first, second in pairwise(words))
    for word in words:
        framed = f" {word} "
        for size in _CHARACTERS:
            found.update(f"c{framed[i : i + size]}" for i in range(len(framed) - size + 1))
    return found


def weighted(text: str) -> tuple[Hashes, Float]:
    """Hashes of a text's n-grams, ascending and distinct, with ``1 + log tf``."""
    counts: Counter[int] = Counter()
    for ngram, count in _ngrams(text).items():
        # CRC-32 is the same in every process and on every machine, which Python's own hash is not.
        counts[zlib.crc32(ngram.encode("utf-8", "replace"))] += count
    ordered = sorted(counts.items())
    hashes = np.fromiter((key for key, _ in ordered), np.uint32, len(ordered))
    weights = np.fromiter((1 + math.log(count) for _, count in ordered), np.float32, len(ordered))
    return hashes, weights


def mixed(hashes: Hashes) -> Hashes:
    """Spread over all bits (the last step of MurmurHash3): a CRC is linear, so like n-grams would collide alike."""
    found = hashes ^ (hashes >> np.uint32(16))
    for factor, shift in ((0x85EBCA6B, 13), (0xC2B2AE35, 16)):
        found = found * np.uint32(factor)
        found ^= found >> np.uint32(shift)
    return found


def unit(vectors: Float) -> Float:
    """Rows brought to length one in place; zero rows stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors
