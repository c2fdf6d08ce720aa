"""Responses of a Lambda function to Amazon Lex V2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphrec.nlu.handler.envelope import STATE_KEY, Envelope
from graphrec.nlu.handler.reply import Card, Reply
from graphrec.nlu.handler.speakable import cut, generic_json, state_text

MESSAGES, CARD_CHARS = 5, 250
"""Most messages of a response, and most characters of a card's title or subtitle."""


def lex(reply: Reply, envelope: Envelope) -> dict[str, Any]:
    """Going on is `ElicitIntent`, a question `ConfirmIntent`, the end `Close`; Lex itself goes on with `Delegate`."""
    attributes = {k: v for k, v in envelope.attributes.items() if isinstance(v, str)}
    if (text := state_text(reply)) is not None:
        attributes[STATE_KEY] = text
    session: dict[str, Any] = {"sessionAttributes": attributes, "dialogAction": {"type": "ElicitIntent"}}
    intent = _intent(envelope)
    if intent is not None and reply.delegates:
        session |= {"dialogAction": {"type": "Delegate"}, "intent": intent}
        return {"sessionState": session}
    if intent is not None and reply.ends:
        session |= {"dialogAction": {"type": "Close"}, "intent": {**intent, "state": "Fulfilled"}}
    elif intent is not None and reply.asks:
        session |= {"dialogAction": {"type": "ConfirmIntent"}, "intent": {**intent, "state": "InProgress"}}
    messages: list[dict[str, Any]] = [{"contentType": "PlainText", "content": reply.speech}]
    messages += [_card(card) for card in reply.cards]
    return {
        "sessionState": session, "messages": messages[:MESSAGES],
        "requestAttributes": {STATE_KEY: json.dumps(generic_json(reply), separators=(",", ":"))},
    }  # fmt: skip


def _intent(envelope: Envelope) -> dict[str, Any] | None:
    """The intent under way, as Lex wants it back."""
    state = envelope.data.get("sessionState")
    intent = state.get("intent") if isinstance(state, Mapping) else None
    if not isinstance(intent, Mapping) or not isinstance(intent.get("name"), str):
        return None
    return {
        "name": intent["name"],
        "slots": intent["slots"] if isinstance(intent.get("slots"), Mapping) else {},
    }


def _card(card: Card) -> dict[str, Any]:
    line = cut(card.line(), CARD_CHARS)
    picture = {"title": cut(card.title, CARD_CHARS)} | ({"subtitle": line} if line else {})
    return {"contentType": "ImageResponseCard", "imageResponseCard": picture}
