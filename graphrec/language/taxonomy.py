"""The food taxonomy: what an ingredient is, and what it is made with.

Two kinds of edge, `is_a` (almond is a tree nut) and `contains` (soy sauce contains wheat);
:meth:`Taxonomy.ancestors`
closes over both, because an allergen filter must not care which of the two leads to the allergen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from graphrec.errors import InvalidInputError
from graphrec.language.fold import fold
from graphrec.language.vocabulary import Vocabulary, load_vocabulary


class Taxonomy:
    """Kinds and parts of ingredients, closed.

    Args:
        is_a: name to the groups it belongs to, folded.
        contains: name to what it is made with, folded.
        restricted: groups that people avoid (allergens, meats, alcohol, ...).
        aliases: other spelling to name, folded.
    """

    def __init__(
        self,
        is_a: Mapping[str, Iterable[str]],
        contains: Mapping[str, Iterable[str]] | None = None,
        restricted: Iterable[str] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.is_a = {name: tuple(p for p in parents if p != name) for name, parents in is_a.items()}
        self.contains = {
            name: tuple(p for p in parts if p != name) for name, parts in (contains or {}).items()
        }
        self.restricted = frozenset(restricted)
        self.aliases = dict(aliases or {})
        self._check()
        self._kinds: dict[str, frozenset[str]] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._restricted: dict[str, frozenset[str]] = {}
        self._children: dict[str, set[str]] | None = None

    def _check(self) -> None:
        named = set(self.is_a) | set(self.contains)
        for edges in (self.is_a, self.contains):
            for name, targets in edges.items():
                for target in targets:
                    if target not in named:
                        raise InvalidInputError(
                            f"the taxonomy says {name!r} -> {target!r}, and {target!r} is not named in it"
                        )

    def __contains__(self, name: str) -> bool:
        return self.canonical(name) in self.is_a

    def canonical(self, name: str) -> str:
        """`name` folded, with a known other spelling replaced (scallion: green onion)."""
        folded = fold(name)
        return folded if folded in self.is_a else self.aliases.get(folded, folded)

    def _close(self, start: str, contains: bool) -> frozenset[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            name = todo.pop()
            steps = self.is_a.get(name, ()) + (self.contains.get(name, ()) if contains else ())
            for parent in steps:
                if parent not in seen and parent != start:
                    seen.add(parent)
                    todo.append(parent)
        return frozenset(seen)

    def kinds(self, name: str) -> frozenset[str]:
        """What `name` is: the closure over `is_a` alone, without `name` itself."""
        key = self.canonical(name)
        if key not in self._kinds:
            self._kinds[key] = self._close(key, contains=False)
        return self._kinds[key]

    def ancestors(self, name: str) -> frozenset[str]:
        """What `name` is or holds: the closure over both edges, without `name` itself; empty for an unknown
        name.
        """
        key = self.canonical(name)
        if key not in self._ancestors:
            self._ancestors[key] = self._close(key, contains=True)
        return self._ancestors[key]

    def restrictions(self, name: str) -> frozenset[str]:
        """The groups people avoid that `name` is, belongs to or contains."""
        key = self.canonical(name)
        if key not in self._restricted:
            self._restricted[key] = (self.ancestors(key) | {key}) & self.restricted
        return self._restricted[key]

    def descendants(self, name: str) -> frozenset[str]:
        """Every name whose :meth:`ancestors` hold `name`."""
        if self._children is None:
            children: dict[str, set[str]] = {}
            for child in set(self.is_a) | set(self.contains):
                for parent in self.ancestors(child):
                    children.setdefault(parent, set()).add(child)
            self._children = children
        return frozenset(self._children.get(self.canonical(name), ()))


def build_taxonomy(
    groups: Mapping[str, Iterable[str]], restricted: Iterable[str], vocabulary: Vocabulary
) -> Taxonomy:
    """The taxonomy of `groups` with the names of `vocabulary` below them."""
    is_a = {fold(name): tuple(fold(p) for p in parents) for name, parents in groups.items()}
    contains: dict[str, tuple[str, ...]] = {}
    for entry in vocabulary.entries.values():
        is_a[entry.id] = tuple(dict.fromkeys((*is_a.get(entry.id, ()), *entry.kinds)))
        if entry.parts:
            contains[entry.id] = entry.parts
    return Taxonomy(is_a, contains, (fold(r) for r in restricted), vocabulary.spellings)


@cache
def load_taxonomy() -> Taxonomy:
    """The shipped taxonomy: `taxonomy.toml` and the kinds and parts stated in the vocabulary."""
    text = (resources.files("graphrec.language") / "taxonomy.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return build_taxonomy(data["groups"], data["restricted"], load_vocabulary())
