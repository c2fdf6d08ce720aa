"""Values of slots: durations become seconds, numerals numbers, everything else stays text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TypeAlias

from graphrec.errors import InvalidInputError
from graphrec.language.bands import duration_minutes
from graphrec.nlu.formats.fields import MAX_VALUE, Field
from graphrec.nlu.quantities import parse_minutes
from graphrec.nlu.result import MAX_SLOTS, Intent, Slot, Status
from graphrec.nlu.tokens import tokenize

Value: TypeAlias = str | float
DURATION, NUMBER = "duration", "number"
CARRIED = frozenset({"graphrec", "requested_slot", "session_started_metadata"})
"""What platforms keep among the slots that nobody said: our own state, and Rasa's bookkeeping."""

_ISO = re.compile(r"P(?=T?\d)[\dYMWDTHS.,]{2,40}", re.IGNORECASE)
_LIKE_ISO = re.compile(r"[+-]?PT?[+-]?\d", re.IGNORECASE)
_NUMERAL = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_NODE = re.compile(r"[a-z][a-z_]+:(?!//)\S.*")
_LONGEST_DURATION = 60
_SECONDS = {
    unit: seconds
    for seconds, units in (
        (1.0, "s sec secs second seconds"), (60.0, "min mins minute minutes"), (3600.0, "h hr hrs hour hours"),
        (86_400.0, "d day days"), (604_800.0, "wk wks week weeks"),
    )
    for unit in units.split()
}  # fmt: skip
_STATUS: dict[str, Status] = {"confirmed": "confirmed", "denied": "denied"}


def typed(text: str) -> tuple[Value, str | None]:
    """What a string stands for, and its type: seconds and `duration`, a number and `number`, or itself and None.

    Durations are ISO 8601 (`PT30M`, `P1W`, `PT1.5H`) or words ("half an hour"). One in years or months has no fixed
    length and stays text, as does whatever only looks like a duration.

    >>> typed("PT1H30M"), typed("half an hour"), typed("4"), typed("P1Y")
    ((5400.0, 'duration'), (1800.0, 'duration'), (4.0, 'number'), ('P1Y', None))
    """
    text = text.strip()
    if _NUMERAL.fullmatch(text):
        return float(text), NUMBER
    if len(text) <= _LONGEST_DURATION and (length := _seconds(text)) is not None:
        return length, DURATION
    return text, None


def amount(number: float, unit: str) -> tuple[Value, str | None]:
    """A number with a unit: seconds where it is one of time, else the number, typed by its unit."""
    size = _SECONDS.get(unit.casefold())
    return (number, unit or NUMBER) if size is None else (number * size, DURATION)


def plain_slot(name: str, field: Field, raw: str | None = None) -> Slot | None:
    """A slot from a string or number; None where it is blank."""
    if isinstance(field.value, int | float) and not isinstance(field.value, bool):
        number = field.number()
        return Slot(name, NUMBER, raw or f"{number:g}", number)
    text = field.text()
    if text is None:
        return None
    value, kind = typed(text)
    return Slot(name, kind, raw or text, value)


def span_of(start: Field, end: Field, text: str) -> tuple[int, int] | None:
    """A stretch of the text; None for offsets outside it (counted in other units, or none were sent)."""
    first, after = start.offset(), end.offset()
    return (first, after) if first is not None and after is not None and first < after <= len(text) else None


def said_at(span: tuple[int, int] | None, text: str) -> str | None:
    """The words of a stretch, no longer than a value may be."""
    return text[span[0] : min(span[1], span[0] + MAX_VALUE)] if span else None


def status_of(field: Field) -> Status:
    """Whether a speaker confirmed or denied; anything else, also what platforms add later, is `none`."""
    return _STATUS.get((field.text() or "").casefold(), "none")


def reading(name: str, identifier: str | None) -> str:
    """How a reading is kept: by its id where that is written like a node of the graph, else by its name."""
    return identifier if identifier and _NODE.fullmatch(identifier) else name


def candidates(readings: Iterable[str], value: Value | None) -> tuple[tuple[str, None], ...]:
    """The readings besides the value, each once; a number has none, and these sources give none a confidence."""
    others = dict.fromkeys(readings) if isinstance(value, str) else {}
    return tuple((other, None) for other in others if other != value)


def checked(slots: Iterable[Slot | None]) -> tuple[Slot, ...]:
    """The filled ones.

    Raises:
        InvalidInputError: more than any utterance holds, or a number beyond all that can be written.
    """
    filled = tuple(slot for slot in slots if slot is not None)
    for slot in filled:
        if isinstance(slot.value, float) and not math.isfinite(slot.value):
            raise InvalidInputError(f"The value of the slot {slot.name!r:.80} is too large for a number.")
    if len(filled) > MAX_SLOTS:
        raise InvalidInputError(f"The request has {len(filled):,} slots, but at most {MAX_SLOTS} are read.")
    return filled


def alternatives(intents: Iterable[Intent], chosen: Intent | None) -> tuple[Intent, ...]:
    """The other intents, in their order, each once."""
    by_name: dict[str, Intent] = {}
    for intent in intents:
        by_name.setdefault(intent.name, intent)
    return tuple(intent for name, intent in by_name.items() if chosen is None or name != chosen.name)


def last_part(path: str | None) -> str | None:
    """The id at the end of a resource name such as `projects/p/agent/sessions/s1`."""
    return path.rstrip("/").rpartition("/")[2] or None if path else None


def _seconds(text: str) -> float | None:
    if _ISO.fullmatch(text):
        try:
            return 60 * (duration_minutes(text) or 0.0)
        except InvalidInputError:
            return None
    tokens = [] if _LIKE_ISO.match(text) else tokenize(text)
    found = parse_minutes(tokens, 0) if tokens else None
    return 60 * found[0] if found and found[1] == len(tokens) else None
