"""Taught preferences in every answer: what is hard is never broken, what is soft gives way to what is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.nlu import Recommender
from graphrec.ranking import GraphQuery, NodeRef
from graphrec.ranking.query import as_refs
from graphrec.ranking.relax import recommend_relaxed
from graphrec.store import GraphStore
from tests.bundle.worlds import World, kitchen
from tests.nlu.preferences.larder import TeachingStore, foods_of, larder

FLESH = {"meat", "poultry", "fish", "shellfish", "pork", "beef", "gelatin"}
FORBIDDEN = {
    ("diet", "diet:vegetarian"): FLESH,
    ("diet", "diet:vegan"): FLESH | {"dairy", "egg", "honey"},
    ("diet", "diet:gluten free"): {"gluten", "wheat"},
    ("diet", "diet:coeliac"): {"gluten", "wheat"},
    ("diet", "diet:kosher"): {"pork", "shellfish"},
    ("diet", "ingredient:alcohol"): {"alcohol"},
    ("allergy", "ingredient:nut"): {"nut"},
    ("allergy", "ingredient:Peanuts"): {"peanut"},
    ("allergy", "ingredient:fish"): {"fish"},
    ("allergy", "ingredient:seafood"): {"fish", "shellfish"},
    ("allergy", "ingredient:dairy"): {"dairy"},
    ("allergy", "ingredient:soy"): {"soy"},
    ("allergy", "ingredient:mushrom"): {"mushroom"},
}
"""What each may never let through, written down here and not asked from the product."""

WORLDS = {hierarchy: larder(hierarchy=hierarchy) for hierarchy in (True, False)}
STORES = {hierarchy: TeachingStore.of(world) for hierarchy, world in WORLDS.items()}
RECOMMENDERS = {h: Recommender(WORLDS[h].bundle(), STORES[h]) for h in WORLDS}
REQUESTS = st.lists(
    st.sampled_from(
        """with peanuts|shrimp or beef|salmon|pasta with parmesan|no garlic|thai|italian|maybe bacon|under 30 minutes
        |chicken with soy sauce|I love milk|something with mushrooms|without tomato|mayonnaise|egg and butter|red wine|,
        |vegetarian|nuts are fine|cheese is fine""".replace("\n", "").split("|")
    ),
    max_size=4,
).map(" ".join)
REFS = st.sampled_from(
    ["ingredient:peanut", "ingredient:beef", "ingredient:rice", "cuisine:thai", "ingredient:milk"]
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    hierarchy=st.booleans(), hard=st.lists(st.sampled_from(sorted(FORBIDDEN)), min_size=1, max_size=3, unique=True),
    soft=st.lists(st.tuples(st.sampled_from(["like", "dislike"]), REFS), max_size=3), request=REQUESTS,
    must=st.lists(REFS, max_size=2), should=st.lists(REFS, max_size=2), minimum=st.sampled_from([0, 1, 5]),
    high=st.none() | st.sampled_from([15.0, 45.0]), explain=st.booleans(),
)  # fmt: skip
def test_nothing_that_is_forbidden_is_ever_answered(
    hierarchy: bool, hard: list[tuple[str, str]], soft: list[tuple[str, str]], request: str, must: list[str],
    should: list[str], minimum: int, high: float | None, explain: bool,
) -> None:  # fmt: skip
    """Whatever is asked for, however it is relaxed: closure and parts of the whole taxonomy included."""
    world, store, recommender = WORLDS[hierarchy], STORES[hierarchy], RECOMMENDERS[hierarchy]
    store.taught.clear()
    for kind, node in [*hard, *soft]:
        store.teach("u1", kind, node)
    forbidden = set().union(*(FORBIDDEN[pair] for pair in hard))
    base = GraphQuery("u1", must=as_refs(must), should=as_refs(should), k=100, exclude_seen=False)
    if high is not None:
        base = GraphQuery.from_json({**base.to_json(), "ranges": {"total_minutes": [None, high]}})
    query = recommender.understand(request, base) if request else base
    answers = [recommender.answer(query, explain=explain)]
    if minimum:
        answers.append(recommend_relaxed(recommender, query, confidence={}, minimum=minimum)[0])
    for answer in answers:
        for item in answer.items:
            assert not foods_of(world, item.item) & forbidden, (item.item, hard)
        assert recommender.with_preferences(answer.query).must_not == answer.query.must_not, (
            "stable when asked again"
        )
    store.taught.clear()
    assert recommender.with_preferences(answers[0].query).taught == (), (
        "what is forgotten leaves a query of before"
    )


@pytest.fixture
def world() -> World:
    return kitchen()


@pytest.fixture
def store(world: World) -> TeachingStore:
    return TeachingStore.of(world)


@pytest.fixture
def recommender(world: World, store: TeachingStore) -> Recommender:
    return Recommender(world.bundle(), store)


def asked(recommender: Recommender, request: str = "", **more: object) -> tuple[list[str], GraphQuery, str]:
    answer = recommender.recommend("idle", request=request or None, k=8, **more)  # type: ignore[arg-type]
    return [item.item for item in answer.items], answer.query, answer.note or ""


def test_an_allergy_filters_and_is_said(recommender: Recommender, store: TeachingStore) -> None:
    store.teach("idle", "allergy", "ingredient:nut", "I'm allergic to nuts")
    items, query, note = asked(recommender)
    assert set(items) == {"r1", "r2", "r4", "r6", "r8"}, "r3 and r5 hold nuts, nobody knows about r7"
    assert query.must_not == query.taught == (NodeRef("ingredient", "nut"),)
    assert note.startswith("You told us that you are allergic to nuts.")
    assert asked(recommender, "something without nuts")[1].taught == (), "said by the request itself"


def test_an_allergy_wins_over_a_wish_and_a_requirement(
    recommender: Recommender, store: TeachingStore
) -> None:
    store.teach("idle", "allergy", "ingredient:nut", "I'm allergic to nuts")
    items, query, note = asked(
        recommender, "chicken with peanuts", should=["ingredient:almond", "cuisine:thai"]
    )
    assert set(items) == {"r4", "r8"}
    assert query.must == (NodeRef("ingredient", "chicken"),) and query.should == (NodeRef("cuisine", "thai"),)
    assert "'peanut' was asked for, but you told us that you are allergic to nuts." in note
    either = recommender.recommend("idle", must=[["ingredient:peanut", "ingredient:tofu"]])
    assert [i.item for i in either.items] == ["r6"] and either.query.must == (NodeRef("ingredient", "tofu"),)


def test_a_diet_forbids_and_asks_for_no_label(recommender: Recommender, store: TeachingStore) -> None:
    store.teach("idle", "diet", "diet:vegetarian")
    items, query, note = asked(recommender)
    assert items == ["r6"] and query.should == ()
    assert note.startswith("You told us that you eat vegetarian.")


def test_a_dislike_lowers_and_gives_way_to_a_wish(recommender: Recommender, store: TeachingStore) -> None:
    plain, _, _ = asked(recommender)
    store.teach("idle", "dislike", "ingredient:shrimp", "I don't like shrimp")
    items, query, note = asked(recommender)
    assert sorted(items) == sorted(plain), "nothing is filtered"
    assert plain[0] == "r1" != items[0] and plain.index("r2") < items.index("r2")
    assert query.should_not == (NodeRef("ingredient", "shrimp"),) and query.must_not == ()
    assert note == "You told us that you don't like shrimp."
    items, query, note = asked(recommender, "coconut milk and shrimp")
    assert set(items) == {"r1", "r2"} and query.should_not == query.taught == ()
    assert (
        note
        == "You told us that you don't like shrimp, but you asked for it, so it counts as wanted this time."
    )


def test_a_kind_of_the_disliked_is_a_wish_and_a_group_of_it_is_not(
    recommender: Recommender, store: TeachingStore
) -> None:
    store.teach("idle", "dislike", "ingredient:nut")
    assert asked(recommender, "with almonds")[1].should_not == ()
    store.taught.clear()
    store.teach("idle", "dislike", "ingredient:almond")
    assert asked(recommender, must=["ingredient:nut"])[1].should_not == (NodeRef("ingredient", "almond"),)


def test_a_like_raises_unless_it_is_excluded(recommender: Recommender, store: TeachingStore) -> None:
    store.teach("idle", "like", "cuisine:thai", "we love Thai food")
    _, query, note = asked(recommender)
    assert query.should == query.taught == (NodeRef("cuisine", "thai"),) and not query.has_request
    assert note == "You told us that you like thai."
    store.teach("idle", "like", "ingredient:almond")
    store.teach("idle", "allergy", "ingredient:nut")
    assert asked(recommender)[1].should == (NodeRef("cuisine", "thai"),)
    assert asked(recommender, must_not=["cuisine:thai"])[1].should == ()
    assert asked(recommender, must=["cuisine:thai"])[1].should == (), "asked for already"


def test_a_taught_dish_is_that_dish(recommender: Recommender, store: TeachingStore) -> None:
    before = asked(recommender)[0]
    store.teach("idle", "dislike", "recipe:r2")
    items, query, note = asked(recommender)
    assert query.should_not == (NodeRef("recipe", "r2"),) and items.index("r2") > before.index("r2")
    assert note == "You told us that you don't like Coconut shrimp."


def test_what_links_to_nothing_is_said(recommender: Recommender, store: TeachingStore) -> None:
    store.teach("idle", "allergy", "ingredient:zorbleberry")
    store.teach("idle", "like", "cuisine:martian")
    store.teach("idle", "diet", "diet:low carb")
    store.teach("idle", "diet", "diet:breatharian")
    items, query, note = asked(recommender)
    assert len(items) == 8 and query.must_not == query.should == query.taught == ()
    for words in ("zorbleberry", "martian", "low carb", "breatharian"):
        assert f"{words}" in note
    assert note.count("nothing in this catalogue has that name") == 4


def test_a_diet_that_is_only_a_label_prefers_what_carries_it() -> None:
    world = kitchen()
    world.items["r4"].add("keyword:low carb")
    store = TeachingStore.of(world)
    store.teach("idle", "diet", "diet:keto")
    answer = Recommender(world.bundle(), store).recommend("idle", k=8)
    assert answer.query.should == (NodeRef("keyword", "low carb"),) and answer.query.must_not == ()
    assert (
        answer.note is not None and "dishes called low carb go first, but nothing is left out" in answer.note
    )


def test_a_note_names_few_tastes_and_everything_hard(recommender: Recommender, store: TeachingStore) -> None:
    for node in ("salt", "tofu", "shrimp", "coconut milk", "peanut"):
        store.teach("idle", "dislike", f"ingredient:{node}")
    store.teach("idle", "allergy", "ingredient:almond")
    note = asked(recommender)[2]
    assert note.startswith("You told us that you are allergic to almond, that you don't like salt, that")
    assert "and that 2 more of your tastes count." in note


def test_nobody_and_no_store_are_served_as_before(world: World, store: TeachingStore) -> None:
    query = GraphQuery(k=8)
    assert Recommender(world.bundle(), store).with_preferences(query) is query and store.reads == 0
    named = GraphQuery("idle", k=8)
    assert Recommender(world.bundle()).with_preferences(named) is named
    assert Recommender(world.bundle(), TeachingStore.of(world)).answer(named).note is None


def test_a_store_without_preferences_serves_too(world: World) -> None:
    from tests.ranking.test_recommender import FakeStore

    query = GraphQuery("idle", k=8)
    assert Recommender(world.bundle(), FakeStore.of(world)).with_preferences(query) is query


def test_one_read_for_each_answer(recommender: Recommender, store: TeachingStore) -> None:
    store.teach("idle", "allergy", "ingredient:nut")
    asked(recommender, "thai", explain=True)
    assert store.reads == 1


def test_a_real_store_opened_for_reading_only_is_read_live(world: World, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with GraphStore.open(url) as writer:
        with writer.writing() as rows:
            rows.add_nodes("recipe", [(item, None) for item in world.items])
        with GraphStore.open(url, read_only=True) as reader:
            recommender = Recommender(world.bundle(), reader)
            assert "r5" in [i.item for i in recommender.recommend("ann", k=8).items]
            writer.teach("ann", "ingredient", "peanut", "allergy", "peanuts could kill me")
            answer = recommender.recommend("ann", k=8)
            assert "r5" not in [i.item for i in answer.items]
            assert answer.note is not None and "you are allergic to peanuts." in answer.note
            writer.forget_preference("ann")
            assert "r5" in [i.item for i in recommender.recommend("ann", k=8).items]
            odd = recommender.recommend("no\0id", k=8)
            assert odd.fallback == "cold_user" and odd.items
