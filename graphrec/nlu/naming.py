"""Whether a title is a name of its own, and where a request says one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.dishes import MAX_TITLE_WORDS, SMALL, title_key
from graphrec.nlu.entry import Entry
from graphrec.nlu.tokens import Gap, Token
from graphrec.nlu.vocabulary import COMPOUNDS, DESCRIPTIONS, DISH_NAMES

if TYPE_CHECKING:
    from graphrec.nlu.lexicon import Lexicon

_TURNS = frozenset("no not without free non minus hold skip except nor nothing sans or but less like".split())
"""Words that turn a meaning and that no name of a dish may swallow."""
_WHOLE = frozenset({"ingredient", "cuisine", "course", "diet", "category", "brand"})


@dataclass(frozen=True, slots=True)
class NamedDish:
    """A dish said by its name in `size` tokens; a usual one is not a node's name at the same time."""

    size: int
    entry: Entry
    usual: bool = False

    def outranks(self, size: int, other: Entry) -> bool:
        """Whether the name is read rather than another link of `size` tokens that begins with it."""
        if self.size != size:
            return self.size > size
        if self.usual and other.type == "ingredient":
            return True  # "lasagna" is the dish before it is the sheets, and "char siu" before it is pork
        return not other.refs or (other.type not in _WHOLE and not other.kind)


@cache
def ordinary_words() -> frozenset[str]:
    """English words that are near a food or a cue in spelling and mean something else."""
    text = (resources.files("graphrec.nlu") / "data" / "ordinary_words.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


def is_name(key: str, lookup: Callable[[str], Entry | None]) -> bool:
    """Whether a title says more than its words do one by one.

    "Coq au vin" and "mapo tofu" are names, for one of their words links to nothing; "chicken with rice" asks for
    two ingredients, whatever item is called so.

    Args:
        key: folded words of the title without the small ones.
        lookup: what a folded spelling means.
    """
    if key in DISH_NAMES or key in COMPOUNDS:
        return True
    words = key.split()
    unknown = _unexplained(words, lookup)
    if len(words) == 1:
        return bool(unknown) and len(key) > 2 and key not in ordinary_words()
    last = lookup(words[-1])
    if all(_is_title_word(word, lookup) for word in words):
        return True  # "goi ga"
    return bool(unknown) or (last is not None and last.type == "cuisine")  # "pad thai" is no thai pad


def _is_title_word(word: str, lookup: Callable[[str], Entry | None]) -> bool:
    entry = lookup(word)
    known = word in DESCRIPTIONS or word in ordinary_words()
    return entry is not None and entry.type == "keyword" and not entry.kind and not known


def _unexplained(words: Sequence[str], lookup: Callable[[str], Entry | None]) -> list[str]:
    """Words that are neither linked alone or with their neighbours nor a description."""
    left: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(4, len(words) - at), 0, -1):
            entry = lookup(" ".join(words[at : at + size]))
            if entry is not None and entry.refs and (size == 1 or entry.type in _WHOLE):
                at += size
                break
        else:
            if words[at] not in DESCRIPTIONS and words[at] not in STOPWORDS:
                left.append(words[at])
            at += 1
    return left


def named_dish(tokens: Sequence[Token], at: int, lexicon: Lexicon, taken: Collection[int]) -> NamedDish | None:
    """The longest name of a dish that begins at a token, or None."""
    if lexicon.dishes is None or tokens[at].word in SMALL:
        return None
    end = at
    while end < len(tokens) and end - at < MAX_TITLE_WORDS and _goes_on(tokens, at, end, taken):
        end += 1
    for size in range(end - at, 0, -1):
        if tokens[at + size - 1].word in SMALL:
            continue
        entry = lexicon.dish(title_key([t.lemma for t in tokens[at : at + size]]))
        if entry is not None and not (size == 1 and tokens[at].word in STOPWORDS):
            own = lexicon.own_meaning(" ".join(t.lemma for t in tokens[at : at + size]))
            return NamedDish(size, entry, usual=own is None)
    return None


def _goes_on(tokens: Sequence[Token], at: int, end: int, taken: Collection[int]) -> bool:
    token = tokens[end]
    return end not in taken and token.word not in _TURNS and (end == at or token.gap <= Gap.JOIN)
