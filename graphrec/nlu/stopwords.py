"""Words of requests that name nothing, and words that look like exclusions and are none: data only."""

from __future__ import annotations

FILLERS = frozenset(
    """a an the any some more much many another other others all both either each every really very quite so
too even ever this that these those there here it its be been being do does done eat eats eating ate
have has having had want wants wanted wanting need needs like likes liked contain contains containing
include includes including use uses using involve involves feature features put tolerate stand consume
touch digest handle process enjoy serve served get got getting add added adding taste tasting care feel
think take takes anything thing things stuff something someone somebody anyone anybody people person
kind kinds type types sort sorts form forms of whatsoever at product products item items ingredient
ingredients food foods based made from with recipe recipes dish dishes meal meals idea ideas option
options way ways one ones please allowed love loves fan fans am is are was im i me my you your he she
him her his they them their we us our to in on for into as lot lots bit little whole entire single due
severe severely serious seriously bad badly mild strictly absolutely completely totally definitely
highly deathly extremely terribly also still just right now lately anymore anyhow actually literally
honestly basically else such trace traces hint fresh raw cooked chopped sliced actual real extra""".split()
)

GENERIC = frozenset(
    """recipe dish meal food idea option thing something anything item suggestion choice dinner lunch supper
breakfast product stuff version way kind type sort variety style ingredient
inspiration""".split()
)
"""Heads that name no attribute of their own: after "nuts," they show that a new wish starts ("..., chicken
recipes")."""

STOPWORDS = FILLERS | frozenset(
    """show give find make cook cooking cooked want looking look search suggest recommend list bring help
hello hey hi alexa ok okay thanks thank cheers today tonight tomorrow evening morning night weekend weekday
weeknight week day month year and or but nor not no if when then than what which who whom whose why how
where while because since though although however can could would will shall should may might must id
ill ive im youre were hes shes theyre its lets wed weve dont cant wont go going gone come comes try
trying tried let up out off over under about around by per via after before during until again always
never often usually sometimes maybe perhaps ideally preferably possibly hopefully time times minute
minutes hour hours min mins hr hrs calorie calories cal kcal serving servings serves serve portion
portions people guests quick quickly fast easy easily simple simply good great nice best better
delicious tasty yummy favourite favorite new different interesting fun perfect lovely amazing awesome
family kid kids child children son daughter wife husband mom mum dad mother father partner friend
friends guest baby toddler boy girl boyfriend girlfriend roommate grandma grandpa home house kitchen
fridge pantry freezer table ready available left leftover well only also too ask asked tell know say
says said see plan planning plus use used using craving crave mood hungry feed feeding company party
crowd occasion couple few several half quarter dozen first second big small huge large max maximum
minimum least most less more fewer almost nearly roughly approximately instead except without avoid
avoiding side main course cuisine style type flavored flavoured flavor flavour lovers lover enough buy
bought shop store market have having mix work works working busy prep prepare preparing preparation
start end tho yeah yep yes nope nah umm um uh er hmm oh gonna wanna gotta got one two three four five
six seven eight nine ten twelve twenty thirty forty fifty sixty hundred s t m d re ve ll""".split()
)
"""Words that link to no node alone and are not worth reporting."""

FREE_NOT = frozenset(
    """feel cruelty hassle stress guilt mess trouble fuss worry risk care range carefree toll duty error hands
cage fat bpa free cost for is are get be completely totally""".split()
)
"""What stands before "free" without being an exclusion: "stress-free", "feel free"; "fat-free" is a wish,
not an ingredient."""

LESS_NOT = frozenset(
    """bone skin seed stem end price flaw effort count worth time need use help home rest un b ar a crust
stain""".split()
)
"""Stems before "-less" that exclude nothing: "boneless", "seedless"."""

NO_STYLE = frozenset(
    """offence offense disrespect biggie pressure hurry joke clue imagination
bake cook knead churn boil fail fuss frills stress hassle brainer rush problem idea doubt matter prep
mess worries worry preference one thanks way time budget limit reason roll peek stir drain simmer
rise""".split()
)
"""What follows "no" as a way of cooking or a turn of speech: "no-bake cheesecake", "no problem"."""
