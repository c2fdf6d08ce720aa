"""What a spelling means: the nodes that satisfy it, and the nodes that it excludes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graphrec.ranking.query import NodeRef


@dataclass(frozen=True, slots=True)
class Entry:
    """What a spelling means.

    Args:
        type: node type of the meaning, "" for a known food that the catalogue has no node for.
        refs: nodes that the spelling stands for; any of them satisfies a wish, all of them are excluded.
        excluded: nodes to exclude when the spelling is excluded; a broader group where `refs` is empty.
        alternatives: nodes of other types with the same spelling.
        loose: the meaning is a stand-in ("dinner" for main dish), so a wish and never a requirement.
        kind: a kind of dish ("curry") or a dish by its name, so a requirement whatever the type of its nodes.
    """

    type: str
    refs: tuple[NodeRef, ...]
    excluded: tuple[NodeRef, ...]
    alternatives: tuple[NodeRef, ...] = ()
    loose: bool = False
    kind: bool = False

    @property
    def exact(self) -> bool:
        """Whether the exclusion is what was said rather than a broader group."""
        return bool(self.refs)

    @property
    def types(self) -> frozenset[str]:
        """Every type the spelling may be read as."""
        return frozenset((self.type, *(ref.type for ref in self.alternatives)))

    @property
    def edible(self) -> bool:
        """Whether it may name something that goes into a dish, known to the catalogue or not."""
        return not self.type or "ingredient" in self.types

    def as_ingredient(self) -> Entry:
        """The reading where an ingredient is expected: "with salsa" asks for the salsa, not for a salsa."""
        if self.type == "ingredient":
            return replace(self, loose=False) if self.loose else self
        refs = tuple(ref for ref in self.alternatives if ref.type == "ingredient")
        return Entry("ingredient", refs, self.excluded) if refs else self
