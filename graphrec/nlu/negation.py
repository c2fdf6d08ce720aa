"""Who is wanted and who is excluded: scopes of negation, allergy, wish and indifference over a request.

The window idea is NegEx's (Chapman et al. 2001, "A simple algorithm for identifying negated findings and
diseases
in discharge summaries"), with list, conjunction and double-negation rules of our own. Where a reading is
open, an
exclusion is kept rather than lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphrec.language.fold import fold
from graphrec.nlu.cues import FILLERS, FREE_NOT, LESS_NOT, STOPWORDS, Cue
from graphrec.nlu.durations import Measure
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.linking import Diet, Mention
from graphrec.nlu.lists import ListRules
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token

_FLIPPERS = frozenset(
    (
        "without skip avoid leave leaving exclude excluding omit hold minus lose ditch cut forget "
        "remove sans avoiding lack"
    ).split()
)
_DISLIKES = frozenset("hate dislike detest loathe despise against opposed".split())
_EXCEPTIONS = frozenset({"except", "other", "apart", "aside", "besides", "excepting", "excluding"})
_EXAMPLES = frozenset(
    {
        ("like",),
        ("such", "as"),
        ("including",),
        ("includes",),
        ("include",),
        ("for", "example"),
        ("for", "instance"),
    }
)
_STRONG = frozenset(
    (
        "but however though although yet so because since then what whats how lets let if while when alexa"
    ).split()
)
_VERBS = frozenset("show give find suggest recommend list bring make cook search try do i we you".split())
_WEAK = frozenset(
    (
        "in on onto inside atop for from is are was it that which who to at by as of will would "
        "could should can my our "
        "his her their be were"
    ).split()
)
_SIDES = frozenset("side sauce dip marinade topping filling rub gravy dressing accompaniment".split())
_TURNS_OVER = frozenset({Cue.NOT, Cue.NEGATOR, Cue.AFTER_NOT, Cue.ALLERGY})
_IMPERATIVE = frozenset("please and but to we i must should lets so".split())
_SINGLE = frozenset({"non", "zero"})


class Reader(ListRules):
    """Reads tokens from left to right into :class:`Reading` objects.

    Args:
        tokens: the request.
        mentions: links by first token.
        measures: stated ranges.
        diets: the ways of eating that are named.
        lexicon: for words such as "eggless".
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        mentions: Mapping[int, Mention],
        measures: Sequence[Measure],
        diets: Sequence[Diet],
        lexicon: Lexicon,
    ) -> None:
        super().__init__(tokens, mentions, {m.first: m for m in measures})
        self.diets = {diet.first: diet for diet in diets}
        self.lexicon = lexicon

    def read(self) -> list[Reading]:
        """All readings, in order of their first token."""
        at = 0
        while at < len(self.tokens):
            self._punctuation(at)
            at = self._step(at)
        self._close()
        self.readings.sort(key=lambda r: r.first)
        self._mark_lists()
        return self.readings

    def _step(self, at: int) -> int:
        measure = self.measures.get(at)
        if measure is not None:
            self._close()
            self.readings.append(Reading(Role.RANGE, at, measure.last))
            return measure.last + 1
        words, cue = self._cue(at)
        mention = self.mentions.get(at)
        diet = self.diets.get(at)
        if diet is not None and diet.last - at + 1 >= len(words):
            return self._diet(at, diet.last, diet.name, diet.soft)
        if mention is not None and mention.last - at + 1 >= len(words) + self._yields(mention, cue):
            self._mention(mention)
            return mention.last + 1
        if cue is not None:
            return self._apply(cue, words, at)
        self._word(at)
        return at + 1

    def _yields(self, mention: Mention, cue: Cue | None) -> bool:
        """Whether words from titles are an exclusion here: "cut out sugar" against "easy cut out cookies"."""
        if mention.entry.type != "keyword" or cue not in _TURNS_OVER:
            return False
        first = self.tokens[mention.first]
        return not mention.first or first.gap > Gap.JOIN or self.tokens[mention.first - 1].word in _IMPERATIVE

    # cues

    def _apply(self, cue: Cue, words: tuple[str, ...], at: int) -> int:
        after = at + len(words)
        if cue is Cue.NOT and self._ends_clause(words, at):
            self._look_back(Cue.AFTER_NOT, words, at, after)
        elif cue in (Cue.NOT, Cue.NEGATOR):
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

    def _open(self, role: Role, cue: Cue, words: tuple[str, ...], after: int, limit: int = 99) -> None:
        self._close()
        self.scope = Scope(role, cue, words, after, limit)

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
        if (
            scope.role is Role.SHOULD
            and cue is Cue.MUST
            and word in ("with", "including", "featuring", "that", "has")
        ):
            return None
        self._open(Role.MUST if cue is Cue.MUST else Role.SHOULD, cue, words, after)

    def _steer_exclusion(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        scope, word = self.scope, words[0]
        if scope.empty:
            fresh = self.tokens[at].gap is Gap.COMMA or (
                at and self.tokens[at - 1].word in ("and", "so", "please", "just")
            )
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

    # punctuation

    def _punctuation(self, at: int) -> None:
        gap, scope = self.tokens[at].gap, self.scope
        if not at or gap <= Gap.HYPHEN:
            return
        if gap is Gap.HARD or (gap is Gap.LINE and not scope.listing):
            self._close()
        elif scope.role is Role.MUST_NOT:
            self._punctuate_exclusion(gap, at)
        elif gap >= Gap.COMMA and not (scope.role is Role.SHOULD and self._lists_on(at)):
            self._close()

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
        reading.listed = scope.role is Role.MUST and self._is_listed(mention)
        if scope.role is Role.MUST_NOT:
            reading.loose = bool(scope.phrase)
            scope.phrase, scope.joint, scope.detached = [], "", False
        self.readings.append(reading)
        scope.items.append(reading)
        if len(scope.items) >= scope.limit and not (
            scope.word == "zero" and self._conjunction_follows(mention.last + 1)
        ):
            self.scope = Scope()

    def _word(self, at: int) -> None:
        token, scope = self.tokens[at], self.scope
        if self._suffix_less(token, at):
            return
        if token.word in ("leave", "leaving", "take", "keep", "cut", "leaves") and self._out_follows(at):
            return self._open(Role.MUST_NOT, Cue.NOT, (token.word,), at + 1)
        if token.word == "over" and scope.role is Role.SHOULD:
            return self._open(Role.NEUTRAL, Cue.NEUTRAL, ("over",), at + 1)
        known = (
            token.word in STOPWORDS
            or token.lemma in STOPWORDS
            or len(token.lemma) < 2
            or token.word[0].isdigit()
        )
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
        if cue is Cue.FREE and (
            before is None or before.word in FREE_NOT or ahead == "range" or token.gap > Gap.HYPHEN
        ):
            return self._word(at)
        if token.gap <= (Gap.COMMA if cue is Cue.AFTER_NOT else Gap.HYPHEN) and not (
            cue is Cue.ALLERGY and words[-1] in ("to", "of", "for")
        ):
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
