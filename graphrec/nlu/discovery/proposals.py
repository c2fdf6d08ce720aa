"""Discovered intents in the form of an intents file, for a person to read, rename and keep."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from graphrec.nlu.discovery.discover import Discovery

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def to_json(found: Discovery, texts: Sequence[str]) -> dict[str, Any]:
    """Groups with their utterances, and what is left over."""
    return {
        "intents": [
            {
                "name": group.name,
                "domain": group.domain,
                "new_domain": group.new_domain,
                "terms": list(group.terms),
                "example": group.example,
                "utterances": [texts[member] for member in group.members],
            }
            for group in found.groups
        ],
        "leftover": [texts[row] for row in found.leftover],
        "agreement_on_known": round(found.coarseness.agreement, 4),
    }


def to_toml(found: Discovery, texts: Sequence[str]) -> str:
    """An intents file that `graphrec nlu train` reads; one table per domain, one list per intent."""
    lines = ["# Proposed intents. Rename them, take out what does not belong, and add them to the intents file."]
    for domain in dict.fromkeys(group.domain for group in found.groups):
        lines += ["", f"[domains.{_key(domain)}]"]
        for group in found.groups:
            if group.domain == domain:
                # What is said once is enough, and a brace would open a slot.
                said = dict.fromkeys(re.sub(r"[{}]", "", texts[member]) for member in group.members)
                lines += [f"# {_comment(group.example)}", f"{_key(group.name)} = ["]
                lines += [f"    {_text(text)}," for text in said if text.strip()]
                lines.append("]")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE.match(name) else _text(name)


def _text(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for half surrogate pairs and DEL, which it cannot hold."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x7f", " ")
    return json.dumps(clean, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text).split())
