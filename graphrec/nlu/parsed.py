"""What a request asks for, span by span, and the query that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from graphrec.nlu.durations import Bounds, merge_bounds
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the request and what was made of it.

    Args:
        start: first character.
        end: one past the last character.
        text: the characters between.
        refs: nodes it stands for.
        role: must, should, must_not, should_not, neutral, range, diet, soft_diet, unlinked or unlinked_not.
        alternatives: nodes of other types with the same spelling.
        confidence: 1, or less where a word was taken for a misspelling.
    """

    start: int
    end: int
    text: str
    refs: tuple[NodeRef, ...]
    role: str
    alternatives: tuple[NodeRef, ...] = ()
    confidence: float = 1.0


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
        should_not: what there is to be little of.
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
    should_not: tuple[NodeRef, ...] = ()

    def query(self) -> GraphQuery:
        """The query, joined to the base; its text holds the wanted words only.

        An exclusion of either side removes the node from `must`, `should` and `should_not` of both; what is wanted now
        is no longer to be spared, and the other way round.
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
        spared = frozenset(self.should_not)
        wanted = {o for r in self.must for o in (r if isinstance(r, tuple) else (r,))}.union(self.should)
        wishes = (*(r for r in base.should if r not in spared), *self.should)
        little = (r for r in (*base.should_not, *self.should_not) if r not in wanted)
        note = " ".join(dict.fromkeys(n for n in (base.note, *self.notes) if n)) or None
        return replace(
            base,
            must=tuple(must),
            must_not=must_not,
            should=tuple(r for r in dict.fromkeys(wishes) if r not in banned),
            should_not=tuple(r for r in dict.fromkeys(little) if r not in banned),
            ranges=ranges,
            text=" ".join(t for t in (base.text, self.wanted) if t),
            note=note,
        )


def _allowed(requirement: Requirement, banned: frozenset[NodeRef]) -> Requirement | None:
    options = requirement if isinstance(requirement, tuple) else (requirement,)
    kept = tuple(o for o in options if o not in banned)
    if len(kept) == len(options):
        return requirement
    return (kept if len(kept) > 1 else kept[0]) if kept else None
