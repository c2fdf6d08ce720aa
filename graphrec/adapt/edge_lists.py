"""Edges between named domains, from a file or a list, into an adjacency matrix."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError, NotFoundError

Edge: TypeAlias = tuple[str, str] | tuple[str, str, float]

_COLUMN_NAMES = frozenset(
    """from to source target head tail domain domain1 domain2 domain_1 domain_2 neighbour neighbor node node1 node2
    state region country shop market cuisine name name1 name2""".split()
)


def adjacency_of(names: Sequence[str], edges: Iterable[Edge]) -> NDArray[np.float64]:
    """Symmetric float64 `[num_names, num_names]` of the edges' weights, 1 where an edge gives none.

    Raises:
        InvalidInputError: an edge of an unknown name or of one name, or two weights for one pair.
    """
    numbers = {name: number for number, name in enumerate(names)}
    adjacency = np.zeros((len(numbers), len(numbers)))
    given: dict[tuple[int, int], float] = {}
    for edge in edges:
        one, other, weight = _parts(edge)
        for name in (one, other):
            if name not in numbers:
                raise InvalidInputError(f"The edge {one}, {other} names {name!r}, which is no domain here.")
        if one == other:
            raise InvalidInputError(f"The edge {one}, {other} joins a domain to itself; leave it out.")
        if not 0 <= weight <= 1:
            raise InvalidInputError(
                f"The edge {one}, {other} has weight {weight}; closeness lies within 0 and 1."
            )
        i, j = sorted((numbers[one], numbers[other]))
        if given.setdefault((i, j), weight) != weight:
            raise InvalidInputError(
                f"The edge {one}, {other} has two weights, {given[i, j]} and {weight}; keep one."
            )
        adjacency[i, j] = adjacency[j, i] = weight
    return adjacency


def read_edges(path: Path, *, header: bool | None = None) -> list[tuple[str, str, float]]:
    """Lines of two names and perhaps a weight; empty lines are passed over.

    Args:
        header: whether the first line names the columns; None looks at its words.

    Raises:
        NotFoundError, InvalidInputError: no such file; a line that is no edge.
    """
    rows = _rows(path)
    if rows and (_names_columns(rows[0][1]) if header is None else header):
        rows = rows[1:]
    edges = []
    seen: dict[frozenset[str], tuple[float, int]] = {}
    for line, cells in rows:
        one, other, weight = _edge(path, line, cells)
        earlier, before = seen.setdefault(frozenset((one, other)), (weight, line))
        if earlier != weight:
            raise InvalidInputError(
                f"{path}, line {line}: {one}, {other} has weight {weight} here, {earlier} in line {before}; keep one."
            )
        edges.append((one, other, weight))
    return edges


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Number and fields of every line that is not empty."""
    if not path.is_file():
        raise NotFoundError(f"There is no file of edges at {path}.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            return [
                (rows.line_num, [cell.strip() for cell in row]) for row in rows if any(map(str.strip, row))
            ]
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except csv.Error as error:
        raise InvalidInputError(f"{path} is not a file of comma-separated values ({error}).") from error
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _parts(edge: Any) -> tuple[str, str, float]:
    if isinstance(edge, str) or len(edge) not in (2, 3):
        raise InvalidInputError(f"An edge is two names and perhaps a weight, not {edge!r}.")
    try:
        return edge[0], edge[1], float(edge[2]) if len(edge) == 3 else 1.0
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"The edge {edge!r} has a weight that is no number.") from error


def _names_columns(cells: list[str]) -> bool:
    if len(cells) == 3 and not any(sign.isdigit() for sign in cells[2]):
        return bool(cells[2])
    return all(cell.casefold() in _COLUMN_NAMES for cell in cells[:2])


def _edge(path: Path, line: int, cells: list[str]) -> tuple[str, str, float]:
    if len(cells) not in (2, 3) or not all(cells):
        raise InvalidInputError(
            f"{path}, line {line}: two names and perhaps a weight belong here, not {cells}."
        )
    if len(cells) == 3 and not _is_number(cells[2]):
        raise InvalidInputError(f"{path}, line {line}: the weight {cells[2]!r} is no number.")
    weight = float(cells[2]) if len(cells) == 3 else 1.0
    if cells[0] == cells[1] or not 0 <= weight <= 1:
        raise InvalidInputError(
            f"{path}, line {line}: an edge joins two different names with a weight within 0 and 1, not {cells}."
        )
    return cells[0], cells[1], weight


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
