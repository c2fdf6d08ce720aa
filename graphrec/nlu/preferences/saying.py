"""A preference in words, for reading it back and for the notes of answers."""

from __future__ import annotations

from graphrec.nlu.node_index import fold_phrase
from graphrec.nlu.plan import PreferenceKind, TaughtPreference
from graphrec.nlu.tokens import tokenize
from graphrec.nlu.vocabulary import DIETS

_KEPT = frozenset({"kosher", "halal", "jain"})


def sentence_for(preference: TaughtPreference) -> str:
    """A preference read back: "You are allergic to peanuts."."""
    name = as_said(preference.node.id, preference.utterance) or preference.node.id
    clause = clause_for(preference.kind, preference.node.type, name)
    return f"{clause[0].upper()}{clause[1:]}."


def clause_for(kind: PreferenceKind, node_type: str, name: str) -> str:
    """The same inside a sentence: "you are allergic to peanuts".

    Args:
        name: the target as it is called.
    """
    if kind == "diet" and node_type != "diet":
        return f"you don't eat {name}"
    if kind == "diet":
        return f"you keep {name}" if name in _KEPT else f"you eat {name}{'' if name in DIETS else ' food'}"
    verb = {"like": "like", "dislike": "don't like", "allergy": "are allergic to"}[kind]
    return f"you {verb} {name}"


def as_said(name: str, utterance: str) -> str | None:
    """A name as the utterance has it ("peanuts" for peanut), or None where it says it otherwise."""
    wanted = fold_phrase(name).split()
    tokens = tokenize(utterance)
    for at in range(len(tokens) - len(wanted) + 1 if wanted else 0):
        if [t.lemma for t in tokens[at : at + len(wanted)]] == wanted:
            return utterance[tokens[at].start : tokens[at + len(wanted) - 1].end].lower()
    return None
