"""From the envelope to an utterance, and from an utterance to what it asks for."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from graphrec.errors import InvalidInputError
from graphrec.nlu.dialogue import DialogueState, open_utterance
from graphrec.nlu.handler.envelope import Envelope, session_id
from graphrec.nlu.handler.turn import Turn
from graphrec.nlu.neighbours import unlinked_phrases
from graphrec.nlu.parser import MAX_CHARS
from graphrec.nlu.plan import Action, Plan
from graphrec.nlu.result import Intent, NLUResult
from graphrec.ranking.query import GraphQuery, NodeRef

if TYPE_CHECKING:
    from graphrec.nlu.adapter import Adapter
    from graphrec.nlu.neighbours import Neighbours, Suggestion
    from graphrec.nlu.pipeline import Pipeline

MAX_K = 50
FREE_TEXT = frozenset(
    {"query", "request", "utterance", "text", "phrase", "search", "searchquery", "freetext"}
)
"""Names of slots that hold a whole utterance, as a catch-all slot of type AMAZON.SearchQuery does."""
_TOLD: dict[str, Action] = {
    "more": "more", "something_else": "something_else", "select": "select", "help": "help", "stop": "stop",
    "repeat": "repeat", "start_over": "start_over",
}  # fmt: skip


def read_utterance(envelope: Envelope) -> NLUResult:
    """The utterance in the one form for every platform.

    Raises:
        InvalidInputError: no known form, a value in it cannot be used, or nothing was said.
    """
    from graphrec.nlu.formats import read

    data = envelope.data
    if envelope.platform == "generic":  # `session` may be the object that a response gave back
        data = {**data, "session": session_id(data)}
    result = _with_free_text(read(data))
    if (
        result.text and len(result.text) > MAX_CHARS
    ):  # one more than the parser reads, so that it still says so
        result = replace(result, text=result.text[: MAX_CHARS + 1])
    if not (result.text or "").strip() and result.intent is None and not result.slots:
        raise InvalidInputError('The request has no words; send an object such as {"text": "thai soups"}.')
    return result


def page_size(envelope: Envelope, usual: int) -> int:
    """How many dishes the request asks for; `usual` where it does not say.

    Raises:
        InvalidInputError: `k` is no number from 1 to 50.
    """
    k = envelope.data.get("k") if envelope.platform == "generic" else None
    if k is None:
        return usual
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise InvalidInputError(
            f"'k' of a request must be a number from 1 to {MAX_K}, but {k!r:.80} was given."
        )
    return k


def _with_free_text(result: NLUResult) -> NLUResult:
    """A catch-all slot is an utterance: its words become the text, to be understood here."""
    free = [s for s in result.slots if s.name.casefold() in FREE_TEXT and isinstance(s.raw or s.value, str)]
    if result.text or not free:
        return result
    rest = tuple(slot for slot in result.slots if slot not in free)
    return replace(result, text=" ".join(str(slot.raw or slot.value) for slot in free), slots=rest)


_REQUEST = "recommend"
_LOOKED_AT = 20
"""Unlinked phrases that are looked at for suggestions: a text that is no utterance has thousands."""


class Understanding:
    """Intent and plan of an utterance; safe to share between threads."""

    def __init__(self, pipeline: Pipeline, adapter: Adapter) -> None:
        self.pipeline, self.adapter = pipeline, adapter

    def understand(self, turn: Turn) -> None:
        """Fill in the plan of a turn."""
        told = turn.opening.said
        if told is not None and not turn.opening.rest:
            turn.plan = Plan(_TOLD[told], turn.result, turn.state.query, position=turn.opening.position)
            return
        if turn.opening.reply is not None and not turn.opening.rest:
            turn.plan = Plan("confirm" if turn.opening.reply else "deny", turn.result, turn.state.query)
            return
        self._classify(turn)
        self._plan(turn)

    def as_request(self, turn: Turn) -> Plan:
        """The plan if the words are taken for what is looked for, whatever their intent."""
        return self._planned(turn, replace(turn.result, intent=Intent(_REQUEST), novel=False))

    def _planned(self, turn: Turn, result: NLUResult) -> Plan:
        base = GraphQuery(user=turn.user, k=turn.k)
        return self.adapter.plan(result, base, shown=turn.state.listed, item=turn.state.item)

    def _plan(self, turn: Turn) -> None:
        with turn.trace.step("link") as step:
            turn.plan = self._planned(turn, turn.result)
            sure = [slot.confidence for slot in turn.plan.slots if slot.confidence is not None]
            step.confidence = min(sure, default=None)
            if turn.plan.unlinked:
                step.detail = f"no node is called {', '.join(turn.plan.unlinked)}"
        self.offer(turn)
        kept = dict.fromkeys([*turn.state.kept, *allergies(turn.plan)])
        turn.state = replace(turn.state, kept=tuple(kept))

    def offer(self, turn: Turn) -> None:
        """Suggestions for what no node is called; nothing is done where everything linked, or nothing is asked for."""
        plan, neighbours = turn.plan, self.pipeline.neighbours
        if neighbours is None or not plan.unlinked or plan.action == "fallback":
            return
        with turn.trace.step("neighbours") as step:
            turn.plan = replace(plan, suggestions=suggestions(neighbours, plan, turn.text))
            step.detail = "; ".join(f"{s.said}: {s.nodes[0][0]}" for s in turn.plan.suggestions)

    def _classify(self, turn: Turn) -> None:
        """The intent, by our own model where the platform sent words alone."""
        result, text = turn.result, turn.opening.rest
        if _left_to_us(result):
            understood = self.pipeline.understand(
                text, user=result.user, session=result.session, locale=result.locale, context=result.context
            )
            turn.result, turn.own = replace(understood, source=result.source, text=text or None), True
        elif text != turn.opening.text:
            turn.result = replace(result, text=text or None)
        turn.trace.intent = turn.result.intent
        if turn.result.trace:
            turn.trace.extend([replace(step, failed=False) for step in turn.result.trace])


def _left_to_us(result: NLUResult) -> bool:
    """Whether the platform sent words without understanding them: words alone, a catch-all slot of Alexa's (which sends
    words in no other way), or an intent that only says that none was recognised.
    """
    alone = result.intent is None and not result.slots
    return bool(result.text) and (alone or result.novel or (result.source == "alexa" and not result.slots))


def suggestions(neighbours: Neighbours, plan: Plan, text: str) -> tuple[Suggestion, ...]:
    """What the unlinked words of a plan may have meant: phrase by phrase where the words are ours, else as said."""
    unlinked = plan.unlinked[:_LOOKED_AT]
    phrases = [(said, out) for said, out, _ in islice(unlinked_phrases(text, plan.slots), _LOOKED_AT)]
    held = " ".join(said.casefold() for said, _ in phrases)
    lost = {s.raw for s in plan.slots if s.polarity < 0 and s.node is None}
    phrases += [(said, said in lost) for said in unlinked if said.casefold() not in held]
    wanted = [word.casefold() for word in unlinked]
    return neighbours.offer((said, out) for said, out in phrases if any(w in said.casefold() for w in wanted))


def allergies(plan: Plan) -> tuple[NodeRef, ...]:
    """What an utterance excludes because somebody must not have it: kept through the whole conversation."""
    told = (s for s in plan.slots if s.hard and s.polarity < 0 and s.status != "denied")
    return tuple(s.node for s in told if s.node is not None and s.node.type != "diet")


def opened(turn: Turn, state: DialogueState) -> None:
    """Split off what the conversation itself is told."""
    turn.state = state
    turn.opening = open_utterance(turn.result.text or "", pending=state.pending is not None)
