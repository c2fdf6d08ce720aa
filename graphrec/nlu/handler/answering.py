"""What is done for each action of a plan, and the reply to it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from graphrec.errors import StoreError
from graphrec.nlu.dialogue import DialogueState, is_refinement, open_utterance
from graphrec.nlu.handler.dishes import Dishes
from graphrec.nlu.handler.novel import NovelSink
from graphrec.nlu.handler.reading import Understanding, allergies
from graphrec.nlu.handler.recommending import Recommending
from graphrec.nlu.handler.reply import Reply
from graphrec.nlu.handler.teaching import PreferenceStore, Teaching
from graphrec.nlu.handler.turn import ASK, CHANGE, Turn
from graphrec.nlu.handler.wording import Wording
from graphrec.nlu.plan import Action, Plan
from graphrec.nlu.preferences import read_preferences
from graphrec.nlu.tokens import tokenize

if TYPE_CHECKING:
    from graphrec.nlu.recommender import Recommender

_log = logging.getLogger(__name__)
HELP = (
    "Ask for recipes by ingredient, cuisine, course or time, and say what to leave out. Then narrow it down, say "
    "more or something else, or ask what goes into one of them. Tell me what you are allergic to or like, too."
)
_ABOUT_ME = re.compile(
    r"\b(?:i am|im|my|we are|were|allerg\w*|intoleran\w*|preferences?|i said|i told|remember|fan of"
    r"|can i use|could i use)\b"
)
OVERRULED: frozenset[Action] = frozenset(
    {"fallback", "substitute", "add_preference", "remove_preference", "feedback"}
)
"""Actions that an intent model mistakes requests and refinements for."""
RANKING: frozenset[Action] = frozenset({"recommend", "more", "something_else", "repeat"})


class Answering:
    """Replies to plans; safe to share between threads.

    Args:
        understanding: reads an utterance again that was taken for something else.
        store: where preferences are kept.
        novel: takes utterances that fit no intent.
    """

    def __init__(
        self, recommender: Recommender, understanding: Understanding, store: PreferenceStore | None,
        novel: NovelSink | None,
    ) -> None:  # fmt: skip
        self.understanding, self.novel = understanding, novel
        self.words = Wording(recommender.catalogue, recommender.lexicon)
        self.recommending = Recommending(recommender, self.words)
        self.teaching = Teaching(
            store, recommender.lexicon, self.words, recommender.catalogue.item_type,
            read_back=recommender.live is not None,
        )  # fmt: skip
        self.dishes = Dishes(recommender, self.words, self.recommending.cards)
        self._acts: Mapping[Action, Callable[[Turn], Reply]] = {
            "recommend": self._recommend, "more": self._recommend, "something_else": self._recommend,
            "repeat": self._recommend, "start_over": self._start_over, "add_preference": self.teaching.add,
            "remove_preference": self.teaching.remove, "list_preferences": self.teaching.tell,
            "confirm": self._confirm, "deny": self._deny, "help": self._help, "stop": self._stop,
            "select": self.dishes.select, "similar": self.dishes.similar, "substitute": self.dishes.substitute,
            "list_ingredients": self.dishes.ingredients, "cook_time": self.dishes.cook_time,
            "nutrition": self.dishes.nutrition, "feedback": self._feedback, "fallback": self._fallback,
        }  # fmt: skip

    def settled(self, turn: Turn) -> Reply | None:
        """The whole reply where a turn only answers the open question; None where more was said.

        With a request behind the yes or no ("yes, and show me soups") the question is settled first.
        """
        reply = turn.opening.reply
        if turn.state.pending is None:
            return None
        if reply is None and turn.result.intent is not None and not turn.opening.rest:
            reply = {"confirmed": True, "denied": False}.get(turn.result.intent.status)
        if reply is None:
            return None
        done = self.teaching.settle(turn, reply)
        if not turn.opening.rest:
            return replace(done, action="confirm" if reply else "deny")
        assert done.state is not None
        turn.state = replace(done.state, turn=turn.state.turn)
        turn.before.append(done.speech)
        turn.opening = open_utterance(turn.opening.rest)
        return None

    def answer(self, turn: Turn) -> Reply:
        """The reply to a plan."""
        if turn.opening.said == "start_over":
            turn.state = fresh(turn.state)
        request = self._requested(turn)
        if request is not None:
            turn.plan = request
            self.understanding.offer(turn)
            return self._recommend(turn)
        request = self._asked_beside(turn)
        if request is not None:
            taught, turn.plan = turn.plan.preferences, request
            self.understanding.offer(turn)
            return self.teaching.offered(turn, self._recommend(turn), taught)
        if turn.envelope.kind == "can_fulfill" and turn.plan.action not in RANKING:
            return turn.reply("")  # asked beforehand: nothing may be done, nothing stored
        return self._acts[turn.plan.action](turn)

    def _requested(self, turn: Turn) -> Plan | None:
        """The plan to rank by where a turn asks for dishes although it was taken for something else.

        "without garlic" sounds like a taste and "tofu instead of chicken" like a question; within a conversation about
        dishes they are limits. Nobody teaches what no preference was read from, and an intent model that knows no
        "show me snickerdoodles" is overruled by the catalogue that does.
        """
        action, text, plan = turn.plan.action, turn.text, turn.plan
        if not text or not turn.own or action not in OVERRULED:
            return None
        request = self.understanding.as_request(turn)
        untaught = action == "add_preference" and (not plan.preferences or self._aside(text, request))
        if action == "fallback" or untaught:
            # An exclusion is taken up even where nothing was asked yet: to lose it would be worse.
            known = turn.state.asked or bool(request.query.must_not)
            goes_on = known and self.recommending.goes_on(turn, request)
            return request if goes_on or self.recommending.asks(text, request, untaught) else None
        limits = turn.state.asked and is_refinement(text) and not _about_me(text)
        return request if limits else None

    def _asked_beside(self, turn: Turn) -> Plan | None:
        """The plan to rank by where somebody asks for dishes and says something about themselves in one breath:
        "something with salmon, but my daughter is allergic to nuts". The dishes come first.
        """
        if not turn.own or turn.plan.action != "add_preference" or not turn.plan.preferences:
            return None
        request = self.understanding.as_request(turn)
        taught = {preference.node for preference in turn.plan.preferences}
        options = [set(r) if isinstance(r, tuple) else {r} for r in request.query.must]
        asked = request.query.ranges or any(refs.isdisjoint(taught) for refs in options)
        return request if asked else None

    def _aside(self, text: str, request: Plan) -> bool:
        """Whether an allergy is told beside a request ("noodles, my son is allergic to peanuts") that the words teach
        nothing by: whose it is they leave open, so it holds for this conversation.
        """
        return bool(allergies(request)) and not read_preferences(text, self.understanding.adapter.parser)

    def _recommend(self, turn: Turn) -> Reply:
        move = self.recommending.move(turn)
        if move in ("more", "something_else", "repeat") and not turn.state.listed and not turn.text:
            turn.trace.fail("slots", "nothing has been shown yet")
            return turn.reply(f"I have not shown you anything yet. {ASK}")
        again = move in ("more", "something_else") and not turn.text
        if again and turn.state.action == "similar" and turn.state.item is not None:
            return self.dishes.more_alike(turn)
        return self.recommending.recommend(turn, move)

    def _start_over(self, turn: Turn) -> Reply:
        state = fresh(turn.state)
        kept = self.words.exclusions(state.kept)
        still = f" I still keep to this: {kept}." if kept else ""
        return turn.reply(f"All right, a fresh start.{still} {ASK}", action="start_over", state=state)

    def _confirm(self, turn: Turn) -> Reply:
        if turn.state.pending is not None:  # a platform's own intent for yes, without words
            return replace(self.teaching.settle(turn, True), action="confirm")
        return turn.reply(f"All right. {ASK}")

    def _deny(self, turn: Turn) -> Reply:
        if turn.state.pending is not None:
            return replace(self.teaching.settle(turn, False), action="deny")
        return turn.reply(f"All right. {CHANGE if turn.state.listed else ASK}")

    def _help(self, turn: Turn) -> Reply:
        return turn.reply(HELP)

    def _stop(self, turn: Turn) -> Reply:
        return Reply("Enjoy your meal!", "stop", trace=turn.trace)

    def _feedback(self, turn: Turn) -> Reply:
        item, liked = self.dishes.meant(turn), turn.plan.feedback == 1
        if item is None:
            if not liked and turn.state.listed:
                return self.recommending.recommend(turn, "something_else")
            return turn.reply("I'm glad you like it." if liked else f"All right. {ASK}")
        return self.teaching.judged(turn, item, liked)

    def _fallback(self, turn: Turn) -> Reply:
        detail = "fits no known intent" if turn.result.novel else "no intent was recognised"
        turn.trace.fail("intent", detail)
        if self.novel is not None and turn.text and turn.result.novel:
            try:
                self.novel.add(turn.text)
            except StoreError as error:
                _log.warning("an utterance was not kept: %s", error)
        return turn.reply(f"Sorry, that is not something I can help with. I find recipes. {ASK}")


def fresh(state: DialogueState) -> DialogueState:
    """A conversation that looks for nothing yet; what somebody must not have stays kept."""
    return DialogueState(kept=state.kept, turn=state.turn)


def _about_me(text: str) -> bool:
    return _ABOUT_ME.search(" ".join(token.word for token in tokenize(text))) is not None
