"""Plans that are not about ranking: which dish, which ingredient, what is taught."""

from __future__ import annotations

import pytest

from graphrec.nlu.adapter import Adapter
from graphrec.nlu.plan import Action, Plan
from graphrec.nlu.result import Intent, NLUResult, Slot
from graphrec.ranking.query import GraphQuery, NodeRef

LIST = ("pad-thai", "best-lasagna", "soup")


def ref(text: str) -> NodeRef:
    return NodeRef.parse(text)


def said(adapter: Adapter, text: str | None, intent: str | None = None, *slots: Slot, **more: object) -> Plan:
    name = None if intent is None else Intent(intent)
    return adapter.plan(NLUResult(text=text, intent=name, slots=slots, user="u1"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "intent", "item"),
    [
        ("how long does pad thai take", "cook_time", "pad-thai"),
        ("what's the cooking time for the tomato soup", "cook_time", "soup"),
        ("what do i need for mac and cheese", "list_ingredients", "mac"),
        ("ingredients of vegetable lasagna please", "list_ingredients", "veg-lasagna"),
        ("how many calories are in banana bread", "calories", "banana-2"),
        ("something like my last lasagna but without cheese", "similar", "veg-lasagna"),
        ("something like the one i made yesterday", "similar", "veg-lasagna"),
        ("i loved the pad thai", "feedback_good", "pad-thai"),
        ("how long does the third one take", "cook_time", "soup"),
        ("how long does the last one take", "cook_time", "soup"),
        ("what goes into the lasagna", "list_ingredients", "best-lasagna"),
        ("how long does chicken with broccoli take", "cook_time", "wok"),
        ("something like chicken with broccoli, with tofu", "similar", "wok"),
        ("something like mac and cheese with bacon", "similar", "mac"),
        ("how long does it take", "cook_time", "pad-thai"),
        ("how long does it take in the oven", "cook_time", "pad-thai"),
    ],
)  # fmt: skip
def test_the_dish(adapter: Adapter, text: str, intent: str, item: str) -> None:
    """By its title, its place, among what was shown before all else, in the history, or by pointing."""
    made = said(adapter, text, intent, shown=LIST)
    assert made.item == item


@pytest.mark.parametrize(
    ("text", "intent", "number"),
    [
        ("how many calories are in pad thai", "nutrition", "calories"), ("pad thai", "calorie_count", "calories"),
        ("how much protein is in pad thai", "nutrition_info", "protein"), ("is pad thai healthy", "nutrition", None),
        ("protein and fat of pad thai", "nutrition", None), ("how long does pad thai take", "cook_time", None),
    ],
)  # fmt: skip
def test_the_number_asked_for(adapter: Adapter, text: str, intent: str, number: str | None) -> None:
    made = said(adapter, text, intent)
    assert (made.number, made.item) == (number, "pad-thai")


def test_the_dish_talked_about_last_goes_before_the_list(adapter: Adapter) -> None:
    made = said(adapter, "how long does it take", "cook_time", shown=LIST, item="mac")
    assert made.item == "mac" and made.notes == ()


def test_pointing_at_a_list_is_said(adapter: Adapter) -> None:
    """Several were shown: what was taken is told."""
    made = said(adapter, "how long does it take", "cook_time", shown=LIST)
    assert made.notes == ("I took that for 'Pad Thai'.",)


def test_an_unclear_dish_is_not_guessed(adapter: Adapter) -> None:
    made = said(adapter, "how long does lasagna take", "cook_time")
    assert made.item is None
    assert {str(r) for r in made.ambiguous[0][1]} == {"recipe:best-lasagna", "recipe:veg-lasagna"}


def test_an_unknown_dish_is_returned(adapter: Adapter) -> None:
    made = said(adapter, "how long does xyzzy take", "cook_time")
    assert (made.item, made.unlinked) == (None, ("xyzzy",))


def test_the_words_of_a_dish_are_no_wishes(adapter: Adapter) -> None:
    """Pad Thai is not "Thai"; what stands beside it is a constraint."""
    made = said(adapter, "something like pad thai without peanuts in under 30 minutes", "similar")
    assert made.query == GraphQuery(
        user="u1", must_not=(ref("ingredient:peanut"),), ranges={"total_minutes": (None, 30.0)}
    )


def test_the_dish_of_a_slot(adapter: Adapter) -> None:
    made = said(adapter, None, "similar", Slot("dish", value="Pad Thai"), Slot("diet", value="gluten free"))
    assert made.item == "pad-thai" and made.query.must == () and made.query.text == ""
    assert ref("ingredient:gluten") in made.query.must_not


def test_questions_leave_the_query_of_the_conversation_alone(adapter: Adapter) -> None:
    base = GraphQuery(user="u1", must=(ref("cuisine:thai"),))
    assert said(adapter, "how long does vegetable lasagna take", "cook_time", base=base).query == base


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("what can i use instead of butter", "butter"), ("substitute for eggs in pancakes", "egg"),
        ("i don't have buttermilk, what can i use", "buttermilk"), ("i'm out of soy sauce", "soy sauce"),
        ("can i use margarine instead of butter", "butter"), ("can i replace the milk with cream", "milk"),
        ("we ran out of parmesan cheese what now", "parmesan cheese"), ("is there an alternative to honey", "honey"),
        ("what replaces cream cheese in cheesecake", "cream cheese"), ("no yogurt at home", "yogurt"),
    ],
)  # fmt: skip
def test_what_is_to_be_replaced(adapter: Adapter, text: str, subject: str) -> None:
    """The ingredient after the turn of speech; what is to be replaced is no exclusion."""
    made = said(adapter, text, "substitute")
    assert made.subject == NodeRef("ingredient", subject) and made.query.must_not == ()


def test_exclusions_stand_beside_what_is_to_be_replaced(adapter: Adapter) -> None:
    made = said(adapter, "what can i use instead of butter in pancakes, i'm allergic to nuts", "substitute")
    assert made.subject == ref("ingredient:butter") and made.query.must_not == (ref("ingredient:nut"),)


def test_the_subject_and_the_allergy_of_slots(adapter: Adapter) -> None:
    slots = (
        Slot("allergy", value="nut"),
        Slot("ingredient", value="butter"),
        Slot("dish", value="banana bread"),
    )
    made = said(adapter, None, "SubstitutionIntent", *slots)
    assert made.subject == ref("ingredient:butter") and made.item == "banana-2"
    assert made.query.must_not == (ref("ingredient:nut"),)


def test_a_question_for_a_substitute_of_nothing_says_so(adapter: Adapter) -> None:
    made = said(adapter, "what can i use instead", "substitute")
    assert made.subject is None and made.notes


@pytest.mark.parametrize(
    ("text", "intent", "taught"),
    [
        ("i'm vegan", "teach_diet", [("diet", "diet:vegan")]),
        ("i'm allergic to peanuts but i love cheese", "teach_allergy",
         [("allergy", "ingredient:peanut"), ("like", "ingredient:cheese")]),
        ("mushrooms, what a nightmare", "teach_dislike", [("dislike", "ingredient:mushroom")]),
        ("i never eat pork", "teach_diet", [("diet", "ingredient:pork")]),
        ("i'm not allergic to nuts anymore", "forget_preference", [("allergy", "ingredient:nut")]),
        ("forget that", "forget_preference", []),
    ],
)  # fmt: skip
def test_what_is_taught(adapter: Adapter, text: str, intent: str, taught: list[tuple[str, str]]) -> None:
    made = said(adapter, text, intent)
    assert [(p.kind, str(p.node)) for p in made.preferences] == taught
    assert all(p.utterance for p in made.preferences)


@pytest.mark.parametrize(
    ("text", "action", "excluded"),
    [
        ("what can i use instead of fish sauce, i'm allergic to shellfish", "substitute", "shellfish"),
        ("show me some cookies, i'm allergic to nuts", "recommend", "nut"),
    ],
)  # fmt: skip
def test_a_request_teaches_nothing(adapter: Adapter, text: str, action: Action, excluded: str) -> None:
    """Though somebody is allergic in it: what it excludes counts for what is asked."""
    made = said(adapter, text, "teach_allergy")
    assert made.action == action and ref(f"ingredient:{excluded}") in made.query.must_not
    assert made.preferences == ()


def test_teaching_by_slots_alone(adapter: Adapter) -> None:
    """Alexa sends no words: the intent and the slots say it all."""
    slots = (
        Slot("allergen", value="peanuts"),
        Slot("diet", value="vegetarian"),
        Slot("food", value="garlic"),
    )
    made = said(adapter, None, "teach_dislike", *slots)
    assert {(p.kind, str(p.node)) for p in made.preferences} == {
        ("allergy", "ingredient:peanut"), ("diet", "diet:vegetarian"), ("dislike", "ingredient:garlic")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "slots", "position", "item"),
    [
        ("the second one", (), None, "best-lasagna"), ("the soup", (), 3, "soup"),
        (None, (Slot("position", value="2"),), 2, "best-lasagna"), ("the ninth one", (), 9, None),
        (None, (Slot("ordinal", value="third"),), 3, "soup"),
        (None, (Slot("x", "AMAZON.Ordinal", "last", "last"),), -1, "soup"),
    ],
)  # fmt: skip
def test_choosing(
    adapter: Adapter, text: str | None, slots: tuple[Slot, ...], position: int | None, item: str
) -> None:
    made = said(adapter, text, "select", *slots, shown=LIST)
    assert made.item == item and (position is None or made.position == position)


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("more", "more"),
        ("yes", "confirm"),
        ("no", "deny"),
        ("repeat", "repeat"),
        ("start_over", "start_over"),
    ],
)
def test_the_conversation(adapter: Adapter, intent: str, action: Action) -> None:
    assert said(adapter, None, intent).action == action


def test_feedback(adapter: Adapter) -> None:
    made = said(adapter, "that was awful", "feedback_bad", item="soup")
    assert (made.action, made.feedback, made.item) == ("feedback", -1, "soup")


@pytest.mark.parametrize(
    ("text", "intent", "action"),
    [
        ("how long does pad thai take", "cooking_query", "cook_time"),
        ("pad thai please", "cooking_query", "list_ingredients"),
        ("what can i use instead of butter", "nlu_fallback", "substitute"),
        ("colourless green ideas", "nlu_fallback", "fallback"),
        ("set a timer", "set_timer", "fallback"), ("find me a dinner recipe", "MyOwnIntent", "recommend"),
        ("colourless ideas", None, "fallback"),
    ],
)  # fmt: skip
def test_intents_that_say_little(adapter: Adapter, text: str, intent: str | None, action: Action) -> None:
    """The words decide where the name of the intent does not."""
    assert said(adapter, text, intent).action == action


def test_an_unknown_intent_with_foods_in_its_slots_asks_for_dishes(adapter: Adapter) -> None:
    assert said(adapter, None, "MyOwnIntent", Slot("x", value="chicken")).query.must == (
        ref("ingredient:chicken"),
    )


def test_a_novel_utterance_is_no_request(adapter: Adapter) -> None:
    result = NLUResult(text="is chicken a bird", novel=True)
    assert adapter.plan(result).action == "fallback"


def test_a_bound_without_a_dish_asks_for_dishes(adapter: Adapter) -> None:
    """ "How much" of what is not known is no question that can be answered; what has so little of it is."""
    result = NLUResult("turkey in under 30 minutes", intent=Intent("cook_time", 0.9))
    plan = adapter.plan(result)
    assert plan.action == "recommend"
    assert plan.query.ranges == {"total_minutes": (None, 30.0)}


def test_what_is_eaten_is_no_diet(adapter: Adapter) -> None:
    plan = adapter.plan(NLUResult("i do eat pork", intent=Intent("teach_diet", 0.8), user="u1"))
    assert plan.preferences == ()
