"""Dialogflow: webhook requests of ES (v2) and CX (v3).

Fields as in Google's REST references of `WebhookRequest`, values of parameters as in "System entities".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import CARRIED, amount, checked, last_part, plain_slot
from graphrec.nlu.result import Intent, NLUResult, Slot

_MAX_NESTED = 4
_USER = re.compile(r"/user[s]/([^/]+)/sessions/")
_NOBODY = "-"
"""How a resource name writes the default user."""


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object is a webhook request of either edition."""
    return bool({"queryResult", "intentInfo", "fulfillmentInfo", "detectIntentResponseId"} & data.keys())


def read_dialogflow(data: Mapping[str, Any]) -> NLUResult:
    """A webhook request; which edition shows in `queryResult`, which ES alone has.

    Raises:
        InvalidInputError: a field of the wrong type; the message gives its path.
    """
    return _read_es(Field(data)) if "queryResult" in data else _read_cx(Field(data))


def _read_es(root: Field) -> NLUResult:
    query, session = root["queryResult"], root["session"].text()
    intent = query["intent"]
    name = intent["displayName"].text() or last_part(intent["name"].text())
    named = None if name is None else Intent(name, query["intentDetectionConfidence"].share())
    contexts = {
        last_part(context["name"].text()) or "": context["parameters"]
        for context in query["outputContexts"].items()
    }
    complete = query["allRequiredParamsPresent"].flag()
    return NLUResult(
        text=query["queryText"].text(None), source="dialogflow", locale=query["languageCode"].text(), intent=named,
        slots=checked(_parameters(query["parameters"], _originals(contexts))),
        user=_user(session, root["originalDetectIntentRequest"]["payload"]), session=last_part(session),
        novel=named is None or intent["isFallback"].flag() is True, complete=complete is not False,
        context={name: field.kept() for name, field in contexts.items()},
    )  # fmt: skip


def _read_cx(root: Field) -> NLUResult:
    info, session = root["intentInfo"], root["sessionInfo"]["session"].text()
    name = info["displayName"].text() or last_part(info["lastMatchedIntent"].text())
    text = root["text"].text(None) or root["transcript"].text(None)
    slots = list(_matched(info["parameters"]))
    known = {slot.name for slot in slots}
    slots += [slot for slot in _form(root["pageInfo"]["formInfo"]["parameterInfo"]) if slot.name not in known]
    return NLUResult(
        text=text, source="dialogflow", locale=root["languageCode"].text(),
        intent=None if name is None else Intent(name, info["confidence"].share()), slots=checked(slots),
        user=_user(session, root["payload"]), session=last_part(session), novel=name is None,
        context=root["sessionInfo"]["parameters"].kept(),
    )  # fmt: skip


def _user(session: str | None, payload: Field) -> str | None:
    """Who speaks: the end user in the session's name, else what an integration puts into its payload."""
    found = _USER.search(session or "")
    if found and found[1] != _NOBODY:
        return found[1]
    if not isinstance(payload.value, Mapping):
        return None
    own = payload["user"]["userId"] if isinstance(payload["user"].value, Mapping) else payload["userId"]
    return own.identifier() if isinstance(own.value, str) else None


def _originals(contexts: Mapping[str, Field]) -> dict[str, str]:
    """The words of each parameter: ES repeats them in its contexts as `NAME.original`."""
    return {
        key.removesuffix(".original"): field.value
        for parameters in contexts.values()
        for key, field in parameters.entries()
        if key.endswith(".original") and isinstance(field.value, str) and field.text()
    }


def _parameters(field: Field, originals: Mapping[str, str]) -> Iterator[Slot]:
    for name, value in field.entries():
        if name not in CARRIED:
            yield from _values(name, value, originals.get(name))


def _matched(field: Field) -> Iterator[Slot]:
    """CX: every parameter with its words and its value."""
    for name, value in field.entries():
        yield from _values(name, value["resolvedValue"], value["originalValue"].text())


def _form(field: Field) -> Iterator[Slot]:
    """CX: what the page's form has collected so far."""
    for parameter in field.items():
        name = parameter["displayName"].text()
        if name is not None and (parameter["state"].text() or "FILLED") == "FILLED":
            yield from _values(name, parameter["value"], None)


def _values(name: str, field: Field, raw: str | None, depth: int = 0) -> Iterator[Slot]:
    """Slots of one parameter: a list has several; `""` and null are unfilled; an object is an amount or has parts."""
    value = field.value
    if isinstance(value, list | tuple) and depth < _MAX_NESTED:
        members = field.items()
        for member in members:
            yield from _values(name, member, raw if len(members) == 1 else None, depth + 1)
    elif isinstance(value, Mapping) and depth < _MAX_NESTED:
        yield from _object(name, field, raw, depth)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        slot = plain_slot(name, field, raw)
        if slot is not None:
            yield slot
    elif value is not None and not isinstance(value, bool):
        field.wrong("a string, a number, a list or an object")


def _object(name: str, field: Field, raw: str | None, depth: int) -> Iterator[Slot]:
    """An amount with a unit (`{"amount": 30, "unit": "min"}`), or a composite entity, part by part."""
    if isinstance(field["amount"].value, int | float) and isinstance(field["unit"].value, str):
        number = field["amount"].number() or 0.0
        unit = field["unit"].text() or ""
        value, kind = amount(number, unit)
        yield Slot(name, kind, raw or f"{number:g} {unit}".strip(), value)
        return
    for key, part in field.entries():
        yield from _values(name if key == "name" else key, part, None, depth + 1)
