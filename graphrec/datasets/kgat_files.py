"""The KGAT paper's text files: a line is `user item item ...`, in order of time, which is kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.datasets.base import Dataset, find_file, need_file, read_lines
from graphrec.errors import InvalidInputError
from graphrec.evaluation.holdout import Amount, hold_out_last
from graphrec.evaluation.splits import given_split
from graphrec.store.columns import Interactions, KnowledgeGraph

Int = NDArray[np.integer[Any]]


def load_kgat(directory: str | Path, *, valid: Amount = 0.2) -> Dataset:
    """Read `train.txt`, `test.txt` and, where there is one, `kg_final.txt` (each may end in `.gz`).

    Args:
        directory: the folder; its name names the set.
        valid: validation items per user, taken from the end of the training lines: these splits are
            chronological, and a random validation part would pick the wrong settings (0 for none).

    Raises:
        NotFoundError, InvalidInputError: a missing file; a field that is not a whole number (file and line
            are named).
    """
    folder = Path(directory)
    train, test = _read_lists(need_file(folder, "train.txt")), _read_lists(need_file(folder, "test.txt"))
    num_users = 1 + max(int(part[0].max(initial=-1)) for part in (train, test))
    num_items = 1 + max(int(part[1].max(initial=-1)) for part in (train, test))
    path = find_file(folder, "kg_final.txt")
    kg = None if path is None else _read_triples(path, num_items)
    known = Interactions.from_pairs(*train, num_users, num_items)
    held = Interactions.from_pairs(*test, num_users, num_items)
    rest, middle = hold_out_last(known, valid, "file")
    split = given_split(rest, held, valid=middle, kg=kg, name=f"{folder.name} (given, valid=last {valid})")
    users, items = (tuple(str(number) for number in range(size)) for size in (num_users, num_items))
    return Dataset(folder.name, known, users, items, split, kg)


def _read_lists(path: Path) -> tuple[Int, Int]:
    """Users and items of all lines; a repeated item of a user keeps its first place."""
    counts, users, items = [], [], []
    for _, fields in _numbers(path):
        if fields:
            distinct = list(dict.fromkeys(fields[1:]))
            users.append(fields[0])
            counts.append(len(distinct))
            items.append(distinct)
    flat = np.fromiter(chain.from_iterable(items), dtype=np.int64, count=sum(counts))
    return np.repeat(np.array(users, dtype=np.int64), np.array(counts, dtype=np.int64)), flat


def _numbers(path: Path) -> Iterator[tuple[int, list[int]]]:
    """Line number and whole numbers of each line."""
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split()
        digits = "".join(fields)
        if fields and not (digits.isascii() and digits.isdigit()):
            raise InvalidInputError(f"{path}:{number} has a field that is not a whole number; mend the line.")
        yield number, [int(field) for field in fields]


def _read_triples(path: Path, num_items: int) -> KnowledgeGraph:
    """Distinct triples `head relation tail`; entities `0..num_items-1` are the items in these files."""
    rows = []
    for number, fields in _numbers(path):
        if len(fields) == 3:
            rows.append(fields)
        elif fields:
            raise InvalidInputError(
                f"{path}:{number} has {len(fields)} fields, a triple has 3; mend the line."
            )
    triples = np.unique(np.array(rows, dtype=np.int64).reshape(-1, 3), axis=0)
    heads, relations, tails = triples[:, 0], triples[:, 1], triples[:, 2]
    num_entities = max(num_items, 1 + int(triples[:, [0, 2]].max(initial=-1)))
    num_relations = 1 + int(relations.max(initial=-1))
    names = tuple(str(number) for number in range(num_relations))
    return KnowledgeGraph(heads, relations, tails, num_items, num_entities, num_relations, names)
