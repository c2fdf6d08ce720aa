"""From an ingredient line to the names of the vocabulary: longest match, and no allergen lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from graphrec.language.fold import tokens
from graphrec.language.modifiers import CONNECTORS, MOCKS, MODIFIERS, NEGATIONS
from graphrec.language.quantities import UNITS
from graphrec.language.taxonomy import Taxonomy
from graphrec.language.vocabulary import Vocabulary

if TYPE_CHECKING:
    from graphrec.language.ingredients import IngredientLine

_TOOL = "\0tool"
_SUBSTITUTE = "vegan substitute"
_COLOURS = frozenset(
    "red green yellow orange white black purple brown dark light sweet sour hot mild".split()
)
_NAME, _SKIP_WORD, _SKIP_MODIFIER = 0.2, 3.0, 0.1
_SIZED = frozenset({"sized", "size", "shaped", "shape", "style", "length"})
_ANIMAL = frozenset(
    {"meat", "beef", "pork", "poultry", "fish", "shellfish", "crustacean", "mollusc", "seafood"}
)
_FLAVOURED = frozenset({"seasoning", "spice", "vegan substitute"})  # "chicken seasoning" holds no chicken
_CUTS = frozenset(
    {
        "steak",
        "beef roast",
        "round steak",
        "pork rib",
        "chicken wing",
        "rump roast",
        "chicken drumstick",
        "ground meat",
    }
)
_PACKING = frozenset(
    {"water", "fruit juice", "maple syrup", "oil", "mixed seed"}
)  # "in water", "with juice", "with seeds"
_LOOSE = re.compile(r"\b(?:or|with|such as|plus|like|including|preferably)\b", re.I)
_AMOUNT_NOTE = re.compile(r"^[\d\s./-]+[\w -]*$")
_OTHER_FREE = frozenset(
    "fat sugar salt sodium calorie cruelty cage cholesterol alcohol caffeine hormone antibiotic".split()
)


def _is_fragment(name: str) -> bool:
    """Whether a line without an amount is the torn-off end of another (`cut into strips`, `such as
    Kraft`).
    """
    first = tokens(name)[:1]
    return not first or first[0] in MODIFIERS or first[0] in CONNECTORS or first[0].endswith(("ed", "ly"))


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

    In a run of words the last name found is the food (`chicken flavored rice mix` is a rice mix); an
    earlier one is kept
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
        if not own or (line.quantity is None and _is_fragment(line.name)):
            return Link((), LinkKind.EMPTY)
        return Link((" ".join(own)[:200],), LinkKind.UNKNOWN)

    def _choose(self, matches: list[_Match]) -> list[str]:
        """The last food of each segment, and before it those that carry a restriction it lacks."""
        kept: list[str] = []
        for segment in sorted({m.segment for m in matches}):
            foods = [m.ident for m in matches if m.segment == segment and m.ident != _TOOL]
            if not foods:
                continue
            if len(foods) > 1 and foods[-1] in _CUTS and _ANIMAL & self.taxonomy.restrictions(foods[-2]):
                foods.pop()  # "tuna steak": the cut says nothing of beef
            covered = set(self.taxonomy.restrictions(foods[-1]))
            flavoured = _FLAVOURED & (self.taxonomy.kinds(foods[-1]) | {foods[-1]})
            chosen = [foods[-1]]
            for ident in reversed(foods[:-1]):
                groups = self.taxonomy.restrictions(ident)
                if not groups <= (covered | _ANIMAL if flavoured else covered):
                    covered |= groups
                    chosen.append(ident)
            kept.extend(reversed(chosen))
        return list(dict.fromkeys(kept))

    def _with_asides(self, foods: list[str], line: IngredientLine) -> list[str]:
        """Adds what notes and preparation name: every food after `or`, else only one that adds a
        restriction.
        """
        covered = {group for ident in foods for group in self.taxonomy.restrictions(ident)}
        result = list(dict.fromkeys([*foods, *self._listed(line.preparation)]))
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

    def _listed(self, preparation: str) -> list[str]:
        """Foods of a comma list that the name began (`raspberries, blueberries or plums`): parts that are
        food alone.
        """
        found: list[str] = []
        for part in re.split(r",|\bor\b|\band\b", preparation):
            words = tokens(part)
            matches = self._matches(words)
            inside = sum(m.end - m.start for m in matches)
            loose = sum(word in MODIFIERS for word in words)
            if words and words[0] in UNITS:  # "garlic, cloves separated"
                continue
            if matches and not any(c.isdigit() for c in part) and inside + loose >= len(words):
                found.extend(ident for ident in self._choose(matches) if ident not in _PACKING)
        return found

    def _matches(self, words: list[str]) -> list[_Match]:
        """The names in `words`, after what takes some back (`dairy free`) and what shares a noun (`red and
        green pepper`).
        """
        found: list[_Match] = []
        at = segment = 0
        pending: list[str] = []  # colours that wait for the noun of their neighbour
        cover = self._cover(words)
        while at < len(words):
            word = words[at]
            span = cover[at]
            if span is None:
                if word in CONNECTORS:
                    segment += 1
                elif word in _COLOURS and words[at + 1 : at + 2] in (["and"], ["or"]):
                    pending.append(word)
                at += 1
                continue
            stop, ident = self._negated(words, at, *span)
            if ident in _PACKING and at and {"in", "with"} & set(words[max(0, at - 2) : at]):
                ident = None
            if ident is not None:
                for colour in pending:
                    twin = self.vocabulary.spellings.get(" ".join([colour, *words[at + 1 : span[0]]]))
                    if twin is not None:
                        found.append(_Match(at, span[0], twin, segment - 1))
                pending = []
                self._share_noun(words, found, at, span[0])
                found.append(_Match(at, span[0], ident, segment))
            at = stop
        return found

    def _share_noun(self, words: list[str], found: list[_Match], at: int, end: int) -> None:
        """Give the food before `or` the noun of the one after it: `chicken or vegetable broth`, `lime and
        lemon juice`.
        """
        if not found or found[-1].end != at - 1 or words[at - 1] not in ("or", "and"):
            return
        before = found[-1]
        for cut in range(at + 1, end):
            twin = self.vocabulary.spellings.get(
                " ".join([*words[before.start : before.end], *words[cut:end]])
            )
            if twin is not None:
                found[-1] = _Match(before.start, before.end, twin, before.segment)
                return

    def _cover(self, words: list[str]) -> list[tuple[int, str] | None]:
        """For each place where a name is taken: its end and id.

        Of all ways to lay names over the words, the one that leaves least uncovered with the fewest names;
        a plain longest
        match would read `shredded cheddar | cheese`.
        """
        cost = [0.0] * (len(words) + 1)
        step: list[tuple[int, str] | None] = [None] * len(words)
        for at in range(len(words) - 1, -1, -1):
            cost[at] = cost[at + 1] + (_SKIP_MODIFIER if words[at] in MODIFIERS else _SKIP_WORD)
            for end, ident in self._names_from(words, at):
                if _NAME + cost[end] < cost[at]:
                    cost[at], step[at] = _NAME + cost[end], (end, ident)
        return step

    def _negated(self, words: list[str], at: int, end: int, ident: str) -> tuple[int, str | None]:
        """Where to go on, and the food, or None when the words around it take it back (`dairy free`,
        `walnut sized`).
        """
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

    def _names_from(self, words: list[str], at: int) -> list[tuple[int, str]]:
        """Every name that starts at `at`, longest first; inside one, :data:`MODIFIERS` may be passed over."""
        found: dict[int, tuple[int, str]] = {}
        todo = [(self._trie, at, 0, False)]
        while todo:
            node, here, length, skipped = todo.pop()
            if node.ident is not None and not skipped and length > found.get(here, (0, ""))[0]:
                found[here] = length, node.ident
            if here >= len(words):
                continue
            word = words[here]
            if length and word in MODIFIERS and word not in CONNECTORS and here + 1 < len(words):
                todo.append((node, here + 1, length, True))
            step = node.next.get(word)
            if step is not None:
                todo.append((step, here + 1, length + 1, False))
        return [(end, ident) for end, (_, ident) in sorted(found.items(), reverse=True)]
