"""A request in plain words becomes the constraints of a :class:`~graphrec.ranking.query.GraphQuery`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.durations import Bounds, Measure, find_measures, merge_bounds
from graphrec.nlu.entry import Entry
from graphrec.nlu.lexicon import MUST_TYPES, Lexicon
from graphrec.nlu.linking import Diet, Mention, Places, link, named_diets
from graphrec.nlu.negation import Reader
from graphrec.nlu.scope import Reading, Role
from graphrec.nlu.tokens import Gap, Token, tokenize
from graphrec.nlu.vocabulary import DIET_WORDS, SOFT_DIETS
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement

MAX_CHARS = 10_000
_DIET_PHRASES = {words: (name, False) for words, name in DIET_WORDS.items()}
_DIET_PHRASES |= {words: (name, True) for words, name in SOFT_DIETS.items()}
_LONGEST_DIET = max(map(len, _DIET_PHRASES))
_OR_WORDS = frozenset("or either and a an the some maybe even any".split())


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the request and what was made of it.

    Args:
        start: first character.
        end: one past the last character.
        text: the characters between.
        refs: nodes it stands for.
        role: must, should, must_not, neutral, range, diet, soft_diet, unlinked or unlinked_not.
        alternatives: nodes of other types with the same spelling.
    """

    start: int
    end: int
    text: str
    refs: tuple[NodeRef, ...]
    role: str
    alternatives: tuple[NodeRef, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a request asks for.

    Args:
        text: the request as given.
        must: requirements; a tuple inside is an OR.
        must_not: excluded nodes; none of them is in `must`.
        should: wishes.
        ranges: inclusive bounds by numeric property.
        spans: every stretch that was understood or is worth reporting, in order.
        unlinked: content words that no node links to.
        unlinked_exclusions: excluded phrases that no node links to; whoever answers has to say so.
        notes: sentences about what was read with care or not at all.
        wanted: the words that are wanted, without exclusions, numbers and function words.
        base: the query that this request refines.
    """

    text: str
    must: tuple[Requirement, ...] = ()
    must_not: tuple[NodeRef, ...] = ()
    should: tuple[NodeRef, ...] = ()
    ranges: Mapping[str, Bounds] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    unlinked: tuple[str, ...] = ()
    unlinked_exclusions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    wanted: str = ""
    base: GraphQuery = field(default_factory=GraphQuery)

    def query(self) -> GraphQuery:
        """The query, joined to the base; its text holds the wanted words only.

        An exclusion of either side removes the node from `must` and `should` of both.
        """
        base = self.base
        must_not = tuple(dict.fromkeys([*base.must_not, *self.must_not]))
        banned = frozenset(must_not)
        must = [
            kept for r in dict.fromkeys([*base.must, *self.must]) if (kept := _allowed(r, banned)) is not None
        ]
        ranges = dict(base.ranges)
        for key, bounds in self.ranges.items():
            ranges[key] = merge_bounds(ranges[key], bounds) if key in ranges else bounds
        note = " ".join(dict.fromkeys(n for n in (base.note, *self.notes) if n)) or None
        return replace(
            base,
            must=tuple(must),
            must_not=must_not,
            should=tuple(r for r in dict.fromkeys([*base.should, *self.should]) if r not in banned),
            ranges=ranges,
            text=" ".join(t for t in (base.text, self.wanted) if t),
            note=note,
        )


class RequestParser:
    """Parses requests against one lexicon; safe to share between threads.

    Args:
        lexicon: the linkable nodes.
        properties: numbers that the catalogue's items have; a range over another one is said in a note
            rather than leaving nothing to answer with. None takes every range.
    """

    def __init__(self, lexicon: Lexicon, properties: Collection[str] | None = None) -> None:
        self.lexicon = lexicon
        self.properties = properties

    def parse(self, text: str, base: GraphQuery | None = None) -> ParsedRequest:
        """Read a request; never fails, whatever the text.

        Args:
            text: the request; past 10,000 characters it is not read, and a note says so.
            base: the query that it refines (its user, k and candidates stay).
        """
        tokens = tokenize(text[:MAX_CHARS])
        measures = find_measures(tokens)
        diets = _find_diets(tokens)
        apart: set[tuple[int, int]] = set()
        while True:
            mentions, named = self._link(tokens, measures, diets, apart)
            readings = Reader(tokens, mentions, measures, named, self.lexicon).read()
            headed = {(r.first, r.last) for r in readings if _reads_apart(r)}
            if not headed:
                return _Assembly(text, tokens, measures, readings, self).result(base or GraphQuery())
            apart |= headed  # grows with every turn, and there are only so many stretches

    def _link(
        self, tokens: Sequence[Token], measures: Sequence[Measure], diets: Sequence[Diet], apart: Places
    ) -> tuple[dict[int, Mention], list[Diet]]:
        """What is named, and the diets that are not merely part of a longer name."""
        numbers = {t for m in measures for t in range(m.first, m.last + 1)}
        places = [(d.first, d.last) for d in diets]
        named = named_diets(tokens, self.lexicon, diets, apart)
        while True:
            taken = numbers.union(t for d in named for t in range(d.first, d.last + 1))
            mentions = link(tokens, self.lexicon, taken, places, apart)
            inside = {t for m in mentions.values() for t in range(m.first, m.last + 1)}
            bare = [d for d in diets if d not in named and not inside.issuperset((d.first, d.last))]
            if not bare:
                return mentions, named
            named = sorted(
                [*named, *bare], key=lambda d: d.first
            )  # no diet is lost to a name that was not read


def _reads_apart(reading: Reading) -> bool:
    """Whether a name with two readings is the head of the request rather than an ingredient of it."""
    bound = reading.mention is not None and reading.mention.bound
    return bound and reading.role in (Role.MUST, Role.SHOULD) and not reading.listed


def _find_diets(tokens: Sequence[Token]) -> list[Diet]:
    found: list[Diet] = []
    at = 0
    while at < len(tokens):
        for size in range(min(_LONGEST_DIET, len(tokens) - at), 0, -1):
            known = _DIET_PHRASES.get(tuple(t.word for t in tokens[at : at + size]))
            if known is not None and all(t.gap <= Gap.HYPHEN for t in tokens[at + 1 : at + size]):
                found.append(Diet(at, at + size - 1, *known))
                break
        at = found[-1].last + 1 if found and found[-1].last >= at else at + 1
    return found


def _meant(reading: Reading) -> Entry:
    assert reading.mention is not None
    entry = reading.mention.entry
    return entry.as_ingredient() if reading.listed else entry


def _allowed(requirement: Requirement, banned: frozenset[NodeRef]) -> Requirement | None:
    options = requirement if isinstance(requirement, tuple) else (requirement,)
    kept = tuple(o for o in options if o not in banned)
    if len(kept) == len(options):
        return requirement
    return (kept if len(kept) > 1 else kept[0]) if kept else None


class _Assembly:
    """Collects readings into the fields of a request."""

    def __init__(
        self,
        text: str,
        tokens: Sequence[Token],
        measures: Sequence[Measure],
        readings: Sequence[Reading],
        parser: RequestParser,
    ) -> None:
        self.text, self.tokens, self.measures, self.readings = text, tokens, measures, readings
        self.lexicon, self.properties = parser.lexicon, parser.properties
        self.must: list[tuple[NodeRef, ...]] = []
        self.must_words: list[str] = []
        self.must_not: dict[NodeRef, None] = {}
        self.should: dict[NodeRef, None] = {}
        self.spans: list[Span] = []
        self.unlinked: list[str] = []
        self.lost: list[str] = []
        self.notes: list[str] = []

    def result(self, base: GraphQuery) -> ParsedRequest:
        """The finished request."""
        if len(self.text) > MAX_CHARS:
            self.notes.append(f"Only the first {MAX_CHARS} characters of the request were read.")
        last_must: Reading | None = None
        for reading in self.readings:
            self._take(reading, last_must)
            if reading.role is Role.MUST and reading.mention is not None:
                last_must = reading
            elif reading.role is not Role.UNLINKED:
                last_must = None
        must = self._without_conflicts()
        excluded = tuple(self.must_not)
        ranges = self._ranges()
        return ParsedRequest(
            text=self.text,
            must=must,
            must_not=excluded,
            should=tuple(
                r for r in self.should if not self._banned(r) and r not in {m for g in self.must for m in g}
            ),
            ranges=ranges,
            spans=tuple(self.spans),
            unlinked=tuple(dict.fromkeys(self.unlinked)),
            unlinked_exclusions=tuple(dict.fromkeys(self.lost)),
            notes=tuple(dict.fromkeys(self.notes)),
            wanted=self._wanted(),
            base=base,
        )

    def _ranges(self) -> dict[str, Bounds]:
        ranges: dict[str, Bounds] = {}
        for measure in self.measures:
            if self.properties is not None and measure.key not in self.properties:
                start, end = self.tokens[measure.first].start, self.tokens[measure.last].end
                said = self.text[start:end]
                self.notes.append(
                    f"{said!r} could not be applied: no item here has a number {measure.key!r}."
                )
                continue
            old = ranges.get(measure.key)
            ranges[measure.key] = measure.bounds if old is None else merge_bounds(old, measure.bounds)
        return ranges

    def _take(self, reading: Reading, last_must: Reading | None) -> None:
        role, mention = reading.role, reading.mention
        if role is Role.DIET:
            self._exclude_diet(reading)
        elif role is Role.SOFT_DIET:
            tags = self.lexicon.tags(reading.diet)
            self.should.update(dict.fromkeys(tags))
            self._span(reading, tags)
        elif role is Role.UNLINKED_NOT:
            self._exclude_unlinked(reading)
        elif role is Role.MUST_NOT and mention is not None:
            self._exclude(reading, mention.entry, mention.extra)
        elif role in (Role.MUST, Role.SHOULD) and mention is not None:
            self._want(reading, _meant(reading), mention.extra, last_must)
        else:
            if role is Role.UNLINKED:
                self.unlinked.append(self._said(reading))
            self._span(reading, mention.entry.refs if mention else ())

    def _want(self, reading: Reading, entry: Entry, extra: tuple[NodeRef, ...], last: Reading | None) -> None:
        self.should.update(dict.fromkeys(extra))
        if not entry.refs or (entry.loose and entry.type == "ingredient"):
            reading.role = Role.UNLINKED
            self.unlinked.append(self._said(reading))
        elif reading.role is Role.SHOULD or entry.loose or entry.type not in MUST_TYPES:
            reading.role = Role.SHOULD
            self.should.update(dict.fromkeys(entry.refs))
        elif last is not None and self.must and self._either(last, reading):
            self.must[-1] = tuple(dict.fromkeys([*self.must[-1], *entry.refs]))
            self.must_words[-1] += f" or {self._said(reading)}"
        else:
            self.must.append(entry.refs)
            self.must_words.append(self._said(reading))
        self._span(reading, entry.refs, entry.alternatives)

    def _either(self, one: Reading, other: Reading) -> bool:
        """ "chicken or turkey", and "chicken, turkey or beef": alternatives of one type."""
        if _meant(one).type != _meant(other).type or not _meant(one).refs:
            return False
        between = self.tokens[one.last + 1 : other.first]
        if any(t.word not in _OR_WORDS or t.gap >= Gap.COLON for t in between):
            return False
        if any(t.word == "or" for t in between):
            return True
        if self.tokens[other.first].gap is Gap.JOIN:
            return "/" in self.text[self.tokens[one.last].end : self.tokens[other.first].start]
        return self.tokens[other.first].gap is Gap.COMMA and not between and self._or_follows(other)

    def _or_follows(self, reading: Reading) -> bool:
        """Whether the comma list that goes on after a reading ends in "or"."""
        at = reading.last + 1
        later = {r.first: r for r in self.readings if r.first >= at and r.role is Role.MUST and r.mention}
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.word == "or":
                return token.gap <= Gap.COMMA
            following = later.get(at)
            if token.gap is not Gap.COMMA or following is None:
                return False
            at = following.last + 1
        return False

    def _exclude(self, reading: Reading, entry: Entry, extra: tuple[NodeRef, ...]) -> None:
        said = self._said(reading)
        refs = tuple(dict.fromkeys([*entry.excluded, *extra]))
        if not refs:
            return self._lose(reading, said)
        if not entry.exact and entry.type == "":
            self.notes.append(f"No node is named {said!r}: {_names(refs)} was excluded instead.")
        self.must_not.update(dict.fromkeys(refs))
        self._span(reading, refs, entry.alternatives)

    def _exclude_diet(self, reading: Reading) -> None:
        refs = self.lexicon.diet(reading.diet)
        if not refs:
            return self._lose(reading, self._said(reading))
        self.must_not.update(dict.fromkeys(refs))
        self.should.update(dict.fromkeys(self.lexicon.tags(reading.diet)))
        self._span(reading, refs)

    def _exclude_unlinked(self, reading: Reading) -> None:
        """An excluded phrase that links to nothing: near spellings are excluded, else it is reported."""
        said = self._said(reading)
        words = [t for t in self.tokens[reading.first : reading.last + 1] if t.word not in STOPWORDS]
        refs: dict[NodeRef, None] = {}
        for token in words[:8]:
            limit = 2 if len(token.lemma) >= 8 else 1
            for entry in self.lexicon.similar(token.lemma, limit=limit):
                refs.update(dict.fromkeys(entry.excluded))
        if not refs:
            return self._lose(reading, said)
        self.must_not.update(refs)
        self.notes.append(f"{said!r} was read as {_names(tuple(refs))}, which was excluded.")
        reading.role = Role.MUST_NOT
        self._span(reading, tuple(refs))

    def _lose(self, reading: Reading, said: str) -> None:
        self.lost.append(said)
        self.notes.append(
            f"The exclusion of {said!r} could not be applied: nothing in the catalogue has that name."
        )
        reading.role = Role.UNLINKED_NOT
        self._span(reading, ())

    def _banned(self, ref: NodeRef) -> bool:
        if ref in self.must_not:
            return True
        return bool(self.must_not) and any(a in self.must_not for a in self.lexicon.ancestors(ref))

    def _without_conflicts(self) -> tuple[Requirement, ...]:
        """Requirements that no exclusion contradicts; an exclusion wins, and a note says what gave way."""
        kept: dict[Requirement, None] = {}
        for group, said in zip(self.must, self.must_words, strict=True):
            options = tuple(r for r in group if not self._banned(r))
            if len(options) < len(group):
                self.notes.append(f"{said!r} is both wanted and excluded; the exclusion was kept.")
            if options:
                kept[options if len(options) > 1 else options[0]] = None
        return tuple(kept)

    def _span(
        self, reading: Reading, refs: tuple[NodeRef, ...], alternatives: tuple[NodeRef, ...] = ()
    ) -> None:
        start, end = self._bounds(reading)
        self.spans.append(Span(start, end, self.text[start:end], refs, reading.role.value, alternatives))

    def _bounds(self, reading: Reading) -> tuple[int, int]:
        return self.tokens[reading.first].start, self.tokens[reading.last].end

    def _said(self, reading: Reading) -> str:
        start, end = self._bounds(reading)
        return self.text[start:end]

    def _wanted(self) -> str:
        """Wanted words in order: what the text scorer may look for in titles."""
        roles = (Role.MUST, Role.SHOULD, Role.UNLINKED, Role.SOFT_DIET)
        spoken = {
            t
            for r in self.readings
            if r.role in roles or (r.role is Role.DIET and self._said(r).casefold().startswith(r.diet))
            for t in range(r.first, r.last + 1)
        }
        return " ".join(self.tokens[t].word for t in sorted(spoken))


def _names(refs: Sequence[NodeRef]) -> str:
    return ", ".join(ref.id for ref in refs)
