"""The nodes that the taxonomy relates to a food for which there is no node: candidates that need no guessing."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec.language.taxonomy import Taxonomy
from graphrec.ranking.query import NodeRef


class Kin:
    """Relatives by name: kinds of a food, what it is a kind of, and what shares a parent with it.

    Args:
        taxonomy: relates names.
        nodes: candidates; those of type `ingredient` have relatives.
    """

    def __init__(self, taxonomy: Taxonomy, nodes: Sequence[NodeRef]) -> None:
        self._taxonomy = taxonomy
        self._places: dict[str, list[int]] = {}
        self._below: dict[str, list[int]] = {}
        for place, ref in enumerate(nodes):
            if ref.type == "ingredient":
                name = taxonomy.canonical(ref.id)
                self._places.setdefault(name, []).append(place)
                for parent in taxonomy.is_a.get(name, ()):
                    self._below.setdefault(parent, []).append(place)

    def of(self, phrase: str) -> list[int]:
        """Places of the relatives among the nodes; none for what the taxonomy does not know."""
        name = self._taxonomy.canonical(phrase)
        if name not in self._taxonomy.is_a:
            return []
        found = dict.fromkeys(place for parent in self._taxonomy.is_a[name] for place in self._below.get(parent, ()))
        for kind in (name, *sorted(self._taxonomy.kinds(name))):
            found.update(dict.fromkeys(self._places.get(kind, ())))
        found.update(dict.fromkeys(self._below.get(name, ())))
        return sorted(found)
