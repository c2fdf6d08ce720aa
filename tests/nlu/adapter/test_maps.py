"""The intent map and the slot map: names compared loosely, files of one's own, clear errors."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

from graphrec.errors import ConfigError
from graphrec.nlu.adapter import load_maps
from graphrec.nlu.adapter.maps import UNKNOWN_SLOT, normal
from graphrec.nlu.intents.rules import DOMAINS
from graphrec.nlu.plan import Action

DATA = Path(__file__).parents[3] / "data" / "nlu" / "recipes.toml"


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("RecipeIntent", "recommend"), ("recipe.search", "recommend"), ("recipe_search", "recommend"),
        ("RECIPE-SEARCH", "recommend"), ("cooking_recipe", "recommend"), ("AMAZON.StopIntent", "stop"),
        ("AMAZON.YesIntent", "confirm"), ("AMAZON.NoIntent", "deny"), ("AMAZON.PauseIntent", "fallback"),
        ("AMAZON.SearchAction<object@Recipe[name]>", "recommend"), ("AMAZON.MoreIntent", "more"),
        ("ingredient_substitution", "substitute"), ("SubstitutionIntent", "substitute"), ("calories", "nutrition"),
        ("ingredients_list", "list_ingredients"), ("cook_time", "cook_time"), ("teach_anything", "add_preference"),
        ("set_timer", "fallback"), ("restaurant_reservation", "fallback"), ("AMAZON.HelpIntent", "help"),
    ],
)  # fmt: skip
def test_known_names(name: str, action: str) -> None:
    """Names of the platforms, of data sets and of our own in any spelling."""
    rule = load_maps().intent(name)
    assert rule is not None and rule.action == action


def test_every_intent_that_we_find_has_a_meaning() -> None:
    """Those of the rules, and those of the file the shipped model is trained on."""
    domains = tomllib.loads(DATA.read_text(encoding="utf-8"))["domains"]
    for name in {*DOMAINS, *(intent for table in domains.values() for intent in table)}:
        assert load_maps().intent(name) is not None, name


def test_every_action_can_be_asked_for() -> None:
    """No action of a plan is out of reach of a platform's intent."""
    text = resources.files("graphrec.nlu.adapter").joinpath("maps.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)["intents"]
    assert {table.get("action", name) for name, table in tables.items()} == set(get_args(Action))


def test_details_of_rules() -> None:
    """What an intent says besides its action."""
    maps = load_maps()
    like, bad, calories = maps.intent("teach_like"), maps.intent("feedback_bad"), maps.intent("calories")
    assert like is not None and like.kind == "like"
    assert bad is not None and bad.feedback == -1
    assert calories is not None and calories.property == "calories"


def test_slots_by_name_then_by_type_then_unknown() -> None:
    """A name says more than a type: a duration slot called minTime is a lower bound."""
    maps = load_maps()
    assert maps.slot("minTime", "AMAZON.DURATION").operator == ">="
    assert maps.slot("xyz", "AMAZON.DURATION").property == "total_minutes"
    assert maps.slot("whoKnows", None) is UNKNOWN_SLOT
    assert maps.slot("ALLERGY", None).hard and maps.slot("excluded_ingredients", None).polarity == -1


def test_an_unknown_intent_has_no_rule() -> None:
    assert load_maps().intent("frobnicate") is None


def test_a_star_in_a_name_matches_no_pattern_by_itself() -> None:
    """A name from outside is text, not a pattern."""
    assert load_maps().intent("*") is None


@pytest.mark.parametrize("name", ["Intent", "intent", "_"])
def test_normal_form_never_loses_everything_but_punctuation(name: str) -> None:
    assert normal(name) == name.casefold().replace("_", "")


def write(folder: Path, text: str) -> Path:
    path = folder / "maps.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_is_added_and_wins(tmp_path: Path) -> None:
    """His names go before the shipped ones, which otherwise stay."""
    maps = load_maps(write(tmp_path, '[intents.help]\nnames = ["recipe", "WasIstDasIntent"]\n'))
    actions = [getattr(maps.intent(name), "action", None) for name in ("recipe", "wasistdas", "more")]
    assert actions == ["help", "help", "more"]


def test_a_file_may_stand_alone(tmp_path: Path) -> None:
    maps = load_maps(write(tmp_path, 'extends = false\n[intents.help]\nnames = ["hilfe"]\n'))
    assert maps.intent("hilfe") is not None and maps.intent("recipe") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[intents", "not TOML"), ("[foo]\n", "no part 'foo'"), ("[intents.dance]\n", "needs an action"),
        ('[intents.help]\nnammes = ["x"]', "no key 'nammes'"), ('[intents.help]\nnames = "x"', "a list of names"),
        ('[intents.help]\nnames = [""]', "a list of names"), ("intents = 3", "must hold tables"),
        ('[intents.x]\naction = "feedback"\nnames = ["x"]', "feedback = 1 or -1"),
        ('[slots.x]\nnames = ["x"]', "needs read"), ('[slots.x]\nread = "range"\nnames = ["x"]', "needs the property"),
        ('[slots.x]\nread = "range"\nproperty = "p"\nper = 0', "a number above 0"),
        ('[slots.x]\nread = "node"\nhard = 1', "true or false"), ("extends = 1", "must be true or false"),
        ('[intents.help]\nnames = ["a"]\n[intents.stop]\nnames = ["A"]', "one name has one meaning"),
        ("[intents]\nhelp = 1", "must be a table"), ('[intents.x]\naction = ["a"]', "must be one of recommend"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong, where, and what may stand there."""
    with pytest.raises(ConfigError, match=said):
        load_maps(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_maps(tmp_path / "none.toml")
