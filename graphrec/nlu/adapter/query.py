"""What an utterance asks for: its words as the parser reads them, and what the service's slots add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from graphrec.nlu.adapter.amounts import read_bounds, read_count, read_position
from graphrec.nlu.adapter.linking import Linker, Meaning, says_nothing
from graphrec.nlu.adapter.maps import Maps, SlotRule
from graphrec.nlu.durations import merge_bounds
from graphrec.nlu.parser import ParsedRequest, Span
from graphrec.nlu.result import NLUResult, Slot
from graphrec.nlu.slots import slots_of
from graphrec.ranking.query import Bounds, GraphQuery, NodeRef, Requirement
from graphrec.ranking.relax import requirement_text

_ORDER = ("diet", "cuisine", "ingredient", "course", "keyword")
"""Order of slots that come without a text, as English puts them before a noun: forms that list the same slots in
another order give the same query."""
_READ_SPANS = ("must", "should", "must_not", "should_not", "diet", "soft_diet", "neutral", "unlinked_not")


@dataclass(slots=True)
class Request:
    """The parts of one utterance, collected.

    Args:
        query: joined to the base.
        slots: every slot with its link: those of the service, then what only the parser found.
        dishes: values of slots for dishes, as said.
        links: slots with nodes in them, with their rule and link.
        position: place in the list shown.
        count: how many dishes to show.
    """

    query: GraphQuery = field(default_factory=GraphQuery)
    parsed: ParsedRequest = field(default_factory=lambda: ParsedRequest(""))
    slots: list[Slot] = field(default_factory=list)
    dishes: list[str] = field(default_factory=list)
    links: list[tuple[Slot, SlotRule, Meaning]] = field(default_factory=list)
    position: int | None = None
    count: int | None = None
    unlinked: list[str] = field(default_factory=list)
    ambiguous: list[tuple[str, tuple[NodeRef, ...]]] = field(default_factory=list)
    confidence: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def bounded(self) -> bool:
        """Whether a number bounds what is asked for, applied or not."""
        return bool(self.parsed.notes) or any(span.role == "range" for span in self.parsed.spans)


class Reader:
    """Reads the slots of a result beside its text; safe to share between threads."""

    def __init__(self, linker: Linker, maps: Maps) -> None:
        self.linker, self.maps = linker, maps
        self.parser, self.lexicon = linker.parser, linker.parser.lexicon

    def read(self, result: NLUResult, base: GraphQuery, text: str | None = None) -> Request:
        """The request in a result.

        Args:
            base: what it refines.
            text: the words to parse instead of the result's own (a part of them masked).
        """
        request = Request()
        request.parsed = self.parser.parse(text if text is not None else result.text or "")
        merged = _Merged(self, request, base)
        merged.take_text()
        for slot, rule in self._in_order(result):
            merged.take(slot, rule, result.text)
        merged.finish(result)
        return request

    def _in_order(self, result: NLUResult) -> list[tuple[Slot, SlotRule]]:
        """Filled slots with their rules; denied ones and those that say "none" are dropped."""
        filled = [s for s in result.slots if s.status != "denied" and not says_nothing(s)]
        ruled = [(slot, self.maps.slot(slot.name, slot.type)) for slot in filled]
        return ruled if result.text else sorted(ruled, key=_place)


def _place(entry: tuple[Slot, SlotRule]) -> tuple[int, str]:
    slot, rule = entry
    kind = "diet" if rule.read == "diet" else rule.prefer or ("keyword" if rule.read == "dish" else "")
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), str(slot.value or "").casefold()


class _Merged:
    """One request under construction."""

    def __init__(self, reader: Reader, request: Request, base: GraphQuery) -> None:
        self.reader, self.request, self.base = reader, request, base
        parsed = request.parsed
        self.must: dict[Requirement, None] = dict.fromkeys(parsed.must)
        self.should: dict[NodeRef, None] = dict.fromkeys(parsed.should)
        self.must_not: dict[NodeRef, None] = dict.fromkeys(parsed.must_not)
        self.should_not: dict[NodeRef, None] = dict.fromkeys(parsed.should_not)
        self.ranges: dict[str, Bounds] = dict(parsed.ranges)
        self.words: list[str] = [parsed.wanted] if parsed.wanted else []
        self.own = slots_of(parsed, reader.lexicon) if parsed.text else ()
        self.used: set[int] = set()

    def take_text(self) -> None:
        """What the parser says of its own reading."""
        request, parsed = self.request, self.request.parsed
        request.unlinked += [*parsed.unlinked, *parsed.unlinked_exclusions]
        request.notes += parsed.notes
        for span in parsed.spans:
            if span.role in ("must", "should", "must_not") and span.alternatives:
                request.ambiguous.append((span.text, (*span.refs, *span.alternatives)))

    def take(self, slot: Slot, rule: SlotRule, text: str | None) -> None:
        """One slot of the service."""
        if rule.read == "range":
            self._bound(slot, rule)
        elif rule.read == "count":
            self.request.count = read_count(slot)
            self.request.slots.append(slot)
        elif rule.read == "position":
            self.request.position = read_position(slot)
            self.request.slots.append(slot)
        elif rule.read == "ignore":
            self.request.slots.append(slot)
        else:
            self._link(slot, rule, text)

    def _bound(self, slot: Slot, rule: SlotRule) -> None:
        """A number; where the words state one over the same property they are read with all they say of it."""
        self.request.slots.append(slot)
        found = read_bounds(slot, rule)
        said = slot.raw or slot.value
        if found is None:
            self.request.notes.append(f"{said!r} was not understood as a number ({rule.name}).")
            self.request.unlinked.append(str(said))
            return
        name, bounds = found
        known = self.reader.parser.properties
        if known is not None and name not in known:
            note = f"{said!r} could not be applied: no item here has a number {name!r}."
            if not any(repr(name) in n for n in self.request.notes):
                self.request.notes.append(note)
        elif name not in self.request.parsed.ranges:
            self.ranges[name] = merge_bounds(self.ranges[name], bounds) if name in self.ranges else bounds

    def _link(self, slot: Slot, rule: SlotRule, text: str | None) -> None:
        meaning = self.reader.linker.link(slot, rule)
        said = str(slot.raw or slot.value or "")
        if rule.read == "dish":
            self.request.dishes.append(str(slot.value if slot.value is not None else slot.raw))
        self.request.links.append((slot, rule, meaning))
        own = self._own_reading(slot, text)
        self.request.slots.append(_with_link(slot, meaning, own))
        if own is not None and not (meaning.must_not and own.role in ("must", "should", "should_not", "neutral")):
            return  # the words were read where the slot stands, with what stands around them
        if not (meaning.linked or meaning.lost or meaning.notes) and _place_in(slot, text) is not None:
            return  # the parser knows no more of these words than the service does
        if meaning.options:
            self.request.ambiguous.append((said, meaning.options))
        self.request.unlinked += [*meaning.unlinked, *meaning.lost]
        self.request.notes += meaning.notes
        self._add(meaning, said)

    def _own_reading(self, slot: Slot, text: str | None) -> Span | None:
        """What the parser made of the place where a slot stands, None where it made nothing of it.

        An exclusion that the parser read there goes before anything wanted.
        """
        place = _place_in(slot, text)
        if place is None:
            return None
        spans = [
            s
            for s in self.request.parsed.spans
            if s.role in _READ_SPANS and s.start < place[1] and place[0] < s.end
        ]
        return min(spans, key=lambda s: (s.role not in ("must_not", "unlinked_not"), s.start), default=None)

    def _add(self, meaning: Meaning, said: str) -> None:
        """A meaning joined to what is there; exclusions always go before wishes."""
        self.must_not.update(dict.fromkeys(meaning.must_not))
        self.should_not.update(dict.fromkeys(meaning.should_not))
        added = False
        for requirement in meaning.must:
            options = requirement if isinstance(requirement, tuple) else (requirement,)
            kept = tuple(o for o in options if not self.banned(o))
            if len(kept) < len(options):
                self._contradicted(said)
            if kept and not self._required(kept):
                self.must[kept if len(kept) > 1 else kept[0]] = None
                added = True
        for ref in meaning.should:
            if self.banned(ref):
                self._contradicted(said)
            else:
                self.should[ref] = None
                added = True
        words = " ".join(w for w in meaning.words.split() if w not in " ".join(self.words).split())
        if words and (added or not (meaning.must or meaning.should)):
            self.words.append(words)

    def _contradicted(self, said: str) -> None:
        self.request.notes.append(f"{said!r} is both wanted and excluded; the exclusion was kept.")

    def _required(self, options: Sequence[NodeRef]) -> bool:
        """Whether something that is required already says so."""
        return any(set(_options(r)) & set(options) for r in self.must)

    def banned(self, ref: NodeRef) -> bool:
        """Whether an exclusion of the utterance or of what it refines covers a node."""
        excluded = self.must_not.keys() | set(self.base.must_not)
        return ref in excluded or (
            bool(excluded) and any(a in excluded for a in self.reader.lexicon.ancestors(ref))
        )

    def finish(self, result: NLUResult) -> None:
        """The query, once every slot is in."""
        request = self.request
        must = tuple(kept for r in self.must if (kept := self._allowed(r)) is not None)
        parsed = replace(
            request.parsed, must=must, must_not=tuple(self.must_not),
            should=tuple(r for r in self.should if not self.banned(r) and r not in _flat(must)),
            should_not=tuple(self.should_not), ranges=self.ranges,
            wanted=" ".join(self.words), notes=tuple(dict.fromkeys(request.notes)),
            base=replace(self.base, user=self.base.user or result.user),
        )  # fmt: skip
        query = parsed.query()
        request.query = query if request.count is None else replace(query, k=request.count)
        hard = {slot.node for slot in self.own if slot.hard and slot.node is not None}
        request.slots = [replace(s, hard=s.hard or s.node in hard) for s in request.slots]
        request.slots += self._only_parsed(request.slots)
        request.confidence = self._confidence(must, request.slots)
        request.unlinked = list(dict.fromkeys(request.unlinked))
        request.ambiguous = list(dict.fromkeys(request.ambiguous))
        request.notes = list(dict.fromkeys(request.notes))

    def _allowed(self, requirement: Requirement) -> Requirement | None:
        options = _options(requirement)
        kept = tuple(o for o in options if not self.banned(o))
        if len(kept) < len(options) and requirement in self.request.parsed.must:
            self._contradicted(" or ".join(o.id for o in options if o not in kept))
        return (kept if len(kept) > 1 else kept[0]) if kept else None

    def _only_parsed(self, slots: Sequence[Slot]) -> list[Slot]:
        """Slots of the parser's own that no slot of the service stands for."""
        nodes = {slot.node for slot in slots if slot.node is not None}
        bounded = {self.reader.maps.slot(s.name, s.type).property for s in slots}
        places = [place for s in slots if (place := _place_in(s, self.request.parsed.text)) is not None]

        def known(own: Slot) -> bool:
            if own.node is not None:
                return own.node in nodes
            start, end = own.span or (0, 0)
            return own.name in bounded or any(a < end and start < b for a, b in places)

        return [slot for slot in self.own if not known(slot)]

    def _confidence(self, must: Sequence[Requirement], slots: Iterable[Slot]) -> dict[str, float]:
        """Of each requirement that may give way: the least of its links."""
        of: dict[NodeRef, list[Slot]] = {}
        for slot in slots:
            if slot.node is not None:
                of.setdefault(slot.node, []).append(slot)
        for slot, _, meaning in self.request.links:
            for ref in meaning.refs():
                of.setdefault(ref, []).append(replace(slot, confidence=meaning.confidence))
        found: dict[str, float] = {}
        for requirement in must:
            told = [s for option in _options(requirement) for s in of.get(option, ())]
            if not any(slot.hard for slot in told):
                sure = [slot.confidence for slot in told if slot.confidence is not None]
                found[requirement_text(requirement)] = min(sure, default=1.0)
        return found


def _with_link(slot: Slot, meaning: Meaning, own: Span | None) -> Slot:
    """The slot as it was used."""
    node = meaning.node or (own.refs[0] if own is not None and own.refs else None)
    little = bool(meaning.should_not) or (own is not None and own.role == "should_not")
    left_out = own is not None and own.role in ("must_not", "unlinked_not")
    excluded = little or left_out or bool(meaning.must_not)
    return replace(
        slot, node=node, polarity=-1 if excluded else slot.polarity, hard=slot.hard or meaning.hard,
        confidence=meaning.confidence if node is not None else slot.confidence, soft=slot.soft or little,
    )  # fmt: skip


def _place_in(slot: Slot, text: str | None) -> tuple[int, int] | None:
    """Where a slot stands in the text."""
    if not text:
        return None
    if slot.span is not None and 0 <= slot.span[0] < slot.span[1] <= len(text):
        return slot.span
    lowered = text.casefold()
    if len(lowered) != len(text):
        return None
    for said in (slot.raw, slot.value if isinstance(slot.value, str) else None):
        at = lowered.find(said.casefold()) if said else -1
        if said and at >= 0:
            return at, at + len(said)
    return None


def _options(requirement: Requirement) -> tuple[NodeRef, ...]:
    return requirement if isinstance(requirement, tuple) else (requirement,)


def _flat(must: Iterable[Requirement]) -> set[NodeRef]:
    return {option for requirement in must for option in _options(requirement)}
