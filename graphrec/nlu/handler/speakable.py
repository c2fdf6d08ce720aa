"""What every platform's response is made of: clean text of bounded length, the generic answer, the state as text."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape

from graphrec.nlu.handler.reply import Reply

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Without control characters and lone surrogates, which no platform takes."""
    return _NOT_XML.sub("", text)


def cut(text: str, limit: int) -> str:
    """Clean, and at most `limit` characters."""
    text = clean(text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def ssml(text: str) -> str:
    """Speech as SSML: markup in a title is spoken as text."""
    return f"<speak>{escape(clean(text))}</speak>"


def generic_json(reply: Reply) -> dict[str, Any]:
    """The generic answer for a platform's free field; the state travels in a place of its own."""
    out = reply.to_json()
    del out["session"]
    return out


def state_text(reply: Reply) -> str | None:
    """The state as JSON text, for platforms that would turn its numbers into doubles or only take strings."""
    return None if reply.state is None else json.dumps(reply.state.to_json(), separators=(",", ":"))
