"""What an id, a weight and a time may be.

Importers use the same functions, to name a bad row before it reaches the store.
"""

from __future__ import annotations

import math
import operator
import unicodedata
from typing import Any

from graphrec.errors import InvalidInputError
from graphrec.store.columns import NO_TIME

MAX_ID_LENGTH = 512
_TIME_LIMIT = 2**63 - 1


def clean_id(value: object, what: str = "id") -> str:
    """An external id in the form the store keeps: NFC, 1 to 512 characters, no NUL.

    Args:
        what: how an error names the value, for instance `user in row 3`.

    Raises:
        InvalidInputError: the value cannot be an id.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"The {what} is {value!r}; an id is text.")
    text = str(value) if value.isascii() else unicodedata.normalize("NFC", value)
    if not text:
        raise InvalidInputError(f"The {what} is empty; give every node a non-empty id.")
    if len(text) > MAX_ID_LENGTH:
        raise InvalidInputError(
            f"The {what} has {len(text)} characters ({text[:40]!r}...); an id has at most {MAX_ID_LENGTH}."
        )
    if "\0" in text:
        raise InvalidInputError(f"The {what} is {text!r}; an id cannot contain a NUL character.")
    if not text.isascii():
        clean_text(text, what)
    return text


def clean_text(value: object, what: str) -> str:
    """Text that UTF-8 can hold: half of a surrogate pair, as broken JSON gives it, is refused."""
    if not isinstance(value, str):
        raise InvalidInputError(f"The {what} is {value!r}; give text.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"The {what} is {value[:40]!r}, which is not valid Unicode; repair its encoding."
        ) from error
    return str(value)


def clean_number(value: Any, what: str) -> float:
    """A finite float."""
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInputError(f"The {what} is {value!r}; it must be a finite number.")
    return number


def clean_weight(value: Any, what: str = "weight") -> float:
    """A finite float, at least 0."""
    number = clean_number(value, what)
    if number < 0:
        raise InvalidInputError(f"The {what} is {value!r}; a weight is at least 0.")
    return number


def clean_time(value: Any, what: str = "time") -> int:
    """Microseconds since 1970 UTC, an integer of 64 bits; None becomes :data:`NO_TIME`."""
    if value is None:
        return int(NO_TIME)
    try:
        time = operator.index(value)
    except TypeError as error:
        raise InvalidInputError(
            f"The {what} is {value!r}; give whole microseconds since 1970 UTC."
        ) from error
    if not -_TIME_LIMIT <= time <= _TIME_LIMIT:
        raise InvalidInputError(
            f"The {what} is {value!r}, beyond the range of 64-bit microseconds; check its unit."
        )
    return time
