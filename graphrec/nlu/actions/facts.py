"""What is known of one dish: ingredients, time, calories, servings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphrec.bundle.catalogue import UNREAD, Catalogue
from graphrec.errors import NotFoundError
from graphrec.nlu.durations import CALORIES, SERVINGS, TIME
from graphrec.ranking.live import LiveStore, catalogue_title

MOST_SPOKEN = 12
"""Ingredients that are spoken; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Facts:
    """An answer about one dish.

    Args:
        item: external id.
        title: as the store has it now, where there is one.
        speech: one or two sentences.
        known: whether there was anything to tell.
        ingredients: display names, in the order of the catalogue.
        unread: lines of the recipe that name no known food.
        numbers: by property, those that are known.
    """

    item: str
    title: str
    speech: str
    known: bool
    ingredients: tuple[str, ...] = ()
    unread: int = 0
    numbers: tuple[tuple[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item, "title": self.title, "speech": self.speech, "known": self.known,
            "ingredients": list(self.ingredients), "unread": self.unread, "numbers": dict(self.numbers),
        }  # fmt: skip


def list_ingredients(catalogue: Catalogue, item: str, live: LiveStore | None = None) -> Facts:
    """What goes into a dish.

    Args:
        live: where there is one, what its store holds now counts.

    Raises:
        NotFoundError: the catalogue has no such item.
    """
    index, title = _dish(catalogue, item, live)
    names = _ingredients(catalogue, index, live)
    unread = int(_number(catalogue, index, UNREAD) or 0)
    if not names:
        return Facts(item, title, f"I don't know what goes into {title}.", False, unread=unread)
    spoken = names[:MOST_SPOKEN]
    left = len(names) - len(spoken)
    rest = f" and {left} more" if left else ""
    more = "" if not unread else (
        " One line of the recipe I could not read." if unread == 1
        else f" {unread} lines of the recipe I could not read."
    )  # fmt: skip
    listing = f"{', '.join(spoken)}{rest}" if rest else listed(spoken)
    return Facts(item, title, f"{title} is made with {listing}.{more}", True, names, unread)


def cook_time(catalogue: Catalogue, item: str, live: LiveStore | None = None) -> Facts:
    """How long a dish takes, from the first step to the table.

    Raises:
        NotFoundError: the catalogue has no such item.
    """
    index, title = _dish(catalogue, item, live)
    minutes = _number(catalogue, index, TIME)
    if minutes is None:
        return Facts(item, title, f"I don't know how long {title} takes.", False)
    speech = f"{title} takes {spoken_minutes(minutes)}."
    return Facts(item, title, speech, True, numbers=((TIME, minutes),))


def nutrition(
    catalogue: Catalogue, item: str, live: LiveStore | None = None, *, wanted: str | None = None
) -> Facts:
    """Calories and servings of a dish, or the one number that was asked for.

    Args:
        wanted: name of a property.

    Raises:
        NotFoundError: the catalogue has no such item.
    """
    index, title = _dish(catalogue, item, live)
    names = (wanted,) if wanted is not None else (CALORIES, SERVINGS)
    numbers = tuple((name, value) for name in names if (value := _number(catalogue, index, name)) is not None)
    if not numbers:
        what = (wanted or CALORIES).replace("_", " ")
        return Facts(item, title, f"I don't know the {what} of {title}.", False)
    parts = [_phrase(name, value) for name, value in numbers]
    return Facts(item, title, f"{title} {listed(parts)}.", True, numbers=numbers)


def _phrase(name: str, value: float) -> str:
    amount = f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
    if name == SERVINGS:
        return f"serves {amount}"
    return (
        f"has {amount} calories a serving" if name == CALORIES else f"has {name.replace('_', ' ')} {amount}"
    )


def spoken_minutes(minutes: float) -> str:
    """ "an hour and 15 minutes"."""
    hours, rest = divmod(round(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = [
        "" if not days else "a day" if days == 1 else f"{days} days",
        "" if not hours else "an hour" if hours == 1 else f"{hours} hours",
        "" if not rest else "a minute" if rest == 1 else f"{rest} minutes",
    ]
    return listed([part for part in parts if part]) or "less than a minute"


def listed(words: Sequence[str]) -> str:
    """ "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def dish_index(catalogue: Catalogue, item: str) -> int:
    """The index of an item.

    Raises:
        NotFoundError: the catalogue has none of that id.
    """
    index = catalogue.item_ids.find(item)
    if index is None:
        raise NotFoundError(f"The catalogue has no item {item!r}; check the id.")
    return index


def _dish(catalogue: Catalogue, item: str, live: LiveStore | None) -> tuple[int, str]:
    index = dish_index(catalogue, item)
    return index, catalogue_title(catalogue, index, live) or item


def _ingredients(catalogue: Catalogue, index: int, live: LiveStore | None) -> tuple[str, ...]:
    edges, names = catalogue.item_attributes, []
    for place in range(int(edges.indptr[index]), int(edges.indptr[index + 1])):
        attribute = int(edges.indices[place])
        if catalogue.types[int(catalogue.attribute_type[attribute])] != "ingredient":
            continue
        relation = catalogue.relations[int(catalogue.edge_relation[place])]
        if live is None or catalogue.attribute_ids[attribute] in live.attributes(index, relation):
            names.append(catalogue.label(attribute))
    return tuple(dict.fromkeys(names))


def _number(catalogue: Catalogue, index: int, name: str) -> float | None:
    values = catalogue.properties.get(name)
    return None if values is None or not math.isfinite(values[index]) else float(values[index])
