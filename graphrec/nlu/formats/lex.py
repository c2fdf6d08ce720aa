"""Amazon Lex V2: the event that a Lambda function gets, and the answer of RecognizeText.

Fields as in the developer guide, "Lambda input event format for Lex V2" and "Common structures"; it asks clients not
to fail on new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import alternatives, candidates, checked, status_of, typed
from graphrec.nlu.result import Intent, NLUResult, Slot

_FALLBACK = "FallbackIntent"
_COLLECTING = frozenset({"inprogress", "waiting"})
_MAX_NESTED = 4


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object is such an event."""
    return bool({"interpretations", "inputTranscript"} & data.keys()) or isinstance(
        data.get("sessionState"), Mapping
    )


def read_lex(data: Mapping[str, Any]) -> NLUResult:
    """An event of Lex V2.

    The intent is the one that the session is at; its slots are the session's, which hold earlier turns too, else
    those of the interpretation.

    Raises:
        InvalidInputError: a field of the wrong type; the message gives its path.
    """
    root = Field(data)
    state = root["sessionState"]
    current = state["intent"]
    named = current["name"].text()
    ranked = [
        (found, entry) for entry in root["interpretations"].items() if (found := _intent(entry)) is not None
    ]
    chosen, own = next(
        ((found, entry["intent"]) for found, entry in ranked if named in (None, found.name)), (None, current)
    )
    if named is not None:
        status = current["confirmationState"] if current["confirmationState"] else own["confirmationState"]
        chosen = Intent(named, chosen.confidence if chosen else None, status_of(status))
    slots = current["slots"] if current["slots"].object() else own["slots"]
    progress = current["state"].text() or own["state"].text() or ""
    return NLUResult(
        text=root["inputTranscript"].text(None), source="lex", locale=_locale(root["bot"]["localeId"]),
        intent=chosen, alternatives=alternatives((intent for intent, _ in ranked), chosen),
        slots=checked(_slots(slots)), session=root["sessionId"].identifier(),
        novel=chosen is None or chosen.name == _FALLBACK, complete=progress.casefold() not in _COLLECTING,
        context=state["sessionAttributes"].kept(),
    )  # fmt: skip


def _locale(field: Field) -> str | None:
    """`en_US`, as Lex writes it, in the form of the others."""
    found = field.text()
    return found.replace("_", "-") if found else None


def _intent(entry: Field) -> Intent | None:
    """An interpretation's intent; its confidence is a number or `{"score": number}`."""
    name = entry["intent"]["name"].text()
    sure = entry["nluConfidence"]
    if isinstance(sure.value, Mapping):
        sure = sure["score"]
    return (
        None if name is None else Intent(name, sure.share(), status_of(entry["intent"]["confirmationState"]))
    )


def _slots(field: Field, depth: int = 0) -> Iterator[Slot]:
    """Filled slots; the parts of a composite one count as slots of their own."""
    for name, slot in field.entries():
        parts = slot["subSlots"]
        if parts and depth < _MAX_NESTED:
            yield from _slots(parts, depth + 1)
            continue
        members = slot["values"].items()
        for value in [member["value"] for member in members] if members else [slot["value"]]:
            found = _slot(name, value)
            if found is not None:
                yield found


def _slot(name: str, value: Field) -> Slot | None:
    raw = value["originalValue"].text()
    resolved = [text for entry in value["resolvedValues"].items() if (text := entry.text()) is not None]
    meant = value["interpretedValue"].text() or (resolved[0] if resolved else raw)
    if meant is None:
        return None
    result, kind = typed(meant)
    return Slot(name, kind, raw or meant, result, candidates=candidates(resolved, result))
