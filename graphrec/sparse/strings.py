"""Many strings as one UTF-8 buffer with offsets: memory-mapped, decoded where they are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, overload
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError

Bytes = NDArray[np.uint8]
Int = NDArray[np.integer[Any]]


class Strings(Sequence[str]):
    """A read-only sequence of strings with quick lookup of one value.

    Args:
        data: uint8 `[num_bytes]`, all strings one after another in UTF-8.
        offsets: int64 `[n + 1]`, where each string starts in `data`.
        source: what to name when the arrays turn out not to hold text.

    Raises:
        CorruptionError: the offsets do not fit the bytes; later, bytes that are not UTF-8.
    """

    def __init__(self, data: Bytes, offsets: Int, *, source: str = "packed strings") -> None:
        fits = len(offsets) > 0 and int(offsets[0]) == 0 and int(offsets[-1]) == len(data)
        if not fits or (np.diff(offsets) < 0).any():
            raise CorruptionError(f"{source} has offsets that do not fit its bytes; write it again.")
        self.data, self.offsets, self.source = data, offsets, source

    @classmethod
    def pack(cls, values: Iterable[str]) -> Strings:
        """Encode strings, in their order."""
        return _pack([value.encode("utf-8") for value in values])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | np.integer[Any] | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._decode(row) for row in range(*index.indices(len(self)))]
        return self._decode(_row(int(index), len(self)))

    def __iter__(self) -> Iterator[str]:
        blob, bounds = self.data.tobytes(), self.offsets.tolist()
        try:
            text = blob.decode("utf-8")
            if len(text) == len(blob):  # all ASCII: slicing one string is far quicker than decoding each
                return (text[low:high] for low, high in pairwise(bounds))
            # decoded here, not while iterating: a string's border inside a letter is found, too
            return iter([blob[low:high].decode("utf-8") for low, high in pairwise(bounds)])
        except UnicodeDecodeError as error:
            raise self._corrupt() from error

    def __eq__(self, other: object) -> bool:
        return _equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Strings({len(self)} strings, {len(self.data)} bytes)"

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

    def rank(self) -> NDArray[np.int32]:
        """Place of each string in sorted order, `[n]`."""
        order = sorted(range(len(self)), key=list(self).__getitem__)
        ranks = np.empty(len(self), dtype=np.int32)
        ranks[order] = np.arange(len(self), dtype=np.int32)
        return ranks

    def _decode(self, row: int) -> str:
        try:
            return self.data[int(self.offsets[row]) : int(self.offsets[row + 1])].tobytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._corrupt() from error

    def _corrupt(self) -> CorruptionError:
        return CorruptionError(f"{self.source} holds bytes that are not UTF-8; write it again.")


class OptionalStrings(Sequence[str | None]):
    """Strings of which some are absent; an empty string and an absent one stay apart.

    Args:
        texts: all of them, empty where there is none.
        missing: uint8 `[n]`, 1 where there is no string; None when every string is there.
    """

    def __init__(self, texts: Strings, missing: Bytes | None = None) -> None:
        if missing is not None and len(missing) != len(texts):
            raise CorruptionError(f"{texts.source} has a mask of another length; write it again.")
        self.texts, self.missing = texts, missing

    @classmethod
    def pack(cls, values: Iterable[str | None]) -> OptionalStrings:
        """Encode strings, in their order."""
        encoded = [None if text is None else text.encode("utf-8") for text in values]
        missing = None
        if None in encoded:
            missing = np.fromiter((part is None for part in encoded), np.uint8, len(encoded))
        return cls(_pack([part or b"" for part in encoded]), missing)

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | np.integer[Any] | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = _row(int(index), len(self))
        return None if self.missing is not None and self.missing[row] else self.texts[row]

    def __iter__(self) -> Iterator[str | None]:
        if self.missing is None:
            return iter(self.texts)
        gone = self.missing.tolist()
        return (None if absent else text for text, absent in zip(self.texts, gone, strict=True))

    def __eq__(self, other: object) -> bool:
        return _equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"OptionalStrings({len(self)} strings, {len(self.texts.data)} bytes)"


def _pack(encoded: list[bytes]) -> Strings:
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    return Strings(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)


def _row(index: int, count: int) -> int:
    row = index + count if index < 0 else index
    if not 0 <= row < count:
        raise IndexError(f"Row {index} lies outside the {count} strings.")
    return row


def _equal(one: Sequence[str | None], other: object) -> bool:
    if not isinstance(other, Sequence) or isinstance(other, str | bytes):
        return False
    return len(one) == len(other) and all(a == b for a, b in zip(one, other, strict=True))
