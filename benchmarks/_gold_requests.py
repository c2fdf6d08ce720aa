"""Recipe requests with gold queries (tests/data/README.md): what counts as the same query."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from graphrec.bundle import Catalogue
from graphrec.nlu import Lexicon
from graphrec.nlu.parser import ParsedRequest
from graphrec.nlu.vocabulary import DIETS
from graphrec.ranking.constraints import items_with
from graphrec.ranking.query import NodeRef

RANGES = frozenset({"total_minutes", "calories", "servings"})
"""What the gold says of ranges; of other numbers it says nothing."""
FOLDER = Path(__file__).resolve().parents[1] / "tests" / "data"


def demo_catalogue(folder: Path) -> Catalogue:
    """The catalogue of the demo recipes, which the gold is written for.

    Args:
        folder: an empty folder to work in.
    """
    from graphrec.datasets.demo import import_demo
    from graphrec.ranking.catalogue_from_snapshot import build_catalogue
    from graphrec.store import GraphStore, write_snapshot

    with GraphStore.open(f"sqlite:///{folder / 'demo.db'}") as store:
        for _ in import_demo(store):
            pass
        return build_catalogue(write_snapshot(store, folder / "snapshots"))


def read_gold(half: str) -> list[dict[str, Any]]:
    """The lines of `dev` or `test`."""
    lines = (FOLDER / f"recipe_requests_{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a parsed request; nothing when `faults` is empty.

    Args:
        faults: one short sentence part each, against the reading that fits best.
        missed: exclusions that the parsed query lets through, under every right reading.
    """

    faults: tuple[str, ...]
    missed: tuple[str, ...]


class Judge:
    """Compares parsed requests with gold over one catalogue."""

    def __init__(self, catalogue: Catalogue, lexicon: Lexicon) -> None:
        self.catalogue, self.lexicon = catalogue, lexicon

    def verdict(self, gold: Mapping[str, Any], parsed: ParsedRequest) -> Verdict:
        """Faults against the best of the right readings."""
        verdicts = [self._against(reading, parsed) for reading in _readings(gold)]
        best = min(verdicts, key=lambda v: (len(v.missed), len(v.faults)))
        return best

    def _against(self, gold: Mapping[str, Any], parsed: ParsedRequest) -> Verdict:
        query = parsed.query()
        optional = {str(ref) for ref in gold.get("optional", ())}
        faults = []
        wanted = {frozenset(map(_same, group)) for group in gold.get("must", ())}
        found = {frozenset(_same(str(o)) for o in (r if isinstance(r, tuple) else (r,))) for r in query.must}
        faults += [f"must lacks {_names(g)}" for g in wanted - found]
        faults += [f"must has {_names(g)}" for g in found - wanted if not g <= optional]
        excluded = self._topmost([*map(_ref, gold.get("must_not", ())), *self._diets(gold)])
        taken = self._topmost(query.must_not)
        missed = [str(ref) for ref in excluded if not self._covered(ref, query.must_not)]
        faults += [f"must_not lacks {ref}" for ref in missed]
        faults += [f"must_not has {ref}" for ref in taken if not self._covered(ref, excluded)]
        named = [*gold.get("diets", ()), *gold.get("soft_diets", ())]
        tags = {str(ref) for name in named for ref in self.lexicon.tags(name)}
        wishes, asked = set(gold.get("should", ())), {str(ref) for ref in query.should}
        faults += [f"should lacks {ref}" for ref in wishes - asked]
        faults += [f"should has {ref}" for ref in asked - wishes - optional - tags]
        little, spared = set(gold.get("should_not", ())), {str(ref) for ref in query.should_not}
        faults += [f"should_not lacks {ref}" for ref in little - spared]
        faults += [f"should_not has {ref}" for ref in spared - little - optional if not ref.startswith("keyword:")]
        ranges = {key: tuple(bounds) for key, bounds in gold.get("ranges", {}).items()}
        got = {key: tuple(bounds) for key, bounds in parsed.ranges.items()}
        for key in {*ranges, *got} & RANGES:
            if ranges.get(key) != got.get(key):
                faults.append(f"range {key} is {got.get(key)}, not {ranges.get(key)}")
        reported = [w.casefold() for w in (*parsed.unlinked, *parsed.unlinked_exclusions)]
        for word in (*gold.get("unlinked", ()), *gold.get("unlinked_exclusions", ())):
            if not any(word.casefold() in phrase for phrase in reported):
                faults.append(f"does not report {word!r}")
        return Verdict(tuple(sorted(faults)), tuple(missed))

    def _diets(self, gold: Mapping[str, Any]) -> Iterator[NodeRef]:
        for name in gold.get("diets", ()):
            if name in DIETS:  # of the others nobody says what they forbid: they are reported
                yield from self.lexicon.diet(name)

    def _topmost(self, refs: Iterable[NodeRef]) -> list[NodeRef]:
        """Without those that stand below another of them."""
        kept = dict.fromkeys(refs)
        return [ref for ref in kept if not set(self.lexicon.ancestors(ref)) & kept.keys() - {ref}]

    def _covered(self, ref: NodeRef, excluded: Collection[NodeRef]) -> bool:
        """Whether every item with the node is excluded."""
        if ref in excluded:
            return True
        items = items_with(self.catalogue, ref, contained=True)
        if items is None:
            return False
        out: set[int] = set()
        for other in excluded:
            found = items_with(self.catalogue, other, contained=True)
            out.update(() if found is None else found.tolist())
        return set(items.tolist()) <= out


def span_counts(gold: Mapping[str, Any], parsed: ParsedRequest) -> tuple[int, int, int]:
    """Spans found right, found at all, and wanted: a right one overlaps and has the role of the gold one."""
    wanted = [(s["start"], s["end"], s["role"]) for s in gold.get("spans", ())]
    found = [(s.start, s.end, _ROLES.get(s.role, s.role)) for s in parsed.spans if s.role in _ROLES]
    free = list(found)
    right = 0
    for start, end, role in wanted:
        match = next((f for f in free if f[0] < end and start < f[1] and f[2] == _ROLES.get(role, role)), None)
        if match is not None:
            free.remove(match)
            right += 1
    return right, len(found), len(wanted)


_ROLES = {
    "must": "must", "should": "should", "must_not": "must_not", "range": "range", "diet": "diet", "soft_diet": "diet",
    "unlinked_not": "must_not",
}  # fmt: skip


def _readings(gold: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The line itself and every combination of its alternatives that change different keys."""
    alternatives = gold.get("accept", [])
    for size in range(len(alternatives) + 1):
        for chosen in combinations(alternatives, size):
            keys = [key for alternative in chosen for key in alternative]
            if len(keys) == len(set(keys)):
                yield {**gold, **{k: v for alternative in chosen for k, v in alternative.items()}}


def _same(ref: str) -> str:
    """Courses and title words that count as the same."""
    return _COURSES.get(ref, ref)


_COURSES = {f"keyword:{name}": f"course:{name}" for name in ("soup", "salad")}


def _ref(text: str) -> NodeRef:
    return NodeRef.parse(_same(text))


def _names(group: Iterable[str]) -> str:
    return " or ".join(sorted(group))
