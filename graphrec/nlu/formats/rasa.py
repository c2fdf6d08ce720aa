"""Rasa: the answer of `POST /model/parse`, and the call of an action server, which holds it in the tracker.

Fields as in the OpenAPI files of Rasa Open Source and of its action server; durations of Duckling as it writes them
into `additional_info`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import CARRIED, alternatives, amount, checked, plain_slot, said_at, span_of
from graphrec.nlu.result import Intent, NLUResult, Operator, Slot

FALLBACK = "nlu_fallback"
_EXCLUDING = frozenset("exclude excluded exclusion without not no avoid negative unwanted dislike".split())
_ALLERGIES = frozenset("allergy allergic allergen allergies intolerance intolerant".split())
_INCLUDING = frozenset("include included with wanted positive like".split())
_BOUNDS: dict[str, Operator] = {
    "max": "<=", "maximum": "<=", "at_most": "<=", "under": "<=", "min": ">=", "minimum": ">=", "at_least": ">=",
    "over": ">=",
}  # fmt: skip


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object is such an answer or call."""
    if "tracker" in data or "latest_message" in data:
        return True
    if "intent" not in data:
        return False
    return bool({"entities", "intent_ranking"} & data.keys()) or ("text" in data and "slots" not in data)


def read_rasa(data: Mapping[str, Any]) -> NLUResult:
    """A parse, or the last message of a tracker.

    Roles that say that something is not wanted (`exclude`), is an allergy, or bounds a number (`max`) set the slot so;
    any other role names it. Rasa's groups say what belongs together, not what stands for each other, so they make no
    alternatives. A tracker's filled slots stand in when its last message names nothing, which is how a
    form ends ("yes").

    Raises:
        InvalidInputError: a field of the wrong type; the message gives its path.
    """
    root = Field(data)
    tracker = root["tracker"] if root["tracker"] else root
    message = tracker["latest_message"]
    if not message and tracker is root:
        return _parse(root)
    result = _parse(message)
    remembered = () if result.slots else checked(_remembered(tracker["slots"]))
    sender = root["sender_id"].identifier() or tracker["sender_id"].identifier()
    return replace(
        result, slots=result.slots or remembered, user=sender, session=sender,
        context=tracker["slots"].kept(),
    )  # fmt: skip


def _parse(field: Field) -> NLUResult:
    text = field["text"].text(None)
    intent = _intent(field["intent"])
    ranking = [found for entry in field["intent_ranking"].items() if (found := _intent(entry)) is not None]
    user = field["sender_id"].identifier()
    return NLUResult(
        text=text, source="rasa", intent=intent, alternatives=alternatives(ranking, intent),
        slots=checked(_entity(entity, text or "") for entity in field["entities"].items()),
        user=user, session=user, novel=intent is None or intent.name == FALLBACK,
    )  # fmt: skip


def _intent(field: Field) -> Intent | None:
    """From an object or, as some clients send it, the bare name."""
    if isinstance(field.value, str):
        name, confidence = field.text(), None
    else:
        name, confidence = field["name"].text(), field["confidence"].share()
    return None if name is None else Intent(name, confidence)


def _entity(field: Field, text: str) -> Slot | None:
    name = field["entity"].needed()
    span = span_of(field["start"], field["end"], text)
    raw = said_at(span, text)
    slot = _duckling(name, field, raw) or _valued(name, field["value"], raw)
    if slot is None:
        return None
    confidence = field["confidence_entity"] if field["confidence_entity"] else field["confidence"]
    slot = replace(slot, type=slot.type or name, span=span, confidence=confidence.share())
    return _with_role(slot, field["role"].text())


def _valued(name: str, field: Field, raw: str | None) -> Slot | None:
    """A string or number; of the objects that extractors make (time intervals) the words as said."""
    if isinstance(field.value, Mapping | list):
        return Slot(name, None, raw, raw) if raw else None
    return plain_slot(name, field, raw)


def _duckling(name: str, field: Field, raw: str | None) -> Slot | None:
    """A number with a unit, brought to base units by Duckling."""
    if not isinstance(field["additional_info"].value, Mapping):
        return None
    exact = field["additional_info"]["normalized"]
    if not isinstance(exact.value, Mapping) or not exact["value"]:
        return None
    value, kind = amount(exact["value"].number() or 0.0, exact["unit"].text() or "")
    return Slot(name, kind, raw, value)


def _with_role(slot: Slot, role: str | None) -> Slot:
    key = (role or "").casefold()
    if key in _BOUNDS:
        return replace(slot, operator=_BOUNDS[key])
    allergy = key in _ALLERGIES
    if allergy or key in _EXCLUDING:
        polarity: Literal[-1] = -1
        return replace(slot, polarity=polarity, hard=allergy)
    return slot if role is None or key in _INCLUDING else replace(slot, name=role)


def _remembered(slots: Field) -> Iterator[Slot | None]:
    """What a tracker's slots hold, of those that somebody can have said."""
    for name, field in slots.entries():
        if name in CARRIED:
            continue
        for value in field.items() if isinstance(field.value, list | tuple) else [field]:
            if isinstance(value.value, str | int | float) and not isinstance(value.value, bool):
                yield plain_slot(name, value)
