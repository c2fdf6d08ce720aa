"""From a sentence to what its speaker says about themselves.

A sentence teaches only when it holds in general: "I don't like mushrooms", never "no mushrooms tonight". What asks for
something now teaches nothing, for its exclusions are kept by the request itself. Where a reading is open nothing is
taught: the parser of requests errs on the side of excluding, this one on the side of not remembering.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphrec.nlu.parser import RequestParser
from graphrec.nlu.plan import PreferenceKind, TaughtPreference
from graphrec.nlu.preferences import frames
from graphrec.nlu.preferences.clauses import clauses, read_clause, words_of
from graphrec.nlu.preferences.frames import Stance
from graphrec.nlu.preferences.targets import Target, find_targets
from graphrec.nlu.tokens import Gap, Token, tokenize
from graphrec.ranking.query import NodeRef

MAX_CHARS = 500
"""Nobody teaches in more; a longer text is a request, if anything."""
MAX_UTTERANCE = 300

_KINDS: dict[Stance, PreferenceKind] = {
    "like": "like",
    "dislike": "dislike",
    "allergy": "allergy",
    "avoid": "diet",
}


@dataclass(frozen=True, slots=True)
class Teaching:
    """What an utterance teaches and takes back.

    Args:
        taught: what to remember; a `diet` on a node that is no diet says that the user never eats it.
        removed: what to forget; the node counts, the kind is what the words suggest.
        latest: "forget that": whatever was taught last.
        every: "forget everything you know about me".
        unlinked: foods among `taught` and `removed` that nothing in the catalogue is called; kept as plain text.
    """

    taught: tuple[TaughtPreference, ...] = ()
    removed: tuple[TaughtPreference, ...] = ()
    latest: bool = False
    every: bool = False
    unlinked: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.taught or self.removed or self.latest or self.every)


def read_preferences(text: str, parser: RequestParser) -> tuple[TaughtPreference, ...]:
    """What a sentence teaches about its speaker; nothing for a request. See :func:`read_teaching`."""
    return read_teaching(text, parser).taught


def read_teaching(text: str, parser: RequestParser) -> Teaching:
    """What an utterance teaches and takes back; never fails, whatever the text.

    Args:
        parser: links the foods, cuisines and diets that are named.
    """
    reader = _Reader(text[:MAX_UTTERANCE], parser)
    if len(text) <= MAX_CHARS:
        for first, last in _sentences(tokenize(text)):
            reader.read(text[first:last])
    return reader.result()


def _sentences(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """First character and one past the last of every sentence."""
    start = 0
    for at in range(1, len(tokens) + 1):
        if at == len(tokens) or tokens[at].gap >= Gap.LINE:
            yield tokens[start].start, tokens[at - 1].end
            start = at


@dataclass(slots=True)
class _Reader:
    utterance: str
    parser: RequestParser
    taught: dict[NodeRef, TaughtPreference] = field(default_factory=dict)
    removed: dict[NodeRef, TaughtPreference] = field(default_factory=dict)
    unlinked: dict[str, None] = field(default_factory=dict)
    latest: bool = False
    every: bool = False

    def result(self) -> Teaching:
        return Teaching(
            tuple(self.taught.values()),
            tuple(self.removed.values()),
            self.latest,
            self.every,
            tuple(self.unlinked),
        )

    def read(self, sentence: str) -> None:
        tokens = tokenize(sentence)
        words = words_of(tokens)
        if frames.EVERY.fullmatch(words):
            self.every = True
        elif frames.LATEST.fullmatch(words):
            self.latest = True
        elif (found := frames.FORGET.match(words)) is not None:
            targets = find_targets(sentence, tokens, self.parser)
            self._clause(tokens, targets, words[: found.end()].count(" "), len(tokens), forget=True)
        elif frames.NEVER.search(words) or not frames.REQUEST.search(words):
            targets = find_targets(sentence, tokens, self.parser)
            for first, last in clauses(tokens) if targets else ():
                released = frames.RELEASE.search(words_of(tokens[first:last])) is not None
                self._clause(tokens, targets, first, last, forget=released)

    def _clause(
        self, tokens: Sequence[Token], targets: Sequence[Target], first: int, last: int, *, forget: bool
    ) -> None:
        """Tokens `first` to `last` (exclusive) of a sentence."""
        mine = [t.moved(-first) for t in targets if first <= t.first and t.last < last]
        for said in read_clause(tokens[first:last], mine):
            target, stance = said.target, said.stance
            hard = stance in ("allergy", "avoid")
            if forget:
                self._forget(target, stance)
            elif target.diet is not None:
                if said.lived and stance in (None, "allergy"):
                    self._teach("diet", NodeRef("diet", target.diet), target)
            elif stance in _KINDS and (target.linked or said.follows) and (target.edible or not hard):
                self._teach(_KINDS[stance], target.node(hard=hard), target)

    def _teach(self, kind: PreferenceKind, node: NodeRef, target: Target) -> None:
        self.taught.pop(node, None)
        self.taught[node] = TaughtPreference(kind, node, self.utterance)
        if target.absent:
            self.unlinked[target.text] = None

    def _forget(self, target: Target, stance: Stance | None) -> None:
        if target.diet is not None:
            kind: PreferenceKind = "diet"
            node = NodeRef("diet", target.diet)
        elif not target.linked and stance is None:
            return
        else:
            kind = _KINDS.get(stance or "allergy", "allergy")
            node = target.node(hard=kind in ("allergy", "diet"))
        self.removed[node] = TaughtPreference(kind, node, self.utterance)
        if target.absent:
            self.unlinked[target.text] = None
