"""Cues that change what was read before them: "nut-free", "tofu? yuck", "cross that off", "no wait, turkey"."""

from __future__ import annotations

from graphrec.nlu.cues import FREE_NOT, STOPWORDS, VERDICTS, Cue
from graphrec.nlu.lists import AVOIDED, FLIPPERS, ListRules
from graphrec.nlu.reactions import (
    ADVERBS,
    AGREED,
    BAD,
    CAUSES,
    EFFECTS,
    FOUL,
    FRONT,
    GOOD,
    HARMS,
    IS,
    ISNT,
    LOOKS_AHEAD,
    MODALS,
    OBJECTS,
    PERSONS,
    PLEASE,
    PUTS,
    SENSES,
    SHUDDERS,
    TAKES,
    TROUBLES,
)
from graphrec.nlu.scope import Reading, Role, Scope
from graphrec.nlu.tokens import Gap

_WANTED = (Role.MUST, Role.SHOULD)
_TAKEN_BACK = (*_WANTED, Role.MUST_NOT, Role.DIET, Role.SOFT_DIET, Role.RANGE)
_BARS = (Role.MUST_NOT, Role.DIET)
_CANCELS = frozenset(
    "scratch strike ignore forget cancel disregard scrap changed change nevermind never".split()
)
_WHOLE_DISH = frozenset({"cuisine", "course"})
LOVES = frozenset("love loves adore adores".split())
POLITE = frozenset("would if ideally preferably".split())
_AWAY = frozenset("to work school uni travelling today home".split())
"""Where somebody is off to, and not what they are off."""
_TROUBLED_BY = frozenset("with digest digesting handling".split())
_LAST = 12
"""How many tokens back a pronoun may point."""


class BackRules(ListRules):
    """Rules that turn readings which are already there."""

    corrections: list[tuple[int, bool]]
    """Token of each correction, and whether it cancels what was said whatever follows."""

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
        reading = Reading(Role.UNLINKED_NOT, words[0], words[-1], hard=self.scope.hard)
        self.readings.append(reading)
        self.scope.items.append(reading)
        self.scope.phrase = []

    def _weaken(self, role: Role, at: int, words: tuple[str, ...]) -> None:
        """ "mushrooms if possible", "rice is ok": what stands before is no requirement.

        A cuisine or a kind of dish is still what the dish has to be: "Indian would be lovely" is polite.
        """
        readings = self._list_before(at, every=True, avoided=False)
        first = readings[-1].first if readings else at
        for reading in [*readings, *self._described(first)]:
            polite = role is Role.SHOULD and words[0] in POLITE and is_whole_dish(reading)
            if reading.role is Role.MUST and not polite:
                reading.role = role

    def _described(self, first: int) -> list[Reading]:
        """The description right before a token, which shares the fate of what it describes."""
        if first >= len(self.tokens) or self.tokens[first].gap > Gap.HYPHEN:
            return []
        return [
            r
            for r in self.readings
            if r.last == first - 1 and r.mention and r.mention.entry.type == "keyword"
        ]

    def _look_back(self, cue: Cue, words: tuple[str, ...], at: int, after: int) -> bool:
        """Exclude what stands before: "nut-free", "egg and nut allergies", "eggs make me sick".

        Returns:
            False when the cue is an ordinary word here.
        """
        token = self.tokens[at]
        before = self.tokens[at - 1] if at else None
        ahead = self.tokens[after].word if after < len(self.tokens) else ""
        if cue is Cue.FREE and (
            before is None or before.word in FREE_NOT or ahead == "range" or token.gap > Gap.HYPHEN
        ):
            return False
        if token.gap <= (Gap.COMMA if cue is Cue.AFTER_NOT else Gap.HYPHEN) and not (
            cue is Cue.ALLERGY and words[-1] in LOOKS_AHEAD
        ):
            readings = self._list_before(at, every=cue is not Cue.FREE)
            if readings:
                self._exclude(readings, cue, cue is Cue.ALLERGY or bool(EFFECTS.intersection(words)))
                return True
            unknown = self.readings[-1] if self.readings else None
            if unknown is not None and unknown.role is Role.UNLINKED and unknown.last == at - 1:
                unknown.role = Role.UNLINKED_NOT
                unknown.hard = cue is Cue.ALLERGY
                return True
        if cue is Cue.ALLERGY and not self._allergic_to_that(words, at, after):
            self._open_allergy(words, at, after)
        if cue is Cue.AFTER_NOT and not self._exclude_last(at) and self._food_follows(after):
            self._open(Role.MUST_NOT, cue, words, after)  # "not allowed mushrooms"
        return True

    def _about_food(self, words: tuple[str, ...], at: int, after: int) -> bool:
        """Whether a cue that is an ordinary word elsewhere stands by a food: "a dairy problem", "anti-tofu", and no
        problem with the oven.
        """
        if words[-1] == "off" and after < len(self.tokens):
            return self.tokens[after].word not in _AWAY
        if TROUBLES.issuperset(words):
            return bool(self._list_before(at, every=False)) and self.tokens[at - 1].lemma in AVOIDED
        if words != ("anti",) and not (TROUBLES.intersection(words) and words[-1] in _TROUBLED_BY):
            return True
        for place in (after, after + 1):
            if place in self.mentions and (place == after or self.tokens[after].word in ("any", "all", "the")):
                return self.mentions[place].entry.edible
        return after + 1 == len(self.tokens) or (after < len(self.tokens) and self.tokens[after + 1].gap is Gap.HARD)

    def _allergic_to_that(self, words: tuple[str, ...], at: int, after: int) -> bool:
        """ "it says peanuts in everything, I'm allergic!": to what was named last."""
        ends = after == len(self.tokens) or self.tokens[after].gap >= Gap.COMMA
        if words not in (("allergic",), ("intolerant",)) or not ends or self.scope.role is not Role.MUST:
            return False
        return self._exclude_last(at, hard=True)

    def _food_follows(self, at: int) -> bool:
        return at in self.mentions and self.tokens[at].gap <= Gap.COMMA

    def _open_allergy(self, words: tuple[str, ...], at: int, after: int) -> None:
        scope = self.scope
        negated = scope.role is Role.MUST_NOT and scope.empty and not scope.phrase and at - scope.start <= 3
        role = Role.NEUTRAL if negated and scope.word not in FLIPPERS else Role.MUST_NOT
        self._open(role, Cue.ALLERGY, words, after)

    def _exclude(self, readings: list[Reading], cue: Cue, hard: bool) -> None:
        scope = self.scope
        nearest = readings[0]
        flips = cue is Cue.FREE and scope.opener is Cue.NEGATOR and scope.items[:1] == [nearest]
        for reading in readings:
            reading.role = Role.NEUTRAL if flips else Role.MUST_NOT
            reading.hard = hard
        if cue is Cue.FREE and not flips and scope.role is Role.MUST_NOT:
            return
        self.scope = Scope()

    def _exclude_last(self, at: int, hard: bool = False) -> bool:
        """Exclude the wanted food that was named last, for a pronoun that stands for it; in "without it" the pronoun
        rather stands for what was turned down already.
        """
        if self.tokens[at].word == "without" and any(r.role is Role.MUST_NOT for r in self.readings):
            return True
        for reading in reversed(self.readings):
            if at - reading.last > _LAST:
                return False
            if reading.mention is None:
                continue
            if reading.role is Role.MUST_NOT:
                return True
            if reading.role in _WANTED and reading.mention.entry.edible:
                for member in self._list_before(reading.last + 1, every=True, avoided=False) or [reading]:
                    member.role = Role.MUST_NOT if member.role in _WANTED else member.role
                    member.hard = member.hard or hard
                return True
        return False

    def _verdict_at(self, at: int) -> int:
        """How many tokens a verdict takes here, 0 when there is none."""
        for words in VERDICTS.get(self.tokens[at].word, ()):
            if self._says(at, words) and self._verdict(words, at, at + len(words)):
                return len(words)
        return 0

    def _judged_at(self, at: int) -> int:
        """ "olives are just vile", "pork isn't allowed": what is said of a food; tokens taken, or 0."""
        negated = self.tokens[at].word in ISNT
        if not negated and self.tokens[at].word not in IS:
            return 0
        for place in range(at + 1, min(len(self.tokens), at + 5)):
            token = self.tokens[place]
            if token.gap >= Gap.COMMA:
                return 0
            if token.word == "not":
                negated = True
            elif token.word in (GOOD if negated else BAD):
                return self._blame(at, place, token.word in EFFECTS)
            elif token.word not in ADVERBS:
                return 0
        return 0

    def _blame(self, at: int, last: int, hard: bool) -> int:
        """Exclude the foods before a verb and its modals; tokens up to `last`, or 0 when no food stands there."""
        while at and self.tokens[at - 1].word in MODALS and self.tokens[at].gap <= Gap.HYPHEN:
            at -= 1
        readings = self._list_before(at, every=True)
        if not readings:
            return 0
        self._exclude(readings, Cue.AFTER_NOT, hard)
        return last - at + 1

    def _fronted_at(self, at: int) -> int:
        """ "mushrooms I won't eat", "olives are something we avoid": the object stands first; tokens taken, or 0."""
        words, cue = self._cue(at)
        verb = self.tokens[at].word in OBJECTS
        if not verb and (cue is not Cue.NEGATOR or words[0] in ("nobody", "noone")):
            return 0
        after = at + (1 if verb else len(words))
        if not verb:
            if after >= len(self.tokens) or self.tokens[after].word not in TAKES:
                return 0
            after += 1
        if after < len(self.tokens) and self.tokens[after].gap < Gap.COMMA:
            return 0
        front = at
        while front and self.tokens[front - 1].word in FRONT and self.tokens[front].gap <= Gap.COMMA:
            front -= 1
        readings = (
            self._list_before(front, every=True) if front < at and self.tokens[front].gap <= Gap.COMMA else []
        )
        if not readings or any(r.role is Role.MUST_NOT for r in readings):
            return 0
        self._exclude(readings, Cue.AFTER_NOT, hard=False)
        return after - at

    def _effect_at(self, at: int) -> int:
        """ "lettuce makes me ill", "onions give him gas": what a food does to somebody; tokens taken, or 0."""
        word = self.tokens[at].word
        if word in HARMS and at + 1 < len(self.tokens) and self.tokens[at + 1].word in PERSONS:
            return self._blame(at, at + 1, hard=True)
        said = [t.word for t in self.tokens[at + 1 : at + 3]] if word in SENSES else []
        if said and (said[0] in BAD or (said[0] == "like" and said[-1] in FOUL)):  # "tastes like soap"
            return self._blame(at, at + (1 if said[0] in BAD else 2), hard=False)
        if word not in CAUSES:
            return 0
        for place in range(at + 1, min(len(self.tokens), at + 7)):
            token = self.tokens[place]
            if token.gap >= Gap.COMMA:
                return 0
            if token.word in EFFECTS:
                return self._blame(at, place, hard=token.word not in SHUDDERS)
        return 0

    def _verdict(self, words: tuple[str, ...], at: int, after: int) -> bool:
        """ "tofu? yuck.", "peas no": a word that judges what stands right before it and ends its sentence.

        Before a comma a "no" only takes back what was asked: "something on toast? No, real food".
        """
        token, last = self.tokens[at], self.readings[-1] if self.readings else None
        if last is None or last.last != at - 1 or last.mention is None or last.role not in _WANTED:
            return False
        polite = after
        while (
            polite < len(self.tokens)
            and self.tokens[polite].word in PLEASE
            and self.tokens[polite].gap <= Gap.COMMA
        ):
            polite += 1
        ends = polite == len(self.tokens) or self.tokens[polite].gap >= Gap.COMMA
        apart = token.gap >= Gap.COLON
        if not ends:
            return False
        conditional = any(
            t.word in ("if", "unless", "when") for t in self.tokens[max(0, last.first - 5) : last.first]
        )
        if words == ("no",) and token.gap is Gap.COMMA and not conditional:
            return False
        if (
            not conditional
            and words in (("no",), ("not",))
            and not apart
            and not self._judges_in_turn(at, after)
        ):
            return False
        asks_again = token.asked and after < len(self.tokens) and self.tokens[after].gap is Gap.COMMA
        readings = self._list_before(at, every=True, avoided=False) if not apart else [last]
        for reading in readings or [last]:
            reading.role = Role.NEUTRAL if asks_again and words == ("no",) else Role.MUST_NOT
        self.scope = Scope()
        return True

    def _judges_in_turn(self, at: int, after: int) -> bool:
        """ "mash yes, peas no": the word ends the request, or its sentence has others of its kind."""
        return (
            after == len(self.tokens)
            or self.tokens[after].gap is Gap.HARD
            or any(t.word in AGREED for t in self.tokens[max(0, at - 8) : after + 8])
        )

    def _correct(self, words: tuple[str, ...], at: int) -> None:
        """ "chicken, no wait, turkey": what is said next takes the place of what of its sort was said last."""
        self._close()
        self.corrections.append((at, words[0] in _CANCELS))

    def _take_back(self) -> None:
        """Once the correction is read, drop what it corrects; what somebody cannot have is never dropped."""
        for at, cancels in self.corrections:
            before = [r for r in self.readings if r.first < at and r.role in _TAKEN_BACK]
            after = [r for r in self.readings if r.first > at and r.role in _TAKEN_BACK]
            if not before or before[-1].hard:
                continue
            old = before[-1]
            if after and self._with_after_all(at, old, after[0]):
                old.role = Role.NEUTRAL
                continue
            barred = old.role in (Role.MUST_NOT, Role.DIET)
            if barred and not cancels and not (after and after[0].role in _BARS and self._means_it(at)):
                continue  # only a plain correction takes an exclusion back, and only for another one
            if not after:
                if cancels:
                    old.role = Role.NEUTRAL
                continue
            new = after[0]
            turned = new.role in _BARS and old.role in _WANTED and self.tokens[at].word != "sorry"
            if cancels or turned or _sort(old) & _sort(new):
                for reading in self._said_with(old, turned):
                    reading.role = Role.NEUTRAL

    def _with_after_all(self, at: int, old: Reading, new: Reading) -> bool:
        """ "without tomato, ah no, with tomato": the same food, wanted in so many words."""
        same = old.mention and new.mention and old.mention.entry.refs == new.mention.entry.refs != ()
        return bool(same) and new.role in _WANTED and "with" in [t.word for t in self.tokens[at : new.first]]

    def _means_it(self, at: int) -> bool:
        """Whether a correction says "I mean": "wait" and "sorry" may stand for anything."""
        return any(t.word in ("mean", "meant", "rather", "correction") for t in self.tokens[at : at + 4])

    def _said_with(self, old: Reading, all_of_it: bool) -> list[Reading]:
        """The reading that is taken back, with the rest of its sentence where that is turned down."""
        if not all_of_it:
            return [old]
        start = old.first
        while start and self.tokens[start].gap is not Gap.HARD:
            start -= 1
        return [r for r in self.readings if start <= r.first <= old.first and r.role in _WANTED]

    def _turns_it_down(self, at: int, after: int) -> bool:
        """ "if it has celery in it I'm not eating it": a negated verb whose object is a pronoun."""
        place = after
        if place < len(self.tokens) and self.tokens[place].word in TAKES:
            place += 1
        if place >= len(self.tokens) or self.tokens[place].word not in ("it", "them", "that", "those"):
            return False
        return not self._names_next(place + 1) and self._exclude_last(at)

    def _names_next(self, at: int) -> bool:
        """Whether a token goes on with a noun rather than ending the phrase."""
        if at >= len(self.tokens) or self.tokens[at].gap >= Gap.COMMA:
            return False
        after = at + 1
        described = after in self.mentions and self.tokens[after].gap <= Gap.HYPHEN
        return described or at in self.mentions or self.tokens[at].word not in STOPWORDS

    def _reject_asked(self, at: int, after: int) -> bool:
        """ "who puts raisins in a tagine? find one that doesn't": the negation has no object of its own."""
        ends = after == len(self.tokens) or self.tokens[after].gap is Gap.HARD
        if not ends or not at or self.tokens[at - 1].word not in ("that", "which", "ones", "one", "who"):
            return False
        puts = [t for t in range(at) if self.tokens[t].word in PUTS]
        for reading in self.readings if puts else ():
            words = [t.word for t in self.tokens[puts[-1] + 1 : reading.first]]
            inside = any(w in ("in", "on", "into", "to") for w in words)
            if reading.first > puts[-1] and not inside and reading.role in _WANTED:
                reading.role = Role.MUST_NOT
        return bool(puts)


def is_whole_dish(reading: Reading) -> bool:
    """Whether what is read says what the dish is rather than what is in it."""
    return reading.mention is not None and (
        reading.mention.entry.type in _WHOLE_DISH or reading.mention.entry.kind
    )


def _sort(reading: Reading) -> frozenset[str]:
    if reading.role is Role.RANGE:
        return frozenset({"range"})
    if reading.mention is None:
        return frozenset({"diet", "ingredient"})
    return reading.mention.entry.types
