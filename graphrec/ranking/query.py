"""The one form in which a request reaches the ranker."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from graphrec.errors import InvalidInputError

Bounds: TypeAlias = tuple[float | None, float | None]
"""Smallest and largest allowed value, both inclusive; None leaves a side open."""


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node by type and value; the value is an id, a name or an alias, in any spelling that folds alike."""

    type: str
    id: str

    @classmethod
    def parse(cls, text: str) -> NodeRef:
        """From `TYPE:VALUE`, e.g. `ingredient:chicken breast`.

        Raises:
            InvalidInputError: there is no colon, or nothing on one side of it.
        """
        kind, colon, value = text.partition(":")
        if not colon or not kind.strip() or not value.strip():
            raise InvalidInputError(
                f"{text!r} names no node; write TYPE:VALUE, for example ingredient:chicken."
            )
        return cls(kind.strip(), value.strip())

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


Requirement: TypeAlias = NodeRef | tuple[NodeRef, ...]
"""One node, or several of which any one is enough."""


@dataclass(frozen=True, slots=True)
class GraphQuery:
    """What to rank for whom.

    Args:
        user: external id; None ranks by the request alone.
        must: every one has to hold; a tuple inside holds when any of its nodes does.
        must_not: none may hold.
        should: wishes, they only move the score.
        ranges: bounds per numeric property; an item without the value never satisfies one.
        text: the request in words, read by the trained request scorer.
        k: how many items at most; fewer is the honest answer when fewer satisfy the query.
        exclude_seen: leave out what the user already interacted with.
        candidates: external item ids to choose from; None means the whole catalogue.
        note: what the reader of the request has to say (a word that no node links to); echoed in the answer.
        should_not: what is rather not wanted; it lowers the score and filters nothing.
        taught: those of `must_not`, `should` and `should_not` that the user once said of themselves, and that this
            request does not say by itself.
    """

    user: str | None = None
    must: tuple[Requirement, ...] = ()
    must_not: tuple[NodeRef, ...] = ()
    should: tuple[NodeRef, ...] = ()
    ranges: Mapping[str, Bounds] = field(default_factory=dict)
    text: str = ""
    k: int = 10
    exclude_seen: bool = True
    candidates: tuple[str, ...] | None = None
    note: str | None = None
    should_not: tuple[NodeRef, ...] = ()
    taught: tuple[NodeRef, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 0:
            raise InvalidInputError(f"k must be a whole number of 0 or more, but {self.k!r} was given.")
        for name, bounds in self.ranges.items():
            if len(bounds) != 2 or any(b is not None and math.isnan(b) for b in bounds):
                raise InvalidInputError(f"The range of {name!r} must be [low, high], not {bounds!r}.")

    @property
    def has_request(self) -> bool:
        """Whether something is wanted now. Exclusions and ranges alone only filter: they reorder nothing. What is
        rather not wanted, or liked in general, moves scores but asks for nothing.
        """
        return bool(self.text or self.must or set(self.should).difference(self.taught))

    def refs(self) -> tuple[NodeRef, ...]:
        """Every wanted node: `must` with its alternatives, then `should`."""
        nodes = [ref for item in self.must for ref in (item if isinstance(item, tuple) else (item,))]
        return tuple(dict.fromkeys([*nodes, *self.should]))

    def without(self, ref: NodeRef) -> GraphQuery:
        """The query that never asked for `ref`."""
        must: list[Requirement] = []
        for item in self.must:
            options = tuple(o for o in (item if isinstance(item, tuple) else (item,)) if o != ref)
            if options:
                must.append(options if isinstance(item, tuple) else options[0])
        return replace(self, must=tuple(must), should=tuple(r for r in self.should if r != ref))

    def untaught(self) -> GraphQuery:
        """The request by itself, without what the user once said of themselves."""
        if not self.taught:
            return self
        taught = frozenset(self.taught)

        def kept(refs: tuple[NodeRef, ...]) -> tuple[NodeRef, ...]:
            return tuple(ref for ref in refs if ref not in taught)

        return replace(
            self, must_not=kept(self.must_not), should=kept(self.should), should_not=kept(self.should_not),
            taught=(),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; an inner list of `must` is an OR."""
        out: dict[str, Any] = {
            "user": self.user,
            "must": [[str(o) for o in r] if isinstance(r, tuple) else str(r) for r in self.must],
            "must_not": [str(r) for r in self.must_not],
            "should": [str(r) for r in self.should],
            "ranges": {name: list(bounds) for name, bounds in self.ranges.items()},
            "text": self.text,
            "k": self.k,
            "exclude_seen": self.exclude_seen,
        }
        if self.candidates is not None:
            out["candidates"] = list(self.candidates)
        for name in ("should_not", "taught"):
            if getattr(self, name):
                out[name] = [str(r) for r in getattr(self, name)]
        if self.note:
            out["note"] = self.note
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GraphQuery:
        """The inverse of :meth:`to_json`; absent keys take their defaults.

        Raises:
            InvalidInputError: an unknown key, or a value of the wrong type.
        """
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise InvalidInputError(f"A query has no field {', '.join(map(repr, unknown))}; remove it.")
        values: dict[str, Any] = {key: data[key] for key in ("k", "exclude_seen") if key in data}
        values["user"] = None if data.get("user") is None else str(data["user"])
        values["text"] = str(data.get("text") or "")
        values["note"] = data.get("note")
        values["must"] = tuple(_requirement(r) for r in _items(data, "must"))
        values["must_not"] = tuple(_ref(r) for r in _items(data, "must_not"))
        for name in ("should", "should_not", "taught"):
            values[name] = tuple(_ref(r) for r in _items(data, name))
        values["ranges"] = {str(n): _bounds(str(n), b) for n, b in dict(data.get("ranges") or {}).items()}
        if data.get("candidates") is not None:
            values["candidates"] = tuple(str(c) for c in _items(data, "candidates"))
        if not isinstance(values.get("exclude_seen", True), bool):
            raise InvalidInputError(f"exclude_seen must be true or false, not {values['exclude_seen']!r}.")
        return cls(**values)


def as_requirements(values: Iterable[Requirement | str | Iterable[str | NodeRef]]) -> tuple[Requirement, ...]:
    """`must` as callers write it (strings, refs, groups of them) in the form of a query."""
    return tuple(_requirement(value) for value in values)


def as_refs(values: Iterable[NodeRef | str]) -> tuple[NodeRef, ...]:
    """`must_not` or `should` as callers write it in the form of a query."""
    return tuple(_ref(value) for value in values)


def _items(data: Mapping[str, Any], key: str) -> Iterable[Any]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InvalidInputError(f"{key!r} of a query must be a list, but {value!r} was given.")
    return value


def _ref(value: Any) -> NodeRef:
    if isinstance(value, NodeRef):
        return value
    if isinstance(value, Mapping) and set(value) == {"type", "id"}:
        return NodeRef(str(value["type"]), str(value["id"]))
    if isinstance(value, str):
        return NodeRef.parse(value)
    raise InvalidInputError(f"{value!r} names no node; write TYPE:VALUE, for example ingredient:chicken.")


def _requirement(value: Any) -> Requirement:
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(_ref(v) for v in value)
    return _ref(value)


def _bounds(name: str, value: Any) -> Bounds:
    sides = [value.get("min"), value.get("max")] if isinstance(value, Mapping) else value
    numeric = isinstance(sides, list | tuple) and all(
        s is None or (isinstance(s, int | float) and not isinstance(s, bool)) for s in sides
    )
    if not numeric or len(sides) != 2:
        raise InvalidInputError(f"The range of {name!r} must be [low, high], but {value!r} was given.")
    return sides[0], sides[1]
