"""Answers to what ranks nothing by taste: substitutes, facts of a dish, dishes like one."""

from __future__ import annotations

from graphrec.nlu.actions.facts import Facts, cook_time, list_ingredients, nutrition
from graphrec.nlu.actions.similar import Alike, similar_dishes
from graphrec.nlu.actions.substitute import Substitute, Substitutes, Substitution

__all__ = [
    "Alike", "Facts", "Substitute", "Substitutes", "Substitution", "cook_time", "list_ingredients", "nutrition",
    "similar_dishes",
]  # fmt: skip
