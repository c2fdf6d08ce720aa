"""A catalogue of random dishes over real foods, a store that only teaches, and a walk up the taxonomy by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from graphrec.language.taxonomy import load_taxonomy
from graphrec.store import Preference
from tests.bundle.worlds import World
from tests.ranking.test_recommender import FakeStore

FOODS = """
almond|walnut|peanut|peanut butter|shrimp|crab|salmon|anchovy|worcestershire sauce|beef|pork|bacon|chicken breast|egg
|milk|butter|parmesan cheese|soy sauce|tofu|flour|pasta|rice|potato|onion|garlic|mushroom|tomato|basil|honey|gelatin
|lemon|coconut milk|beef broth|mayonnaise|red wine|salt
""".replace("\n", "").split("|")
CUISINES = ("thai", "italian", "mexican")


def steps(food: str) -> set[str]:
    """One step up: what a food is and what it is made with."""
    taxonomy = load_taxonomy()
    return {*taxonomy.is_a.get(food, ()), *taxonomy.contains.get(food, ())}


def above(food: str) -> set[str]:
    """Everything broader, by walking edge by edge; the oracle that no index of the product is used for."""
    found: set[str] = set()
    todo = [food]
    while todo:
        for high in steps(todo.pop()) - found:
            found.add(high)
            todo.append(high)
    return found


def larder(*, hierarchy: bool, dishes: int = 60) -> World:
    """Dishes of three or four foods and a cuisine; without `hierarchy` no group is a node of the catalogue."""
    rng = random.Random(4)
    world = World({})
    for n in range(dishes):
        foods = rng.sample(FOODS, rng.choice((3, 4)))
        world.items[f"d{n}"] = {*(f"ingredient:{food}" for food in foods), f"cuisine:{rng.choice(CUISINES)}"}
        world.minutes[f"d{n}"] = float(rng.choice((10, 20, 40, 90)))
    names = set(FOODS).union(*map(above, FOODS)) if hierarchy else set()
    for name in sorted(names):
        kinds = load_taxonomy().is_a.get(name, ())
        for high in steps(name):
            pair = (f"ingredient:{name}", f"ingredient:{high}")
            (world.is_a if high in kinds else world.holds).add(pair)
    rest = list(world.items)
    world.users = {f"u{n}": {i: 1.0 for i in rng.sample(rest, 3)} for n in range(8)}
    return world


@dataclass
class TeachingStore(FakeStore):
    """A store that keeps preferences in lists."""

    taught: dict[str, list[Preference]] = field(default_factory=dict)
    reads: int = 0

    def preferences(self, user: str) -> list[Preference]:
        self.reads += 1
        return list(self.taught.get(user, ()))

    def teach(self, user: str, kind: str, node: str, utterance: str = "") -> None:
        mine = self.taught.setdefault(user, [])
        node_type, _, ext = node.partition(":")
        mine.append(Preference(len(mine) + 1, user, node_type, ext, kind, utterance, 0))  # type: ignore[arg-type]


def foods_of(world: World, item: str) -> set[str]:
    """Foods of a dish with everything broader."""
    own = {a.partition(":")[2] for a in world.items[item] if a.startswith("ingredient:")}
    return own.union(*map(above, own))
