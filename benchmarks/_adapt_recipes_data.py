"""Cuisines as domains: which recipes belong to which, what is to be predicted, and which cuisines are alike.

What's Cooking names the cuisine of 39,774 ingredient lists and nothing else. Epicurious tags courses and diets and
names no cuisine. They are joined by ingredients: a recipe whose title names a cuisine ("Thai Beef Salad") has that
one, any other the cuisine that a classifier fitted on What's Cooking gives it, where it is sure enough.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from _common import need_data
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.graph_profiles import ingredient_profiles, similarity_graph, word_counts
from graphrec.language.ingredients import parse_line

Int = NDArray[np.int64]
Foods = list[list[str]]

AXES = 32
FEWEST, MOST = 40, 200
"""Labelled recipes of a cuisine that is taken, and how many are drawn of a large one."""
SURE = 0.4
"""Least probability at which the classifier's cuisine is taken."""
NEIGHBOURS = 3

COURSES = {
    "dessert": "Dessert|Cake|Cookies|Cookie|Frozen Dessert", "drink": "Drink|Cocktail", "main": "Dinner|Soup/Stew",
    "side": "Side|Salad|Appetizer",
}  # fmt: skip
IN_TITLES = {
    "italian": "italian|tuscan|sicilian", "mexican": "mexican", "southern_us": "southern", "indian": "indian",
    "chinese": "chinese|szechuan|sichuan", "french": "french|provençal", "cajun_creole": "cajun|creole",
    "thai": "thai", "japanese": "japanese", "greek": "greek", "spanish": "spanish", "korean": "korean",
    "vietnamese": "vietnamese", "moroccan": "moroccan", "british": "british|english", "filipino": "filipino",
    "irish": "irish", "jamaican": "jamaican", "russian": "russian", "brazilian": "brazilian",
}  # fmt: skip
FLESH = frozenset(
    "chicken chickens turkey duck hen hens poultry wings drumsticks quail beef steak steaks veal brisket chuck "
    "sirloin oxtail oxtails flank pork bacon ham sausage sausages chorizo prosciutto pancetta salami pepperoni "
    "kielbasa andouille lard ribs hock hocks fish salmon tuna cod shrimp shrimps prawn prawns crab crabmeat lobster "
    "clam clams mussels scallops squid anchovy anchovies tilapia halibut snapper oyster oysters catfish crawfish "
    "trout sole sardines mackerel bonito dashi mahi bass fillets eel octopus lamb mutton goat meat meatballs rabbit "
    "venison meats".split()
)
NO_PIECE = frozenset(
    "broth stock sauce bouillon base gravy fat lard paste powder flakes granules consomme seasoning cubes "
    "cheese".split()
)
"""Words with which an ingredient of an animal is no piece of it: neither counts as meat nor stays among the inputs."""


@dataclass(frozen=True, eq=False)
class RecipeTask:
    """One thing to predict over cuisines.

    Args:
        x: float32 `[num_rows, AXES]`: the main axes of TF-IDF of ingredients and their words.
        domain, labels: int64 `[num_rows]`; labels of all domains, to evaluate with.
        graph: cuisines joined to those with the most similar ingredients.
    """

    name: str
    x: NDArray[np.float32]
    domain: Int
    labels: Int
    graph: DomainGraph
    classes: tuple[str, ...]
    about: dict[str, Any]


def recipe_tasks() -> Iterator[RecipeTask]:
    """`course`: four courses of Epicurious recipes; `meat`: whether a What's Cooking recipe has meat or fish, from
    all other ingredients (those that are of an animal in any way are left out, also of the graph).
    """
    foods, cuisine, names = whats_cooking()
    yield _courses(foods, cuisine, names)
    meat = np.array([int(any(_is_piece(food) for food in each)) for each in foods])
    plain = [[food for food in each if not FLESH & set(food.split())] for each in foods]
    graph = _graph(plain, cuisine, names)
    yield _task("meat", plain, cuisine, meat, names, ("none", "meat or fish"), graph)


def draw_sources(graph: DomainGraph, count: int, seed: int) -> Int:
    """A region of the graph: a random domain, then again and again a random one joined to those taken."""
    rng = np.random.default_rng(seed)
    taken = [int(rng.integers(graph.num_domains))]
    while len(taken) < count:
        rest = np.setdiff1d(np.arange(graph.num_domains), taken)
        near = rest[(graph.adjacency[np.ix_(rest, taken)] > 0).any(axis=1)]
        taken.append(int(rng.choice(near if len(near) else rest)))
    return np.sort(np.array(taken, dtype=np.int64))


def whats_cooking() -> tuple[Foods, Int, tuple[str, ...]]:
    """Ingredient lists, cuisine of each, names of the cuisines."""
    with zipfile.ZipFile(need_data("recipes/whats_cooking_train.json.zip")) as archive:
        rows = json.loads(archive.read("train.json"))
    names = tuple(sorted({row["cuisine"] for row in rows}))
    cuisine = np.array([names.index(row["cuisine"]) for row in rows], dtype=np.int64)
    return [[_words(food) for food in row["ingredients"]] for row in rows], cuisine, names


def _courses(foods: Foods, cuisine: Int, names: tuple[str, ...]) -> RecipeTask:
    with gzip.open(need_data("recipes/epicurious_tags.jsonl.gz"), "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    lines = {line: "" for row in rows for line in row["ingredients"]}
    lines = {line: _words(parse_line(line).name) for line in lines}
    own = [[lines[line] for line in row["ingredients"] if lines[line]] for row in rows]
    said = _named([row["title"] for row in rows], names)
    guessed, about = _join(foods, cuisine, own, said)
    sets = [set(tags.split("|")) for tags in COURSES.values()]
    found = [[number for number, tags in enumerate(sets) if tags & set(row["tags"])] for row in rows]
    labels = np.array([each[0] if len(each) == 1 else -1 for each in found])
    graph = _graph(foods, cuisine, names)
    return _task("course", own, guessed, labels, names, tuple(COURSES), graph, about)


def _join(foods: Foods, cuisine: Int, others: Foods, said: Int) -> tuple[Int, dict[str, Any]]:
    """Cuisine of other recipes by their ingredients, -1 where unsure; and how well it agrees with titles."""
    from sklearn.linear_model import LogisticRegression

    x = _tfidf(foods + others)
    held = np.random.default_rng(0).random(len(foods)) < 0.1
    model = LogisticRegression(C=5.0, max_iter=60).fit(x[: len(foods)][~held], cuisine[~held])
    right = float((model.predict(x[: len(foods)][held]) == cuisine[held]).mean())
    probability = model.predict_proba(x[len(foods) :])
    guess, sure = probability.argmax(axis=1), probability.max(axis=1) >= SURE
    told = (said >= 0) & sure
    about = {
        "accuracy of the cuisine on a tenth of What's Cooking": right,
        "agreement with titles that name a cuisine": float((guess[told] == said[told]).mean()),
        "titles that name a cuisine": int((said >= 0).sum()),
    }
    return np.where(said >= 0, said, np.where(sure, guess, -1)), about


def _task(
    name: str,
    foods: Foods,
    cuisine: Int,
    labels: Int,
    names: tuple[str, ...],
    classes: tuple[str, ...],
    graph: DomainGraph,
    about: dict[str, Any] | None = None,
) -> RecipeTask:
    from sklearn.decomposition import TruncatedSVD

    known = (cuisine >= 0) & (labels >= 0)
    kept = np.flatnonzero(np.bincount(cuisine[known], minlength=len(names)) >= FEWEST)
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [rng.permutation(np.flatnonzero(known & (cuisine == each)))[:MOST] for each in kept]
    )
    axes = TruncatedSVD(AXES, random_state=0).fit_transform(_tfidf([foods[row] for row in rows]))
    domain = np.searchsorted(kept, cuisine[rows])
    sizes = np.bincount(domain).tolist()
    graph = graph.subgraph(kept)
    return RecipeTask(
        name, axes.astype(np.float32), domain, labels[rows].astype(np.int64), graph, classes,
        {"recipes": dict(zip(graph.names, sizes, strict=True)), "edges": graph.num_edges, **(about or {})},
    )  # fmt: skip


def _graph(foods: Foods, cuisine: Int, names: tuple[str, ...]) -> DomainGraph:
    counts, _ = word_counts(cuisine, foods, len(names))
    return similarity_graph(names, ingredient_profiles(counts), NEIGHBOURS)


def _tfidf(foods: Foods) -> sp.csr_matrix:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=_terms, min_df=5, sublinear_tf=True).fit_transform(foods)


def _terms(foods: Sequence[str]) -> set[str]:
    """Every ingredient and every word of one, once."""
    return set(foods) | {word for food in foods for word in food.split()}


def _named(titles: Sequence[str], names: Sequence[str]) -> Int:
    """The cuisine a title names, -1 for none or several."""
    patterns = [re.compile(rf"\b(?:{IN_TITLES[name]})\b") for name in names]
    found = [
        [number for number, pattern in enumerate(patterns) if pattern.search(t.casefold())] for t in titles
    ]
    return np.array([each[0] if len(each) == 1 else -1 for each in found])


def _is_piece(food: str) -> bool:
    words = set(food.split())
    return bool(words & FLESH) and not words & NO_PIECE


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", text.casefold()))
