"""Alexa Skills Kit requests.

Fields as in Amazon's "Request and Response JSON Reference" and "Request Types Reference"; resolutions as in "Entity
Resolution", list slots as in "Collect Multiple Values in a Slot". Alexa sends neither the utterance nor a confidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import candidates, checked, reading, status_of, typed
from graphrec.nlu.result import Intent, NLUResult, Slot, Status

_CONJUNCTION = "__Conjunction"
_UNHEARD = "?"
"""What AMAZON.NUMBER and its like send for words that they cannot turn into their form."""
_FALLBACK = "AMAZON.FallbackIntent"


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object is such a request."""
    request = data.get("request")
    return isinstance(request, Mapping) and bool({"type", "intent"} & request.keys() or "session" in data)


def read_alexa(data: Mapping[str, Any]) -> NLUResult:
    """An Alexa request of any type.

    IntentRequest and CanFulfillIntentRequest give their intent under its own name, built-in ones
    (`AMAZON.StopIntent`) too; a request without an intent (LaunchRequest, SessionEndedRequest) gives its type. A denied
    slot or intent keeps its status, unfilled slots are left out.

    Raises:
        InvalidInputError: a field of the wrong type; the message gives its path.
    """
    root = Field(data)
    request, session = root["request"], root["session"]
    kind = request["type"].needed()
    has_intent = kind in ("IntentRequest", "CanFulfillIntentRequest") or bool(request["intent"])
    intent = _intent(request["intent"]) if has_intent else Intent(kind)
    system = root["context"]["System"]
    return NLUResult(
        text=None,
        locale=request["locale"].text(),
        source="alexa",
        intent=intent,
        slots=checked(_slots(request["intent"]["slots"])),
        user=session["user"]["userId"].identifier() or system["user"]["userId"].identifier(),
        session=session["sessionId"].identifier(),
        novel=intent.name == _FALLBACK,
        complete=(request["dialogState"].text() or "COMPLETED").upper() == "COMPLETED",
        context=session["attributes"].kept(),
    )


def _intent(field: Field) -> Intent:
    return Intent(field["name"].needed(), None, status_of(field["confirmationStatus"]))


def _slots(field: Field) -> Iterator[Slot]:
    for key, slot in field.entries():
        name = slot["name"].text() or key
        if name != _CONJUNCTION:
            status = status_of(slot["confirmationStatus"])
            for value in _values(slot):
                yield from _slot(name, value, slot, status)


def _values(slot: Field) -> list[Field]:
    """The values of a slot: several of a list, which may also hold lists, else one."""
    value = slot["slotValue"]
    if (value["type"].text() or "").casefold() == "list":
        return [inner for member in value["values"].items() for inner in _members(member)]
    return [value if value["value"] else slot]


def _members(member: Field) -> list[Field]:
    inner = member["values"]
    return inner.items() if inner else [member]


def _slot(name: str, value: Field, slot: Field, status: Status) -> Iterator[Slot]:
    said = value["value"].text()
    if said is None or said == _UNHEARD:
        return
    authorities = value["resolutions"]["resolutionsPerAuthority"]
    if not authorities.items() and value is not slot:
        # A single value is repeated in `slotValue`, at times without its resolutions. A list has none outside it.
        authorities = slot["resolutions"]["resolutionsPerAuthority"]
    names, readings, kind = _resolved(authorities)
    meaning, form = typed(names[0] if names else said)
    yield Slot(name, kind or form, said, meaning, candidates=candidates(readings, meaning), status=status)


def _resolved(authorities: Field) -> tuple[list[str], list[str], str | None]:
    """Names, readings and type of what the authorities know: the first that matched leads, every reading is kept."""
    names: list[str] = []
    readings: list[str] = []
    kind = None
    for authority in authorities.items():
        values = authority["values"].items()
        if authority["status"]["code"].text() != "ER_SUCCESS_MATCH" or not values:
            continue
        kind = _type(authority["authority"].text()) if not names else kind
        for entry in values:
            name = entry["value"]["name"].text()
            if name is not None:
                names.append(name)
                readings.append(reading(name, entry["value"]["id"].identifier()))
    return names, readings, kind


def _type(authority: str | None) -> str | None:
    """The slot type at the end of `amzn1.er-authority.echo-sdk.amzn1.ask.skill.ID.TYPE`."""
    return authority.rpartition(".")[2] or None if authority and "er-authority" in authority else None
