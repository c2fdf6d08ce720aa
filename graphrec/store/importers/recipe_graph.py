"""From recipe records to the rows of the store: nodes, edges and properties by type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from graphrec.language.bands import health_bands, time_band
from graphrec.language.course import CourseText, assign_courses
from graphrec.language.course_words import named_course
from graphrec.language.fold import fold
from graphrec.language.ingredients import default_linker
from graphrec.language.keywords import title_terms
from graphrec.language.linking import LinkKind
from graphrec.store.importers.recipe_json import Recipe
from graphrec.store.validate import MAX_ID_LENGTH

RELATIONS = {
    "contains": ("ingredient", "contained_in"),
    "of_cuisine": ("cuisine", "cuisine_of"),
    "has_keyword": ("keyword", "keyword_of"),
    "of_course": ("course", "course_of"),
    "in_time_band": ("time_band", "time_band_of"),
    "in_health_band": ("health_band", "health_band_of"),
    "tagged": ("tag", "tag_of"),
    "suits_diet": ("diet", "diet_of"),
    "part_of_meal": ("meal", "has_recipe"),
}
"""Relations of a recipe: the type at the other end and the name read backwards."""

NEVER_FEATURES = frozenset({"part_of_meal"})
"""A new recipe is in no meal, so being in one tells popularity."""

DERIVED = frozenset({"contains", "has_keyword", "of_course"})
"""Read from the text of every recipe that has any, so their presence tells nothing."""

KIND_WEIGHT, PART_WEIGHT = 1.0, 0.5
"""Weights of `is_a` edges: what a food is, and what it only holds (soy sauce, wheat)."""


@dataclass(slots=True)
class LineCounts:
    """How the ingredient lines of an import were linked."""

    known: int = 0
    unknown: int = 0
    other: int = 0

    @property
    def share(self) -> float | None:
        """Lines that hold a vocabulary name, among those that name food."""
        lines = self.known + self.unknown
        return self.known / lines if lines else None


@dataclass(slots=True)
class RecipeGraph:
    """Everything that one import writes, by external ids."""

    recipes: list[tuple[str, str | None]] = field(default_factory=list)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {name: [] for name in RELATIONS})
    numbers: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    texts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)
    lines: LineCounts = field(default_factory=LineCounts)

    def link(self, relation: str, recipe: str, values: Iterable[str], name: str | None = None) -> None:
        """Edges from a recipe to attributes, whose ids are the folded values."""
        node_type = RELATIONS[relation][0]
        for value in dict.fromkeys(values):
            ident = value if node_type == "meal" else attribute_id(value)
            if ident:
                self.edges[relation].append((recipe, ident))
                self.names.setdefault(node_type, {}).setdefault(ident, name or value)

    def number(self, key: str, recipe: str, value: float) -> None:
        """A numeric property."""
        self.numbers.setdefault(key, []).append((recipe, value))

    def text(self, key: str, recipe: str, value: str | None) -> None:
        """A text property, when there is one."""
        if value:
            self.texts.setdefault(key, []).append((recipe, value))


def attribute_id(value: str) -> str:
    """The folded name, or the plain one where folding leaves nothing (an emoji)."""
    return (fold(value) or value.strip())[:MAX_ID_LENGTH]


def build_graph(recipes: Sequence[Recipe], progress: Callable[[int], None] | None = None) -> RecipeGraph:
    """Link, band and classify `recipes`; keywords wait for the other titles of the store (`terms`)."""
    graph = RecipeGraph()
    texts: list[CourseText] = []
    for done, recipe in enumerate(recipes, start=1):
        ingredients = _ingredients(graph, recipe)
        _attributes(graph, recipe)
        texts.append(CourseText(recipe.name or "", tuple(ingredients)))
        if progress is not None and done % 1000 == 0:
            progress(done)
    given = [[named_course(c) or attribute_id(c) for c in recipe.categories] for recipe in recipes]
    for recipe, courses in zip(recipes, assign_courses(texts, given), strict=True):
        graph.link("of_course", recipe.id, courses)
    return graph


def _ingredients(graph: RecipeGraph, recipe: Recipe) -> list[str]:
    linker = default_linker()
    found: dict[str, None] = {}
    unlinked = 0
    for line in recipe.ingredients:
        link = linker.resolve(line)
        found.update(dict.fromkeys(link.names))
        graph.lines.known += link.kind is LinkKind.KNOWN
        graph.lines.unknown += link.kind is LinkKind.UNKNOWN
        graph.lines.other += link.kind in (LinkKind.TOOL, LinkKind.HEADING, LinkKind.EMPTY)
        unlinked += link.kind is LinkKind.UNKNOWN
    for ident in found:
        graph.edges["contains"].append((recipe.id, ident))
        graph.names.setdefault("ingredient", {}).setdefault(ident, linker.vocabulary.name(ident))
    if recipe.ingredients:
        graph.number("num_ingredients", recipe.id, float(len(found)))
        graph.number("unlinked_lines", recipe.id, float(unlinked))
    return list(found)


def _attributes(graph: RecipeGraph, recipe: Recipe) -> None:
    graph.recipes.append((recipe.id, recipe.name))
    graph.terms[recipe.id] = title_terms(recipe.name) if recipe.name else []
    graph.link("of_cuisine", recipe.id, recipe.cuisines)
    graph.link("tagged", recipe.id, recipe.keywords)
    graph.link("suits_diet", recipe.id, recipe.diets)
    graph.link("part_of_meal", recipe.id, recipe.meals)
    minutes = time_band(recipe.numbers.get("total_minutes", -1.0))
    graph.link("in_time_band", recipe.id, [minutes] if minutes else [])
    graph.link("in_health_band", recipe.id, health_bands(recipe.scores))
    for key, value in {**recipe.numbers, **recipe.scores}.items():
        graph.number(key, recipe.id, value)
    graph.text("url", recipe.id, recipe.url)
    graph.text("description", recipe.id, recipe.description)
    graph.text("ingredients", recipe.id, "\n".join(recipe.ingredients))
    graph.text("instructions", recipe.id, "\n".join(recipe.instructions))


def taxonomy_edges(ingredients: Iterable[str]) -> tuple[dict[str, str], list[tuple[str, str, float]]]:
    """Names of the groups above `ingredients`, and the closed `is_a` edges `(narrower, broader, weight)`."""
    linker = default_linker()
    names: dict[str, str] = {}
    edges: list[tuple[str, str, float]] = []
    todo, done = list(ingredients), set[str]()
    while todo:
        ident = todo.pop()
        if ident in done:
            continue
        done.add(ident)
        kinds = linker.taxonomy.kinds(ident)
        for parent in linker.taxonomy.ancestors(ident):
            edges.append((ident, parent, KIND_WEIGHT if parent in kinds else PART_WEIGHT))
            names[parent] = linker.vocabulary.name(parent)
            todo.append(parent)
    return names, sorted(edges)
