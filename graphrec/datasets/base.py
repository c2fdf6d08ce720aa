"""The form in which every data set arrives: columnar interactions, perhaps a given split, perhaps a graph."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import NotFoundError
from graphrec.evaluation.splits import Split
from graphrec.store.columns import Interactions, KnowledgeGraph

Int = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with dense ids.

    Args:
        interactions: all rows, in file order; of a set with a given split, the training rows alone.
        split: the split that the set comes with, or None.
        user_ids, item_ids: external id of each dense id.
        kg: knowledge graph with items first, or None.
    """

    name: str
    interactions: Interactions = field(repr=False)
    user_ids: tuple[str, ...] = field(repr=False)
    item_ids: tuple[str, ...] = field(repr=False)
    split: Split | None = field(default=None, repr=False)
    kg: KnowledgeGraph | None = field(default=None, repr=False)


class IdMap:
    """External ids to dense ids, in order of first appearance."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._index = {name: number for number, name in enumerate(dict.fromkeys(known))}

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, name: str) -> bool:
        return name in self._index

    def __getitem__(self, name: str) -> int:
        return self._index[name]

    def add(self, names: Iterable[str]) -> Int:
        """Dense ids of the names, int64; a new name gets the next number."""
        index = self._index
        return np.array([index.setdefault(name, len(index)) for name in names], dtype=np.int64)

    def names(self) -> tuple[str, ...]:
        """External ids in dense order."""
        return tuple(self._index)


def find_file(directory: Path, name: str) -> Path | None:
    """`directory/name`, plain or with `.gz`; None when neither exists."""
    for candidate in (directory / name, directory / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None


def need_file(directory: Path, name: str) -> Path:
    """As :func:`find_file`.

    Raises:
        NotFoundError: neither the plain file nor its `.gz` exists.
    """
    found = find_file(directory, name)
    if found is None:
        raise NotFoundError(f"There is no file {name} (nor {name}.gz) in {directory}.")
    return found


def read_lines(path: Path) -> Iterator[str]:
    """Lines of a UTF-8 text file, plain or gzip, without line ends."""
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline=None) as lines:
        for line in lines:
            yield line.rstrip("\r\n")
