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
from graphrec.nlu.cues import FILLERS, FREE_NOT, LESS_NOT, STARTS_NOT, STOPWORDS, Cue
from graphrec.nlu.degrees import goes_on, little_role, role_of
from graphrec.nlu.durations import Measure
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.linking import Diet, Mention
from graphrec.nlu.lists import FLIPPERS
from graphrec.nlu.looking_back import LOVES, POLITE, BackRules, is_whole_dish
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap, Token

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
_NOTHING = frozenset({"nothing", "none", "nowt", "zilch"})
_SIDES = frozenset("side sauce dip marinade topping filling rub gravy dressing accompaniment".split())
_PUT_OUT = frozenset(
    """leave leaving leaves left take taking keep keeping cut cutting cross strike kick pick picks rule filter weed
strip throw phase give giving gives""".split()
)
"""Verbs that exclude with a particle after their object: "keep the bread away"."""
_TURNS_OVER = frozenset({Cue.NOT, Cue.NEGATOR, Cue.AFTER_NOT, Cue.ALLERGY})
_IMPERATIVE = frozenset("please and but to we i must should lets so".split())
_SINGLE = frozenset({"non", "zero"})
_SOUNDS = frozenset("ah oh er um uh hmm".split())
_EVEN = ("so", "much", "as")
"""Goes on with the clause that it stands in: "I swell up if I so much as look at mango"."""


class Reader(BackRules):
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
        self.corrections: list[tuple[int, bool]] = []
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
        self._take_back()
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
        taken = (
            self._verdict_at(at) or self._effect_at(at) or self._judged_at(at) or self._fronted_at(at)
        )
        if taken:
            return at + taken
        if cue is not None and not (words[0] in _PUT_OUT and self._out_follows(at)):
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
        if words == ("substitute",) and self._replaced_with(after):
            return self._apply(Cue.NOT, ("replace",), at)
        if not self._about_food(words, at, after):
            self._word(at)
            return at + 1
        if cue is Cue.NOT and self._ends_clause(words, at):
            self._look_back(Cue.AFTER_NOT, words, at, after)
        elif cue is Cue.NEGATOR and (self._reject_asked(at, after) or self._turns_it_down(at, after)):
            pass
        elif cue is Cue.SOFT_NOT and words == ("less",) and self.tokens[at].gap is Gap.HYPHEN:
            self._look_back(Cue.FREE, words, at, after)  # "tomato-less"
        elif cue is Cue.NOT and (self._lacks_object(words, after) or self._points_back(words, after)):
            self._exclude_last(at)
        elif cue in (Cue.NOT, Cue.NEGATOR):
            self._negate(cue, words, at, after)
        elif cue in (Cue.FREE, Cue.ALLERGY, Cue.AFTER_NOT):
            if not self._look_back(cue, words, at, after):
                self._word(at)
                return at + 1
        elif cue in (Cue.AFTER_SHOULD, Cue.AFTER_NEUTRAL) or self._trailing_wish(cue, at, after):
            self._weaken(Role.NEUTRAL if cue is Cue.AFTER_NEUTRAL else Role.SHOULD, at, words)
        elif cue is Cue.NEUTRAL:
            self._open(Role.NEUTRAL, cue, words, after)
        elif cue is Cue.SOFT_NOT and not self._inside_exclusion():
            self._open(little_role(words), cue, words, after, limit=1)
        elif cue in (Cue.AND, Cue.OR):
            self._join("and" if cue is Cue.AND else "or")
        elif cue is Cue.THAT_NOT:
            if words[-1] in ("that", "those") and self._names_next(after):
                return self._negate_all_but(words, at, after)  # "none of those organ meats"
            self._close()
            self._exclude_last(at)
        elif cue is Cue.CORRECTION:
            if words[-1] == "no" and self._goes_on_with_no(words, after):
                return after - 1  # "sorry no nuts": without a pause it leaves nuts out
            self._correct(words, at)
        elif cue in (Cue.MUST, Cue.SHOULD, Cue.STOP):
            self._steer(cue, words, at, after)
        return after

    def _goes_on_with_no(self, words: tuple[str, ...], after: int) -> bool:
        joined = after < len(self.tokens) and self.tokens[after].gap < Gap.COMMA
        return joined and (after in self.mentions or words[0] in _SOUNDS)

    def _negate_all_but(self, words: tuple[str, ...], at: int, after: int) -> int:
        self._negate(Cue.NOT, words, at, after)
        return after

    def _inside_exclusion(self) -> bool:
        return self.scope.role is Role.MUST_NOT and self.scope.empty

    def _negate(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        scope, word = self.scope, words[0]
        if word == "no" and after < len(self.tokens) and self._idle_no(after):
            return self._word(at)
        if word in FLIPPERS and self._deplored(at):
            return self._open(Role.MUST, cue, words, after)
        if scope.role is Role.MUST_NOT:
            near = scope.empty and not scope.phrase and at - scope.start <= 4
            if near and scope.word not in FLIPPERS and word in FLIPPERS:
                return self._open(Role.MUST, cue, words, after)
            if near and scope.opener is Cue.NEGATOR and word in _DISLIKES:
                return self._open(Role.NEUTRAL, cue, words, after)
            if scope.empty and scope.word in _NOTHING and word in _EXCEPTIONS:
                return self._open(Role.MUST, cue, words, after)  # "nothing in the fridge except rice"
            if word == "without" and scope.opener is Cue.NEGATOR and self._labels_only():
                for item in scope.items:
                    item.role = Role.NEUTRAL
                return self._open(Role.MUST, cue, words, after)  # "it isn't dinner without rice"
            if near and words[-1] in ("but", "except") and word in ("everything", "all", "anything"):
                return self._open(Role.MUST, cue, words, after)  # "hold everything but the cheese"
            if not scope.empty and word in _EXCEPTIONS and scope.word not in _EXCEPTIONS:
                return self._open(Role.NEUTRAL, cue, words, after)
        self._open(Role.MUST_NOT, cue, words, after, limit=1 if word in _SINGLE else 99)

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
            if word == "for" and scope.word == "substitute" and not scope.empty:
                return self._open(Role.MUST_NOT, cue, words, after)  # "substitute turkey for the beef"
            if word in ("to", "over") and scope.word.startswith("prefer") and not scope.empty:
                return self._open(Role.NEUTRAL, cue, words, after)
            if word == "for" and at and self.tokens[at - 1].lemma in _SIDES:
                return self._open(Role.NEUTRAL, cue, words, after)
            if word not in _WEAK:
                self._close()
            return None
        if word in ("like", "likes") and len(words) == 1 and self._is_filler(at):
            return None
        if (
            scope.role is Role.SHOULD
            and cue is Cue.MUST
            and word in ("with", "including", "featuring", "that", "has")
            and not (scope.empty and scope.word in ("could", "might"))  # "what my dad could have with pears"
        ):
            return None
        self._open(Role.MUST if cue is Cue.MUST else Role.SHOULD, cue, words, after)

    def _steer_exclusion(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> None:
        scope, word = self.scope, words[0]
        if scope.empty:
            fresh = self.tokens[at].gap is Gap.COMMA or (
                at and self.tokens[at - 1].word in ("and", "so", "please", "just")
            )
            if (word in _STRONG and words != _EVEN) or (word in _VERBS and fresh and at > scope.start):
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
        if gap is Gap.HARD and scope.opener is Cue.ALLERGY and self.tokens[at].bracket and not self._ends_at(at):
            return self._join("comma")  # "allergies: eggs (me), peanuts (Tom)"
        if gap is Gap.HARD and scope.role is Role.MUST_NOT and self.tokens[at].asked and self._asks_what_not():
            return  # "what don't I want? Fish."
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
        if scope.role is Role.MUST_NOT and self._only_describes(mention):
            return self._unknown_in_exclusion(mention.first)  # "no green bits" is nothing against green
        if scope.role is Role.MUST_NOT and not self._continues(mention):
            if self._is_head(mention):
                scope.detached = True
                self.readings.append(Reading(Role.NEUTRAL, mention.first, mention.last, mention))
                return
            self._close()
            scope = self.scope
        reading = Reading(role_of(scope, mention), mention.first, mention.last, mention, hard=scope.hard)
        polite = scope.word in POLITE and is_whole_dish(reading)
        if scope.role is Role.SHOULD and (polite or (mention.entry.kind and LOVES.intersection(scope.words))):
            reading.role = Role.MUST  # "ideally something Greek" is polite, and "I adore risotto" asks for one
        reading.listed = scope.role is Role.MUST and self._is_listed(mention)
        if scope.role is Role.MUST_NOT:
            reading.loose = bool(scope.phrase)
            scope.phrase, scope.joint, scope.detached = [], "", False
        self.readings.append(reading)
        scope.items.append(reading)
        open_list = scope.word == "zero" and self._conjunction_follows(mention.last + 1)
        more = open_list or goes_on(scope, reading, self.tokens, self.mentions.get(mention.last + 2))
        if len(scope.items) >= scope.limit and not more:
            self.scope = Scope()

    def _word(self, at: int) -> None:
        token, scope = self.tokens[at], self.scope
        if self._suffix_less(token, at):
            return
        if token.word in STARTS_NOT and scope.role is Role.MUST and self._begins_exclusion(at):
            return self._open(Role.MUST_NOT, Cue.NOT, (token.word,), at + 1)
        if token.word in _PUT_OUT and self._out_follows(at):
            return self._open(Role.MUST_NOT, Cue.NOT, (token.word,), at + 1)
        if token.word == "than" and self._prefers(at):
            return self._open(Role.MUST_NOT, Cue.NOT, ("than",), at + 1)
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
        """ "eggless", "flourless", "nutfree": an exclusion inside one word."""
        if not token.word.endswith(("less", "free")) or len(token.word) < 7:
            return False
        stem = fold(token.word[:-4])
        entry = None if stem in LESS_NOT or stem in FREE_NOT else self.lexicon.lookup(stem)
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
        if scope.role in (Role.NEUTRAL, Role.SHOULD_NOT):
            self.readings.append(Reading(Role.NEUTRAL, at, last, diet=name))
            self.scope = Scope()
            return last + 1
        self._close()
        self.readings.append(Reading(Role.SOFT_DIET if soft else Role.DIET, at, last, diet=name))
        return last + 1
