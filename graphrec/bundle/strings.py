"""A list of strings as UTF-8 bytes and offsets: one read-only file region, decoded where it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError

Int = NDArray[np.integer[Any]]


class Strings:
    """Immutable strings with fast lookup of one value.

    Args:
        data: uint8 `[total_bytes]`.
        offsets: int64 `[n + 1]`, where each string starts.
    """

    def __init__(self, data: NDArray[np.uint8], offsets: Int) -> None:
        fits = len(offsets) > 0 and offsets[0] == 0 and int(offsets[-1]) == len(data)
        if not fits or (np.diff(offsets) < 0).any():
            raise InvalidInputError("The offsets of packed strings do not fit their bytes.")
        self.data, self.offsets = data, offsets

    @classmethod
    def pack(cls, values: Iterable[str]) -> Strings:
        """From Python strings."""
        encoded = [value.encode("utf-8") for value in values]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(b) for b in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int | np.integer[Any]) -> str:
        low, high = int(self.offsets[index]), int(self.offsets[index + 1])
        return self.data[low:high].tobytes().decode("utf-8", errors="replace")

    def __iter__(self) -> Iterator[str]:
        blob = self.data.tobytes()
        bounds = self.offsets.tolist()
        text = blob.decode("utf-8", errors="replace")
        if len(text) == len(blob):  # all ASCII: slicing one string is far quicker than decoding each
            return (text[a:b] for a, b in pairwise(bounds))
        return (blob[a:b].decode("utf-8", errors="replace") for a, b in pairwise(bounds))

    @cached_property
    def positions(self) -> dict[str, int]:
        """Position of each string; of duplicates, the first."""
        found: dict[str, int] = {}
        for position, value in enumerate(self):
            found.setdefault(value, position)
        return found

    def find(self, value: str) -> int | None:
        """Position of a string, or None; like the store's ids, it is compared in Unicode's composed form."""
        return self.positions.get(value if value.isascii() else normalize("NFC", value))

    def rank(self) -> Int:
        """Place of each string in sorted order, int32 `[n]`."""
        order = sorted(range(len(self)), key=list(self).__getitem__)
        ranks = np.empty(len(self), dtype=np.int32)
        ranks[order] = np.arange(len(self), dtype=np.int32)
        return ranks
