"""Word 1-grams, word 2-grams and character 3-grams of many texts at once, as 64-bit hashes instead of strings.

What counts as a word and as an n-gram is scikit-learn's: texts are put in lower case, a word is a run of two or
more letters, digits and underscores, and character 3-grams never cross white space (analyser `char_wb`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

UInt64 = NDArray[np.uint64]
Int64 = NDArray[np.int64]

BATCH_CHARACTERS = 2**20
"""Characters worked on at once; a longer text is a batch of its own. Takes about 150 bytes for each."""

_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 2**64)


def batches(texts: Iterable[str], characters: int = BATCH_CHARACTERS) -> Iterator[list[str]]:
    """Cut a stream of texts into lists of about so many characters."""
    held: list[str] = []
    size = 0
    for text in texts:
        if held and size + len(text) > characters:
            yield held
            held, size = [], 0
        held.append(text)
        size += len(text)
    if held:
        yield held


def ngrams(texts: Sequence[str]) -> list[tuple[Int64, UInt64]]:
    """Every n-gram of a batch, once for each time that it occurs.

    Args:
        texts: the batch.

    Returns:
        For word 1-grams, word 2-grams and character 3-grams, in this order: int64 `[count]`, place of the text, and
        uint64 `[count]`, a hash that is the same for equal n-grams in every batch and run.
    """
    lowered = [text.lower() for text in texts]
    # A space in front, one behind and one between: no n-gram crosses from one text to the next.
    joined = " " + " ".join(lowered) + " "
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.array([len(text) + 1 for text in lowered], dtype=np.int64)
    text_of = np.repeat(
        np.arange(len(texts), dtype=np.int64), lengths
    )  # of the characters after the first space
    inside, space = _classes(codes)
    words, word_texts = _words(codes, inside, text_of)
    together = word_texts[1:] == word_texts[:-1]
    pairs = mixed(words[:-1] * np.uint64(3) + mixed(words[1:]))[together]
    places, trigrams = _trigrams(codes, space)
    return [(word_texts, words), (word_texts[1:][together], pairs), (text_of[places - 1], trigrams)]


def mixed(values: UInt64) -> UInt64:
    """Spread every bit of 64-bit integers over all of them (splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _words(codes: NDArray[np.uint32], inside: NDArray[np.bool_], text_of: Int64) -> tuple[UInt64, Int64]:
    """Hashes of the words, and the text of each: a polynomial in the characters, modulo 2^64."""
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts > 1
    starts, ends = starts[long], ends[long]
    terms = codes.astype(np.uint64) * _powers(_BASE, len(codes))
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(terms, dtype=np.uint64)])
    # Divided by the power at its start a word has the same value wherever it stands.
    values = (sums[ends] - sums[starts]) * _powers(_INVERSE, len(codes))[starts]
    return mixed(values), text_of[starts - 1]


def _trigrams(codes: NDArray[np.uint32], space: NDArray[np.bool_]) -> tuple[Int64, UInt64]:
    """Middle and hash of every 3-gram: a window whose middle is no white space never leaves its word's margins."""
    plain = np.where(space, np.uint32(32), codes).astype(np.uint64)
    places = np.flatnonzero(~space)
    windows = (plain[places - 1] << np.uint64(42)) | (plain[places] << np.uint64(21)) | plain[places + 1]
    return places, mixed(windows)


def _powers(base: int, count: int) -> UInt64:
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _classes(codes: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each character belongs to words, and whether it is white space."""
    word = np.zeros(int(codes.max()) + 1, dtype=bool)
    space = np.zeros_like(word)
    for code in np.flatnonzero(np.bincount(codes)):
        character = chr(code)
        word[code] = character.isalnum() or character == "_"
        space[code] = character.isspace()
    return word[codes], space[codes]
