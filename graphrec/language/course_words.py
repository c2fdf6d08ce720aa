"""What a course is called, and title words that give one away."""

from __future__ import annotations

from graphrec.language.fold import fold, tokens

COURSES = (
    "appetizer",
    "bread",
    "breakfast",
    "dessert",
    "drink",
    "main dish",
    "salad",
    "sandwich",
    "sauce",
    "side dish",
    "soup",
)
"""The courses that a recipe is sorted into when it does not name one itself."""

_NAMES = {
    "appetizer": "starter, hors d'oeuvre, snack, finger food, antipasti, antipasto, appetizers and "
    "snacks, tapas, canape, dip",
    "bread": "bread, breads, yeast bread, quick bread",
    "breakfast": "brunch, breakfast and brunch",
    "dessert": "desserts, sweet, cake, cookie, pie, pudding, candy, afters, frozen dessert",
    "drink": "beverage, cocktail, smoothie, drinks, juice",
    "main dish": "main course, main, entree, dinner, lunch, supper, main dishes, pasta, second course",
    "salad": "salads",
    "sandwich": "burger, wrap, sandwiches",
    "sauce": "condiment, dressing, sauces, marinade, condiments and sauces, dressings and sauces, jam",
    "side dish": "side, sides, accompaniment, vegetable dish",
    "soup": "soups, stew, chili, soups stews and chili, soup and stew",
}
COURSE_NAMES = {
    fold(alias): course for course, names in _NAMES.items() for alias in (course, *names.split(","))
}
"""Folded category to course."""

# Read from the last word of the title backwards: an "apple pie smoothie" is a drink.
_GIVEAWAYS = {
    "appetizer": "dip appetizer bruschetta salsa guacamole hummus wing popper nacho crostini canape "
    "deviled antipasto pinwheel bite",
    "bread": "bread loaf roll biscuit bun focaccia baguette naan bagel cornbread breadstick",
    "breakfast": "pancake waffle omelet omelette frittata granola oatmeal breakfast muesli scramble "
    "crepe hash porridge",
    "dessert": "cake cookie pie cheesecake brownie fudge cupcake pudding tart cobbler crumble crisp "
    "bar candy truffle mousse torte "
    "frosting custard ice-cream sorbet trifle biscotti macaroon shortbread caramel gelato sherbet "
    "parfait doughnut tiramisu "
    "shortcake baklava meringue toffee brittle flan dessert snickerdoodle gingerbread cannoli popsicle",
    "drink": "smoothie cocktail punch lemonade martini margarita latte coffee tea daiquiri sangria "
    "eggnog milkshake shake shot "
    "mojito juice drink cider cooler slush mimosa limeade cosmopolitan",
    "main dish": "casserole lasagna roast meatloaf stroganoff enchilada taco burrito fajita curry "
    "pizza chop steak spaghetti "
    "meatball pork chicken turkey salmon beef shrimp lamb tilapia scampi stir-fry fettuccine penne "
    "linguine rib brisket "
    "tenderloin quesadilla manicotti ziti ravioli paella risotto halibut cod goulash jambalaya",
    "salad": "salad slaw coleslaw tabbouleh",
    "sandwich": "sandwich burger slider panini wrap sub hoagie blt melt hamburger cheeseburger",
    "sauce": "sauce dressing marinade gravy vinaigrette jam relish chutney pesto rub seasoning jelly "
    "aioli glaze syrup mix",
    "side dish": "potato rice bean asparagus broccoli carrot stuffing corn pilaf squash zucchini "
    "cauliflower beet okra quinoa",
    "soup": "soup chili stew chowder bisque gumbo broth gazpacho minestrone",
}
_WORDS = {word: course for course, words in _GIVEAWAYS.items() for word in words.split()}


def named_course(category: str) -> str | None:
    """The course that a given category stands for, None when it is none we know."""
    return COURSE_NAMES.get(fold(category))


def seeded_course(title: str) -> str | None:
    """The course that the last words of a title give away, None when they do not."""
    words = tokens(title)
    for stop in ("with", "in", "for", "on", "i", "ii", "iii", "iv", "v"):
        if stop in words[1:]:
            words = words[: words.index(stop, 1)]
    for at in (-1, -2):
        if len(words) >= -at:
            found = _WORDS.get(words[at]) or (_WORDS.get("-".join(words[at - 1 :][:2])) if at == -1 else None)
            if found:
                return found
    return None
