"""Learning what a user means by what they say: from how the conversation goes on, one event at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphrec.nlu.handler.reply import Reply
from graphrec.nlu.handler.turn import Turn

if TYPE_CHECKING:
    from graphrec.nlu.adapter.maps import Maps
    from graphrec.nlu.intent_memory import IntentMemory

_REFUSED = frozenset({"deny", "fallback", "start_over"})
"""Answers after which what was said before may have been taken for the wrong thing."""


class Habits:
    """Feeds an :class:`~graphrec.nlu.intent_memory.IntentMemory` from handled turns; safe to share between threads.

    An utterance is learned at the user's next turn in the conversation, unless that one is a no, a fresh start, not
    understood, or the same again taken for something else. Only readings of our own model that were acted on as read
    are learned: not what a platform understood, nor what the conversation overruled.

    Args:
        memory: kept up to date.
        maps: say which action an intent asks for.
    """

    def __init__(self, memory: IntentMemory, maps: Maps) -> None:
        self.memory, self.maps = memory, maps

    def heard(self, turn: Turn, reply: Reply) -> None:
        """Take in a turn that was answered, at constant cost."""
        if turn.user is None or turn.envelope.kind != "request":
            return
        with turn.trace.step("memory") as step:
            learned = self.memory.settle(turn.result, right=reply.action not in _REFUSED)
            if learned is not None:
                step.detail = f"learned that {learned} was meant before"
            if self._acted_on(turn, reply):
                self.memory.hold(turn.result)

    def _acted_on(self, turn: Turn, reply: Reply) -> bool:
        """Whether the turn was answered as the model read it."""
        read, used = turn.result.intent, turn.plan.result.intent
        if (
            not turn.own
            or turn.result.vector is None
            or read is None
            or used is None
            or read.name != used.name
        ):
            return False
        rule = self.maps.intent(read.name)
        asked = rule is not None and rule.action == turn.plan.action
        return asked and reply.error is None and turn.trace.failed_at == "none"
