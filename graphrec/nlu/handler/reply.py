"""What there is to answer, before any platform's form: speech, cards, what was understood, the trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphrec.nlu.dialogue import DialogueState
from graphrec.nlu.handler.trace import Trace
from graphrec.nlu.neighbours import Suggestion
from graphrec.ranking.answer import RecommendedItem
from graphrec.ranking.query import GraphQuery

MAX_SPEECH = 1_200
"""Characters of speech: about a minute and a half, far below any platform's limit."""


@dataclass(frozen=True, slots=True)
class Card:
    """One dish to look at.

    Args:
        minutes: cooking time, where it is known.
        reasons: why it is in the list, in words.
    """

    item: str
    title: str
    minutes: int | None = None
    reasons: tuple[str, ...] = ()

    def line(self) -> str:
        """Time and first reason: what stands below the title."""
        time = f"{self.minutes} min" if self.minutes is not None else ""
        return " · ".join(part for part in (time, *self.reasons[:1]) if part)

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "title": self.title,
            "minutes": self.minutes,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one request.

    Args:
        speech: what is said, plain text.
        reprompt: what is said when the user stays silent; None ends the conversation.
        action: what was done.
        items: the ranked list behind the cards.
        cards: dishes to look at.
        understood: how the request was understood, in words.
        relaxed: what gave way so that there is an answer, in words.
        query: what was ranked.
        fallback: how an unknown user was served (:class:`graphrec.ranking.Answer`).
        error: one sentence for the developer when the request could not be read.
        state: where the conversation stands afterwards; None when it is over or was not kept.
        asks: whether a yes or a no is expected.
        delegates: nothing is said yet, because the platform itself still asks for slots.
        suggestions: what words that link to nothing may have meant.
        understood_slots: names of the platform's slots that were linked.
    """

    speech: str
    action: str
    reprompt: str | None = None
    items: tuple[RecommendedItem, ...] = ()
    cards: tuple[Card, ...] = ()
    understood: str = ""
    relaxed: tuple[str, ...] = ()
    query: GraphQuery | None = None
    fallback: str | None = None
    error: str | None = None
    state: DialogueState | None = None
    asks: bool = False
    delegates: bool = False
    understood_slots: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    trace: Trace = field(default_factory=Trace)

    @property
    def ends(self) -> bool:
        """Whether the conversation is over."""
        return self.reprompt is None

    def to_json(self, session: str | None = None) -> dict[str, Any]:
        """The generic answer; the trace rides along.

        Args:
            session: id of the conversation, returned with its state so that a caller may carry it.
        """
        out: dict[str, Any] = {
            "speech": self.speech, "action": self.action, "cards": [card.to_json() for card in self.cards],
            "items": [item.to_json() for item in self.items], "understood": self.understood,
            "relaxed": list(self.relaxed), "query": None if self.query is None else self.query.to_json(),
            "fallback": self.fallback, "trace": self.trace.to_json(), "asks": self.asks, "ends": self.ends,
            "session": {"id": session, "state": None if self.state is None else self.state.to_json()},
        }  # fmt: skip
        if self.suggestions:
            out["suggestions"] = [suggestion.to_json() for suggestion in self.suggestions]
        if self.error is not None:
            out["error"] = self.error
        return out
