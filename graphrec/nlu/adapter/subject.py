"""What is to be replaced: the ingredient in "what can I use instead of butter in pancakes"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from graphrec.nlu.lexicon import Lexicon, fold_phrase
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import NodeRef

_CUES = tuple(
    re.compile(rf"\b(?:{cue})\s+(?:(?:the|any|some|my|of|a|an|for|have|got|more|enough)\s+)*", re.IGNORECASE)
    for cue in (
        r"instead of|in place of|in lieu of|rather than",
        r"(?:substitut\w*|alternatives?|replacements?|stand[- ]?ins?|swaps?)\s+(?:for|to|of)",
        r"replac\w+|swap(?:ping)?(?: out)?|substitut\w+",
        r"(?:ran |run |running |i'?m |we'?re |am )?(?:out of|short of|low on)",
        r"(?:do not|don'?t|havent|haven'?t|have) (?:have|got|no)|without|no|missing|lack(?:ing)?|forgot",
    )
)
_NO_DISH = r"(?!(?:if|but|without|that|because|i)\b)"
_IN = re.compile(
    r"\s+(?:in|for|when making|when baking|to make)\s+(?:a |an |the |my |some )?"
    rf"(?P<dish>{_NO_DISH}[\w'-]+(?: {_NO_DISH}[\w'-]+){{0,5}})",
    re.IGNORECASE,
)
_MOST_WORDS = 4
MAX_CHARS = 1_000
"""Nobody asks for a substitute in more."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An ingredient and where it is said.

    Args:
        node: as the catalogue has it, else as the taxonomy or the speaker calls it.
        span: from the words that lead to it to the dish after it: what the question takes of the text.
        dish: what it is to be replaced in, as said.
    """

    node: NodeRef
    span: tuple[int, int]
    dish: str = ""


def find_subject(text: str, lexicon: Lexicon) -> Subject | None:
    """The ingredient after the first cue that stands before one, else the first ingredient of the text."""
    text = text[:MAX_CHARS]
    for cue in _CUES:
        for found in cue.finditer(text):
            subject = _at(text, found.end(), lexicon)
            if subject is not None:
                return replace(subject, span=(found.start(), subject.span[1]))
    for token in tokenize(text):
        subject = _at(text, token.start, lexicon)
        if subject is not None:
            return subject
    return None


def asks_for_substitute(text: str) -> bool:
    """Whether the words ask what to use instead of something."""
    return any(cue.search(text[:MAX_CHARS]) for cue in _CUES[:2])


def ingredient_named(said: str, lexicon: Lexicon) -> NodeRef | None:
    """The ingredient of a name: the catalogue's node, else the taxonomy's name of it; None for no food."""
    key = fold_phrase(said)
    entry = lexicon.lookup(key) if key else None
    if entry is not None:
        own = entry.as_ingredient()
        if own.type == "ingredient" and own.refs:
            return own.refs[0]
    name = lexicon.taxonomy.canonical(key) if key else ""
    return NodeRef("ingredient", name) if name and name in lexicon.taxonomy else None


def _at(text: str, start: int, lexicon: Lexicon) -> Subject | None:
    """The longest ingredient that starts at a place of the text."""
    tokens = tokenize(text[start : start + 200])[:_MOST_WORDS]
    if not tokens or text[start : start + tokens[0].start].strip():
        return None
    for size in range(len(tokens), 0, -1):
        part = tokens[:size]
        node = ingredient_named(text[start + part[0].start : start + part[-1].end], lexicon)
        if node is not None:
            begin, end = start + part[0].start, start + part[-1].end
            dish = _IN.match(text, end)
            if dish is None:
                return Subject(node, (begin, end))
            return Subject(node, (begin, dish.end()), dish["dish"].strip())
    return None
