"""What surrounds an utterance: which platform asks, in what kind of request, carrying which state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Platform: TypeAlias = Literal["alexa", "dialogflow", "dialogflow_cx", "lex", "rasa", "generic"]
Kind: TypeAlias = Literal["request", "launch", "can_fulfill", "ended"]

STATE_KEY = "graphrec"
"""Name of the attribute, context or slot that carries the state from turn to turn."""
_ALEXA_KINDS: dict[str, Kind] = {
    "LaunchRequest": "launch", "CanFulfillIntentRequest": "can_fulfill", "IntentRequest": "request",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request before its utterance is read.

    Args:
        platform: whose form the response takes.
        data: the JSON object; empty when it could not be read.
        kind: an utterance to answer, a greeting, the question whether one could be answered, or a farewell that
            expects no words.
        carried: the state as the platform brought it back, unchecked; None on a first turn.
    """

    platform: Platform
    data: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "request"
    carried: Any = None

    @property
    def attributes(self) -> dict[str, Any]:
        """Session attributes of others, which a response has to give back (Alexa and Lex replace the whole set)."""
        session = self.data.get("session" if self.platform == "alexa" else "sessionState")
        name = "attributes" if self.platform == "alexa" else "sessionAttributes"
        found = session.get(name) if isinstance(session, Mapping) else None
        return {k: v for k, v in found.items() if k != STATE_KEY} if isinstance(found, Mapping) else {}


def open_envelope(request: Mapping[str, Any] | str | bytes) -> Envelope:
    """The request as an object, with its platform; never reads the utterance.

    Raises:
        InvalidInputError: too large, too deep, not UTF-8, not JSON or no object.
    """
    from graphrec.nlu.formats import parse_json

    data = parse_json(request)
    platform = platform_of(data)
    return Envelope(platform, data, _kind(platform, data), _carried(platform, data))


def platform_of(data: Mapping[str, Any]) -> Platform:
    """Whose request it is, by the keys that only that platform sends."""
    inner = data.get("request")
    if isinstance(inner, Mapping) and isinstance(inner.get("type"), str):
        return "alexa"
    if "queryResult" in data:
        return "dialogflow"
    if "fulfillmentInfo" in data or "intentInfo" in data:
        return "dialogflow_cx"
    if (
        "interpretations" in data
        or "inputTranscript" in data
        or isinstance(data.get("sessionState"), Mapping)
    ):
        return "lex"
    if "tracker" in data or "latest_message" in data or ("entities" in data and "intent" in data):
        return "rasa"
    return "generic"


def sniff(request: object) -> Platform:
    """The platform of a request that is no JSON, by the names in it: its error should still reach its sender."""
    if isinstance(request, Mapping):
        return platform_of(request)
    text = request.decode("utf-8", "replace") if isinstance(request, bytes) else str(request)
    head = text[:20_000]
    signs: tuple[tuple[Platform, tuple[str, ...]], ...] = (
        ("dialogflow", ('"queryResult"',)), ("dialogflow_cx", ('"fulfillmentInfo"', '"intentInfo"')),
        ("lex", ('"inputTranscript"', '"interpretations"', '"sessionState"')),
        ("alexa", ('"IntentRequest"', '"applicationId"')), ("rasa", ('"latest_message"', '"tracker"')),
    )  # fmt: skip
    return next((platform for platform, names in signs if any(name in head for name in names)), "generic")


def session_id(data: Mapping[str, Any]) -> str | None:
    """Id of the conversation in a generic request: `session` as a string, or as a response gave it back."""
    session = data.get("session")
    found = session.get("id") if isinstance(session, Mapping) else session
    return found if isinstance(found, str) and found else None


def _kind(platform: Platform, data: Mapping[str, Any]) -> Kind:
    if platform != "alexa":
        return "request"
    return _ALEXA_KINDS.get(data["request"]["type"], "ended")


def _carried(platform: Platform, data: Mapping[str, Any]) -> Any:
    if platform == "alexa":
        return _at(data, "session", "attributes", STATE_KEY)
    if platform == "dialogflow":
        return _from_contexts(_at(data, "queryResult", "outputContexts"))
    if platform == "dialogflow_cx":
        return _at(data, "sessionInfo", "parameters", STATE_KEY)
    if platform == "lex":
        return _at(data, "sessionState", "sessionAttributes", STATE_KEY)
    if platform == "rasa":
        return _at(data, "tracker", "slots", STATE_KEY)
    state = data.get("state")
    return state if state is not None else _at(data, "session", "state")


def _from_contexts(contexts: Any) -> Any:
    for context in contexts if isinstance(contexts, list) else ():
        name = context.get("name") if isinstance(context, Mapping) else None
        if isinstance(name, str) and name.rpartition("/")[2] == STATE_KEY:
            return _at(context, "parameters", "state")
    return None


def _at(data: Any, *keys: str) -> Any:
    """The value at a path, None where anything on the way is absent or no object."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
