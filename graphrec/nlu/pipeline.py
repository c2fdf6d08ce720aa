"""Plain text to :class:`~graphrec.nlu.result.NLUResult`: which intent, and what the words link to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphrec.errors import InvalidInputError
from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.intents import rules
from graphrec.nlu.parser import MAX_CHARS
from graphrec.nlu.result import MAX_SLOTS, Intent, NLUResult, Slot, Step
from graphrec.nlu.slots import slots_of
from graphrec.nlu.tokens import tokenize

if TYPE_CHECKING:
    from graphrec.nlu.intent_memory import IntentMemory
    from graphrec.nlu.intent_ranker import Float
    from graphrec.nlu.intents import Classification, IntentModel
    from graphrec.nlu.neighbours import Neighbours
    from graphrec.nlu.parser import RequestParser

BY_WORDS_ALONE = 0.5
"""Most that a request is worth whose foods alone say that it is one."""
_LEAST_LINKED = 0.5
"""More than this share of the words that mean something must link before foods make a request of what fits no intent:
"are tomatoes poisonous to cats" is none.
"""


class Pipeline:
    """Understands utterances; safe to share between threads.

    Args:
        model: a trained intent model; None goes by rules.
        parser: links words to the catalogue.
        memory: what users meant before; where the model is not sure it re-ranks the intents. None leaves them.
        neighbours: what may be meant by a word that links to nothing; None offers nothing.

    Raises:
        InvalidInputError: the memory knows other intents than the model, or there is no model.
    """

    def __init__(
        self, model: IntentModel | None, parser: RequestParser, memory: IntentMemory | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:  # fmt: skip
        if memory is not None and (model is None or tuple(memory.ranker.intents) != model.intents):
            raise InvalidInputError("A memory of intents is for one intent model; give the model it was made for.")
        self.model = model
        self.parser = parser
        self.memory = memory
        self.neighbours = neighbours

    def over(self, parser: RequestParser) -> Pipeline:
        """The same with another parser: the catalogue has changed."""
        near = None if self.neighbours is None else self.neighbours.over(parser.lexicon)
        return Pipeline(self.model, parser, self.memory, near)

    def understand(
        self, text: str, *, user: str | None = None, session: str | None = None, locale: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> NLUResult:  # fmt: skip
        """Read one utterance; never fails, whatever the text.

        An utterance that fits no intent but names foods or cuisines is a request for recipes, with less confidence;
        one that names none either is `novel` and has no intent, its nearest ones being `alternatives`. Of a text that
        is no utterance the first 200 slots are kept; whoever makes a query of it parses all of it again.

        Args:
            text: what was said.
            user: external id, passed on.
            session: id of the conversation, passed on.
            locale: passed on.
            context: what the platform carries from turn to turn, passed on.
        """
        started = time.perf_counter()
        intent, domain, ranking, vector = self._intent(text)
        inside = intent is not None
        classified = time.perf_counter()
        slots = slots_of(self.parser.parse(text), self.parser.lexicon)[:MAX_SLOTS]
        linked = time.perf_counter()
        detail = "" if intent else "fits no known intent"
        if intent is None and (share := _linked_share(text, slots)) > _LEAST_LINKED:
            intent, domain = Intent(rules.request(text), BY_WORDS_ALONE * share), rules.DOMAINS[rules.RECOMMEND]
            detail = "taken for a request because of the foods it names"
        steps = (
            Step("intent", 1e3 * (classified - started), _sure(intent), intent is None, detail),
            Step("slots", 1e3 * (linked - classified), _least(slots), False, f"{len(slots)} found"),
        )
        result = NLUResult(
            text=text, locale=locale, source="native", domain=domain, intent=intent, alternatives=ranking,
            slots=slots, user=user, session=session, novel=intent is None, context=dict(context or {}),
            trace=steps, vector=vector,
        )  # fmt: skip
        return self._offered(self._by_habit(result) if inside else result)

    def _offered(self, result: NLUResult) -> NLUResult:
        """Suggestions for what links to nothing; nothing is done where all of it links."""
        lost = [slot for slot in result.slots if slot.name == "text" and slot.node is None]
        if self.neighbours is None or result.novel or not lost:
            return result
        started = time.perf_counter()
        slots = self.neighbours.suggest(result.text or "", result.slots)
        found = sum(bool(slot.suggestions) for slot in slots)
        step = Step("neighbours", 1e3 * (time.perf_counter() - started), detail=f"{found} of {len(lost)} have some")
        return replace(result, slots=slots, trace=(*result.trace, step))

    def _by_habit(self, result: NLUResult) -> NLUResult:
        """An intent that the model is not sure of, in the light of what the user meant before; the trace says so."""
        if self.memory is None or self.model is None or not self.memory.ranker.applies(result):
            return result
        started = time.perf_counter()
        ranked = self.memory.rank(result)
        detail = "no habit decides it" if ranked.trace == result.trace else ranked.trace[-1].detail
        step = Step("memory", 1e3 * (time.perf_counter() - started), _sure(ranked.intent), False, detail)
        domains = dict(zip(self.model.intents, self.model.domains, strict=True))
        domain = domains[ranked.intent.name] if ranked.intent is not None else result.domain
        return replace(ranked, domain=domain, trace=(*result.trace, step))

    def _intent(self, text: str) -> tuple[Intent | None, str | None, tuple[Intent, ...], Float | None]:
        """Intent, domain, the other intents, best first, and the vector; no intent when none fits."""
        if self.model is None:
            found = rules.guess(text)
            return found, rules.DOMAINS[found.name] if found else None, (), None
        seen: Classification = self.model.classify(text)
        if seen.out_of_scope:
            return None, None, seen.ranking, seen.vector
        return seen.ranking[0], seen.domain, seen.ranking[1:], seen.vector


def _sure(intent: Intent | None) -> float | None:
    return intent.confidence if intent else None


def _linked_share(text: str, slots: tuple[Slot, ...]) -> float:
    """Share of the utterance's words that lie in linked slots or numbers, 0 to 1; small words do not count."""
    places = {slot.span for slot in slots if slot.span and (slot.node or isinstance(slot.value, float))}
    tokens = tokenize(text[:MAX_CHARS])
    inside = [any(a <= t.start and t.end <= b for a, b in places) for t in tokens]
    meant = [there for there, token in zip(inside, tokens, strict=True) if there or token.word not in STOPWORDS]
    return sum(meant) / len(meant) if meant else 0.0


def _least(slots: tuple[Slot, ...]) -> float | None:
    """Confidence of the least certain link."""
    return min((slot.confidence for slot in slots if slot.confidence is not None), default=None)
