"""What a preference's target means in one catalogue, and which diets there are."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec.errors import InvalidInputError
from graphrec.nlu.entry import Entry
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.node_index import fold_phrase
from graphrec.nlu.plan import PreferenceKind
from graphrec.nlu.vocabulary import DIET_WORDS, DIETS, SOFT_DIETS
from graphrec.ranking.query import NodeRef

DIET = "diet"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Nodes that a name stands for.

    Args:
        wanted: those that satisfy it.
        excluded: those to leave out when it is left out, a broader group where the catalogue has no closer one.
    """

    wanted: tuple[NodeRef, ...] = ()
    excluded: tuple[NodeRef, ...] = ()


_HARD = {
    **{fold_phrase(name): name for name in DIETS},
    **{fold_phrase(" ".join(w)): n for w, n in DIET_WORDS.items()},
}
_SOFT = {fold_phrase(" ".join(words)): name for words, name in SOFT_DIETS.items()}


def known_diets() -> tuple[str, ...]:
    """Names of the diets that can be taught: first those that forbid something, then those that only prefer."""
    return (*DIETS, *dict.fromkeys(SOFT_DIETS.values()))


def diet_named(text: str) -> str | None:
    """The diet that a spelling means ("coeliac" is gluten free), or None."""
    key = fold_phrase(text)
    return _HARD.get(key) or _SOFT.get(key)


def checked(kind: PreferenceKind, node: NodeRef) -> NodeRef:
    """The node to store for a preference; a diet gets its own name.

    Raises:
        InvalidInputError: a diet that the language layer does not know, and so could never keep.
    """
    if kind != DIET or node.type != DIET:  # a diet that is about a food: "I never eat pork"
        return node
    name = diet_named(node.id)
    if name is None:
        raise InvalidInputError(
            f"{str(node)!r} is no diet that can be kept; known are {', '.join(f'diet:{d}' for d in known_diets())}."
        )
    return NodeRef(DIET, name)


def forbidden(kind: PreferenceKind, node: NodeRef, lexicon: Lexicon) -> tuple[NodeRef, ...]:
    """What a diet or an allergy keeps out: nodes of the catalogue, the broadest only; none where nothing links.

    Likes and dislikes keep nothing out. A diet whose node is no diet is something that the user never eats.
    """
    if kind not in (DIET, "allergy"):
        return ()
    if kind == DIET and node.type == DIET:
        name = diet_named(node.id)
        return lexicon.diet(name) if name in DIETS else ()
    return meaning(node, lexicon, near=True).excluded


def meaning(node: NodeRef, lexicon: Lexicon, *, near: bool = False) -> Meaning:
    """What a target means, by its id as a spelling: it may come from another catalogue or from a person.

    Args:
        near: take spellings a slip away for an unknown one. Where something must be kept out, too much is better
            than nothing.
    """
    entry = entry_of(node.id, lexicon)
    if entry is None:
        key = fold_phrase(node.id)
        found = lexicon.similar(key, limit=2 if len(key) >= 8 else 1) if near else ()
        return Meaning(excluded=tuple(dict.fromkeys(ref for e in found for ref in e.excluded)))
    if node.type == "ingredient":
        entry = entry.as_ingredient()
    if entry.type in (node.type, ""):
        return Meaning(entry.refs, entry.excluded)
    others = tuple(ref for ref in entry.alternatives if ref.type == node.type)
    return Meaning(others, others) if others else _misfiled(node, entry, near=near)


def entry_of(text: str, lexicon: Lexicon) -> Entry | None:
    """What a spelling means, read as the linker of requests reads it."""
    said, key = text.casefold(), fold_phrase(text)
    return (lexicon.unfolded(said) if said != key else None) or lexicon.plural(said) or lexicon.lookup(key)


def _misfiled(node: NodeRef, entry: Entry, *, near: bool) -> Meaning:
    """A spelling that means something of another type only: a dish called an ingredient is the dish; nothing else is
    guessed, except to keep it out.
    """
    if near or node.type == "ingredient":
        return Meaning(entry.refs, entry.excluded)
    return Meaning()
