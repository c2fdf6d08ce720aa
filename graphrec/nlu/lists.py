"""Where a list or a clause goes on and where it ends: the questions that reading a request keeps asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphrec.nlu.cues import CUES, GENERIC, NO_STYLE, Cue
from graphrec.nlu.linking import Mention
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token

_OPEN_VERBS = frozenset(
    "eat have like want stand tolerate do touch use include contain handle digest with to".split()
)
_INTERJECTIONS = frozenset("um uh er like say well you oh of i lets for as".split())
_JOINTS = frozenset("and or the a such as like including".split())
_BROAD = frozenset(
    "dairy gluten meat seafood shellfish alcohol pork lactose fish nut egg soy wheat sugar peanut".split()
)
_AVOIDED = _BROAD | frozenset(
    (
        "milk sesame corn onion garlic mushroom beef chicken_ butter_ cream_ cheese tree_nut almond "
        "cashew walnut"
    ).split()
)


class ListRules:
    """Rules over the tokens, the links and what was read so far.

    Args:
        tokens: the request.
        mentions: links by first token.
    """

    def __init__(self, tokens: Sequence[Token], mentions: Mapping[int, Mention]) -> None:
        self.tokens = tokens
        self.mentions = mentions
        self.scope = Scope()
        self.readings: list[Reading] = []

    def _idle_no(self, after: int) -> bool:
        """ "no-bake", "no problem", "no, chicken": a "no" that excludes nothing."""
        token = self.tokens[after]
        return token.gap is Gap.COMMA or token.gap >= Gap.LINE or token.word in NO_STYLE

    def _labels_only(self) -> bool:
        found = [i.mention.entry.type for i in self.scope.items if i.mention is not None]
        return bool(found) and "ingredient" not in found

    def _lists_on(self, at: int) -> bool:
        """Whether a wish's list goes on after a comma: another mention of the same type follows."""
        last = self.scope.items[-1].mention if self.scope.items else None
        here = self.mentions.get(at)
        return last is not None and here is not None and last.entry.type == here.entry.type

    def _keeps_comma(self, at: int) -> bool:
        """Whether a comma right after the opener ("allergic, sadly, to nuts") leaves the exclusion open."""
        if self.scope.opener is Cue.ALLERGY or self.scope.word in ("without", "avoid", "except", "excluding"):
            return True
        before, word = self.tokens[at - 1].word, self.tokens[at].word
        return (
            before in _OPEN_VERBS and (word in _INTERJECTIONS or at in self.mentions)
        ) or before in _INTERJECTIONS

    def _is_head(self, mention: Mention) -> bool:
        """ "no beef stew": "stew" belongs to the excluded beef and is neither wanted nor excluded by
        itself.
        """
        last = self.scope.items[-1]
        near = mention.first == last.last + 1 and not self.scope.joint and not self.scope.detached
        return near and mention.entry.type != "ingredient" and not self.tokens[last.last].plural

    def _continues(self, mention: Mention) -> bool:
        """Whether a mention still belongs to the open exclusion."""
        scope = self.scope
        if scope.empty:
            return True
        last, kind = scope.items[-1], mention.entry.type
        types = {i.mention.entry.type for i in scope.items if i.mention is not None} or {"ingredient"}
        alike = kind in types or (kind == "" and "ingredient" in types)
        if not scope.joint:
            if scope.detached or mention.first != last.last + 1 or kind not in ("ingredient", ""):
                return False
            end = self.tokens[last.last]
            return not end.plural and end.lemma not in _BROAD
        if scope.joint == "or":
            return True
        if not alike:
            return False
        if scope.joint == "comma" and self._cue_after(mention) is Cue.AFTER_NEUTRAL:
            return False
        if scope.joint == "comma" and kind == "ingredient" and self._starts_wish(mention):
            return self.tokens[mention.last].lemma in _AVOIDED
        return True

    def _cue_after(self, mention: Mention) -> Cue | None:
        after = mention.last + 1
        return (
            self._cue(after)[1] if after < len(self.tokens) and self.tokens[after].gap <= Gap.HYPHEN else None
        )

    def _starts_wish(self, mention: Mention) -> bool:
        """ "no nuts, chicken recipes": a noun for dishes follows, and no conjunction carries the list on."""
        after = mention.last + 1
        if after >= len(self.tokens) or self.tokens[after].gap > Gap.HYPHEN:
            return False
        return self.tokens[after].lemma in GENERIC

    def _list_word(self, at: int) -> bool:
        """Whether an unknown word fills a place of a list by itself: punctuation, a conjunction or the end
        follows.
        """
        if at + 1 == len(self.tokens) or self.tokens[at + 1].gap >= Gap.JOIN:
            return True
        return self.tokens[at + 1].word in ("and", "or", "nor", "but", "please", "in", "free", "allergy")

    def _out_follows(self, at: int) -> bool:
        for ahead in range(at + 1, min(len(self.tokens), at + 8)):
            if self.tokens[ahead].gap >= Gap.COLON:
                return False
            if self.tokens[ahead].word in ("out", "off"):
                return ahead > at + 1
        return False

    def _list_before(self, at: int, *, every: bool, avoided: bool = True) -> list[Reading]:
        """Mentions joined by commas and conjunctions that end right before a token, nearest first.

        Args:
            at: the token.
            every: beyond the nearest, take whatever a conjunction joins.
            avoided: beyond the nearest, take what people commonly go without.
        """
        found: list[Reading] = []
        end, conjoined = at - 1, False
        for reading in reversed(self.readings):
            if reading.last != end or reading.mention is None:
                break
            known = avoided and self.tokens[end].lemma in _AVOIDED
            if found and not (
                reading.mention.entry.type in ("ingredient", "") and (known or (every and conjoined))
            ):
                break
            found.append(reading)
            joint = self.tokens[reading.first].gap in (Gap.COMMA, Gap.JOIN)
            end = reading.first - 1
            while end >= 0 and self.tokens[end].word in _JOINTS:
                joint = conjoined = True
                end -= 1
            if not joint:
                break
        return found

    def _trailing_wish(self, cue: Cue, at: int, after: int) -> bool:
        """ "chicken maybe": a wishing word at the end of its clause looks back."""
        if cue is not Cue.SHOULD or after != at + 1 or self.tokens[at].gap >= Gap.COMMA or not self.readings:
            return False
        ends = after == len(self.tokens) or self.tokens[after].gap >= Gap.COMMA
        return ends and self.readings[-1].last == at - 1 and self.readings[-1].role is Role.MUST

    def _cue(self, at: int) -> tuple[tuple[str, ...], Cue | None]:
        for words, cue in CUES.get(self.tokens[at].word, ()):
            end = at + len(words)
            if len(words) == 1:
                return words, cue
            if end <= len(self.tokens) and all(
                t.word == w and t.gap < Gap.COMMA
                for t, w in zip(self.tokens[at + 1 : end], words[1:], strict=True)
            ):
                return words, cue
        return (), None
