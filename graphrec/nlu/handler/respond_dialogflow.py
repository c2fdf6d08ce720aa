"""Webhook responses of Dialogflow, ES and CX."""

from __future__ import annotations

from typing import Any

from graphrec.nlu.handler.envelope import STATE_KEY, Envelope
from graphrec.nlu.handler.reply import Reply
from graphrec.nlu.handler.speakable import clean, generic_json, state_text

TURNS = 50
"""Turns for which a context lives on; each turn writes it anew."""


def dialogflow(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """A `WebhookResponse` of Dialogflow ES; the state is an output context."""
    session = envelope.data.get("session")
    messages: list[dict[str, Any]] = [{"text": {"text": [reply.speech]}}]
    messages += [
        {"card": {"title": clean(card.title), "subtitle": clean(card.line())}} for card in reply.cards
    ]
    out: dict[str, Any] = {
        "fulfillmentText": reply.speech, "fulfillmentMessages": messages, "payload": {STATE_KEY: generic_json(reply)},
    }  # fmt: skip
    if isinstance(session, str) and session:
        text = state_text(reply)
        context = {"name": f"{session}/contexts/{STATE_KEY}", "lifespanCount": TURNS if text else 0}
        out["outputContexts"] = [{**context, "parameters": {"state": text} if text else {}}]
    return out


def dialogflow_cx(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """A `WebhookResponse` of Dialogflow CX; the state is a session parameter, null when the conversation is over."""
    info = envelope.data.get("sessionInfo")
    session = info.get("session") if isinstance(info, dict) else None
    carried: dict[str, Any] = {"parameters": {STATE_KEY: state_text(reply)}}
    return {
        "fulfillmentResponse": {"messages": [{"text": {"text": [reply.speech]}}], "mergeBehavior": "REPLACE"},
        "sessionInfo": {"session": session, **carried} if isinstance(session, str) else carried,
        "payload": {STATE_KEY: generic_json(reply)},
    }
