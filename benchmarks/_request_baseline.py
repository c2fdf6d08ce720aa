"""The plain way to read a request: longest dictionary match and NegEx windows, for comparison."""

from __future__ import annotations

import re

from graphrec.bundle import Catalogue
from graphrec.nlu import Lexicon
from graphrec.nlu.parsed import ParsedRequest, Span
from graphrec.nlu.tokens import Gap, Token, tokenize
from graphrec.nlu.vocabulary import DIETS
from graphrec.ranking.query import NodeRef

WINDOW = 5
"""Tokens that a trigger reaches, as in NegEx (Chapman et al. 2001)."""
BEFORE = frozenset(
    """no not without never dont doesnt cant cannot wont isnt arent avoid avoiding except excluding minus skip hold
    hate hates dislike allergic allergy intolerant nor neither""".split()
)
AFTER = frozenset("free allergy allergies intolerance intolerant".split())
STOPS = frozenset("but however though although with please".split())
_MINUTES = re.compile(r"(\d+)\s*-?\s*(?:min|mins|minute|minutes)\b", re.I)
_HOURS = re.compile(r"(\d+|an|one)\s*-?\s*(?:hr|hrs|hour|hours)\b", re.I)


class Baseline:
    """Every node by its names and aliases, the longest match from the left; a trigger excludes what stands in its
    window. Everything else is required, title words are wished for, and a time is an upper bound.
    """

    def __init__(self, catalogue: Catalogue, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.names: dict[str, NodeRef] = {}
        kinds = [catalogue.types[code] for code in catalogue.attribute_type.tolist()]
        ids = list(catalogue.attribute_ids)
        for kind, node in zip(kinds, ids, strict=True):
            if kind != "time_band":
                self.names.setdefault(node, NodeRef(kind, node))
        for alias, place in zip(catalogue.alias, catalogue.alias_attribute.tolist(), strict=True):
            self.names.setdefault(alias, NodeRef(kinds[place], ids[place]))
        self.longest = max(len(name.split()) for name in self.names)

    def parse(self, text: str) -> ParsedRequest:
        """The request as the dictionary and the windows read it."""
        tokens = tokenize(text)
        must: dict[NodeRef, None] = {}
        should: dict[NodeRef, None] = {}
        must_not: dict[NodeRef, None] = {}
        spans: list[Span] = []
        at = 0
        while at < len(tokens):
            size, refs = self._match(tokens, at)
            if not refs:
                at += 1
                continue
            first, last = tokens[at], tokens[at + size - 1]
            diet = last.lemma in DIETS and size == 1
            out = diet or _negated(tokens, at, at + size)
            role = "must_not" if out else "should" if refs[0].type == "keyword" else "must"
            (must_not if out else should if role == "should" else must).update(dict.fromkeys(refs))
            said = text[first.start : last.end]
            spans.append(Span(first.start, last.end, said, refs, "diet" if diet else role))
            at += size
        ranges = _times(text)
        return ParsedRequest(text, tuple(must), tuple(must_not), tuple(should), ranges, tuple(spans))

    def _match(self, tokens: list[Token], at: int) -> tuple[int, tuple[NodeRef, ...]]:
        for size in range(min(self.longest, len(tokens) - at), 0, -1):
            if any(t.gap > Gap.HYPHEN for t in tokens[at + 1 : at + size]):
                continue
            key = " ".join(t.lemma for t in tokens[at : at + size])
            if key in DIETS:
                return size, self.lexicon.diet(key)
            if key in self.names:
                return size, (self.names[key],)
        return 0, ()


def _negated(tokens: list[Token], first: int, after: int) -> bool:
    if after < len(tokens) and tokens[after].word in AFTER and tokens[after].gap <= Gap.HYPHEN:
        return True
    for back in range(first - 1, max(-1, first - 1 - WINDOW), -1):
        if tokens[back + 1].gap >= Gap.LINE or tokens[back].word in STOPS:
            return False
        if tokens[back].word in BEFORE:
            return True
    return False


def _times(text: str) -> dict[str, tuple[float | None, float | None]]:
    minutes = _MINUTES.search(text)
    if minutes:
        return {"total_minutes": (None, float(minutes[1]))}
    hours = _HOURS.search(text)
    if hours:
        return {"total_minutes": (None, 60.0 * (float(hours[1]) if hours[1].isdigit() else 1.0))}
    return {}
