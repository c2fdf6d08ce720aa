"""Hard constraints: which items a query allows. Applied before ranking and never relaxed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle import Catalogue
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement

Int = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The items that satisfy a query.

    Args:
        items: int64, ascending item indices; None when the query allows the whole catalogue.
        notes: what the user should know: unknown nodes, the constraint that left nothing.
    """

    items: Int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """One constraint: a mask to keep, or item indices to drop."""

    label: str
    keep: Mask | None = None
    drop: Int | None = None


def allowed_items(catalogue: Catalogue, query: GraphQuery, seen: Int) -> Allowed:
    """Items that satisfy every constraint of a query.

    * `must`: the item has the node or a kind of it; a node that the catalogue lacks is had by none.
    * `must_not`: the item has neither the node, nor a kind of it, nor anything that holds some of it. Of a
      type that says what items are made of (ingredients), items without any node of that type, or with a
      line that could not be read, are dropped too: they may hold anything. A note counts them where fewer
      than k items are left.
    * `ranges`: the value is known and inside, bounds included.
    * `candidates`: the item is one of them; ids that the catalogue lacks are skipped and counted in a note.

    Args:
        seen: item indices to leave out, where the query asks for it.
    """
    notes: list[str] = []
    steps = list(_steps(catalogue, query, seen, notes))
    if not steps:
        return Allowed(None, tuple(notes))
    mask = np.ones(catalogue.num_items, dtype=np.bool_)
    for step in steps:
        if step.keep is not None:
            mask &= step.keep
        if step.drop is not None:
            mask[step.drop] = False
        if not mask.any():
            notes.append(f"No item satisfies every constraint; after {step.label} none was left.")
            break
    items = np.flatnonzero(_without_unsafe(catalogue, query, mask, notes))
    return Allowed(items, tuple(notes))


def _without_unsafe(catalogue: Catalogue, query: GraphQuery, mask: Mask, notes: list[str]) -> Mask:
    """Take out items that satisfy all that is known of them, but of which too little is known."""
    safe = mask.copy()
    for node_type in {ref.type for ref in query.must_not} & set(catalogue.hierarchical):
        safe[catalogue.items_without(node_type)] = False
        safe[catalogue.items_unread] = False
    left, dropped = int(safe.sum()), int(mask.sum()) - int(safe.sum())
    if dropped and left < query.k:
        items = "1 item is" if dropped == 1 else f"{dropped} items are"
        notes.append(f"{items} left out: an exclusion needs every ingredient known, theirs are not.")
    if dropped and not left:
        notes.append("No item satisfies every constraint; after leaving these out none was left.")
    return safe


def _steps(catalogue: Catalogue, query: GraphQuery, seen: Int, notes: list[str]) -> Iterator[_Step]:
    if query.candidates is not None:
        yield _candidates(catalogue, query.candidates, notes)
    for requirement in query.must:
        yield _must(catalogue, requirement, notes)
    for ref in query.must_not:
        yield _must_not(catalogue, ref, notes)
    for name, (low, high) in query.ranges.items():
        if low is not None or high is not None:
            yield _range(catalogue, name, low, high, notes)
    if query.exclude_seen and len(seen):
        yield _Step("leaving out what the user already knows", drop=seen)


def _mask(catalogue: Catalogue, *groups: Int) -> Mask:
    mask = np.zeros(catalogue.num_items, dtype=np.bool_)
    for items in groups:
        mask[items] = True
    return mask


def items_with(catalogue: Catalogue, ref: NodeRef, *, contained: bool = False) -> Int | None:
    """Items that have a node or a kind of it, ascending; None when the catalogue has no such node.

    Args:
        contained: take those with something that holds some of it, too (soy sauce for wheat).
    """
    if ref.type == catalogue.item_type:
        item = catalogue.item_ids.find(ref.id)
        return None if item is None else np.asarray([item])
    attribute = catalogue.resolve(ref.type, ref.id)
    index = catalogue.attribute_items_contained if contained else catalogue.attribute_items
    return None if attribute is None else index.row(attribute)


def _unknown(catalogue: Catalogue, ref: NodeRef) -> str:
    if ref.type not in (*catalogue.types, catalogue.item_type):
        return f"'{ref}' has an unknown type; the types here are {', '.join(catalogue.types)}."
    return f"'{ref}' is not in this catalogue; check the spelling."


def _must(catalogue: Catalogue, requirement: Requirement, notes: list[str]) -> _Step:
    options = requirement if isinstance(requirement, tuple) else (requirement,)
    label = "must " + " or ".join(map(str, options)) if options else "must of an empty list"
    groups = []
    for ref in options:
        items = items_with(catalogue, ref)
        if items is None:
            notes.append(_unknown(catalogue, ref))
        else:
            groups.append(items)
    return _Step(label, keep=_mask(catalogue, *groups))


def _must_not(catalogue: Catalogue, ref: NodeRef, notes: list[str]) -> _Step:
    items = items_with(catalogue, ref, contained=True)
    if items is None:
        notes.append(_unknown(catalogue, ref))
    return _Step(f"must not {ref}", drop=items)


def _range(catalogue: Catalogue, name: str, low: float | None, high: float | None, notes: list[str]) -> _Step:
    label = f"{name} from {'any' if low is None else low} to {'any' if high is None else high}"
    values = catalogue.properties.get(name)
    if values is None:
        known = ", ".join(sorted(catalogue.properties)) or "none"
        notes.append(f"No item has a number called {name!r}; known are {known}.")
        return _Step(label, keep=_mask(catalogue))
    # A comparison with NaN is false, so an unknown value never passes.
    keep = np.ones(catalogue.num_items, dtype=np.bool_) if low is None else values >= low
    return _Step(label, keep=keep if high is None else keep & (values <= high))


def _candidates(catalogue: Catalogue, ids: tuple[str, ...], notes: list[str]) -> _Step:
    found = [item for item in map(catalogue.item_ids.find, ids) if item is not None]
    if len(found) < len(ids):
        notes.append(f"{len(ids) - len(found)} of {len(ids)} candidates are not in this catalogue.")
    return _Step("restricting to the candidates", keep=_mask(catalogue, np.asarray(found, dtype=np.int64)))
