"""Requests that no platform should send: goldens mutated, texts made of pieces, and plain noise; by seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Body: TypeAlias = bytes | str | Mapping[str, Any]
MEGABYTE = 1_000_000

CONTROL = "".join(map(chr, (*range(32), 127, *range(0x80, 0xA0))))
PIECES = (
    "\u202e", "\u200f", "\u200b", "\ufeff", "\u2028", "\ufffe", "\ud800", "\udfff", "\ud83d", "e\u0301\u0323",
    "ﬁ", "İ", "ß", "Ǆ",
    "👩‍🍳", "🍗", "🇮🇹", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "وصفات دجاج بدون مكسرات", "מתכון בלי אגוזים", "鶏肉のレシピ",
    "рецепт без орехов", "ไก่ผัดเม็ดมะม่วง",
    "½", "¼", "１２", "٣", "Ⅳ", "∞", "-1", "1e309", "0x10", "NaN", "null", "None", "undefined", "true",
    "{{", "}}", "%s%n", "${7*7}",
    "'; DROP TABLE node; --", "<script>alert(1)</script>", "../../etc/passwd", "\x1b[31m", "\r\n\r\n", "\t",
    "\x00", ":", "::", "a:b",
    "ingredient:", ":chicken", "ingredient:chicken", "cuisine:italian", "recipe:tiramisu", "diet:vegan",
    "PT30M", "P", "PT", "P1Y2M",
    "PT99999999999H", "P1.5.5W", "99999999999999999999 minutes", "0 minutes", "-5 minutes",
    "half an hour and a half and a half",
)  # fmt: skip
WORDS = """a the with without no not nothing but and or no-one except free nut-free gluten free dairy-free
sugar free vegan vegetarian halal keto allergic to allergy intolerant can't cannot don't like love
hate eat under over less more than at most least minutes hours hour half quarter calories servings
people for two 30 45 400 italian thai mexican chicken beef tofu nuts peanuts almonds cashew shrimp
shellfish fish egg eggs milk cheese butter garlic onion mushrooms rice pasta soup salad dessert
dinner quick easy something like similar my last lasagna carbonara instead of substitute what goes
into how long does it take second first one that yes no stop help more else start over forget
remember recipe recipes please , . ; : ! ? - ( ) " ' / & + % #""".split()
SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 5, 3.5, 1e308, -1e308, 10**30, 10**400, float("nan"), float("inf"), "",
    " ", "\x00", "0", "-1", "?",
    "NONE", "DENIED", "CONFIRMED", "ER_SUCCESS_MATCH", "List", "Simple", "Composite", "Duration",
    "IntentRequest", "LaunchRequest",
    "CanFulfillIntentRequest", "SessionEndedRequest", "AMAZON.YesIntent", "AMAZON.NoIntent",
    "AMAZON.StopIntent", "AMAZON.MoreIntent",
    "AMAZON.SelectIntent", "AMAZON.FallbackIntent", "nlu_fallback", "teach_allergy", "forget_preference",
    "list_preferences",
    "ingredient_substitution", "cook_time", "similar", "recipe.search", [], {}, [[]], [None], {"": None},
    [{}], {"value": {}},
)  # fmt: skip
KEYS = """text user session state k source intent slots entities value values name type request queryResult
interpretations sessionState input annot_utt sentence tokens span tracker latest_message node
polarity operator candidates context trace confirmationStatus slotValue resolutions amount unit
original graphrec attributes parameters must must_not ranges""".split()


@dataclass(frozen=True, slots=True)
class Case:
    """One request.

    Args:
        kind: how it was made.
        body: what is sent.
    """

    kind: str
    body: Body


class Fuzzer:
    """Makes cases from a seed; the same seed gives the same cases.

    Args:
        goldens: well-formed requests of every platform.
        texts: utterances that people would say.
    """

    def __init__(self, seed: int, goldens: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> None:
        self.rng = random.Random(seed)
        self.goldens = [json.dumps(golden) for golden in goldens]
        self.texts = list(texts)
        self.state: Any = None
        self._kinds: tuple[tuple[str, float, Callable[[], Body]], ...] = (
            ("mutated", 0.36, self.mutated), ("words", 0.30, self.words), ("bytes", 0.14, self.broken_bytes),
            ("spoken", 0.10, self.spoken), ("tree", 0.06, self.noise), ("deep", 0.035, self.deep),
            ("huge", 0.005, self.huge),
        )  # fmt: skip

    def cases(self, count: int) -> Iterator[Case]:
        """That many cases, in proportions that stay."""
        names = [name for name, _, _ in self._kinds]
        weights = [weight for _, weight, _ in self._kinds]
        makers = {name: maker for name, _, maker in self._kinds}
        for _ in range(count):
            kind = self.rng.choices(names, weights)[0]
            yield Case(kind, makers[kind]())

    def golden(self) -> Any:
        """A fresh, well-formed request, at times in the middle of a conversation."""
        if self.rng.random() < 0.25:
            return self._plain(self.rng.choice(self.texts))
        return json.loads(self.rng.choice(self.goldens))

    def mutated(self) -> Body:
        """A golden with one to six changes, as an object or as its text."""
        data = self.golden()
        for _ in range(self.rng.randint(1, 6)):
            self._mutate(data)
        return data if self.rng.random() < 0.5 else json.dumps(data)

    def words(self) -> Body:
        """Words of the domain in any order, with noise between them."""
        return self._plain(self._sentence())

    def spoken(self) -> Body:
        """A real utterance, often with a character or word out of place."""
        text = self.rng.choice(self.texts)
        for _ in range(self.rng.randint(0, 3)):
            at = self.rng.randint(0, len(text))
            text = text[:at] + self.rng.choice((self._noise(), "", " ")) + text[at + self.rng.randint(0, 2) :]
        return self._plain(text)

    def broken_bytes(self) -> Body:
        """The bytes of a golden cut off, flipped, or with others put in."""
        body = bytearray(json.dumps(self.golden()).encode("utf-8", "surrogatepass"))
        for _ in range(self.rng.randint(1, 4)):
            at = self.rng.randrange(len(body) + 1)
            choice = self.rng.random()
            if choice < 0.4:
                del body[at:]
            elif choice < 0.7 and at < len(body):
                body[at] = self.rng.randrange(256)
            else:
                body[at:at] = self.rng.randbytes(self.rng.randint(1, 5))
        return bytes(body) if self.rng.random() < 0.7 else body.decode("latin-1")

    def noise(self) -> Body:
        """A random tree under keys that the formats know."""
        return {self.rng.choice(KEYS): self._tree(4) for _ in range(self.rng.randint(0, 6))}

    def deep(self) -> Body:
        """Lists and objects inside each other, from 50 to 100,000."""
        depth = int(10 ** self.rng.uniform(1.7, 5))
        opened, closed = self.rng.choice((("[", "]"), ('{"slots":', "}"), ('{"value":[', "]}")))
        inner = opened * depth + "1" + closed * (depth if self.rng.random() < 0.8 else depth // 2)
        key = self.rng.choice(KEYS)
        body = f'{{"text": "soup", "{key}": {inner}}}'
        if depth < 300 and self.rng.random() < 0.5:
            try:
                parsed: Mapping[str, Any] = json.loads(body)
                return parsed
            except ValueError:
                return body
        return body

    def huge(self) -> Body:
        """About a megabyte of one thing, somewhere."""
        unit = self.rng.choice((*PIECES, *WORDS, "no nuts, ", "[a : x", "without " * 20, "chicken or ", "a"))
        size = self.rng.choice((MEGABYTE // 2, MEGABYTE - 1_000, 2 * MEGABYTE))
        text = (unit * (size // len(unit) + 1))[:size]
        data = self.golden()
        place, key = self.rng.choice(list(_places(data)))
        place[key] = text if self.rng.random() < 0.8 else [place[key]] * 5_000
        return data if self.rng.random() < 0.3 else json.dumps(data)

    def _plain(self, text: str) -> dict[str, Any]:
        """A plain service's request; often with the state that the last answer gave back."""
        data: dict[str, Any] = {"text": text, "user": self.rng.choice(("u1", "u042", "new", text[:30] or "x"))}
        if self.state is not None and self.rng.random() < 0.3:
            data["session"] = self.state
        return data

    def _sentence(self) -> str:
        words = self.rng.choices(WORDS, k=self.rng.randint(0, 25))
        for _ in range(self.rng.choice((0, 0, 1, 3))):
            words.insert(self.rng.randint(0, len(words)), self._noise())
        return self.rng.choice((" ", " ", " ", "", "\n", ", ")).join(words)

    def _noise(self) -> str:
        if self.rng.random() < 0.2:
            return "".join(self.rng.choices(CONTROL, k=self.rng.randint(1, 6)))
        if self.rng.random() < 0.1:
            return "".join(chr(self.rng.randrange(0x110000)) for _ in range(self.rng.randint(1, 8)))
        return self.rng.choice(PIECES) * self.rng.choice((1, 1, 1, 2, 40))

    def _mutate(self, data: Any) -> None:
        places = list(_places(data))
        if not places:
            return
        place, key = self.rng.choice(places)
        change = self.rng.randrange(9)
        if change == 0:
            del place[key]
        elif change == 1:
            place[key] = self._scalar()
        elif change == 2:
            place[key] = self._sentence() if self.rng.random() < 0.7 else self._noise()
        elif change == 3:
            many = [place[key]] * self.rng.randint(2, 400)
            place[key] = self.rng.choice(([place[key]], {"value": place[key]}, many))
        elif change == 4:
            other, name = self.rng.choice(places)
            if not _inside(place[key], other) and not _inside(other[name], place):
                place[key], other[name] = other[name], place[key]
        elif change == 5 and isinstance(place, dict):
            place[self.rng.choice((*KEYS, self._noise(), f"{key}2"))] = place.pop(key)
        elif change == 6 and isinstance(place, dict):
            place[self.rng.choice((*KEYS, self._noise()))] = self._tree(3)
        elif isinstance(place[key], str):
            at = self.rng.randint(0, len(place[key]))
            place[key] = place[key][:at] + self._noise() + place[key][at:]
        else:
            place[key] = str(place[key])[:500]

    def _scalar(self) -> Any:
        return copy.deepcopy(self.rng.choice(SCALARS))  # some are lists and objects, which later changes reach into

    def _tree(self, depth: int) -> Any:
        if depth == 0 or self.rng.random() < 0.4:
            return self._scalar() if self.rng.random() < 0.6 else self._sentence()
        if self.rng.random() < 0.4:
            return [self._tree(depth - 1) for _ in range(self.rng.randint(0, 4))]
        keys = [self.rng.choice(KEYS) for _ in range(self.rng.randint(0, 5))]
        keys += [self._noise()] * (self.rng.random() < 0.2)
        return {key: self._tree(depth - 1) for key in keys}


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON tree."""
    stack = [data]
    while stack:
        container = stack.pop()
        entries = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in list(entries):
            yield container, key
            if isinstance(value, dict | list):
                stack.append(value)


def _inside(data: Any, part: Any) -> bool:
    """Whether a container is, or lies in, a tree: a swap must not tie a knot."""
    if data is part:
        return True
    return isinstance(data, dict | list) and any(place is part for place, _ in _places(data))
