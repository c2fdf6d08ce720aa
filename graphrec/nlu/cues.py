"""The words that turn the meaning of what follows or precedes them: data only, matched on `Token.word`."""

from __future__ import annotations

from enum import Enum, auto


class Cue(Enum):
    """What a cue does to the phrases around it."""

    NOT = auto()  # opens an exclusion
    NEGATOR = auto()  # a bare negation (don't, can't, isn't): opens an exclusion, and flips another one
    FREE = auto()  # "X free": excludes what stands before it
    ALLERGY = auto()  # excludes what stands before ("nut allergy") or after ("allergy to nuts")
    AFTER_NOT = auto()  # "X makes me sick": excludes what stands before it
    MUST = auto()  # "with", "using": wants what follows
    SHOULD = auto()  # "maybe", "I love": would like what follows
    AFTER_SHOULD = auto()  # "if possible": weakens what stands before it
    AFTER_NEUTRAL = auto()  # "nuts are fine": neither wants nor excludes what stands before it
    NEUTRAL = auto()  # "I don't mind": neither wants nor excludes what follows
    SOFT_NOT = auto()  # "low", "less", "not too": weakens the next phrase, excludes nothing
    STOP = auto()  # a new clause starts
    AND = auto()
    OR = auto()


def _table() -> dict[str, list[tuple[tuple[str, ...], Cue]]]:
    table: dict[str, list[tuple[tuple[str, ...], Cue]]] = {}
    for cue, block in _PHRASES.items():
        for phrase in block.replace("\n", " ").split("|"):
            words = tuple(phrase.split())
            if words:
                table.setdefault(words[0], []).append((words, cue))
    for rows in table.values():
        rows.sort(key=lambda row: -len(row[0]))
    return table


_PHRASES: dict[Cue, str] = {
    Cue.NOT: """
without|without any|w o|sin|no|none|zero|non|hold|hold the|hold off on|skip|skip the|minus|minus the
|sans|free of|free from|avoid|avoids|avoiding|avoided|except|except for|excepting|other than|leave out
|leave off|leaves out|leaving out|left out|exclude|excludes|excluding|excluded|exclusion of|omit|omits
|omitting|instead of|in place of|rather than|apart from|aside from|besides|anything but|everything but
|anything except|all but|hate|hates|hating|detest|detests|loathe|loathes|despise|dislike|dislikes
|disliking|averse to|aversion to|ditch|ditch the|drop the|lose the|cut out|cutting out|cut the|giving up
|gave up|give up|quit|quitting|off limits|stay away from|stays away from|staying away from
|steer clear of|keep away from|away from|never|nothing|nothing with|nor|neither|im out of|am out of
|were out of|are out of|ran out of|run out of|all out of|is out of|fresh out of|lack|lacking|lacks
|sick of|tired of|fed up with|bored of|bored with|had enough of|over with|devoid of|absent of
|sensitive to|sensitivity to|reacts to|react to|reacts badly to|react badly to|swell up from
|anaphylaxis from|anaphylactic to|makes no use of|forget the|forget about|remove|removing|take out
|takes out|take off|swap out|replace|replacing|replaces|substitute for|substitution for|alternative to
|alternatives to|unable to eat|unable to have|refuse to eat|refuses to eat|refuses|refuse|opposed to
|against|keep out|banned|ban|forbidden|swap|swap the|swapping|nobody likes|no one likes|nobody eats
|no one eats|nix|nix the|not a fan of|not a big fan of|not a huge fan of|not big on|not keen on|not into
|not fond of|cut down on all|abstain from|abstaining from|abstains from|anything besides
|anything other than|allergen free of|less any|hold all|pass on the|pass on|repulsed by|grossed out by
|disgusted by|squeamish about
""",
    Cue.NEGATOR: """
not|dont|do not|doesnt|does not|didnt|did not|cant|can not|cannot|couldnt|wont|will not|wouldnt
|would not|shouldnt|should not|mustnt|must not|isnt|is not|arent|are not|aint|aren|im not|am not|wasnt
|havent|have not|hasnt|nobody|no one|noone|may not
""",
    Cue.FREE: "free",
    Cue.ALLERGY: """
allergic|allergic to|allergy|allergies|allergy to|allergies to|allergen|allergens|intolerant
|intolerant to|intolerant of|intolerance|intolerances|intolerance to|intolerance for|intolerance of
|sensitivity|sensitivities|deadly allergic to|allergic reaction to|allergic reactions to|allergys
|alergic to|alergic|allergc to|alergy
""",
    Cue.AFTER_NOT: """
makes me sick|make me sick|makes me ill|make me ill|makes him sick|makes her sick|make him sick
|make her sick|makes them sick|upsets my stomach|upset my stomach|disagrees with me|disagree with me
|is off limits|are off limits|is out|are out|is a no go|are a no go|is a nono|is forbidden|are forbidden
|is not allowed|are not allowed|isnt allowed|arent allowed|not allowed|is banned|are banned|no thanks
|no thank you|is not ok|are not ok|is not okay|gives me hives|give me hives|gives me a rash
|could kill me|would kill me|will kill me|can kill me|triggers my migraine|trigger my migraines
|is a no no|are a no no|is a problem|are a problem|excluded|is excluded|are excluded
|does not agree with me|doesnt agree with me|dont agree with me|gives me heartburn|give me heartburn
|is dangerous for|are dangerous for|left out|omitted|removed|is gross|are gross|is disgusting
|are disgusting|make me gag|makes me gag|is poison to me|give me migraines|gives me migraines
|sends me to hospital
""",
    Cue.MUST: """
with|using|use|uses|used|including|include|includes|featuring|feature|features|containing|contains
|contain|that has|that have|has|have|made from|made of|made out of|made with|based on|plus|add|adding
|extra|lots of|loads of|plenty of|lot of|want|wants|need|needs|craving|crave|cravings|i got|ive got
|we got|weve got|id like|i would like|would like|wed like|we would like|theyd like|hed like|shed like
|youd like|would love|id love|wed love|w|in the mood for|up for|feel like|feeling like|fancy|only|just
|nothing but|none but|no less than|going for|call for|calls for|calling for|instead use|keep the|full of
|packed with|loaded with|topped with|stuffed with|filled with|heavy on|leftover|left over|starring
|hungry for|use up|using up|cook with|but with|still has|real|actual|must have|must include|must contain
|has to have|have to have|cant do without|cant live without|cannot live without|cant go without
|dont forget|do not forget|dont forget the|dont skip|dont skip the|do not skip|do not skip the
|dont leave out|dont leave out the|do not leave out|dont omit|dont hold|dont hold the|never skip
|never skip the|not without|never without|nothing without|cant be without|dont hold back on
|dont skimp on|do not skimp on|not skimp on|cant get enough|cant get enough of|can not get enough of
|cannot get enough of|cant go wrong with|cant say no to|cant resist|havent had|have not had|havent eaten
|havent tried|havent made|no shortage of|short of nothing but|not only|not just|why not|how about
|what about|by
""",
    Cue.SHOULD: """
maybe|ideally|preferably|possibly|perhaps|hopefully|i love|i really love|we love|loves|love|i like
|i really like|we like|likes|like|i enjoy|we enjoy|enjoy|enjoys|fond of|big fan of|huge fan of|a fan of
|fan of|prefer|prefers|preference for|partial to|bonus for|bonus if it has|something like|similar to
|along the lines of|reminds me of|in the style of|could have|could include|might have|might include
|wouldnt mind|would not mind|wouldnt say no to|bonus points for|extra points for|favorite is
|favourite is|favorites are|favourites are|favorite|favourite|adore|adores|obsessed with|crazy about
|soft spot for|such as|for example|for instance|optionally|optional|kind of like|leaning toward
|leaning towards|open to|tends to like|nice to have|i also like|really into|into|if possible with
|if you can with
""",
    Cue.AFTER_SHOULD: """
if possible|if you can|if you have it|would be nice|would be great|would be lovely|would be good
|would be a bonus|would be a plus|is a plus|is a bonus|are a plus|is optional|are optional|optional
|if available|is nice|are nice|would be ideal|wouldnt hurt|a plus|a bonus|would be awesome
|would be perfect|would be welcome
""",
    Cue.AFTER_NEUTRAL: """
is fine|are fine|is ok|are ok|is okay|are okay|is allowed|are allowed|doesnt matter|dont matter
|is no problem|are no problem|fine by me|ok|okay|fine|allowed
""",
    Cue.NEUTRAL: """
dont mind|do not mind|doesnt mind|does not mind|dont care|do not care|dont care about|no problem with
|no problems with|no issue with|no issues with|no objection to|nothing against|have nothing against
|fine with|ok with|okay with|cool with|good with|not allergic to|not allergic|isnt allergic to
|isnt allergic|no longer allergic to|arent allergic to|no allergy to|no allergies to|no allergies
|no known allergies|no intolerance to|not intolerant to|not sensitive to|can eat|can have|can tolerate
|can handle|allowed|not necessarily|doesnt need to be|does not need to be|doesnt have to be
|does not have to be|need not be|neednt be|dont need to be|dont have to be|no need to be
|no need for it to be|doesnt need to have|doesnt have to have|doesnt have to include|dont need
|do not need|not a vegetarian|not vegetarian|not vegan|not a vegan|isnt vegetarian|isnt vegan
|arent vegetarian|arent vegan|not pescatarian|not gluten free|not dairy free|not nut free|not egg free
|not sugar free|not keto|not halal|not kosher|non vegetarian|non vegan|nonvegetarian|nonveg|non veg
|doesnt matter if|does not matter if|goes with|go with|goes well with|go well with|to go with|pairs with
|pair with|pairs well with|pair well with|alongside|serve with|served with|to serve with
|dont have to avoid|dont need to avoid|no need to avoid|not avoiding|dont avoid|used to hate
|used to be allergic to|used to be vegan|used to be vegetarian|already have enough|accompany
|to accompany|complement|to complement|goes great with|go great with
""",
    Cue.SOFT_NOT: """
not too|not very|not so|not that|not overly|not super|not really|not extremely|nothing too|nothing very
|nothing overly|nothing super|less|low|low in|lower|lower in|reduced|reduce|reduce the|light on
|light on the|lighter on|easy on|easy on the|go easy on|go easy on the|not much|not a lot of|not as much
|a little less|hint of no|dont go overboard with|not loaded with|isnt too|arent too|isnt very
|dont want too much|dont like too much|dont want a lot of|doesnt have too much|without too much
|without much|with less|not heavy on|too much|too many|without too many|without a lot of|not too much
|not too many|nothing crazy
""",
    Cue.STOP: """
but|however|though|although|yet|please|thanks|i|we|you|show|give|find|make|makes|cook|get me|suggest
|recommend|list|looking|look|search|searching|bring|help|because|since|so|while|that|which|who|just|if
|when|then|let|lets|what|whats|how|where|hows|is|are|was|will|would|could|should|can|im|ive|id|were|my
|our|his|her|their|hes|shes|theyre|in|on|onto|inside|atop|for|from|today|tonight|tomorrow|instead|as|by
|to|at|until|before|after|during|alexa|hey|hi|ok|okay|thank|cheers|everything|something|anyone|whom|he
|she|they|it|ready|on the side|switch to|swap in|go for|try|do|only|has to be|it should|should be
|must be|needs to be|and i|and we|and show|and give|and make|and find|and something|and can|and could
|and also|and please|and then
""",
    Cue.AND: "and|und|n|as well as|along with|together with",
    Cue.OR: """
or|and or|or even|or any|or other|or any other|and any|and any other|or any kind of|and any kind of
|or any type of|or anything with|or anything containing|and anything with|and anything containing
|or things with|and things with|or products with|or something with|or anything made with
|or anything made from|and all|and other
""",
}

CUES = _table()

DISH_WISHES = frozenset(
    tuple(phrase.split())
    for phrase in """
want|wants|need|needs|craving|crave|cravings|id like|i would like|would like|wed like|we would like
|theyd like|hed like|shed like|youd like|would love|id love|wed love|in the mood for|up for|feel like
|feeling like|fancy|only|just|nothing but|none but|going for|hungry for|real|actual|cant do without
|cant live without|cannot live without|cant go without|cant get enough|cant get enough of
|can not get enough of|cannot get enough of|cant go wrong with|cant say no to|cant resist|havent had
|have not had|havent eaten|havent tried|havent made|why not|how about|what about|by|extra
""".replace("\n", "").split("|")
)
"""Wanting cues after which a word for a dish is the dish: "I want cookies" against "made with cookies"."""

MODALS = frozenset("can could may might would should to must gonna wanna lets let us we'll".split())
"""Before "have" they ask to eat: "can I have soup" against "I have soup"."""

AT_HAND = tuple(
    tuple(phrase.split())
    for phrase in """
in the fridge|in my fridge|in our fridge|in the pantry|in my pantry|in our pantry|in the freezer
|in my freezer|in our freezer|in the cupboard|in my cupboard|in the kitchen|in the house|at home|on hand
|to hand|left over|leftover|leftovers|to use up|lying around|laying around|that i have|i have
|that needs using|that need using
""".replace("\n", "").split("|")
)
"""What follows ingredients that somebody has."""

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
    """bake cook knead churn boil fail fuss frills stress hassle brainer rush problem idea doubt matter prep
mess worries worry preference one thanks way time budget limit reason roll peek stir drain simmer
rise""".split()
)
"""What follows "no" as a way of cooking or a turn of speech: "no-bake cheesecake", "no problem"."""
