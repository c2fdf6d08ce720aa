"""Facts of one dish, spoken and as data."""

from __future__ import annotations

import pytest

from graphrec.errors import NotFoundError
from graphrec.nlu.actions import cook_time, list_ingredients, nutrition
from graphrec.nlu.actions.facts import listed, spoken_minutes
from tests.bundle.worlds import kitchen

WORLD = kitchen()
WORLD.unread = {"r3"}
CATALOGUE = WORLD.catalogue()


def test_ingredients() -> None:
    facts = list_ingredients(CATALOGUE, "r1")
    assert set(facts.ingredients) == {"shrimp", "coconut milk"} and facts.known
    assert facts.speech == "Shrimp curry is made with coconut milk and shrimp."


def test_lines_that_nobody_could_read_are_said() -> None:
    assert list_ingredients(CATALOGUE, "r3").speech.endswith("One line of the recipe I could not read.")


def test_no_ingredients_known() -> None:
    facts = list_ingredients(CATALOGUE, "r7")
    assert not facts.known and facts.speech == "I don't know what goes into Dish r7."


def test_time() -> None:
    facts = cook_time(CATALOGUE, "r5")
    assert facts.speech == "Dish r5 takes an hour." and dict(facts.numbers) == {"total_minutes": 60.0}
    assert cook_time(CATALOGUE, "r8").speech == "I don't know how long Dish r8 takes."


def test_a_number_that_nobody_has() -> None:
    facts = nutrition(CATALOGUE, "r1")
    assert not facts.known and facts.speech == "I don't know the calories of Shrimp curry."
    assert facts.to_json()["numbers"] == {}


def test_a_number_that_was_asked_for() -> None:
    assert nutrition(CATALOGUE, "r1", wanted="total_minutes").speech == "Shrimp curry has total minutes 20."


def test_an_unknown_dish() -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        cook_time(CATALOGUE, "nowhere")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0.2, "less than a minute"), (1, "a minute"), (45, "45 minutes"), (60, "an hour"), (61, "an hour and a minute"),
        (150, "2 hours and 30 minutes"), (1440, "a day"), (2895, "2 days and 15 minutes"),
        (1505, "a day, an hour and 5 minutes"),
    ],
)  # fmt: skip
def test_minutes(minutes: float, said: str) -> None:
    assert spoken_minutes(minutes) == said


def test_lists() -> None:
    said = [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])]
    assert said == ["", "a", "a and b", "a, b and c"]
