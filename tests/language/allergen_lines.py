"""Ingredient lines and the groups a person would have to avoid them for: `line | groups` (`-` for none)."""

LINES = """
1 cup sliced almonds | tree nut, nut
1/2 cup chopped walnuts | tree nut, nut
1/4 cup pecan halves | tree nut, nut
1 cup raw cashews | tree nut, nut
2 tablespoons pine nuts | tree nut, nut
1/4 cup shelled pistachios | tree nut, nut
1/2 cup macadamia nuts | tree nut, nut
1 cup hazelnuts, toasted | tree nut, nut
6 Brazil nuts | tree nut, nut
1 pound chestnuts | tree nut, nut
1 cup mixed nuts | tree nut, peanut, nut
1 teaspoon almond extract | tree nut, nut
2 cups almond flour | tree nut, nut
1 cup almond milk | tree nut, nut
8 ounces almond paste | tree nut, nut
1 (7 ounce) package marzipan | tree nut, nut
1/3 cup Nutella | tree nut, nut, dairy
1/2 cup chocolate-hazelnut spread | tree nut, nut, dairy
1 ounce amaretto liqueur | tree nut, nut, alcohol
1 jigger Frangelico | tree nut, nut, alcohol
1/2 cup praline pieces | nut
1/3 cup prepared basil pesto | nut, dairy
1 cup granola | nut, gluten
6 amaretti cookies | nut, wheat, egg
1/2 cup English toffee bits | nut, dairy
2 tablespoons walnut oil | tree nut, nut
1/4 cup toasted sliced almonds mix | tree nut, nut
1/2 cup peanut butter | peanut, nut, legume
1 cup dry roasted peanuts | peanut, nut, legume
2 tablespoons peanut oil | peanut, nut
12 miniature peanut butter cups | peanut, nut, dairy
4 Snickers candy bars | peanut, nut, dairy
1/2 cup satay sauce | peanut, soy
1/4 cup mole sauce | peanut, nut, sesame
3 tablespoons sesame seeds | sesame
1/4 cup tahini | sesame
1 teaspoon sesame oil | sesame
1 (10 ounce) container hummus | sesame
1 tablespoon za'atar | sesame
1/2 cup butter, softened | dairy
2 tablespoons ghee | dairy
1 cup heavy cream | dairy
1 cup half-and-half | dairy
8 ounces cream cheese | dairy
1 cup shredded Cheddar cheese | dairy
1/4 cup grated Parmesan | dairy
1 (8 ounce) container sour cream | dairy
1 cup Greek yogurt | dairy
1 cup buttermilk | dairy
1 (14 ounce) can sweetened condensed milk | dairy
1 (12 fluid ounce) can evaporated milk | dairy
1 (16 ounce) jar Alfredo sauce | dairy, wheat
1 pint vanilla ice cream | dairy
1 cup milk chocolate chips | dairy
1 cup white chocolate chips | dairy
1/2 cup caramel sauce | dairy
1 packet ranch dressing mix | dairy
1 can condensed cream of mushroom soup | dairy, wheat, gluten
1/4 cup whey protein powder | dairy
8 ounces paneer, cubed | dairy
2 eggs, beaten | egg
3 egg whites | egg
1 cup mayonnaise | egg
1/2 cup tartar sauce | egg
1 cup eggnog | egg, dairy
1 cup marshmallow creme | egg
1 package egg noodles | egg, wheat, gluten
1 (16 ounce) package wonton wrappers | egg, wheat
1/4 cup meringue powder | egg
1/2 cup hollandaise sauce | egg, dairy
1 loaf challah bread | egg, wheat
2 cups all-purpose flour | wheat, gluten
1 pound spaghetti | wheat, gluten
1 cup couscous | wheat, gluten
1 cup bulgur | wheat, gluten
8 ounces seitan | wheat, gluten
1/2 cup panko bread crumbs | wheat, gluten
4 hamburger buns, split | wheat, gluten
10 flour tortillas | wheat, gluten
1 sheet frozen puff pastry | wheat, gluten, dairy
1 cup graham cracker crumbs | wheat, gluten
1 cup crushed pretzels | wheat
1 cup pearl barley | gluten
1 cup rye flour | gluten
1/2 cup semolina flour | wheat, gluten
1 cup farro | wheat, gluten
2 tablespoons malt vinegar | gluten
1 (12 fluid ounce) bottle beer | alcohol, gluten
1 box yellow cake mix | wheat, gluten
2 tablespoons soy sauce | soy, wheat, gluten
1/4 cup teriyaki sauce | soy, wheat
3 tablespoons hoisin sauce | soy
1 (12 ounce) package firm tofu | soy
1 cup shelled edamame | soy
2 tablespoons white miso paste | soy
8 ounces tempeh | soy
1 cup soy milk | soy
2 tablespoons tamari | soy
1 tablespoon Worcestershire sauce | fish, seafood, gluten
4 anchovy fillets | fish, seafood
1 tablespoon fish sauce | fish, seafood
1 pound salmon fillets | fish, seafood
1 (5 ounce) can tuna, drained | fish, seafood
1 cup Caesar salad dressing | fish, egg, dairy
2 cups dashi | fish
1 pound large shrimp, peeled and deveined | crustacean, shellfish, seafood
1 (6 ounce) can crabmeat | crustacean, shellfish, seafood
2 lobster tails | crustacean, shellfish
8 ounces imitation crabmeat | crustacean, fish
1 tablespoon Thai red curry paste | crustacean, shellfish
1 pound mussels | mollusc, shellfish, seafood
1 (10 ounce) can baby clams | mollusc, shellfish
2 tablespoons oyster sauce | mollusc, shellfish, soy
1 cup clam juice | mollusc, shellfish
1 cup kimchi | fish
6 slices bacon | pork, meat
1 cup cubed ham | pork, meat
4 ounces prosciutto | pork, meat
4 ounces pancetta, diced | pork, meat
1 pound chorizo sausage | pork, meat
20 slices pepperoni | pork, meat
1/2 cup lard | pork, meat
1 (28 ounce) can baked beans with pork | pork
1 pound ground beef | beef, meat
2 cups beef broth | beef, meat
4 cups chicken broth | poultry, meat
1 pound ground turkey | poultry, meat
2 duck breasts | poultry, meat
1 pound lamb shoulder | meat
1 envelope unflavored gelatin | gelatin
1 (3 ounce) package lime Jell-O | gelatin
3 cups miniature marshmallows | gelatin
1/2 cup dry white wine | alcohol
2 tablespoons rum | alcohol
1/4 cup Marsala wine | alcohol
1 jigger vodka | alcohol
2 tablespoons coffee liqueur | alcohol
2 tablespoons mirin | alcohol
1/2 cup flaked coconut | coconut
1 can coconut milk | coconut
1 tablespoon Dijon mustard | mustard
2 stalks celery | celery
1 cup almond or soy milk | tree nut, soy
1 cup butter or margarine | dairy
1 cup chicken broth with bacon | pork, poultry
1 cup chopped candy bars (such as Snickers®) | peanut, dairy
cheese-stuffed glorp | dairy
3 walnut glorpies | tree nut, nut
1 teaspoon ground nutmeg | -
1 butternut squash, peeled | -
1 (8 ounce) can water chestnuts | -
1 eggplant, sliced | -
1 cup buckwheat groats | -
2 cups rice milk | -
1 pound butter beans | -
1 head butter lettuce | -
1/2 cup apple butter | -
1/4 cup cocoa butter | -
1 teaspoon cream of tartar | -
8 ounces oyster mushrooms | -
2 corn tortillas | -
1 cup quinoa | -
2 cups vegetable broth | -
1/4 cup nutritional yeast | -
1 teaspoon vanilla extract | -
2 tablespoons red wine vinegar | -
1 can root beer | -
2 tablespoons olive oil | -
1 teaspoon chicken seasoning | -
1 cup dairy-free glorp | -
1 beefsteak tomato | -
1 tablespoon fish-free salt | -
pinch of salt, about the size of a walnut-sized stone | -
"""
