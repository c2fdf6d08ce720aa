"""The small catalogue that the language tests parse against."""

from __future__ import annotations

from graphrec.language.taxonomy import load_taxonomy
from graphrec.nlu.lexicon import Lexicon

INGREDIENTS = """
almond|anchovy|apple|arugula|asparagus|avocado|bacon|banana|basil|bean|beef|beef broth|beer|beet
|bell pepper|black bean|black pepper|blue cheese|bread|broccoli|brown sugar|butter|butternut squash
|cabbage|cardamom|carrot|cashew|cauliflower|celery|cheddar cheese|cheese|chicken|chicken breast
|chicken broth|chicken thigh|chickpea|chili pepper|chocolate|cilantro|cinnamon|clam|coconut|coconut milk
|cod|corn|crab|cream|cream cheese|cucumber|cumin|curry powder|egg|eggplant|feta cheese|fish sauce|flour
|garlic|ginger|green bean|green onion|ground beef|ground turkey|ham|hazelnut|honey|kale|kidney bean|lamb
|leek|lemon|lemon juice|lentil|lime|lobster|mango|maple syrup|mayonnaise|milk|mint|mozzarella cheese
|mushroom|mussel|mustard|noodle|nutmeg|oat|olive|olive oil|onion|orange|oregano|oyster|paprika
|parmesan cheese|parsley|pasta|pea|peanut|peanut butter|pecan|pepper|pine nut|pineapple|pistachio|pork
|pork chop|potato|pumpkin|quinoa|raisin|red wine|rice|ricotta cheese|rosemary|rum|salmon|salt|sausage
|scallop|sesame oil|sesame seed|shallot|shrimp|sour cream|soy sauce|spaghetti|spinach|steak|strawberry
|sugar|sweet potato|thyme|tofu|tomato|tomato sauce|tortilla|tuna|turkey|vanilla extract|vinegar|walnut
|white wine|yogurt|zucchini
""".replace("\n", "").split("|")
GROUPS = """
alcohol|dairy|fish|gluten|meat|nut|poultry|shellfish|soy|tree nut|wheat|sesame|soup|cookie|snack|candy
|sweet|water|sauce
""".replace("\n", "").split("|")
CUISINES = """
italian|mexican|indian|chinese|thai|greek|french|japanese|korean|vietnamese|moroccan|spanish|southern us
|cajun creole|british|filipino|jamaican
""".replace("\n", "").split("|")
COURSES = """
appetizer|breakfast|dessert|main dish|side dish|soup|salad|drink
""".replace("\n", "").split("|")
KEYWORDS = """
lasagna|cake|cookie|casserole|curry|stew|pie|spicy|grilled|slow cooker|chicken soup|pancake|burger|taco
|pizza|smoothie|sandwich|stir fry|low carb|vegan|no bake|chowder|cheesecake|muffin|creamy|bbq|roast
|christmas
""".replace("\n", "").split("|")


def nodes() -> list[tuple[str, str, str]]:
    """(type, id, name) of every node; ids are folded, names are not."""
    found = [("ingredient", name) for name in (*INGREDIENTS, *GROUPS) if name]
    found += [("cuisine", name) for name in CUISINES] + [("course", name) for name in COURSES]
    found += [("keyword", name) for name in KEYWORDS]
    return [(kind, name, name.title()) for kind, name in found]


def lexicon() -> Lexicon:
    """A lexicon over the small catalogue, its hierarchy taken from the shipped taxonomy."""
    rows = nodes()
    places = {name: at for at, (kind, name, _) in enumerate(rows) if kind == "ingredient"}
    taxonomy = load_taxonomy()

    def broader(at: int) -> list[int]:
        kind, name, _ = rows[at]
        return (
            sorted(places[a] for a in taxonomy.ancestors(name) if a in places) if kind == "ingredient" else []
        )

    return Lexicon(rows, broader=broader, taxonomy=taxonomy)
