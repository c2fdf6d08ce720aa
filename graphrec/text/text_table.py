"""The texts of all nodes on disk, one per node, memory-mapped: read in any order, as often as needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.safetensors_io import map_file
from graphrec.errors import CorruptionError, InvalidInputError

if TYPE_CHECKING:
    from graphrec.text.sources import TextSource

_DATA, _SPANS, _HASH = "texts.bin", "spans.npy", "texts.sha256"
_DIGEST = 16  # bytes per text
_REPORT = 10_000


class TextTable(Sequence[str]):
    """Texts by node number; a node without text has the empty one.

    A text is a range of bytes and not a line, so no newline inside it can shift another.

    Args:
        folder: where :func:`write_text_table` wrote it.

    Raises:
        CorruptionError: the files are missing or do not fit together.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._data = map_file(folder / _DATA)
            self._spans: NDArray[np.int64] = np.load(folder / _SPANS, mmap_mode="r", allow_pickle=False)
            self.hash = (folder / _HASH).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise CorruptionError(f"The texts in {folder} cannot be read ({error}); start afresh.") from error
        ends = self._spans.sum(axis=1)
        if self._spans.shape != (len(ends), 2) or (len(ends) and int(ends.max()) > len(self._data)):
            raise CorruptionError(f"The texts in {folder} are cut short; start afresh.")

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        start, size = self._spans[index].tolist()
        return self._data[start : start + size].decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Which nodes have no text, bool `[num_nodes]`."""
        return np.asarray(self._spans[:, 1] == 0)


def write_text_table(
    source: TextSource, folder: Path, report: Callable[[int, int], None] | None = None
) -> TextTable:
    """Read a source once and write its texts; memory is 33 bytes per node, whatever the length of the texts.

    A blank text counts as none. The hash is one over all texts in the order of the nodes.

    Args:
        source: gives each node at most once, in any order.
        folder: exists; old files in it are overwritten.
        report: is told (texts read, number of nodes).

    Raises:
        InvalidInputError: a node twice or outside the range, or not one text at all.
    """
    count = len(source)
    spans = np.zeros((count, 2), np.int64)
    digests = np.zeros((count, _DIGEST), np.uint8)
    seen = np.zeros(count, bool)
    position = 0
    with (folder / _DATA).open("wb") as file:
        for done, (row, text) in enumerate(source.rows(), 1):
            if not 0 <= row < count or seen[row]:
                what = "comes twice" if 0 <= row < count else f"lies outside 0..{count - 1}"
                raise InvalidInputError(f"{source.description}: node {row} {what}.")
            seen[row] = True
            # A lone surrogate, which JSON can carry, has no UTF-8 form: it becomes a question mark.
            content = text.strip().encode("utf-8", "replace")
            file.write(content)
            spans[row] = position, len(content)
            position += len(content)
            digest = hashlib.blake2b(content, digest_size=_DIGEST).digest()
            digests[row] = np.frombuffer(digest, np.uint8)
            if report is not None and (done % _REPORT == 0 or done == count):
                report(done, count)
    if not position:
        raise InvalidInputError(
            f"{source.description}: none of the {count} nodes has a text; check the names of the fields."
        )
    np.save(folder / _SPANS, spans, allow_pickle=False)
    (folder / _HASH).write_text(hashlib.sha256(digests.tobytes()).hexdigest(), encoding="ascii")
    return TextTable(folder)
