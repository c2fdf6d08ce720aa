"""Words of a request with their places in it, and the punctuation before each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from graphrec.language.fold import fold

_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*(?:/\d+)?"
    r"|[^\W\d_\u00bc-\u00be]+[\u0300-\u036f]*(?:['\u2019\u02bc]?[^\W\d_\u00bc-\u00be]+[\u0300-\u036f]*)*"
    r"|[\u00bc-\u00be]"
)
_HARD = re.compile(r"[.;!?()\[\]{}\u2014\u2013\u3002\u061f|\u2022*\r\n]|\s-+\s|--")
_LINE = re.compile(r"[ \t,;]*(?:\r?\n[ \t]*)(?:[-*\u2022][ \t]*)?|[ \t]*[*\u2022][ \t]*")
_ELLIPSIS = re.compile(r"\.{2,}|\u2026")


class Gap(IntEnum):
    """What stands between a word and the word before it."""

    NONE = 0
    HYPHEN = 1
    JOIN = 2  # "&", "+", "/": as good as "and"
    COMMA = 3
    COLON = 4
    LINE = 5  # a new line or a bullet, as in a list
    HARD = 6  # the end of a sentence, a bracket, a spaced dash


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a request.

    Args:
        start: first character in the text.
        end: one past the last character.
        word: lower case, without apostrophes and accents; "can't" is `cant`.
        lemma: folded as node ids are: singular, without accents.
        gap: the punctuation before it.
        asked: whether that holds a question mark.
        bracket: whether that holds a bracket.
    """

    start: int
    end: int
    word: str
    lemma: str
    gap: Gap
    asked: bool = False
    bracket: bool = False

    @property
    def plural(self) -> bool:
        """Whether folding took an ending away."""
        return self.word != self.lemma and self.word.endswith("s")


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens; time is linear in its length."""
    tokens: list[Token] = []
    end = 0
    for found in _TOKEN.finditer(text):
        word, lemma = _normal(found.group())
        if word:
            between = text[end : found.start()]
            asked, bracket = "?" in between, "(" in between or ")" in between
            tokens.append(Token(found.start(), found.end(), word, lemma, _gap(between), asked, bracket))
            end = found.end()
    return tokens


def _gap(between: str) -> Gap:
    if between in ("", " "):
        return Gap.NONE
    if "." in between or "\u2026" in between:
        between = _ELLIPSIS.sub(" ", between)
    if ":" in between and not between.strip(": \t\r\n-*\u2022"):
        return Gap.COLON
    if _LINE.fullmatch(between):
        return Gap.LINE
    if _HARD.search(between):
        return Gap.HARD
    if ":" in between:
        return Gap.COLON
    if "," in between or "\u060c" in between or "\u3001" in between:
        return Gap.COMMA
    if any(c in between for c in "&+/"):
        return Gap.JOIN
    return Gap.HYPHEN if "-" in between or "\u2010" in between or "\u2011" in between else Gap.NONE


@lru_cache(maxsize=8192)
def _normal(raw: str) -> tuple[str, str]:
    """Word and lemma of one raw token; long ones are cut, for nothing in a kitchen has 64 letters."""
    raw = raw[:64].casefold().replace("\u2019", "'").replace("\u02bc", "'")
    if raw.isascii() and raw.isalpha():
        return raw, fold(raw) or raw
    stem = raw[:-2] if raw.endswith("'s") else raw
    lemma = fold(stem.replace("'", "")).replace(" ", "")
    word = (raw if raw.isascii() else _unaccent(raw)).replace("'", "")
    return word, lemma or word


def _unaccent(text: str) -> str:
    import unicodedata

    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("\u2044", "/")
