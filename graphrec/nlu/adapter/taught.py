"""What a user says about themselves, in the words or in the slots of a service."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec.nlu.adapter.linking import Meaning
from graphrec.nlu.adapter.maps import SlotRule
from graphrec.nlu.adapter.subject import asks_for_substitute
from graphrec.nlu.parser import ParsedRequest, RequestParser
from graphrec.nlu.plan import PreferenceKind, TaughtPreference
from graphrec.nlu.preferences import diet_named, read_teaching
from graphrec.nlu.preferences.frames import REQUEST
from graphrec.nlu.preferences.reading import MAX_CHARS
from graphrec.nlu.result import Slot
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import NodeRef

Links = Sequence[tuple[Slot, SlotRule, Meaning]]
_STATED = ("must", "should", "must_not", "should_not", "neutral")


def taught_in(text: str, parser: RequestParser, kind: PreferenceKind | None) -> tuple[TaughtPreference, ...]:
    """Preferences that the words teach.

    Words that teach nothing by themselves ("mushrooms, never again") do so where the intent says which kind:
    whatever food they name is of that kind. It is read back before it is kept.

    Args:
        kind: what the intent teaches; None where it does not say.
    """
    taught = read_teaching(text, parser).taught
    if taught or kind is None or asks_for_something(text):
        return taught
    return _of_kind(parser.parse(text), kind)


def asks_for_something(text: str) -> bool:
    """Whether the words are a request, which teaches nothing: what it excludes it excludes for now."""
    words = " ".join(token.word for token in tokenize(text[:MAX_CHARS]))
    return REQUEST.search(words) is not None or asks_for_substitute(text)


def taken_back_in(text: str, parser: RequestParser) -> tuple[TaughtPreference, ...]:
    """Preferences that the words take back; none for "forget that", which means the latest."""
    read = read_teaching(text, parser)
    return read.removed or read.taught


def _of_kind(parsed: ParsedRequest, kind: PreferenceKind) -> tuple[TaughtPreference, ...]:
    # "I do eat pork" is about what one eats, and rules out nothing.
    stated = ("must_not",) if kind == "diet" else _STATED
    refs = [ref for span in parsed.spans if span.role in stated for ref in span.refs]
    return tuple(TaughtPreference(kind, ref, parsed.text) for ref in dict.fromkeys(refs))


def taught_by_slots(
    links: Links, kind: PreferenceKind | None, utterance: str
) -> tuple[TaughtPreference, ...]:
    """Preferences in slots: a diet slot is a diet, a slot for allergies an allergy, the rest is what the intent says,
    else an exclusion a dislike and anything else a like.
    """
    out: dict[NodeRef, TaughtPreference] = {}
    for slot, rule, meaning in links:
        said = utterance or str(slot.raw or slot.value or "")
        diet = diet_named(str(slot.value)) if rule.read == "diet" and meaning.hard else None
        if diet is not None:
            out[NodeRef("diet", diet)] = TaughtPreference("diet", NodeRef("diet", diet), said)
            continue
        for ref in meaning.refs():
            stated: PreferenceKind = "dislike" if ref in meaning.must_not else "like"
            out.setdefault(ref, TaughtPreference("allergy" if rule.hard else kind or stated, ref, said))
    return tuple(out.values())
