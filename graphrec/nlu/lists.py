"""Where a list or a clause goes on and where it ends: the questions that reading a request keeps asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphrec.nlu.cues import AT_HAND, CUES, DISH_WISHES, GENERIC, MODALS, NO_STYLE, STOPWORDS, Cue
from graphrec.nlu.durations import Measure
from graphrec.nlu.linking import Mention
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token
from graphrec.nlu.vocabulary import COURSES

_OPEN_VERBS = frozenset(
    "eat have like want stand tolerate do touch use include contain handle digest with to".split()
)
_INTERJECTIONS = frozenset("um uh er like say well you oh of i lets for as".split())
_JOINTS = frozenset("and or the a such as like including".split())
_BOTH_WAYS = frozenset(
    {("left", "out"), ("excluded",), ("excluding",), ("omitted",), ("avoided",), ("banned",)}
)
_APART = frozenset("for in on into as to from".split())
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
        measures: stated ranges by first token.
    """

    def __init__(
        self, tokens: Sequence[Token], mentions: Mapping[int, Mention], measures: Mapping[int, Measure]
    ) -> None:
        self.tokens = tokens
        self.mentions = mentions
        self.measures = measures
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
        food = any(i.mention is None or i.mention.entry.edible for i in scope.items)
        alike = kind in types or (kind == "" and "ingredient" in types)
        if not scope.joint:
            if scope.detached or mention.first != last.last + 1 or kind not in ("ingredient", ""):
                return False
            end = self.tokens[last.last]
            return not end.plural and end.lemma not in _BROAD
        if scope.joint == "or":
            return True
        if not alike:
            return mention.entry.edible and self._joins(mention, food)
        if scope.joint == "comma" and self._cue_after(mention) is Cue.AFTER_NEUTRAL:
            return False
        if scope.joint == "comma" and kind == "ingredient" and self._starts_wish(mention):
            return self.tokens[mention.last].lemma in _AVOIDED
        return True

    def _joins(self, mention: Mention, food: bool) -> bool:
        """Whether an item of another kind than those before it ("candy and orange juice") is on their list.

        Args:
            food: those before it may be read as ingredients too.
        """
        if self._starts_wish(mention) or self.tokens[mention.first - 1].word in ("a", "an", "some"):
            return False
        if self.scope.joint == "and":
            return True
        named = self.tokens[mention.last].lemma in _AVOIDED or self.scope.opener is Cue.ALLERGY
        return food and (named or self._conjunction_follows(mention.last + 1))

    def _conjunction_follows(self, at: int) -> bool:
        """Whether a list that goes on at a token ends in "and" or "or"."""
        while at < len(self.tokens) and self.tokens[at].gap <= Gap.COMMA:
            if self._cue(at)[1] in (Cue.AND, Cue.OR) or self.tokens[at].gap is Gap.JOIN:
                return True
            if self.tokens[at].gap is not Gap.COMMA or at not in self.mentions:
                return False
            at = self.mentions[at].last + 1
        return False

    def _is_listed(self, mention: Mention) -> bool:
        """Whether a wanted mention stands in a list of ingredients."""
        at, last = mention.first, self.readings[-1] if self.readings else None
        if not self._ends_item(mention):
            return False
        if last is not None and last.listed and last.last < at:
            between = self.tokens[last.last + 1 : at]
            joined = any(t.word in ("and", "or", "plus") for t in between) or self.tokens[at].gap is Gap.JOIN
            comma = self.tokens[last.last + 1].gap is Gap.COMMA and self._conjunction_follows(
                mention.last + 1
            )
            if all(t.word in _JOINTS for t in between) and (joined or comma):
                return True
        scope = self.scope
        if scope.opener is not Cue.MUST or not scope.empty or scope.words in DISH_WISHES:
            return False
        if any(t.word in _APART for t in self.tokens[scope.start : at]):
            return False
        cue = scope.start - len(scope.words)
        asked = any(t.word in MODALS for t in self.tokens[max(0, cue - 2) : cue])
        return not (scope.words == ("have",) and asked)

    def _ends_item(self, mention: Mention) -> bool:
        """Whether nothing after a mention goes on with its name: "cookie", not "cookie recipes"."""
        after = mention.last + 1
        if after == len(self.tokens) or self.tokens[after].gap >= Gap.JOIN or after in self.measures:
            return True
        token = self.tokens[after]
        if after in self.mentions or token.lemma in GENERIC:
            return False
        return token.word in STOPWORDS or self._cue(after)[1] is not None

    def _mark_lists(self) -> None:
        """Find the lists of ingredients that only what follows them gives away: "salsa in the fridge",
        "salsa, mexican recipe".
        """
        for at in range(1, len(self.tokens)):
            if self.tokens[at].gap <= Gap.HYPHEN:
                if not any(self._says(at, phrase) for phrase in AT_HAND):
                    continue
            elif self.tokens[at].gap is not Gap.COMMA or not self._recipe_follows(at):
                continue
            readings = self._list_before(at, every=True, avoided=False)
            leads = bool(readings) and readings[-1].first == 0 and not self.tokens[at - 1].plural
            for reading in readings:
                said = self.tokens[reading.last].lemma if reading.first == reading.last else ""
                if self.tokens[at].gap is Gap.COMMA and (not leads or (said in COURSES and said != "snack")):
                    continue
                reading.listed = reading.listed or reading.role is Role.MUST

    def _says(self, at: int, phrase: tuple[str, ...]) -> bool:
        return tuple(t.word for t in self.tokens[at : at + len(phrase)]) == phrase

    def _recipe_follows(self, at: int) -> bool:
        for place in range(at, len(self.tokens)):
            if place > at and self.tokens[place].gap >= Gap.COMMA:
                return False
            if self.tokens[place].lemma in GENERIC and place not in self.mentions:
                return True
        return False

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
            if reading.first >= at:
                continue
            if reading.last != end or reading.mention is None:
                break
            known = avoided and self.tokens[end].lemma in _AVOIDED
            if found and not (reading.mention.entry.edible and (known or (every and conjoined))):
                break
            found.append(reading)
            joint = self.tokens[reading.first].gap in (Gap.COMMA, Gap.JOIN)
            conjoined = conjoined or self.tokens[reading.first].gap is Gap.JOIN
            end = reading.first - 1
            while end >= 0 and self.tokens[end].word in _JOINTS:
                joint = conjoined = True
                end -= 1
            if not joint:
                break
        return found

    def _ends_clause(self, words: tuple[str, ...], at: int) -> bool:
        """ "nuts left out": what excludes the words after it excludes those before it at the end."""
        after = at + len(words)
        if words not in _BOTH_WAYS or not self.readings or self.readings[-1].last != at - 1:
            return False
        return self.tokens[at].gap <= Gap.HYPHEN and (
            after == len(self.tokens) or self.tokens[after].gap >= Gap.COMMA
        )

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
            if any(i in self.mentions and self.mentions[i].last >= end for i in range(at + 1, end)):
                continue  # "and all purpose flour" holds "and", not "and all"
            if end <= len(self.tokens) and all(
                t.word == w and t.gap < Gap.COMMA
                for t, w in zip(self.tokens[at + 1 : end], words[1:], strict=True)
            ):
                return words, cue
        return (), None
