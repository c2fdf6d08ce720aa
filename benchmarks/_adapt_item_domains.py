"""Domains of dishes for the benchmark of cold domains: what the name of a recipe says it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.graph_profiles import ingredient_profiles, similarity_graph
from graphrec.language.fold import tokens
from graphrec.store.records import ItemRecord

Int = NDArray[np.int64]

OTHER = "other"
"""Recipes whose name says none of the kinds; their interactions are never hidden."""

WORDS = {
    "soup": "soup chowder bisque gumbo broth minestrone",
    "stew and chili": "stew chili goulash curry jambalaya",
    "salad": "salad slaw coleslaw",
    "cake": "cake cupcake cheesecake torte gingerbread",
    "cookies": "cookie snickerdoodle biscotti macaroon shortbread",
    "bars and candy": "bar brownie square fudge truffle bark candy toffee caramel",
    "pie": "pie tart cobbler crisp crumble crust",
    "bread": "bread roll bun loaf biscuit bagel focaccia cornbread popover",
    "breakfast": "muffin scone pancake waffle egg omelet omelette quiche frittata oatmeal granola strata toast crepe",
    "casserole": "casserole bake pot",
    "pasta": "pasta spaghetti lasagna macaroni noodle ravioli linguine fettuccine fettuccini penne ziti manicotti "
    "alfredo tortellini gnocchi",
    "sandwich and pizza": "pizza sandwich burger wrap taco quesadilla burrito enchilada panini slider dog",
    "dip": "dip spread salsa guacamole hummus ball",
    "sauce": "sauce gravy dressing marinade rub pesto seasoning mix glaze vinaigrette syrup jam butter relish chutney "
    "ketchup",
    "rice and grains": "rice risotto pilaf quinoa couscous polenta grits",
    "chicken": "chicken wing turkey drumstick breast thigh",
    "beef": "beef steak meatloaf meatball roast brisket stroganoff fajita",
    "pork": "pork chop ham rib sausage bacon tenderloin kielbasa",
    "fish": "shrimp salmon crab tuna fish scallop tilapia cod halibut catfish mussel clam oyster lobster",
    "vegetables": "broccoli bean asparagus carrot spinach zucchini squash corn cabbage mushroom cauliflower vegetable "
    "pepper tomato onion eggplant sprout kale greens lentil tofu pea beet cucumber potato fry wedge artichoke okra",
    "dessert and drinks": "pudding ice frosting icing trifle mousse custard dessert cream parfait fruit sorbet apple "
    "strawberry pear brulee flan doughnut meringue tiramisu shortcake chocolate smoothie punch cocktail lemonade tea "
    "coffee margarita sangria drink eggnog cider shake juice",
}
"""A recipe is what the last such word of its name says: a chicken salad is a salad."""

NAMES = (*WORDS, OTHER)


def domains_of(records: Sequence[ItemRecord]) -> Int:
    """Number of each recipe's domain in :data:`NAMES`, int64 `[num_items]`; -1 for one without ingredients."""
    number = {word: place for place, words in enumerate(WORDS.values()) for word in tokens(words)}
    return np.array([_domain(record, number) for record in records], dtype=np.int64)


def _domain(record: ItemRecord, number: dict[str, int]) -> int:
    if not record.texts.get("ingredients"):
        return -1
    found = (number[word] for word in reversed(tokens(record.name or "")) if word in number)
    return next(found, len(WORDS))


def graph_of(records: Sequence[ItemRecord], domain: Int, neighbours: int = 4) -> DomainGraph:
    """Domains joined where they use the same ingredients more than others do."""
    place: dict[str, int] = {}
    entries = [
        (own, place.setdefault(found.ext, len(place)))
        for record, own in zip(records, domain.tolist(), strict=True)
        for found in record.feature_attributes()
        if own >= 0 and found.type == "ingredient"
    ]
    counts = np.zeros((len(NAMES), len(place)))
    np.add.at(counts, tuple(np.array(entries).T), 1.0)
    return similarity_graph(NAMES, ingredient_profiles(counts), neighbours=neighbours)
