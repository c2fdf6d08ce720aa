"""An understood utterance becomes a plan: which action, and everything it needs in terms of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.adapter.amounts import number_asked
from graphrec.nlu.adapter.dishes import Dish, Dishes
from graphrec.nlu.adapter.linking import Linker
from graphrec.nlu.adapter.maps import IntentRule, Maps, load_maps
from graphrec.nlu.adapter.query import Reader, Request
from graphrec.nlu.adapter.subject import Subject, asks_for_substitute, find_subject, ingredient_named
from graphrec.nlu.adapter.taught import asks_for_something, taken_back_in, taught_by_slots, taught_in
from graphrec.nlu.dialogue import place_named
from graphrec.nlu.intents import rules
from graphrec.nlu.parser import RequestParser
from graphrec.nlu.plan import Action, Plan
from graphrec.nlu.result import NLUResult, Slot
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import GraphQuery

if TYPE_CHECKING:
    from graphrec.nlu.recommender import Recommender

ABOUT_A_DISH = frozenset({"similar", "list_ingredients", "cook_time", "nutrition", "feedback"})
FACTS = frozenset({"list_ingredients", "cook_time", "nutrition"})
"""Questions about one dish. With a bound and no dish ("soup with less than 400 calories") dishes are asked for."""
PREFERENCES = frozenset({"add_preference", "remove_preference"})
OWN_SLOTS = frozenset({"native", "alexa"})
"""Sources whose utterances with a text have the slots of our own parser; Alexa sends a text only to be read here."""
_FALLBACK, _DENY = IntentRule("fallback", "fallback"), IntentRule("deny", "deny")
_RECOMMEND, _SUBSTITUTE = IntentRule("recommend", "recommend"), IntentRule("substitute", "substitute")


class Adapter:
    """Makes plans; safe to share between threads.

    Args:
        parser: links words to the catalogue.
        catalogue: what there is to recommend.
        maps: the intent map and the slot map: a TOML file added to the shipped one, or maps read already.
        history: external ids of a user's dishes, the last one first; None where no store is at hand.

    Raises:
        ConfigError: the file of the maps cannot be used.
    """

    def __init__(
        self, parser: RequestParser, catalogue: Catalogue, maps: Maps | Path | str | None = None,
        history: Callable[[str], Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        self.parser, self.catalogue = parser, catalogue
        self.maps = maps if isinstance(maps, Maps) else load_maps(maps)
        self._reader = Reader(Linker(parser, catalogue), self.maps)
        self._dishes, self._history = Dishes(catalogue, history), history

    @classmethod
    def of(cls, recommender: Recommender, maps: Maps | Path | str | None = None) -> Adapter:
        """The adapter of a recommender, with the histories of its store."""
        live = recommender.live
        history = None if live is None else lambda user: _last_first(live.store, user)
        return cls(recommender.parser, recommender.catalogue, maps, history)

    def over(self, parser: RequestParser, catalogue: Catalogue) -> Adapter:
        """The same over another catalogue: the old one has changed."""
        return Adapter(parser, catalogue, self.maps, self._history)

    def warm(self) -> None:
        """Build now what the first questions would otherwise wait for (about a second for 60,000 dishes)."""
        self._dishes.titles.warm()

    def plan(
        self, result: NLUResult, base: GraphQuery | None = None, *, shown: Sequence[str] = (),
        item: str | None = None,
    ) -> Plan:  # fmt: skip
        """What to do about an utterance; never fails, whatever was understood.

        Where the result has a text, the parser reads it as well: what the service's slots missed of it is kept,
        and no slot weakens what it excludes. A denied slot is dropped, a denied intent changes no query.

        Args:
            result: the utterance as understood, by whichever service.
            base: the query that it refines; its user, k and candidates stay.
            shown: external ids of the list just shown, best first: what "the second one" and "it" mean.
            item: the dish talked about last.
        """
        base = base if base is not None else GraphQuery()
        base = base if base.user is not None else replace(base, user=result.user)
        if result.intent is not None and result.intent.status == "denied":
            return Plan("deny", result, base)
        rule = self._rule(result)
        if rule is None:
            request = self._reader.read(result, base)
            linked = any(meaning.linked for _, _, meaning in request.links) and not result.novel
            return self._asking(_RECOMMEND if linked else _FALLBACK, result, request, base)
        if rule.action == "substitute":
            return self._substituting(rule, result, base, shown, item)
        if rule.action in PREFERENCES:
            plan = self._teaching(rule, result, base)
            return plan if plan is not None else self._asked_instead(result, base, shown, item)
        if rule.action in ABOUT_A_DISH:
            return self._about(rule, result, base, shown, item)
        return self._asking(rule, result, self._reader.read(result, base), base, shown)

    def _rule(self, result: NLUResult) -> IntentRule | None:
        """What the intent asks for; by rules on the words where the map does not know its name."""
        known = None if result.intent is None else self.maps.intent(result.intent.name)
        if known is not None and not known.by_words:
            return known
        if result.novel:
            return _FALLBACK
        guessed = rules.guess(result.text) if result.text else None
        told = self.maps.intent(guessed.name) if guessed is not None else None
        return told or (None if known is not None and known.action == "fallback" else known)

    def _asking(
        self,
        rule: IntentRule,
        result: NLUResult,
        request: Request,
        base: GraphQuery,
        shown: Sequence[str] = (),
    ) -> Plan:
        """Actions that rank, and those that need no more than the query so far."""
        ranks = rule.action in ("recommend", "more", "something_else")
        position, chosen = request.position, None
        if rule.action == "select":
            dish = self._dishes.meant(result.text, named=request.dishes, position=position, shown=shown)
            chosen = dish.item
            if position is None:
                position = place_named(result.text or "")
            if position is None and chosen in shown:
                position = list(shown).index(str(chosen)) + 1
        return self._made(
            rule.action, result, request, request.query if ranks else base, item=chosen, position=position
        )

    def _about(
        self, rule: IntentRule, result: NLUResult, base: GraphQuery, shown: Sequence[str], item: str | None
    ) -> Plan:
        """Actions about one dish; for "something like it" its name is not read as a wish."""
        named = self._reader.read(result, base)
        dish = self._dishes.meant(
            result.text,
            named=named.dishes,
            position=named.position,
            shown=shown,
            current=item,
            user=base.user,
        )
        if dish.item is None and rule.action in FACTS and named.bounded:
            return self._asking(_RECOMMEND, result, named, base, shown)
        request = self._without(result, base, dish, named) if rule.action == "similar" else named
        if dish.options:
            request.ambiguous.append((dish.said, dish.options))
        query = request.query
        if rule.action == "similar":
            query = replace(query, text=_without(query.text, request.parsed.unlinked))
        else:
            query, request.notes, request.unlinked = base, [], []
        if dish.item is None and dish.said and not dish.options:
            request.unlinked.append(dish.said)
        request.notes += dish.notes
        number = rule.property or number_asked(result.text or "")
        number = number if rule.action == "nutrition" else None
        return self._made(
            rule.action, result, request, query, item=dish.item, feedback=rule.feedback, number=number
        )

    def _without(self, result: NLUResult, base: GraphQuery, dish: Dish, named: Request) -> Request:
        """The request with the dish's name taken out of its words and slots; what cannot be found stays a wish."""
        if dish.item is None:
            return named
        text = result.text
        if text and dish.span is not None:
            text = f"{text[: dish.span[0]]}that{text[dish.span[1] :]}"
        slots = tuple(s for s in result.slots if self.maps.slot(s.name, s.type).read != "dish")
        return self._reader.read(replace(result, text=text, slots=slots), base)

    def _substituting(
        self, rule: IntentRule, result: NLUResult, base: GraphQuery, shown: Sequence[str], item: str | None
    ) -> Plan:
        """What is to be replaced, in which dish, and what may not take its place."""
        subject = self._subject(result)
        text = result.text
        if text and subject is not None and subject.span[1] > subject.span[0]:
            text = f"{text[: subject.span[0]]} {text[subject.span[1] :]}"
        slots = tuple(s for s in result.slots if subject is None or not self._names(s, subject))
        request = self._reader.read(replace(result, text=text, slots=slots), base)
        names = [*request.dishes, *([subject.dish] if subject is not None and subject.dish else [])]
        dish = (
            self._dishes.meant("", named=names, current=item, shown=(), user=base.user)
            if names or item
            else Dish()
        )
        query = replace(base, must_not=request.query.must_not)
        node = None if subject is None else subject.node
        if subject is None and (text or slots):
            request.notes.append("I did not find the ingredient that is to be replaced.")
        return self._made(rule.action, result, request, query, item=dish.item, subject=node)

    def _subject(self, result: NLUResult) -> Subject | None:
        lexicon = self.parser.lexicon
        if result.text and (found := find_subject(result.text, lexicon)) is not None:
            return found
        for slot in result.slots:
            rule = self.maps.slot(slot.name, slot.type)
            if slot.status == "denied" or rule.read not in ("node", "text", "dish") or rule.hard:
                continue
            if slot.node is not None and slot.node.type == "ingredient":
                return Subject(slot.node, (0, 0))
            for said in (slot.value, *(name for name, _ in slot.candidates), slot.raw):
                node = ingredient_named(said, lexicon) if isinstance(said, str) else None
                if node is not None:
                    return Subject(node, (0, 0))
        return None

    def _names(self, slot: Slot, subject: Subject) -> bool:
        """Whether a slot is what is to be replaced."""
        said = [text for text in (slot.raw, slot.value) if isinstance(text, str)]
        return any(ingredient_named(text, self.parser.lexicon) == subject.node for text in said)

    def _asked_instead(
        self, result: NLUResult, base: GraphQuery, shown: Sequence[str], item: str | None
    ) -> Plan:
        """A request that was taken for teaching because somebody is allergic in it."""
        if asks_for_substitute(result.text or ""):
            return self._substituting(_SUBSTITUTE, result, base, shown, item)
        return self._asking(_RECOMMEND, result, self._reader.read(result, base), base, shown)

    def _teaching(self, rule: IntentRule, result: NLUResult, base: GraphQuery) -> Plan | None:
        """What is taught or taken back; None when the words ask for something and teach nothing."""
        request = self._reader.read(result, GraphQuery(user=base.user))
        text = result.text or ""
        if rule.action == "remove_preference":
            taught = taken_back_in(text, self.parser)
        else:
            taught = taught_in(text, self.parser, rule.kind)
        if not text or result.source not in OWN_SLOTS:  # else the slots are what our parser linked, taught or not
            told = {preference.node for preference in taught}
            more = taught_by_slots(request.links, rule.kind, text)
            taught = (*taught, *(p for p in more if p.node not in told))
        if not taught and rule.action == "add_preference" and asks_for_something(text):
            return None
        if taught:
            request.unlinked = list(request.parsed.unlinked_exclusions)
        return self._made(rule.action, result, request, base, preferences=taught)

    def _made(
        self, action: Action, result: NLUResult, request: Request, query: GraphQuery, **more: object
    ) -> Plan:
        return Plan(
            action, result, query, slots=tuple(request.slots), unlinked=tuple(dict.fromkeys(request.unlinked)),
            ambiguous=tuple(dict.fromkeys(request.ambiguous)), confidence=dict(request.confidence),
            notes=tuple(dict.fromkeys(request.notes)), **more,  # type: ignore[arg-type]
        )  # fmt: skip


def _without(text: str, unlinked: Sequence[str]) -> str:
    """The wanted words without those that link to nothing: beside a dish they are the words of the question."""
    gone = {token.word for said in unlinked for token in tokenize(said)}
    return " ".join(word for word in text.split() if word not in gone)


def _last_first(store: object, user: str) -> list[str]:
    """Dishes of a user's history in a store, the last one first; none for an unknown user."""
    from graphrec.errors import NotFoundError

    try:
        entries = store.history(user)  # type: ignore[attr-defined]
    except (NotFoundError, ValueError):
        return []
    return list(dict.fromkeys(entry.item for entry in reversed(entries)))
