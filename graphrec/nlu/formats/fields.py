"""JSON from outside: parsed within limits, then read field by field with errors that name the path."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from graphrec.errors import InvalidInputError

MAX_BYTES = 1_000_000
"""Size of a request; one with every reading of an utterance takes a few kilobytes."""
MAX_DEPTH = 100
"""Lists and objects inside each other; platforms stay under 20."""
MAX_VALUE = 1_000
"""Characters of an id, a name or a slot's value. Utterances are longer; the parser has its own limit for them."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]{0,63}")


def parse_json(body: bytes | bytearray | str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A request as an object.

    Args:
        body: UTF-8 bytes (a byte order mark is passed over) or text of at most 1,000,000 bytes, or an object that
            is parsed already. Lists and objects may lie 100 deep.

    Raises:
        InvalidInputError: too large, too deep, not UTF-8, not JSON (NaN and Infinity are none) or no object.
    """
    data = body if isinstance(body, Mapping) else _loads(body)
    if not isinstance(data, Mapping):
        raise InvalidInputError(f"A request must be a JSON object, but {describe(data)} was given.")
    _check_depth(data)
    return data


class Field:
    """A place in a JSON document: what stands there, if anything, and its path for error messages.

    Absent fields, null and the children of both read alike: as None, or as nothing to iterate over.
    """

    __slots__ = ("given", "path", "value")

    def __init__(self, value: Any, path: str = "", given: bool = True) -> None:
        self.value, self.path, self.given = value, path, given

    def __getitem__(self, key: str) -> Field:
        data = self.object()
        path = f"{self.path}.{key}" if self.path else key
        if not _PLAIN_KEY.fullmatch(key):
            path = f"{self.path}[{quoted(key)}]"
        return Field(data.get(key), path, key in data)

    def __bool__(self) -> bool:
        return self.value is not None

    def object(self) -> Mapping[str, Any]:
        """The object, an empty one where nothing stands."""
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            self.wrong("an object")
        return self.value

    def kept(self) -> dict[str, Any]:
        """A copy of an object that can be written as JSON in UTF-8 again, whatever was in it.

        Half surrogate pairs become U+FFFD, numbers that no double holds null, and so does what JSON has no form for.
        """
        found = _kept(self.object())
        return found if isinstance(found, dict) else {}

    def entries(self) -> Iterator[tuple[str, Field]]:
        """Keys and values of an object."""
        for key in self.object():
            if isinstance(key, str):  # JSON knows no others; a Python mapping may hold them
                name = Field(key, f"A key of {self.path or 'the request'}").text()
                yield name or key, self[key]

    def items(self) -> list[Field]:
        """Members of a list."""
        if self.value is None:
            return []
        if not isinstance(self.value, list | tuple):
            self.wrong("a list")
        return [Field(value, f"{self.path}[{number}]") for number, value in enumerate(self.value)]

    def text(self, limit: int | None = MAX_VALUE) -> str | None:
        """A string; None where it is blank, which is how platforms write an unfilled one.

        Half a surrogate pair becomes U+FFFD, so that the text can be encoded and every offset stays.
        """
        if self.value is None:
            return None
        if not isinstance(self.value, str):
            self.wrong("a string")
        if limit is not None and len(self.value) > limit:
            raise InvalidInputError(
                f"{self.path or 'The text'} has {len(self.value):,} characters, but at most {limit:,} are read."
            )
        return _SURROGATE.sub("\ufffd", self.value) if self.value.strip() else None

    def identifier(self) -> str | None:
        """An id: a string, or a whole number, which becomes one."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and abs(self.value) < 10**18:
            return str(self.value)
        return self.text()

    def needed(self) -> str:
        """A string that has to be there."""
        found = self.text()
        if found is None:
            self.wrong("a string")
        return found

    def number(self) -> float | None:
        """A finite number."""
        value = self.value
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
            self.wrong("a number")
        return float(value)

    def share(self) -> float | None:
        """A confidence from 0 to 1; rounding past either end is forgiven."""
        value = self.number()
        if value is not None and not -1e-3 <= value <= 1.001:
            self.wrong("a number from 0 to 1")
        return None if value is None else min(1.0, max(0.0, value))

    def offset(self) -> int | None:
        """A whole number of 0 or more, also as a double."""
        value = self.number()
        if value is not None and not (value >= 0 and value.is_integer()):
            self.wrong("a whole number of 0 or more")
        return None if value is None else int(value)

    def flag(self) -> bool | None:
        """A truth value."""
        if self.value is not None and not isinstance(self.value, bool):
            self.wrong("true or false")
        return self.value

    def wrong(self, wanted: str) -> NoReturn:
        """Say what should have stood here.

        Raises:
            InvalidInputError: always.
        """
        found = f"{describe(self.value)} was given" if self.given else "it is missing"
        raise InvalidInputError(f"{self.path or 'The request'} must be {wanted}, but {found}.")


def _kept(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if _finite(value) else None
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, list | tuple):
        return [_kept(member, depth + 1) for member in value]
    if isinstance(value, Mapping):
        return {_kept(key): _kept(member, depth + 1) for key, member in value.items() if isinstance(key, str)}
    return None


def describe(value: Any) -> str:
    """A value in a few words, whatever it is and however large."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def quoted(text: str, limit: int = 40) -> str:
    """The beginning of a text for a message, in quotes and on one line."""
    head = text if len(text) <= limit else text[:limit] + "…"
    shown = json.dumps(head, ensure_ascii=not head.isprintable())
    return shown if len(shown) <= 2 * limit else f'{shown[: 2 * limit]}…"'


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond what a double holds
        return False


def _loads(body: bytes | bytearray | str) -> Any:
    if not isinstance(body, bytes | bytearray | str):
        raise InvalidInputError(f"A request must be a JSON object, but {describe(body)} was given.")
    if len(body) > MAX_BYTES:
        raise InvalidInputError(f"The request has {len(body):,} bytes, but at most {MAX_BYTES:,} are read.")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except RecursionError:
        raise InvalidInputError(
            f"The request is nested too deeply; at most {MAX_DEPTH} levels are read."
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"The request is not UTF-8 text (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"The request is not JSON ({error.msg}, line {error.lineno}, column {error.colno})."
        ) from None
    except ValueError as error:  # a number of thousands of digits, or one of the constants
        raise InvalidInputError(f"The request is not JSON that can be read ({error}).") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check_depth(data: Mapping[str, Any]) -> None:
    """Level by level, so that neither recursion nor shared parts of a Python object can run away."""
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        inside = (value for each in level for value in _members(each))
        level = list({id(v): v for v in inside if isinstance(v, Mapping | list | tuple)}.values())
        if not level:
            return
    raise InvalidInputError(f"The request is nested too deeply; at most {MAX_DEPTH} levels are read.")


def _members(container: Any) -> Any:
    return container.values() if isinstance(container, Mapping) else container
