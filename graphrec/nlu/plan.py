"""What to do about an utterance: an action with everything it needs, already in terms of the graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from graphrec.nlu.neighbours import Suggestion
from graphrec.nlu.result import NLUResult, Slot
from graphrec.ranking.query import GraphQuery, NodeRef

Action: TypeAlias = Literal[
    "recommend", "similar", "substitute", "list_ingredients", "cook_time", "nutrition", "add_preference",
    "remove_preference", "list_preferences", "feedback", "more", "something_else", "select", "confirm", "deny",
    "help", "stop", "fallback", "repeat", "start_over",
]  # fmt: skip
PreferenceKind: TypeAlias = Literal["like", "dislike", "diet", "allergy"]


@dataclass(frozen=True, slots=True)
class TaughtPreference:
    """Something a user says about themselves, not yet stored.

    Args:
        kind: diet and allergy are hard (they filter), like and dislike are soft (they move the score).
        node: what it is about; a diet is `diet:NAME`.
        utterance: the words it was taught with.
    """

    kind: PreferenceKind
    node: NodeRef
    utterance: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the adapter makes of an utterance.

    Args:
        action: what to do; `fallback` when that is not known.
        result: the utterance as understood.
        query: what to rank; for actions that rank nothing, the query of the conversation so far.
        slots: every slot with its link, as used.
        item: external id of the dish that the action is about.
        subject: the node that it is about (the ingredient to substitute).
        preferences: what the user teaches or takes back.
        feedback: 1 liked, -1 disliked, for `feedback`.
        number: name of the number that is asked for, for `nutrition`; None asks for what there is.
        position: 1-based place in the list just shown ("the second one"), for `select`.
        unlinked: words that no node links to.
        ambiguous: spellings with several readings, each with the nodes it may mean, best first.
        confidence: of the link of each soft requirement, by its text form; what relaxation drops first.
        notes: sentences for the user.
        suggestions: what words that no node links to may have meant; no part of the query.
    """

    action: Action
    result: NLUResult
    query: GraphQuery = field(default_factory=GraphQuery)
    slots: tuple[Slot, ...] = ()
    item: str | None = None
    subject: NodeRef | None = None
    preferences: tuple[TaughtPreference, ...] = ()
    feedback: Literal[1, -1] | None = None
    number: str | None = None
    position: int | None = None
    unlinked: tuple[str, ...] = ()
    ambiguous: tuple[tuple[str, tuple[NodeRef, ...]], ...] = ()
    confidence: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
