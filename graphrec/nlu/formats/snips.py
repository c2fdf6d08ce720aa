"""Snips NLU: what its `parse` gives. The project rests since 2021, its form is still met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import (
    DURATION,
    Value,
    alternatives,
    candidates,
    checked,
    said_at,
    span_of,
    typed,
)
from graphrec.nlu.result import Intent, NLUResult, Slot

_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_UNFIXED = ("years", "quarters", "months")
_NUMBERS = frozenset("number ordinal percentage amountofmoney temperature".split())


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object is such a parse."""
    return "input" in data and bool({"intent", "slots"} & data.keys())


def read_snips(data: Mapping[str, Any]) -> NLUResult:
    """A parse; `"intent": null` is an utterance that fits none.

    Raises:
        InvalidInputError: a field of the wrong type; the message gives its path.
    """
    root = Field(data)
    text = root["input"].text(None)
    intent = _intent(root["intent"])
    others = [found for entry in root["alternatives"].items() if (found := _intent(entry)) is not None]
    return NLUResult(
        text=text, source="snips", intent=intent, alternatives=alternatives(others, intent),
        slots=checked(_slot(slot, text or "") for slot in root["slots"].items()),
        session=root["sessionId"].identifier(), novel=intent is None,
    )  # fmt: skip


def _intent(field: Field) -> Intent | None:
    name = field["intentName"].text()
    sure = field["probability"] if field["probability"] else field["confidenceScore"]
    return None if name is None else Intent(name, sure.share())


def _slot(field: Field, text: str) -> Slot | None:
    span = span_of(field["range"]["start"], field["range"]["end"], text)
    raw = field["rawValue"].text() or said_at(span, text)
    value, kind = _value(field["value"], raw)
    if value is None:
        return None
    others = [
        found for entry in field["alternatives"].items() if (found := _value(entry, None)[0]) is not None
    ]
    return Slot(
        field["slotName"].needed(), kind or field["entity"].text(), raw, value,
        candidates=candidates(map(str, others), value), span=span,
        confidence=field["confidenceScore"].share(),
    )  # fmt: skip


def _value(field: Field, raw: str | None) -> tuple[Value | None, str | None]:
    """Value and type of one of the kinds that Snips knows; of kinds without a value (time intervals) the words."""
    if isinstance(field.value, str):
        return typed(field.text() or "") if field.text() else (None, None)
    kind = (field["kind"].text() or "").casefold()
    if kind == "duration":
        return _duration(field, raw)
    if kind in _NUMBERS or isinstance(field["value"].value, int | float):
        return field["value"].number(), None
    text = field["value"].text() or raw
    return (None, None) if text is None else typed(text)


def _duration(field: Field, raw: str | None) -> tuple[Value | None, str | None]:
    """Seconds; absent fields are 0. Years, quarters and months have no fixed length: then the words stay."""
    if any(field[unit].number() for unit in _UNFIXED):
        return raw, None
    return sum((field[unit].number() or 0.0) * size for unit, size in _SECONDS.items()), DURATION
