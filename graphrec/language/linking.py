"""From an ingredient line to the names of the vocabulary: longest match, and no allergen lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from graphrec.language.fold import tokens
from graphrec.language.modifiers import CONNECTORS, MOCKS, MODIFIERS, NEGATIONS
from graphrec.language.taxonomy import Taxonomy
from graphrec.language.vocabulary import Vocabulary

if TYPE_CHECKING:
    from graphrec.language.ingredients import IngredientLine

_TOOL = "\0tool"
_SUBSTITUTE = "vegan substitute"
_COLOURS = frozenset("red green yellow orange white black purple brown dark light sweet sour hot mild".split())
_SIZED = frozenset({"sized", "size", "shaped", "shape", "style", "length"})
_LOOSE = re.compile(r"\b(?:or|with|such as|plus|like|including|preferably|and)\b", re.I)
_AMOUNT_NOTE = re.compile(r"^[\d\s./-]+[\w -]*$")
_OTHER_FREE = frozenset("fat sugar salt sodium calorie cruelty cage cholesterol alcohol caffeine hormone antibiotic".split())


class LinkKind(StrEnum):
    """What a line turned out to be."""

    KNOWN = "known"  # at least one vocabulary name
    UNKNOWN = "unknown"  # a food of no known name: it gets a node of its own
    TOOL = "tool"  # foil, skewers, jars
    HEADING = "heading"  # "For the sauce:"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Link:
    """The ingredients of one line, ids of the vocabulary (or one own id when `kind` is UNKNOWN)."""

    names: tuple[str, ...]
    kind: LinkKind


@dataclass(slots=True)
class _Trie:
    ident: str | None = None
    next: dict[str, _Trie] = field(default_factory=dict)

    def add(self, words: Iterable[str], ident: str) -> None:
        node = self
        for word in words:
            node = node.next.setdefault(word, _Trie())
        node.ident = node.ident or ident


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    ident: str
    segment: int


class IngredientLinker:
    """Finds vocabulary names in ingredient lines.

    In a run of words the last name found is the food (`chicken flavored rice mix` is a rice mix); an earlier one is kept
    beside it only when it brings in a restricted group, an allergen for instance, that the last one lacks.
    """

    def __init__(self, vocabulary: Vocabulary, taxonomy: Taxonomy) -> None:
        self.vocabulary = vocabulary
        self.taxonomy = taxonomy
        self._trie = _Trie()
        for spelling, ident in vocabulary.spellings.items():
            self._trie.add(spelling.split(), ident)
        for tool in vocabulary.tools:
            self._trie.add(tool.split(), _TOOL)
        self._lines: dict[str, Link] = {}

    def link(self, line: str) -> list[str]:
        """Canonical names of one line, in the order of the line; empty for a heading, a tool or nothing."""
        return list(self.resolve(line).names)

    def resolve(self, line: str) -> Link:
        """The ingredients of one raw line and what kind of line it is."""
        found = self._lines.get(line)
        if found is None:
            from graphrec.language.ingredients import parse_line

            found = self.link_parsed(parse_line(line))
            if len(self._lines) > 200_000:
                self._lines.clear()
            self._lines[line] = found
        return found

    def link_parsed(self, line: IngredientLine) -> Link:
        """The ingredients of a line that :func:`parse_line` took apart."""
        if line.heading and line.quantity is None:
            return Link((), LinkKind.HEADING)
        name = " or ".join((line.name, *line.alternatives))
        matches = self._matches(tokens(name))
        if not any(m.ident != _TOOL for m in matches) and line.preparation:
            name = f"{name} {line.preparation}"
            matches = self._matches(tokens(name)) or matches
        foods = self._choose(matches)
        if not foods and matches:
            return Link((), LinkKind.TOOL)
        if foods:
            return Link(tuple(self._with_asides(foods, line)), LinkKind.KNOWN)
        own = [word for word in tokens(line.name) if word not in MODIFIERS and not word.isdigit()]
        asides = self._with_asides([], line)
        if asides:
            return Link(tuple(asides), LinkKind.KNOWN)
        return Link((" ".join(own)[:200],), LinkKind.UNKNOWN) if own else Link((), LinkKind.EMPTY)

    def _choose(self, matches: list[_Match]) -> list[str]:
        """The last food of each segment, and before it those that carry a restriction it lacks."""
        kept: list[str] = []
        for segment in sorted({m.segment for m in matches}):
            foods = [m.ident for m in matches if m.segment == segment and m.ident != _TOOL]
            if not foods:
                continue
            covered = set(self.taxonomy.restrictions(foods[-1]))
            chosen = [foods[-1]]
            for ident in reversed(foods[:-1]):
                groups = self.taxonomy.restrictions(ident)
                if not groups <= covered:
                    covered |= groups
                    chosen.append(ident)
            kept.extend(reversed(chosen))
        return list(dict.fromkeys(kept))

    def _with_asides(self, foods: list[str], line: IngredientLine) -> list[str]:
        """Adds what notes and preparation name: every food after `or`, else only one that adds a restriction."""
        covered = {group for ident in foods for group in self.taxonomy.restrictions(ident)}
        result = list(foods)
        for text in (*line.notes, line.preparation):
            if not text or _AMOUNT_NOTE.match(text):
                continue
            lower = text.casefold()
            starts = [m.start() for m in _LOOSE.finditer(lower)] if text is line.preparation else [0]
            if not starts:
                continue
            either = lower[starts[0] :].startswith("or ")
            for ident in self._choose(self._matches(tokens(text[starts[0] :]))):
                groups = self.taxonomy.restrictions(ident)
                if ident not in result and (either or not groups <= covered):
                    covered |= groups
                    result.append(ident)
        return result

    def _matches(self, words: list[str]) -> list[_Match]:
        found: list[_Match] = []
        at = segment = 0
        pending: list[str] = []  # colours that wait for the noun of their neighbour: "red and green bell peppers"
        while at < len(words):
            word = words[at]
            end, ident = self._longest(words, at)
            if ident is None:
                if word in CONNECTORS:
                    segment += 1
                elif word in _COLOURS and at + 1 < len(words) and words[at + 1] in ("and", "or"):
                    pending.append(word)
                at += 1
                continue
            stop, ident = self._negated(words, at, end, ident)
            if ident is not None:
                for colour in pending:
                    twin = self.vocabulary.spellings.get(" ".join([colour, *words[at + 1 : end]]))
                    if twin is not None:
                        found.append(_Match(at, end, twin, segment - 1))
                pending = []
                found.append(_Match(at, end, ident, segment))
            at = stop
        return found

    def _negated(self, words: list[str], at: int, end: int, ident: str) -> tuple[int, str | None]:
        """Where to go on, and the food, or None when the words around it take it back (`dairy free`, `walnut sized`)."""
        after = words[end] if end < len(words) else ""
        before = words[at - 1] if at else ""
        if after == "free" and words[end - 1] not in _OTHER_FREE:
            return end + 1, None
        if after in _SIZED and self.taxonomy.restrictions(ident) and after != "style":
            return end + 1, None
        if before in NEGATIONS or (before == "of" and at > 1 and words[at - 2] == "instead"):
            return end, None
        if before in MOCKS and self.taxonomy.restrictions(ident):
            return end, _SUBSTITUTE
        return end, ident

    def _longest(self, words: list[str], at: int) -> tuple[int, str | None]:
        """End and id of the longest name from `at`; inside it :data:`MODIFIERS` may be passed over."""
        best, best_words, ident = at + 1, 0, None
        todo = [(self._trie, at, 0)]
        while todo:
            node, here, length = todo.pop()
            if node.ident is not None and length > best_words:
                best, best_words, ident = here, length, node.ident
            if here >= len(words):
                continue
            word = words[here]
            if length and word in MODIFIERS and word not in CONNECTORS:
                todo.append((node, here + 1, length))
            step = node.next.get(word)
            if step is not None:
                todo.append((step, here + 1, length + 1))
        return best, ident
