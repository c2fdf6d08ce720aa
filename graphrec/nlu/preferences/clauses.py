"""One clause of a sentence: the turns of speech in it, and what each of them says of which food."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphrec.nlu.cues import FILLERS
from graphrec.nlu.preferences import frames
from graphrec.nlu.preferences.frames import FRAMES, Frame, Stance
from graphrec.nlu.preferences.targets import Target
from graphrec.nlu.tokens import Gap, Token

_FLIPPED: dict[Stance, Stance] = {
    "like": "dislike",
    "avoid": "neutral",
    "allergy": "neutral",
    "dislike": "neutral",
}
_REACH = 7
_LISTING = frozenset("to of from the cooking style not both either except apart besides but for when".split())
_NOBODY = frozenset("nobody none noone if".split())


@dataclass(frozen=True, slots=True)
class Opened:
    """A frame over tokens `first` to `last` (inclusive)."""

    frame: Frame
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Said:
    """A target and what its clause says of it.

    Args:
        stance: None when no turn of speech governs it.
        follows: a food, whether linked or not, is plausible at this place: right after a turn of speech or on a list.
        lived: a diet is named as the way somebody lives.
    """

    target: Target
    stance: Stance | None
    follows: bool
    lived: bool


def words_of(tokens: Sequence[Token]) -> str:
    """Tokens as the patterns of :mod:`graphrec.nlu.preferences.frames` see them."""
    return " ".join(token.word for token in tokens)


def clauses(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Ranges of tokens that "but" and its like set apart; "chicken but not turkey" stays together."""
    start = 0
    for at, token in enumerate(tokens):
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        before = tokens[at - 1].word if at else ""
        apart = token.word in frames.APART and after not in ("not", "no", "never")
        if apart and before not in ("everything", "anything", "all", "nothing", "things"):
            yield start, at
            start = at + 1
    yield start, len(tokens)


def read_clause(tokens: Sequence[Token], targets: Sequence[Target]) -> list[Said]:
    """What a clause says of each of its targets.

    Args:
        tokens: of the clause.
        targets: with places among these tokens.
    """
    opened = _frames(tokens, targets)
    mine = [t for t in targets if not any(o.first <= t.first and t.last <= o.last for o in opened)]
    stances = _stances(tokens, mine, opened)
    lives = frames.LIVES.search(words_of(tokens)) is not None
    return [
        Said(target, stances.get(place), _follows(tokens, place, mine, opened),
             lives and _is_lived(tokens, place, mine))
        for place, target in enumerate(mine)
    ]  # fmt: skip


def _frames(tokens: Sequence[Token], targets: Sequence[Target]) -> list[Opened]:
    """The frames of a clause in order; the longest of those that begin at one word, none inside another, and none
    that is no more than a part of a name.
    """
    words = words_of(tokens)
    names = [(target.first, target.last) for target in targets if target.linked]
    found: list[Opened] = []
    for frame in FRAMES:
        for match in frame.pattern.finditer(words):
            begin = words[: match.start()].count(" ")
            end = begin + match.group().strip().count(" ")
            if not any(low <= end and begin <= high and high - low >= end - begin for low, high in names):
                found.append(Opened(frame, begin, end))
    found.sort(key=lambda o: (o.first, -o.last))
    kept: list[Opened] = []
    for opened in found:
        if not kept or opened.first > kept[-1].last:
            kept.append(opened)
    return kept


def _stances(
    tokens: Sequence[Token], targets: Sequence[Target], opened: Sequence[Opened]
) -> dict[int, Stance]:
    """What the clause says of each target, by its place."""
    stances: dict[int, Stance] = {}
    current: Stance | None = None
    events: list[tuple[int, Target | Opened, int]] = [(o.first, o, -1) for o in opened]
    events += [(target.first, target, place) for place, target in enumerate(targets)]
    done = since = 0
    listed = False
    for _, event, place in sorted(events, key=lambda e: e[0]):
        if isinstance(event, Target):
            if current is not None and _goes_on(tokens[since : event.first], listed=listed):
                stances[place] = current
            else:
                current = None
            since, listed = event.last + 1, True
        elif event.frame.stance == "flip":
            current = None if current is None else _FLIPPED.get(current, "neutral")
            since, listed = event.last + 1, False
        else:
            stance = _turned(event, tokens[done : event.first])
            back = _list_before(tokens, event.first, targets) if event.frame.backward else _meant(
                tokens, event, targets, stances
            )  # fmt: skip
            stances.update(dict.fromkeys(back, stance))
            current = None if event.frame.backward or back else stance
            done = since = event.last + 1
            listed = False
    return stances


def _goes_on(between: Sequence[Token], *, listed: bool) -> bool:
    """Whether a turn of speech governs a food: the first one some words on, a further one only on the same list."""
    if not listed:
        return len(between) <= _REACH
    return all(t.word in FILLERS or t.word in frames.JOINED or t.word in _LISTING for t in between)


def _turned(opened: Opened, before: Sequence[Token]) -> Stance:
    """The stance of a frame; what is liked by nobody, or hardly, is disliked. A comma ends the reach of a "not"."""
    pause = max((at for at, t in enumerate(before) if t.gap >= Gap.COMMA), default=0)
    negated = any(t.word in frames.NEGATORS for t in before[pause:])
    return "dislike" if negated and opened.frame.stance == "like" else opened.frame.stance


def _meant(
    tokens: Sequence[Token], opened: Opened, targets: Sequence[Target], stances: dict[int, Stance]
) -> list[int]:
    """The food that a turn of speech looks back to: "tofu, I hate it", "chicken I like"."""
    after = tokens[opened.last + 1] if opened.last + 1 < len(tokens) else None
    ends = after is None or after.gap >= Gap.COMMA
    if not ends and (after is None or after.word not in frames.PRONOUNS):
        return []
    free = [place for place, t in enumerate(targets) if t.last < opened.first and place not in stances]
    return free[-1:]


def _list_before(tokens: Sequence[Token], at: int, targets: Sequence[Target]) -> list[int]:
    """Places of the foods that stand right before a token as one list; without "and" a comma starts a new thought."""
    found: list[int] = []
    edge, joined = at, False
    for place in reversed([p for p, t in enumerate(targets) if t.last < at]):
        target = targets[place]
        between = tokens[target.last + 1 : edge]
        comma = edge < len(tokens) and bool(found) and tokens[edge].gap is Gap.COMMA
        linking = [t for t in between if t.word in frames.JOINED]
        if any(t.word not in frames.JOINED and t.word not in FILLERS for t in between):
            break
        if found and not linking and not (comma and joined):
            break
        joined = joined or bool(linking)
        found.append(place)
        edge = target.first
    return found


def _follows(
    tokens: Sequence[Token], place: int, targets: Sequence[Target], opened: Sequence[Opened]
) -> bool:
    """Whether a word that nothing is called stands where a food is named. After a comma alone it may be anything."""
    target = targets[place]
    after = tokens[target.last + 1 : target.last + 3]
    if tokens[target.first].gap >= Gap.COMMA and not any(t.word in frames.JOINED for t in after):
        return False
    ends = [o.last for o in opened if o.last < target.first] + [m.last for m in targets[:place] if m.linked]
    near = max(ends, default=-1)
    between = tokens[near + 1 : target.first]
    return near >= 0 and all(
        t.word in FILLERS or t.word in frames.JOINED or t.word in ("to", "of") for t in between
    )


def _is_lived(tokens: Sequence[Token], place: int, targets: Sequence[Target]) -> bool:
    """Whether somebody keeps the diet that is named: no dish follows it, and nobody says that they do not."""
    target = targets[place]
    after = targets[place + 1] if place + 1 < len(targets) else None
    heads = after is not None and after.linked and after.first == target.last + 1
    before = tokens[: target.first]
    denied = any(t.word in _NOBODY for t in before) or frames.NOT_LIVED.search(words_of(before)) is not None
    return not heads and not denied
