"""Intents by rule: what the library goes by until an intent model is trained.

The rules are tried in order, the most specific first, on the words of :func:`graphrec.nlu.tokens.tokenize`: lower
case, no punctuation and no apostrophes, one space between. They know the intents of `data/nlu/recipes.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from graphrec.nlu.dialogue import phrases
from graphrec.nlu.dialogue.opening import open_utterance
from graphrec.nlu.result import Intent
from graphrec.nlu.tokens import tokenize

MAX_WORDS = 60
"""Nobody teaches, answers or asks for a dish in more; a longer text is a request, if anything."""
SURE, LIKELY = 0.9, 0.7
"""Confidence of a rule that reads the whole utterance, and of one that finds a turn of speech in it."""

RECOMMEND, BY_INGREDIENT = "recommend", "search_by_ingredient"
DOMAINS: Mapping[str, str] = {
    intent: domain
    for domain, block in {
        "recipes": "recommend search_by_ingredient similar substitute list_ingredients cook_time nutrition",
        "preferences": "teach_like teach_dislike teach_diet teach_allergy forget_preference list_preferences",
        "dialogue": """feedback_good feedback_bad more something_else refine select start_over yes no help stop repeat
        greeting thanks""",
    }.items()
    for intent in block.split()
}
"""Domain of each intent that a rule can find."""

_POLITE_WHOLE = (
    ("greeting", r"(?:hello|hi|hey|howdy|good (?:morning|afternoon|evening))(?: there| alexa| again)*"),
    ("thanks", r"(?:many )?(?:thanks|thank you|thx|ta|cheers)(?: so| very| much| a| lot| again| bunch| for .*)*"),
)
_NO_REQUEST = r"(?!.*\b(?:recipes?|dinner|lunch|breakfast|dish(?:es)?|meals?|ideas?|cook|make|show|find|give)\b)"
_SPEAKER = r"(?:i|im|i am|ive|we|were|weve|(?:my|our) \w+(?: and i)?)"
_FACTS = r"(?:calories?|cals?|kcal|protein|carbs?|fat|sugar|sodium|fibre|fiber|salt|iron|vitamins?)"
_POINTED = r"(?:it|that|this|these|those|them)(?: one| recipe)?"
# Turns of speech; `^` binds them to the start, polite words and fillers being cut before.
_INSIDE: tuple[tuple[str, str], ...] = (
    ("forget_preference", r"^(?:forget|unlearn|erase|delete|remove|undo|scratch|ignore|drop|clear|cancel)\b.*\b"
     r"(?:said|told|saved|know|note|allerg\w+|diets?|preferences?|likes?|dislikes?|loves?|hates?|profile|tastes?)\b"
     r"|^(?:forget|undo|scratch|delete) (?:that|it)$|^take (?:that|it) back$|\bno longer\b|\bany ?more$"
     rf"|\bnot (?:allergic|vegan|vegetarian)\b|^{_SPEAKER} (?:do )?(?:like|eats?) .* (?:now|again|after all)$"),
    ("list_preferences", r"\bwhat\b.*\b(?:you|i|ive) (?:know|remember\w*|learn\w*|stored?|saved?|told|taught)\b"
     r"|^(?:list|show|read|tell me|what (?:are|is)|whats) (?:me )?(?:all )?(?:of )?my (?:\w+ )?"
     r"(?:preferences|allergies|diets?|dislikes|likes|tastes|profile)\b|\bdo you (?:still )?(?:remember|know)\b"
     r"|\bwhat (?:am i allergic|do i (?:like|dislike|hate)|dont i (?:like|eat))\b"),
    ("teach_allergy", rf"^{_NO_REQUEST}.*\b(?:allergic to|allerg(?:y|ies)|intoleran\w+|co?eliac\w*|anaphyla\w+)\b"
     rf"|^\w+(?: \w+)? makes? (?:me|my \w+) (?:sick|ill)$|^{_SPEAKER} (?:cant|cannot|can not) tolerate\b"),
    ("teach_diet", rf"^{_NO_REQUEST}(?:remember )?(?:that )?(?:{_SPEAKER}|put me down"
     rf"|set my diet)\b.*\b(?:vegans?|veggie"
     r"|vegetarians?|p[ei]sc[ea]tarians?|halal|kosher|keto|paleo|jain|(?:gluten|dairy) free|plant based"
     r"|low carb|diet)\b"
     rf"|^{_SPEAKER} (?:dont|do not|never|stopped|gave up|given up|only) (?:eat(?:ing)?|eats)? ?(?:any )?"
     r"(?:meat|pork|fish|animal)\b"),
    ("feedback_bad", rf"\b(?:dont|do not|didnt|did not) (?:really )?(?:like|enjoy) {_POINTED}\b|\bhated {_POINTED}\b"
     r"|^(?:that|it|this|the \w+(?: \w+)?) (?:was|is|tasted|came out|turned out)\b.*\b(?:awful|terrible|horrible|bad"
     r"|gross|disgusting|bland|boring|dry|burnt|salty|inedible|disappointing|letdown|worst|disaster|water)\b"
     r"|^(?:thumbs down|yuck|ew+|meh|(?:one|zero) stars?|(?:what a )?(?:bad|rubbish|poor"
     r"|terrible) \w+)\b|^way too\b"),
    ("feedback_good", rf"\b(?:loved?|liked?|enjoy(?:ed)?) {_POINTED}$|\bloved (?:it|that|this|the)\b"
     r"|^(?:that|it|this|the \w+(?: \w+)?) (?:was|is|tasted|came out|turned out)\b.*\b(?:delicious|tasty|great|good"
     r"|excellent|amazing|fantastic|perfect|lovely|wonderful|best|hit|keeper|yummy)\b|\bout of ten$|^(?:five|5) stars"
     r"|^(?:thumbs up|yum(?:my)?|delicious|so good|(?:really )?(?:great|good|nice|perfect) (?:choice"
     r"|pick|suggestion|recipe)"
     r")\b"),
    ("teach_dislike", r"\b(?:hates?|dislikes?|detests?|loathes?|despises?|not my thing|not (?:a (?:big |huge )?fan of"
     r"|fond of|into|keen on))\b|\b(?:cant|cannot|can not) (?:stand|bear|stomach)\b|^never (?:show|suggest|give)\b"
     r"|\b(?:dont|do not|doesnt|does not|wont) (?:ever |really )?(?:like|enjoy|care for|eat|recommend|suggest)\b"),
    ("teach_like", rf"^(?:remember |note )?(?:that )?{_SPEAKER} (?:really |just |all |absolutely |totally )?"
     rf"(?:likes?|loves?|adores?|enjoys?|prefers?)\b(?! (?:to|{_POINTED})\b)|\bfavou?rites?\b"
     r"|\b(?:fan of|fond of|(?:crazy|mad|nuts) about|obsessed with|soft spot for|lover of)\b"),
    ("substitute", r"\b(?:substitut\w+|replac\w+|swap\w*|stand in|alternatives? (?:to|for)|in place of)\b"
     r"|\b(?:can|could|should|do|what|which|works?)\b.*\binstead\b|\b(?:out of|havent got|have no|dont have|no)\b.*\b"
     r"(?:what (?:now|else)|can i)\b|\bsub \w+(?: \w+)? for\b|\buse something else\b"),
    ("nutrition", rf"\bhow (?:many|much)\b.*\b{_FACTS}\b|\b(?:nutrition\w*|calorie (?:count|content)"
     rf"|macros?)\b|^{_FACTS}"
     rf" (?:in|of|per)\b|^(?:is|are|does|do|hows?)\b.*\b(?:{_FACTS}|healthy|fattening|(?:good|bad) for (?:me|you))\b"
     r"|\bhow (?:healthy|fattening|unhealthy|bad)\b"),
    ("cook_time", r"\bhow (?:long|much time|many (?:minutes|hours))\b|\b(?:cook(?:ing)?"
     r"|prep(?:aration)?|total) time\b"
     r"|\bwhen (?:will|would|is) (?:it|that|this|the .*) (?:be )?(?:ready|done)\b|^(?:time|minutes) (?:to|for|does)\b"
     r"|^what time does\b|\btake (?:me )?(?:long|all day)\b"),
    ("list_ingredients", r"\bwhat (?:do|will|would|should|all do) (?:i|we|you) (?:need|have to buy)\b"
     r"|\bi need to make\b|\b"
     r"(?:list|read|tell me|show|give me|what are|which)\b.*\bingredients?\b|^(?:the )?ingredients?\b"
     r"|\bwhat(?:s| is| goes) in(?:side|to)?\b|\bwhat(?:s| is) .* made (?:of|from|with)\b|\bhow much .* goes in\b"
     r"|^(?:does|do|is there|are there)\b.*\b(?:contain|in (?:it|that|this)|have .* in)\b"),
    ("similar", r"\b(?:similar to|(?:something|anything|dish(?:es)?|recipes?|stuff|more|are"
     r"|is) (?:kinda |kind of |just )?like"
     r"|along the lines of|reminds? (?:me|you) of|(?:close|closest|nearest|comparable|akin) (?:thing )?to|resembl\w+"
     r"|in the (?:style|spirit|vein) of|same (?:kind|sort) (?:of \w+ )?as)\b"),
    ("refine", rf"^{phrases.REFINE_LEAD}\b|\bthis time$|\binstead$|^same\b"),
)  # fmt: skip
_WANT = re.compile(
    r"\b(?:recipes?|cook|cooking|make|bake|eat|eating|dinner|lunch|breakfast|supper|brunch|dish(?:es)?|meals?|snacks?"
    r"|dessert|food|hungry|menu|cuisine|appetizers?|starters?)\b"
)
_AT_HAND = re.compile(
    r"\b(?:with|using|use up|from|containing|that (?:has|have|uses|contains?)|i (?:have|got)|ive (?:got|only)|we have"
    r"|leftover|left over|includ\w+|in (?:my|the|our) (?:fridge|pantry|freezer|cupboard|kitchen))\b"
)


def guess(text: str) -> Intent | None:
    """The intent that a rule finds; None when none applies. Only requests by their words are found here, not by the
    foods they name.
    """
    words = " ".join(token.word for token in tokenize(text[: MAX_WORDS * 12]))
    if not words:
        return None
    if words.count(" ") < MAX_WORDS:
        said = _conversation(text, words)
        if said is not None:
            return Intent(said, SURE)
        core = _polite().sub("", words)
        for intent, pattern in _inside():
            if pattern.search(core):
                return Intent(intent, LIKELY)
    if _WANT.search(words):
        return Intent(request(text), LIKELY)
    return None


def request(text: str) -> str:
    """Which kind of request for recipes it is: by ingredients, or open."""
    words = " ".join(token.word for token in tokenize(text[: MAX_WORDS * 12]))
    return BY_INGREDIENT if _AT_HAND.search(words) else RECOMMEND


def _conversation(text: str, words: str) -> str | None:
    """What the whole utterance tells the conversation itself."""
    for intent, form in _POLITE_WHOLE:
        if re.fullmatch(form, words):
            return intent
    opening = open_utterance(text, pending=True)
    if opening.rest:
        return None
    return opening.said or {True: "yes", False: "no", None: None}[opening.reply]


@cache
def _inside() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((intent, re.compile(form)) for intent, form in _INSIDE)


@cache
def _polite() -> re.Pattern[str]:
    return re.compile(rf"^(?:{phrases.POLITE} )+")
