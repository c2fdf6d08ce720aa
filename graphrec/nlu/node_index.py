"""The nodes of one catalogue by the spellings of their ids, names and aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from graphrec.language.taxonomy import Taxonomy, load_taxonomy
from graphrec.nlu import vocabulary
from graphrec.nlu.tokens import tokenize
from graphrec.ranking.query import NodeRef

PRIORITY = ("ingredient", "cuisine", "course", "diet", "category", "brand", "keyword")
MUST_TYPES = frozenset(PRIORITY[:-1])
"""Types that a plain mention requires; a mention of any other type is a wish, unless it is a kind of dish."""
UNLINKED_TYPES = frozenset({"user", "recipe", "item", "meal", "time_band", "health_band"})
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789 ")


class NodeIndex:
    """Nodes by spelling.

    Args:
        nodes: (type, id, name) of every attribute node.
        aliases: (folded spelling, position in `nodes`).
        broader: positions of the is-a ancestors of a node, by its position; None where there is no hierarchy.
        taxonomy: names and groups the catalogue may not know; the shipped one by default.
    """

    def __init__(
        self,
        nodes: Iterable[tuple[str, str, str]],
        *,
        aliases: Iterable[tuple[str, int]] = (),
        broader: Callable[[int], Sequence[int]] | None = None,
        taxonomy: Taxonomy | None = None,
    ) -> None:
        self._nodes = list(nodes)
        self._broader = broader
        self._given_taxonomy = taxonomy
        self._places: dict[str, list[int]] = {}
        self._unfolded: dict[str, list[int]] = {}
        self._index(aliases)

    def _index(self, aliases: Iterable[tuple[str, int]]) -> None:
        places = self._places
        for position, (kind, node, name) in enumerate(self._nodes):
            if kind in UNLINKED_TYPES:
                continue
            for text in (node,) if name == node or not name else (node, name):
                key = text if _LOWER.issuperset(text) else fold_phrase(text)
                if text is node and key != node:
                    self._unfolded.setdefault(node.casefold(), []).append(position)
                known = places.setdefault(key, [])
                if position not in known:
                    known.append(position)
        for text, position in aliases:
            if self._nodes[position][0] not in UNLINKED_TYPES and not self._misleads(text):
                places.setdefault(text, [position])

    def _misleads(self, alias: str) -> bool:
        """Whether a spelling that names one thing in recipes asks for more: "asian noodles" for chow mein."""
        first, _, rest = alias.partition(" ")
        if alias in vocabulary.NARROW_ALIASES:
            return True
        return self.is_cuisine(first) and rest in self._places and alias not in vocabulary.COMPOUNDS

    def is_cuisine(self, word: str) -> bool:
        """Whether a word is the name of a cuisine, here or elsewhere."""
        return word in vocabulary.CUISINES or bool(self._of_type("cuisine", word))

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy that names beyond the catalogue are looked up in."""
        return self._given_taxonomy or load_taxonomy()

    @cached_property
    def types(self) -> frozenset[str]:
        """Node types of the catalogue."""
        return frozenset(kind for kind, _, _ in self._nodes)

    def ref(self, position: int) -> NodeRef:
        """The node at a position."""
        kind, node, _ = self._nodes[position]
        return NodeRef(kind, node)

    def nodes_of(self, kind: str) -> list[tuple[NodeRef, str]]:
        """Every node of a type, with its name."""
        return [(NodeRef(k, node), name or node) for k, node, name in self._nodes if k == kind]

    def named(self, key: str) -> frozenset[str]:
        """Types of the nodes whose own id or name is a spelling; aliases and groups do not count."""
        kinds = {self._nodes[p][0] for p in self._places.get(key, ()) if key in self._own(p)}
        return frozenset(kinds & MUST_TYPES)

    def _own(self, position: int) -> tuple[str, ...]:
        _, node, name = self._nodes[position]
        return tuple(t if _LOWER.issuperset(t) else fold_phrase(t) for t in (node, name) if t)

    def _first_stage(self, kind: str, stages: vocabulary.Stages) -> tuple[NodeRef, ...]:
        for names in stages:
            refs = tuple(r for name in names for r in self._of_type(kind, name))
            if refs:
                return tuple(dict.fromkeys(refs))
        return ()

    def _of_type(self, kind: str, name: str) -> tuple[NodeRef, ...]:
        return tuple(self.ref(p) for p in self._places.get(name, ()) if self._nodes[p][0] == kind)

    def headed(self, word: str) -> tuple[NodeRef, ...]:
        """Ingredients whose id of several words ends in a word."""
        return self._by_head.get(word, ())

    @cached_property
    def _by_head(self) -> dict[str, tuple[NodeRef, ...]]:
        found: dict[str, list[NodeRef]] = {}
        for kind, node, _ in self._nodes:
            if kind == "ingredient" and " " in node:
                found.setdefault(node.rpartition(" ")[2], []).append(NodeRef(kind, node))
        return {word: tuple(refs) for word, refs in found.items()}

    def _filed_under(self, ref: NodeRef) -> tuple[NodeRef, ...]:
        if self._broader is None:
            return ()
        places = [p for p in self._places.get(ref.id, ()) if self._nodes[p][:2] == (ref.type, ref.id)]
        return tuple(a for p in places for a in (self.ref(q) for q in self._broader(p)) if a != ref)

    def tags(self, name: str) -> tuple[NodeRef, ...]:
        """Diet or keyword nodes of a name: a wish for what is labelled so."""
        places = self._places.get(name, ())
        refs = [self.ref(p) for p in places]
        return tuple(r for r in refs if r.type == "diet") or tuple(r for r in refs if r.type == "keyword")


def fold_phrase(text: str) -> str:
    """The lookup key of a name: the lemmas of its words."""
    return " ".join(token.lemma for token in tokenize(text))
