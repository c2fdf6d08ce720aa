"""From an understood utterance to a plan in terms of the graph."""

from __future__ import annotations

from graphrec.nlu.adapter.adapter import Adapter
from graphrec.nlu.adapter.maps import IntentRule, Maps, SlotRule, load_maps

__all__ = ["Adapter", "IntentRule", "Maps", "SlotRule", "load_maps"]
