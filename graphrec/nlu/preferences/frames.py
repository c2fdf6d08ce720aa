"""Turns of speech in which people say what they eat: data only, matched on `Token.word` joined by blanks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Stance: TypeAlias = Literal["like", "dislike", "allergy", "avoid", "neutral", "flip"]
"""What a turn of speech says of the foods it governs; `avoid` is never eaten, `flip` turns the stance before it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A turn of speech.

    Args:
        stance: what it says.
        backward: whether it governs what stands before it ("nuts make me sick").
        pattern: its words.
    """

    stance: Stance
    backward: bool
    pattern: re.Pattern[str]


def _either(block: str) -> str:
    return f"(?:{'|'.join(part.strip() for part in block.split('|'))})".replace("\n", "")


_WHO = r"(?:me|us|him|her|them|(?:my|our) \w+)"
_NOT = _either(
    "dont|do not|doesnt|does not|didnt|did not|never|not|wont|will not|isnt|arent|aint|neither(?: of us"
    "| of them)?"
    "|nobody(?: here| in \\w+ \\w+)?|no one(?: here| in \\w+ \\w+)?|noone|none of us|im not|havent|hasnt"
    "|wasnt|werent"
)
_VERY = (
    r"(?:(?:really|very|too|so|that|just|ever|even|all|always|particularly|especially|absolutely|a|an|big|huge|great"
    r"|been|be|is|are|much of|super|terribly|usually|the biggest) )*"
)
_LIKING = _either(
    "like[sd]?|love[sd]?|luv|enjoy(?:s|ed)?|care[sd]? for|fancy|fancies|adore[sd]?|appreciate[sd]?"
    "|want to see|fans? of"
    "|fond of|keen on|big on|into|crazy about|mad about|wild about|partial to|excited about|one for"
)
_ALLERGIC = r"al+(?:erg|reg)\w*|intoleran\w+|anaphyla\w+"
_EAT = _either("eat|have|tolerate|digest|consume|process|touch|drink|handle|stomach|keep down")

_FORWARD: tuple[tuple[Stance, str], ...] = (
    ("neutral", rf"{_NOT} (?:\w+ )?(?:mind|(?:{_ALLERGIC})(?: to)?|hate|dislike|detest|sensitive to|avoid)"
     r"|no (?:known )?(?:food )?(?:allerg\w+|intoleran\w+)(?: to)?|used to(?: \w+)?|no problem with|fine with"
     r"|ok with|okay with"
     r"|can (?:eat|drink|have|tolerate|handle)"),
    ("flip", "but not|and not|but no|but never|just not|though not|only not|not|except(?: for)?|apart from"
     "|other than"
     "|besides|aside from|excluding|with the exception of"),
    ("like", r"(?:cant|cannot|can not|couldnt|could not) (?:get enough(?: of)?|live without|resist|do without"
     r"|go without"
     r"|say no to)"),
    ("dislike", rf"{_NOT} {_VERY}{_LIKING}|(?:cant|cannot|can not|couldnt) (?:stand|bear|abide|stomach|take)"
     r"(?: the (?:taste|smell|texture|sight|thought) of)?|hate[sd]?|dislike[sd]?|detest(?:s|ed)?|loathe[sd]?"
     r"|despise[sd]?"
     r"|abhor(?:s)?|averse to|aversion to|dislike (?:of|for)|grossed out by|disgusted by|repulsed by"
     r"|put off by"),
    ("allergy", rf"(?:{_ALLERGIC}) (?:to|against|for|of)|(?:{_ALLERGIC})(?= \w+ (?:and|or)\b)"
     rf"|(?:{_ALLERGIC})$"
     rf"|(?:cant|cannot|can not|couldnt|mustnt|must not|should not|shouldnt|not able to|unable to"
     rf"|isnt able to"
     rf"|not allowed(?: to)?|not supposed to|may not|never allowed to) (?:even |ever |really )?{_EAT}"
     r"|sensitiv\w+ to|reacts? (?:\w+ )?to"
     r"|(?:gets?|feels?|got) (?:very |really )?(?:sick|ill|hives|a rash|migraines|nauseous) (?:from"
     r"|when \w+ (?:eat|have)s?)"
     r"|(?:breaks?|broke) out (?:in \w+ )?(?:from|when \w+ (?:eat|have)s?)|swells? up (?:from|when \w+ eats?)"
     r"|(?:sick|ill|hospital|hives|the er|reactions?|vomit|throw up) (?:\w+ )?(?:if|when|whenever) \w+ (?:eat"
     r"|have|touch)s?"),
    ("avoid", rf"{_NOT} (?:\w+ )?(?:eats?|drinks?|touch(?:es)?|consumes?|cooks? with|buys?|uses?|do)"
     r"|avoid(?:s|ing|ed)?|(?:gave|gives?|given|giving) up(?: eating)?|cut(?:s|ting)? out(?: all)?"
     r"|abstain(?:s|ing)? from"
     r"|(?:stay|stays|staying|steer|steers|keep|keeps|keeping) (?:away|clear|off)(?: from| of)?"
     r"|(?:im|am|is|are|were|hes|shes|been|went|gone) off|(?:stopped|quit)(?: eating| drinking| having)?"
     r"|(?:no longer) (?:eats?|drinks?|buys?|touch(?:es)?)|(?:always|usually) leaves? out|leaves out|never any"
     r"|never (?:ever )?(?:show|suggest|give|recommend|offer|serve|feed|propose|pick|bring)(?: me| us)?"
     r"|eats? (?:\w+ )?(?:everything|anything|all foods?|most things) (?:except|but|apart from|besides)(?: for)?"
     r"|no(?= (?:\w+ ){1,5}(?:ever(?: again)?|in (?:this|our|my) (?:house|home|kitchen|household)|at all)$)"),
    ("like", r"love[sd]?|luv|loves|adore[sd]?|enjoy(?:s|ed)?|likes|liked|prefers?|fond of|fans? of"
     r"|crazy about|mad (?:about|for)|digs?"
     r"|obsessed with|partial to|soft spot for|keen on|big on|really into|im into|am into|were into|is into"
     r"|are into"
     r"|addicted to|live for|swear by|nothing beats|(?:sucker|weakness) for|(?:have|has|got) a thing for"
     r"|(?:could|can) eat(?= .*\b(?:every ?day|all day|daily|forever|every week))"
     r"|favou?rites? (?:\w+ ){0,2}(?:is|are)"
     r"|(?:i|we|they|he|she|both|all|really|always|also|generally|usually|mostly|do|does|especially|totally|absolutely"
     r"|actually|honestly|only|just|still|kids|children|boys|girls|parents|us|folks|twins|grandparents"
     r"|(?:my|our|the) \w+) like"),
)  # fmt: skip
_TASTE = (
    r"(?:is|are|tastes?|smells?)(?: (?:just|so|really|absolutely|too|pretty|quite|totally|always|to me))*"
)
_BACKWARD: tuple[tuple[Stance, str], ...] = (
    ("allergy", rf"(?:(?:could|would|will|can|may) )?(?:makes?|kills?|hurts?) {_WHO} ?"
     r"(?:sick|ill|throw up|vomit|itch|swell(?: up)?|break out)?(?! happy)"
     rf"|(?:gives?|gave) {_WHO} (?:a |an |bad |the )?(?:hives|rash|migraines?|headaches?|heartburn|cramps"
     rf"|stomach\w*|runs)"
     rf"|(?:doesnt|does not|dont|do not|disagrees?)(?: agree)? with {_WHO}|upsets? (?:my|our|her|his) stomach"
     rf"|(?:is|are) poison (?:to|for) {_WHO}|(?:is|are) dangerous for {_WHO}|triggers? my \w+"
     r"|allerg(?:y|ies|ic)|intoleran(?:ce|ces|t)|sensitivit(?:y|ies)"),
    ("dislike", rf"{_TASTE} (?:disgusting|gross|yuck\w*|nasty|awful|horrible|revolting|terrible|vile|foul|bad|the worst"
     rf"|like (?:soap|dirt|mud|feet|cardboard|grass|metal|medicine|nothing)"
     r"|not (?:for (?:me|us)|(?:my|our) (?:thing|favou?rite|cup of tea)))|revolting|disgusting|makes? (?:me"
     r"|us) gag"
     r"|arent (?:for (?:me|us)|(?:my|our) thing)|isnt (?:for (?:me|us)|(?:my|our) thing)|gross \w+ out"),
    ("like", rf"makes? {_WHO} (?:so |really )?happy|lovers?|person|fanatics?|addicts?|{_TASTE} (?:delicious"
     rf"|great|lovely|wonderful|amazing|yummy|tasty|the best|awesome|fantastic|brilliant"
     r"|(?:my|our|his|her|their) (?:\w+ )?(?:favou?rites?|thing))"),
    ("avoid", r"(?:is|are) (?:off limits|a no ?go|forbidden|not allowed|banned|out of the question|taboo)"),
)  # fmt: skip

FRAMES: tuple[Frame, ...] = tuple(
    Frame(stance, backward, re.compile(rf"(?<![^ ])(?:{words})(?![^ ])"))
    for backward, table in ((True, _BACKWARD), (False, _FORWARD))
    for stance, words in table
)
"""Of two that begin at one word the longer counts, of equally long ones the first."""

_POLITE = (
    r"(?:(?:please|ok|okay|no|hey|alexa|oh|actually|can you|could you|you can|you may|and|now|well|so) )*"
)
LATEST = re.compile(
    rf"{_POLITE}(?:forget|undo|delete|scratch|erase|unlearn|take back|cancel|remove|drop) "
    r"(?:that|it|this|(?:what|the last thing) (?:i|we) (?:just )?(?:said|told you)|the last (?:one|thing"
    r"|preference))"
    r"(?: please| again| then| thanks)*"
)
EVERY = re.compile(
    rf"{_POLITE}(?:forget|delete|erase|clear|remove|reset|unlearn|wipe) (?:about )?"
    r"(?:everything (?:you (?:know|remember|stored|learned)|about me|i (?:ever )?(?:told|said|taught))"
    r"|(?:all|all of) (?:of )?(?:my|our) (?:\w+ )?(?:preferences|tastes|allergies and \w+|settings|diets)"
    r"|(?:all|what) (?:that )?you (?:know|remember) about (?:me|us)|(?:my|our) (?:preferences|tastes)).*"
)
FORGET = re.compile(
    rf"{_POLITE}(?:forget|undo|delete|scratch|erase|unlearn|take back|remove|drop)(?: about)? "
    r"(?=(?:that (?:i|im|ive|we|were|weve|my|our|hes|shes|they|theyre|he|she)\b|what (?:i|we) (?:said|told)"
    r"|(?:my|the|our|his|her)\b.*\b(?:allerg\w*|diets?|dislikes?|preferences?|intoleran\w*|likes?|love|hate"
    r"|hatred|taste)\b"
    r"|(?:me|us) being))"
)
RELEASE = re.compile(
    rf"(?<![^ ])(?:(?:{_NOT}|no longer) (?:\w+ )?(?:{_ALLERGIC}|hates?|dislikes?|avoid(?:s|ing)?|keeps?"
    rf"|follows?|on|vegan"
    r"|vegetarian|pescatarian|kosher|halal|keto|coeliac|celiac|veggie)\b.*\b(?:any ?more|after all|now)"
    r"|no longer (?:a |an |being |on |keep\w* |follow\w* |eat\w* )?(?:\w+ )?(?:vegan|vegetarian|veggie"
    r"|pescatarian|kosher"
    rf"|halal|keto|coeliac|celiac|jain|paleo|gluten free|dairy free|{_ALLERGIC}|hates?|dislikes?|avoid\w*)"
    r"|outgr(?:ew|own|ows)|(?:stopped|quit) being|(?:can|could) (?:\w+ )?(?:eat|have|tolerate|drink"
    r"|handle)\b.*"
    r"\b(?:again|now|after all)|(?:eats?|drinks?|having|eating) .*\bagain)(?![^ ])"
)
"""What takes a preference back without saying "forget"."""

REQUEST = re.compile(
    rf"^{_POLITE}(?:do|does|did|can|could|what|whats|which|how|hows|is|are|am|will|would|should|where|why"
    rf"|when|who|give|get"
    r"|bring|make|cook|serve|prepare|tell|read|any|add|use|skip|hold|leave|lets)(?![^ ])"
    r"|(?<![^ ])(?:(?<!never )(?:show|suggest|recommend|search|list)"
    r"|find (?:me|us|a|an|some|something|any|recipes?)|look(?:ing)? for|(?:i|we) (?:\w+ )?(?:want|need)"
    r"|(?:id|wed|i would|we would|would) (?:\w+ )?(?:like|love|prefer)|craving|in the mood|feel like"
    r"|(?:im|were|i am|we are) (?:making|cooking|baking|having|serving)"
    r"|(?:friends?|guests?|visitors?|company|coming|visiting)"
    r"|for (?:some(?:one|body)|an?|my|our|the) (?:\w+ )?(?:kid|child|person|toddler|party|group|crowd|who|that)"
    r"|(?<!live )(?<!do )(?<!go )(?<!be )without|in the group|at the table|wants?|wanted"
    r"|(?:so|and|then|please|just|now|you) (?:give|get|bring|make|cook|find|show|pick|choose|do)"
    r"|(?:can|could) (?:you|i|we)"
    r"|fancy some"
    r"|(?:that|this|the|a) (?:recipe|dish|one)|tonight|today|tomorrow|this (?:time|week|evening|weekend"
    r"|morning|once)"
    r"|right now|for now|at the moment|for (?:dinner|lunch|breakfast|supper|dessert)|in the fridge|left ?over"
    r"|out of|instead"
    r"|what can|what should|how about|what about|some ideas)(?![^ ])"
)
"""Asks for something now: what such a sentence says holds for once, and is kept by the request itself."""

NEVER = re.compile(
    rf"^{_POLITE}(?:i |we )?never (?:ever )?(?:show|suggest|give|recommend|offer|serve|propose|bring)\b"
)
LIVES = re.compile(
    r"(?<![^ ])(?:im|i am|ive|were|we are|weve|is|are|am|be|been|being|became|becomes?|becoming|turned"
    r"|turning|went|gone|go"
    r"|goes|going|keeps?|eats?|eat only|follows?|following|have|has|had|on an?|hes|shes|theyre)(?![^ ])"
)
"""What makes the name of a diet a way of life rather than a wish for one dish."""

NOT_LIVED = re.compile(rf"(?:{_NOT}|no longer|used to be|arent|stopped being)(?: \w+)? ?$")
NEGATORS = frozenset(
    """no not never neither nor nobody noone none cant cannot dont doesnt didnt wont wouldnt isnt arent aint hardly
    rarely without""".split()
)
"""Before a word of liking they turn it, wherever they stand in the clause: "I can't say that I like kale"."""

PRONOUNS = frozenset("it them those these that".split())
NO_FOOD = frozenset(
    """last monday tuesday wednesday thursday friday saturday sunday work school people life cooking baking
    job weather music movie tv traffic cat dog pet animal hair pollen dust mold mould latex penicillin aspirin
    bee wasp sting perfume medication medicine drug antibiotic sun grass nickel religious reason takeaway
    sorry thank please season green red white black morning evening person thing idea lot way time kitchen
    home cleaning dish""".split()
)
"""What people like, hate and are allergic to and never eat."""

APART = frozenset({"but", "however", "though", "although", "yet", "while", "whereas"})
JOINED = frozenset("and or nor n plus with".split())
