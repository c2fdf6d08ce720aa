"""Request English that no catalogue spells out: everyday synonyms, countries, courses, diets, protected
compounds.
"""

from __future__ import annotations

Stages = tuple[tuple[str, ...], ...]
"""Names to try: those of the first stage that the catalogue has are meant, all of them alike."""


def _rows(block: str) -> dict[str, Stages]:
    """Lines `said|said = name, name > fallback`. Both sides are folded already; an indented line goes on the last."""
    table: dict[str, Stages] = {}
    for line in block.strip().replace("\n  ", "").splitlines():
        said, _, meant = line.partition("=")
        stages = tuple(tuple(name.strip() for name in stage.split(",")) for stage in meant.split(">"))
        for phrase in said.split("|"):
            table[phrase.strip()] = stages
    return table


INGREDIENTS = _rows(
    """
seafood|sea food = fish, shellfish
red meat = beef, lamb, pork, goat meat, veal, venison, bison, mutton
organ meat|offal|innard = beef liver, chicken liver, liver, beef kidney, kidney, tripe
swede|neep = rutabaga
turkey mince|minced turkey = ground turkey
lamb mince|minced lamb = ground lamb
pork mince|minced pork = ground pork
chicken mince|minced chicken = ground chicken
beef mince = ground beef
white meat = poultry > chicken, turkey
coriander seed = coriander
booze|liquor|spirit|alcoholic|hard liquor = alcohol
lactose|dairy product|milk product|nondairy = dairy
shell fish|crustacean|shell seafood = shellfish
treenut|tree nuts = tree nut
ground nut|groundnut|penut|peenut = peanut
animal product = meat, poultry, fish, shellfish, dairy, egg, honey
spud|tater|potatoe|tattie|tatty|mash = potato
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
italy|italia|from italy|sicilian|sicily|tuscan|tuscany|roman|neapolitan|venetian|sardinian = italian
mexico|mexican american|tex mex|texmex|oaxacan|yucatecan|yucatan = mexican
china|szechuan|sichuan|cantonese|hunan|hunanese|shanghainese|hong kong|taiwanese|taiwan = chinese
japan|okinawan = japanese
india|punjabi|kashmiri|goan|bengali|gujarati|south indian|kerala|keralan|mughlai|hyderabadi = indian
thailand|isaan = thai
france|provencal|parisian|breton|alsatian = french
greece|cretan|crete = greek
spain|catalan|andalusian|basque|valencian = spanish
korea = korean
vietnam = vietnamese
morocco = moroccan
turkey cuisine|istanbul|turkiye|anatolian = turkish
britain|english|england|uk|scottish|scotland|welsh|wales = british
philippine|filipino|pinoy = filipino
ireland|irish = irish > british
ethiopia|eritrean|eritrea = ethiopian
germany|bavarian|bavaria|swabian = german
jamaica|jerk style|jamaican = jamaican > caribbean
cuban|cuba = cuban > caribbean > latin american
puerto rican|puerto rico|dominican|haitian|haiti|trinidadian|trinidad|barbadian|bahamian|west indian = caribbean
cajun|creole|louisiana|new orleans = cajun creole > cajun, creole > southern us > southern
southern|soul food|southern style|deep south = southern us > southern > american
america|usa|american|new england = american
sweden|swedish|nordic|norwegian|norway|danish|denmark|finnish|finland|icelandic|iceland|scandinavian|scandinavia
  = nordic > scandinavian
russia|russian = russian > eastern european
poland|polish = polish > eastern european
hungary|hungarian = hungarian > eastern european
ukraine|ukrainian|czech|slovak|romanian|romania|bulgarian|serbian|croatian|georgian|lithuanian|latvian|balkan
  |slavic = eastern european
brazil|brazilian = brazilian > south american > latin american
peru|peruvian = peruvian > south american > latin american
argentina|argentinian|argentine|argentinean|chile style|chilean|colombia|colombian|venezuela|venezuelan|ecuadorian
  |bolivian|uruguayan|paraguayan = south american > latin american
lebanon|lebanese = lebanese > middle eastern
persia|persian|iran|iranian|syria|syrian|israel|israeli|palestinian|jordanian|iraqi|iraq|yemeni|arab|arabic|arabian
  |levantine|egyptian|egypt = middle eastern
middle eastern|middle east = middle eastern > lebanese, turkish, persian, moroccan
north african|maghrebi|tunisian|algerian = north african > moroccan
asian|asia|far eastern|east asian = asian > chinese, japanese, korean, thai, vietnamese, filipino
mediterranean|med = mediterranean > greek, italian, spanish
latin|latin american|south american = latin american > south american > mexican, brazilian, peruvian
"""
)

COURSES: dict[str, Stages] = _rows(
    """
main|main course|main dish|entree|main meal|mains = main dish > main course > main > dinner > entree
dinner|supper|evening meal = dinner > supper > main dish > main course > main
starter|first course|hor doeuvre|hors doeuvre|canape|finger food = appetizer > starter > snack
appetiser|nibble|appetizer = appetizer > starter > snack
dessert|desert|afters|sweet treat|sweet course|pudding = dessert
side|side dish|accompaniment = side dish > side
breakfast|morning meal|brekkie = breakfast > breakfast and brunch
brunch = brunch > breakfast and brunch > breakfast
lunch = lunch
snack|snack food = snack > appetizer
drink|beverage|cocktail|smoothie = drink > beverage
soup = soup > soup and stew
stew = stew > soup and stew
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
        "dairy free": "lactose intolerant|lactose intolerance|lactose sensitivity|df",
        "kosher": "kosher|kosher style|kashrut|kashruth|kashrus|keep kosher|keeps kosher|keeping kosher",
        "halal": "halal",
        "jain": "jain",
        "meatless": "meatless|meat less",
    }.items()
    for said in block.split("|")
}

SOFT_DIETS = {
    tuple(said.split()): name
    for name, block in {
        "low carb": "no carb|no carbs|zero carb|carb free|low on carbs"
        "|keto|ketogenic|low carb|lowcarb|low carbs|low carbohydrate|atkins",
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
spike sponge spray sprite squirt starter stock swerve tang tonic twist violet vitamin whopper
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
|butter lettuce|butter chicken|coconut milk|coconut cream|coconut oil|coconut water|almond milk|soy milk|oat milk
|rice milk|cashew milk|cream of tartar|ice cream|cream soda|cream cheese|sour cream|egg noodle|egg roll|egg replacer
|egg substitute|rice vinegar|rice noodle|rice paper|rice wine|rice krispie|rice flour|almond flour|coconut flour
|corn flour|fish sauce|oyster sauce|oyster mushroom|oyster cracker|corn starch|corn syrup|corn dog|sweet potato
|hot dog|hot sauce|water chestnut|ginger ale|root beer|ginger beer|bell pepper|black pepper|white pepper|pepper jack
|lemon pepper|cayenne pepper|butternut squash|spaghetti squash|vanilla bean|coffee bean|jelly bean|green bean
|french fry|french toast|french bread|french bean|french dressing|greek yogurt|greek seasoning|italian seasoning
|italian sausage|italian dressing|italian bread|swiss cheese|swiss chard|swiss steak|brussel sprout|brussels sprout
|chinese five spice|five spice|thai basil|thai chili|mexican crema|spanish onion|canadian bacon|irish cream
|english muffin|english cucumber|american cheese|worcestershire sauce|soy sauce|tomato sauce|tomato paste
|chicken broth|chicken stock|chicken bouillon|beef broth|beef stock|beef bouillon|vegetable broth|vegetable stock
|vegetable oil|olive oil|peanut oil|sesame oil|fish oil|chicken of the wood|duck sauce|plum sauce|turkey bacon
|turkey sausage|goat cheese|blue cheese|cottage cheese|crab apple|crab boil|lobster mushroom|lamb lettuce
|baking soda|baking powder|garlic powder|garlic salt|onion powder|onion ring|onion soup|celery salt|celery seed
|mustard seed|mustard green|apple cider vinegar|wine vinegar|red wine vinegar|white wine vinegar|milk chocolate
|white chocolate|bean sprout|beansprout|brown sugar|sugar snap pea|snap pea|beef tomato|nut roast|turkish delight
|cherry tomato|grape tomato|plum tomato|apple sauce|chestnut mushroom|monkfish|horseradish|potato chip|potato starch
|corn bread|corn tortilla|flour tortilla|wheat flour|wheat germ|cheese cloth|butter milk|bread crumb|bread flour
|mince pie|mincemeat|sea salt|salt pork|egg plant|egg cup|iced tea|black pudding|white pudding|brazil nut|organ meat
|red meat|instant pot|slow cooker|air fryer|pressure cooker|dutch oven|crock pot|tray bake|sheet pan|finger food
|nut meg|sweet corn|kosher salt|kosher pickle|kosher dill|puff pastry|fruit cocktail
""".replace("\n", "|").split("|")
    if line.strip()
)
"""Names whose parts must never link alone: there is no butter in peanut butter."""


DISH_NAMES = frozenset(
    """fried rice|hot sour soup|sweet sour pork|stir fry|key lime pie|pot pie|french toast|pad thai|butter chicken
|hot dog|sloppy joe|french onion soup|fish and chip|egg roll|spring roll|rice pudding|bread pudding|chicken kiev
|toad hole|shepherd pie|cottage pie|steak kidney pie|cauliflower cheese|sunday roast|english breakfast
|chicken tikka masala|macaroni cheese|banger mash|beef wellington|scotch egg|caesar salad|coronation chicken
|welsh rarebit""".replace("\n", "").split("|")
)
"""Names of dishes whose words, one by one, ask for something else."""

DESCRIPTIONS = frozenset(
    """spicy mild hot cold warm light lighter hearty healthy creamy crispy crunchy cheesy smoky sticky tangy zesty
comforting comfort cosy cozy fancy posh cheap budget frugal filling fresh seasonal festive romantic rustic homely
savoury savory sweet sour bitter salty rich juicy tender moist fluffy flaky chewy gooey glazed roasted roast
grilled baked fried braised stewed steamed stuffed smoked toasted mashed pulled shredded sliced chopped minced raw
cooked boneless skinless lean whole half stovetop oven skillet weeknight weekend holiday summer winter autumn spring
green red black white yellow golden brown mini giant loaded double party picnic potluck birthday christmas easter
lazy proper decent traditional authentic classic exotic unusual surprise special simple plain basic wet dry soft
lovely long short slow fast kid friendly adult grown outdoor barbecue barbecued bbq leftover everyday""".split()
)
"""Words that describe a dish and are no part of its name."""

NARROW_ALIASES = frozenset("dumpling|fryer|deep fryer|southern comfort|roast|stew|toast".split("|"))
"""Spellings that mean one thing in a list of ingredients and more in a request: a dumpling is no wrapper."""

HARD_WIDER = {"milk": ("dairy",), "cow milk": ("dairy",), "whey": ("dairy",), "casein": ("dairy",)}
"""What somebody who cannot have a food has to be kept from besides: a milk allergy is one to all dairy."""

COLOURS = frozenset("red green black white yellow golden brown purple orange pink".split())
"""Words of titles that say what a dish looks like."""

EXCLUDED_WITH = {"coriander": ("cilantro",)}
"""Words that name one food in one country and another one elsewhere: an exclusion leaves both out."""

SIDES = frozenset("sauce gravy dressing dip spread frosting stuffing topping filling glaze".split())
"""Parts of a dish: whoever leaves them out means the ingredient, not every dish with the word in its title."""

DISH_SYNONYMS = {
    "mac cheese": "macaroni cheese", "spag bol": "spaghetti bolognese", "spag carbonara": "spaghetti carbonara",
    "creme caramel": "flan", "lasagne": "lasagna", "lasagnes": "lasagna", "bangers mash": "banger mash",
    "sausage mash": "banger mash", "beef bourguignon": "boeuf bourguignon", "tikka masala": "chicken tikka masala",
    "stroganoff": "beef stroganoff", "baba ganoush": "baba ghanoush", "tabouleh": "tabbouleh",
    "tabouli": "tabbouleh", "spanish omelette": "tortilla espanola", "spanish omelet": "tortilla espanola",
    "chips fish": "fish chip",
}  # fmt: skip
"""What else people call a dish; keys and values as :func:`graphrec.nlu.dishes.title_key` gives them."""

LANDS = {"turkey": "turkish"}
"""Foods that are countries, too, and the cuisine that "from" before them means."""

FORMS = frozenset(
    """ball bite slice stick strip ring shell square finger nugget delight crisp breast thigh filet fillet chop tender
tenderloin ups jo loaf patty dish dinner supper lunch meal recipe style mix surprise treat thing plate bowl version leg
wing cube cup bake""".split()
)
"""Last words of titles that say a cut or a shape and name no kind of dish."""
