"""A little of something, from the words to the dishes: ranked lower and never filtered."""

from __future__ import annotations

from graphrec.nlu.adapter.linking import Linker
from graphrec.nlu.adapter.maps import SlotRule
from graphrec.nlu.formats import result_from_json, result_to_json
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.recommender import Recommender
from graphrec.nlu.result import NLUResult, Slot
from graphrec.nlu.slots import slots_of
from graphrec.ranking.query import NodeRef
from tests.nlu.handler.conftest import Talk


def test_slots_carry_it_there_and_back(recommender: Recommender) -> None:
    parser = recommender.parser
    parsed = parser.parse("chicken, easy on the garlic")
    wanted, little = slots_of(parsed, parser.lexicon)
    assert (wanted.soft, wanted.polarity) == (False, 1)
    assert (little.soft, little.polarity, little.hard) == (True, -1, False)
    again = result_from_json(result_to_json(NLUResult(text=None, slots=(wanted, little))))
    assert again.slots == (wanted, little)
    meaning = Linker(recommender.parser, recommender.catalogue).link(little, SlotRule("ingredient", "node"))
    assert (
        meaning.should_not == (NodeRef("ingredient", "garlic"),) and not meaning.must_not and not meaning.must
    )
    hard = Linker(recommender.parser, recommender.catalogue).link(
        Slot("ingredient", value="garlic", polarity=-1, soft=True, hard=True), SlotRule("ingredient", "node")
    )
    assert NodeRef("ingredient", "garlic") in hard.must_not, "an allergy is never only a little"


def test_the_dishes_are_ordered_and_none_is_left_out(handler: RecipeRequestHandler) -> None:
    talk = Talk(handler, user=None)
    before = talk.say("italian dishes", k=50)
    garlic = NodeRef("ingredient", "garlic")
    held = set(handler.recommender.parser.parse("garlic").query().refs()) & {garlic}
    assert held and {i["item"] for i in before["items"]}
    after = talk.say("easy on the garlic", k=50)
    assert {i["item"] for i in after["items"]} == {i["item"] for i in before["items"]}
    assert (
        after["query"]["should_not"] == ["ingredient:garlic"] and "easy on garlic" in after["speech"].lower()
    )
    having = {
        i.item for i in handler.recommender.recommend(None, must=["cuisine:italian", garlic], k=50).items
    }
    place = {name: [n for n, i in enumerate(a["items"]) if i["item"] in having] for name, a in
             (("before", before), ("after", after))}  # fmt: skip
    assert having and len(having) < len(before["items"]) and sum(place["after"]) > sum(place["before"])
    assert talk.say("more")["query"]["should_not"] == ["ingredient:garlic"]
