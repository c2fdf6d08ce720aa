"""Whatever is said in whatever order, no dish shown holds what was excluded or what somebody must not have.

The oracle knows nothing of the handler: it keeps its own book of what is excluded, from effects written down beside
each utterance, and walks the food taxonomy itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.language.taxonomy import load_taxonomy
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.recommender import Recommender
from tests.nlu.handler.conftest import Talk

FLESH = {"meat", "poultry", "fish", "shellfish"}
NOBODY_YET = count()


@dataclass(frozen=True)
class Piece:
    """One thing to say, and what it does to the book."""

    text: str
    excludes: frozenset[str] = frozenset()
    allergy: frozenset[str] = frozenset()
    teaches: frozenset[str] = frozenset()
    lifts: frozenset[str] = frozenset()
    anew: bool = False


def piece(text: str, **effects: object) -> Piece:
    return Piece(text, **{k: v if isinstance(v, bool) else frozenset(v) for k, v in effects.items()})  # type: ignore


PIECES = [
    piece("thai main dishes", anew=True),
    piece("show me mexican recipes with cheese", anew=True),
    piece("find me a chocolate dessert", anew=True),
    piece("something with chicken, my son is allergic to eggs", allergy={"egg"}),
    piece("italian soups for a friend with a severe shellfish allergy", anew=True, allergy={"shellfish"}),
    piece("french dishes without butter or cream", anew=True, excludes={"butter", "cream"}),
    piece("without garlic this time", excludes={"garlic"}),
    piece("no nuts please", excludes={"nut"}),
    piece("but leave out the pork", excludes={"pork"}),
    piece("make it vegetarian", excludes=FLESH),
    piece("vegan ones please", excludes=FLESH | {"dairy", "egg", "honey"}),
    piece("dairy free ones", excludes={"dairy"}),
    piece("tofu instead of chicken", excludes={"chicken"}),
    piece("garlic is fine", lifts={"garlic"}),
    piece("nuts are ok again", lifts={"nut"}),
    piece("eggs are fine"),
    piece("I'm allergic to peanuts", teaches={"peanut"}),
    piece("I am allergic to soy", teaches={"soy"}),
    *(piece(text) for text in [
        "yes", "no", "more", "something else", "say that again", "only quick ones", "in under 5 minutes",
        "with salmon", "how about chinese", "what about beef", "add cheese and cream", "with garlic and nuts",
        "the second one", "the first one", "what do I need for it", "none of these", "time doesn't matter",
        "something quicker", "same thing but with shrimp", "or korean", "more with rice", "it doesn't have to be thai",
        "I love butter", "more like the second one", "something like the first one",
        "what can I use instead of butter", "what is the weather like",
    ]),
    piece("start over", anew=True),
]  # fmt: skip


@dataclass
class Book:
    """What must not be shown, kept by hand."""

    soft: set[str] = field(default_factory=set)
    hard: set[str] = field(default_factory=set)
    asked: frozenset[str] = frozenset()

    def note(self, said: Piece) -> set[str]:
        if said.text == "no":
            self.hard -= self.asked
        if said.anew:
            self.soft.clear()
        self.soft = (self.soft - said.lifts) | said.excludes
        self.hard |= said.allergy | said.teaches
        self.asked = said.teaches
        return self.soft | self.hard


def closure(names: set[str]) -> set[str]:
    """Names with everything they are or hold, walked here."""
    taxonomy, found, todo = load_taxonomy(), set(names), list(names)
    while todo:
        name = todo.pop()
        for up in (*taxonomy.is_a.get(name, ()), *taxonomy.contains.get(name, ())):
            if up not in found:
                found.add(up)
                todo.append(up)
    return found


@pytest.fixture(scope="module")
def holds(recommender: Recommender) -> dict[str, set[str]]:
    """What each dish is made of, closed."""
    catalogue = recommender.catalogue
    code = catalogue.types.index("ingredient")
    found = {}
    for row, item in enumerate(catalogue.item_ids):
        own = [a for a in catalogue.item_attributes.row(row).tolist() if catalogue.attribute_type[a] == code]
        found[item] = closure({catalogue.attribute_ids[a] for a in own})
    return found


def converse(handler: RecipeRequestHandler, said: list[Piece], holds: dict[str, set[str]]) -> int:
    talk, book, shown = Talk(handler, f"newcomer-{next(NOBODY_YET)}"), Book(), 0
    for one in said:
        answer = talk.say(one.text)
        assert answer["trace"]["failed_at"] != "input" and "error" not in answer
        banned = book.note(one)
        for item in talk.ids():
            shown += 1
            assert not holds[item] & banned, (one.text, item, holds[item] & banned, answer["query"])
    return shown


def test_the_oracle_sees_what_is_hidden_in_other_things(holds: dict[str, set[str]]) -> None:
    assert "fish" in closure({"worcestershire sauce"}) and "soy" in closure({"soy sauce"})
    assert sum("nut" in held for held in holds.values()) > 30
    assert 5 < sum("egg" in held and "dairy" in held for held in holds.values()) < len(holds)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(st.sampled_from(PIECES), min_size=2, max_size=8))
def test_in_a_conversation(
    handler: RecipeRequestHandler, holds: dict[str, set[str]], said: list[Piece]
) -> None:
    converse(handler, said, holds)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(st.sampled_from(PIECES), min_size=2, max_size=6))
def test_in_a_conversation_that_is_remembered(
    remembering: RecipeRequestHandler, holds: dict[str, set[str]], said: list[Piece]
) -> None:
    converse(remembering, said, holds)


def test_such_conversations_show_dishes(handler: RecipeRequestHandler, holds: dict[str, set[str]]) -> None:
    assert converse(handler, PIECES, holds) > 30
