"""Whether an utterance refines what was asked before or starts anew, and the query that results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal, TypeAlias

from graphrec.language.fold import fold
from graphrec.nlu.dialogue import phrases
from graphrec.nlu.dialogue.state import DialogueState
from graphrec.nlu.durations import QUICK_MINUTES, TIME
from graphrec.nlu.parser import ParsedRequest
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import Bounds, GraphQuery, NodeRef, Requirement

Turn: TypeAlias = Literal["anew", "refine"]
Broader: TypeAlias = Callable[[NodeRef], Iterable[NodeRef]]
"""The groups that a node belongs to (:meth:`graphrec.nlu.Lexicon.ancestors`)."""

REPLACED_TYPES = frozenset({"cuisine", "course", "category"})
"""Types of which a dish has one: a new one takes the place of the old one."""
REFINING_INTENTS = frozenset({"refineintent", "refine", "recipe.refine", "recipe_refine", "refine_search"})
VAGUE_TIMES = frozenset(
    "quick quickly quicker fast faster speedy quickie rapid express swift pronto asap".split()
)
"""Words that the parser reads as a time limit although they name no number."""
_QUICKER = 0.75
"""Share of the time so far that "something quicker" asks for."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the parser and the adapter made of one utterance, as far as a conversation needs it.

    Args:
        text: the words; empty where the platform sends none.
        query: what it asks for by itself.
        neutral: nodes it mentions without wanting or excluding them ("garlic is fine").
        intent: name of the platform's intent.
        vague_time: its time limit comes from a word such as "quick", not from a number.
    """

    text: str
    query: GraphQuery
    neutral: tuple[NodeRef, ...] = ()
    intent: str | None = None
    vague_time: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """The query after a follow-up.

    Args:
        query: base and follow-up together.
        replaced: nodes that were wanted before and gave way.
        lifted: exclusions that were taken back.
        barred: nodes wanted now that an earlier exclusion keeps out; worth a sentence to the user.
        held: exclusions that were to be taken back and stay, for they are kept.
    """

    query: GraphQuery
    replaced: tuple[NodeRef, ...] = ()
    lifted: tuple[NodeRef, ...] = ()
    barred: tuple[NodeRef, ...] = ()
    held: tuple[NodeRef, ...] = ()


def turn_of(utterance: Utterance, state: DialogueState | None) -> Turn:
    """Whether an utterance goes on with the query of a conversation.

    Where both readings are open it refines: a query wrongly kept is seen and said at once, while one wrongly
    dropped would silently bring back what was excluded.
    """
    if state is None or not state.asked:
        return "anew"
    if (utterance.intent or "").casefold() in REFINING_INTENTS or not _wants(utterance.query):
        return "refine"
    words = " ".join(token.word for token in tokenize(utterance.text))
    if not words:
        return "anew"
    if is_refinement(utterance.text):
        return "refine"
    if phrases.REQUEST.search(words) or phrases.HEAD.search(words):
        return "anew"
    return "refine" if _is_detail(utterance.query) else "anew"


def is_refinement(text: str) -> bool:
    """Whether the form of the words alone says that they go on with something."""
    words = " ".join(token.word for token in tokenize(text))
    lead = re.match(rf"(?:{phrases.POLITE} )*?{phrases.REFINE_LEAD}(?= |$)", words)
    return lead is not None or phrases.REFINE_INSIDE.search(words) is not None


def _wants(query: GraphQuery) -> bool:
    """Whether something is asked for rather than ruled out or limited."""
    return bool(query.must or query.should) or bool(query.text.split() and not query.must_not)


def _is_detail(query: GraphQuery) -> bool:
    """One ingredient or one cuisine by itself; more than that, or a dish, is a new request."""
    if len(query.must) + len(query.should) != 1:
        return not (query.must or query.should) and len(query.text.split()) <= 1
    return all(ref.type not in ("course", "category", "keyword") for ref in query.refs())


def join(
    utterance: Utterance,
    base: GraphQuery,
    *,
    broader: Broader,
    names: Callable[[NodeRef], str] | None = None,
    kept: Sequence[NodeRef] = (),
) -> Joined:
    """What is looked for once a follow-up is joined to what was asked before.

    A new cuisine or course replaces the old one, an ingredient is added, and "instead", "make it" and "what
    about" replace the ingredients wanted so far. A new number replaces a bound on the same side, a vague "quick"
    only tightens it. Exclusions add up; only what is said to be fine again is lifted, and nothing of `kept` ever
    is.

    Args:
        names: display name of a node; its words leave the text with it.
        kept: exclusions that stay whatever is said (allergies, diets).
    """
    words = " ".join(token.word for token in tokenize(utterance.text))
    new = utterance.query
    lifted = tuple(
        r for r in utterance.neutral if r in base.must_not and r not in kept and r not in new.must_not
    )
    base = replace(
        base, must_not=tuple(r for r in base.must_not if r not in lifted), note=None,
        should_not=tuple(r for r in base.should_not if r not in utterance.neutral),
    )  # fmt: skip
    gone = [
        *_given_up(words, new, base),
        *(r for r in utterance.neutral if r not in lifted and r in base.refs()),
        *_covered(base.refs(), new.must_not, broader),
    ]
    alternatives = _joined_by_or(words, new, base, gone)
    for ref in gone:
        base = base.without(ref)
    base = replace(base, text=_without_words(base.text, gone, names), ranges=_ranges(words, utterance, base))
    if alternatives is not None:
        base, new = alternatives
    barred = tuple(_covered(new.refs(), base.must_not, broader))
    for ref in barred:
        new = new.without(ref)
    merged = ParsedRequest(
        text=utterance.text, must=new.must, must_not=new.must_not, should=new.should, should_not=new.should_not,
        wanted=_new_words(base.text, _without_words(new.text, barred, names)), base=base,
        notes=(new.note,) if new.note else (),
    ).query()  # fmt: skip
    held = tuple(ref for ref in utterance.neutral if ref in base.must_not and ref in kept)
    return Joined(merged, tuple(dict.fromkeys(gone)), lifted, barred, held)


def _given_up(words: str, new: GraphQuery, base: GraphQuery) -> list[NodeRef]:
    """What was wanted and gives way to what is wanted now."""
    if phrases.ADDS.search(f" {words} ") or words.startswith("or "):
        return []
    types = {ref.type for ref in new.refs()} & REPLACED_TYPES
    if _replaces(words) and any(r.type not in REPLACED_TYPES for r in new.refs()):
        types |= {"ingredient", "keyword", "category"}
    return [ref for ref in base.refs() if ref.type in types and ref not in new.refs()]


def _replaces(words: str) -> bool:
    lead = re.match(rf"(?:{phrases.POLITE} )*?{phrases.REPLACE_LEAD}(?= |$)", words)
    return lead is not None or phrases.REPLACE_TAIL.search(words) is not None


def _covered(refs: Iterable[NodeRef], excluded: Sequence[NodeRef], broader: Broader) -> list[NodeRef]:
    """Those of `refs` that an exclusion forbids, itself or through a group."""
    banned = frozenset(excluded)
    return [r for r in refs if r in banned or (banned and not banned.isdisjoint(broader(r)))]


def _joined_by_or(
    words: str, new: GraphQuery, base: GraphQuery, gone: Sequence[NodeRef]
) -> tuple[GraphQuery, GraphQuery] | None:
    """ "or mexican": another way to meet the last requirement of the same type."""
    if not re.match(rf"(?:{phrases.POLITE} )*?or ", words) or len(new.must) != 1:
        return None
    options = _options(new.must[0])
    for place in reversed(range(len(base.must))):
        old = tuple(o for o in _options(base.must[place]) if o not in gone)
        if old and {o.type for o in old} == {o.type for o in options}:
            either = tuple(dict.fromkeys([*old, *options]))
            must = (*base.must[:place], either, *base.must[place + 1 :])
            return replace(base, must=must), replace(new, must=())
    return None


def _options(requirement: Requirement) -> tuple[NodeRef, ...]:
    return requirement if isinstance(requirement, tuple) else (requirement,)


def _ranges(words: str, utterance: Utterance, base: GraphQuery) -> Mapping[str, Bounds]:
    """Bounds of both: a number said now replaces the old one on its side."""
    ranges = dict(base.ranges)
    if phrases.NO_TIME_LIMIT.search(f" {words} "):
        ranges.pop(TIME, None)
        return ranges
    for name, (low, high) in utterance.query.ranges.items():
        old_low, old_high = ranges.get(name, (None, None))
        if utterance.vague_time and name == TIME and old_high is not None and high is not None:
            high = min(old_high, high)
        low, high = (old_low if low is None else low), (old_high if high is None else high)
        if low is not None and high is not None and low > high:  # the side just said wins
            low, high = utterance.query.ranges[name]
        ranges[name] = (low, high)
    return ranges


def _without_words(text: str, refs: Sequence[NodeRef], names: Callable[[NodeRef], str] | None) -> str:
    """The wanted words without those that name the nodes given up."""
    if not refs or not text:
        return text
    gone = {fold(w) for ref in refs for w in (*ref.id.split(), *(names(ref).split() if names else ()))}
    return " ".join(word for word in text.split() if fold(word) not in gone)


def _new_words(old: str, new: str) -> str:
    """Words of `new` that `old` does not hold: said twice they would count twice."""
    known = {fold(word) for word in old.split()}
    return " ".join(word for word in new.split() if fold(word) not in known)


def quicker(utterance: Utterance, base: GraphQuery, minutes: Sequence[float]) -> Utterance:
    """The utterance with "quick ones" and "something quicker" as numbers. Quick is half an hour; quicker is three
    quarters of the limit so far, or, without one, of the median time on the list; in steps of five minutes.

    Args:
        minutes: times of the items shown last, where they are known.
    """
    words = " ".join(token.word for token in tokenize(utterance.text))
    if TIME in utterance.query.ranges and not utterance.vague_time:
        return utterance
    high = base.ranges.get(TIME, (None, None))[1] or (median(minutes) if minutes else None)
    if phrases.QUICKER.search(f" {words} ") and high is not None:
        bound, vague = max(5.0, _QUICKER * high // 5 * 5), False
    elif phrases.QUICK_ONES.search(f" {words} "):
        bound, vague = QUICK_MINUTES, True
    else:
        return utterance
    text = " ".join(w for w in utterance.query.text.split() if not phrases.HASTE.fullmatch(w))
    query = replace(utterance.query, ranges={**utterance.query.ranges, TIME: (None, bound)}, text=text)
    return replace(utterance, query=query, vague_time=vague)
