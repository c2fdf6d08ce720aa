"""Requests in words, made from a query's parts: for training the request scorer and for measuring it.

The two groups of wordings share none, so that what was learned on one can be measured on the other. Every
request
parses back to the query that it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from graphrec.errors import InvalidInputError
from graphrec.ranking.query import NodeRef

# A section in brackets is left out when its slot is empty. Slots: dish names `course`, `cuisine`; lists
# `must`,
# `or_not`, `and_not` (the same exclusions joined by "or" and by "and"); numbers `minutes`, `calories`,
# `servings`.
TRAIN: tuple[str, ...] = (
    "show me [{cuisine} ][{course} ]recipes[ with {must}][ without {or_not}]"
    "[ in under {minutes} minutes][, less than {calories} calories][, serves {servings}]",
    "[{cuisine} ][{course} ]recipes[ with {must}][, no {or_not}][, ready in {minutes} minutes]"
    "[, under {calories} calories][, {servings} servings]",
    "I want a [{cuisine} ][{course} ]dish[ that has {must}][ but no {or_not}]"
    "[. It should take at most {minutes} minutes][. Up to {calories} calories][. Serves {servings}]",
    "what [{cuisine} ][{course} ]recipe can I make[ using {must}][? I can't eat {or_not}]"
    "[? I only have {minutes} minutes][, at most {calories} calories][, for {servings} people]",
    "I'm allergic to {and_not}, find me a [{cuisine} ][{course} ]recipe[ with {must}]"
    "[ within {minutes} minutes][ under {calories} calories][ for {servings} people]",
    "[{cuisine} ][{course} ]ideas[ featuring {must}][, hold the {or_not}][, max {minutes} minutes]"
    "[, max {calories} calories][, for {servings} people]",
    "could you find something [{cuisine} ][for {course}][ made with {must}]"
    "[ that doesn't contain {or_not}][ and takes no more than {minutes} minutes]"
    "[, below {calories} calories][, serving {servings}]",
    "please suggest [{cuisine} ][{course} ]dishes[ including {must}][ and leave out {or_not}]"
    "[; {minutes} minutes or less][; {calories} calories or less][; serves {servings}]",
    "I have {must}, what [{cuisine} ][{course} ]meal can I cook[ without any {or_not}]"
    "[ in {minutes} minutes][ with fewer than {calories} calories][ for {servings} people]",
    "looking for a [{cuisine} ][{course} ]recipe[ with {must}][; we don't eat {or_not}]"
    "[; under {minutes} minutes][; under {calories} calories][; for {servings} people]",
    "my family avoids {and_not}. [{cuisine} ][{course} ]recipes[ with {must}]"
    "[, under {minutes} minutes][, under {calories} calories][, serves {servings}]",
    "a [{cuisine} ][{course} ]recipe[ containing {must}][, minus the {or_not}]"
    "[, done in {minutes} minutes][, no more than {calories} calories][, {servings} portions]",
    "give me [{cuisine} ][{course} ]options[ based on {must}][, skip the {or_not}]"
    "[, less than {minutes} minutes][, not over {calories} kcal][, serves {servings}]",
    "nothing with {or_not}, just [{cuisine} ][{course} ]recipes[ with {must}]"
    "[ under {minutes} minutes][ under {calories} calories][ serving {servings}]",
    "need a [{cuisine} ][{course} ]recipe[ that uses {must}][ and is free of {or_not}]"
    "[, {minutes} minutes tops][, {calories} calories tops][, for {servings} guests]",
)

HELD_OUT: tuple[str, ...] = (
    "I'm craving [{cuisine} ][{course} ]food[ with {must}][; hold the {or_not}]"
    "[, {minutes} minute limit][, capped at {calories} calories][, for {servings} people]",
    "how about a [{cuisine} ][{course} ]recipe[ that includes {must}][ yet excludes {or_not}]"
    "[, not longer than {minutes} minutes][, not more than {calories} calories][, serves {servings}]",
    "[{must} in the fridge: ]which [{cuisine} ][{course} ]recipe[ avoids {and_not}]"
    "[ and is done within {minutes} minutes][ at {calories} calories or fewer]"
    "[ for {servings} people]",
    "someone here hates {and_not}, so suggest [{cuisine} ][{course} ]recipes[ with {must}]"
    "[ in less than {minutes} minutes][ with at most {calories} calories][ for {servings} guests]",
    "we ran out of {and_not}; a [{cuisine} ][{course} ]recipe[ with {must}][, under {minutes} min]"
    "[, under {calories} kcal][, serves {servings}]",
    "any [{cuisine} ][{course} ]meals[ starring {must}][ and not {or_not}][? {minutes} minutes max]"
    "[? {calories} cals max][? serves {servings}]",
    "I've got {must}. Which [{cuisine} ][{course} ]dish works[ if I can't have {or_not}]"
    "[ and only have {minutes} minutes][, max {calories} calories][, for {servings} people]",
    "my guest is intolerant to {and_not}: find a [{cuisine} ][{course} ]recipe[ with {must}]"
    "[, up to {minutes} minutes][, up to {calories} calories][, for {servings} people]",
    "[{must}, ][{cuisine} ][{course} ]recipe[, sans {or_not}][, <= {minutes} mins]"
    "[, at most {calories} kcal][, serves {servings}]",
    "tell me how to cook a [{cuisine} ][{course} ]recipe[ with plenty of {must}]"
    "[ and not a bit of {or_not}][ in no more than {minutes} minutes][ under {calories} calories]"
    "[ for {servings} people]",
    "we'd like a [{cuisine} ][{course} ]recipe[ made from {must}][ with no {or_not} in it]"
    "[, under {minutes} minutes][, below {calories} calories][, {servings} servings]",
    "[{cuisine} ][{course} ]inspiration please[, with {must}][, other than {or_not}]"
    "[, on the table in {minutes} minutes][, less than {calories} cal][, serves {servings}]",
    "what's a good [{cuisine} ][{course} ]recipe[ to use up {must}][? Nobody here eats {or_not}]"
    "[. Max {minutes} minutes][. Max {calories} calories][. Serves {servings}]",
)

_SECTION = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_NUMBERS = {"total_minutes": "minutes", "calories": "calories", "servings": "servings"}


def make_request(
    rng: np.random.Generator,
    must: Sequence[NodeRef],
    must_not: Sequence[NodeRef],
    course: str | None,
    ranges: Mapping[str, tuple[float | None, float | None]],
    wordings: Sequence[str] = TRAIN,
) -> str:
    """Say a query in words.

    Args:
        rng: chooses the wording.
        must: wanted ingredients, and at most one cuisine.
        must_not: excluded ingredients.
        course: name of the course, or None.
        ranges: upper bounds of `total_minutes` and `calories`, an exact `servings`.
        wordings: :data:`TRAIN` or :data:`HELD_OUT`.

    Raises:
        InvalidInputError: a part that the wordings cannot say.
    """
    slots = _slots(must, must_not, course, ranges)
    fitting = [w for w in wordings if _says(w, slots)]
    if not fitting:
        raise InvalidInputError(f"No wording says {sorted(slots)} together; leave a part out.")
    wording = fitting[int(rng.integers(len(fitting)))]

    def section(found: re.Match[str]) -> str:
        return found[1] if all(slot in slots for slot in _SLOT.findall(found[1])) else ""

    text = _SLOT.sub(lambda slot: slots[slot[1]], _SECTION.sub(section, wording))
    return re.sub(r"\s+([,.;:?])", r"\1", re.sub(r"\s{2,}", " ", text)).strip(" ,;")


def _says(wording: str, slots: Mapping[str, str]) -> bool:
    """Whether a wording has a place for every slot and no place outside brackets that would stay empty."""
    places = set(_SLOT.findall(wording))
    needed = set(_SLOT.findall(_SECTION.sub("", wording)))
    said = {slot for slot in slots if slot not in ("or_not", "and_not")}
    excluded = "or_not" not in slots or bool(places & {"or_not", "and_not"})
    return said <= places and needed <= slots.keys() and excluded


def _slots(
    must: Sequence[NodeRef],
    must_not: Sequence[NodeRef],
    course: str | None,
    ranges: Mapping[str, tuple[float | None, float | None]],
) -> dict[str, str]:
    slots: dict[str, str] = {}
    cuisines = [r.id for r in must if r.type == "cuisine"]
    if len(cuisines) > 1 or any(r.type not in ("cuisine", "ingredient") for r in (*must, *must_not)):
        raise InvalidInputError("A request in words takes ingredients and at most one cuisine.")
    if cuisines:
        slots["cuisine"] = cuisines[0]
    if course:
        slots["course"] = course
    wanted = [_one_name(r.id) for r in must if r.type == "ingredient"]
    excluded = [_one_name(r.id) for r in must_not]
    if wanted:
        slots["must"] = _listed(wanted, "and")
    if excluded:
        slots |= {"or_not": _listed(excluded, "or"), "and_not": _listed(excluded, "and")}
    for key, (low, high) in ranges.items():
        value = high if key != "servings" or low == high else None
        if key not in _NUMBERS or value is None or (low is not None and key != "servings"):
            raise InvalidInputError(f"A request in words cannot say {key} = {(low, high)}.")
        slots[_NUMBERS[key]] = f"{value:g}"
    return slots


def _one_name(name: str) -> str:
    """A name that holds a conjunction as one word: pea-and-carrot is one thing, "pea and carrot" are two."""
    return re.sub(r"\s(and|or)\s", r"-\1-", name)


def _listed(names: Sequence[str], conjunction: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
