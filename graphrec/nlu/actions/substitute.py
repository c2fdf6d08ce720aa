"""What may take the place of an ingredient: its kin in the taxonomy and what is used as it is, never with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.actions.contexts import Contexts
from graphrec.nlu.actions.facts import listed
from graphrec.nlu.lexicon import Lexicon
from graphrec.ranking.query import NodeRef

Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

KIN = 0.5
"""What belonging to one narrow group is worth, beside the likeness of contexts."""
NAME = 0.5
"""Kinship of two ingredients whose names end in one word ("almond milk" and "milk"), which no taxonomy says."""
STRANGERS = 1.0
"""Ingredients of no common kind are taken to be companions, and no substitutes, from this lift on."""
COMPANY = 0.1
"""How much being used together speaks against: the score is divided by `1 + COMPANY * log2(1 + lift)`."""
USE = 0.3
"""How much the number of dishes counts: what everybody has at home is the better answer of two."""
WORTH = 0.35
"""Share of the best score, exclusions aside, below which nothing is offered: few answers are better than odd ones."""
FIT = 0.5
"""What going with the other ingredients of the dish at hand is worth."""
LEAST_SHARE = 2e-4
LEAST_DISHES = 2
"""Ingredients of fewer dishes than these are too little known to be offered."""


@dataclass(frozen=True, slots=True)
class Substitute:
    """One ingredient to use instead.

    Args:
        node: as the catalogue has it.
        name: display name.
        score: 0 upwards; comparable within one answer.
        kin: what both are a kind of, where the taxonomy says so.
    """

    node: NodeRef
    name: str
    score: float
    kin: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"node": str(self.node), "name": self.name, "score": round(self.score, 4), "kin": self.kin}


@dataclass(frozen=True, slots=True)
class Substitution:
    """Substitutes for one ingredient.

    Args:
        subject: what is to be replaced.
        items: best first; none where nothing is known of it or everything is excluded.
        excluded: names of better ones that the exclusions forbid.
        speech: one sentence.
    """

    subject: NodeRef
    items: tuple[Substitute, ...]
    excluded: tuple[str, ...]
    speech: str

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": str(self.subject), "items": [item.to_json() for item in self.items],
            "excluded": list(self.excluded), "speech": self.speech,
        }  # fmt: skip


class Substitutes:
    """Finds substitutes in one catalogue; safe to share between threads."""

    def __init__(self, catalogue: Catalogue, lexicon: Lexicon) -> None:
        self.catalogue, self.lexicon = catalogue, lexicon
        self.contexts = Contexts(catalogue)
        self._scored = lru_cache(maxsize=256)(self._base_scores)
        self._groups: tuple[dict[str, Int], list[frozenset[str]]] | None = None

    def find(
        self, subject: NodeRef, *, must_not: Sequence[NodeRef] = (), dish: str | None = None, k: int = 3
    ) -> Substitution:
        """The best substitutes, at most `k`.

        Left out are the ingredient itself, what it is a kind of, what the dish holds already, and whatever an
        exclusion covers: by itself, by what it is a kind of or holds. Where something is excluded, an ingredient of
        which the taxonomy knows nothing is left out too, for it may hold anything.

        Args:
            subject: the ingredient; one that the catalogue lacks is judged by the taxonomy alone.
            must_not: the user's exclusions, diets and allergies as nodes.
            dish: external id of the dish it is for.
        """
        scores = self._scored(subject).copy()
        held = self._held(dish)
        if len(held):
            scores *= 1 + FIT * self.contexts.fit(held)
            scores[held] = 0.0
        items: list[Substitute] = []
        excluded: list[str] = []
        banned, worth = frozenset(must_not), WORTH * float(scores.max(initial=0.0))
        for row in np.argsort(-scores, kind="stable").tolist():
            if scores[row] <= worth or len(items) >= k:
                break
            attribute = int(self.contexts.attributes[row])
            ref = NodeRef("ingredient", self.catalogue.attribute_ids[attribute])
            if banned and self.forbids(ref, banned):
                excluded.append(self.catalogue.label(attribute))
            else:
                kin = self._kin_name(subject, ref)
                items.append(Substitute(ref, self.catalogue.label(attribute), float(scores[row]), kin))
        left_out = tuple(excluded[:k])
        return Substitution(subject, tuple(items), left_out, self._speech(subject, items, left_out))

    def _held(self, dish: str | None) -> Int:
        """Rows of a dish's ingredients."""
        index = None if dish is None else self.catalogue.item_ids.find(dish)
        attributes = [] if index is None else self.catalogue.item_attributes.row(index).tolist()
        rows = [row for a in attributes if (row := self.contexts.row(int(a))) is not None]
        return np.asarray(rows, dtype=np.int64)

    def _base_scores(self, subject: NodeRef) -> Float:
        """Scores of all ingredients, `[rows]`; 0 where one is no substitute."""
        catalogue, contexts = self.catalogue, self.contexts
        attribute = catalogue.resolve(subject.type, subject.id)
        row = None if attribute is None else contexts.row(attribute)
        kin = self.kinship(subject)
        least = max(LEAST_DISHES, LEAST_SHARE * catalogue.num_items)
        usual = np.log1p(contexts.dishes) / max(float(np.log1p(contexts.dishes).max(initial=0.0)), 1e-12)
        if row is None or contexts.dishes[row] < LEAST_DISHES:
            scores = kin * (1 + usual)
        else:
            alike = (contexts.alike(row) + KIN * kin) / (1 + COMPANY * np.log2(1 + contexts.lift(row)))
            scores = alike * (1 + USE * usual)
            scores[(kin == 0) & (contexts.lift(row) >= STRANGERS)] = 0.0
        scores = np.where(contexts.dishes >= least, scores, 0.0)
        scores[self._same(subject, row)] = 0.0
        return scores

    def _same(self, subject: NodeRef, row: int | None) -> Int:
        """Rows of the ingredient and of the groups it belongs to: they name the same thing less exactly."""
        names = {subject.id, *self.lexicon.taxonomy.kinds(subject.id)}
        found = [
            r
            for r, a in enumerate(self.contexts.attributes.tolist())
            if self.catalogue.attribute_ids[a] in names
        ]
        if row is not None:
            broader = self.catalogue.broader_kinds.row(int(self.contexts.attributes[row])).tolist()
            found += [row, *(r for a in broader if (r := self.contexts.row(int(a))) is not None)]
        return np.asarray(found, dtype=np.int64)

    def _kinds(self) -> tuple[dict[str, Int], list[frozenset[str]]]:
        """Rows of each group of the taxonomy and, after a zero byte, of each last word of a name; and the groups of
        each row with its own name.
        """
        if self._groups is None:
            taxonomy = self.lexicon.taxonomy
            kinds = [
                taxonomy.kinds(self.catalogue.attribute_ids[a]) | {self.catalogue.attribute_ids[a]}
                for a in self.contexts.attributes.tolist()
            ]
            members: dict[str, list[int]] = {}
            for row, groups in enumerate(kinds):
                for group in groups:
                    members.setdefault(group, []).append(row)
            for row, attribute in enumerate(self.contexts.attributes.tolist()):
                head = self.catalogue.attribute_ids[attribute].rpartition(" ")[2]
                members.setdefault(f"\0{head}", []).append(row)
            self._groups = {g: np.asarray(rows, dtype=np.int64) for g, rows in members.items()}, kinds
        return self._groups

    def kinship(self, subject: NodeRef) -> Float:
        """How narrow the narrowest group is that each ingredient shares with one, 0 to 1, `[rows]`.

        `1 - log(size) / log(all)`, the information content of the group (Resnik 1995) over its largest value; at
        least `NAME` where the names have their last word in common.
        """
        members, kinds = self._kinds()
        kin = np.zeros(len(kinds))
        own = self.lexicon.taxonomy.kinds(subject.id) | {subject.id}
        for group in sorted(own):
            rows = members.get(group, np.zeros(0, dtype=np.int64))
            if len(rows) > 1:
                narrow = 1 - np.log(len(rows)) / np.log(max(len(kinds), 2))
                kin[rows] = np.maximum(kin[rows], narrow)
        head = subject.id.rpartition(" ")[2]
        alike = members.get(f"\0{head}", np.zeros(0, dtype=np.int64))
        kin[alike] = np.maximum(kin[alike], NAME)
        return kin

    def _kin_name(self, subject: NodeRef, ref: NodeRef) -> str | None:
        """The narrowest group that both belong to."""
        members = self._kinds()[0]
        taxonomy = self.lexicon.taxonomy
        shared = (taxonomy.kinds(subject.id) | {subject.id}) & (taxonomy.kinds(ref.id) | {ref.id})
        return min(shared, key=lambda g: (len(members.get(g, ())), g), default=None)

    def forbids(self, ref: NodeRef, banned: frozenset[NodeRef]) -> bool:
        """Whether one of some exclusions covers an ingredient, or nothing is known of what it is."""
        taxonomy = self.lexicon.taxonomy
        attribute = self.catalogue.resolve(ref.type, ref.id)
        closed = set() if attribute is None else {attribute, *self.catalogue.broader.row(attribute).tolist()}
        if any(self.catalogue.resolve(b.type, b.id) in closed for b in banned):
            return True
        names = taxonomy.ancestors(ref.id) | {taxonomy.canonical(ref.id), ref.id}
        if any(
            b.type == "ingredient" and (b.id in names or taxonomy.canonical(b.id) in names) for b in banned
        ):
            return True
        return ref.id not in taxonomy and len(closed) <= 1

    def _speech(self, subject: NodeRef, items: Sequence[Substitute], excluded: Iterable[str]) -> str:
        attribute = self.catalogue.resolve(subject.type, subject.id)
        name = (subject.id if attribute is None else self.catalogue.label(attribute)).lower()
        left = list(excluded)
        without = f" I left out {listed([n.lower() for n in left])}." if left else ""
        if not items:
            return f"I know nothing that could take the place of {name}.{without}"
        names = [item.name.lower() for item in items]
        choice = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
        return f"Instead of {name} you could use {choice}.{without}"
