"""Readings become the fields of a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from graphrec.nlu.durations import Bounds, Measure, merge_bounds
from graphrec.nlu.entry import Entry
from graphrec.nlu.exclusions import Exclusions
from graphrec.nlu.lexicon import MUST_TYPES, Lexicon
from graphrec.nlu.parsed import ParsedRequest, Span
from graphrec.nlu.scope import Reading, Role
from graphrec.nlu.tokens import Gap, Token
from graphrec.nlu.vocabulary import COLOURS, DESCRIPTIONS
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement

MAX_CHARS = 10_000
GUESSED = 0.8
"""Confidence in a stretch with a corrected word."""
_OR_WORDS = frozenset("or either and a an the some maybe even any please with".split())
_ARTICLES = frozenset("a an the some either".split())
_WANTED = (Role.MUST, Role.SHOULD)


class Assembly(Exclusions):
    """Collects readings into the fields of a request."""

    def __init__(
        self,
        text: str,
        tokens: Sequence[Token],
        measures: Sequence[Measure],
        readings: Sequence[Reading],
        lexicon: Lexicon,
        properties: Collection[str] | None,
        corrected: Mapping[int, str],
    ) -> None:
        self.text, self.tokens, self.measures, self.readings = text, tokens, measures, readings
        self.lexicon, self.properties = lexicon, properties
        self.must: list[tuple[NodeRef, ...]] = []
        self.must_words: list[str] = []
        self.must_not: dict[NodeRef, None] = {}
        self.should: dict[NodeRef, None] = {}
        self.should_not: dict[NodeRef, None] = {}
        self.spans: list[Span] = []
        self.unlinked: list[str] = []
        self.lost: list[str] = []
        self.notes: list[str] = []
        self.group: Reading | None = None
        self.corrected = corrected

    def result(self, base: GraphQuery) -> ParsedRequest:
        """The finished request."""
        if len(self.text) > MAX_CHARS:
            self.notes.append(f"Only the first {MAX_CHARS} characters of the request were read.")
        last: Reading | None = None
        for reading in self.readings:
            self._take(reading, last)
            if reading.role in _WANTED and reading.mention is not None:
                last = reading
            elif reading.role is not Role.UNLINKED:
                last = None
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
            should_not=tuple(self.should_not),
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
        taken_back = {r.first for r in self.readings if r.role is Role.NEUTRAL}
        for measure in self.measures:
            if measure.first in taken_back:
                continue
            if self.properties is not None and measure.key not in self.properties:
                start, end = self.tokens[measure.first].start, self.tokens[measure.last].end
                said = self.text[start:end]
                self.unlinked.append(said)
                self.notes.append(
                    f"{said!r} could not be applied: no item here has a number {measure.key!r}."
                )
                continue
            old = ranges.get(measure.key)
            ranges[measure.key] = measure.bounds if old is None else merge_bounds(old, measure.bounds)
        return ranges

    def _take(self, reading: Reading, last: Reading | None) -> None:
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
        elif role is Role.SHOULD_NOT and mention is not None:
            self._spare(reading, mention.entry)
        elif role in (Role.MUST, Role.SHOULD) and mention is not None:
            self._want(reading, _meant(reading), mention.extra, last)
        else:
            if role is Role.UNLINKED:
                self.unlinked.append(self._said(reading))
            self._span(reading, mention.entry.refs if mention else ())

    def _want(self, reading: Reading, entry: Entry, extra: tuple[NodeRef, ...], last: Reading | None) -> None:
        self.should.update(dict.fromkeys(extra))
        said = self._said(reading)
        joined = last is not None and self._either(last, reading)
        if not entry.refs or (entry.loose and entry.type == "ingredient") or self._colour(reading, entry):
            reading.role = Role.UNLINKED
            self.unlinked.append(said)
        elif self._only_wished(reading, entry, last if joined else None):
            reading.role = Role.SHOULD
            self.should.update(dict.fromkeys(entry.refs))
        elif joined and self.must:
            self.must[-1] = tuple(dict.fromkeys([*self.must[-1], *entry.refs]))
            self.must_words[-1] += f" or {said}"
        else:
            self.must.append(entry.refs)
            self.must_words.append(said)
            self.group = reading
        self._span(reading, entry.refs, entry.alternatives)

    def _only_wished(self, reading: Reading, entry: Entry, joined: Reading | None) -> bool:
        """Whether it is a wish, as is what "or" joins to one: "barley maybe, or split peas"."""
        if reading.role is Role.SHOULD or (joined is not None and joined.role is Role.SHOULD):
            return True
        return entry.loose or not self._required(reading, entry)

    def _required(self, reading: Reading, entry: Entry) -> bool:
        """Whether a plain mention has to hold; "roast" before an ingredient only says how it is cooked."""
        if entry.type in MUST_TYPES or not entry.kind:
            return entry.type in MUST_TYPES
        follows = next((r.mention for r in self.readings if r.first == reading.last + 1), None)
        cooked = entry.type == "keyword" and follows is not None and follows.entry.type == "ingredient"
        return not (cooked and self.tokens[reading.first].lemma in DESCRIPTIONS)

    def _colour(self, reading: Reading, entry: Entry) -> bool:
        """Whether a title word is but a colour: it says what the dish looks like and is no wish of its own."""
        return entry.type == "keyword" and not entry.kind and self.tokens[reading.first].lemma in COLOURS

    def _either(self, one: Reading, other: Reading) -> bool:
        """ "chicken or turkey", "chicken, turkey or beef", "one of beef and lamb": alternatives of one type."""
        if _meant(one).type != _meant(other).type or not _meant(one).refs:
            return False
        between = self._between(one, other)
        choice = self._choice()
        joints = _OR_WORDS if choice else _OR_WORDS - {"and"}
        if any(t.word not in joints and t.word != "and" for t in between):
            return False
        if any(t.gap >= Gap.COLON for t in (*between, self.tokens[other.first])):
            return any(t.gap is Gap.HARD and t.word == "or" for t in between)  # "Lamb, please. Or beef."
        if any(t.word == "or" for t in between):
            return True
        if choice:
            return True
        if any(t.word == "and" for t in between):
            return False
        if self.tokens[other.first].gap is Gap.JOIN:
            return "/" in self.text[self.tokens[one.last].end : self.tokens[other.first].start]
        return self.tokens[other.first].gap is Gap.COMMA and not between and self._or_follows(other)

    def _between(self, one: Reading, other: Reading) -> list[Token]:
        """Tokens that join two readings; members of the list that link to nothing do not count."""
        unknown = {
            t
            for r in self.readings
            if r.role is Role.UNLINKED and self.tokens[r.first].gap is Gap.COMMA
            for t in range(r.first, r.last + 1)
        }
        return [self.tokens[t] for t in range(one.last + 1, other.first) if t not in unknown]

    def _choice(self) -> bool:
        """Whether the open list stands after "between", "one of" or "either of"."""
        if self.group is None:
            return False
        at = self.group.first
        while at and self.tokens[at - 1].word in _ARTICLES:
            at -= 1
        before = [t.word for t in self.tokens[max(0, at - 2) : at]]
        return before[-1:] == ["between"] or before in (["one", "of"], ["either", "of"], ["any", "of"])

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
        said = self.text[start:end]
        meant = [self.corrected[t.start] for t in self._tokens_of(reading) if t.start in self.corrected]
        if meant and refs:
            self.notes.append(f"{said!r} was read as {' '.join(meant)!r}.")
        confidence = GUESSED if meant else 1.0
        self.spans.append(Span(start, end, said, refs, reading.role.value, alternatives, confidence))

    def _tokens_of(self, reading: Reading) -> Sequence[Token]:
        return self.tokens[reading.first : reading.last + 1]

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




def _meant(reading: Reading) -> Entry:
    assert reading.mention is not None
    entry = reading.mention.entry
    return entry.as_ingredient() if reading.listed else entry
