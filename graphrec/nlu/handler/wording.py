"""What is said aloud: short sentences about what was understood, found, left out and not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from graphrec.bundle import Catalogue
from graphrec.nlu.durations import CALORIES, INGREDIENTS, SERVINGS, TIME
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.neighbours import Suggestion
from graphrec.nlu.plan import TaughtPreference
from graphrec.nlu.preferences.saying import as_said, clause_for
from graphrec.nlu.vocabulary import DIETS
from graphrec.ranking.query import Bounds, GraphQuery, NodeRef, Requirement
from graphrec.ranking.relax import as_spoken

SPOKEN_TITLES = 3
_SPOKEN_NODES = 4
_SPOKEN_NEAR = 2
_ORDER = ("diet", "cuisine", "keyword", "category", "course")
_UNITS = {TIME: "minutes", CALORIES: "calories", SERVINGS: "servings", INGREDIENTS: "ingredients"}


class Wording:
    """Words for the nodes and queries of one catalogue.

    Args:
        lexicon: says which exclusions make up a diet.
    """

    def __init__(self, catalogue: Catalogue, lexicon: Lexicon) -> None:
        self._catalogue, self._lexicon = catalogue, lexicon
        self._diets = cache(self._all_diets)

    def name(self, ref: NodeRef) -> str:
        """A node in words; an item by its title."""
        if ref.type == self._catalogue.item_type:
            item = self._catalogue.item_ids.find(ref.id)
            return ref.id if item is None else self._catalogue.titles[item] or ref.id
        found = self._catalogue.resolve(ref.type, ref.id)
        label = ref.id if found is None else self._catalogue.label(found)
        return label.lower() if ref.type in ("ingredient", "course", "keyword", "diet") else label

    def query(self, query: GraphQuery) -> str:
        """What a query asks for: "Thai main dish with chicken, without nuts, in up to 30 minutes"."""
        named = sorted((r for r in query.must if not _is_ingredient(r)), key=_place)
        heads = [self._either(r) for r in named]
        foods = [self._either(r) for r in query.must if _is_ingredient(r)]
        wishes = [self.name(ref) for ref in query.should if ref.type != self._catalogue.item_type]
        wishes = [wish for wish in wishes if wish not in (*heads, *foods)]
        parts = [
            " ".join(heads), f"with {listed(foods)}" if foods else "", f"ideally {listed(wishes)}" if wishes else "",
            self._sparing(query), self.exclusions(query.must_not),
            *(_bound(name, bounds) for name, bounds in query.ranges.items()),
        ]  # fmt: skip
        first, *rest = [part for part in parts if part] or [""]
        glue = " " if heads and rest and rest[0].startswith("with ") else ", "
        return glue.join([first, ", ".join(rest)]) if rest else first

    def _sparing(self, query: GraphQuery) -> str:
        little = [self.name(ref) for ref in query.should_not if ref.type != self._catalogue.item_type]
        return f"easy on {listed(little)}" if little else ""

    def diets(self, refs: Iterable[NodeRef]) -> list[tuple[str, frozenset[NodeRef]]]:
        """Diets that some exclusions amount to, each with its nodes, the strictest first; none is part of another."""
        left, found = set(refs), []
        for diet, nodes in self._diets():
            if nodes <= left:
                found.append((diet, nodes))
                left -= nodes
        return found

    def exclusions(self, refs: Iterable[NodeRef]) -> str:
        """ "vegetarian, without nuts and garlic": diets by their names, the rest one by one."""
        excluded = dict.fromkeys(ref for ref in refs if ref.type != self._catalogue.item_type)
        found = self.diets(excluded)
        diets = [name for name, _ in found]
        left = [ref for ref in excluded if not any(ref in nodes for _, nodes in found)]
        names = [self.name(ref) for ref in left]
        if len(names) > _SPOKEN_NODES:
            names = [*names[: _SPOKEN_NODES - 1], f"{len(names) - _SPOKEN_NODES + 1} other things"]
        return ", ".join([*diets, *([f"without {listed(names, 'and')}"] if names else [])])

    def nearest(self, suggestions: Iterable[Suggestion]) -> list[str]:
        """What to say of unknown words that something is near to; it is told, not taken."""
        said = []
        for suggestion in suggestions:
            names = listed([self.name(ref) for ref, _ in suggestion.nodes[:_SPOKEN_NEAR]], "or")
            said.append(f"The nearest to {suggestion.said!r} that I know is {names}.")
        return said[:_SPOKEN_NEAR]

    def taught(self, preference: TaughtPreference) -> str:
        """A preference read back: "you are allergic to peanut"."""
        name = as_said(preference.node.id, preference.utterance) or self.name(preference.node)
        return clause_for(preference.kind, preference.node.type, name)

    def _either(self, requirement: Requirement) -> str:
        options = requirement if isinstance(requirement, tuple) else (requirement,)
        return listed([self.name(option) for option in options], "or")

    def _all_diets(self) -> tuple[tuple[str, frozenset[NodeRef]], ...]:
        """Diets that exclude several groups, the strictest first; one group alone is said as itself."""
        found = [(diet, frozenset(self._lexicon.diet(diet))) for diet in DIETS]
        return tuple(sorted((d for d in found if len(d[1]) > 1), key=lambda d: (-len(d[1]), d[0])))


def listed(names: Sequence[str], word: str = "and") -> str:
    """ "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def found(titles: Sequence[str], *, more: bool) -> str:
    """The dishes found, three of them by name."""
    spoken = [title.strip().rstrip(".") for title in titles[:SPOKEN_TITLES]]
    if len(titles) == 1:
        return f"{'One more' if more else 'I found one'}: {spoken[0]}."
    count = number(len(titles))
    if len(titles) <= SPOKEN_TITLES:
        return f"{'Here are ' + count + ' more' if more else 'How about these'}: {listed(spoken, 'or')}."
    opening = f"Here are {count} more, among them" if more else f"I found {count}, among them"
    return f"{opening} {listed(spoken)}."


def number(count: int) -> str:
    """A count in words where people would say it so."""
    words = "no one two three four five six seven eight nine ten eleven twelve".split()
    return words[count] if count < len(words) else str(count)


def _bound(name: str, bounds: Bounds) -> str:
    low, high = as_spoken(name, bounds)
    unit = _UNITS.get(name, name.replace("_", " "))
    if low is not None and high is not None:
        return f"for {low:g} {unit}" if low == high else f"{low:g} to {high:g} {unit}"
    if high is not None:
        return f"in up to {high:g} {unit}" if name == TIME else f"up to {high:g} {unit}"
    return "" if low is None else f"at least {low:g} {unit}"


def _place(requirement: Requirement) -> int:
    """Where English puts an attribute before a dish: "vegan Thai main dish"."""
    kind = requirement[0].type if isinstance(requirement, tuple) else requirement.type
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _is_ingredient(requirement: Requirement) -> bool:
    options = requirement if isinstance(requirement, tuple) else (requirement,)
    return all(option.type == "ingredient" for option in options)
