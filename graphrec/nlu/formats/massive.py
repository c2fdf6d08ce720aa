"""MASSIVE and SLURP: annotated utterances.

MASSIVE (Amazon, CC BY 4.0) writes slots into the utterance, `[food_type : italian]`; SLURP names them by the tokens
that they cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphrec.errors import InvalidInputError
from graphrec.nlu.formats.fields import Field
from graphrec.nlu.formats.values import checked, typed
from graphrec.nlu.result import Intent, NLUResult, Slot

_ANNOTATED = re.compile(r"\[(\w+) : ([^\[\]]+)\]")
_SPACE = re.compile(r"\s+")


def matches(data: Mapping[str, Any]) -> bool:
    """Whether an object is a row of either data set."""
    return (
        bool({"annot_utt", "sentence_annotation", "utt"} & data.keys())
        or {"sentence", "intent"} <= data.keys()
    )


def read_massive(data: Mapping[str, Any]) -> NLUResult:
    """A row of MASSIVE or SLURP; offsets are characters of `text`.

    Raises:
        InvalidInputError: a field of the wrong type, or an annotation of another utterance; the message gives its path.
    """
    root = Field(data)
    text, slots = _slurp(root) if "sentence" in data else _massive(root)
    name = root["intent"].text()
    return NLUResult(
        text=text, locale=root["locale"].text(), source="massive", domain=root["scenario"].text(),
        intent=None if name is None else Intent(name), slots=checked(slots), novel=name is None,
    )  # fmt: skip


def plain_text(annotated: str) -> tuple[str, tuple[Slot, ...]]:
    """The utterance of an annotated one, and its slots.

    >>> text, slots = plain_text("[food_type : thai] soup")
    >>> text, slots[0].name, slots[0].span
    ('thai soup', 'food_type', (0, 4))
    """
    parts: list[str] = []
    slots: list[Slot] = []
    at = length = 0
    for found in _ANNOTATED.finditer(annotated):
        before, said = annotated[at : found.start()], found[2]
        start = length + len(before)
        length, at = start + len(said), found.end()
        parts += before, said
        slots.append(_slot(found[1], said, (start, length)))
    return "".join([*parts, annotated[at:]]), tuple(slots)


def _slot(name: str, said: str, span: tuple[int, int]) -> Slot:
    value, kind = typed(said)
    return Slot(name, kind, said, value, span=span)


def _massive(root: Field) -> tuple[str | None, tuple[Slot, ...]]:
    written = root["annot_utt"].text(None)
    if written is None:
        return root["utt"].text(None), ()
    text, slots = plain_text(written)
    _compare(root, "annot_utt", text, root["utt"].text(None))
    return text, slots


def _compare(root: Field, key: str, text: str, said: str | None) -> None:
    """The annotation must be of this utterance; spaces may differ."""
    if said is not None and _SPACE.sub("", text) != _SPACE.sub("", said):
        raise InvalidInputError(f"{key} must spell the same utterance as the row, but another one was given.")


def _slurp(root: Field) -> tuple[str | None, tuple[Slot, ...]]:
    sentence = root["sentence"].text(None)
    if sentence is None:
        return None, ()
    if root["tokens"]:
        return sentence, tuple(_by_tokens(root, sentence))
    written = root["sentence_annotation"].text(None)
    if written is None:
        return sentence, ()
    text, slots = plain_text(written)
    _compare(root, "sentence_annotation", text, sentence)
    return text, slots


def _by_tokens(root: Field, sentence: str) -> Iterator[Slot]:
    """Slots from token indices: the first to the last that an entity covers."""
    places = _places(root["tokens"], sentence)
    for entity in root["entities"].items():
        covered = [at for index in entity["span"].items() if (at := index.offset()) is not None]
        if not covered:
            continue
        if max(covered) >= len(places):
            entity["span"].wrong(f"token numbers below {len(places)}")
        span = places[min(covered)][0], places[max(covered)][1]
        yield _slot(entity["type"].needed(), sentence[slice(*span)], span)


def _places(tokens: Field, sentence: str) -> list[tuple[int, int]]:
    """First and last character of every token, found in order."""
    places: list[tuple[int, int]] = []
    lowered, at = sentence.lower(), 0
    if len(lowered) != len(sentence):  # a letter whose lower case is longer
        lowered = sentence
    for token in tokens.items():
        surface = token["surface"].needed()
        start = max(lowered.find(surface.lower(), at), sentence.find(surface, at))
        if start < 0:
            token["surface"].wrong("a part of the sentence")
        at = start + len(surface)
        places.append((start, at))
    return places
