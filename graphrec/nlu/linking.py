"""Longest-match linking of folded words to nodes; the parts of a protected compound never link alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from graphrec.nlu.cues import CUES, LESS_NOT, NO_STYLE, STOPWORDS
from graphrec.nlu.lexicon import MAX_WORDS, Entry, Lexicon
from graphrec.nlu.tokens import Gap, Token
from graphrec.ranking.query import NodeRef

_TURNS = frozenset(
    "no not without free non minus hold skip except nor nothing sans and or with but less".split()
)
"""Words that a node's name must never swallow: they turn the meaning of their neighbours."""
_KEPT = frozenset(
    {"half and half", "mac and cheese", "macaroni and cheese", "surf and turf", "bubble and squeak"}
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens `first` to `last` (inclusive) that name something.

    Args:
        entry: what they mean.
        extra: longer keyword nodes that begin here and cover this mention ("chicken soup" around "chicken").
    """

    first: int
    last: int
    entry: Entry
    extra: tuple[NodeRef, ...] = ()


def link(tokens: Sequence[Token], lexicon: Lexicon, taken: Collection[int]) -> dict[int, Mention]:
    """Mentions by first token; tokens in `taken` (numbers, diets) never link.

    Ingredients, cuisines and courses go first, leftmost longest; keywords fill what is left.
    """
    lemmas = [t.lemma for t in tokens]
    found: dict[int, Mention] = {}
    keywords: list[tuple[int, int, Entry]] = []
    at = 0
    while at < len(tokens):
        reach = 0 if at in taken else _reach(tokens, at, taken)
        for size in range(reach, 0, -1):
            entry = _entry(tokens, lemmas, at, size, lexicon)
            if entry is None:
                continue
            if entry.type == "keyword":
                keywords.append((at, at + size - 1, entry))
                continue
            found[at] = Mention(at, at + size - 1, entry)
            break
        at = found[at].last + 1 if at in found else at + 1
    return _with_keywords(found, keywords)


def _reach(tokens: Sequence[Token], at: int, taken: Collection[int]) -> int:
    size = 1
    while size < MAX_WORDS and at + size < len(tokens):
        if tokens[at + size].gap > Gap.HYPHEN or at + size in taken:
            break
        size += 1
    return size


def _entry(
    tokens: Sequence[Token], lemmas: Sequence[str], at: int, size: int, lexicon: Lexicon
) -> Entry | None:
    token = tokens[at]
    if any(_lacks(t.word) for t in tokens[at : at + size]):
        return None
    if size == 1:
        entry = (
            lexicon.plural(token.word)
            or lexicon.lookup(token.lemma)
            or (lexicon.lookup(token.word) if token.word != token.lemma else None)
        )
        if entry is None or len(token.lemma) < 2:
            return None
        common = token.word in STOPWORDS or token.lemma in STOPWORDS or _is_cue(token.word)
        return None if common and entry.type not in ("cuisine", "course") else entry
    key = " ".join(lemmas[at : at + size])
    entry = lexicon.lookup(key)
    if entry is None or key in _KEPT:
        return entry
    if token.word == "no" and tokens[at + 1].word in NO_STYLE:
        return entry
    words = {t.word for t in tokens[at : at + size]}
    return None if words & _TURNS or (token.word in STOPWORDS and entry.type == "keyword") else entry


def _lacks(word: str) -> bool:
    """ "eggless", "flourless": an exclusion that no name may swallow."""
    return len(word) > 6 and word.endswith("less") and word[:-4] not in LESS_NOT


def _is_cue(word: str) -> bool:
    return any(len(words) == 1 for words, _ in CUES.get(word, ()))


def _with_keywords(found: dict[int, Mention], keywords: list[tuple[int, int, Entry]]) -> dict[int, Mention]:
    """Add the keywords: alone where nothing else links, as `extra` where they cover a mention."""
    covered = {t: m for m in found.values() for t in range(m.first, m.last + 1)}
    for first, last, entry in sorted(keywords, key=lambda k: (k[0] - k[1], k[0])):
        inside = {id(covered[t]): covered[t] for t in range(first, last + 1) if t in covered}
        if not inside:
            mention = Mention(first, last, entry)
        else:
            old = next(iter(inside.values()))
            whole = old.first >= first and old.last <= last
            if old.entry.type == "" and whole:  # a known compound without a node of its own
                mention = Mention(first, last, Entry("keyword", entry.refs, old.entry.excluded + entry.refs))
                del found[old.first]
            elif last > first and whole and not old.extra and old.entry.type != "keyword":
                mention = Mention(old.first, old.last, old.entry, entry.refs)
                first, last = old.first, old.last
            else:
                continue
        found[mention.first] = mention
        covered.update(dict.fromkeys(range(mention.first, mention.last + 1), mention))
    return dict(sorted(found.items()))
