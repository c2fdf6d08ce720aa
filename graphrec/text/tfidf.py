"""TF-IDF of texts that are read twice and never held: word 1-grams, word 2-grams and character 3-grams side by side.

Source of the three blocks and their limits: GIANT's `vect_config.json` (Chien et al., 2022). There the vocabulary of
every n-gram lies in memory; here n-grams are counted in hashed buckets, and the most frequent buckets are the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from graphrec.errors import InvalidInputError
from graphrec.text.ngrams import BATCH_CHARACTERS, Int64, UInt64, batches, ngrams

if TYPE_CHECKING:
    import scipy.sparse as sp

Bits = Annotated[int, Field(ge=1, le=31)]

_CHUNK = 2**20
_TERM_BITS = 32


class TfidfConfig(BaseModel):
    """Settings of the three blocks: word 1-grams, word 2-grams, character 3-grams."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_terms: tuple[PositiveInt, PositiveInt, PositiveInt] = (1_000_000, 3_000_000, 200_000)
    """Terms kept per block, those in most texts; among terms of one frequency at the limit the hash decides."""
    bucket_bits: tuple[Bits, Bits, Bits] = (22, 25, 22)
    """Binary logarithm of the buckets per block. N-grams that share a bucket are one term: of `n` distinct ones a
    share of about `n / 2^bits` does."""
    max_df: float = Field(default=0.98, gt=0.0, le=1.0)
    """Terms in a larger share of the texts are left out."""
    batch_characters: PositiveInt = BATCH_CHARACTERS
    """Characters worked on at once; changes nothing in the result."""


@dataclass(frozen=True, slots=True, eq=False)
class TfidfBlocks:
    """The terms of a collection of texts and their weights.

    A row is the count of each term times `ln((1 + num_texts) / (1 + texts with the term))`, every block at unit
    length, and then the whole row. A text without terms is a row of zeros. The same texts in the same order give the
    same matrix on every machine and for every batch size.

    Memory: `4 (2^22 + 2^25 + 2^22)` bytes with the default buckets, 160 MiB, whatever the number of texts; about 150
    bytes per character of a batch (150 MiB); 4 per term; and for `transform` 16 per entry of its result (8 stay).

    Args:
        config: settings.
        columns: per block, int32 `[2^bucket_bits]`: column of each bucket, -1 for those left out.
        idf: float32 `[num_terms]`.
        num_texts: texts that were counted.
    """

    config: TfidfConfig
    columns: tuple[NDArray[np.int32], ...]
    idf: NDArray[np.float32]
    num_texts: int

    @classmethod
    def fit(cls, texts: Callable[[], Iterable[str]], config: TfidfConfig | None = None) -> Self:
        """Count in how many texts each n-gram occurs, and choose the terms: one pass.

        Args:
            texts: called once; gives the texts in order.
            config: settings.

        Raises:
            InvalidInputError: there are no texts.
        """
        config = config or TfidfConfig()
        tables = [np.zeros(2**bits, dtype=np.int32) for bits in config.bucket_bits]
        num_texts = 0
        for batch in batches(texts(), config.batch_characters):
            num_texts += len(batch)
            for table, bits, (places, hashes) in zip(tables, config.bucket_bits, ngrams(batch), strict=True):
                keys, _ = _distinct(_keys(places, _buckets(hashes, bits)))
                np.add.at(table, keys & (2**_TERM_BITS - 1), 1)
        if not num_texts:
            raise InvalidInputError("TF-IDF needs at least one text; none came.")
        first, frequencies = 0, []
        for table, most in zip(tables, config.max_terms, strict=True):
            found = _choose(table, most, int(config.max_df * num_texts), first)
            first += len(found)
            frequencies.append(found)
        idf = np.log((1.0 + num_texts) / (1.0 + np.concatenate(frequencies))).astype(np.float32)
        return cls(config, tuple(tables), idf, num_texts)

    @property
    def num_terms(self) -> int:
        """Columns of the result."""
        return len(self.idf)

    def transform(self, texts: Iterable[str]) -> sp.csr_matrix:
        """Rows of texts, in their order: CSR float32 `[num_texts, num_terms]`, columns sorted."""
        import scipy.sparse as sp

        blocks = list(self.transform_blocks(texts))
        if not blocks:
            return sp.csr_matrix((0, self.num_terms), dtype=np.float32)
        return sp.vstack(blocks, format="csr", dtype=np.float32)

    def transform_blocks(self, texts: Iterable[str]) -> Iterator[sp.csr_matrix]:
        """The same rows batch by batch, for what need not hold all of them."""
        for batch in batches(texts, self.config.batch_characters):
            yield self._rows(batch)

    def _rows(self, batch: list[str]) -> sp.csr_matrix:
        import scipy.sparse as sp

        parts = zip(self.columns, self.config.bucket_bits, ngrams(batch), strict=True)
        entries = [self._weights(columns, bits, *found, len(batch)) for columns, bits, found in parts]
        rows = np.concatenate([rows for rows, _, _ in entries])
        order = np.argsort(rows, kind="stable")
        values = np.concatenate([values for _, _, values in entries])
        filled = np.sum([np.bincount(r, minlength=len(batch)) > 0 for r, _, _ in entries], axis=0)
        values /= np.sqrt(np.maximum(filled, 1)).astype(np.float32)[rows]
        pointer = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(batch)))])
        columns = np.concatenate([columns for _, columns, _ in entries])[order].astype(np.int32)
        return sp.csr_matrix((values[order], columns, pointer), shape=(len(batch), self.num_terms))

    def _weights(
        self, columns: NDArray[np.int32], bits: int, places: Int64, hashes: UInt64, num_rows: int
    ) -> tuple[Int64, Int64, NDArray[np.float32]]:
        """Row, column and weight of one block's entries, at unit length within the block."""
        column = columns[_buckets(hashes, bits)]
        known = column >= 0
        keys, counts = _distinct(_keys(places[known], column[known].astype(np.int64)))
        rows, terms = keys >> _TERM_BITS, keys & (2**_TERM_BITS - 1)
        values = counts * self.idf[terms].astype(np.float64)
        length = np.sqrt(np.bincount(rows, weights=values**2, minlength=num_rows))
        heavy = length[rows] > 0  # a term in all texts weighs nothing
        return rows[heavy], terms[heavy], (values[heavy] / length[rows[heavy]]).astype(np.float32)


def _choose(table: NDArray[np.int32], most: int, max_df: int, first: int) -> NDArray[np.int64]:
    """Turn counts per bucket into columns, in place, and give the counts of the buckets that were kept."""
    floor, spare = _threshold(table, most, max_df)
    frequencies: list[NDArray[np.int64]] = []
    for low in range(0, len(table), _CHUNK):
        chunk = table[low : low + _CHUNK]
        used = np.flatnonzero(chunk)
        counts = chunk[used].astype(np.int64)
        equal = np.flatnonzero(counts == floor)[:spare]
        spare -= len(equal)
        keep = (counts > floor) & (counts <= max_df)
        keep[equal] = True
        frequencies.append(counts[keep])
        chunk[:] = -1
        chunk[used[keep]] = np.arange(first, first + int(keep.sum()))
        first += int(keep.sum())
    return np.concatenate(frequencies)


def _threshold(table: NDArray[np.int32], most: int, max_df: int) -> tuple[int, int]:
    """The count of the rarest buckets that are kept, and how many of that count there is room for."""
    histogram = np.zeros(max_df + 2, dtype=np.int64)
    for low in range(0, len(table), _CHUNK):
        chunk = table[low : low + _CHUNK]
        counts = chunk[np.flatnonzero(chunk)]
        histogram += np.bincount(counts[counts <= max_df], minlength=len(histogram))
    above = np.cumsum(histogram[::-1])[::-1][1:]  # buckets of a larger count, for counts from 0 on
    floor = max(int(np.argmax(above <= most)), 1)
    return floor, (most - int(above[floor]) if floor <= max_df else 0)


def _buckets(hashes: UInt64, bits: int) -> Int64:
    return (hashes >> np.uint64(64 - bits)).astype(np.int64)


def _keys(places: Int64, terms: Int64) -> Int64:
    return (places << _TERM_BITS) | terms


def _distinct(keys: Int64) -> tuple[Int64, Int64]:
    """Sorted distinct keys and their counts (`np.unique` takes several times as long); sorts in place."""
    keys.sort()
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(keys)), dtype=bool), keys[1:] != keys[:-1]]))
    return keys[first], np.diff(first, append=len(keys))
