"""Conversations: what a follow-up refines, what was shown, what waits for a yes."""

from __future__ import annotations

from graphrec.nlu.dialogue import phrases
from graphrec.nlu.dialogue.follow_up import (
    VAGUE_TIMES,
    Joined,
    Utterance,
    is_refinement,
    join,
    quicker,
    turn_of,
)
from graphrec.nlu.dialogue.opening import Opening, open_utterance, place_named
from graphrec.nlu.dialogue.sessions import SessionStore
from graphrec.nlu.dialogue.state import DialogueState, Pending

__all__ = [
    "DialogueState", "Joined", "Opening", "Pending", "SessionStore", "Utterance", "VAGUE_TIMES",
    "is_refinement", "join", "open_utterance", "phrases", "place_named", "quicker", "turn_of",
]  # fmt: skip
