"""The state of reading one clause: what the words now mean for the phrases that follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from graphrec.nlu.cues import Cue
from graphrec.nlu.linking import Mention


class Role(Enum):
    """What a stretch of a request asks for."""

    MUST = "must"
    SHOULD = "should"
    SHOULD_NOT = "should_not"
    MUST_NOT = "must_not"
    NEUTRAL = "neutral"
    RANGE = "range"
    DIET = "diet"
    SOFT_DIET = "soft_diet"
    UNLINKED = "unlinked"
    UNLINKED_NOT = "unlinked_not"


@dataclass(slots=True)
class Reading:
    """Tokens `first` to `last` (inclusive) with their role.

    Args:
        mention: the link, where there is one.
        diet: name of the diet, for the two diet roles.
        hard: somebody cannot have it, as against a matter of taste.
        listed: it stands where ingredients are listed ("with", "I have"), so a dish's name is one too.
        loose: a modifier inside the excluded phrase is unknown, so the exclusion is wider than what was said.
    """

    role: Role
    first: int
    last: int
    mention: Mention | None = None
    diet: str = ""
    loose: bool = False
    listed: bool = False
    hard: bool = False


_CANNOT = frozenset("cant cannot can couldnt".split())


@dataclass(slots=True)
class Scope:
    """An open clause.

    Args:
        role: what it makes of a mention.
        opener: the cue that opened it.
        words: that cue.
        start: token after the cue.
        limit: how many items it may hold.
        items: what it has excluded so far.
        phrase: unknown words since the last item or conjunction.
        joint: pending conjunction: "", "and", "or" or "comma".
        detached: words stand between the last item and here, so the next noun is no part of it.
        listing: opened by a colon: lines go on the list.
    """

    role: Role = Role.MUST
    opener: Cue | None = None
    words: tuple[str, ...] = ()
    start: int = 0
    limit: int = 99
    items: list[Reading] = field(default_factory=list)
    phrase: list[int] = field(default_factory=list)
    joint: str = ""
    detached: bool = False
    listing: bool = False

    @property
    def word(self) -> str:
        """First word of the cue."""
        return self.words[0] if self.words else ""

    @property
    def hard(self) -> bool:
        """Whether what it excludes is what somebody cannot have."""
        return self.opener is Cue.ALLERGY or (self.opener is Cue.NEGATOR and self.word in _CANNOT)

    @property
    def empty(self) -> bool:
        """Whether nothing has been excluded in it yet."""
        return not self.items
