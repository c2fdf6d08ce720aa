"""The editable intents file: domains, intents, and what people say for each, with slots where words vary.

    out_of_scope = "out_of_scope.txt"      # sentences that fit none, one a line; beside this file

    [values]
    cuisine = ["thai", "italian"]

    [domains.recipes]
    recommend = ["what should i cook", "show me {cuisine} recipes"]
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.nlu.intents.data import IntentData, Utterance

FILLINGS = 4
"""How often a template is filled; a slot with fewer words gives fewer."""
_SLOT = re.compile(r"\{([^{}]*)\}")
_KEYS = {"out_of_scope", "values", "domains"}


def read_toml(path: Path, values: Mapping[str, Sequence[str]] | None = None) -> IntentData:
    """Read an intents file.

    Args:
        path: the TOML file.
        values: words for slots, by slot; they take the place of those in the file.

    Raises:
        NotFoundError: it names a file of out-of-scope sentences that does not exist.
        InvalidInputError: broken TOML, an unknown key or slot, or a sentence under two intents; the message names
            the file and the line.
    """
    return _File(path, values or {}).read()


class _File:
    """One intents file on its way to utterances."""

    def __init__(self, path: Path, values: Mapping[str, Sequence[str]]) -> None:
        self.path = path
        try:
            self.text = path.read_bytes().decode("utf-8-sig")
            self.content = tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"{path} is no readable TOML: {error}.") from None
        self.values = {**self._own_values(), **values}

    def read(self) -> IntentData:
        """Every utterance, templates filled."""
        unknown = sorted(set(self.content) - _KEYS)
        if unknown:
            raise self._error(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}", unknown[0])
        found: dict[str, Utterance] = {}
        home: dict[str, str] = {}
        for domain, intents in self._table("domains").items():
            if not isinstance(intents, dict):
                raise self._error(f"domain {domain!r} must be a table of intents", domain)
            for intent, sentences in intents.items():
                if home.setdefault(intent, domain) != domain:
                    raise self._error(f"intent {intent!r} stands in {home[intent]!r} too", f"[domains.{domain}]")
                for utterance in self._intent(domain, intent, sentences):
                    self._add(found, utterance)
        return IntentData(train=tuple(found.values()), proxies=self._outside(found))

    def _intent(self, domain: str, intent: str, sentences: Any) -> Iterator[Utterance]:
        for sentence in self._strings(sentences, intent):
            # Drawn per sentence: an edit elsewhere in the file changes nothing here.
            draw = random.Random(sentence)
            slots = _SLOT.findall(sentence)
            for slot in slots:
                if not self.values.get(slot):
                    raise self._error(f"no values for the slot {{{slot}}}", sentence)
            if not slots:
                yield Utterance(sentence, intent, domain)
                continue
            words = {slot: _shuffled(self.values[slot], draw) for slot in slots}
            for turn in range(min(FILLINGS, max(map(len, words.values())))):
                yield Utterance(_fill(sentence, words, turn), intent, domain, group=sentence)

    def _add(self, found: dict[str, Utterance], new: Utterance) -> None:
        key = " ".join(new.text.casefold().split())
        old = found.setdefault(key, new)
        if old.intent != new.intent:
            where = new.group or new.text
            raise self._error(f"{new.text!r} stands under {old.intent!r} and {new.intent!r}", where)

    def _outside(self, known: Mapping[str, Utterance]) -> tuple[str, ...]:
        name = self.content.get("out_of_scope")
        if name is None:
            return ()
        if not isinstance(name, str):
            raise self._error("out_of_scope is the name of a file", "out_of_scope")
        path = self.path.parent / name
        if not path.is_file():
            raise NotFoundError(f"{self.path} names {name}, but there is no file {path}.")
        try:
            lines = path.read_bytes().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{path} is not UTF-8 text: {error.reason}.") from None
        sentences = dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#"))
        for number, line in enumerate(lines, start=1):
            twin = known.get(" ".join(line.casefold().split()))
            if twin is not None:
                raise InvalidInputError(f"{path}, line {number}: {line!r} is an utterance of {twin.intent!r}.")
        return tuple(sentences)

    def _own_values(self) -> dict[str, list[str]]:
        return {slot: self._strings(words, slot) for slot, words in self._table("values").items()}

    def _table(self, key: str) -> dict[str, Any]:
        found = self.content.get(key, {})
        if not isinstance(found, dict):
            raise self._error(f"{key!r} must be a table", key)
        return found

    def _strings(self, found: Any, name: str) -> list[str]:
        if not isinstance(found, list) or not found:
            raise self._error(f"{name!r} must be a list of sentences or words, not empty", name)
        for text in found:
            if not isinstance(text, str) or not text.strip():
                raise self._error(f"{name!r} holds {text!r}, which is no text", name)
        return [" ".join(text.split()) for text in found]

    def _error(self, why: str, words: str) -> InvalidInputError:
        """With the first line that holds the words, for TOML itself keeps none."""
        numbers = (n for n, line in enumerate(self.text.splitlines(), start=1) if words in " ".join(line.split()))
        return InvalidInputError(f"{self.path}, line {next(numbers, 1)}: {why}.")


def _shuffled(words: Sequence[str], draw: random.Random) -> list[str]:
    mixed = list(words)
    draw.shuffle(mixed)
    return mixed


def _fill(sentence: str, words: Mapping[str, Sequence[str]], turn: int) -> str:
    """One filling; a slot that occurs twice takes two words."""
    used: dict[str, int] = {}

    def word(found: re.Match[str]) -> str:
        slot = found[1]
        place = used.get(slot, 0)
        used[slot] = place + 1
        return words[slot][(turn + place * max(1, len(words[slot]) // 2)) % len(words[slot])]

    return _SLOT.sub(word, sentence)
