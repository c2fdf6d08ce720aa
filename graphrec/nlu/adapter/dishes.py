"""Which dish an utterance is about: one just shown, one of the user's own, or one of a title."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.adapter.amounts import LAST
from graphrec.nlu.adapter.titles import Titles
from graphrec.nlu.dialogue.opening import place_named
from graphrec.nlu.tokens import Token, tokenize
from graphrec.ranking.query import NodeRef

_POINTING = frozenset("it this that one these those them its".split())
_ASKING = frozenset(
    """how long does do did is are was were be been the a an my our your i we you me us to for of in on take takes
    took taking make making made cook cooking cooked bake baking prepare preparing need needed needs what whats which
    whens when ingredient ingredients list read tell show give time times minute minutes hour hours much many calorie
    calories cals kcal protein carb carbs fat sugar sodium salt fiber fibre nutrition nutritional nutrients facts info
    information macros healthy fattening good bad last latest previous yesterday week night ago something anything
    similar like likes dishes dish recipe recipes more find want please can could would should will about have has
    had there else along lines style reminds reminding loved liked enjoyed time total prep preparation oven ready done
    until start now serve serves serving servings people feed feeds and or with go goes into contain contains s get
    see know let lets some any same kind again tonight today hey alexa ok okay comparable close out off any per amount
    does it that this those them cal so just really thing things quick fast slow one hows wheres thats it's id ive
    """.split()
)
"""Words around a dish's name in questions about it and in "something like it"; at the ends of a stretch only."""
_OWN = re.compile(
    r"\b(?:last|latest|previous|most recent|yesterday"
    r"|(?:i|we) (?:just |last )?(?:made|cooked|baked|had|ate|tried))\b", re.IGNORECASE,
)  # fmt: skip
_CONSTRAINT = re.compile(
    r"\b(?:but|without|no|not|with(?=out)|except|under|less than|minus|that (?:is|are|has|have|takes|uses)|which|only"
    r"|with|using|in under|in less|for (?:two|three|four|five|six|\d+)|vegan|vegetarian|gluten|dairy)\b|[,;.?!]",
    re.IGNORECASE,
)


_STOP = re.compile(r"[,;.?!]")


@dataclass(frozen=True, slots=True)
class Dish:
    """The dish that is meant.

    Args:
        item: external id, None where it is not clear.
        span: where its name stands in the text, so that it is not read as a wish as well.
        said: its name as said.
        options: what an unclear name may mean.
        notes: sentences for the user.
    """

    item: str | None = None
    span: tuple[int, int] | None = None
    said: str = ""
    options: tuple[NodeRef, ...] = ()
    notes: tuple[str, ...] = ()


class Dishes:
    """Finds the dish; safe to share between threads.

    Args:
        history: the user's dishes, the last one first; None where there is no store.
    """

    def __init__(self, catalogue: Catalogue, history: Callable[[str], Sequence[str]] | None = None) -> None:
        self.catalogue, self.titles, self._history = catalogue, Titles(catalogue), history

    def meant(
        self, text: str | None, *, named: Sequence[str] = (), position: int | None = None,
        shown: Sequence[str] = (), current: str | None = None, user: str | None = None,
    ) -> Dish:  # fmt: skip
        """The dish of an utterance.

        A place in the list shown goes first, then a name (in a slot, else in the words: among the dishes shown,
        of those the user had when the words say so, then of all), then what was talked about last.

        Args:
            text: the words, None where there are none.
            named: names in slots.
            position: place in a slot.
            shown: external ids of the list just shown.
            current: the dish talked about last.
            user: whose history is looked into.
        """
        place = position if position is not None else place_named(text or "")
        if place and shown:  # 0 is "that one"
            there = place == LAST or 1 <= place <= len(shown)
            return Dish(shown[place if place == LAST else place - 1]) if there else Dish()
        own = bool(_OWN.search(text or ""))
        span = _find(text or "", named[0]) if named else self._name_span(text or "")
        name = named[0] if named else "" if span is None else (text or "")[slice(*span)]
        dish = self._named(name, span, shown, self._of(user) if own else ()) if name else Dish()
        if dish.item is not None or (dish.options and not _POINTING.intersection(_words_of(text))):
            return dish
        pointed = self._pointed(own, shown, current, user)
        return pointed if pointed.item is not None and not named else dish

    def _name_span(self, text: str) -> tuple[int, int] | None:
        """Where a dish's name stands: up to the first constraint, further where that is a title word for word
        ("chicken with broccoli").
        """
        cut = _CONSTRAINT.search(text)
        short = _span_before(text, cut.start() if cut is not None else len(text))
        if cut is None or text[cut.start()] in ",;.?!":
            return short
        stop = _STOP.search(text)
        long = _span_before(text, stop.start() if stop is not None else len(text))
        said_whole = long is not None and self.titles.find(text[slice(*long)]).score == 1
        return long if said_whole else short

    def _named(
        self, name: str, span: tuple[int, int] | None, shown: Sequence[str], own: Sequence[str]
    ) -> Dish:
        for some in (own, shown):
            found = self._among(name, some)
            if found is not None:
                return Dish(found, span, name)
        found_all = self.titles.find(name)
        refs = self._refs(found_all.options)
        if found_all.item is None:
            return Dish(None, span, name, refs)
        title = self.catalogue.titles[found_all.item]
        notes = (f"I took {name!r} for {title!r}.",) if found_all.score < 1 else ()
        same = len(found_all.options) > 1 and found_all.score >= 1
        return Dish(self.catalogue.item_ids[found_all.item], span, name, refs if same else (), notes)

    def _among(self, name: str, items: Sequence[str]) -> str | None:
        """The first of some dishes whose title holds every word of a name; of a history the last one cooked."""
        keys = {t.lemma for t in tokenize(name)}
        for item in items:
            index = self.catalogue.item_ids.find(item)
            if index is not None and keys <= {t.lemma for t in tokenize(self.catalogue.titles[index])}:
                return item
        return None

    def _pointed(self, own: bool, shown: Sequence[str], current: str | None, user: str | None) -> Dish:
        """No name: "it", "my last one"."""
        if own and (last := self._of(user)):
            return Dish(last[0])
        if current is not None:
            return Dish(current)
        if not shown:
            return Dish()
        index = self.catalogue.item_ids.find(shown[0])
        title = shown[0] if index is None else self.catalogue.titles[index] or shown[0]
        return Dish(shown[0], notes=(f"I took that for {title!r}.",) if len(shown) > 1 else ())

    def _of(self, user: str | None) -> Sequence[str]:
        return self._history(user) if self._history is not None and user is not None else ()

    def _refs(self, items: Iterable[int]) -> tuple[NodeRef, ...]:
        return tuple(NodeRef(self.catalogue.item_type, self.catalogue.item_ids[i]) for i in items)


def _words_of(text: str | None) -> frozenset[str]:
    return frozenset(token.word for token in tokenize((text or "")[:2_000]))


def _span_before(text: str, end: int) -> tuple[int, int] | None:
    """The longest stretch before a place that is left without the words of the question."""
    kept = _trimmed(tokenize(text[:end]))
    return (kept[0].start, kept[-1].end) if kept else None


def _trimmed(tokens: Sequence[Token]) -> Sequence[Token]:
    """The longest run without a word of the question at either end; words inside ("mac and cheese") stay."""
    runs: list[list[Token]] = [[]]
    for token in tokens:
        if token.word in _ASKING and not (
            runs[-1] and token.word in ("and", "with", "in", "of", "a", "the", "for")
        ):
            runs.append([])
        else:
            runs[-1].append(token)
    for run in runs:
        while run and (run[-1].word in _ASKING or run[-1].word in _POINTING):
            run.pop()
    return max(runs, key=len)


def _find(text: str, name: str) -> tuple[int, int] | None:
    at = text.casefold().find(name.casefold()) if name else -1
    return (at, at + len(name)) if at >= 0 and len(text.casefold()) == len(text) else None
