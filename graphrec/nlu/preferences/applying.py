"""Taught preferences in a query: diets and allergies filter, dislikes lower, likes raise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from graphrec.bundle import Catalogue
from graphrec.language.fold import tokens
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.preferences.meaning import DIET, Meaning, diet_named, forbidden, meaning
from graphrec.nlu.preferences.saying import as_said, clause_for
from graphrec.ranking.live import StoredPreference
from graphrec.ranking.query import GraphQuery, NodeRef, Requirement

_REMEMBERED = 50_000
_TASTES = 3
"""Likes and dislikes that a note names."""


class PreferenceApplier:
    """Adds what users taught to their queries, in terms of one catalogue. Safe to share between threads."""

    def __init__(self, lexicon: Lexicon, catalogue: Catalogue) -> None:
        self._lexicon, self._catalogue = lexicon, catalogue
        self._above: dict[NodeRef, frozenset[NodeRef]] = {}

    def apply(self, query: GraphQuery, preferences: Sequence[StoredPreference]) -> GraphQuery:
        """The query with what the user taught, instead of what it may already hold of an earlier state of it.

        * A diet or an allergy becomes `must_not` and wins over everything: what is wanted and forbidden is not asked
          for any more, and the note says so.
        * A dislike becomes `should_not`, unless the request asks for just that (or for a kind of it).
        * A like becomes `should`, unless it is excluded.

        The note names what was kept to, and what nothing in this catalogue links to.
        """
        work = _Work(self, query.untaught())
        hard = [p for p in preferences if p.kind in ("diet", "allergy")]
        for preference in hard:
            work.forbid(preference)
        work.give_way(hard)
        for preference in preferences:
            if preference.kind == "dislike":
                work.avoid(preference)
        for preference in preferences:
            if preference.kind == "like":
                work.prefer(preference)
        return work.result()

    def meaning(self, node: NodeRef) -> Meaning:
        """What the target of a like or a dislike stands for: an item, a node of exactly that id, or a spelling."""
        if node.type == self._catalogue.item_type:
            known = self._catalogue.item_ids.find(node.id) is not None
            return Meaning((node,), (node,)) if known else Meaning()
        found = meaning(node, self._lexicon)
        if found.wanted:
            return found
        exact = self._node(node)
        return Meaning((exact,), found.excluded) if exact is not None else found

    def kept_out(self, preference: StoredPreference) -> tuple[NodeRef, ...]:
        """What a diet or an allergy keeps out, in this catalogue."""
        node = NodeRef(preference.node_type, preference.ext)
        refs = forbidden(preference.kind, node, self._lexicon)
        exact = None if node.type == DIET else self._node(node)
        return tuple(dict.fromkeys([*([exact] if exact is not None else []), *refs]))

    def labels(self, name: str) -> tuple[NodeRef, ...]:
        """Nodes that label a diet which no ingredient makes or breaks ("low carb")."""
        return self._lexicon.tags(name)

    def covers(self, groups: Collection[NodeRef], ref: NodeRef) -> bool:
        """Whether a node is one of some groups, or below one of them."""
        return bool(groups) and (ref in groups or any(above in groups for above in self._broader(ref)))

    def _broader(self, ref: NodeRef) -> frozenset[NodeRef]:
        """The groups above a node, climbed once: every like and every wish is held against what is forbidden."""
        known = self._above.get(ref)
        if known is None:
            if len(self._above) > _REMEMBERED:
                self._above.clear()
            known = self._above[ref] = frozenset(self._lexicon.ancestors(ref))
        return known

    def name(self, preference: StoredPreference) -> str:
        """The target as it is called here."""
        said = as_said(preference.ext, preference.utterance)
        if said is not None:
            return said
        if preference.node_type == self._catalogue.item_type:
            item = self._catalogue.item_ids.find(preference.ext)
            return preference.ext if item is None else self._catalogue.titles[item] or preference.ext
        found = self._catalogue.resolve(preference.node_type, preference.ext)
        return preference.ext if found is None else self._catalogue.label(found)

    def _node(self, node: NodeRef) -> NodeRef | None:
        found = self._catalogue.resolve(node.type, node.id)
        return None if found is None else NodeRef(node.type, self._catalogue.attribute_ids[found])


@dataclass
class _Work:
    """One query on its way; `asked` is the request by itself."""

    applier: PreferenceApplier
    asked: GraphQuery
    must: list[Requirement] = field(default_factory=list)
    must_not: dict[NodeRef, None] = field(default_factory=dict)
    should: dict[NodeRef, None] = field(default_factory=dict)
    should_not: dict[NodeRef, None] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    soft: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def forbid(self, preference: StoredPreference) -> None:
        """Keep out what a diet or an allergy forbids."""
        refs = self.applier.kept_out(preference)
        self.must_not.update(dict.fromkeys(refs))
        diet = diet_named(preference.ext) if preference.node_type == DIET else None
        labels = self.applier.labels(diet) if diet and not refs else ()
        self.should.update(dict.fromkeys(labels))
        if refs:
            self.kept.append(self._clause(preference))
        elif labels:
            self.notes.append(
                f"You told us that {self._clause(preference)}: dishes called {diet} go first, but nothing is left out."
            )
        else:
            self.notes.append(
                f"You told us that {self._clause(preference)}, but nothing in this catalogue has that name, so nothing "
                "was left out for it."
            )

    def give_way(self, hard: Sequence[StoredPreference]) -> None:
        """Take what is forbidden out of what is wanted."""
        for requirement in self.asked.must:
            options = requirement if isinstance(requirement, tuple) else (requirement,)
            kept = tuple(ref for ref in options if not self._forbidden(ref, hard))
            if len(kept) == len(options):
                self.must.append(requirement)
            elif kept:
                self.must.append(kept if len(kept) > 1 else kept[0])
        for ref in self.asked.should:
            self._forbidden(ref, hard)

    def _forbidden(self, ref: NodeRef, hard: Sequence[StoredPreference]) -> bool:
        for preference in hard:
            if self.applier.covers(self.applier.kept_out(preference), ref):
                self.notes.append(
                    f"{ref.id!r} was asked for, but you told us that {self._clause(preference)}."
                )
                return True
        return False

    def avoid(self, preference: StoredPreference) -> None:
        """Lower what is disliked, except where the request asks for it."""
        refs = self._linked(preference)
        if not refs:
            return
        if self._asked_for(refs):
            self.notes.append(
                f"You told us that {self._clause(preference)}, but you asked for it, so it counts as wanted this time."
            )
            return
        new = [ref for ref in refs if not self._excluded(ref)]
        self.should_not.update(dict.fromkeys(new))
        if new:
            self._keep_taste(preference)

    def prefer(self, preference: StoredPreference) -> None:
        """Raise what is liked, except where something excludes it."""
        unwanted = {*self.asked.should_not, *self.should_not}
        linked = self._linked(preference)
        wanted = self.asked.refs()  # a wish counts more than a like already
        new = [r for r in linked if not self._excluded(r) and r not in unwanted and r not in wanted]
        self.should.update(dict.fromkeys(new))
        if new:
            self._keep_taste(preference)

    def _keep_taste(self, preference: StoredPreference) -> None:
        self.kept.append(self._clause(preference))
        self.soft.add(self.kept[-1])

    def result(self) -> GraphQuery:
        """The query as it is ranked; its `taught` holds only what the request does not say by itself."""
        asked = self.asked
        must_not = [ref for ref in self.must_not if ref not in asked.must_not]
        should = [ref for ref in self.should if ref not in asked.should]
        should_not = [ref for ref in self.should_not if ref not in asked.should_not]
        told = [f"You told us that {_listed(self._named())}."] if self.kept else []
        notes = [n for n in (asked.note, *told, *self.notes) if n]
        return replace(
            asked,
            must=tuple(self.must),
            must_not=(*asked.must_not, *must_not),
            should=(*(ref for ref in asked.should if not self.applier.covers(self.must_not, ref)), *should),
            should_not=(*asked.should_not, *should_not),
            taught=tuple(dict.fromkeys([*must_not, *should, *should_not])),
            note=" ".join(dict.fromkeys(notes)) or None,
        )

    def _named(self) -> list[str]:
        """The clauses for the note: everything hard, and of the tastes a few, for a note is read aloud."""
        tastes = [clause for clause in self.kept if clause in self.soft]
        left = set(tastes[_TASTES:])
        named = [clause for clause in self.kept if clause not in left]
        return [*named, f"{len(left)} more of your tastes count"] if left else named

    def _linked(self, preference: StoredPreference) -> tuple[NodeRef, ...]:
        refs = self.applier.meaning(NodeRef(preference.node_type, preference.ext)).wanted
        if not refs:
            self.notes.append(
                f"You told us that {self._clause(preference)}, but nothing in this catalogue has that name."
            )
        return refs

    def _asked_for(self, refs: Sequence[NodeRef]) -> bool:
        """Whether a request wants one of some nodes or a kind of it, by a node or in its own words."""
        if any(self.applier.covers(refs, wanted) for wanted in self.asked.refs()):
            return True
        words = set(tokens(self.asked.text))
        return bool(words) and any(words.issuperset(tokens(ref.id)) for ref in refs)

    def _excluded(self, ref: NodeRef) -> bool:
        return self.applier.covers(self.asked.must_not, ref) or self.applier.covers(self.must_not, ref)

    def _clause(self, preference: StoredPreference) -> str:
        return clause_for(preference.kind, preference.node_type, self.applier.name(preference))


def _listed(clauses: Sequence[str]) -> str:
    if len(clauses) == 1:
        return clauses[0]
    return f"{', that '.join(clauses[:-1])} and that {clauses[-1]}"
