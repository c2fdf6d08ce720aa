"""Ranking within a conversation: new requests, refinements, more, something else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from graphrec.nlu.adapter.titles import Titles
from graphrec.nlu.dialogue import (
    VAGUE_TIMES,
    DialogueState,
    Joined,
    Utterance,
    is_refinement,
    join,
    phrases,
    quicker,
    turn_of,
)
from graphrec.nlu.durations import TIME
from graphrec.nlu.handler import wording
from graphrec.nlu.handler.reply import Card, Reply
from graphrec.nlu.handler.turn import CHANGE, REPROMPT, Turn
from graphrec.nlu.plan import Plan
from graphrec.nlu.result import Step
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.answer import Answer, RecommendedItem
from graphrec.ranking.query import GraphQuery, NodeRef
from graphrec.ranking.relax import Relaxed, recommend_relaxed, requirement_text

if TYPE_CHECKING:
    from graphrec.bundle import Catalogue
    from graphrec.nlu.recommender import Recommender

Move: TypeAlias = Literal["anew", "refine", "more", "something_else", "repeat"]
ALIKE = 15
"""Items like each one shown that "something else" passes over."""
MAX_LEFT_OUT = 400
"""Items that a query leaves out one by one; older ones may come again."""
MAX_BRIEF = 4
"""Words of an utterance that may go on with a request by naming something alone."""
_PHRASES = ("with", "in ", "at least", "up to", "for ", "ideally", "easy on")
"""What descriptions without a kind of dish begin with; they follow "I found nothing" as they are."""
MAX_NOTES, MAX_REASONS = 2, 3


class Recommending:
    """Answers requests for dishes; safe to share between threads.

    Args:
        recommender: ranks.
        words: says queries and nodes.
        page: dishes shown at a time.
    """

    def __init__(self, recommender: Recommender, words: wording.Wording) -> None:
        self.recommender, self.words = recommender, words
        self.catalogue = recommender.catalogue
        self._titles = Titles(recommender.catalogue)

    def move(self, turn: Turn) -> Move:
        """What the turn means for the query of the conversation."""
        for asked in (turn.opening.said, turn.plan.action):
            if asked in ("more", "something_else", "repeat"):
                return asked
        return turn_of(self.utterance(turn), turn.state)

    def asks(self, text: str, plan: Plan, limits: bool) -> bool:
        """Whether an utterance has the form of a request and wants something that is known.

        Args:
            limits: a limit is enough, and the form does not matter.
        """
        query = plan.query
        if limits:
            return bool(query.must or query.should or query.should_not or query.ranges)
        words = " ".join(token.word for token in tokenize(text))
        return bool(query.must or query.should) and phrases.REQUEST.search(words) is not None

    def goes_on(self, turn: Turn, plan: Plan) -> bool:
        """Whether an utterance says something about what is looked for, in the form of a refinement or in few words."""
        utterance, wanted = self.utterance(turn, plan), turn.state.query
        words = [token.word for token in tokenize(turn.text)]
        query, told = plan.query, " ".join(words)
        named = query.must or query.must_not or query.should or query.should_not or query.ranges or utterance.neutral
        about = any(ref in wanted.must_not or ref in wanted.refs() for ref in utterance.neutral)
        free = any(form.search(told) for form in (phrases.NO_TIME_LIMIT, phrases.QUICKER, phrases.QUICK_ONES))
        return bool(about or free or (named and (len(words) <= MAX_BRIEF or is_refinement(turn.text))))

    def utterance(self, turn: Turn, plan: Plan | None = None) -> Utterance:
        """The part of an utterance that says what is looked for."""
        spans = self.recommender.parser.parse(turn.text).spans if turn.text and turn.state.asked else ()
        times = [span.text for span in spans if span.role == "range"]
        intent = turn.result.intent
        return Utterance(
            turn.opening.text, (plan or turn.plan).query,
            neutral=tuple(ref for span in spans if span.role == "neutral" for ref in span.refs),
            intent=intent.name if intent is not None and not turn.own else None,
            vague_time=bool(times) and all(text.casefold() in VAGUE_TIMES for text in times),
        )  # fmt: skip

    def recommend(self, turn: Turn, move: Move) -> Reply:
        """The dishes for a turn."""
        with turn.trace.step("query") as step:
            joined = self._joined(turn, move)
            step.detail = move
        query = joined.query if move in ("more", "something_else", "repeat") else self._by_title(turn, joined.query)
        with turn.trace.step("rank") as step:
            answer, relaxed = self._rank(turn, query, move)
            step.detail = f"{len(answer.items)} items" + (f"; {answer.note}" if answer.note else "")
        if relaxed or not answer.items:
            detail = ", ".join(map(str, relaxed)) or answer.note or "nothing satisfies the query"
            turn.trace.add(Step("relax", failed=not answer.items, detail=detail))
        return turn.reply(
            " ".join([*self._remarks(turn, joined, answer, relaxed), self._outcome(turn, answer, move)]),
            reprompt=REPROMPT if answer.items else CHANGE, state=self._after(turn, query, answer, move),
            action=move if move in ("more", "something_else") else "recommend", items=tuple(answer.items),
            cards=self.cards(answer.items), understood=self.words.query(query),
            relaxed=tuple(map(str, relaxed)), query=answer.query, fallback=answer.fallback,
        )  # fmt: skip

    def _joined(self, turn: Turn, move: Move) -> Joined:
        """The query of the conversation after this turn; exclusions by allergy stay in every new one."""
        state, kept = turn.state, turn.state.kept
        base = replace(GraphQuery() if move == "anew" else state.query, user=turn.user, k=turn.k)
        utterance = Utterance("", GraphQuery())
        if move != "repeat" and (turn.text or turn.result.slots):
            utterance = quicker(self.utterance(turn), base, self._minutes(state.listed))
        new = utterance.query
        utterance = replace(utterance, query=replace(new, must_not=_both(new.must_not, kept)))
        base = replace(base, must_not=_both(base.must_not, kept))
        diets = [ref for _, nodes in self.words.diets(base.must_not) for ref in nodes]
        return join(
            utterance, base, broader=self.recommender.lexicon.ancestors, names=self.words.name,
            kept=_both(kept, diets),
        )  # fmt: skip

    def _by_title(self, turn: Turn, query: GraphQuery) -> GraphQuery:
        """Where no word links to anything, the dishes whose titles hold them: where there are two pizzas, "pizza" is no
        kind of dish that the catalogue knows, and still what is asked for.
        """
        words = {token.lemma for word in turn.plan.unlinked for token in tokenize(word)}
        if query.must or query.should or query.candidates is not None or not words:
            return query
        found = self._titles.find(" ".join(turn.plan.unlinked)).options
        held = [item for item in found if words <= {t.lemma for t in tokenize(self.catalogue.titles[item])}]
        return replace(query, candidates=tuple(self.catalogue.item_ids[item] for item in held)) if held else query

    def _rank(self, turn: Turn, query: GraphQuery, move: Move) -> tuple[Answer, Sequence[Relaxed]]:
        state = turn.state
        if move == "repeat":
            return self.recommender.answer(replace(query, candidates=state.listed), explain=True), ()
        if move == "more":
            rest = self._but(query, state.shown)
            if self._gave_way(query, state.listed):
                return recommend_relaxed(self.recommender, rest, confidence=confidences(turn, query), explain=True)
            return self.recommender.answer(rest, explain=True), ()
        if move == "something_else":
            alike = self._alike(state.listed)
            answer = self.recommender.answer(self._but(query, (*state.shown, *alike)), explain=True)
            if answer.items:
                return answer, ()
            return self.recommender.answer(self._but(query, state.shown), explain=True), ()
        return recommend_relaxed(self.recommender, query, confidence=confidences(turn, query), explain=True)

    def _gave_way(self, query: GraphQuery, listed: Sequence[str]) -> bool:
        """Whether the list shown last held dishes that the query by itself would not allow."""
        again = replace(query, candidates=tuple(listed), k=len(listed), exclude_seen=False)
        return len(self.recommender.answer(again).items) < len(listed)

    def _but(self, query: GraphQuery, items: Sequence[str]) -> GraphQuery:
        """The query without some items."""
        refs = (NodeRef(self.catalogue.item_type, item) for item in items[-MAX_LEFT_OUT:])
        return replace(query, must_not=tuple(dict.fromkeys([*query.must_not, *refs])))

    def _alike(self, items: Sequence[str]) -> list[str]:
        known = [item for item in items if self.catalogue.item_ids.find(item) is not None]
        return [alike.item for item in known for alike in self.recommender.similar(item, ALIKE)]

    def _minutes(self, items: Sequence[str]) -> list[float]:
        return [minutes for item in items if (minutes := minutes_of(self.catalogue, item)) is not None]

    def _after(self, turn: Turn, query: GraphQuery, answer: Answer, move: Move) -> DialogueState:
        """The conversation afterwards."""
        ids = tuple(item.item for item in answer.items)
        before = turn.state.shown if move in ("more", "something_else", "repeat") else ()
        listed = ids if ids or move in ("anew", "refine") else turn.state.listed
        return replace(
            turn.state, query=replace(query, note=None), confidence=confidences(turn, query), listed=listed,
            shown=tuple(dict.fromkeys([*before, *ids])), item=None, pending=None,
        )  # fmt: skip

    def _remarks(self, turn: Turn, joined: Joined, answer: Answer, relaxed: Sequence[Relaxed]) -> list[str]:
        """What has to be said besides the dishes: what was not known, not applied, kept or given up."""
        said = [*turn.plan.notes[:MAX_NOTES]]
        if unknown := self._unknown(turn, answer):
            turn.trace.fail("link", f"nothing is called {', '.join(unknown)}")
            words = wording.listed([repr(word) for word in unknown[:MAX_NOTES]], "or")
            said.append(f"I don't know {words}, but this is what I would suggest.")
        told = (s for s in turn.plan.suggestions if s.excluded or any(word in s.said for word in unknown))
        said += self.words.nearest(told)
        if joined.held:
            names = wording.listed([self.words.name(ref) for ref in joined.held])
            said.append(f"I still leave out {names}: that belongs to a diet or an allergy.")
        if joined.barred:
            names = wording.listed([self.words.name(ref) for ref in joined.barred])
            said.append(f"You asked for no {names}, so I still leave that out.")
        if known := self.words.exclusions(ref for ref in answer.query.must_not if ref in answer.query.taught):
            said.append(f"As you told me before: {known}.")
        if relaxed:
            said.append(f"Nothing fits all of that, so {wording.listed([r.spoken for r in relaxed])}.")
        return said

    def _unknown(self, turn: Turn, answer: Answer) -> list[str]:
        """Words that link to nothing and stand in no title found, where nothing else is asked for; what a note says
        already is not said twice.
        """
        asked, notes = answer.query.untaught(), " ".join(turn.plan.notes)
        if asked.must or asked.should or asked.ranges or not answer.items:
            return []
        titles = {token.lemma for item in answer.items for token in tokenize(item.title)}
        strange = [word for word in turn.plan.unlinked if titles.isdisjoint(t.lemma for t in tokenize(word))]
        return [word for word in strange if word not in notes]

    def _outcome(self, turn: Turn, answer: Answer, move: Move) -> str:
        understood = self.words.query(answer.query.untaught())
        if answer.items:
            listing = wording.found([i.title or i.item for i in answer.items], more=move in ("more", "something_else"))
            if not understood or move == "repeat":
                return listing
            rest = listing if listing.startswith("I ") else listing[0].lower() + listing[1:]
            return f"{understood[0].upper()}{understood[1:]}: {rest}"
        wanted = f" for {understood}" if understood and not understood.startswith(_PHRASES) else f" {understood}"
        if move in ("more", "something_else") and turn.state.listed:
            return f"That was everything{wanted.rstrip()}. {CHANGE}"
        return f"I found nothing{wanted.rstrip()}. {CHANGE}"

    def cards(self, items: Sequence[RecommendedItem]) -> tuple[Card, ...]:
        """What to show of a list."""
        return tuple(
            Card(item.item, item.title or item.item, _whole(minutes_of(self.catalogue, item.item)),
                 tuple(reason.text for reason in item.reasons[:MAX_REASONS]))
            for item in items
        )  # fmt: skip


def _both(one: Sequence[NodeRef], other: Sequence[NodeRef]) -> tuple[NodeRef, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def confidences(turn: Turn, query: GraphQuery) -> dict[str, float]:
    """How sure the links behind the soft requirements are; one that is not named is never given up.

    Alternatives joined over several turns are as sure as the least sure of them.
    """
    known = {**turn.state.confidence, **turn.plan.confidence}
    found: dict[str, float] = {}
    for requirement in query.must:
        options = requirement if isinstance(requirement, tuple) else (requirement,)
        text = requirement_text(requirement)
        values = [known[text]] if text in known else [known[str(ref)] for ref in options if str(ref) in known]
        if len(values) in (1, len(options)) and values:
            found[text] = min(values)
    return found


def minutes_of(catalogue: Catalogue, item: str) -> float | None:
    """Cooking time of an item, where it is known."""
    values, place = catalogue.properties.get(TIME), catalogue.item_ids.find(item)
    if values is None or place is None or not math.isfinite(values[place]):
        return None
    return float(values[place])


def _whole(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes)
