"""One schema.org Recipe object, in the forms that sites and crawlers write it, as a plain record."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrec.errors import InvalidInputError
from graphrec.language.bands import duration_minutes
from graphrec.store.importers.report import BadValueError
from graphrec.store.importers.rows import identifier, utf8

_FIRST_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_KNOWN_KEYS = frozenset(
    """
    @type @context @id @graph identifier name headline url sameAs description image author publisher
    datePublished dateModified
    dateCreated recipeIngredient ingredients recipeInstructions recipeCuisine recipeCategory keywords
    suitableForDiet
    prepTime cookTime totalTime performTime nutrition recipeYield yield healthScore isPartOf aggregateRating
    review video tool
    supply step cookingMethod estimatedCost mainEntityOfPage inLanguage license isAccessibleForFree
    interactionStatistic
    """.split()
)


@dataclass(slots=True)
class Recipe:
    """A recipe as read; empty where the file says nothing."""

    id: str
    name: str | None
    ingredients: list[str]
    instructions: list[str]
    cuisines: list[str]
    categories: list[str]
    keywords: list[str]
    diets: list[str]
    meals: list[str]
    numbers: dict[str, float]
    scores: dict[str, float]
    url: str | None
    description: str | None


def parse_recipe(row: Any) -> Recipe:
    """The record of one JSON object.

    Raises:
        BadValueError: it is no recipe, or one of its values cannot be used.
    """
    if not isinstance(row, Mapping):
        raise BadValueError("", row, "is not a JSON object")
    kinds = _texts(row.get("@type"), "@type")
    if kinds and not any(kind.rpartition("/")[2].casefold() == "recipe" for kind in kinds):
        raise BadValueError("@type", kinds[0], "is not a Recipe")
    scores = _scores(row.get("healthScore"))
    return Recipe(
        id=_identifier(row),
        name=_text(row.get("name") or row.get("headline"), "name"),
        ingredients=_texts(
            row.get("recipeIngredient", row.get("ingredients")), "recipeIngredient", lines=True
        ),
        instructions=_instructions(row.get("recipeInstructions")),
        cuisines=_texts(row.get("recipeCuisine"), "recipeCuisine", commas=True),
        categories=_texts(row.get("recipeCategory"), "recipeCategory", commas=True),
        keywords=_texts(row.get("keywords"), "keywords", commas=True),
        diets=[_diet(text) for text in _texts(row.get("suitableForDiet"), "suitableForDiet")],
        meals=_meals(row.get("isPartOf")),
        numbers=_numbers(row),
        scores=scores,
        url=_text(row.get("url"), "url"),
        description=_text(row.get("description"), "description"),
    )


def unknown_keys(row: Any) -> set[str]:
    """Keys that nothing is made of."""
    return set(row) - _KNOWN_KEYS if isinstance(row, Mapping) else set()


def _identifier(row: Mapping[str, Any]) -> str:
    value = row.get("identifier", row.get("@id", row.get("url")))
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, Mapping):
        value = value.get("value", value.get("@id"))
    if value is None:
        raise BadValueError("identifier", "", "is missing; give every recipe an identifier")
    return identifier(value, "identifier")


def _text(value: Any, column: str) -> str | None:
    """Plain text of a string, a number, a language-tagged object or the first of a list; None when there is
    none.
    """
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        value = value.get("@value", value.get("name", value.get("text", value.get("@id"))))
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise BadValueError(column, value, "is not text")
    if "\0" in value:
        raise BadValueError(column, value, "holds a NUL character")
    text = " ".join((html.unescape(value) if "&" in value else value).split())
    return utf8(text, column) or None


def _texts(value: Any, column: str, *, commas: bool = False, lines: bool = False) -> list[str]:
    """Every text of a value that may be one, a list, or a list in one string."""
    if value is None:
        return []
    if isinstance(value, str) and lines:
        value = value.splitlines()
    elif isinstance(value, str) and commas:
        value = value.split(",")
    elif isinstance(value, Mapping) and "itemListElement" in value:
        value = value["itemListElement"]
    found = (_text(part, column) for part in (value if isinstance(value, list) else [value]))
    return [text for text in found if text]


def _instructions(value: Any, depth: int = 0) -> list[str]:
    """Steps in order, from a string, strings, HowToStep or HowToSection objects."""
    if value is None or depth > 5:
        return []
    if isinstance(value, str):
        return [step for line in value.splitlines() if (step := _text(line, "recipeInstructions"))]
    if isinstance(value, Mapping):
        inner = value.get("itemListElement", value.get("steps"))
        if inner is not None:
            return _instructions(inner, depth + 1)
        step = _text(value.get("text", value.get("description", value.get("name"))), "recipeInstructions")
        return [step] if step else []
    if isinstance(value, list):
        return [step for part in value for step in _instructions(part, depth + 1)]
    raise BadValueError("recipeInstructions", value, "is neither text nor a list of steps")


def _diet(text: str) -> str:
    """`https://schema.org/GlutenFreeDiet` becomes `gluten free`."""
    word = text.rpartition("/")[2].removesuffix("Diet")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word).casefold()


def _meals(value: Any) -> list[str]:
    meals: list[str] = []
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, Mapping):
            part = part.get("identifier", part.get("@id", part.get("name")))
        if part is not None:
            meals.append(identifier(part, "isPartOf"))
    return meals


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    times = {key: _minutes(row.get(key), key) for key in ("totalTime", "prepTime", "cookTime")}
    total = times["totalTime"]
    if total is None and (times["prepTime"] or times["cookTime"]):
        total = (times["prepTime"] or 0.0) + (times["cookTime"] or 0.0)
    nutrition = row.get("nutrition")
    if nutrition is not None and not isinstance(nutrition, Mapping):
        raise BadValueError("nutrition", nutrition, "is not an object")
    found = {
        "total_minutes": total,
        "prep_minutes": times["prepTime"],
        "cook_minutes": times["cookTime"],
        "calories": _number((nutrition or {}).get("calories"), "nutrition.calories"),
        "servings": _number(row.get("recipeYield", row.get("yield")), "recipeYield", lenient=True),
    }
    return {key: value for key, value in found.items() if value is not None}


def _minutes(value: Any, column: str) -> float | None:
    text = _text(value, column)
    if text is None:
        return None
    try:
        return duration_minutes(text)
    except InvalidInputError:
        raise BadValueError(column, value, "is not an ISO 8601 duration such as PT1H15M") from None


def _number(value: Any, column: str, *, lenient: bool = False) -> float | None:
    """A number, or the first one in a text (`256 kcal`, `4 servings`); None when there is none.

    Args:
        lenient: a text without a number (`one loaf`) is no error.
    """
    while isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        value = value.get("value", value.get("@value"))
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = _FIRST_NUMBER.search(value.replace("\u2009", " "))
        if found is None:
            if lenient or not value.strip():
                return None
            raise BadValueError(column, value, "holds no number")
        if value[: found.start()].rstrip().endswith("-"):
            raise BadValueError(column, value, "must be a finite number of at least 0")
        value = float(found[0].replace(",", "." if len(found[0].partition(",")[2]) != 3 else ""))
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise BadValueError(column, value, "must be a finite number of at least 0")
    return float(value)


def _scores(value: Any) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadValueError("healthScore", value, "is not an object such as {fsa, who}")
    scores = {key: _number(value.get(key), f"healthScore.{key}") for key in ("fsa", "who")}
    return {key: number for key, number in scores.items() if number is not None}
