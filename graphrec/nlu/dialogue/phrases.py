"""The closed class of things people say between requests: yes, more, the second one, start over.

All are regular expressions over the words of :func:`graphrec.nlu.tokens.tokenize`: lower case, no punctuation and no
apostrophes, one space between.
"""

from __future__ import annotations

import re


def _either(block: str) -> str:
    """One group from alternatives written over several lines."""
    return f"(?:{''.join(line.strip() for line in block.splitlines())})"


def _inside(form: str) -> re.Pattern[str]:
    """A pattern that finds a form anywhere, as whole words."""
    return re.compile(rf"(?:^| ){form}(?: |$)")


ONES = (
    "(?:ones?|recipes?|dish(?:es)?|meals?|ideas?|options?|results?|suggestions?|choices?|possibilit(?:y|ies))"
)
_SHOW = _either(
    """(?:show|give|tell|get|read|list|offer|bring)(?: me| us)?|can i (?:see|have|get)|let me (?:see|hear|have)
    |i(?:d| would) like(?: to (?:see|hear))?|i want(?: to (?:see|hear))?|do you have|have you got|got|any|are there"""
)
POLITE = _either(
    """please|alexa|hey|hi|hmm+|um+|uh+|er|well|oh|so|actually|thanks|thank you|great|cool|nice|alright|all right
    |ok|okay|then|now|and|but|can you|could you|would you|for me|maybe|perhaps"""
)

YES = _either(
    """yes please|yes i (?:am|do)|yes|yeah|yep|yup|yea|sure thing|sure|thats (?:right|correct)
    |that is (?:right|correct)|correct|right|exactly|absolutely|definitely|of course|go ahead|please do
    |do (?:it|that|so)|ok|okay|confirm(?:ed)?|affirmative|sounds (?:good|right|great)|you got it|i am|i do|it is
    |indeed|true|save (?:it|that)|remember (?:it|that)|why not|y"""
)
NO = _either(
    """no thanks|no thank you|no (?:please )?(?:dont|do not)|nope|nah|no|not really|not now|please dont
    |dont(?: do that)?|do not|negative|thats (?:wrong|not right|not what i (?:said|meant))|wrong|incorrect|false
    |cancel(?: that| it)?|never ?mind|dont (?:save|remember|store)(?: (?:it|that))?|id rather not|rather not
    |better not|n"""
)
STOP = _either(
    """stop(?: it| please| talking)?|quit|exit|bye(?: bye)?|good ?bye|good ?night|thats (?:all|it|enough)
    |that (?:is|will be) all|im done|i am done|were done|see you(?: later)?|cancel|never ?mind|shut up|nothing else
    |no more(?: thanks| please)?"""
)
HELP = _either(
    """help(?: me)?(?: out)?|what can (?:you do|i (?:say|ask)(?: you)?)|how does (?:this|it) work
    |how do(?: i| you)? use this|what do you do|i need help|what are my options"""
)
REPEAT = _either(
    """(?:can you |could you )?(?:repeat|say)(?: that| it| them| those| these)?(?: again| once more)?|again|once more
    |what was that|what did you say|pardon(?: me)?|come again|read (?:them|those|these|it) again
    |what were (?:they|those)"""
)
START_OVER = _either(
    """(?:lets |can we |i want to )?start (?:over|again|anew|fresh|from scratch|from the beginning)
    |(?:lets )?begin again|(?:start |do )?(?:a )?new (?:search|request|query)|reset(?: everything| all)?
    |clear (?:everything|all|it all|(?:the|my) (?:search|filters|list))|scrap (?:that|it|all that)|from the top
    |forget (?:all (?:of )?(?:that|this|it)|everything i (?:said|asked))
    |(?:lets )?(?:try|do) something completely different"""
)
MORE = _either(
    rf"""(?:{_SHOW} )?(?:some |any |a few |the |what are )?
    (?:more(?: of (?:them|those|these|that))?|next(?: (?:page|few|batch|three|five))?)(?: {ONES})?
    (?: like (?:these|those|that|this))?
    |what else(?: (?:do you have|have you got|is there|you got|can you offer))?|anything else|keep going|go on
    |continue|(?:{_SHOW} )?the rest(?: of (?:them|it|the list))?"""
)
ELSE = _either(
    rf"""(?:(?:{_SHOW}|try|lets (?:try|do|have|see)|how about|what about) )?
    (?:something (?:else|different|new|other)|(?:some |any )?others?(?: {ONES})?|(?:a )?different {ONES}
    |another(?: {ONES})?|alternatives|anything but (?:these|those|that))
    |(?:not|none of|no) (?:these|those|that|this|them)(?: {ONES})?
    |i (?:dont|do not) (?:like|want|fancy) (?:(?:any of )?(?:these|those|them)|that(?: one)?|it)
    |(?:skip|pass)(?: (?:it|this|that|one))?"""
)
_CHOOSE = _either(
    """(?:show|give|get|read|tell|open)(?: me| us)?(?: more)?(?: about)?
    |ill (?:take|have|go (?:with|for)|try|make|cook)|i (?:want|choose|pick|like)|id like|i would like
    |lets (?:do|make|cook|try|have|go (?:with|for)|see)|pick|choose|select|go (?:with|for)|how about|what about|take
    |try|make|cook|what is|whats|more about|tell me"""
)
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "last": -1, "final": -1, "top": 1,
}  # fmt: skip
_NTH = r"""(?P<nth>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final|top
    |\d{1,2} ?(?:st|nd|rd|th))"""
_COUNT = r"(?P<count>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})"
_NUMBERED = rf"(?:the )?(?:number|option|recipe|choice|dish|result) {_COUNT}"
SELECT = _either(rf"(?:{_CHOOSE} )?(?:(?:the |that |your )?{_NTH}(?: {ONES})?|{_NUMBERED})")
THAT_ONE = _either(
    rf"""{_CHOOSE} (?:it|that|this)(?: {ONES})?|(?:that|this) one(?: (?:sounds|looks) (?:good|great|nice))?
    |(?:that|it) (?:sounds|looks) (?:good|great|nice|delicious|perfect)"""
)
PLACE_INSIDE = _inside(_either(rf"(?:the|that|your) {_NTH} {ONES}|(?:the )?(?:number|option) {_COUNT}"))

REFINE_LEAD = _either(
    """but|and|also|plus|only|just|with|without|no|not|nothing|add|adding|include|including|use|using|remove|drop
    |leave out|leaving out|skip|hold|minus|less|fewer|more|under|below|within|in|up to|at most|at least|over|for|or
    |as long as|make (?:it|them|that|those|these)|can (?:you|we|i) make (?:it|them|that)|make sure|(?:what|how) about
    |what if|swap|replace|instead|id rather|i would rather|rather|id prefer|i prefer|prefer(?:ably)?|ideally
    |can i use|could i use|if possible|same|the same|this time|quick(?:er)?|fast(?:er)?|it should|they should
    |it (?:has|needs|must)|they (?:have|need|must)|keep|(?:go )?(?:easy|light) on"""
)
REFINE_INSIDE = _inside(
    _either(
        """this time|ones|them|those|these|as well|too|instead|instead of|among them|from those|of these|the same
        |want it|like it|have it|need it|it (?:to be|with|without)"""
    )
)
SAME_LEAD = "(?:the )?same(?: (?:thing|again|search|one|ones|kind|idea|but))*"
REPLACE_LEAD = (
    _either(
        """(?:what|how) about|make (?:it|that|them)|lets (?:do|make it|try)|id rather(?: have)?
        |i would rather(?: have)?|id prefer|i prefer|rather|change (?:it|that) to|switch(?: it| that)? to"""
    )
    + "(?! (?:with|without|adding|using|some with|something with|no|not|under|in|for|less|more))"
)
REPLACE_TAIL = re.compile(" instead$")
ADDS = _inside("(?:also|too|as well|and|plus|add|adding)")
REQUEST = _inside(
    _either(
        """show|find|give|get me|recommend|suggest|search|look for|looking for|i want|we want|i need|we need|id like
        |i would like|wed like|craving|i feel like|in the mood|what (?:can|should|could|shall|do|would|to)
        |how (?:do|can|to)|any ideas|ideas? for|recipes? (?:for|with|using)|do you have|have you got|got any
        |lets (?:cook|make)|hungry for|i have|ive got|i got|help me"""
    )
)
HEAD = _inside("(?:recipes?|dish(?:es)?|meals?|ideas?|suggestions?|food|dinners?|lunch(?:es)?)")
NO_TIME_LIMIT = _inside(
    _either(
        """(?:no|any|forget the|remove the|drop the|without (?:a|the|any)) time limit
        |time (?:doesnt|does not|dont) matter|any time is (?:fine|ok|okay)|takes? as long as
        |(?:no|not in a) (?:rush|hurry)|i have (?:time|all day)|longer is (?:fine|ok|okay)"""
    )
)
HASTE = re.compile("quick(?:er|est|ly)?|fast(?:er|est)?|short(?:er|est)?")
QUICK_ONES = _inside("(?:quick|fast|speedy) ones?")
QUICKER = _inside("(?:quicker|faster|shorter|less time|not so long|too long|takes? too long)")


def position(found: re.Match[str]) -> int:
    """The 1-based place that a match of :data:`SELECT` names; -1 for the last."""
    word = (found.group("nth") or found.groupdict().get("count") or "").rstrip()
    digits = re.match(r"\d+", word)
    return int(digits.group()) if digits else _ORDINALS[word]
