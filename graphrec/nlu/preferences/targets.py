"""The foods, cuisines and diets that a sentence names, and the node to remember for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graphrec.nlu.cues import STOPWORDS
from graphrec.nlu.entry import Entry
from graphrec.nlu.node_index import fold_phrase
from graphrec.nlu.parser import RequestParser, Span
from graphrec.nlu.preferences.frames import NO_FOOD
from graphrec.nlu.preferences.meaning import diet_named, entry_of
from graphrec.nlu.tokens import Gap, Token
from graphrec.nlu.vocabulary import DIETS
from graphrec.ranking.query import NodeRef

_LONGEST_DIET, _SHORT = 3, 5


@dataclass(frozen=True, slots=True)
class Target:
    """Tokens `first` to `last` (inclusive) that name something one may like or not.

    Args:
        text: the words.
        entry: their meaning; None for an unknown word.
        diet: the diet that they name, or None.
        refs: what an unknown spelling was taken for.
    """

    first: int
    last: int
    text: str
    entry: Entry | None
    diet: str | None = None
    refs: tuple[NodeRef, ...] = ()

    @property
    def linked(self) -> bool:
        """Whether the catalogue or the taxonomy knows it."""
        return self.diet is not None or self.entry is not None or bool(self.refs)

    @property
    def absent(self) -> bool:
        """Whether nothing in the catalogue stands for it."""
        nodes = self.entry is not None and (self.entry.refs or self.entry.excluded)
        return self.diet is None and not self.refs and not nodes

    @property
    def edible(self) -> bool:
        """Whether it may go into a dish, rather than be a cuisine or a course."""
        return self.entry is None or self.entry.edible

    def moved(self, places: int) -> Target:
        """The same target that many tokens further on."""
        return replace(self, first=self.first + places, last=self.last + places)

    def node(self, *, hard: bool) -> NodeRef:
        """The node to remember: the catalogue's where there is exactly one, else the words themselves.

        "Seafood" stays seafood rather than one of the nodes it stands for here: what it stands for is asked again with
        every query, in the catalogue of that moment.

        Args:
            hard: it is something that must not be eaten, so an ingredient where it may be one.
        """
        entry = self.entry
        if entry is None:
            key = fold_phrase(self.text)
            # A slip in a short word is often another word: who dislikes spicy food may well like spices.
            trusted = len(self.refs) == 1 and (hard or len(key) > _SHORT)
            return self.refs[0] if trusted else NodeRef("ingredient", key or self.text)
        if hard:
            entry = entry.as_ingredient()
        if len(entry.refs) == 1:
            return entry.refs[0]
        return NodeRef(entry.type or "ingredient", fold_phrase(self.text))


def find_targets(sentence: str, tokens: Sequence[Token], parser: RequestParser) -> list[Target]:
    """What a sentence names, in order; words next to each other that nothing is called make one name."""
    found: list[Target] = []
    for span in sorted(parser.parse(sentence).spans, key=lambda s: s.start):
        places = [at for at, t in enumerate(tokens) if span.start <= t.start and t.end <= span.end]
        if span.role == "range" or not places or (found and places[0] <= found[-1].last):
            continue
        target = _target(sentence, tokens, places[0], places[-1], span, parser)
        if not target.linked and any(t.lemma in NO_FOOD for t in tokens[target.first : target.last + 1]):
            continue
        before = found[-1] if found else None
        if before is not None and _one_name(before, target, tokens):
            text = sentence[tokens[before.first].start : span.end]
            found[-1] = Target(before.first, target.last, text, None)
        else:
            found.append(target)
    return sorted([*found, *_passed_over(tokens, found)], key=lambda t: t.first)


def _passed_over(tokens: Sequence[Token], found: Sequence[Target]) -> Iterator[Target]:
    """Diets that the parser of requests read as nothing to act on: "we aren't vegan any more"."""
    covered = {t for target in found for t in range(target.first, target.last + 1)}
    at = 0
    while at < len(tokens):
        for size in range(min(_LONGEST_DIET, len(tokens) - at), 0, -1):
            said = " ".join(t.word for t in tokens[at : at + size])
            diet = diet_named(said)
            if diet in DIETS and covered.isdisjoint(range(at, at + size)):
                yield Target(at, at + size - 1, said, None, diet)
                at += size - 1
                break
        at += 1


def _target(
    sentence: str, tokens: Sequence[Token], first: int, last: int, span: Span, parser: RequestParser
) -> Target:
    free = last + 1 < len(tokens) and tokens[last + 1].word == "free" and tokens[last + 1].gap <= Gap.HYPHEN
    said = f"{span.text} free" if free else span.text
    diet = diet_named(said)
    if diet is not None:
        return Target(first, last + free, said, None, diet)
    while last > first and tokens[first].word in STOPWORDS:  # an excluded phrase may begin with "eat any"
        first += 1
    text = sentence[tokens[first].start : tokens[last].end]
    return Target(first, last, text, entry_of(text, parser.lexicon), refs=span.refs)


def _one_name(before: Target, target: Target, tokens: Sequence[Token]) -> bool:
    near = target.first == before.last + 1 and tokens[target.first].gap <= Gap.HYPHEN
    return near and not before.linked and not target.linked
