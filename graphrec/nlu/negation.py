"""Who is wanted and who is excluded: scopes of negation, allergy, wish and indifference over a request.

The window idea is NegEx's (Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases
in discharge summaries"), with list, conjunction and double-negation rules of our own. Where a reading is open, an
exclusion is kept rather than lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphrec.language.fold import fold
from graphrec.nlu.cues import CUES, FILLERS, FREE_NOT, GENERIC, LESS_NOT, NO_STYLE, STOPWORDS, Cue
from graphrec.nlu.durations import Measure
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.linking import Mention
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token

_FLIPPERS = frozenset(
    "without skip avoid leave leaving exclude excluding omit hold minus lose ditch cut forget remove sans avoiding lack".split()
)
_DISLIKES = frozenset("hate dislike detest loathe despise against opposed".split())
_EXCEPTIONS = frozenset({"except", "other", "apart", "aside", "besides", "excepting", "excluding"})
_EXAMPLES = frozenset({("like",), ("such", "as"), ("including",), ("includes",), ("include",), ("for", "example"), ("for", "instance")})
_STRONG = frozenset(
    "but however though although yet so because since then what whats how lets let if while when alexa".split()
)
_VERBS = frozenset("show give find suggest recommend list bring make cook search try do i we you".split())
_WEAK = frozenset(
    "in on onto inside atop for from is are was it that which who to at by as of will would could should can my our "
    "his her their be were".split()
)
_OPEN_VERBS = frozenset("eat have like want stand tolerate do touch use include contain handle digest with to".split())
_INTERJECTIONS = frozenset("um uh er like say well you oh of i lets for as".split())
_JOINTS = frozenset("and or the a such as like including".split())
_SIDES = frozenset("side sauce dip marinade topping filling rub gravy dressing accompaniment".split())
_BROAD = frozenset("dairy gluten meat seafood shellfish alcohol pork lactose fish nut egg soy wheat sugar peanut".split())
_AVOIDED = _BROAD | frozenset(
    "milk sesame corn onion garlic mushroom beef chicken_ butter_ cream_ cheese tree_nut almond cashew walnut".split()
)
_SINGLE = frozenset({"non", "zero"})


class Reader:
    """Reads tokens from left to right into :class:`Reading` objects.

    Args:
        tokens: the request.
        mentions: links by first token.
        measures: stated ranges.
        diets: (first, last, name, soft) of every diet word.
        lexicon: for words such as "eggless".
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        mentions: Mapping[int, Mention],
        measures: Sequence[Measure],
        diets: Sequence[tuple[int, int, str, bool]],
        lexicon: Lexicon,
    ) -> None:
        self.tokens = tokens
        self.mentions = mentions
        self.measures = {m.first: m for m in measures}
        self.diets = {first: (last, name, soft) for first, last, name, soft in diets}
        self.lexicon = lexicon
        self.scope = Scope()
        self.readings: list[Reading] = []

    def read(self) -> list[Reading]:
        """All readings, in order of their first token."""
        at = 0
        while at < len(self.tokens):
            self._punctuation(at)
            at = self._step(at)
        self._close()
        return sorted(self.readings, key=lambda r: r.first)

    def _step(self, at: int) -> int:
        measure = self.measures.get(at)
        if measure is not None:
            self._close()
            self.readings.append(Reading(Role.RANGE, at, measure.last))
            return measure.last + 1
        words, cue = self._cue(at)
        mention = self.mentions.get(at)
        diet = self.diets.get(at)
        if diet is not None and diet[0] - at + 1 >= len(words):
            return self._diet(at, *diet)
        if mention is not None and mention.last - at + 1 >= max(1, len(words)):
            self._mention(mention)
            return mention.last + 1
        if cue is not None:
            return self._apply(cue, words, at)
        self._word(at)
        return at + 1

    # cues

    def _cue(self, at: int) -> tuple[tuple[str, ...], Cue | None]:
        for words, cue in CUES.get(self.tokens[at].word, ()):
            end = at + len(words)
            if len(words) == 1:
                return words, cue
            if end <= len(self.tokens) and all(
                t.word == w and t.gap < Gap.COMMA for t, w in zip(self.tokens[at + 1 : end], words[1:], strict=True)
            ):
                return words, cue
        return (), None

    def _apply(self, cue: Cue, words: tuple[str, ...], at: int) -> int:
        after = at + len(words)
        if cue in (Cue.NOT, Cue.NEGATOR):
            self._negate(cue, words, at, after)
        elif cue in (Cue.FREE, Cue.ALLERGY, Cue.AFTER_NOT):
            self._look_back(cue, words, at, after)
        elif cue in (Cue.AFTER_SHOULD, Cue.AFTER_NEUTRAL) or self._trailing_wish(cue, at, after):
            self._weaken(Role.NEUTRAL if cue is Cue.AFTER_NEUTRAL else Role.SHOULD, at)
        elif cue is Cue.NEUTRAL or (cue is Cue.SOFT_NOT and not self._inside_exclusion()):
            self._open(Role.NEUTRAL, cue, words, after, limit=1 if cue is Cue.SOFT_NOT else 99)
        elif cue in (Cue.AND, Cue.OR):
            self._join("and" if cue is Cue.AND else "or")
        elif cue in (Cue.MUST, Cue.SHOULD, Cue.STOP):
            self._steer(cue, words, at, after)
        return after

    def _weaken(self, role: Role, at: int) -> None:
        """ "mushrooms if possible", "rice is ok": what stands before is no requirement."""
        for reading in self._list_before(at, every=True, avoided=False):
            if reading.role is Role.MUST:
                reading.role = role

    def _trailing_wish(self, cue: Cue, at: int, after: int) -> bool:
        """ "chicken maybe": a wishing word at the end of its clause looks back."""
        if cue is not Cue.SHOULD or after != at + 1 or self.tokens[at].gap >= Gap.COMMA or not self.readings:
            return False
        ends = after == len(self.tokens) or self.tokens[after].gap >= Gap.COMMA
        return ends and self.readings[-1].last == at - 1 and self.readings[-1].role is Role.MUST

    def _inside_exclusion(self) -> bool:
        return self.scope.role is Role.MUST_NOT and self.scope.empty

    def _negate(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        scope, word = self.scope, words[0]
        if word == "no" and after < len(self.tokens) and self._idle_no(after):
            return self._word(at)
        if scope.role is Role.MUST_NOT:
            near = scope.empty and not scope.phrase and at - scope.start <= 4
            if near and scope.word not in _FLIPPERS and word in _FLIPPERS:
                return self._open(Role.MUST, cue, words, after)
            if near and scope.opener is Cue.NEGATOR and word in _DISLIKES:
                return self._open(Role.NEUTRAL, cue, words, after)
            if not scope.empty and word in _EXCEPTIONS and scope.word not in _EXCEPTIONS:
                return self._open(Role.NEUTRAL, cue, words, after)
        self._open(Role.MUST_NOT, cue, words, after, limit=1 if word in _SINGLE else 99)

    def _idle_no(self, after: int) -> bool:
        """ "no-bake", "no problem", "no, chicken": a "no" that excludes nothing."""
        token = self.tokens[after]
        return token.gap is Gap.COMMA or token.gap >= Gap.LINE or token.word in NO_STYLE

    def _open(self, role: Role, cue: Cue, words: tuple[str, ...], after: int, limit: int = 99) -> None:
        self._close()
        self.scope = Scope(role, cue, words[0], after, limit)

    def _close(self) -> None:
        """End the open clause; an exclusion that named nothing known is recorded as such."""
        scope = self.scope
        if scope.role is Role.MUST_NOT and scope.phrase and (scope.empty or scope.joint):
            self._unlinked_not(scope.phrase)
        self.scope = Scope()

    def _unlinked_not(self, words: list[int]) -> None:
        reading = Reading(Role.UNLINKED_NOT, words[0], words[-1])
        self.readings.append(reading)
        self.scope.items.append(reading)
        self.scope.phrase = []

    def _join(self, joint: str) -> None:
        scope = self.scope
        if scope.role is not Role.MUST_NOT:
            if scope.opener is Cue.SOFT_NOT and scope.phrase:
                self._close()
            return
        if scope.phrase and (scope.empty or scope.joint):
            self._unlinked_not(scope.phrase)
        if not scope.empty and scope.joint != "or":
            scope.joint, scope.detached = joint, False

    def _steer(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        """A cue that wants, wishes or starts a clause, met in whatever clause is open."""
        scope, word = self.scope, words[0]
        if scope.role is Role.MUST_NOT:
            return self._steer_exclusion(cue, words, at, after)
        if cue is Cue.STOP:
            if word == "for" and at and self.tokens[at - 1].lemma in _SIDES:
                return self._open(Role.NEUTRAL, cue, words, after)
            if word not in _WEAK:
                self._close()
            return None
        if scope.role is Role.SHOULD and cue is Cue.MUST and word in ("with", "including", "featuring", "that", "has"):
            return None
        self._open(Role.MUST if cue is Cue.MUST else Role.SHOULD, cue, words, after)

    def _steer_exclusion(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        scope, word = self.scope, words[0]
        if scope.empty:
            fresh = self.tokens[at].gap is Gap.COMMA or (at and self.tokens[at - 1].word in ("and", "so", "please", "just"))
            if word in _STRONG or (word in _VERBS and fresh and at > scope.start):
                self._close()
            return
        if words in _EXAMPLES:
            scope.joint = "or"
            return
        if word in ("with", "containing", "made") and not scope.joint and self._labels_only():
            scope.joint = "or"  # "no salads with nuts": both are left out rather than nuts asked for
            return
        self._open({Cue.MUST: Role.MUST, Cue.SHOULD: Role.SHOULD}.get(cue, Role.MUST), cue, words, after)

    def _labels_only(self) -> bool:
        found = [i.mention.entry.type for i in self.scope.items if i.mention is not None]
        return bool(found) and "ingredient" not in found

    # punctuation

    def _punctuation(self, at: int) -> None:
        gap, scope = self.tokens[at].gap, self.scope
        if not at or gap <= Gap.HYPHEN:
            return
        if gap is Gap.HARD or (gap is Gap.LINE and not scope.listing):
            self._close()
        elif scope.role is Role.MUST_NOT:
            self._punctuate_exclusion(gap, at)
        elif gap >= Gap.COMMA and scope.role is not Role.MUST:
            if not (scope.role is Role.SHOULD and self._lists_on(at)):
                self._close()

    def _lists_on(self, at: int) -> bool:
        """Whether a wish's list goes on after a comma: another mention of the same type follows."""
        last = self.scope.items[-1].mention if self.scope.items else None
        here = self.mentions.get(at)
        return last is not None and here is not None and last.entry.type == here.entry.type

    def _punctuate_exclusion(self, gap: Gap, at: int) -> None:
        scope = self.scope
        if gap is Gap.COLON:
            if scope.empty and not scope.phrase:
                scope.listing = True
            else:
                self._close()
        elif scope.empty and not scope.phrase:
            if gap is Gap.COMMA and not self._keeps_comma(at):
                self._close()
        else:
            self._join("or" if gap is Gap.JOIN else "comma")

    def _keeps_comma(self, at: int) -> bool:
        """Whether a comma right after the opener ("allergic, sadly, to nuts") leaves the exclusion open."""
        if self.scope.opener is Cue.ALLERGY or self.scope.word in ("without", "avoid", "except", "excluding"):
            return True
        before, word = self.tokens[at - 1].word, self.tokens[at].word
        return before in _OPEN_VERBS and (word in _INTERJECTIONS or at in self.mentions) or before in _INTERJECTIONS

    # phrases

    def _mention(self, mention: Mention) -> None:
        scope = self.scope
        if scope.role is Role.MUST_NOT and not self._continues(mention):
            if self._is_head(mention):
                scope.detached = True
                self.readings.append(Reading(Role.NEUTRAL, mention.first, mention.last, mention))
                return
            self._close()
            scope = self.scope
        reading = Reading(scope.role, mention.first, mention.last, mention)
        if scope.role is Role.MUST_NOT:
            reading.loose = bool(scope.phrase)
            scope.phrase, scope.joint, scope.detached = [], "", False
        self.readings.append(reading)
        scope.items.append(reading)
        if len(scope.items) >= scope.limit:
            self.scope = Scope()

    def _is_head(self, mention: Mention) -> bool:
        """ "no beef stew": "stew" belongs to the excluded beef and is neither wanted nor excluded by itself."""
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
        return self._cue(after)[1] if after < len(self.tokens) and self.tokens[after].gap <= Gap.HYPHEN else None

    def _starts_wish(self, mention: Mention) -> bool:
        """ "no nuts, chicken recipes": a noun for dishes follows, and no conjunction carries the list on."""
        after = mention.last + 1
        if after >= len(self.tokens) or self.tokens[after].gap > Gap.HYPHEN:
            return False
        return self.tokens[after].lemma in GENERIC

    def _word(self, at: int) -> None:
        token, scope = self.tokens[at], self.scope
        if self._suffix_less(token, at):
            return
        if token.word in ("leave", "leaving", "take", "keep", "cut", "leaves") and self._out_follows(at):
            return self._open(Role.MUST_NOT, Cue.NOT, (token.word,), at + 1)
        if token.word == "over" and scope.role is Role.SHOULD:
            return self._open(Role.NEUTRAL, Cue.NEUTRAL, ("over",), at + 1)
        known = token.word in STOPWORDS or token.lemma in STOPWORDS or len(token.lemma) < 2 or token.word[0].isdigit()
        if scope.role is not Role.MUST_NOT:
            if not known and scope.opener is not Cue.NEUTRAL:
                self.readings.append(Reading(Role.UNLINKED, at, at))
            if scope.opener is Cue.SOFT_NOT and not known:
                self._close()
            return None
        if known:
            if not scope.empty and not scope.joint and token.word not in FILLERS:
                scope.detached = True
            return None
        return self._unknown_in_exclusion(at)

    def _unknown_in_exclusion(self, at: int) -> None:
        scope = self.scope
        if scope.empty or scope.phrase:
            scope.phrase.append(at)
            if scope.empty and len(scope.phrase) > 5:
                self._close()
        elif scope.joint == "or" or (scope.joint and self._list_word(at)):
            scope.phrase.append(at)
        elif scope.joint:
            self._close()
            self.readings.append(Reading(Role.UNLINKED, at, at))
        elif scope.items[-1].last + 1 != at or self.tokens[at - 1].plural:
            scope.detached = True

    def _list_word(self, at: int) -> bool:
        """Whether an unknown word fills a place of a list by itself: punctuation, a conjunction or the end follows."""
        if at + 1 == len(self.tokens) or self.tokens[at + 1].gap >= Gap.JOIN:
            return True
        return self.tokens[at + 1].word in ("and", "or", "nor", "but", "please", "in", "free", "allergy")

    def _suffix_less(self, token: Token, at: int) -> bool:
        """ "eggless", "flourless": an exclusion inside one word."""
        if not token.word.endswith("less") or len(token.word) < 7:
            return False
        stem = fold(token.word[:-4])
        entry = None if stem in LESS_NOT else self.lexicon.lookup(stem)
        if entry is None or entry.type != "ingredient":
            return False
        self.readings.append(Reading(Role.MUST_NOT, at, at, Mention(at, at, entry)))
        return True

    def _out_follows(self, at: int) -> bool:
        for ahead in range(at + 1, min(len(self.tokens), at + 8)):
            if self.tokens[ahead].gap >= Gap.COLON:
                return False
            if self.tokens[ahead].word in ("out", "off"):
                return ahead > at + 1
        return False

    # diets and backward cues

    def _diet(self, at: int, last: int, name: str, soft: bool) -> int:
        scope = self.scope
        if scope.role is Role.MUST_NOT and scope.empty and scope.opener in (Cue.NEGATOR, Cue.NOT):
            if scope.opener is Cue.NEGATOR or soft:
                self.readings.append(Reading(Role.NEUTRAL, at, last, diet=name))
            else:
                self._unlinked_not([at, last] if last > at else [at])
            return last + 1
        if scope.role is Role.NEUTRAL:
            self.readings.append(Reading(Role.NEUTRAL, at, last, diet=name))
            self.scope = Scope()
            return last + 1
        self._close()
        self.readings.append(Reading(Role.SOFT_DIET if soft else Role.DIET, at, last, diet=name))
        return last + 1

    def _look_back(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        """Exclude what stands before: "nut-free", "egg and nut allergies", "eggs make me sick"."""
        token = self.tokens[at]
        before = self.tokens[at - 1] if at else None
        ahead = self.tokens[after].word if after < len(self.tokens) else ""
        if cue is Cue.FREE and (before is None or before.word in FREE_NOT or ahead == "range" or token.gap > Gap.HYPHEN):
            return self._word(at)
        if token.gap <= (Gap.COMMA if cue is Cue.AFTER_NOT else Gap.HYPHEN) and not (cue is Cue.ALLERGY and words[-1] in ("to", "of", "for")):
            readings = self._list_before(at, every=cue is not Cue.FREE)
            if readings:
                return self._exclude(readings, cue)
            unknown = self.readings[-1] if self.readings else None
            if unknown is not None and unknown.role is Role.UNLINKED and unknown.last == at - 1:
                unknown.role = Role.UNLINKED_NOT
                return None
        if cue is Cue.ALLERGY:
            return self._open_allergy(words, at, after)
        return None

    def _open_allergy(self, words: tuple[str, ...], at: int, after: int) -> None:
        scope = self.scope
        negated = scope.role is Role.MUST_NOT and scope.empty and not scope.phrase and at - scope.start <= 3
        role = Role.NEUTRAL if negated and scope.word not in _FLIPPERS else Role.MUST_NOT
        self._open(role, Cue.ALLERGY, words, after)

    def _exclude(self, readings: list[Reading], cue: Cue) -> None:
        scope = self.scope
        nearest = readings[0]
        flips = cue is Cue.FREE and scope.opener is Cue.NEGATOR and scope.items[:1] == [nearest]
        for reading in readings:
            reading.role = Role.NEUTRAL if flips else Role.MUST_NOT
        if cue is Cue.FREE and not flips and scope.role is Role.MUST_NOT:
            return
        self.scope = Scope()

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
            if found and not (reading.mention.entry.type in ("ingredient", "") and (known or (every and conjoined))):
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

