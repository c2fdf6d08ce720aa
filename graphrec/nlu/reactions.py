"""What people say about foods that do not agree with them, and the words around it: data only."""

from __future__ import annotations

PUTS = frozenset("puts put putting adds add has have contains contain uses use".split())
IS = frozenset("is are".split())
ISNT = frozenset("isnt arent aint".split())
GOOD = frozenset(
    "welcome allowed ok okay invited happening permitted acceptable option possible wanted tolerated".split()
)
BAD = frozenset(
    """gross disgusting vile horrible awful revolting nasty evil poison banned forbidden verboten unwelcome hateful
worst deadly dangerous lethal toxic taboo dealbreaker devil enemy rank minging foul grim rotten hell
prohibited rubbish inedible offlimits haram treif traif punishment torture abomination hideous ghastly repulsive
yucky icky rancid""".split()
)
ADVERBS = frozenset(
    """just so really absolutely the a an simply too pretty quite rather totally completely strictly always still my
our his her their utterly frankly actually also very truly basically plain""".split()
)
TAKES = frozenset(
    """eat eating eats have having want wanting like liking touch touching need needing do doing stand take taking
include including put use using cook cooking tolerate handle digest order buy""".split()
)
SHUDDERS = frozenset(
    """crawl creeps shudder ick sad miserable horrors willies jeebies heebies shivers collywobbles nightmares boak yips
terrors jitters""".split()
)
HARMS = frozenset(
    "kill kills upset upsets hurt hurts harm harms poison poisons bother bothers irritate irritates".split()
)
PERSONS = frozenset("me my him his her us our them their".split())
SENSES = frozenset("taste tastes smell smells look looks feel feels sound sounds".split())
FOUL = frozenset(
    """soap feet socks dirt mud cardboard vomit sick poison death dishwater rubber slime snot medicine metal sawdust
rubbish garbage bin bleach""".split()
)
"""What a food that somebody cannot stand tastes like."""
MODALS = frozenset("could would will can might may does do really always just simply all".split())
OBJECTS = frozenset(
    "avoid avoids hate hates dislike dislikes detest detests loathe loathes despise despises skip".split()
)
FRONT = frozenset(
    """i we he she they you is are are something things thing stuff that which the one a food foods really just
simply always usually normally tend to try my husband wife son daughter kids""".split()
)
PLEASE = frozenset("please thanks thank you pls plz ta for me us now today tonight though".split())
AGREED = frozenset("yes ok okay fine good".split())
CAUSES = frozenset(
    """make makes made making give gives gave giving cause causes causing trigger triggers send sends sent put puts
land lands landed sets set aggravates aggravate worsens worsen""".split()
)
EFFECTS = frozenset(
    """sick ill sad gag ill poorly itch itchy sneeze bloated queasy nauseous unwell swell vomit puke heave wheeze
throw miserable gas wind heartburn hives rash rashes headache headaches migraine migraines reflux cramps
indigestion nausea kill hospital emergency anaphylaxis shock coma stomach throat lethal deadly toxic haram
dangerous poison spots eczema diarrhoea diarrhea bloating asthma runs trots hurl barf spew retch
chunder allergies ibs arthritis""".split()
) | SHUDDERS
LOOKS_AHEAD = frozenset("to of for from after if when with".split())
"""Last words of an allergy's cue after which the food is named."""
DEPLORED = frozenset(
    "crime criminal shame pity sin mistake wrong rude silly mad madness sacrilege foolish fool".split()
)
TROUBLES = frozenset(
    "trouble troubles problem problems issue issues difficulty difficulties struggle struggles".split()
)
"""What somebody has with a food that does not agree with them, and with much else."""
