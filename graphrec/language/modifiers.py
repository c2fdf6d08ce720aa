"""Words of ingredient lines that say how a food is cut, kept or chosen, never which food it is."""

from __future__ import annotations

from graphrec.language.fold import tokens

MODIFIERS = frozenset(
    """
    fresh freshly chopped minced diced sliced grated shredded crushed crumbled cubed peeled pitted seeded
    cored deveined
    trimmed halved quartered julienned torn mashed beaten melted softened toasted roasted cooked uncooked
    prepared
    packed divided rinsed drained undrained thawed frozen chilled cold warm hot lukewarm boiling cooled room
    temperature
    finely coarsely thinly thickly roughly lightly firmly loosely well very extra super more less about
    additional
    large medium small big jumbo tiny thick thin long short wide whole half bite size sized inch
    boneless skinless bone skin on in lean fat free low reduced light lite sodium salt unsalted salted
    sweetened
    unsweetened organic natural pure raw ripe overripe firm good quality best favorite your choice such as
    any plain
    cut into up of the a an to taste needed or and with without optional dried dry bulk packaged store
    bought homemade
    leftover day old new sifted squeezed strained separated shelled unpeeled scrubbed washed cleaned stemmed
    stem removed discarded reserved patted blanched steamed boiled baked grilled fried sauteed smoked flaked
    shaved snipped bruised smashed cracked split lengthwise crosswise diagonally piece pieced chunk strip
    slice cube
    wedge ring round stick matchstick bit part section segment half quarter if desired for garnish serving
    plus
    assorted mixed regular standard style type brand imported domestic canned jarred bottled tinned
    refrigerated
    instant quick premium select choice fine coarse heavy soft hard tender young mature baby fully partially
    cap stem crumble flavored flavor flavoured blend floret hand picked seedless stemless freeze defrosted
    crisp crispy crunchy golden browned ground
    """.split()
) - {"salt"}
"""Folded words that may stand inside a name without changing it (`yellow chopped onion`)."""

CONNECTORS = frozenset(
    {"and", "or", "with", "plus", "in", "from", "for", "such", "including", "then", "without"}
)
"""Words that part two foods of one line."""

NEGATIONS = frozenset({"no", "non", "without", "not", "minus"})
MOCKS = frozenset(
    {"vegan", "vegetarian", "meatless", "faux", "mock", "veggie", "plantbased", "nondairy", "eggless"}
)
"""Words before a food that say it only looks like one."""


def is_preparation(text: str) -> bool:
    """Whether `text` holds nothing but :data:`MODIFIERS` (`skinless, boneless`)."""
    return all(word in MODIFIERS or word.endswith("ed") or word.isdigit() for word in tokens(text))
