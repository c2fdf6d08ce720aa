"""The value of a slot, linked into the graph: what it is decides, the slot's name only breaks ties."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.adapter.maps import SlotRule
from graphrec.nlu.lexicon import MUST_TYPES, Lexicon, fold_phrase
from graphrec.nlu.parser import ParsedRequest, RequestParser
from graphrec.nlu.result import Slot
from graphrec.nlu.slots import OTHER_NAME, RESPELLED, SAME_NAME
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import NodeRef, Requirement

MAX_VALUE = 1_000
"""Characters of a value that are read."""
CLEAR = 0.15
"""By how much the source's best reading has to lead another one for that to be dropped."""

_NOTHING = re.compile(
    r"(?:no|none|any|anything|whatever|nothing|everything|n/?a|no (?:preferences?|restrictions?|diet|allerg\w+)"
    r"|not? sure|dont care|do not care|null|unknown|any(?:thing)? (?:is fine|works|goes))", re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one value links to.

    Args:
        must: requirements, each one node or alternatives.
        should: wishes.
        must_not: exclusions.
        should_not: what there is to be little of.
        words: what is wanted, in words, for the text scorer.
        hard: the exclusions are a diet's or an allergy's.
        confidence: of the link, 0 to 1.
        options: nodes that an ambiguous value may mean, best first.
        unlinked: what links to nothing.
        lost: exclusions that link to nothing.
        notes: sentences for the user.
    """

    must: tuple[Requirement, ...] = ()
    should: tuple[NodeRef, ...] = ()
    must_not: tuple[NodeRef, ...] = ()
    should_not: tuple[NodeRef, ...] = ()
    words: str = ""
    hard: bool = False
    confidence: float = 1.0
    options: tuple[NodeRef, ...] = ()
    unlinked: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def linked(self) -> bool:
        """Whether some node was found."""
        return bool(self.must or self.should or self.must_not or self.should_not)

    @property
    def node(self) -> NodeRef | None:
        """The node to show for the slot."""
        wanted = (r[0] if isinstance(r, tuple) else r for r in self.must)
        for ref in (*wanted, *self.must_not, *self.should, *self.should_not):
            return ref
        return None

    def refs(self) -> tuple[NodeRef, ...]:
        """Every node, wanted or not."""
        flat = [o for r in self.must for o in (r if isinstance(r, tuple) else (r,))]
        return tuple(dict.fromkeys([*flat, *self.should, *self.must_not, *self.should_not]))


def says_nothing(slot: Slot) -> bool:
    """Whether a value only says that there is none ("none", "any", "no preference")."""
    value = slot.value if isinstance(slot.value, str) else slot.raw
    return isinstance(value, str) and _NOTHING.fullmatch(value.strip().replace("'", "")) is not None


class Linker:
    """Links values; safe to share between threads."""

    def __init__(self, parser: RequestParser, catalogue: Catalogue) -> None:
        self.parser, self.catalogue = parser, catalogue
        self.lexicon: Lexicon = parser.lexicon

    def link(self, slot: Slot, rule: SlotRule) -> Meaning:
        """What a slot means; a slot with polarity -1, or a rule with it, excludes.

        The readings of the source are tried best first, then the words as said. Several that link to different
        nodes, none of them clearly ahead, are alternatives of one requirement; excluded, all of them are.
        """
        if slot.node is not None and (known := self._known(slot.node)) is not None:
            return self._signed(self._node(known, str(slot.value or known.id)), slot, rule)
        found = [
            (meaning, confidence)
            for said, confidence in _readings(slot)
            if (meaning := self._read(said, rule)).linked
        ]
        if found:
            return self._signed(_either(found, slot), slot, rule)
        raw = (slot.raw or "").strip()[:MAX_VALUE]
        if raw and (meaning := self._read(raw, rule)).linked:
            return self._signed(meaning, slot, rule)
        said = next((said for said, _ in _readings(slot)), raw)
        return self._signed(self._lost(said, rule), slot, rule)

    def _known(self, ref: NodeRef) -> NodeRef | None:
        """A node as the catalogue writes it, None when it has none."""
        if ref.type == self.catalogue.item_type:
            return ref if self.catalogue.item_ids.find(ref.id) is not None else None
        attribute = self.catalogue.resolve(ref.type, ref.id)
        return None if attribute is None else NodeRef(ref.type, self.catalogue.attribute_ids[attribute])

    def _node(self, ref: NodeRef, said: str) -> Meaning:
        words = _words(said if ":" not in said else ref.id)
        if ref.type == "diet":
            return self._diet(ref.id) or Meaning(should=(ref,), words=words)
        if ref.type in MUST_TYPES:
            return Meaning(must=(ref,), words=words, confidence=SAME_NAME)
        return Meaning(should=(ref,), words=words, confidence=SAME_NAME)

    def _read(self, said: str, rule: SlotRule) -> Meaning:
        """One reading: an id of the catalogue, one name as a whole, else phrase by phrase."""
        kind, colon, value = said.partition(":")
        if colon and value and (ref := self._known(NodeRef(kind.strip(), value.strip()))) is not None:
            return self._node(ref, said)
        diet = self._diet(said)
        if diet is not None and (rule.read == "diet" or rule.polarity > 0):
            return diet
        return self._whole(said, rule) or self._phrases(said)

    def _whole(self, said: str, rule: SlotRule) -> Meaning | None:
        """The value as one name, in the type that the slot prefers where the name has several."""
        if rule.read in ("text", "diet"):
            return None
        key = fold_phrase(said)
        entry = self.lexicon.lookup(key) if key else None
        if entry is None:
            return None
        if rule.prefer == "ingredient":
            entry = entry.as_ingredient()
        refs = entry.refs
        if rule.prefer not in (None, entry.type) and rule.prefer in entry.types:
            refs = tuple(ref for ref in entry.alternatives if ref.type == rule.prefer)
            entry = replace(entry, type=str(rule.prefer), loose=False)
        confidence = SAME_NAME if any(ref.id == key for ref in refs) else OTHER_NAME
        if rule.polarity < 0:
            excluded = entry.excluded or refs
            return Meaning(must_not=excluded, confidence=confidence) if excluded else None
        if not refs:
            return None
        wished = entry.loose or entry.type not in MUST_TYPES
        requirement = refs if len(refs) > 1 else refs[0]
        return Meaning(
            must=() if wished else (requirement,), should=refs if wished else (),
            must_not=(), words=_words(said), confidence=confidence,
        )  # fmt: skip

    def _phrases(self, said: str) -> Meaning:
        """The value read like a request: it may hold several names, exclusions and diets."""
        parsed = self.parser.parse(said)
        return Meaning(
            must=parsed.must, should=parsed.should, must_not=parsed.must_not, should_not=parsed.should_not,
            words=parsed.wanted,
            hard=any(span.role == "diet" for span in parsed.spans), confidence=_least(parsed, self.lexicon),
            unlinked=parsed.unlinked, lost=parsed.unlinked_exclusions, notes=parsed.notes,
        )  # fmt: skip

    def _diet(self, said: str) -> Meaning | None:
        """An eating habit, also as schema.org writes it ("https://schema.org/GlutenFreeDiet")."""
        name = _diet_words(said)
        parsed = self.parser.parse(name)
        if not any(span.role in ("diet", "soft_diet") for span in parsed.spans) and not parsed.must_not:
            return None
        return None if parsed.must else replace(self._phrases(name), hard=bool(parsed.must_not))

    def _lost(self, said: str, rule: SlotRule) -> Meaning:
        """A value that links to nothing. Said of an exclusion or a diet, the user has to know."""
        if rule.polarity < 0:
            parsed = self.parser.parse(f"without {said}")  # near spellings are excluded too
            if parsed.must_not:
                return Meaning(must_not=parsed.must_not, notes=parsed.notes, confidence=RESPELLED)
            note = f"The exclusion of {said!r} could not be applied: nothing in the catalogue has that name."
            return Meaning(lost=(said,), notes=(note,))
        if rule.read == "diet":
            note = f"The diet {said!r} could not be applied: nothing is known of what it leaves out."
            return Meaning(words=_words(said), unlinked=(said,), notes=(note,))
        return Meaning(words=_words(said), unlinked=(said,) if said else ())

    def _signed(self, meaning: Meaning, slot: Slot, rule: SlotRule) -> Meaning:
        """The same with the polarity of slot and rule, and the confidence of both links."""
        hard = meaning.hard or slot.hard or rule.hard
        confidence = (
            meaning.confidence if slot.confidence is None else min(meaning.confidence, slot.confidence)
        )
        if slot.polarity > 0 and rule.polarity > 0:
            return replace(meaning, hard=hard, confidence=confidence)
        if slot.soft and not hard and not meaning.must_not and rule.polarity > 0:
            return Meaning(should_not=meaning.refs(), confidence=confidence, unlinked=meaning.unlinked)
        if rule.read == "diet" or (meaning.must_not and rule.polarity > 0):
            note = f"{slot.raw or slot.value!r} is not left out: a diet that is not wanted excludes nothing."
            return Meaning(notes=(note,))
        excluded = dict.fromkeys(meaning.must_not)
        for ref in (*meaning.refs(), *meaning.options):
            entry = self.lexicon.lookup(fold_phrase(ref.id))
            excluded[ref] = None
            if entry is not None and ref in entry.refs:
                excluded.update(dict.fromkeys(entry.excluded))
        return replace(
            meaning, must=(), should=(), must_not=tuple(excluded), words="", unlinked=(), hard=hard,
            confidence=confidence, lost=meaning.lost or meaning.unlinked,
        )  # fmt: skip


def _either(found: Sequence[tuple[Meaning, float | None]], slot: Slot) -> Meaning:
    """One meaning of several readings: the first, or all of them as alternatives."""
    first, best = found[0]
    excluded = tuple(dict.fromkeys(ref for meaning, _ in found for ref in meaning.must_not))
    if first.must_not and not first.must:
        return replace(first, must_not=excluded)  # better to leave out one too many
    said = fold_phrase(str(slot.raw or ""))
    near = [
        meaning
        for meaning, confidence in found[1:]
        if meaning.must and not set(meaning.refs()) & set(first.refs())
        and (best is None or confidence is None or best - confidence < CLEAR)
    ]  # fmt: skip
    named = any(fold_phrase(ref.id) == said for ref in first.refs())
    if not near or not first.must or named:
        return first
    wanted = (requirement for meaning in (first, *near) for requirement in meaning.must)
    options = tuple(dict.fromkeys(o for r in wanted for o in (r if isinstance(r, tuple) else (r,))))
    return replace(
        first, must=(options,), options=options, confidence=min(m.confidence for m in (first, *near))
    )


def _readings(slot: Slot) -> Iterator[tuple[str, float | None]]:
    """What the source takes the slot to mean, best first, each once."""
    seen: set[str] = set()
    value = None if slot.value is None else str(slot.value)
    for said, confidence in ((value, slot.confidence), *slot.candidates):
        text = (said or "").strip()[:MAX_VALUE]
        if text and text.casefold() not in seen:
            seen.add(text.casefold())
            yield text, confidence


def _words(said: str) -> str:
    return " ".join(token.word for token in tokenize(said))


def _diet_words(said: str) -> str:
    """ "GlutenFreeDiet" as "gluten free"."""
    name = said.strip().rpartition("/")[2] if "://" in said else said.strip()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\s_-]+diet$", "", spaced, flags=re.IGNORECASE).replace("_", " ").lower()


def _least(parsed: ParsedRequest, lexicon: Lexicon) -> float:
    """Confidence of the least certain link."""
    least = SAME_NAME
    for span in parsed.spans:
        if span.role in ("must", "should", "must_not", "should_not") and span.refs:
            key = fold_phrase(span.text)
            exact = any(ref.id == key for ref in span.refs)
            known = exact or lexicon.lookup(key) is not None
            least = min(least, SAME_NAME if exact else OTHER_NAME if known else RESPELLED)
    return least
