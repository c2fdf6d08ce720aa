"""The words that turn the meaning of what follows or precedes them: data only, matched on `Token.word`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from graphrec.nlu.stopwords import FILLERS, FREE_NOT, GENERIC, LESS_NOT, NO_STYLE, STOPWORDS

__all__ = [
    "AT_HAND", "CUES", "DISH_WISHES", "FILLERS", "FREE_NOT", "GENERIC", "LESS_NOT", "MODALS", "NO_STYLE", "STARTS_NOT",
    "STOPWORDS", "VERDICTS", "Cue", "by_first",
]  # fmt: skip


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
    AFTER_MUST = auto()  # "potatoes are on", "mash yes": wants what stands before it
    THAT_NOT = auto()  # "cross that off": excludes the food that was named last
    CORRECTION = auto()  # "no wait", "I meant": what follows replaces what was said before
    STOP = auto()  # a new clause starts
    AND = auto()
    OR = auto()


_NEGATIVE_VERBS = """
hate detest loathe despise dislike avoid skip omit exclude forbid prohibit refuse reject ditch eliminate remove eschew
shun boycott forgo renounce abhor dread ban axe scrap nix fear""".split()
"""Verbs whose object is not wanted; with the endings that they take."""


def _forms(verb: str) -> list[str]:
    """A verb with -s, -ing and -ed: "ban, bans, banning, banned"."""
    stem = verb[:-1] if verb.endswith("e") else verb
    if verb in ("ban", "skip", "omit", "forbid", "shun"):
        stem += verb[-1]
    third = f"{verb}es" if verb.endswith(("x", "ch")) else f"{verb}s"
    return [verb, third, f"{stem}ing", f"{stem}ed"]


def _table() -> dict[str, list[tuple[tuple[str, ...], Cue]]]:
    table: dict[str, list[tuple[tuple[str, ...], Cue]]] = {}
    listed = [
        (cue, phrase) for cue, block in _PHRASES.items() for phrase in block.replace("\n", " ").split("|")
    ]
    known = {phrase.strip() for _, phrase in listed}
    listed += [(Cue.NOT, form) for verb in _NEGATIVE_VERBS for form in _forms(verb) if form not in known]
    for cue, phrase in dict((phrase.strip(), (cue, phrase)) for cue, phrase in reversed(listed)).values():
        words = tuple(phrase.split())
        if words:
            table.setdefault(words[0], []).append((words, cue))
    for rows in table.values():
        rows.sort(key=lambda row: -len(row[0]))
    return table


_PHRASES: dict[Cue, str] = {
    Cue.NOT: """
no way im|no way i|no way hes|no way shes|no way were|no way we|no way theyre|no way am i|no chance of|no chance im
|not a chance im|no way on earth im|a no to|a no from me on|a no from us on|a no on|im over|am over|so over
|totally over|had enough|up to here with|had it up to here with|if i see|if i have to eat|if i have to look at
|if i smell|one more plate of|one more bowl of|one more bite of|clean out of|completely out of|totally out of
|kill the|no thank you to|no thanks to|thumbs down for|thumbs down to|down with|pick out the|picking out the
|picks out the|stopped eating|stopped having|stop eating|stop having|stopped buying|dont care for|do not care for
|doesnt care for|does not care for|didnt care for|never cared for|never liked|gag on|gags on|gagging on|choke on
|chokes on|should cut|must cut|to cut|and cut|have cut|had to cut|ive cut|weve cut|need to cut|keep away
|keep away the|steer around|w out|wo any|no sign of|no trace of|no hint of|not a trace of|not a hint of|in lieu of
|as opposed to|fed up of|sick to death of|bored to tears of|had my fill of|had our fill of|not another|no more
|unless it has|unless it contains|give up on|given up|given up on|giving up on|gives up|prefer no|prefer not to have
|advised against|warned off|kept off|nil|zilch|nothing involving|nothing made with|nothing made from
|nothing that has|nothing that contains|nothing that uses|stop giving me|stop suggesting|stop showing me
|quit showing me|quit suggesting|turn my nose up at|turns her nose up at|turns his nose up at|turns up his nose at
|turns up her nose at|wont go near|refuses to touch|off of|stay well away from|keep well away from|a break from
|a rest from|taking a break from|need a break from|want a break from|without|without any|w o|sin|no|none|zero|non
|hold|hold the|hold off on|skip|skip the|minus|minus the|sans|free of|free from|avoid|avoids|avoiding|avoided|except
|except for|excepting|other than|leave out|leave off|leaves out|leaving out|left out|exclude|excludes|excluding
|excluded|exclusion of|omit|omits|omitting|instead of|in place of|rather than|apart from|aside from|besides
|anything but|everything but|anything except|all but|hate|hates|hating|detest|detests|loathe|loathes|despise|dislike
|dislikes|disliking|averse to|aversion to|ditch|ditch the|drop the|lose the|cut out|cutting out|cut the|giving up
|gave up|give up|quit|quitting|off limits|stay away from|stays away from|staying away from|steer clear of
|keep away from|away from|never|nothing|nothing with|nor|neither|im out of|am out of|were out of|are out of
|ran out of|run out of|all out of|is out of|fresh out of|lack|lacking|lacks|sick of|tired of|fed up with|bored of
|bored with|had enough of|over with|devoid of|absent of|sensitive to|sensitivity to|reacts to|react to
|reacts badly to|react badly to|swell up from|anaphylaxis from|anaphylactic to|makes no use of|forget the
|forget about|remove|removing|take out|takes out|take off|swap out|replace|replacing|replaces|substitute for
|substitution for|alternative to|alternatives to|unable to eat|unable to have|refuse to eat|refuses to eat|refuses
|refuse|opposed to|against|keep out|banned|ban|forbidden|swap|swap the|swapping|nobody likes|no one likes
|nobody eats|no one eats|nix|nix the|not a fan of|not a big fan of|not a huge fan of|not big on|not keen on|not into
|not fond of|cut down on all|abstain from|abstaining from|abstains from|anything besides|anything other than
|allergen free of|less any|hold all|pass on the|pass on|repulsed by|grossed out by|disgusted by|squeamish about
|filter out|filtering out|spare me|spare us|enough with|enough of|enough of the|enough with the|sworn off|swear off
|swore off|swearing off|gone off|gone right off|went off|going off|is off|are off|am off|im off|been off
|sooner starve than|rather starve than|sooner die than|rather die than|sooner eat my hat than|rather go hungry than
|less the|save for|saving for|bar the|barring|but for|with the exception of|with exception of|excused from
|steering clear of|staying clear of|stay clear of|stay off|staying off|laying off|lay off|lay off the
|cutting back to no|weed out|leave behind|rid of|get rid of|rule out|ruling out|ruled out|do without|doing without
|go without|going without|went without|live without|me off|him off|her off|us off|them off|knock out|leave aside
|anything minus|nothing containing|bin the|scrap the|had it with|over it with|so done with|im done with|am done with
|through with|cant bear|cannot bear|cant abide|cannot abide|cant face|could not face|cant stomach|cannot stomach
|put off by|anything bar|everything bar
|all bar|nowt with|free from any|clear of|void of|not including|not counting|turned off by|avoidance of|phobia of
|terrified of|scared of|afraid of|run a mile from|phobia about|fear of|horror of|dread of|hatred of|loathing of
|loathing for|dislike of|dislike for|distaste for|revulsion for|disgust for|disgust at|nose up at|noses up at
|draw the line at|draws the line at|drew the line at|drawing the line at|count me out on|count us out on
|count me out for|count me out of|cant get past|cannot get past|cant get on with|could live without
|could happily live without|freaked out by|anti|nowhere near|hes off|shes off|theyre off|whos off|weve gone off
|hes gone off|shes gone off|been put off|gags at|gag at|retch at|retches at|shudder at|shudders at
""",
    Cue.NEGATOR: """
not|dont|do not|doesnt|does not|didnt|did not|cant|can not|cannot|couldnt|wont|will not|wouldnt|would not|shouldnt
|should not|mustnt|must not|isnt|is not|arent|are not|aint|aren|im not|am not|wasnt|havent|have not|hasnt|nobody
|no one|noone|may not
""",
    Cue.FREE: "free",
    Cue.ALLERGY: """
sick when|ill when|sick after|ill after|sick if|ill if|poorly after|poorly when|sensitive|hypersensitive
|hypersensitivity|epi pen for|epipen because of|allergic reaction|allergic|allergic to|allergy|allergies|allergy to
|allergies to|allergen|allergens|intolerant|intolerant to|intolerant of|intolerance|intolerances|intolerance to
|intolerance for|intolerance of|sensitivity|sensitivities|deadly allergic to|allergic reaction to
|allergic reactions to|allergys|alergic to|alergic|allergc to|alergy|protein allergy|protein intolerance|rash from
|a rash from|rash after|hives from|hives after|hives if|breaks out from|break out from|breaks out when
|break out when|breaks out if|break out if|breaks out in hives from|break out in hives from|swells up from
|swell up when|swells up when|swell up if|swells up if|anaphylaxis to|anaphylactic reaction to|epipen for
|bad reaction to|bad reactions to|reaction to|reactions to|throat closes with|throat closes from|ill from|sick from
|migraines from|headaches from|poorly from|reflux from|swell up from|swelling up from|swell up with|swells up with
|puff up with|puffs up with|hives with|a rash with|funny with|bloated with|bloated from|bloats from|itchy from
|itchy with|queasy from|queasy with|swell from|swells from|puff up from|puffs up from|puff up if|puffs up if
|swelling up if|swelling up when|throw up if|throws up if|hospital if|hospital after|hospital from|out in hives if
|out in hives from|out in spots if|out in spots from|wheeze if|wheezes if|wheezes from|wheeze from|itch if|itches if
|itches from|itch from|problem with|problems with|issue with|issues with|trouble with|troubles with|trouble digesting
|trouble handling|difficulty with|difficulties with|struggle with|struggles with|struggle to digest
|struggles to digest|problem|problems|issue|issues|anaphylaxis|anaphylaxis risk|anaphylactic|allergy to all
""",
    Cue.AFTER_NOT: """
is a no from|are a no from|a no from me|is off the table|are off the table|not my favourite|not my favorite
|not our favourite|not our favorite|isnt my favourite|arent my favourite|and me are not friends|and me arent friends
|and i are enemies|and i fell out|and i fall out|and i have fallen out|can go to hell|can get lost
|can get in the sea|can jog on|can do one|hater|haters|avoider|avoiders|phobic|averse|doesnt like me|dont like me
|hates me|hate me|and i dont mix|and me dont mix|dont mix with me|doesnt sit well with|does not sit well with
|dont sit well with|doesnt sit right with|plays havoc with|play havoc with|messes with my|mess with my|kills me
|kill me|would finish me off|need not apply|can do me in|gives me the ick|give me the ick|not included|not required
|not needed|not necessary|surplus to requirements|makes me sick|make me sick|makes me ill|make me ill|makes him sick
|makes her sick|make him sick|make her sick|makes them sick|upsets my stomach|upset my stomach|disagrees with me
|disagree with me|is off limits|are off limits|is out|are out|is a no go|are a no go|is a nono|is forbidden
|are forbidden|is not allowed|are not allowed|isnt allowed|arent allowed|not allowed|is banned|are banned|no thanks
|no thank you|is not ok|are not ok|is not okay|gives me hives|give me hives|gives me a rash|could kill me
|would kill me|will kill me|can kill me|triggers my migraine|trigger my migraines|is a no no|are a no no
|is a problem|are a problem|excluded|is excluded|are excluded|does not agree with me|doesnt agree with me
|dont agree with me|gives me heartburn|give me heartburn|is dangerous for|are dangerous for|left out|omitted|removed
|is gross|are gross|is disgusting|are disgusting|make me gag|makes me gag|is poison to me|give me migraines
|gives me migraines|sends me to hospital|sends him to hospital|sends her to hospital|makes my throat close
|close my throat|makes me itch|make me itch|makes me swell|make me swell|and i dont get along|and i do not get along
|and i dont get on|and me dont get along|and i are not friends|and i arent friends|dont get along with me
|not my cup of tea|is not my cup of tea|isnt my cup of tea|arent my cup of tea|not my thing|isnt my thing
|set off my hives|sets off my hives|set me off|sets me off|gives me a headache|give me headaches|is a hard pass
|is a big no|are a big no|is out of the question|turns my stomach|turn my stomach|are not happening|is not happening
|dont agree with him|dont agree with her|doesnt agree with him|doesnt agree with her|bothers my stomach
|bother my stomach|is not for me|isnt for me|arent for me|are not for me|can go in the bin|off the menu
|is off the menu|are off the menu|and i dont see eye to eye|and me dont see eye to eye|and i do not see eye to eye
|and i broke up|and i split up|and i parted ways|and i have parted ways|and i have split up|and i have broken up
|doesnt love me back|dont love me back|does not love me back|do not love me back|doesnt love me|dont love me
|doesnt like him|doesnt like her|dont like him|dont like her|hates him|hates her|is the work of the devil
|are the work of the devil|is the work of satan|are the work of satan|is my idea of hell|are my idea of hell
|is not food|isnt food|arent food|doesnt do it for me|dont do it for me|does not do it for me|freaks me out
|freak me out|freaks him out|freaks her out|freak him out|freak her out|grosses me out|gross me out|grosses him out
|grosses her out|is wasted on me|are wasted on me|can stay in the shop|can stay on the shelf|nowhere near it
|nowhere near them|nowhere near me|nowhere near my|nowhere near us|nowhere near our|nowhere near him|nowhere near her
|nowhere near the|nowhere in it|nowhere in sight|nowhere to be seen|nowhere to be found|off the table
|is the devils work|are the devils work
""",
    Cue.MUST: """
way too many|far too many|bought too many|bought too much|got too many|got too much|have too many|have too much
|have way too much|got way too much|made too much|made too many|never have too much|never have too many
|never have enough|can never have too much|can never have too many|can never have enough|cannot have too much
|couldnt do without|could not do without|couldnt live without|couldnt be without|cannot do without
|wouldnt go without|wont go without|wont do without|cannot be without|theres|there is|there are|trying to get rid of
|need to get rid of|want to get rid of|must get rid of|cant wait for|cant beat|hard to beat|nothing like
|nothing like a|nothing better than|never tire of|never tired of|never get tired of|never get sick of|never bored of
|wouldnt be without|not without my|dont be stingy with|dont be mean with|be generous with|dont stint on|go heavy on
|heaps of|tons of|bags of|a load of|substitute|sub in|subbing in|swears by|swear by|has to have|has to be|must be
|got to be|gotta be|got to have|gotta have|go big on|finish off|finish up|with|using|use|uses|used|including|include
|includes|featuring|feature|features|containing|contains|contain|that has|that have|has|have|made from|made of
|made out of|made with|based on|plus|add|adding|extra|lots of|loads of|plenty of|lot of|want|wants|need|needs
|craving|crave|cravings|i got|ive got|we got|weve got|id like|i would like|would like|wed like|we would like
|theyd like|hed like|shed like|youd like|would love|id love|wed love|w|in the mood for|up for|feel like|feeling like
|fancy|only|just|nothing but|none but|no less than|going for|call for|calls for|calling for|instead use|keep the
|full of|packed with|loaded with|topped with|stuffed with|filled with|heavy on|leftover|left over|starring
|hungry for|use up|using up|cook with|but with|still has|real|actual|must have|must include|must contain
|have to have|cant do without|cant live without|cannot live without|cant go without|dont forget|do not forget
|dont forget the|dont skip|dont skip the|do not skip|do not skip the|dont leave out|dont leave out the
|do not leave out|dont omit|dont hold|dont hold the|never skip|never skip the|not without|never without
|nothing without|cant be without|dont hold back on|dont skimp on|do not skimp on|not skimp on|cant get enough
|cant get enough of|can not get enough of|cannot get enough of|cant go wrong with|cant say no to|cant resist
|havent had|have not had|havent eaten|havent tried|havent made|no shortage of|short of nothing but|not only|not just
|why not|how about|what about|by|never say no to|never said no to|never turn down|never refuse|would never refuse
|never cooked|never made|never tried|never used|never had|never eaten|havent cooked|havent used
|no such thing as too much|no such thing as enough|never too much|cant have too much|cant have enough
|never get enough|nowhere near enough|never get enough of|never enough|what goes with|what else goes with
|what goes well with|what pairs with|what pairs well with|what would go with|what would go well with|and put|and add
|thinking maybe|thinking|was thinking|was thinking maybe|were thinking|were thinking maybe|make it|no dish without
|no meal without|nothing beats|ill take|ill have|well take|well have|id take|no way without|not skip the|dont skip on
|dont spare the|dont be shy with|dont hold back with|dont go easy on|not enough|dont have enough
""",
    Cue.SHOULD: """
not averse to|not opposed to|not against|wouldnt object to|would not object to|lean towards|leans towards|maybe
|ideally|preferably|possibly|perhaps|hopefully|i love|i really love|we love|loves|love|i like|i really like|we like
|likes|like|i enjoy|we enjoy|enjoy|enjoys|fond of|big fan of|huge fan of|a fan of|fan of|prefer|prefers
|preference for|partial to|bonus for|bonus if it has|something like|similar to|along the lines of|reminds me of
|in the style of|could have|could include|might have|might include|wouldnt mind|would not mind|wouldnt say no to
|bonus points for|extra points for|favorite is|favourite is|favorites are|favourites are|favorite|favourite|adore
|adores|obsessed with|crazy about|soft spot for|such as|for example|for instance|optionally|optional|kind of like
|leaning toward|leaning towards|open to|tends to like|nice to have|pref|who doesnt love|who doesnt like
|who does not love|who doesnt want|i also like|really into|into|if possible with|if you can with|could be|might be
|could also be|nuts about|is nuts about|are nuts about|mad about|mad for|bonkers about|crazy for|wild about
|wouldnt turn down|would not turn down|on the lines of|in the vein of|akin to|reminiscent of|close to
""",
    Cue.AFTER_SHOULD: """
preferred|is preferred|are preferred|for preference|by preference|if possible|if you can|if you have it
|would be nice|would be great|would be lovely|would be good|would be a bonus|would be a plus|is a plus|is a bonus
|are a plus|is optional|are optional|optional|if available|is nice|are nice|would be ideal|wouldnt hurt|a plus
|a bonus|would be awesome|would be perfect|would be welcome
""",
    Cue.AFTER_NEUTRAL: """
aside|notwithstanding|or not|either way|is fine|are fine|is ok|are ok|is okay|are okay|is allowed|are allowed
|doesnt matter|dont matter|is no problem|are no problem|fine by me|ok|okay|fine|allowed|are not a problem
|is not a problem|isnt a problem|arent a problem|i can live with|doesnt bother me|dont bother me|is totally fine
|are totally fine|is perfectly fine|are perfectly fine
""",
    Cue.AFTER_MUST: """
yes|yes please|yum|is on|are on|are in|is in|welcome|is welcome|are welcome|are very welcome|is very welcome
|is lovely|are lovely|it is
""",
    Cue.THAT_NOT: """
not eating it|not eating that|not eating them|not eating those|wont eat it|wont eat that|wont eat them|cant eat it
|cant eat that|cant eat them|cant have it|cant have them|cant have that|dont want it|dont want that|dont want them
|dont eat it|dont eat that|dont eat them|doesnt eat it|doesnt eat them|dont like it|dont like them|dont like those
|doesnt like it|doesnt like them|hate it|hates it|hate them|hates them|hate those|hates those|hate that
|cant stand it|cant stand them|cannot stand it|cannot stand them|cant stand those|not having it|not having that
|not touching it|wont touch it|wont touch them|get rid of it|keep it out|keep them out|keep that out|lose it
|lose them|ditch it|ditch them|ditch those|ditch that|drop it|drop them|drop that|remove it|remove them|remove that
|exclude it|exclude them|exclude that|exclude those|omit it|omit them|omit that|no thanks to that
|nothing of the sort|cut them|cut those out|anything but that|anything but those|anything but them|not those
|not them|not that stuff|none of those|none of them|none of that|cross that off|cross it off|cross those off
|cross them off|strike it off|leave it out|leave that out|leave them out|leave those out|skip it|skips it|skip that
|skip them|skip those|without it|without that|without them|without those|without any of it|without any of that
|nothing with that|nothing with it|nothing with those|nothing with them|minus that|hold it|hold that|avoid it
|avoid that|avoid them|avoids it|avoids them|avoids that|leaves it out|leaves them out|leaves that out
|doesnt have it|doesnt contain it|doesnt use it|doesnt include it|dont have it|dont use it|cut it out|cut that out
|cut them out|no more of that
""",
    Cue.CORRECTION: """
sorry|sorry i meant|or should i say|let me rephrase|make that|no wait|wait no|no sorry|sorry no|oh wait|scratch that
|strike that|ignore that|forget that|forget it|i mean|i meant|or rather|actually no|no actually|on second thought
|on second thoughts|never mind|nevermind|changed my mind|change of plan|change of plans|hang on|wait|no no|oops
|ah no|oh no|er no|um no|uh no|hmm no|correction|cancel that|disregard that|what i meant was|i should say
|actually make it|actually make that|scrap that
""",
    Cue.NEUTRAL: """
take or leave|can take or leave|could take or leave|nobody minds|no one minds|nobody cares about|no one cares about
|nobody objects to|not bothered about|not bothered by|not fussed about|not too bothered about|no fuss about
|nobody is allergic to|no one is allergic to|nobody here is allergic to|none of us is allergic to
|never had a problem with|no problem eating|happy to eat|happily eat|will eat|whether or not it has|with or without
|no need for|no need to avoid|dont mind|do not mind|doesnt mind|does not mind|dont care|do not care|dont care about
|no problem with|no problems with|no issue with|no issues with|no trouble with|no difficulty with|zero issues with
|zero problems with|nowhere near as|nowhere near so|nowhere near that|no objection to|nothing against
|have nothing against|fine with|ok with|okay with|cool with|good with|not allergic to|not allergic|isnt allergic to
|isnt allergic|no longer allergic to|arent allergic to|no allergy to|no allergies to|no allergies|no known allergies
|no intolerance to|not intolerant to|not sensitive to|can eat|can have|can tolerate|can handle|allowed
|not necessarily|doesnt need to be|does not need to be|doesnt have to be|does not have to be|need not be|neednt be
|dont need to be|dont have to be|no need to be|no need for it to be|doesnt need to have|doesnt have to have
|doesnt have to include|dont need|do not need|not a vegetarian|not vegetarian|not vegan|not a vegan|isnt vegetarian
|isnt vegan|arent vegetarian|arent vegan|not pescatarian|not gluten free|not dairy free|not nut free|not egg free
|not sugar free|not keto|not halal|not kosher|non vegetarian|non vegan|nonvegetarian|nonveg|non veg|doesnt matter if
|does not matter if|goes with|go with|goes well with|go well with|to go with|pairs with|pair with|pairs well with
|pair well with|alongside|serve with|served with|to serve with|dont have to avoid|dont need to avoid|not avoiding
|dont avoid|used to hate|used to be allergic to|used to be vegan|used to be vegetarian|already have enough|accompany
|no worries about|no worries with|no worry about|no concerns about|not worried about|as in|counts as|count as
|not that i dislike|not that i hate|not that i dont like|not that i dont love|not that i mind|used to avoid
|used to be|used to not eat|used to dislike|used to be off|no restrictions on|no trouble with|no bother with
|never bothered by|not fussy about|to accompany|complement|to complement|goes great with|go great with
""",
    Cue.SOFT_NOT: """
careful with|watch the|mindful of|sparing with|cutting down on|cut down on|cut back on|cutting back on|watching my
|watching our|limit my|limiting my|limit the|trying to eat less|eat less|eating less|less of|not too|not very|not so
|not that|not overly|not super|not really|not extremely|nothing too|nothing very|nothing overly|nothing super|less
|low|low in|lower|lower in|reduced|reduce|reduce the|light on|light on the|lighter on|easy on|easy on the|go easy on
|go easy on the|not much|not a lot of|not as much|a little less|hint of no|dont go overboard with|not loaded with
|isnt too|arent too|isnt very|dont want too much|dont like too much|dont want a lot of|doesnt have too much
|without too much|without much|with less|not heavy on|too much|too many|without too many|without a lot of
|not too much|not too many|nothing crazy
""",
    Cue.STOP: """
got|got any|have you got|do you have|ideas|after something|but|however|though|although|yet|please|thanks|i|we|you
|show|give|find|make|makes|cook|get me|suggest|recommend|list|looking|look|search|searching|bring|help|because|since
|so|so much as|while|that|which|who|just|if|when|then|let|lets|what|whats|how|where|hows|is|are|was|will|would|could
|should|can|im|ive|id|were|my|our|his|her|their|hes|shes|theyre|in|on|onto|inside|atop|for|from|today|tonight|tomorrow
|instead|as|by|to|at|until|before|after|during|its a|its an|it is a|alexa|hey|hi|ok|okay|thank|cheers|everything
|something|anyone|whom|he|she|they|it|ready|on the side|switch to|swap in|go for|try|do|only|has to be|it should
|should be|must be|needs to be|and i|and we|and show|and give|and make|and find|and something|and can|and could
|and also|and please|and then
""",
    Cue.AND: "and|und|n|as well as|along with|together with",
    Cue.OR: """
or|and or|or even|or any|or other|or any other|and any|and any other|or any kind of|and any kind of|or any type of
|or anything with|or anything containing|and anything with|and anything containing|or things with|and things with
|or products with|or something with|or anything made with|or anything made from|and all|and other
""",
}

CUES = _table()


def by_first(phrases: Iterable[tuple[str, ...]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Phrases by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(set(phrases), key=lambda words: (-len(words), words)):
        found.setdefault(phrase[0], []).append(phrase)
    return {word: tuple(rows) for word, rows in found.items()}


VERDICTS = by_first(
    tuple(phrase.split())
    for phrase in """
begone|be gone|go away|out|also no|also not|no as well|no too|disgusting|revolting|horrible|vile|awful|grim|nasty
|rank|foul|terrible|nah|naw|nae|ick|blech|eugh|bin|over my dead body|not on your life|not today|not again|not for us
|not tonight|not this time|no more|dont think so|id rather not|banned|forbidden|verboten|yuck|yuk|ew|eww|ewww|gross
|never|nope|no way|hard pass|hard no|bleh|blegh|ugh|no|no thanks|no thank you|a no|a no no|a hard no|a big no|isnt
|arent|is not|are not|not|no chance at all|not a chance|absolutely not|definitely not|certainly not|not for me
|no chance|pass|meh|god no|hell no
""".replace("\n", "").split("|")
)
"""What, as a sentence of its own, turns down the food right before it: "tofu? yuck."; longest first."""

STARTS_NOT = by_first([("enough",), ("out", "of"), ("bar",), ("off",), ("minus",)])
"""What excludes only where a clause begins: "out of eggs", "off mushrooms at the moment"."""

DISH_WISHES = frozenset(
    tuple(phrase.split())
    for phrase in """
want|wants|need|needs|craving|crave|cravings|id like|i would like|would like|wed like|we would like|theyd like
|hed like|shed like|youd like|would love|id love|wed love|in the mood for|up for|feel like|feeling like|fancy|only
|just|nothing but|none but|going for|hungry for|real|actual|cant do without|cant live without|cannot live without
|cant go without|cant get enough|cant get enough of|can not get enough of|cannot get enough of|cant go wrong with
|cant say no to|cant resist|havent had|have not had|havent eaten|havent tried|havent made|why not|how about
|what about|by|extra
""".replace("\n", "").split("|")
)
"""Wanting cues after which a word for a dish is the dish: "I want cookies" against "made with cookies"."""

MODALS = frozenset("can could may might would should to must gonna wanna lets let us we'll".split())
"""Before "have" they ask to eat: "can I have soup" against "I have soup"."""

AT_HAND = by_first(
    tuple(phrase.split())
    for phrase in """
in the fridge|in my fridge|in our fridge|in the pantry|in my pantry|in our pantry|in the freezer|in my freezer
|in our freezer|in the cupboard|in my cupboard|in the kitchen|in the house|at home|on hand|to hand|left over
|leftover|leftovers|to use up|lying around|laying around|that i have|i have|that needs using|that need using
""".replace("\n", "").split("|")
)
"""What follows ingredients that somebody has."""
