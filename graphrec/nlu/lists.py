"""Where a list or a clause goes on and where it ends: the questions that reading a request keeps asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from graphrec.nlu.cues import (
    AT_HAND,
    CUES,
    DISH_WISHES,
    GENERIC,
    MODALS,
    NO_STYLE,
    STARTS_NOT,
    STOPWORDS,
    Cue,
)
from graphrec.nlu.durations import Measure
from graphrec.nlu.linking import Mention
from graphrec.nlu.reactions import ADVERBS, DEPLORED
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token
from graphrec.nlu.vocabulary import COLOURS, COURSES

FLIPPERS = frozenset(
    (
        "without skip avoid leave leaving exclude excluding omit hold minus lose ditch cut forget "
        "remove sans avoiding lack"
    ).split()
)
"""Exclusions that another negation turns into a wish: "don't skip the garlic"."""
_OPEN_VERBS = frozenset(
    "eat have like want stand tolerate do touch use include contain handle digest with to".split()
)
_PARTICLES = {word: ("miss", "berth", "rest", "swerve") for word in ("give", "giving", "gives", "gave")}
_ASKS = frozenset({("is", "it"), ("would", "it"), ("was", "it"), ("isnt", "it")})
_BEFORE_FILLER = frozenset(
    "but and so um uh er was were be then well or just like want wants wanted need needs with fancy".split()
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
AVOIDED = _BROAD | frozenset(
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
        if scope.joint == "or" and not self._is_replacement(mention):
            return True
        if not alike:
            return mention.entry.edible and self._joins(mention, food)
        if self._is_replacement(mention) or self._is_contrast(mention):
            return False
        if scope.joint == "comma" and self._cue_after(mention) in (Cue.AFTER_NEUTRAL, Cue.AFTER_MUST):
            return False
        if scope.joint == "comma" and kind == "ingredient" and self._starts_wish(mention):
            return self.tokens[mention.last].lemma in AVOIDED
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
        named = self.tokens[mention.last].lemma in AVOIDED or self.scope.opener is Cue.ALLERGY
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
                said = next((p for p in AT_HAND.get(self.tokens[at].word, ()) if self._says(at, p)), ())
                if not said or at + len(said) in self.mentions:  # "a soup to use up parsnips"
                    continue
            elif self.tokens[at].gap is not Gap.COMMA or not self._recipe_follows(at):
                continue
            readings = self._list_before(at, every=True, avoided=False)
            leads = bool(readings) and readings[-1].first == 0 and not self.tokens[at - 1].plural
            for reading in readings:
                word = self.tokens[reading.last].lemma if reading.first == reading.last else ""
                if self.tokens[at].gap is Gap.COMMA and (not leads or (word in COURSES and word != "snack")):
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

    def _only_describes(self, mention: Mention) -> bool:
        """Whether a title word in an exclusion is the colour of a thing that is named next."""
        after = mention.last + 1
        joined = after < len(self.tokens) and self.tokens[after].gap <= Gap.HYPHEN
        alone = mention.first == mention.last and self.tokens[mention.first].lemma in COLOURS
        return alone and joined and mention.entry.type == "keyword" and after not in self.mentions

    def _lacks_object(self, words: tuple[str, ...], after: int) -> bool:
        """ "is soy sauce something you can avoid in Chinese food": what is avoided was named before."""
        if words[0] not in ("avoid", "skip", "exclude", "omit") or len(words) > 1 or after >= len(self.tokens):
            return False
        return self.tokens[after].word in ("in", "at", "on", "when") and self.tokens[after].gap is Gap.NONE

    def _begins_exclusion(self, at: int) -> bool:
        """ "out of eggs", "off mushrooms": words that exclude at the beginning of a clause with a food after them."""
        if at and self.tokens[at].gap < Gap.COMMA and not self._is_off(at):
            return False
        sizes = [len(p) for p in STARTS_NOT[self.tokens[at].word] if self._says(at, p)]
        after = at + sizes[0] if sizes else at
        return after > at and after in self.mentions

    def _is_off(self, at: int) -> bool:
        """ "my aunt's off eggs": who has gone off a food stands before the word."""
        who = self.tokens[at - 1]
        return self.tokens[at].word == "off" and at - 1 not in self.measures and (who.plural or who.word in ADVERBS)

    def _replaced_with(self, after: int) -> bool:
        """ "substitute the butter with oil" against "substitute oil for the butter"."""
        words = [t.word for t in self.tokens[after : after + 8]]
        ways = [w for w in words if w in ("with", "by", "for")]
        return bool(ways) and ways[0] != "for"

    def _deplored(self, at: int) -> bool:
        """ "it would be a crime to leave out the saffron": what is deplored is not to be done."""
        start = at
        while start > max(0, at - 7) and self.tokens[start].gap < Gap.COMMA:
            start -= 1
        before = [t.word for t in self.tokens[start:at]]
        asked = any(pair in _ASKS for pair in pairwise(before))
        return not asked and any(word in DEPLORED for word in before[-3:])

    def _ends_at(self, at: int) -> bool:
        """Whether a bracket before a token ends a sentence as well: "(Tom). What now"."""
        return at > 0 and self.tokens[at].start - self.tokens[at - 1].end > 2 and not self._bracket_opens(at)

    def _bracket_opens(self, at: int) -> bool:
        return at + 1 < len(self.tokens) and self.tokens[at + 1].bracket

    def _is_contrast(self, mention: Mention) -> bool:
        """ "not the salmon, the cod": one is set against the other."""
        scope = self.scope
        if scope.joint != "comma" or scope.words != ("not",) or scope.start >= len(self.tokens):
            return False
        return self.tokens[scope.start].word == "the" == self.tokens[mention.first - 1].word

    def _points_back(self, words: tuple[str, ...], after: int) -> bool:
        """ "chicken again? Anything but.": nothing is named after the exclusion."""
        ends = after == len(self.tokens) or self.tokens[after].gap is Gap.HARD
        return ends and words[-1] == "but"

    def _is_replacement(self, mention: Mention) -> bool:
        """ "no potatoes, rice instead": wanted in place of what was excluded."""
        after = mention.last + 1
        if after >= len(self.tokens) or self.tokens[after].gap >= Gap.COMMA:
            return False
        return self._says(after, ("instead",)) and not self._says(after, ("instead", "of"))

    def _asks_what_not(self) -> bool:
        """Whether the open exclusion is a question that the next sentence answers."""
        scope = self.scope
        before = [t.word for t in self.tokens[max(0, scope.start - len(scope.words) - 4) : scope.start]]
        return scope.empty and not scope.phrase and ("what" in before or "thing" in before)

    def _prefers(self, at: int) -> bool:
        """ "rather lamb than beef": what follows "than" is turned down."""
        said = {t.word for t in self.tokens[max(0, at - 8) : at]}
        return bool(said & {"rather", "sooner", "prefer", "instead"}) and at + 1 < len(self.tokens)

    def _is_filler(self, at: int) -> bool:
        """Whether "like" says nothing: "but like with fish"."""
        return not at or self.tokens[at - 1].word in _BEFORE_FILLER

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
        """Whether the particle of a verb such as "leave ... out", "give ... a miss" stands after its object."""
        particles = _PARTICLES.get(self.tokens[at].word, ("out", "off", "away"))
        for ahead in range(at + 1, min(len(self.tokens), at + 8)):
            if self.tokens[ahead].gap >= Gap.COLON:
                return False
            if self.tokens[ahead].word in particles:
                return ahead > at + 1 and any(i in self.mentions for i in range(at + 1, ahead))
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
            known = avoided and self.tokens[end].lemma in AVOIDED
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
