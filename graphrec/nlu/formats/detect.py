"""Which platform a request comes from, and the reader for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats import alexa, dialogflow, lex, massive, native, rasa, snips
from graphrec.nlu.formats.fields import parse_json, quoted
from graphrec.nlu.result import NLUResult

Reader: TypeAlias = Callable[[Mapping[str, Any]], NLUResult]
_Test: TypeAlias = Callable[[Mapping[str, Any]], bool]

FORMATS: dict[str, Reader] = {
    "alexa": alexa.read_alexa,
    "dialogflow": dialogflow.read_dialogflow,
    "lex": lex.read_lex,
    "snips": snips.read_snips,
    "massive": massive.read_massive,
    "rasa": rasa.read_rasa,
    "native": native.result_from_json,
}
"""Reader of each format by name, in the order in which they are tried: fields that only one platform has go first."""
_TESTS: dict[str, _Test] = {
    "alexa": alexa.matches, "dialogflow": dialogflow.matches, "lex": lex.matches, "snips": snips.matches,
    "massive": massive.matches, "rasa": rasa.matches, "native": native.matches,
}  # fmt: skip


def detect(data: Mapping[str, Any]) -> str:
    """Name of the format, one of `FORMATS`.

    Raises:
        InvalidInputError: no format has such fields.
    """
    source = data.get("source")
    if "slots" in data and isinstance(source, str) and source in FORMATS:
        return "native"  # our own form, whoever it was read from
    found = next((name for name in FORMATS if _TESTS[name](data)), None)
    if found is None:
        raise InvalidInputError(
            f"The request is of no known format; it must be one of {', '.join(FORMATS)}, and none of them has "
            f"{_keys(data)}."
        )
    return found


def read(data: Mapping[str, Any] | bytes | str) -> NLUResult:
    """An utterance from any of the formats.

    Raises:
        InvalidInputError: no JSON object, an unknown format, or a field of the wrong type, named by its path.
    """
    parsed = parse_json(data)
    return FORMATS[detect(parsed)](parsed)


def _keys(data: Mapping[str, Any]) -> str:
    names = [quoted(str(key), 20) for key in list(data)[:4]]
    more = " and others" if len(data) > 4 else ""
    return f"only the fields {', '.join(names)}{more}" if names else "no fields"
