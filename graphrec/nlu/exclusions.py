"""What an exclusion leaves out: as much as was said, and more where somebody cannot have it."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.entry import Entry
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.naming import ordinary_words
from graphrec.nlu.scope import Reading, Role
from graphrec.nlu.tokens import Token
from graphrec.nlu.vocabulary import EXCLUDED_WITH, HARD_WIDER, INGREDIENTS, PLURALS
from graphrec.ranking.query import NodeRef

_FLESH = frozenset("meat beef pork poultry fish seafood shellfish".split())
"""Groups too wide for a matter of taste: whoever dislikes tongue may well eat beef, and without sardines, fish."""
_APART = frozenset({"ingredient", "course"})


class Exclusions:
    """The part of an assembly that excludes."""

    tokens: Sequence[Token]
    readings: Sequence[Reading]
    lexicon: Lexicon
    must_not: dict[NodeRef, None]
    should: dict[NodeRef, None]
    should_not: dict[NodeRef, None]
    lost: list[str]
    notes: list[str]

    def _said(self, reading: Reading) -> str:
        raise NotImplementedError

    def _span(
        self, reading: Reading, refs: tuple[NodeRef, ...], alternatives: tuple[NodeRef, ...] = ()
    ) -> None:
        raise NotImplementedError

    def _exclude(self, reading: Reading, entry: Entry, extra: tuple[NodeRef, ...]) -> None:
        said = self._said(reading)
        refs = tuple(dict.fromkeys([*self._left_out(reading, entry), *extra]))
        narrow = (reading.loose or not entry.refs) and not reading.hard
        if not refs or (narrow and self._wanted_refs().intersection(refs)):
            # "indian, but not north indian" leaves Indian dishes in
            return self._lose(reading, said)
        if not entry.exact and entry.type == "":
            self.notes.append(f"No node is named {said!r}: {_names(refs)} was excluded instead.")
        self.must_not.update(dict.fromkeys(refs))
        self._span(reading, refs, entry.alternatives)

    def _spare(self, reading: Reading, entry: Entry) -> None:
        """There is to be little of it; what has no node and no group lowers nothing, and that is said."""
        entry = entry.as_ingredient()
        refs = entry.refs or entry.excluded
        self.should_not.update(dict.fromkeys(refs))
        if not refs:
            self.notes.append(f"Nothing in the catalogue is called {self._said(reading)!r}, so none of it is spared.")
        self._span(reading, refs, entry.alternatives)

    def _left_out(self, reading: Reading, entry: Entry) -> tuple[NodeRef, ...]:
        """Nodes to exclude for a mention.

        A word for a dish and for an ingredient excludes both where somebody cannot have it, and otherwise what it
        means first: "no soup" is no word against a dish made with a tin of it.
        """
        key = " ".join(t.lemma for t in self.tokens[reading.first : reading.last + 1])
        refs = [*entry.excluded, *self._heads(key, entry)]
        for name in EXCLUDED_WITH.get(key, ()):
            also = self.lexicon.lookup(name)
            refs += also.excluded if also is not None else ()
        if reading.hard:
            wider = [self.lexicon.lookup(name) for ref in refs for name in HARD_WIDER.get(ref.id, ())]
            refs += [ref for more in wider if more is not None for ref in more.excluded]
            whole = self.lexicon.lookup(key) if entry.type not in _APART else None
            return tuple(dict.fromkeys([*refs, *(whole.excluded if whole is not None else ())]))
        if entry.type == "":
            refs = self._near_enough(key, refs)
        other = _APART - {entry.type} if entry.type in _APART else frozenset()
        return tuple(ref for ref in dict.fromkeys(refs) if ref.type not in other)

    def _near_enough(self, key: str, refs: list[NodeRef]) -> list[NodeRef]:
        """Of the nodes that stand in for a name without one, those that it is a kind of or is named after: a dislike
        of cheesecake is none of dairy, though an intolerance to it may be.
        """
        kinds = self.lexicon.taxonomy.kinds(key)
        near = [ref for ref in refs if ref.id in kinds or ref.id in key]
        below = [ref for ref in refs if self.lexicon.taxonomy.canonical(key) in self.lexicon.taxonomy.ancestors(ref.id)]
        return [ref for ref in dict.fromkeys([*near, *below]) if ref.id not in _FLESH]

    def _heads(self, key: str, entry: Entry) -> tuple[NodeRef, ...]:
        """All kinds of what only an alias names: "liver" is beef liver to a list of ingredients, "no liver" is not."""
        if " " in key or entry.type != "ingredient" or "ingredient" in self.lexicon.named(key):
            return ()
        if key in INGREDIENTS or f"{key}s" in PLURALS:
            return ()  # the tables say what they mean
        return self.lexicon.headed(key)

    def _wanted_refs(self) -> frozenset[NodeRef]:
        wanted = [r.mention.entry.refs for r in self.readings if r.role is Role.MUST and r.mention is not None]
        return frozenset(ref for refs in wanted for ref in refs)

    def _exclude_diet(self, reading: Reading) -> None:
        refs = self.lexicon.diet(reading.diet)
        if not refs:
            return self._lose(reading, self._said(reading))
        self.must_not.update(dict.fromkeys(refs))
        self.should.update(dict.fromkeys(self.lexicon.tags(reading.diet)))
        self._span(reading, refs)

    def _exclude_unlinked(self, reading: Reading) -> None:
        """An excluded phrase that links to nothing: near spellings are excluded, else it is reported."""
        said = self._said(reading)
        words = [t for t in self.tokens[reading.first : reading.last + 1] if t.word not in STOPWORDS]
        refs = self._parts_of_wanted(words)
        for token in words[:8] if not refs else ():
            limit = 2 if len(token.lemma) >= 8 else 1
            if token.word not in ordinary_words():
                for entry in self.lexicon.similar(token.lemma, limit=limit):
                    refs.update(dict.fromkeys(entry.excluded))
        if not refs:
            return self._lose(reading, said)
        self.must_not.update(refs)
        self.notes.append(f"{said!r} was read as {_names(tuple(refs))}, which was excluded.")
        reading.role = Role.MUST_NOT
        self._span(reading, tuple(refs))

    def _parts_of_wanted(self, words: Sequence[Token]) -> dict[NodeRef, None]:
        """ "chicken, but not breast": the rest of a name whose beginning is wanted."""
        rest = " ".join(t.lemma for t in words)
        refs: dict[NodeRef, None] = {}
        for ref in self._wanted_refs() if rest else ():
            for key in (f"{ref.id} {rest}", f"{rest} {ref.id}"):
                entry = self.lexicon.lookup(key) if "ingredient" in self.lexicon.named(key) else None
                if entry is not None:
                    refs.update(dict.fromkeys(entry.excluded))
        return refs

    def _lose(self, reading: Reading, said: str) -> None:
        self.lost.append(said)
        self.notes.append(
            f"The exclusion of {said!r} could not be applied: nothing in the catalogue has that name."
        )
        reading.role = Role.UNLINKED_NOT
        self._span(reading, ())


def _names(refs: Sequence[NodeRef]) -> str:
    return ", ".join(ref.id for ref in refs)
