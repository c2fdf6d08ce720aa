"""Our own JSON form of an `NLUResult`, for services that fill it themselves and for logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import checked, status_of
from graphrec.nlu.result import Intent, NLUResult, Operator, Slot, Step
from graphrec.ranking.query import NodeRef

_KEYS = frozenset({"text", "intent", "slots"})
_OPERATORS: tuple[Operator, ...] = get_args(Operator)


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object has a field that makes an utterance."""
    return bool(_KEYS & data.keys())


def result_to_json(result: NLUResult) -> dict[str, Any]:
    """Plain JSON types. `domain`, `context`, `complete` and, in slots, `group` and `hard` stand only where they say
    something; `trace` holds the score of each stage and, once there are any, the steps.
    """
    out: dict[str, Any] = {
        "text": result.text,
        "locale": result.locale,
        "source": result.source,
        "intent": None if result.intent is None else _intent_json(result.intent, status=True),
        "alternatives": [
            _intent_json(intent, status=intent.status != "none") for intent in result.alternatives
        ],
        "slots": [_slot_json(slot) for slot in result.slots],
        "user": result.user,
        "session": result.session,
        "novel": result.novel,
        "trace": _trace_json(result.trace),
    }
    if result.domain is not None:
        out["domain"] = result.domain
    if result.context:
        out["context"] = dict(result.context)
    if not result.complete:
        out["complete"] = False
    return out


def result_from_json(data: Mapping[str, Any]) -> NLUResult:
    """The inverse; absent and unknown keys are fine, blank strings read as None.

    Raises:
        InvalidInputError: a field of the wrong type; the message gives its path.
    """
    root = Field(data)
    intent = _intent(root["intent"])
    others = (_intent(entry) for entry in root["alternatives"].items())
    return NLUResult(
        text=root["text"].text(None), locale=root["locale"].text(), source=root["source"].text() or "native",
        domain=root["domain"].text(), intent=intent, alternatives=tuple(other for other in others if other),
        slots=checked(_slot(slot) for slot in root["slots"].items()), user=root["user"].identifier(),
        session=root["session"].identifier(), novel=root["novel"].flag() or False,
        complete=root["complete"].flag() is not False, context=root["context"].kept(),
        trace=tuple(_step(step) for step in root["trace"]["steps"].items()),
    )  # fmt: skip


def _intent_json(intent: Intent, *, status: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"name": intent.name, "confidence": intent.confidence}
    return {**out, "status": intent.status} if status else out


def _slot_json(slot: Slot) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": slot.name,
        "type": slot.type,
        "raw": slot.raw,
        "value": slot.value,
        "node": None if slot.node is None else str(slot.node),
        "candidates": [list(candidate) for candidate in slot.candidates],
        "span": None if slot.span is None else list(slot.span),
        "polarity": slot.polarity,
        "operator": slot.operator,
        "confidence": slot.confidence,
        "status": slot.status,
    }
    if slot.group is not None:
        out["group"] = slot.group
    if slot.hard:
        out["hard"] = True
    if slot.soft:
        out["soft"] = True
    if slot.suggestions:
        out["suggestions"] = [list(entry) for entry in slot.suggestions]
    return out


def _trace_json(trace: tuple[Step, ...]) -> dict[str, Any]:
    scores = {step.stage: step.confidence for step in trace if step.confidence is not None}
    out: dict[str, Any] = {"stage_scores": scores}
    if trace:
        out["steps"] = [
            {"stage": s.stage, "ms": s.ms, "confidence": s.confidence, "failed": s.failed, "detail": s.detail}
            for s in trace
        ]
    return out


def _intent(field: Field) -> Intent | None:
    if not field:
        return None
    if isinstance(field.value, str):
        return Intent(field.needed())
    return Intent(field["name"].needed(), field["confidence"].share(), status_of(field["status"]))


def _slot(field: Field) -> Slot:
    node = field["node"].text()
    return Slot(
        name=field["name"].needed(), type=field["type"].text(), raw=field["raw"].text(), value=_value(field["value"]),
        node=None if node is None else _node(field["node"], node),
        candidates=tuple(_candidate(entry) for entry in field["candidates"].items()), span=_span(field["span"]),
        polarity=_polarity(field["polarity"]), operator=_operator(field["operator"]),
        group=field["group"].identifier(), hard=field["hard"].flag() or False,
        confidence=field["confidence"].share(), status=status_of(field["status"]),
        soft=field["soft"].flag() or False,
        suggestions=tuple((name, share) for name, share in map(_candidate, field["suggestions"].items()) if share),
    )  # fmt: skip


def _value(field: Field) -> str | float | None:
    if field.value is None or isinstance(field.value, str):
        return field.text()
    if isinstance(field.value, bool | list | Mapping):
        field.wrong("a string or a number")
    return field.number()


def _node(field: Field, text: str) -> NodeRef:
    try:
        return NodeRef.parse(text)
    except InvalidInputError:
        field.wrong("TYPE:VALUE, for example ingredient:chicken")


def _candidate(field: Field) -> tuple[str, float | None]:
    pair = field.items()
    if len(pair) != 2:
        field.wrong("a pair of a reading and its confidence")
    return pair[0].needed(), pair[1].share()


def _span(field: Field) -> tuple[int, int] | None:
    if not field:
        return None
    ends = [end.offset() for end in field.items()]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] > ends[1]:
        field.wrong("[first character, one past the last]")
    return ends[0], ends[1]


def _polarity(field: Field) -> Literal[1, -1]:
    value = field.number()
    if value not in (None, 1, -1):
        field.wrong("1 or -1")
    return -1 if value == -1 else 1


def _operator(field: Field) -> Operator:
    value = field.text() or "="
    found = next((operator for operator in _OPERATORS if operator == value), None)
    return found if found is not None else field.wrong(f"one of {', '.join(_OPERATORS)}")


def _step(field: Field) -> Step:
    return Step(
        field["stage"].needed(), field["ms"].number() or 0.0, field["confidence"].share(),
        field["failed"].flag() or False, field["detail"].text() or "",
    )  # fmt: skip
