"""Reading text files record by record, packed or not, and saying which line is broken."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from graphrec.errors import InvalidInputError, NotFoundError


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file without their ends; only a line feed ends one, no other character that Unicode knows.

    Raises:
        NotFoundError: no such file.
        InvalidInputError: a damaged `.gz`.
    """
    try:
        with _opened(path) as file:
            for line in file:
                yield line.rstrip("\r\n")
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}; check the path.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInputError(f"{path.name} cannot be read to its end ({error}); get it again.") from error


def json_records(path: Path, keys: Sequence[str]) -> Iterator[list[Any]]:
    """Values of some keys, None where an object lacks one; blank lines are passed over.

    Raises:
        InvalidInputError: a line that is no JSON object; the message names it.
    """
    for number, line in enumerate(lines_of(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise InvalidInputError(f"{path.name}, line {number}: no JSON ({error}).") from None
        if not isinstance(record, dict):
            raise InvalidInputError(f"{path.name}, line {number}: no JSON object.")
        yield [record.get(key) for key in keys]


def table_records(
    path: Path, columns: Sequence[str | int], tabs: bool, header: bool, *, exact: bool
) -> Iterator[list[Any]]:
    """Some columns of a table.

    In a `.tsv` quotation marks are letters like any other. In a `.csv` a quoted field may hold commas and newlines.

    Args:
        exact: a row that is too short is an error; otherwise it is passed over (the rest of a text that a newline
            has split carries no id that anybody asks for).

    Raises:
        InvalidInputError: no such column, or a row that is too short.
    """
    rows = _tsv(path) if tabs else _csv(path)
    places = [column for column in columns if isinstance(column, int)]
    if header or len(places) < len(columns):
        _, names = next(rows, (0, []))
        places = [_place(path, names, column) for column in columns]
    for number, row in rows:
        if len(row) > max(places):
            yield [row[place] for place in places]
        elif exact and row:
            raise InvalidInputError(
                f"{path.name}, line {number}: {len(row)} columns where {max(places) + 1} are needed; a text may "
                "hold a newline or a tab."
            )


def stamp(path: Path) -> str:
    """Name, size and time of a file: what tells that it was exchanged.

    Raises:
        NotFoundError: no such file.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}; check the path.")
    found = path.stat()
    return f"{path.name} {found.st_size} {found.st_mtime_ns}"


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="\n")
    return path.open(encoding="utf-8", errors="replace", newline="\n")


def _tsv(path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines_of(path), 1):
        # A table that is still in its tar begins with the header of the archive, which ends in a zero byte.
        yield number, line.rpartition("\0")[2].split("\t")


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    # The ends go back on: a newline inside a quoted field belongs to the text.
    reader = csv.reader(f"{line}\n" for line in lines_of(path))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidInputError(f"{path.name}, line {reader.line_num}: {error}.") from None


def _place(path: Path, names: Sequence[str], column: str | int) -> int:
    if isinstance(column, int):
        return column
    try:
        return [name.strip() for name in names].index(column)
    except ValueError:
        raise InvalidInputError(
            f"{path.name} has no column {column!r}; it has {', '.join(names) or 'none'}."
        ) from None
