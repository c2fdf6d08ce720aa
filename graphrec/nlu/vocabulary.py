"""Request English that no catalogue spells out: everyday synonyms, countries, courses, diets, protected
compounds.
"""

from __future__ import annotations

Stages = tuple[tuple[str, ...], ...]
"""Names to try: those of the first stage that the catalogue has are meant, all of them alike."""


def _rows(block: str) -> dict[str, Stages]:
    """Lines `said|said = name, name > fallback`. Both sides are folded already."""
    table: dict[str, Stages] = {}
    for line in block.strip().splitlines():
        said, _, meant = line.partition("=")
        stages = tuple(tuple(name.strip() for name in stage.split(",")) for stage in meant.split(">"))
        for phrase in said.split("|"):
            table[phrase.strip()] = stages
    return table


INGREDIENTS = _rows(
    """
seafood|sea food = fish, shellfish
red meat = beef, pork, lamb, veal, venison, bison, goat
booze|liquor|spirit|alcoholic|hard liquor = alcohol
lactose|dairy product|milk product|nondairy = dairy
shell fish|crustacean|shell seafood = shellfish
treenut|tree nuts = tree nut
ground nut|groundnut|penut|peenut = peanut
animal product = meat, poultry, fish, shellfish, dairy, egg, honey
spud|tater|potatoe = potato
prawn|shrimps = shrimp
mince|minced beef|hamburger meat|ground chuck = ground beef
brinjal|aubergine|egg plant = eggplant
courgette|zuchini|zuccini|zucchinis = zucchini
capsicum|sweet pepper = bell pepper
rocket = arugula
garbanzo|garbanzo bean|chick pea = chickpea
scallion|spring onion|salad onion = green onion
coriander leaf|fresh coriander|corriander|dhania = cilantro
beetroot = beet
brocolli|brocoli|broccolli = broccoli
avacado|avo = avocado
mayo|mayonaise = mayonnaise
parmesean|parm|parmigiano reggiano|parmigiano = parmesan cheese > parmesan
mozz = mozzarella cheese > mozzarella
tumeric = turmeric
cinammon|cinnamin = cinnamon
tomatoe = tomato
shroom|mushroom cap = mushroom
chile|chilli|chilie|hot pepper = chili pepper > chile pepper > chili
evoo = olive oil
coco nut = coconut
nut meg = nutmeg
butter nut|butter nut squash|butternut = butternut squash
allmond|almod = almond
cashewnut|cashew nut = cashew
soya|soy bean = soy > soybean
gluten containing grain = gluten
steak = steak > beef steak > beef
chicken meat = chicken
salmons|lox = salmon
wheat flour = wheat flour > flour > wheat
garlics = garlic
ladyfinger okra|bhindi = okra
swine|pig|pig meat = pork
"""
)

CUISINES = _rows(
    """
italy|italia|from italy|sicilian|tuscan|roman = italian
mexico|mexican american|tex mex|texmex = mexican
china|szechuan|sichuan|cantonese = chinese
japan = japanese
india|punjabi = indian
thailand = thai
france|provencal = french
greece = greek
spain = spanish
korea = korean
vietnam = vietnamese
morocco = moroccan
britain|english|england|uk|scottish = british
philippine|filipino|pinoy = filipino
ireland = irish
jamaica|jerk style = jamaican
russia = russian
brazil = brazilian
cajun|creole|louisiana|new orleans = cajun creole > cajun, creole
southern|soul|southern style|deep south = southern us > southern > american
germany = german
turkish|istanbul = turkish
lebanon = lebanese
ethiopia = ethiopian
peru = peruvian
america|usa|american = american
sweden|swedish|nordic = scandinavian
asian|asia|far eastern|east asian = asian > chinese, japanese, korean, thai, vietnamese, filipino, indian
mediterranean|med = mediterranean > greek, italian, spanish, turkish, lebanese, moroccan
latin|latin american|south american = latin american > mexican, brazilian, peruvian
middle eastern|middle east = middle eastern > lebanese, turkish, persian, moroccan
"""
)

COURSES: dict[str, Stages] = _rows(
    """
main|main course|main dish|entree|main meal|mains = main dish > main course > main > dinner > entree
dinner|supper|evening meal = dinner > supper > main dish > main course > main
starter|first course|hor doeuvre|hors doeuvre|canape|finger food = appetizer > starter > snack
appetiser|nibble|appetizer = appetizer > starter > snack
dessert|afters|sweet treat|sweet course|pudding = dessert
side|side dish|accompaniment = side dish > side
breakfast|morning meal|brekkie = breakfast > breakfast and brunch
brunch = brunch > breakfast and brunch > breakfast
lunch = lunch
snack|snack food = snack > appetizer
drink|beverage|cocktail|smoothie = drink > beverage
soup = soup > soup and stew
stew = stew > soup and stew > soup
salad = salad
bread = bread
sauce = sauce
"""
)

LOOSE_COURSES = frozenset("dinner supper lunch soup stew salad bread sauce cocktail smoothie".split())
"""Course words that only wish when the course they lead to has another name ("dinner" leads to main
dishes)."""

_FLESH = ("meat", "red meat", "poultry", "fish", "shellfish", "seafood", "pork", "beef", "gelatin", "lard")
DIETS: dict[str, tuple[str, ...]] = {
    "vegetarian": _FLESH,
    "vegan": (*_FLESH, "dairy", "egg", "honey"),
    "pescatarian": ("meat", "red meat", "poultry", "pork", "beef", "gelatin", "lard"),
    "gluten free": ("gluten", "wheat"),
    "dairy free": ("dairy",),
    "kosher": ("pork", "shellfish", "lard", "gelatin"),
    "halal": ("pork", "alcohol", "lard", "gelatin"),
    "jain": (*_FLESH, "egg", "honey", "onion", "garlic", "potato"),
    "meatless": ("meat", "red meat", "poultry", "pork", "beef"),
}
"""What a diet forbids, as taxonomy groups; always a hard exclusion."""

DIET_WORDS = {
    tuple(said.split()): diet
    for diet, block in {
        "vegetarian": "vegetarian|vegetarians|veggie|vegitarian|vegeterian|vegetarain|lacto ovo vegetarian"
        "|ovo lacto vegetarian",
        "vegan": "vegan|vegans|plant based|plantbased|strict vegetarian|strictly vegetarian"
        "|strict vegetarians",
        "pescatarian": "pescatarian|pescatarians|pescetarian|pescetarians|pescaterian|pesco vegetarian",
        "gluten free": "celiac|coeliac|celiacs|coeliacs|celiac disease|coeliac disease|gluten intolerance|gf",
        "dairy free": "lactose intolerant|lactose intolerance|lactose sensitivity",
        "kosher": "kosher|kosher style",
        "halal": "halal",
        "jain": "jain",
        "meatless": "meatless|meat less",
    }.items()
    for said in block.split("|")
}

SOFT_DIETS = {
    tuple(said.split()): name
    for name, block in {
        "low carb": "keto|ketogenic|low carb|lowcarb|low carbs|low carbohydrate|atkins",
        "paleo": "paleo|whole30",
        "low fat": "low fat|lowfat|reduced fat|fat free|nonfat|non fat",
        "low sodium": "low sodium|low salt|reduced sodium",
        "low sugar": "low sugar|diabetic|diabetic friendly|diabetes friendly",
        "low calorie": "low calorie|low cal|light",
        "healthy": "healthy|healthier|heart healthy",
        "high protein": "high protein|protein packed|protein rich",
    }.items()
    for said in block.split("|")
}
"""Ways of eating that only move the score, through a keyword or diet node of the same name."""

CHEESES = frozenset(
    "parmesan mozzarella cheddar ricotta feta gruyere gouda provolone romano monterey brie".split()
)
"""Cheeses that people name without the word."""

DISHES = frozenset(
    """soup stew salad sauce snack drink cookie candy sandwich pizza taco burger curry casserole pie cake
muffin biscuit roll dip spread smoothie juice cocktail salsa chili chowder gravy dessert pudding pancake
waffle brownie pastry tart chip fudge cupcake frosting bar bite cereal cracker gumbo jambalaya stuffing
dressing meatball meatloaf lasagna wrap roast""".split()
)
"""Names of dishes first and of ingredients second: "soup" asks for a soup, not for a dish made with one."""

PLATED = frozenset(
    """soup stew salad pizza taco burger curry casserole pie cake cookie sandwich muffin cupcake pancake
    waffle
brownie lasagna meatball meatloaf chowder gumbo pudding smoothie cocktail dessert pastry tart cheesecake
burrito enchilada quiche omelet risotto dish recipe dinner""".split()
)
"""Dishes that, at the end of a longer name, are wanted apart from what they are made of."""

VAGUE = frozenset(
    """sweet sour salty savory hot cold water ice seasoning flavoring flavour flavor topping filling mix crust
shell dough additive leavening thickener condiment fat can cup jar package bag box leaf whole white
black red green yellow brown purple dark light baby ball bowl plate pan pot oven stick piece slice
homemade gourmet classic traditional baking baked product style store power super wild ground round top
bottom heart seed skin bone accent bell bitter bugle certo chuck conch cone confetti corona crescent
decoration dove dripping equal fluff fluid fluke frank fryer goober graham hop jimmy kaiser liquid mound
must nerd patron payday peep porter preserve punch ranch rose rub rue ruffle silk slider smelt snow sole
spike sponge spray sprite squirt starter stock swerve swede tang tonic twist violet vitamin whopper
magic kiss""".split()
)
"""Words that are ingredients in a list of ingredients only: wanted, they stay words; excluded, they are
excluded."""

PLURALS: dict[str, Stages] = _rows(
    "peppers = bell pepper, chili pepper, chile pepper > pepper\n"
    "chilies|chiles|chillies = chili pepper, chile pepper > chili"
)
"""Words whose plural means something else: "pepper" is the spice, "peppers" are vegetables."""

COMPOUNDS = frozenset(
    line.strip()
    for line in """
peanut butter|almond butter|nut butter|cashew butter|apple butter|cocoa butter|cookie butter|butter bean
|butter lettuce|butter chicken|coconut milk|coconut cream|coconut oil|coconut water|almond milk|soy milk
|oat milk|rice milk|cashew milk|cream of tartar|ice cream|cream soda|cream cheese|sour cream|egg noodle
|egg roll|egg replacer|egg substitute|rice vinegar|rice noodle|rice paper|rice wine|rice krispie
|rice flour|almond flour|coconut flour|corn flour|fish sauce|oyster sauce|oyster mushroom|oyster cracker
|corn starch|corn syrup|corn dog|sweet potato|hot dog|hot sauce|water chestnut|ginger ale|root beer
|ginger beer|bell pepper|black pepper|white pepper|pepper jack|lemon pepper
|cayenne pepper|butternut squash|spaghetti squash|vanilla bean|coffee bean|jelly bean|green bean
|french fry|french toast|french bread|french bean|french dressing|greek yogurt|greek seasoning
|italian seasoning|italian sausage|italian dressing|italian bread|swiss cheese|swiss chard|swiss steak
|brussel sprout|brussels sprout|chinese five spice|five spice|thai basil|thai chili|mexican crema
|spanish onion|canadian bacon|irish cream|english muffin|english cucumber|american cheese
|worcestershire sauce|soy sauce|tomato sauce|tomato paste|chicken broth|chicken stock|chicken bouillon
|beef broth|beef stock|beef bouillon|vegetable broth|vegetable stock|vegetable oil|olive oil|peanut oil
|sesame oil|fish oil|chicken of the wood|duck sauce|plum sauce|turkey bacon|turkey sausage|goat cheese
|blue cheese|cottage cheese|crab apple|crab boil|lobster mushroom|lamb lettuce|baking soda|baking powder
|garlic powder|garlic salt|onion powder|onion ring|onion soup|celery salt|celery seed|mustard seed
|mustard green|apple cider vinegar|wine vinegar|red wine vinegar|white wine vinegar|milk chocolate
|white chocolate|bean sprout|beansprout|brown sugar|sugar snap pea|snap pea|beef tomato|nut roast
|turkish delight|cherry tomato|grape tomato|plum tomato|apple sauce|chestnut mushroom|monkfish
|horseradish|potato chip|potato starch|corn bread|corn tortilla|flour tortilla|wheat flour|wheat germ
|cheese cloth|butter milk|bread crumb|bread flour|mince pie|mincemeat|sea salt|salt pork|egg plant
|egg cup|nut meg|sweet corn|kosher salt|kosher pickle|kosher dill|puff pastry|fruit cocktail
""".replace("\n", "|").split("|")
    if line.strip()
)
"""Names whose parts must never link alone: there is no butter in peanut butter."""
