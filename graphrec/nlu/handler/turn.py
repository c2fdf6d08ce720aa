"""One request on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from graphrec.nlu.dialogue import DialogueState, Opening
from graphrec.nlu.handler.envelope import Envelope
from graphrec.nlu.handler.reply import Reply
from graphrec.nlu.handler.trace import Trace
from graphrec.nlu.plan import Plan
from graphrec.nlu.result import NLUResult

REPROMPT = "You can say more, something else, or ask about one of them."
ASK = "What would you like to cook?"
CHANGE = "What shall I change?"


@dataclass(slots=True)
class Turn:
    """A request and what is known of it so far; used by one thread.

    Args:
        envelope: the request as it came.
        trace: stages so far.
        result: the utterance as understood.
        state: the conversation before this turn.
        opening: what the conversation itself was told.
        plan: what to do.
        k: dishes to show.
        own: whether the intent is our own pipeline's, which the conversation may overrule, and not a platform's.
        before: sentences to say before the answer (what was saved, what could not be read).
    """

    envelope: Envelope
    trace: Trace
    result: NLUResult = field(default_factory=NLUResult)
    state: DialogueState = field(default_factory=DialogueState)
    opening: Opening = field(default_factory=lambda: Opening(None, None, None, "", ""))
    plan: Plan = field(default_factory=lambda: Plan("fallback", NLUResult()))
    k: int = 5
    own: bool = False
    before: list[str] = field(default_factory=list)

    @property
    def user(self) -> str | None:
        return self.result.user

    @property
    def text(self) -> str:
        """What was left to understand."""
        return self.opening.rest

    def reply(self, speech: str, *, reprompt: str | None = ASK, **more: Any) -> Reply:
        """An answer that leaves the query of the conversation as it is, unless `more` brings a state."""
        state: DialogueState = more.pop("state", self.state)
        action = more.pop("action", self.plan.action)
        query = replace(state.query, user=self.user)
        state = replace(state, query=query, turn=self.state.turn + 1, action=action)
        spoken = " ".join(part for part in (*self.before, speech) if part)
        more.setdefault("suggestions", self.plan.suggestions)
        linked = (s.name for s in self.plan.slots if s.node is not None or isinstance(s.value, float))
        return Reply(
            spoken, action, reprompt, state=state, understood_slots=tuple(linked), trace=self.trace, **more
        )  # fmt: skip
