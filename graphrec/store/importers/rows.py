"""Reading rows from files: plain or gzip text, JSON lines and arrays, delimited tables, times and weights."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from graphrec.errors import ImportFailedError, InvalidInputError, NotFoundError
from graphrec.store.importers.report import BadValueError
from graphrec.store.validate import clean_id

_NUMERIC_TIME = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GZIP = b"\x1f\x8b"
DELIMITERS = ",\t;|"


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """A text file, gzip or not (told by its content), without a byte order mark; bytes that are not UTF-8
    stay visible.

    Raises:
        NotFoundError: there is no such file.
        ImportFailedError: it cannot be read, or its gzip stream is cut short or damaged.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            # surrogateescape lets one bad line be named instead of stopping the file
            stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
            with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                yield text
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file {path}; check the path.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportFailedError(
            f"{path} is a damaged or cut off gzip file ({error}); nothing was imported."
        ) from error
    except OSError as error:
        why = error.strerror or error
        raise ImportFailedError(f"{path} cannot be read ({why}); nothing was imported.") from error


def json_rows(file: TextIO) -> Iterator[tuple[int, Any]]:
    """`(line, object)` of JSON lines, or `(place, object)` of one JSON array; a bad line yields its error."""
    head = _first_char(file)
    if head != "[":
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _loads(line)
        return
    text = file.read()
    try:
        rows = json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        yield 1, BadValueError("", text[:40], f"not a JSON array: {error}")
        return
    yield from enumerate(rows, start=1)


def _loads(line: str) -> Any:
    try:
        return json.loads(line, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        return BadValueError("", line.strip(), f"not JSON: {error}")


def _not_json(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _first_char(file: TextIO) -> str:
    """The first character that is no space; JSON lines files are read on from their first line."""
    buffered = file.read(1)
    skipped = buffered
    while buffered and buffered.isspace():
        buffered = file.read(1)
        skipped += buffered
    _push_back(file)
    return buffered


def _push_back(file: TextIO) -> None:
    file.seek(0)


def sniff_delimiter(header: str) -> str:
    """The delimiter of a table, by what its header holds most of; a comma when it holds none."""
    return max(DELIMITERS, key=lambda mark: (header.count(mark), -DELIMITERS.index(mark)))


def table_rows(file: TextIO, delimiter: str | None = None) -> Iterator[tuple[int, list[str] | BadValueError]]:
    """`(line, cells)` of a delimited table with its header first; empty lines are passed over."""
    first = file.readline()
    reader = csv.reader(_chained(first, file), delimiter=delimiter or sniff_delimiter(first), strict=False)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, BadValueError("", "", f"not a table row: {error}")
            continue
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _chained(first: str, file: TextIO) -> Iterator[str]:
    if first:
        yield first
    yield from file


def identifier(value: object, column: str) -> str:
    """A store id; numbers from JSON become their text.

    Raises:
        BadValueError: it cannot be an id.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and not text.isascii() and _broken(text):
        raise BadValueError(column, text, "is not valid UTF-8")
    try:
        return clean_id(text, column)
    except InvalidInputError as error:
        reason = "is empty" if text in ("", None) else str(error)
        raise BadValueError(column, value, reason) from error


def _broken(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def utf8(value: str, column: str) -> str:
    """`value` itself.

    Raises:
        BadValueError: the bytes it was read from are not UTF-8.
    """
    if not value.isascii() and _broken(value):
        raise BadValueError(column, value, "is not valid UTF-8")
    return value


def weight(text: object, column: str = "weight") -> float | None:
    """A finite weight of at least 0; None for an empty cell.

    Raises:
        BadValueError: anything else.
    """
    if text is None or (isinstance(text, str) and not text.strip()):
        return None
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BadValueError(column, text, "is not a number") from None
    if not math.isfinite(value) or value < 0:
        raise BadValueError(column, text, "a weight is a finite number of at least 0")
    return value


def microseconds(value: object, column: str = "time") -> int | None:
    """Microseconds since 1970 UTC of an ISO 8601 time (UTC when it names no zone) or a Unix time.

    A Unix time is in seconds, milliseconds, microseconds or nanoseconds, told by its size; None for an
    empty cell.

    Raises:
        BadValueError: neither.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, datetime):
        return _since_epoch(value)
    if isinstance(value, int | float):
        return _unix(value, column)
    text = str(value).strip()
    if not text:
        return None
    if _NUMERIC_TIME.fullmatch(text):
        return _unix(float(text) if "." in text or "e" in text.lower() else int(text), column)
    try:
        return _since_epoch(datetime.fromisoformat(text))
    except ValueError:
        raise BadValueError(column, value, "is neither an ISO 8601 nor a Unix time") from None


def _since_epoch(time: datetime) -> int:
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _unix(value: float, column: str) -> int:
    size = abs(value)
    if not size < 1e20:
        raise BadValueError(column, value, "is no time that a calendar knows")
    if size < 1e11:
        return round(value * 1_000_000) if isinstance(value, float) else value * 1_000_000
    if size < 1e14:
        return round(value * 1000)
    return round(value) if size < 1e17 else round(value) // 1000
