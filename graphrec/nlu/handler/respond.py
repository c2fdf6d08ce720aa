"""One reply in each platform's own form."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graphrec.nlu.handler.envelope import STATE_KEY, Envelope, Platform, session_id
from graphrec.nlu.handler.reply import MAX_SPEECH, Reply
from graphrec.nlu.handler.respond_alexa import alexa
from graphrec.nlu.handler.respond_dialogflow import dialogflow, dialogflow_cx
from graphrec.nlu.handler.respond_lex import lex
from graphrec.nlu.handler.speakable import cut, generic_json


def respond(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """The response to send back; always plain JSON that can be encoded, whatever the request held."""
    response = _FORMS[envelope.platform](replace(reply, speech=cut(reply.speech, MAX_SPEECH)), envelope)
    try:
        json.dumps(response, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # half a surrogate pair or an infinite number, echoed from the request
        scrubbed: dict[str, Any] = _scrubbed(response)
        return scrubbed
    return response


def _rasa(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """The answer of a Rasa action server; the state is a slot."""
    carried = None if reply.state is None else reply.state.to_json()
    return {
        "events": [{"event": "slot", "name": STATE_KEY, "value": carried, "timestamp": None}],
        "responses": [{"text": reply.speech, "custom": {STATE_KEY: generic_json(reply)}}],
    }


def _generic(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    return reply.to_json(session_id(envelope.data))


def _scrubbed(value: Any) -> Any:
    """The same without what JSON or UTF-8 cannot hold."""
    if isinstance(value, Mapping):
        return {_scrubbed(key): _scrubbed(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(entry) for entry in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value


_FORMS: Mapping[Platform, Callable[[Reply, Envelope], dict[str, Any]]] = {
    "alexa": alexa, "dialogflow": dialogflow, "dialogflow_cx": dialogflow_cx, "lex": lex, "rasa": _rasa,
    "generic": _generic,
}  # fmt: skip
