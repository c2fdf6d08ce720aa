"""What a request says beside the point: idioms with food in them, and people who no longer count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphrec.nlu.cues import by_first
from graphrec.nlu.tokens import Gap, Token

_IDIOMS = tuple(
    tuple(phrase.split())
    for phrase in """
in a pickle|in a jam|in a stew about|spill the tea|spill the beans|spilled the beans|bring home the bacon
|brings home the bacon|cool as a cucumber|butter me up|butter him up|butter her up|butter you up|piece of cake to
|easy as pie|full of beans|bun in the oven|in a nutshell|salt of the earth|apple of my eye|apple of his eye
|apple of her eye|walking on eggshells|two peas in a pod|like peas in a pod|going bananas|go bananas|went bananas
|gone bananas|drive me bananas|driving me bananas|red herring|hot potato|icing on the cake|cherry on top
|food for thought|whats for tea|what is for tea|for our tea|for my tea|for tea tonight|for their tea|tea time
|teatime|crying over spilt milk|cry over spilt milk|crying over spilled milk|cry over spilled milk|couch potato
|the big cheese|say cheese|cheesed off|big fish|fish out of water|something fishy|bigger fish to fry|small fry
|other fish to fry|chicken out|no spring chicken|headless chicken|like a headless chicken|wild goose chase
|talk turkey|cold turkey|the gravy train|gravy train|packed like sardines|sour grapes|take it with a pinch of salt
|pinch of salt|with a grain of salt|grain of salt|bread and butter job|best thing since sliced bread
|upper crust|cream of the crop|use your noodle|egg on my face|egg on his face|egg someone on|bad egg|good egg
|nest egg|humble pie|pie in the sky|in apple pie order|carrot and stick|dangle a carrot|rotten apple|bad apple
|big apple|sugar daddy|my sweet|my honey|hi honey|hey honey|hello honey|honey im home|my little pumpkin
|hey pumpkin|hi pumpkin|peach of a|what a peach|what a lemon|it went pear shaped|went pear shaped|pear shaped
|half baked|in hot water|sell like hot cakes|have your cake and eat it|let them eat cake|bite the bullet
|flat as a pancake|slow as molasses|slippery as an eel|red as a beetroot|red as a beet|red as a lobster
|turn to jelly|legs like jelly|quick question|quick one|quick query|quick check|new years|new year
|all the time in the world|if you know what i mean|you know what i mean|know what i mean|if you see what i mean
|you see what i mean|see what i mean|if you get what i mean|get what i mean
""".replace("\n", "").split("|")
)
_BY_FIRST = by_first(_IDIOMS)
_ABSENT = frozenset("cancelled canceled cancels bailed".split())
_ABSENT_PHRASES = by_first(
    tuple(phrase.split())
    for phrase in """
isnt coming|is not coming|not coming|cant come|cannot come|cant make it|couldnt make it|wont be there|has left
|have left|went home|gone home|moved out|dropped out|is away|are away|not joining|isnt joining|wont join
|days are over|days are behind|days are long gone
""".replace("\n", "").split("|")
)
_PAST = frozenset("was were been".split())
_NOW = frozenset("today tonight now currently lately".split())


def without_asides(tokens: Sequence[Token]) -> list[Token]:
    """The tokens that matter; after a stretch that is left out, the next token keeps the punctuation before it."""
    out: list[Token] = []
    skip = _skipped(tokens)
    pending = Gap.NONE
    for at, token in enumerate(tokens):
        if at in skip:
            pending = max(pending, token.gap)
            continue
        out.append(replace(token, gap=max(token.gap, pending)) if pending > token.gap else token)
        pending = Gap.NONE
    return out


def _skipped(tokens: Sequence[Token]) -> set[int]:
    skip: set[int] = set()
    words = [t.word for t in tokens]
    for at, word in enumerate(words):
        for phrase in _BY_FIRST.get(word, ()):
            if tuple(words[at : at + len(phrase)]) == phrase:
                skip.update(range(at, at + len(phrase)))
                break
        if word == "for" and words[at + 1 : at + 2] == ["tea"] and words[at - 1 : at] not in (["recipe"], ["recipes"]):
            skip.update((at, at + 1))  # the meal
        absent = word in _ABSENT or any(tuple(words[at : at + len(p)]) == p for p in _ABSENT_PHRASES.get(word, ()))
        if absent and at not in skip:
            skip.update(range(_clause_start(tokens, at), _clause_end(tokens, at) + 1))
        if word in _PAST and _is_over(tokens, at):
            skip.update(range(at, _clause_end(tokens, at) + 1))
    return skip


def _is_over(tokens: Sequence[Token], at: int) -> bool:
    """ "been vegan for years but today I want cheese": what was so is set against what is wanted now."""
    end = _clause_end(tokens, at) + 1
    if end >= len(tokens) or tokens[end].word != "but":
        return False
    return any(t.word in _NOW for t in tokens[end : end + 4])


def _clause_start(tokens: Sequence[Token], at: int) -> int:
    while at and tokens[at].gap < Gap.COMMA and tokens[at - 1].word not in ("but", "and", "so", "because"):
        at -= 1
    return at


def _clause_end(tokens: Sequence[Token], at: int) -> int:
    while at + 1 < len(tokens) and tokens[at + 1].gap < Gap.COMMA and tokens[at + 1].word not in ("but", "so"):
        at += 1
    return at
