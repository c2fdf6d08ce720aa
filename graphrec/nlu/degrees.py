"""What there is to be little of: "easy on the garlic", "not too spicy". It lowers scores and excludes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec.nlu.cues import CUES, Cue
from graphrec.nlu.linking import Mention
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token

_AT_HAND = frozenset({("too", "much"), ("too", "many")})
"""What somebody has too much of may well be what is to be used up."""
_SPARING = frozenset("on the with of".split())
"""Last words of cues that only a food can follow: nothing is taken from a dish by "easy on the grill"."""


def little_role(words: Sequence[str]) -> Role:
    """The role that a weakening cue gives to what follows it."""
    return Role.NEUTRAL if tuple(words) in _AT_HAND else Role.SHOULD_NOT


def role_of(scope: Scope, mention: Mention) -> Role:
    """The role of a mention in an open clause: there can be little of a food or of a quality, not of anything."""
    if scope.role is not Role.SHOULD_NOT:
        return scope.role
    sparing = bool(scope.words) and scope.words[-1] in _SPARING
    return Role.NEUTRAL if sparing and not mention.entry.edible else Role.SHOULD_NOT


def goes_on(scope: Scope, reading: Reading, tokens: Sequence[Token], following: Mention | None) -> bool:
    """Whether the food after the next word is part of the same list: "easy on the garlic and onions".

    Args:
        reading: the food just read.
        following: what is named one word after it.
    """
    joint = reading.last + 1
    if scope.words[-1:] == () or scope.words[-1] not in _SPARING or reading.role is not Role.SHOULD_NOT:
        return False
    if following is None or following.first != joint + 1 or not following.entry.edible:
        return False
    near = tokens[joint].gap <= Gap.HYPHEN and tokens[following.first].gap <= Gap.HYPHEN
    cues = CUES.get(tokens[joint].word, ())
    return near and any(len(phrase) == 1 and cue in (Cue.AND, Cue.OR) for phrase, cue in cues)
