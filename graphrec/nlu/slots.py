"""What the parser found in an utterance, as the slots of an :class:`~graphrec.nlu.result.NLUResult`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphrec.nlu.durations import TIME, Measure, find_measures
from graphrec.nlu.lexicon import Lexicon, fold_phrase
from graphrec.nlu.parser import MAX_CHARS, ParsedRequest, Span
from graphrec.nlu.result import Operator, Slot
from graphrec.nlu.tokens import tokenize
from graphrec.nlu.vocabulary import DIET_WORDS, SOFT_DIETS
from graphrec.ranking.query import NodeRef

SAME_NAME, OTHER_NAME, RESPELLED = 1.0, 0.9, 0.7
"""Confidence of a link by the node's own name, by another name or a group, and by likeness alone."""

_BEFORE = re.compile(
    r"allerg|anaphyla|intoleran|co?eliac|sensitiv|react|sick|hives"
    r"|\b(?:can['’]?t|cannot|can not) (?:eat|have|tolerate|digest|touch)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\s*(?:allerg|intoleran|anaphyla|sensitiv)", re.IGNORECASE)
_BEFORE_CHARS = 500
"""How far back an allergy is looked for; a long list of foods fits."""
_SENTENCE_END = re.compile(r"[.;!?\n]")


def slots_of(parsed: ParsedRequest, lexicon: Lexicon) -> tuple[Slot, ...]:
    """Slots in the order of the text.

    A spelling that stands for several nodes gives a slot for each: alternatives share a group, exclusions hold all.
    Times are in seconds. Words that link to nothing give a slot without a node.
    """
    slots = [slot for span in parsed.spans for slot in _of_span(parsed, span, lexicon)]
    tokens = tokenize(parsed.text[:MAX_CHARS])
    for measure in find_measures(tokens):
        if measure.key in parsed.ranges:
            span = tokens[measure.first].start, tokens[measure.last].end
            slots += _of_measure(parsed.text, span, measure)
    return tuple(sorted(slots, key=lambda slot: slot.span or (0, 0)))


def _of_span(parsed: ParsedRequest, span: Span, lexicon: Lexicon) -> Iterator[Slot]:
    place = span.start, span.end
    if span.role in ("diet", "soft_diet"):
        name = diet_name(span.text)
        yield Slot(
            "diet", "diet", span.text, name, NodeRef("diet", name), span=place, hard=span.role == "diet",
            confidence=SAME_NAME,
        )  # fmt: skip
    elif span.role in ("unlinked", "unlinked_not"):
        excluded = span.role == "unlinked_not"
        hard = excluded and _allergy(parsed.text, span)
        yield Slot("text", None, span.text, span.text, span=place, polarity=-1 if excluded else 1, hard=hard)
    elif span.role in ("must", "should", "must_not", "should_not"):
        yield from _linked(parsed, span, lexicon)


def _linked(parsed: ParsedRequest, span: Span, lexicon: Lexicon) -> Iterator[Slot]:
    soft = span.role == "should_not"
    excluded = soft or span.role == "must_not"
    group = None if excluded else _group(parsed, span)
    others = tuple((str(ref), None) for ref in span.alternatives)
    for ref in span.refs:
        yield Slot(
            ref.type, ref.type, span.text, ref.id, ref, others, (span.start, span.end),
            polarity=-1 if excluded else 1, group=group, hard=excluded and not soft and _allergy(parsed.text, span),
            confidence=_confidence(span, ref, lexicon), soft=soft,
        )  # fmt: skip


def _group(parsed: ParsedRequest, span: Span) -> str | None:
    """A name that the alternatives of one requirement share."""
    for number, requirement in enumerate(parsed.must, start=1):
        if isinstance(requirement, tuple) and not set(requirement).isdisjoint(span.refs):
            return f"or{number}"
    return f"or@{span.start}" if len(span.refs) > 1 else None


def _confidence(span: Span, ref: NodeRef, lexicon: Lexicon) -> float:
    key = fold_phrase(span.text)
    if key == ref.id:
        return SAME_NAME
    entry = lexicon.lookup(key)
    return RESPELLED if entry is None else OTHER_NAME


def _allergy(text: str, span: Span) -> bool:
    """Whether the words around an exclusion tell of an allergy rather than of a taste."""
    before = _SENTENCE_END.split(text[max(0, span.start - _BEFORE_CHARS) : span.start])[-1]
    return bool(_BEFORE.search(before) or _AFTER.match(text, span.end))


def diet_name(said: str) -> str:
    """The name under which a way of eating is known, or the words as said."""
    words = tuple(token.word for token in tokenize(said))
    return DIET_WORDS.get(words) or SOFT_DIETS.get(words) or " ".join(words)


def _of_measure(text: str, span: tuple[int, int], measure: Measure) -> Iterator[Slot]:
    low, high = measure.bounds
    sides: list[tuple[Operator, float | None]] = [(">=", low), ("<=", high)]
    if low is not None and low == high:
        sides = [("=", low)]
    for operator, value in sides:
        if value is not None:
            seconds = value * 60 if measure.key == TIME else value
            kind = "duration" if measure.key == TIME else "number"
            yield Slot(
                measure.key, kind, text[slice(*span)], seconds, span=span, operator=operator,
                confidence=SAME_NAME,
            )  # fmt: skip
