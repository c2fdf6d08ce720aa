"""From a spelling to the catalogue's nodes: folded ids, names, aliases, taxonomy groups, near spellings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from graphrec.language.taxonomy import Taxonomy
from graphrec.nlu import vocabulary
from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.dishes import Dishes
from graphrec.nlu.entry import Entry
from graphrec.nlu.naming import is_name
from graphrec.nlu.node_index import MUST_TYPES, PRIORITY, NodeIndex, fold_phrase
from graphrec.nlu.spelling import Speller
from graphrec.ranking.query import NodeRef

if TYPE_CHECKING:
    from graphrec.bundle.catalogue import Catalogue

__all__ = ["MAX_WORDS", "MUST_TYPES", "Lexicon", "fold_phrase", "is_plated"]
MAX_WORDS = 6
_DISHES = vocabulary.DISHES | vocabulary.PLATED
_NAMES = _DISHES | vocabulary.DISH_NAMES
_LOOSE = vocabulary.VAGUE | _DISHES
_DISH_TYPES = ("course", "category", "keyword")


class Lexicon(NodeIndex):
    """The linkable nodes of one catalogue.

    Args:
        nodes: (type, id, name) of every attribute node.
        aliases: (folded spelling, position in `nodes`).
        broader: positions of the is-a ancestors of a node, by its position; None where there is no hierarchy.
        taxonomy: names and groups the catalogue may not know; the shipped one by default.
        dishes: the titles of the catalogue, which say what words are kinds of dish; None where there are none.
    """

    def __init__(
        self,
        nodes: Iterable[tuple[str, str, str]],
        *,
        aliases: Iterable[tuple[str, int]] = (),
        broader: Callable[[int], Sequence[int]] | None = None,
        taxonomy: Taxonomy | None = None,
        dishes: Dishes | None = None,
    ) -> None:
        super().__init__(nodes, aliases=aliases, broader=broader, taxonomy=taxonomy)
        self.dishes = dishes
        self._cache: dict[str, Entry | None] = {}
        self._named: dict[str, Entry | None] = {}
        self._near: dict[tuple[str, int], tuple[Entry, ...]] = {}

    @classmethod
    def from_catalogue(cls, catalogue: Catalogue) -> Lexicon:
        """The lexicon of a bundle's catalogue."""
        kinds = [catalogue.types[code] for code in catalogue.attribute_type.tolist()]
        aliases = zip(catalogue.alias, catalogue.alias_attribute.tolist(), strict=True)
        indptr, indices = catalogue.broader.indptr, catalogue.broader.indices
        return cls(
            zip(kinds, catalogue.attribute_ids, catalogue.attribute_names, strict=True),
            aliases=aliases,
            broader=lambda node: indices[int(indptr[node]) : int(indptr[node + 1])].tolist(),
            dishes=Dishes(zip(catalogue.item_ids, catalogue.titles, strict=True), catalogue.item_type),
        )

    def dish(self, key: str) -> Entry | None:
        """The items that a phrase names as a dish of its own, rather than by what it is made of.

        Args:
            key: folded words without the small ones, see :func:`graphrec.nlu.dishes.title_key`.
        """
        if self.dishes is None:
            return None
        try:
            return self._named[key]
        except KeyError:
            same = vocabulary.DISH_SYNONYMS.get(key, key)
            items = self.dishes.items(key) or self.dishes.items(same) or self.dishes.items(_usual(key))
            refs = tuple(NodeRef(self.dishes.item_type, item) for item in items)
            entry = None
            if refs and (same != key or is_name(key, self.own_meaning)):
                entry = Entry(self.dishes.item_type, refs, refs, kind=True)
            if len(self._named) > 50_000:
                self._named.clear()
            self._named[key] = entry
            return entry

    def lookup(self, key: str) -> Entry | None:
        """What a folded spelling means, or None."""
        try:
            return self._cache[key]
        except KeyError:
            entry = self._find(key)
            if entry is not None and entry.type == "ingredient" and key in _LOOSE:
                entry = replace(entry, loose=True)
            elif entry is not None and entry.type == "keyword" and self._is_kind(key):
                entry = replace(entry, kind=True)
            if len(self._cache) > 50_000:
                self._cache.clear()
            self._cache[key] = entry
            return entry

    def own_meaning(self, key: str) -> Entry | None:
        """What a spelling means by the name of a node or in request English, and not as an alias alone: lists of
        ingredients say "chana masala" for a spice.
        """
        entry = self.lookup(key)
        if entry is None or entry.type == "keyword" or entry.type in self.named(key):
            return entry
        tables = (vocabulary.INGREDIENTS, vocabulary.CUISINES, vocabulary.COURSES, vocabulary.CHEESES)
        return entry if any(key in table for table in tables) else None

    def is_request_word(self, key: str) -> bool:
        """Whether the tables of request English spell a phrase out."""
        return key in vocabulary.INGREDIENTS

    def _is_kind(self, key: str) -> bool:
        """Whether a word of titles is a kind of dish; where there are no titles, nothing says so."""
        if self.dishes is None or key in vocabulary.FORMS or key in STOPWORDS:
            return False
        if " " in key:
            return key in vocabulary.DISH_NAMES
        return (key in _DISHES and key not in vocabulary.SIDES) or self.dishes.is_kind(key)

    def unfolded(self, said: str) -> Entry | None:
        """The node whose id is exactly what was said, where folding would lead to another one as well."""
        positions = [*self._unfolded.get(said, ()), *self._places.get(said, ())]
        kept = [p for p in positions if self._nodes[p][0] in MUST_TYPES]
        refs = [self.ref(p) for p in kept if self._nodes[p][1].casefold() == said]
        return Entry(refs[0].type, (refs[0],), self._closed((refs[0],), ())) if refs else None

    def plural(self, word: str) -> Entry | None:
        """The meaning of a word whose plural is a matter of its own ("peppers"), or None."""
        stages = vocabulary.PLURALS.get(word)
        refs = self._first_stage("ingredient", stages) if stages is not None else ()
        return Entry("ingredient", refs, refs) if refs else None

    def _find(self, key: str) -> Entry | None:
        positions = self._places.get(key, ())
        by_type: dict[str, list[int]] = {}
        for position in positions:
            by_type.setdefault(self._nodes[position][0], []).append(position)
        best = min(by_type, key=_rank, default="")
        if (
            is_plated(key) and best != "ingredient"
        ):  # without a node "chocolate cake" is chocolate, and a cake
            return self._plain(key, best, by_type) if best else None
        if best == "ingredient":
            staged = None if "ingredient" in self.named(key) else self._course(key, "") or self._region(key)
            if staged is not None and key not in _DISHES:
                return staged  # "starter" is a course before it is a sourdough starter
            return self._ingredient_entry(key, by_type)
        staged = self._staged(key, best)
        if staged is not None:
            return staged
        if best:
            return self._plain(key, best, by_type)
        return self.lookup(f"{key} cheese") if key in vocabulary.CHEESES else None

    def _plain(self, key: str, best: str, by_type: dict[str, list[int]]) -> Entry:
        refs, every = self._preferred(key, by_type[best])
        return Entry(best, refs, every, self._others(by_type, best))

    def _preferred(
        self, key: str, positions: Sequence[int]
    ) -> tuple[tuple[NodeRef, ...], tuple[NodeRef, ...]]:
        """What a spelling asks for and what it excludes: a node of that id, while an exclusion takes every
        node of that id or name.
        """
        every = tuple(self.ref(p) for p in positions)
        exact = tuple(ref for ref in every if ref.id == key)
        return (exact or every), every

    def _staged(self, key: str, best: str) -> Entry | None:
        """A meaning from the tables of request English, where it outranks the type `best`."""
        stages = vocabulary.INGREDIENTS.get(key)
        refs = self._first_stage("ingredient", stages) if stages is not None else ()
        if refs and stages is not None:
            return Entry("ingredient", refs, self._closed(refs, stages[0]))
        entry = (self._region(key) if best != "cuisine" else None) or self._course(key, best)
        if entry is not None or best in ("cuisine", "course", "diet") or (best and key in _NAMES):
            return entry
        entry = self._from_taxonomy(key)
        return entry if entry is not None and (entry.refs or not best) else None

    def _region(self, key: str) -> Entry | None:
        """The cuisine of a country or region."""
        stages = vocabulary.CUISINES.get(key)
        refs = self._first_stage("cuisine", stages) if stages is not None else ()
        return Entry("cuisine", refs, refs) if refs else None

    def _course(self, key: str, best: str) -> Entry | None:
        """The course that a word leads to, unless a node of type `best` says it better."""
        stages = vocabulary.COURSES.get(key) if best != "course" else None
        refs = self._first_stage("course", stages) if stages is not None else ()
        loose = bool(refs) and key in vocabulary.LOOSE_COURSES and refs[0].id != key
        return None if not refs or (loose and best) else Entry("course", refs, refs, loose=loose)

    def _ingredient_entry(self, key: str, by_type: dict[str, list[int]]) -> Entry:
        refs, every = self._preferred(key, by_type["ingredient"])
        others = self._others(by_type, "ingredient")
        excluded = self._closed(every, (key,))
        dish = key in _DISHES and (key not in vocabulary.SIDES or "course" in by_type)
        if dish or is_plated(key) or "course" in by_type:  # an exclusion means the dish as well as the ingredient
            excluded = tuple(dict.fromkeys([*(r for r in others if r.type in _DISH_TYPES), *excluded]))
        plate = self._dish(key, by_type) if key in _DISHES else None
        if plate is not None:
            return Entry(plate.type, plate.refs, excluded, refs, plate.loose)
        return Entry("ingredient", refs, excluded, others)

    def _dish(self, key: str, by_type: dict[str, list[int]]) -> Entry | None:
        """The dish that a word names besides an ingredient: a course, else a keyword."""
        staged = self._course(key, "") if "course" not in by_type else None
        for kind in _DISH_TYPES:
            if kind in by_type:
                refs = tuple(self.ref(p) for p in by_type[kind])
                return Entry(kind, refs, refs)
            if kind == "course" and staged is not None and not staged.loose:
                return staged
        return staged

    def _closed(self, refs: tuple[NodeRef, ...], names: Sequence[str]) -> tuple[NodeRef, ...]:
        """`refs` and those of their kinds in the taxonomy that the catalogue does not already file under
        them.
        """
        out = dict.fromkeys(refs)
        ids = {ref.id for ref in refs}
        for name in dict.fromkeys([*names, *ids]):
            for kind_of in sorted(self.taxonomy.descendants(name)):
                for position in self._places.get(kind_of, ()):
                    ref = self.ref(position)
                    if ref.type == "ingredient" and not ids & {r.id for r in (ref, *self._filed_under(ref))}:
                        out[ref] = None
        return tuple(out)

    def _from_taxonomy(self, key: str) -> Entry | None:
        """A food that the taxonomy knows: its node by another name, its kinds, or for exclusions its
        group.
        """
        if fold_phrase(key) in vocabulary.NARROW_ALIASES:
            return None
        name = self.taxonomy.canonical(key)
        words = key.split()
        if (
            name != key
            and len(words) > 1
            and self.is_cuisine(words[0])
            and key not in vocabulary.COMPOUNDS
        ):
            return None  # "asian noodle" is no one noodle
        if name not in self.taxonomy.is_a:
            return Entry("", (), self._parts(key)) if key in vocabulary.COMPOUNDS else None
        same = self._of_type("ingredient", name)
        if same:
            return Entry("ingredient", same, self._closed(same, (name,)))
        kinds, below = self._below(name)
        if below:
            return Entry("ingredient" if kinds else "", kinds, below)
        head = key.rpartition(" ")[2]
        if head != key and key not in vocabulary.COMPOUNDS and self._is_kind_of(name, head):
            return None  # "asian noodle" without a node: its words are read one by one
        return Entry("", (), self._nearest_group(name) or self._parts(key))

    def _is_kind_of(self, name: str, head: str) -> bool:
        entry = self.lookup(head)
        kinds = self.taxonomy.kinds(name)
        return entry is not None and any(ref.id in kinds for ref in entry.refs)

    def _below(self, name: str) -> tuple[tuple[NodeRef, ...], tuple[NodeRef, ...]]:
        """The topmost nodes of the catalogue below a taxonomy name that has no node itself: its kinds, which
        satisfy a wish, and with them what holds it, which an exclusion leaves out too.
        """
        found = [r for k in sorted(self.taxonomy.descendants(name)) for r in self._of_type("ingredient", k)]
        kinds = [r for r in found if name in self.taxonomy.kinds(r.id)]
        return self._topmost(kinds, self._kinds_above), self._topmost(found, self._filed_under)

    def _kinds_above(self, ref: NodeRef) -> tuple[NodeRef, ...]:
        names = sorted(self.taxonomy.kinds(ref.id))
        return tuple(r for name in names for r in self._of_type("ingredient", name))

    def _topmost(
        self, refs: Iterable[NodeRef], above: Callable[[NodeRef], tuple[NodeRef, ...]]
    ) -> tuple[NodeRef, ...]:
        """Those that no other of them covers; one by one, for of two that cover each other one must stay."""
        kept = dict.fromkeys(refs)
        for ref in list(kept):
            if any(a in kept for a in above(ref)):
                del kept[ref]
        return tuple(kept)

    def _nearest_group(self, name: str) -> tuple[NodeRef, ...]:
        """The nearest broader nodes of a name without one, where people avoid such things for a reason."""
        taxonomy = self.taxonomy
        level = [name] if taxonomy.restrictions(name) else []
        while level:
            level = [
                up for low in level for up in (*taxonomy.is_a.get(low, ()), *taxonomy.contains.get(low, ()))
            ]
            refs = [
                r
                for group in level
                if taxonomy.restrictions(group)
                for r in self._of_type("ingredient", group)
            ]
            if refs:
                return tuple(dict.fromkeys(refs))
        return ()

    def _parts(self, key: str) -> tuple[NodeRef, ...]:
        """Ingredients named inside a compound without a node: what "no cashew butter" excludes at least."""
        words = key.split()
        for word in words if len(words) > 1 else ():
            entry = self.lookup(word)
            if entry is not None and entry.type == "ingredient":
                return entry.excluded
        return ()

    def ancestors(self, ref: NodeRef) -> tuple[NodeRef, ...]:
        """Broader nodes of an ingredient: those of the catalogue, and those the taxonomy adds."""
        found = dict.fromkeys(self._filed_under(ref))
        if ref.type == "ingredient":
            for name in sorted(self.taxonomy.ancestors(ref.id)):
                found.update(dict.fromkeys(self._of_type("ingredient", name)))
        found.pop(ref, None)
        return tuple(found)

    def diet(self, name: str) -> tuple[NodeRef, ...]:
        """Nodes that a diet forbids, the broadest only."""
        key = f"\0{name}"
        known = self._cache.get(key)
        if known is None:
            refs: dict[NodeRef, None] = {}
            for group in vocabulary.DIETS[name]:
                entry = self.lookup(group)
                if entry is not None and entry.type == "ingredient":
                    refs.update(dict.fromkeys(entry.excluded))
            kept = self._topmost(refs, self._filed_under)
            known = self._cache[key] = Entry("ingredient", kept, kept)
        return known.refs

    @cached_property
    def _speller(self) -> Speller:
        kinds = ("ingredient", "cuisine")
        return Speller(
            k for k, places in self._places.items() if any(self._nodes[p][0] in kinds for p in places)
        )

    def similar(self, key: str, *, limit: int) -> tuple[Entry, ...]:
        """Entries whose spelling is nearest to an unknown one, at most `limit` slips away; ties are all
        given.
        """
        known = self._near.get((key, limit))
        if known is None:
            entries = (self.lookup(word) for word in self._speller.near(key, limit=limit))
            if len(self._near) > 10_000:
                self._near.clear()
            known = self._near[key, limit] = tuple(e for e in entries if e is not None)
        return known

    def spoken_words(self) -> frozenset[str]:
        """Folded words that requests may be expected to hold: of foods, cuisines, courses, dishes and titles."""
        keys = [
            key
            for key, places in self._places.items()
            if any(self._nodes[p][0] in MUST_TYPES and self._nodes[p][1] == key for p in places)
            or (" " not in key and self._is_kind(key))
        ]
        for table in (vocabulary.INGREDIENTS, vocabulary.CUISINES, vocabulary.COURSES):
            keys += [key for key in table if self.lookup(key) is not None]
        titles = self.dishes.words if self.dishes is not None else frozenset()
        return frozenset(word for key in keys for word in key.split()) | titles

    def _others(self, by_type: dict[str, list[int]], best: str) -> tuple[NodeRef, ...]:
        return tuple(
            self.ref(p) for kind in sorted(by_type, key=_rank) if kind != best for p in by_type[kind]
        )


def _rank(kind: str) -> int:
    return PRIORITY.index(kind) if kind in PRIORITY else len(PRIORITY)


def _usual(key: str) -> str:
    """A phrase with every food by its usual name: "aubergine parmigiana" is "eggplant parmigiana"."""
    named = (vocabulary.INGREDIENTS.get(word, ((word,),))[0] for word in key.split())
    return " ".join(names[0] for names in named)


def is_plated(key: str) -> bool:
    """Whether a longer name ends in a dish, which then is wanted apart from what it is made of."""
    head, _, dish = key.rpartition(" ")
    return bool(head) and dish in vocabulary.PLATED and key not in vocabulary.COMPOUNDS
