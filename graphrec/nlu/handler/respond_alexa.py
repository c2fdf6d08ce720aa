"""Responses in the form of the Alexa Skills Kit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphrec.nlu.handler.envelope import STATE_KEY, Envelope
from graphrec.nlu.handler.reply import Card, Reply
from graphrec.nlu.handler.speakable import cut, ssml

ALEXA_BYTES = 24_000
"""Size of a whole response, session attributes included."""
_SHORT_SPEECH = 300
_TRACE_KEY = f"{STATE_KEY}_trace"


def alexa(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """The response to a launch, an intent, a CanFulfillIntentRequest or the end of a session."""
    if envelope.kind == "can_fulfill":
        return {"version": "1.0", "response": {"canFulfillIntent": _can_fulfill(reply, envelope)}}
    if envelope.kind == "ended":  # Alexa takes no words after the end
        return {"version": "1.0", "response": {}}
    response: dict[str, Any] = {"outputSpeech": _speech(reply.speech), "shouldEndSession": reply.ends}
    if reply.delegates:
        response = {"directives": [{"type": "Dialog.Delegate"}], "shouldEndSession": False}
    if reply.reprompt is not None and not reply.delegates:
        response["reprompt"] = {"outputSpeech": _speech(reply.reprompt)}
    if reply.cards:
        title = reply.understood[:1].upper() + reply.understood[1:]
        response["card"] = {
            "type": "Simple", "title": cut(title or "Recipes", 100), "content": _card_text(reply.cards)
        }  # fmt: skip
    attributes = {**envelope.attributes, _TRACE_KEY: reply.trace.to_json()}
    if reply.state is not None:
        attributes[STATE_KEY] = reply.state.to_json()
    return _within_size({"version": "1.0", "sessionAttributes": attributes, "response": response}, reply)


def _speech(text: str) -> dict[str, str]:
    return {"type": "SSML", "ssml": ssml(text)}


def _card_text(cards: tuple[Card, ...]) -> str:
    rows = (f"{card.title}: {line}" if (line := card.line()) else card.title for card in cards)
    return cut("\n".join(rows), 4_000)


def _within_size(response: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """What can be done without goes first when Alexa would refuse the whole response."""
    attributes, body = response["sessionAttributes"], response["response"]
    if _size(response) > ALEXA_BYTES:
        body.pop("card", None)
    if _size(response) > ALEXA_BYTES:
        attributes[_TRACE_KEY] = {key: attributes[_TRACE_KEY][key] for key in ("failed_at", "ms")}
    if _size(response) > ALEXA_BYTES and "outputSpeech" in body:
        body["outputSpeech"] = _speech(cut(reply.speech, _SHORT_SPEECH))
    return response


def _size(response: Mapping[str, Any]) -> int:
    return len(json.dumps(response).encode())


def _can_fulfill(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """Whether the request could be answered: MAYBE where something had to give way, NO where nothing was found."""
    verdict = "NO" if reply.trace.failed_at != "none" else "MAYBE" if reply.relaxed else "YES"
    known = {name.casefold() for name in reply.understood_slots}
    intent = envelope.data["request"].get("intent")
    slots = intent.get("slots") if isinstance(intent, Mapping) else None
    filled = {
        str(name): "YES" if str(name).casefold() in known else "NO"
        for name, slot in (slots.items() if isinstance(slots, Mapping) else ())
        if isinstance(slot, Mapping) and (slot.get("value") or slot.get("slotValue"))
    }
    return {
        "canFulfill": verdict,
        "slots": {name: {"canUnderstand": yes, "canFulfill": yes} for name, yes in filled.items()},
    }
