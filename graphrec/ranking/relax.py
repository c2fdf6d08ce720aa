"""What gives way when a query leaves too little: an explicit order, reported step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from graphrec.errors import InvalidInputError
from graphrec.ranking.answer import Answer
from graphrec.ranking.query import Bounds, GraphQuery, Requirement

WIDER = 1.5
"""By how much a range is widened: an upper bound is multiplied by it, a lower one divided."""

SCALABLE = "servings"
"""A dish can be cooked for more or fewer: this range goes first, and goes altogether."""


class Ranker(Protocol):
    """The part of a :class:`graphrec.ranking.Recommender` that relaxation asks."""

    def answer(self, query: GraphQuery, *, explain: bool = False) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Relaxed:
    """One thing that gave way.

    Args:
        what: the part of the query.
        name: the property, or the text form of the requirement.
        before: what was asked for, in words.
        after: what was taken instead; None where the requirement was dropped.
        spoken: what was done, as a part of a sentence.
    """

    what: Literal["ranges", "must"]
    name: str
    before: str
    after: str | None
    spoken: str

    def __str__(self) -> str:
        return f"{self.before} dropped" if self.after is None else f"{self.before} widened to {self.after}"

    def to_json(self) -> dict[str, Any]:
        return {"what": self.what, "name": self.name, "before": self.before, "after": self.after}


def recommend_relaxed(
    recommender: Ranker, query: GraphQuery, *, confidence: Mapping[str, float], minimum: int = 1,
    explain: bool = False,
) -> tuple[Answer, tuple[Relaxed, ...]]:  # fmt: skip
    """The answer to a query, or, where it has fewer than `minimum` items, to the least relaxed one that has more.

    The order is: wishes, text, the number of servings, other ranges (widened by half, one after the other), soft
    requirements (the link held least certain first, of equals the one said last; the last requirement of a query
    stays, for without it the answer would be to another question). Wishes and text only order the items here, so
    giving them up never changes which items there are, and those two steps are skipped. What gave way in vain, because
    something later was the obstacle, is restored. Exclusions, and with them diets and allergies, `candidates`, what
    the user has seen, and requirements that `confidence` does not name are never touched.

    Args:
        confidence: of each soft requirement by its text form (:func:`requirement_text`), 0 to 1.
        minimum: as many items are enough; never more than the query's k.

    Returns:
        The answer, and what gave way for it, in order. Where no relaxation reaches `minimum`, the first that
        brings the most items.

    Raises:
        InvalidInputError: `minimum` is less than 1.
    """
    if minimum < 1:
        raise InvalidInputError(f"minimum must be 1 or more, but {minimum!r} was given.")
    enough = min(minimum, query.k)
    strict = recommender.answer(query, explain=explain)
    if len(strict.items) >= enough:
        return strict, ()
    best = _first_that_helps(recommender, query, confidence, enough, len(strict.items))
    if not best:
        return strict, ()
    kept = _needed(recommender, query, best, enough)
    answer = recommender.answer(_applied(query, kept), explain=explain)
    return answer, tuple(step.report for step in kept)


def requirement_text(requirement: Requirement) -> str:
    """The text form of a requirement: `type:id`, alternatives joined by ` or `."""
    options = requirement if isinstance(requirement, tuple) else (requirement,)
    return " or ".join(map(str, options))


@dataclass(frozen=True, slots=True)
class _Step:
    """One relaxation: a range to widen, or a requirement to drop."""

    report: Relaxed
    bounds: Bounds | None = None
    requirement: Requirement | None = None

    def apply(self, query: GraphQuery) -> GraphQuery:
        if self.bounds is not None:
            return replace(query, ranges={**query.ranges, self.report.name: self.bounds})
        return replace(query, must=tuple(r for r in query.must if r != self.requirement))


def _steps(query: GraphQuery, confidence: Mapping[str, float]) -> Iterator[_Step]:
    if (bounds := query.ranges.get(SCALABLE, (None, None))) != (None, None):
        spoken = "I took dishes for another number of people, to be made larger or smaller"
        report = Relaxed("ranges", SCALABLE, _range_text(SCALABLE, bounds), None, spoken)
        yield _Step(report, bounds=(None, None))
    for name, bounds in query.ranges.items():
        wider = _widened(bounds)
        if name != SCALABLE and wider != bounds:
            before, after = _range_text(name, bounds), _range_text(name, wider)
            spoken = f"I also looked at {_spoken_range(name, wider)}"
            yield _Step(Relaxed("ranges", name, before, after, spoken), bounds=wider)
    wanted = dict.fromkeys(query.must)
    soft = [requirement for requirement in wanted if requirement_text(requirement) in confidence]
    order = sorted(reversed(soft), key=lambda requirement: confidence[requirement_text(requirement)])
    for requirement in order[: len(wanted) - 1]:
        text = requirement_text(requirement)
        options = requirement if isinstance(requirement, tuple) else (requirement,)
        spoken = f"I did without {' or '.join(ref.id for ref in options)}"
        yield _Step(Relaxed("must", text, text, None, spoken), requirement=requirement)


def _first_that_helps(
    recommender: Ranker, query: GraphQuery, confidence: Mapping[str, float], enough: int, had: int
) -> tuple[_Step, ...]:
    """The steps up to the first after which there are enough items; else up to the one with the most."""
    best: tuple[_Step, ...] = ()
    taken: tuple[_Step, ...] = ()
    for step in _steps(query, confidence):
        taken = (*taken, step)
        count = _count(recommender, _applied(query, taken), enough)
        if count > had:
            best, had = taken, count
        if count >= enough:
            break
    return best


def _needed(
    recommender: Ranker, query: GraphQuery, taken: tuple[_Step, ...], enough: int
) -> tuple[_Step, ...]:
    """Those steps without which there would be fewer items; of those given in vain the later ones go first."""
    target = _count(recommender, _applied(query, taken), enough)
    kept = taken
    for step in reversed(taken[:-1]):
        without = tuple(other for other in kept if other is not step)
        if _count(recommender, _applied(query, without), enough) >= target:
            kept = without
    return kept


def _count(recommender: Ranker, query: GraphQuery, enough: int) -> int:
    return len(recommender.answer(replace(query, k=enough)).items)


def _applied(query: GraphQuery, steps: tuple[_Step, ...]) -> GraphQuery:
    for step in steps:
        query = step.apply(query)
    return query


def _widened(bounds: Bounds) -> Bounds:
    """Both sides half as far again; a side at or below zero only moves outwards."""
    low, high = bounds
    low = None if low is None else (low / WIDER if low > 0 else low * WIDER)
    high = None if high is None else (high * WIDER if high > 0 else high / WIDER)
    return low, high


def _range_text(name: str, bounds: Bounds) -> str:
    low, high = bounds
    if low is None:
        return f"{name} at most {_plain(high)}"
    return f"{name} at least {_plain(low)}" if high is None else f"{name} {_plain(low)} to {_plain(high)}"


def _spoken_range(name: str, bounds: Bounds) -> str:
    """ "dishes of up to 45 minutes", "dishes of at least 200 calories"."""
    unit = name.rpartition("_")[2]
    low, high = as_spoken(name, bounds)
    if low is None:
        return f"dishes of up to {_plain(high)} {unit}"
    if high is None:
        return f"dishes of at least {_plain(low)} {unit}"
    return f"dishes of {_plain(low)} to {_plain(high)} {unit}"


def as_spoken(name: str, bounds: Bounds) -> Bounds:
    """Bounds as one says them: minutes whole, an upper bound rounded down and a lower one up, so that what is said
    holds of every dish found.
    """
    low, high = bounds
    if name.rpartition("_")[2] != "minutes":
        return bounds
    low = float(math.ceil(low)) if low is not None and math.isfinite(low) else low
    return low, float(max(1, math.floor(high))) if high is not None and math.isfinite(high) else high


def _plain(value: float | None) -> str:
    return f"{value or 0:.4g}" if value is None or abs(value) < 1e4 else f"{value:.0f}"
