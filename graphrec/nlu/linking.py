"""Longest-match linking of folded words to nodes; the parts of a protected compound never link alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from graphrec.nlu.cues import CUES, GENERIC, LESS_NOT, NO_STYLE, STOPWORDS
from graphrec.nlu.entry import Entry
from graphrec.nlu.lexicon import MAX_WORDS, Lexicon, is_plated
from graphrec.nlu.naming import named_dish
from graphrec.nlu.tokens import Gap, Token
from graphrec.nlu.vocabulary import COMPOUNDS, LANDS
from graphrec.ranking.query import NodeRef

_TURNS = frozenset(
    "no not without free non minus hold skip except nor nothing sans and or with but less".split()
)
"""Words that a name must not swallow, for they turn the meaning of their neighbours, unless a node is called
so."""
_JOINTS = frozenset({"and", "or", "with"})
_KEPT = frozenset(
    {"half and half", "mac and cheese", "macaroni and cheese", "surf and turf", "bubble and squeak"}
)

_VERBS = frozenset("drink drinks snack dip spread juice wrap roll fry toast roast".split())
_BEFORE_VERB = frozenset(
    "to dont doesnt didnt cant cannot wont not never i we they you she he will would should could must".split()
)
_LONGER = frozenset({"ingredient", "cuisine", "brand"})
"""Types whose names may hold the name of a diet without meaning it."""

Places = Collection[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens `first` to `last` (inclusive) that name something.

    Args:
        entry: what they mean.
        extra: longer keyword nodes that begin here and cover this mention ("chicken soup" around "chicken").
        bound: a name with another reading, the words one by one: "tomato soup" and "vegan butter" are
            ingredients where ingredients are listed, "tomato soup recipes" and "vegan butter cookies" not.
    """

    first: int
    last: int
    entry: Entry
    extra: tuple[NodeRef, ...] = ()
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Diet:
    """Tokens `first` to `last` (inclusive) that name a way of eating; `soft` ones only move the score."""

    first: int
    last: int
    name: str
    soft: bool


def named_diets(
    tokens: Sequence[Token], lexicon: Lexicon, diets: Sequence[Diet], apart: Places = ()
) -> list[Diet]:
    """The diets that no longer name covers: there is no kosher diet in kosher salt.

    Args:
        apart: stretches whose words are to be read one by one.
    """
    return [d for d in diets if not any(_covers(tokens, lexicon, d, at, apart) for at in range(d.first + 1))]


def _covers(tokens: Sequence[Token], lexicon: Lexicon, diet: Diet, at: int, apart: Places) -> bool:
    if at < diet.first - MAX_WORDS:
        return False
    for size in range(_reach(tokens, at, ()), max(diet.last - at, diet.last - diet.first + 1), -1):
        if (at, at + size - 1) not in apart and not _overrun(tokens, lexicon, at, size):
            key = " ".join(t.lemma for t in tokens[at : at + size])
            if lexicon.named(key) & _LONGER or (key in COMPOUNDS and lexicon.lookup(key) is not None):
                return True
    return False


def _overrun(tokens: Sequence[Token], lexicon: Lexicon, at: int, size: int) -> bool:
    """Whether a name that begins inside goes on beyond the end: "gluten-free bread crumbs"."""
    for start in range(at + 1, at + size):
        for longer in range(_reach(tokens, start, ()), at + size - start, -1):
            entry = lexicon.lookup(" ".join(t.lemma for t in tokens[start : start + longer]))
            if entry is not None and entry.type != "keyword":
                return True
    return False


def link(
    tokens: Sequence[Token], lexicon: Lexicon, taken: Collection[int], diets: Places = (), apart: Places = ()
) -> dict[int, Mention]:
    """Mentions by first token; tokens in `taken` (numbers, diets) never link.

    Ingredients, cuisines and courses go first, leftmost longest; keywords fill what is left.

    Args:
        diets: stretches that name a diet and may be part of a longer name.
        apart: stretches whose words are to be read one by one.
    """
    lemmas = [t.lemma for t in tokens]
    found: dict[int, Mention] = {}
    keywords: list[tuple[int, int, Entry]] = []
    at = 0
    while at < len(tokens):
        reach = 0 if at in taken else _reach(tokens, at, taken)
        named = named_dish(tokens, at, lexicon, taken) if reach else None
        for size in range(reach, 0, -1):
            entry = None if (at, at + size - 1) in apart else _entry(tokens, lemmas, at, size, lexicon)
            if entry is None:
                continue
            if entry.type == "keyword" and not entry.kind:
                keywords.append((at, at + size - 1, entry))
                continue
            if named is not None and named.outranks(size, entry):
                break
            if size > 1 and _reads_better_apart(tokens, lemmas, at, size, entry, lexicon):
                continue
            entry = _headed(tokens, at, at + size, entry, lexicon)
            bound = size > 1 and _is_bound(tokens, lemmas, at, size, entry, diets)
            found[at] = Mention(at, at + size - 1, entry, bound=bound)
            named = None
            break
        if named is not None:
            found[at] = Mention(at, at + named.size - 1, named.entry)
        at = found[at].last + 1 if at in found else at + 1
    return _with_keywords(found, keywords)


def _reads_better_apart(
    tokens: Sequence[Token], lemmas: Sequence[str], at: int, size: int, entry: Entry, lexicon: Lexicon
) -> bool:
    """Whether the words of a name without a node of its own say more: "boneless skinless chicken" before
    "thighs", "sweet potato" in "sweet potato fries", "tomato basil mozzarella".
    """
    key = " ".join(lemmas[at : at + size])
    if key in COMPOUNDS or key in _KEPT or entry.type in lexicon.named(key):
        return False
    if not entry.refs:
        parts = [lexicon.lookup(lemma) for lemma in lemmas[at : at + size]]
        return all(p is not None and p.type == "ingredient" and p.refs and not p.loose for p in parts)
    if entry.type != "ingredient" or lexicon.is_request_word(key):
        return False
    alone = [lexicon.lookup(lemma) for lemma in lemmas[at : at + size]]
    if all(p is not None and p.type == "ingredient" and p.refs and not p.loose for p in alone) and not any(
        set(p.refs) & set(entry.refs) for p in alone if p is not None
    ):
        return True  # "banana bread" is no cake, whatever lists of ingredients say
    for start in range(at, at + size):
        for end in range(start + 2, min(len(tokens), start + MAX_WORDS) + 1):
            within = end <= at + size
            if (start == at and end >= at + size) or (not within and start == at):
                break
            if not within and tokens[end - 1].gap > Gap.HYPHEN:
                break
            inner = " ".join(lemmas[start:end])
            if "ingredient" in lexicon.named(inner) and inner not in {ref.id for ref in entry.refs}:
                return True
    return False


def _cuisine_of(name: str, lexicon: Lexicon) -> Entry | None:
    entry = lexicon.lookup(name)
    return entry if entry is not None and entry.type == "cuisine" else None


def _headed(tokens: Sequence[Token], at: int, after: int, entry: Entry, lexicon: Lexicon) -> Entry:
    """ "bread recipes" and "something for bread" ask for the course, where there is one, rather than for the
    ingredient.
    """
    land = LANDS.get(tokens[at].lemma) if at > 1 and tokens[at - 1].word == "from" else None
    if land is not None and tokens[at - 2].lemma in GENERIC:
        return _cuisine_of(land, lexicon) or entry
    courses = tuple(ref for ref in entry.alternatives if ref.type == "course")
    if entry.type != "ingredient" or not courses:
        return entry
    asked = after < len(tokens) and tokens[after].gap <= Gap.HYPHEN and tokens[after].lemma in GENERIC
    if not asked and not (at and tokens[at - 1].word == "for"):
        return entry
    return Entry("course", courses, entry.excluded, entry.refs)


def _is_bound(
    tokens: Sequence[Token], lemmas: Sequence[str], at: int, size: int, entry: Entry, diets: Places
) -> bool:
    key = " ".join(lemmas[at : at + size])
    if entry.type != "ingredient" or key in COMPOUNDS or key in _KEPT:
        return False
    if is_plated(key) or any(at <= first and last < at + size for first, last in diets):
        return True
    return any(t.word in _TURNS - _JOINTS for t in tokens[at : at + size])


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
    said = " ".join(t.word for t in tokens[at : at + size])
    if any(_lacks(t.word) for t in tokens[at : at + size]):
        return None
    if size == 1:
        entry = (
            (lexicon.unfolded(said) if token.word != token.lemma else None)
            or lexicon.plural(token.word)
            or lexicon.lookup(token.lemma)
            or (lexicon.lookup(token.word) if token.word != token.lemma else None)
        )
        if entry is None or len(token.lemma) < 2:
            return None
        if at and token.word in _VERBS and tokens[at - 1].word in _BEFORE_VERB and token.gap is Gap.NONE:
            return None  # "my friend doesn't drink"
        common = token.word in STOPWORDS or token.lemma in STOPWORDS or _is_cue(token.word)
        return None if common and entry.type not in ("cuisine", "course") else entry
    key = " ".join(lemmas[at : at + size])
    entry = (lexicon.unfolded(said) if said != key else None) or lexicon.lookup(key)
    if entry is None or key in _KEPT:
        return entry
    if token.word == "no" and tokens[at + 1].word in NO_STYLE:
        return entry
    turns = _TURNS.intersection(t.word for t in tokens[at : at + size])
    if turns and entry.type in lexicon.named(key):
        whole = None if _overrun(tokens, lexicon, at, size) else entry
        return whole and _turning(tokens[at : at + size], key, whole, turns, lexicon)
    return None if turns or (token.word in STOPWORDS and entry.type == "keyword") else entry


def _turning(
    tokens: Sequence[Token], key: str, entry: Entry, turns: Collection[str], lexicon: Lexicon
) -> Entry | None:
    """A node called "cajun and creole" or "gluten free flour"; of what may be two ingredients, an exclusion
    leaves out both.
    """
    joined = "and" in turns or "or" in turns
    if (
        entry.type != "ingredient"
        or not joined
        or all(t.gap is Gap.HYPHEN for t in tokens[1:] if t.word in _JOINTS)
    ):
        return entry
    parts = [lexicon.lookup(p) for p in key.replace(" or ", " and ").split(" and ")]
    known = [p for p in parts if p is not None and p.edible and p.refs]
    if len(known) < len(parts):
        return entry
    above = {a for ref in entry.refs for a in lexicon.ancestors(ref)}
    if all(above.intersection(part.refs) for part in known):
        return None  # "peas and carrots": read as two they stand for the mixture too
    excluded = dict.fromkeys([*entry.excluded, *(ref for part in known for ref in part.excluded)])
    return replace(entry, excluded=tuple(excluded))


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
