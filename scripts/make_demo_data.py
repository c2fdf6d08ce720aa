"""Write the demo's data: `data/recipes.jsonl` from dish tables, `data/interactions.csv` from invented users.

    python scripts/make_demo_data.py [--out data] [--seed 7]

The dishes are real, described in our own words (`scripts/demo_dishes/CUISINE.txt`, one a line:
`name | course | minutes | ingredient; ingredient; ... | instruction`). The users are invented: each draws
favourite cuisines, liked and disliked ingredients, a diet and a patience, then browses for a year. What they
do is typed (view, save, cart, cook), timed and noisy. One seed gives one file, byte for byte; only the
standard library's generator is used, so that the bytes do not depend on a NumPy version.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).resolve().parent
USERS = 800
NEW_DISHES = 20
"""Dishes that nobody has met yet: the true cold items."""
NOISE = 0.12
"""Share of views that follow no taste at all."""
START = datetime(2025, 1, 1, tzinfo=UTC)
YEAR_MINUTES = 365 * 24 * 60
Event: TypeAlias = tuple[datetime, str, str, str]
"""Time, user, dish, type."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNITS = _words("""
    cup cups tbsp tsp oz lb can cans clove cloves slice slices sprig sprigs stalk stalks bunch head heads
    piece package packages pinch bottle sheet sheets loaf jar box packet packets strip strips leaves leaf ear
    ears rack racks bag
""")
PORK = _words("""
    pork bacon ham prosciutto guanciale pancetta sausage chorizo lard salami bratwurst mortadella cracklings
    kielbasa char siu
""")
MEAT = PORK | _words("""
    beef chicken lamb veal duck turkey goat rabbit steak oxtail frankfurters merguez hens snails liver hock
    hocks ribs brisket knuckles gelatin morcilla jerky
""")
FISH = _words("""
    fish shrimp cod salmon tuna anchovies anchovy clams mussels squid crab lobster haddock sole catfish bass
    snappers octopus herring sprats crawfish dashi bonito oyster roe
""")
DAIRY = _words("""
    milk butter cheese cream yogurt mozzarella parmesan feta ricotta mascarpone paneer ghee crema buttermilk
    gruyere cheddar kibbeh custard queso dulce
""")
EGG = _words("egg eggs mayonnaise meringues ladyfingers")
NUTS = _words("almond almonds walnuts pecans cashews pistachios peanut peanuts chestnuts pine")
DIETS: dict[str, tuple[float, frozenset[str]]] = {
    "any": (0.66, frozenset()),
    "vegetarian": (0.12, MEAT | FISH),
    "vegan": (0.03, MEAT | FISH | DAIRY | EGG),
    "pescatarian": (0.05, MEAT),
    "no pork": (0.05, PORK),
    "no nuts": (0.05, NUTS),
    "no dairy": (0.04, DAIRY),
}


@dataclass
class Dish:
    """One line of a dish table."""

    name: str
    cuisine: str
    course: str
    minutes: int
    lines: list[str]
    instruction: str
    appeal: float = 0.0

    @property
    def identifier(self) -> str:
        ascii_name = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]+", "-", ascii_name.replace("'", "")).strip("-")

    @cached_property
    def ingredients(self) -> list[str]:
        return [plain_name(line) for line in self.lines]

    @cached_property
    def words(self) -> set[str]:
        return {word for name in self.ingredients for word in name.split()}

    def to_json(self) -> dict[str, Any]:
        """As a schema.org Recipe."""
        return {
            "@type": "Recipe",
            "identifier": self.identifier,
            "name": self.name,
            "recipeCuisine": self.cuisine,
            "recipeCategory": self.course,
            "totalTime": f"PT{self.minutes}M",
            "recipeYield": "4 servings",
            "recipeIngredient": self.lines,
            "recipeInstructions": self.instruction,
        }


@dataclass
class Taste:
    """What a simulated user is like."""

    cuisines: dict[str, float]
    liked: set[str]
    disliked: set[str]
    diet: str
    courses: dict[str, float]
    patience: float
    events: int


def plain_name(line: str) -> str:
    """Make "flour" of "1 1/2 cups flour, sifted": all that the simulated tastes need."""
    words = line.split(",")[0].split()
    while len(words) > 1 and (re.fullmatch(r"[\d/.]+", words[0]) or words[0] in UNITS):
        words = words[1:]
    return " ".join(words).lower()


def read_dishes(folder: Path) -> list[Dish]:
    """All dish tables, in the order of their file names."""
    dishes: list[Dish] = []
    for path in sorted(folder.glob("*.txt")):
        cuisine = path.stem.replace("_", " ").title()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            parts = [part.strip() for part in line.split("|")]
            if len(parts) != 5:
                raise SystemExit(f"{path.name}:{number}: expected 5 fields between |, got {len(parts)}")
            name, course, minutes, ingredients, instruction = parts
            lines = [part.strip() for part in ingredients.split(";")]
            dishes.append(Dish(name, cuisine, course, int(minutes), lines, instruction))
    ids = [dish.identifier for dish in dishes]
    if len(set(ids)) != len(ids):
        raise SystemExit(f"two dishes share an id: {sorted({i for i in ids if ids.count(i) > 1})}")
    return dishes


def draw_taste(rng: random.Random, dishes: list[Dish], cuisines: list[str], courses: list[str]) -> Taste:
    """One invented user."""
    favourites = rng.sample(cuisines, rng.choice([2, 2, 3]))
    weights = {c: rng.gauss(-0.6, 0.5) for c in cuisines} | {c: rng.uniform(1.6, 3.0) for c in favourites}
    pool = [name for dish in dishes if dish.cuisine in favourites for name in dish.ingredients]
    everything = [name for dish in dishes for name in dish.ingredients]
    diet = rng.choices(list(DIETS), [share for share, _ in DIETS.values()])[0]
    return Taste(
        cuisines=weights,
        liked=set(rng.sample(pool, 7)),
        disliked=set(rng.sample(everything, 3)),
        diet=diet,
        courses={c: rng.gauss(0.0, 0.6) for c in courses},
        patience=rng.choice([30.0, 60.0, 120.0, 300.0]),
        events=min(70, max(5, round(rng.lognormvariate(3.0, 0.6)))),
    )


def affinity(taste: Taste, dish: Dish) -> float:
    """Log-odds scale: how much this user wants this dish; a dish against the diet is out of the question."""
    if dish.words & DIETS[taste.diet][1]:
        return -6.0
    names = set(dish.ingredients)
    score = taste.cuisines[dish.cuisine] + taste.courses[dish.course] + dish.appeal
    score += 1.1 * len(names & taste.liked) - 1.5 * len(names & taste.disliked)
    return score - 1.2 * max(0.0, math.log(dish.minutes / taste.patience))


def simulate(rng: random.Random, user: str, taste: Taste, dishes: list[Dish]) -> list[Event]:
    """A year of browsing: a view may lead to a save, a save or view to a cart, and days later to cooking."""
    wants = [affinity(taste, dish) for dish in dishes]
    odds = [math.exp(w) for w in wants]
    rows: list[Event] = []
    fatigue: set[int] = set()
    for _ in range(taste.events):
        when = START + timedelta(minutes=rng.randrange(YEAR_MINUTES))
        noisy = rng.random() < NOISE
        chosen = rng.randrange(len(dishes)) if noisy else rng.choices(range(len(dishes)), odds)[0]
        if chosen in fatigue and rng.random() < 0.7:
            continue
        fatigue.add(chosen)
        item = dishes[chosen].identifier
        liking = 1.0 / (1.0 + math.exp(-(wants[chosen] - 2.5)))
        rows.append((when, user, item, "view"))
        if rng.random() < 0.55 * liking:
            rows.append((when + timedelta(minutes=rng.randint(1, 9)), user, item, "save"))
        if rng.random() < 0.40 * liking:
            rows.append((when + timedelta(minutes=rng.randint(10, 40)), user, item, "cart"))
            if rng.random() < 0.85:
                rows.append((when + timedelta(minutes=rng.randint(1_000, 9_000)), user, item, "cook"))
    return rows


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "data")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    dishes = read_dishes(HERE / "demo_dishes")
    for dish in dishes:
        dish.appeal = rng.gauss(0.0, 0.9)
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "recipes.jsonl").open("w", encoding="utf-8", newline="\n") as out:
        for dish in dishes:
            out.write(json.dumps(dish.to_json(), ensure_ascii=False) + "\n")
    unseen = set(rng.sample(range(len(dishes)), NEW_DISHES))
    known = [dish for index, dish in enumerate(dishes) if index not in unseen]
    cuisines = sorted({dish.cuisine for dish in dishes})
    courses = sorted({dish.course for dish in dishes})
    rows: list[Event] = []
    for number in range(1, USERS + 1):
        taste = draw_taste(rng, known, cuisines, courses)
        rows += simulate(rng, f"u{number:03d}", taste, known)
    rows.sort()
    with (args.out / "interactions.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["user", "recipe", "type", "time"])
        writer.writerows((user, item, kind, f"{when:%Y-%m-%dT%H:%MZ}") for when, user, item, kind in rows)
    print(f"{len(dishes)} dishes of {len(cuisines)} cuisines, {len(rows)} interactions of {USERS} users")


if __name__ == "__main__":
    main()
