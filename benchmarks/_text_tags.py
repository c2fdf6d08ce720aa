"""Which Epicurious tags are tested, and which make edges: the two must say different things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

FEWEST, MOST = 5, 300
"""Recipes of a tag that makes edges; 300 are 1.6 % of all."""
TELLS, COMMON = 0.9, 1 / 3
"""An edge tag nearly always beside a tested tag that at most a third of all recipes carry says the same thing."""

TESTED = tuple(
    "Peanut Free|Soy Free|Tree Nut Free|Vegetarian|Kosher|Pescatarian|Wheat/Gluten-Free|Dairy Free|No Sugar Added|"
    "Healthy|Sugar Conscious|Kidney Friendly|Vegan|High Fiber|Low Cal|Low Fat|Paleo|Quick & Easy|Kid-Friendly|"
    "Dessert|Side|Dinner|Salad|Appetizer|Lunch|Drink|Soup/Stew|Brunch|Breakfast|Cake|Condiment/Spread|Sandwich|"
    "Summer|Winter|Fall|Spring|Thanksgiving|Christmas|Cocktail Party|Backyard BBQ".split("|")
)
"""The forty commonest tags of diet, course, season and occasion; none names a food."""

LIKE_TESTED = frozenset(
    "Fat Free|Low/No Sugar|Low Carb|Low Sodium|Low Cholesterol|Kosher for Passover|Organic|Raw|Quick and Healthy|"
    "No Meat, No Problem|Meat|Dairy|Tree Nut|Nut|Peanut|Peanut Butter|Soy|Soy Sauce|Legume|Grains|Root Vegetable|"
    "Gourmet|Alcoholic|Cocktail|Non-Alcoholic|Hot Drink|Drinks|Smoothie|Margarita|Martini|Sangria|Spritzer|Aperitif|"
    "Digestif|House Cocktail|Iced Tea|Egg Nog|Punch|Spirit|Rosé|Stew|Chowder|Chili|Soup|Cookies|Cookie|Pie|Tart|"
    "Cobbler/Crumble|Cupcake|Candy|Ice Cream|Frozen Dessert|Pastry|Phyllo/Puff Pastry Dough|Granola|Muffin|Biscuit|"
    "Pancake|Waffle|Hors D'Oeuvre|Dip|snack|snack week|Salsa|Condiment|Jam or Jelly|Salad Dressing|Sandwich Theory|"
    "Taco|Burger|Hamburger|Casserole/Gratin|Grill/Barbecue|Grill|Smoker|Flaming Hot Summer|Christmas Eve|"
    "New Year's Eve|New Year's Day|Friendsgiving|Hanukkah|Halloween|Labor Day|Fourth of July|Easter|Father's Day|"
    "Mother's Day|Valentine's Day|Passover|Rosh Hashanah/Yom Kippur|Purim|Shavuot|Sukkot|Diwali|Kwanzaa|Ramadan|"
    "Persian New Year|Lunar New Year|Day of the Dead|Cinco de Mayo|St. Patrick's Day|Bastille Day|Mardi Gras|"
    "Oktoberfest|Kentucky Derby|Parade|Oscars|Edible Gift|Family Reunion|Picnic|Potluck|Party|Buffet|"
    "Poker/Game Night|Engagement Party|Shower|Wedding|Anniversary|Graduation|Birthday|Super Bowl|Tailgating|"
    "Back to School|Entertaining|22-Minute Meals|3-Ingredient Recipes|One-Pot Meal|Advance Prep Required|Self|"
    "House & Garden|#CAKEWEEK|#cook90|Weelicious|leftovers|30 Days of Groceries".split("|")
)
"""Tags that mean much the same as a tested one or its opposite, or name an occasion or season as those do."""


def edge_tags(tags: Sequence[Collection[str]], most: int = MOST) -> list[str]:
    """The tags of few enough recipes that make edges, sorted: none tested, like a tested one, or telling one alone."""
    counts = Counter(tag for found in tags for tag in found)
    rare = {t for t, n in counts.items() if FEWEST <= n <= most} - set(TESTED) - LIKE_TESTED
    narrow = {tag for tag in TESTED if counts[tag] <= COMMON * len(tags)}
    together: Counter[tuple[str, str]] = Counter()
    for found in tags:
        together.update((tag, tested) for tag in rare & set(found) for tested in narrow & set(found))
    telling = {tag for (tag, _), n in together.items() if n >= TELLS * counts[tag]}
    return sorted(rare - telling)
