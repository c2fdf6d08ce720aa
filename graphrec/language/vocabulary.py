"""The ingredient names that graphrec knows: `data/*.txt`, written for this project.

A line is `name; alias; alias < kind, kind + part, part`: the name belongs to the kinds (is a) and is made
with the parts
(contains). A `[kind]` line gives the kind of the names below it that state none. `data/tools.txt` lists
what stands in
ingredient lists and is not eaten (foil, skewers, jars).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from graphrec.errors import InvalidInputError
from graphrec.language.fold import fold

_FOOD_FILES = (
    "produce", "fruit", "proteins", "dairy", "nuts", "grains", "legumes", "spices", "pantry", "sweets",
    "drinks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VocabularyEntry:
    """One ingredient: how it is shown, its other spellings, its kinds and parts (all folded but `name`)."""

    name: str
    id: str
    aliases: tuple[str, ...]
    kinds: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Known names and the ids they stand for."""

    entries: dict[str, VocabularyEntry]
    spellings: dict[str, str]
    tools: frozenset[str] = field(default_factory=frozenset)

    def __contains__(self, name: str) -> bool:
        return fold(name) in self.spellings

    def canonical(self, name: str) -> str | None:
        """The id that `name` (any spelling) stands for, or None."""
        return self.spellings.get(fold(name))

    def name(self, ident: str) -> str:
        """How the ingredient `ident` is shown."""
        entry = self.entries.get(ident)
        return entry.name if entry else ident


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def parse_entries(lines: Iterable[str], source: str) -> Iterator[VocabularyEntry]:
    """Entries of one vocabulary file.

    Raises:
        InvalidInputError: a line without a name.
    """
    header: tuple[str, ...] = ()
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            header = _split(line.strip("[]"), ",")
            continue
        rest, _, parts = line.partition(" + ")
        rest, _, kinds = rest.partition(" < ")
        names = _split(rest, ";")
        if not names:
            raise InvalidInputError(f"{source}, line {number}: no ingredient name before the kinds")
        yield VocabularyEntry(
            names[0], fold(names[0]), tuple(dict.fromkeys(fold(n) for n in names)),
            tuple(fold(k) for k in (_split(kinds, ",") or header)), tuple(fold(p) for p in _split(parts,
            ",")),
        )  # fmt: skip


def build_vocabulary(entries: Iterable[VocabularyEntry], tools: Iterable[str] = ()) -> Vocabulary:
    """A vocabulary of `entries`; a spelling claimed twice stays with the entry of that very name, else the
    first.
    """
    known: dict[str, VocabularyEntry] = {}
    for entry in entries:
        if entry.id in known:
            raise InvalidInputError(f"the ingredient {entry.name!r} is listed twice; join the two lines")
        known[entry.id] = entry
    spellings = {ident: ident for ident in known}
    for entry in known.values():
        for alias in entry.aliases:
            spellings.setdefault(alias, entry.id)
    spellings.pop("", None)
    return Vocabulary(known, spellings, frozenset(t for t in map(fold, tools) if t and t not in spellings))


@cache
def load_vocabulary() -> Vocabulary:
    """The shipped vocabulary."""
    data = resources.files("graphrec.language") / "data"
    entries: list[VocabularyEntry] = []
    for stem in _FOOD_FILES:
        lines = (data / f"{stem}.txt").read_text(encoding="utf-8").splitlines()
        entries.extend(parse_entries(lines, f"{stem}.txt"))
    tools = [
        e for e in parse_entries((data / "tools.txt").read_text(encoding="utf-8").splitlines(), "tools.txt")
    ]
    return build_vocabulary(entries, (alias for tool in tools for alias in tool.aliases))
