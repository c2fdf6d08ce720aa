"""Reading requests and writing answers: whole files or nothing."""

from __future__ import annotations

import gzip
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO, cast

from graphrec.errors import InvalidInputError, NotFoundError


@contextmanager
def lines_of(path: Path) -> Iterator[TextIO]:
    """Lines of a UTF-8 text file, gzipped when its name ends so; `-` is stdin.

    Raises:
        NotFoundError: no such file.
        InvalidInputError: not UTF-8.
    """
    if str(path) == "-":
        yield sys.stdin
        return
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with cast("IO[str]", opener(path, "rt", encoding="utf-8-sig")) as file:
            yield cast(TextIO, file)
    except FileNotFoundError as error:
        if error.filename not in (path, str(path)):
            raise
        raise NotFoundError(f"There is no file {path}; check the path.") from None
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not UTF-8 text: {error.reason}.") from None


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` when the block ends well, and leaves no trace otherwise."""
    staging = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with staging.open("w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
    finally:
        with suppress(OSError):
            staging.unlink(missing_ok=True)
