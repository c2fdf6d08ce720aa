"""New intents and domains in utterances that fit no known one: detect, group, name, link (ADVIN, arXiv 2006.01208)."""

from __future__ import annotations

from graphrec.nlu.discovery.discover import Discovery, Group, discover
from graphrec.nlu.discovery.known import Known

__all__ = ["Discovery", "Group", "Known", "discover"]
