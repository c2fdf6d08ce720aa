"""The intent map and the slot map: what the names of other services mean, read from a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from graphrec.errors import ConfigError
from graphrec.nlu.plan import Action, PreferenceKind
from graphrec.nlu.result import Operator

Read: TypeAlias = Literal["node", "diet", "range", "count", "position", "dish", "text", "ignore"]
Rule = TypeVar("Rule")
_SHIPPED = "maps.toml"


@dataclass(frozen=True, slots=True)
class IntentRule:
    """What an intent asks for.

    Args:
        name: the table of the map.
        action: what to do.
        kind: kind of preference that is taught or taken back, where the intent says it.
        feedback: 1 liked, -1 disliked, for `feedback`.
        property: the number that is asked for, for `nutrition`.
        by_words: the name says little: the words decide the action where they tell it.
    """

    name: str
    action: Action
    kind: PreferenceKind | None = None
    feedback: Literal[1, -1] | None = None
    property: str | None = None
    by_words: bool = False


@dataclass(frozen=True, slots=True)
class SlotRule:
    """How the values of a slot are read; `maps.toml` says what each field does."""

    name: str
    read: Read
    prefer: str | None = None
    polarity: Literal[1, -1] = 1
    hard: bool = False
    property: str | None = None
    operator: Operator = "<="
    per: float = 1.0
    bare: float = 1.0


UNKNOWN_SLOT = SlotRule("unknown", "text")
"""Slots that the map does not name are read phrase by phrase."""


class Maps:
    """Names to rules; exact names before patterns, longer patterns before shorter ones.

    Args:
        intents: (name or pattern, rule), later ones win.
        slots: by name of the slot.
        types: by type of the slot.
    """

    def __init__(
        self, intents: Iterable[tuple[str, IntentRule]], slots: Iterable[tuple[str, SlotRule]] = (),
        types: Iterable[tuple[str, SlotRule]] = (),
    ) -> None:  # fmt: skip
        self._intents, self._slots, self._types = _Names(intents), _Names(slots), _Names(types)

    def intent(self, name: str) -> IntentRule | None:
        """What an intent of this name asks for; None where the map does not know it."""
        return self._intents.find(name)

    def slot(self, name: str, kind: str | None) -> SlotRule:
        """How to read a slot, by its name, else its type; :data:`UNKNOWN_SLOT` where neither is known."""
        return self._slots.find(name) or (kind and self._types.find(kind)) or UNKNOWN_SLOT


class _Names(dict[str, Rule]):
    """Rules by normal name, and by pattern."""

    def __init__(self, entries: Iterable[tuple[str, Rule]]) -> None:
        super().__init__({normal(name): rule for name, rule in entries})
        self._patterns = sorted((name for name in self if "*" in name), key=lambda name: (-len(name), name))

    def find(self, name: str) -> Rule | None:
        key = normal(name[:256]).replace("*", "")
        if key in self:
            return self[key]
        pattern = next((p for p in self._patterns if fnmatchcase(key, p)), None)
        return None if pattern is None else self[pattern]


def normal(name: str) -> str:
    """A name as it is compared: letters, digits and `*` in lower case, without a final "intent"."""
    plain = re.sub(r"[^\w*]|_", "", name.casefold())
    return plain.removesuffix("intent") or plain


def load_maps(path: Path | str | None = None) -> Maps:
    """The shipped maps, or with those of a file of one's own added to them.

    Raises:
        ConfigError: the file is not TOML, or holds a key or value that no rule has.
    """
    if path is None:
        return _shipped()
    source = Path(path)
    try:
        data = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The maps {source} cannot be read ({error.strerror}); check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The maps {source} are not TOML: {error}.") from error
    extends = data.pop("extends", True)
    if not isinstance(extends, bool):
        raise ConfigError(f"'extends' in the maps {source} must be true or false, not {extends!r}.")
    return _maps([_shipped_tables()] * extends + [_checked(data, str(source))])


@cache
def _shipped() -> Maps:
    return _maps([_shipped_tables()])


def _shipped_tables() -> _Tables:
    text = resources.files(__package__).joinpath(_SHIPPED).read_text(encoding="utf-8")
    return _checked(tomllib.loads(text), _SHIPPED)


@dataclass(frozen=True)
class _Tables:
    """One file, read."""

    intents: list[tuple[str, IntentRule]]
    slots: list[tuple[str, SlotRule]]
    types: list[tuple[str, SlotRule]]


def _maps(files: Iterable[_Tables]) -> Maps:
    files = list(files)
    return Maps(
        [entry for file in files for entry in file.intents],
        [entry for file in files for entry in file.slots],
        [entry for file in files for entry in file.types],
    )


_TEXT: Mapping[str, Callable[[Any], bool]] = {
    "action": lambda v: v in get_args(Action),
    "kind": lambda v: v in get_args(PreferenceKind),
    "feedback": lambda v: v in (1, -1) and not isinstance(v, bool),
    "property": lambda v: isinstance(v, str) and bool(v),
    "read": lambda v: v in get_args(Read),
    "prefer": lambda v: isinstance(v, str) and bool(v),
    "polarity": lambda v: v in (1, -1) and not isinstance(v, bool),
    "hard": lambda v: isinstance(v, bool),
    "by_words": lambda v: isinstance(v, bool),
    "operator": lambda v: v in get_args(Operator),
    "per": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and v > 0,
    "bare": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and v > 0,
    "names": lambda v: isinstance(v, list) and all(isinstance(n, str) and normal(n) for n in v),
    "types": lambda v: isinstance(v, list) and all(isinstance(n, str) and normal(n) for n in v),
}
_WANTED = {
    "action": f"one of {', '.join(get_args(Action))}", "kind": f"one of {', '.join(get_args(PreferenceKind))}",
    "read": f"one of {', '.join(get_args(Read))}", "operator": "one of =, <=, >=", "hard": "true or false",
    "by_words": "true or false", "feedback": "1 or -1", "polarity": "1 or -1", "per": "a number above 0",
    "bare": "a number above 0", "names": "a list of names", "types": "a list of names",
}  # fmt: skip
_INTENT_KEYS = ("names", "action", "kind", "feedback", "property", "by_words")
_SLOT_KEYS = ("names", "types", "read", "prefer", "polarity", "hard", "property", "operator", "per", "bare")


def _checked(data: Mapping[str, Any], source: str) -> _Tables:
    unknown = sorted(set(data) - {"intents", "slots"})
    if unknown:
        raise ConfigError(f"The maps {source} have no part {unknown[0]!r}; the parts are intents and slots.")
    intents: list[tuple[str, IntentRule]] = []
    for name, table in _tables(data, "intents", source, _INTENT_KEYS):
        values = {"action": name, **table}
        if not _TEXT["action"](values["action"]):
            raise ConfigError(
                f"[intents.{name}] in {source} needs an action, {_WANTED['action']}; "
                f"{values['action']!r} is none."
            )
        names = values.pop("names", ())
        rule = IntentRule(name, **values)
        if rule.action == "feedback" and rule.feedback is None:
            raise ConfigError(f"[intents.{name}] in {source} needs feedback = 1 or -1.")
        intents += [(said, rule) for said in names]
    slots: list[tuple[str, SlotRule]] = []
    types: list[tuple[str, SlotRule]] = []
    for name, table in _tables(data, "slots", source, _SLOT_KEYS):
        names, kinds = table.pop("names", ()), table.pop("types", ())
        if "read" not in table:
            raise ConfigError(f"[slots.{name}] in {source} needs read, {_WANTED['read']}.")
        slot = SlotRule(name, **table)
        if slot.read == "range" and slot.property is None:
            raise ConfigError(f"[slots.{name}] in {source} reads a range and needs the property it is over.")
        slots += [(said, slot) for said in names]
        types += [(said, slot) for said in kinds]
    _no_name_twice(intents, "intents", source)
    _no_name_twice(slots, "slots", source)
    return _Tables(intents, slots, types)


def _tables(
    data: Mapping[str, Any], part: str, source: str, keys: tuple[str, ...]
) -> Iterable[tuple[str, dict[str, Any]]]:
    tables = data.get(part, {})
    if not isinstance(tables, dict):
        raise ConfigError(f"{part!r} in the maps {source} must hold tables such as [{part}.NAME].")
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"[{part}.{name}] in the maps {source} must be a table.")
        for key, value in table.items():
            if key not in keys:
                raise ConfigError(
                    f"[{part}.{name}] in {source} has no key {key!r}; it may have {', '.join(keys)}."
                )
            if not _TEXT[key](value):
                wanted = _WANTED.get(key, "a text")
                raise ConfigError(f"{key!r} of [{part}.{name}] in {source} must be {wanted}, not {value!r}.")
        yield name, dict(table)


def _no_name_twice(entries: Iterable[tuple[str, IntentRule | SlotRule]], part: str, source: str) -> None:
    seen: dict[str, str] = {}
    for name, rule in entries:
        other = seen.setdefault(normal(name), rule.name)
        if other != rule.name:
            raise ConfigError(
                f"{name!r} stands in [{part}.{other}] and in [{part}.{rule.name}] of {source}; "
                "one name has one meaning."
            )
