"""What an utterance says to the conversation itself, before anything in it is looked up in a catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graphrec.nlu.dialogue import phrases
from graphrec.nlu.tokens import Gap, Token, tokenize

Said: TypeAlias = Literal["more", "something_else", "select", "repeat", "start_over", "help", "stop"]
MAX_CHARS = 2_000
"""Nobody says more to a conversation than this; the rest of a text is left to the parser."""

_END = r"(?= |$)"
_FULL: tuple[tuple[Said, str], ...] = (
    ("stop", phrases.STOP), ("help", phrases.HELP), ("start_over", phrases.START_OVER),
    ("select", phrases.SELECT), ("select", phrases.THAT_ONE), ("repeat", phrases.REPEAT),
    ("more", phrases.MORE), ("something_else", phrases.ELSE),
)  # fmt: skip
_GOES_ON = (
    "(?:with|without|but|that|which|under|in|for|and|this|less|no|not|then|instead|ideally|only|from|using)"
)
_LEADING: tuple[tuple[Said, str], ...] = (
    ("start_over", rf"{phrases.START_OVER}{_END}"),
    ("more", rf"(?:{phrases.MORE}) (?={_GOES_ON}{_END})"),
    ("something_else", rf"(?:{phrases.ELSE}) (?={_GOES_ON}{_END})"),
)
_POLITE = rf"(?:{phrases.POLITE} )*"
_TAIL = r"(?: (?:please|thanks|thank you|then|now|instead|for me|alexa|ok|okay|today|tonight))*"
_FULL_FORMS = tuple((said, re.compile(rf"{_POLITE}(?:{form}){_TAIL}")) for said, form in _FULL)
_LEADING_FORMS = tuple((said, re.compile(rf"{_POLITE}(?:{form})")) for said, form in _LEADING)
_REPLIES = tuple(
    (meant, re.compile(rf"(?:(?:oh|well|um+|uh+|hmm+|alexa|actually) )*{words}{_TAIL}{_END}"))
    for meant, words in ((True, phrases.YES), (False, phrases.NO))
)
_MORE_OF = re.compile(
    rf"{_POLITE}(?:(?:show|give|get) (?:me )?)?(?:some |any |a few )?more (?P<of>.+ {phrases.ONES})$"
)
_JOINS = frozenset("and but so then".split())
_AFTER_NO = frozenset(
    """show give find get i im what how lets make can could something anything try search look the its it that
    we""".split()
)


@dataclass(frozen=True, slots=True)
class Opening:
    """An utterance taken apart.

    Args:
        reply: whether it starts with a yes or a no to what was asked.
        said: what it asks of the conversation.
        position: place in the list shown last, 1-based, -1 the last; None where none is named. For "that one" 0.
        rest: what remains to be understood; empty when the conversation's part was all.
        text: the utterance.
    """

    reply: bool | None
    said: Said | None
    position: int | None
    rest: str
    text: str


def open_utterance(text: str, *, pending: bool = False) -> Opening:
    """Split off what the conversation itself is told.

    Args:
        pending: whether a question is open, which is when "ok" and "right" mean yes.
    """
    tokens = tokenize(text[:MAX_CHARS])
    if not pending and (whole := _whole(_words(tokens))) is not None:  # "cancel" denies only what was asked
        return Opening(None, *whole, "", text)
    reply, taken = _reply(tokens, pending)
    left = tokens[taken:]
    if not left:
        return Opening(reply, None, None, "" if tokens else text, text)
    while reply is not None and len(left) > 1 and left[0].word in _JOINS:
        left = left[1:]
    words = _words(left)
    if (whole := _whole(words)) is not None:
        return Opening(reply, *whole, "", text)
    return _leading(reply, left, words, text[left[0].start :] if reply is not None else text, text)


def place_named(text: str) -> int | None:
    """The place in a list that an utterance names among other words: "how long does the second one take"."""
    found = phrases.PLACE_INSIDE.search(_words(tokenize(text[:MAX_CHARS])))
    return None if found is None else phrases.position(found)


def _words(tokens: list[Token]) -> str:
    return " ".join(token.word for token in tokens)


def _reply(tokens: list[Token], pending: bool) -> tuple[bool | None, int]:
    """A leading yes or no, and how many tokens it takes.

    "no" also starts exclusions: before further words it is a reply only when a pause or a new clause follows.
    """
    words = _words(tokens)
    for meant, form in _REPLIES:
        found = form.match(words)
        if found is None:
            continue
        taken = found.group().count(" ") + 1
        after = tokens[taken] if taken < len(tokens) else None
        if after is None:
            return (meant, taken) if pending or taken == len(tokens) else (None, 0)
        if after.gap >= Gap.COMMA or (after.word in _AFTER_NO and (meant or pending or taken == 1)):
            return (meant, taken) if pending or _plain(words) else (None, 0)
        if meant and pending:
            return meant, taken
    return None, 0


def _plain(words: str) -> bool:
    return words.partition(" ")[0] in ("yes", "yeah", "yep", "yup", "no", "nope", "nah")


def _whole(words: str) -> tuple[Said, int | None] | None:
    for said, form in _FULL_FORMS:
        found = form.fullmatch(words)
        if found is not None:
            if said != "select":
                return said, None
            return said, phrases.position(found) if "nth" in form.groupindex else 0
    return None


def _leading(reply: bool | None, left: list[Token], words: str, rest: str, text: str) -> Opening:
    for said, form in _LEADING_FORMS:
        found = form.match(words)
        if found is not None:
            taken = found.group().rstrip().count(" ") + 1
            return Opening(reply, said, None, text[left[taken].start :] if taken < len(left) else "", text)
    found = _MORE_OF.match(words)
    if found is not None and not found.group("of").startswith(("than ", "like ", "of ")):
        taken = words[: found.start("of")].count(" ")
        return Opening(reply, "more", None, text[left[taken].start :], text)
    same = re.match(rf"{_POLITE}{phrases.SAME_LEAD}{_END}", words)
    if same is not None:
        taken = same.group().count(" ") + 1
        rest = text[left[taken].start :] if taken < len(left) else ""
        return Opening(reply, None if rest else "repeat", None, rest, text)
    return Opening(reply, None, None, rest, text)
