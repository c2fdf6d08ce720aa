"""Many strings as one UTF-8 buffer with offsets: memory-mapped, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError

Bytes = NDArray[np.uint8]
Int = NDArray[np.integer[Any]]


class PackedStrings(Sequence[str | None]):
    """A read-only sequence of strings, None where `missing` says so.

    Args:
        data: uint8 `[num_bytes]`, all strings one after another in UTF-8.
        offsets: int64 `[n + 1]`, where each string starts in `data`.
        missing: uint8 `[n]`, 1 where there is no string; None when every string is there.
        source: what to name when the bytes turn out not to be text.
    """

    def __init__(
        self, data: Bytes, offsets: Int, missing: Bytes | None = None, *, source: str = "strings"
    ) -> None:
        self.data, self.offsets, self.missing, self.source = data, offsets, missing, source

    @classmethod
    def pack(cls, strings: Iterable[str | None], *, source: str = "strings") -> PackedStrings:
        """Encode strings; the order is kept, an empty string and None stay apart."""
        encoded = [None if text is None else text.encode("utf-8") for text in strings]
        missing = None
        if None in encoded:
            missing = np.fromiter((part is None for part in encoded), np.uint8, len(encoded))
        whole = [part or b"" for part in encoded]
        offsets = np.zeros(len(whole) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, whole), np.int64, len(whole)), out=offsets[1:])
        return cls(np.frombuffer(b"".join(whole), dtype=np.uint8), offsets, missing, source=source)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return [self._decode(row) for row in range(*index.indices(len(self)))]
        row = int(index) + len(self) if index < 0 else int(index)
        if not 0 <= row < len(self):
            raise IndexError(f"Row {index} lies outside the {len(self)} strings.")
        return self._decode(row)

    def __iter__(self) -> Iterator[str | None]:
        buffer, bounds = self.data.tobytes(), self.offsets.tolist()
        absent = self.missing.tolist() if self.missing is not None else None
        try:
            for row in range(len(self)):
                gone = absent is not None and absent[row]
                yield None if gone else buffer[bounds[row] : bounds[row + 1]].decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._corrupt() from error

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sequence) and not isinstance(other, (str, bytes)):
            return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PackedStrings({len(self)} strings, {len(self.data)} bytes)"

    def _decode(self, row: int) -> str | None:
        if self.missing is not None and self.missing[row]:
            return None
        try:
            return self.data[int(self.offsets[row]) : int(self.offsets[row + 1])].tobytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._corrupt() from error

    def _corrupt(self) -> CorruptionError:
        return CorruptionError(f"{self.source} holds bytes that are not UTF-8; write the snapshot again.")
