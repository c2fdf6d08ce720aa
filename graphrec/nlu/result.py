"""What was understood of an utterance, whoever understood it: one form for every assistant platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.ranking.query import NodeRef

Status: TypeAlias = Literal["none", "confirmed", "denied"]
Operator: TypeAlias = Literal["=", "<=", ">="]
MAX_SLOTS = 200
"""Slots of one utterance; people name a dozen things at most."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the speaker wants done.

    Args:
        name: as the source names it.
        confidence: 0 to 1; None where the source gives none, which is not the same as certain.
        status: whether the speaker confirmed or denied it in the dialogue.
    """

    name: str
    confidence: float | None = None
    status: Status = "none"


@dataclass(frozen=True, slots=True)
class Slot:
    """One value that the utterance holds.

    Args:
        name: as the source names it (`ingredient`, `maxTime`, `food_type`).
        type: as the source types it, None where it does not.
        raw: the words as said.
        value: what they stand for: text, or a number in the base unit (seconds for durations).
        node: the graph's node, once linked.
        candidates: other readings, best first, each with its confidence or None; as the source or the linker
            ranks them.
        span: first character and one past the last in the text.
        polarity: 1 wanted, -1 not wanted.
        operator: how a number bounds.
        group: slots of one group are alternatives ("chicken or turkey").
        hard: an allergy or a diet, kept whatever else gives way.
        confidence: of the value and its link; None where the source gives none.
        status: whether the speaker confirmed or denied it.
        soft: with polarity -1, there is to be little of it rather than none.
        suggestions: for words that link to nothing, the nodes nearest in meaning with their cosine, best first; to
            be offered, never to be taken.
    """

    name: str
    type: str | None = None
    raw: str | None = None
    value: str | float | None = None
    node: NodeRef | None = None
    candidates: tuple[tuple[str, float | None], ...] = ()
    span: tuple[int, int] | None = None
    polarity: Literal[1, -1] = 1
    operator: Operator = "="
    group: str | None = None
    hard: bool = False
    confidence: float | None = None
    status: Status = "none"
    soft: bool = False
    suggestions: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on the way from a request to its answer.

    Args:
        stage: read, intent, memory, slots, neighbours, link, query, rank or relax.
        ms: milliseconds it took.
        confidence: 0 to 1, where the stage has one.
        failed: whether the request came to grief here.
        detail: one sentence for whoever reads the trace.
    """

    stage: str
    ms: float = 0.0
    confidence: float | None = None
    failed: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NLUResult:
    """One understood utterance.

    Args:
        text: the utterance; None where the source does not send it (Alexa).
        locale: e.g. `en-US`.
        source: alexa, rasa, dialogflow, lex, snips, massive or native.
        domain: group of intents, where the source has one.
        intent: None when nothing matched.
        alternatives: other intents, best first.
        slots: filled slots only.
        user: external id, where the source sends one.
        session: id of the conversation.
        novel: fits no known intent; kept for discovery.
        complete: False while the platform itself still asks for slots.
        context: what the platform carries from turn to turn (session attributes, contexts).
        trace: stages so far.
        vector: the utterance's, float32 `[dim]`, where our own model read it; it is no part of the JSON form.
    """

    text: str | None = None
    locale: str | None = None
    source: str = "native"
    domain: str | None = None
    intent: Intent | None = None
    alternatives: tuple[Intent, ...] = ()
    slots: tuple[Slot, ...] = ()
    user: str | None = None
    session: str | None = None
    novel: bool = False
    complete: bool = True
    context: Mapping[str, Any] = field(default_factory=dict)
    trace: tuple[Step, ...] = ()
    vector: NDArray[np.floating[Any]] | None = field(default=None, repr=False, compare=False)
