"""Turns about single dishes: choosing one, what goes into it, how long it takes, dishes like it, substitutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from graphrec.nlu.actions import (
    Facts,
    Substitutes,
    cook_time,
    list_ingredients,
    nutrition,
    similar_dishes,
)
from graphrec.nlu.handler import wording
from graphrec.nlu.handler.reply import Card, Reply
from graphrec.nlu.handler.turn import ASK, REPROMPT, Turn
from graphrec.nlu.handler.wording import Wording
from graphrec.ranking.answer import RecommendedItem
from graphrec.ranking.query import GraphQuery, NodeRef

if TYPE_CHECKING:
    from graphrec.nlu.recommender import Recommender

Cards = Callable[[Sequence[RecommendedItem]], tuple[Card, ...]]

_NAMING = frozenset({"similar", "list_ingredients", "cook_time", "nutrition"})
"""Questions that may name a dish: of these a plan's unlinked words are its name."""


class Dishes:
    """Replies about dishes; safe to share between threads.

    Args:
        cards: what to show of a list.
    """

    def __init__(self, recommender: Recommender, words: Wording, cards: Cards) -> None:
        self.recommender, self.words, self.cards = recommender, words, cards
        self.catalogue = recommender.catalogue
        self._substitutes = Substitutes(recommender.catalogue, recommender.lexicon)

    def meant(self, turn: Turn) -> str | None:
        """The dish that a turn is about: what the plan found, else its place in the list, else the one at hand.

        None when a dish was named that is not known or not clear: another one is no answer to that.
        """
        listed, place = turn.state.listed, turn.plan.position
        if turn.plan.item is not None:
            return self._known(turn.plan.item)
        if place:
            return (
                self._known(listed[place - 1 if place > 0 else place]) if abs(place) <= len(listed) else None
            )
        if turn.plan.action in _NAMING and (turn.plan.unlinked or self._unclear(turn)):
            return None
        at_hand = listed[0] if listed and (len(listed) == 1 or place == 0) else None
        return self._known(turn.state.item or at_hand)

    def select(self, turn: Turn) -> Reply:
        """One dish of the list: its time and what it is made with."""
        item = self.meant(turn)
        if item is None:
            return self._which(turn)
        live = self.recommender.live
        facts = [cook_time(self.catalogue, item, live), list_ingredients(self.catalogue, item, live)]
        speech = " ".join(fact.speech for fact in facts if fact.known) or facts[0].title
        return self._told(turn, item, facts[0].title, speech)

    def ingredients(self, turn: Turn) -> Reply:
        """What goes into a dish."""
        return self._fact(turn, lambda item: list_ingredients(self.catalogue, item, self.recommender.live))

    def cook_time(self, turn: Turn) -> Reply:
        """How long a dish takes."""
        return self._fact(turn, lambda item: cook_time(self.catalogue, item, self.recommender.live))

    def nutrition(self, turn: Turn) -> Reply:
        """Calories and servings of a dish."""
        live, number = self.recommender.live, turn.plan.number
        return self._fact(turn, lambda item: nutrition(self.catalogue, item, live, wanted=number))

    def similar(self, turn: Turn) -> Reply:
        """Dishes like one; what is excluded in the conversation stays excluded, and limits stay limits."""
        item = self.meant(turn)
        if item is None:
            return self._which(turn)
        so_far, query = turn.state.query, turn.plan.query
        excluded = dict.fromkeys([*so_far.must_not, *query.must_not, *turn.state.kept])
        ranges = {**so_far.ranges, **query.ranges}
        return self._like(turn, item, replace(query, must_not=tuple(excluded), ranges=ranges), ())

    def more_alike(self, turn: Turn) -> Reply:
        """Further dishes like the one whose likes were shown last."""
        assert turn.state.item is not None
        return self._like(turn, turn.state.item, turn.state.query, turn.state.shown)

    def _like(self, turn: Turn, item: str, query: GraphQuery, shown: Sequence[str]) -> Reply:
        query = replace(query, user=turn.user, k=turn.k, note=None)
        seen = (NodeRef(self.catalogue.item_type, other) for other in shown)
        asked = replace(query, must_not=tuple(dict.fromkeys([*query.must_not, *seen])))
        with turn.trace.step("rank") as step:
            alike = similar_dishes(self.recommender, item, asked, explain=True)
            step.detail = f"{len(alike.answer.items)} items like {item}"
        items = tuple(alike.answer.items)
        if not items:
            turn.trace.fail("relax", alike.answer.note or f"nothing like {item} satisfies the query")
        ids = tuple(one.item for one in items)
        every = tuple(dict.fromkeys([*turn.state.shown, *ids]))
        state = replace(
            turn.state, query=query, shown=every, listed=ids or turn.state.listed, item=item, pending=None
        )
        titles = wording.found([one.title or one.item for one in items], more=False) if items else ""
        return turn.reply(
            f"{alike.speech} {titles}".strip(), action="similar", reprompt=REPROMPT if items else ASK,
            state=state, items=items, cards=self.cards(items), understood=f"like {alike.title}",
            query=alike.answer.query,
            fallback=alike.answer.fallback,
        )  # fmt: skip

    def _fact(self, turn: Turn, find: Callable[[str], Facts]) -> Reply:
        item = self.meant(turn)
        if item is None:
            return self._which(turn)
        with turn.trace.step("action") as step:
            facts = find(item)
            step.detail = item if facts.known else f"nothing is known of {item}"
        return self._told(turn, item, facts.title, facts.speech)

    def _told(self, turn: Turn, item: str, title: str, speech: str) -> Reply:
        cards = self.cards([RecommendedItem(item, 0.0, title)])
        return turn.reply(
            speech, reprompt=REPROMPT, state=replace(turn.state, item=item), cards=cards, understood=title
        )

    def substitute(self, turn: Turn) -> Reply:
        """What to use instead of an ingredient; nothing that the user or the conversation excludes."""
        subject = turn.plan.subject
        if subject is None:
            turn.trace.fail("link" if turn.plan.unlinked else "slots", "no ingredient was named")
            return turn.reply("Which ingredient would you like to replace?")
        query = replace(turn.plan.query, user=turn.user)
        excluded = (
            *self.recommender.with_preferences(query).must_not,
            *turn.state.query.must_not,
            *turn.state.kept,
        )
        item = self._known(turn.plan.item or turn.state.item)
        with turn.trace.step("action") as step:
            found = self._substitutes.find(subject, must_not=tuple(dict.fromkeys(excluded)), dish=item)
            step.detail = f"{len(found.items)} substitutes for {subject}"
        return turn.reply(found.speech, understood=f"instead of {self.words.name(subject)}")

    def _which(self, turn: Turn) -> Reply:
        """It is not clear which dish is meant."""
        options = self._unclear(turn)
        place = (
            "the list has no such place" if turn.plan.position and turn.state.listed else "no dish was named"
        )
        turn.trace.fail("slots", place)
        if not turn.state.listed and not options:
            return turn.reply(f"I have not shown you anything yet. {ASK}")
        refs = options or [NodeRef(self.catalogue.item_type, item) for item in turn.state.listed]
        names = [self.words.name(ref) for ref in refs[: wording.SPOKEN_TITLES]]
        return turn.reply(f"Which one do you mean: {wording.listed(names, 'or')}?")

    def _unclear(self, turn: Turn) -> list[NodeRef]:
        """The dishes that an unclear name may mean."""
        named = (ref for _, refs in turn.plan.ambiguous for ref in refs)
        return [ref for ref in named if ref.type == self.catalogue.item_type]

    def _known(self, item: str | None) -> str | None:
        return item if item is not None and self.catalogue.item_ids.find(item) is not None else None
