"""Requests in words against a ranked catalogue: nothing excluded ever comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.nlu import Recommender
from graphrec.ranking.query import NodeRef
from tests.bundle.worlds import World, kitchen

PHRASES = st.lists(
    st.sampled_from(
        [
            "no nuts", "without almonds", "allergic to shellfish", "peanut-free", "vegetarian", "no chicken",
            "with salt",
            "chicken or tofu", "maybe thai", "under 30 minutes", "thai", "hold the tofu",
            "I can't eat shrimp",
            ".", ",",
            "but", "and", "coconut milk", "no tree nuts", "vegan", "no salt", "something quick", "snargle",
            "no blorf",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return kitchen()


@pytest.fixture(scope="module")
def recommender(world: World, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    return Recommender.load(world.write(tmp_path_factory.mktemp("bundles") / "kitchen"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=PHRASES, explicit=st.sampled_from([(), ("ingredient:nut",), ("ingredient:chicken",)]))
def test_no_answer_holds_an_excluded_ingredient_closure_included(
    recommender: Recommender, world: World, request: str, explicit: tuple[str, ...]
) -> None:
    answer = recommender.recommend("idle", request=request, must_not=explicit, k=8)
    parsed = recommender.parse(request)
    excluded = {str(r) for r in parsed.must_not} | set(explicit)
    assert set(map(str, answer.query.must_not)) == excluded
    for item in answer.items:
        assert not world.closed(item.item) & excluded
        assert world.items[item.item] and not (excluded and item.item == "r7")  # r7: ingredients unknown
        for wanted in answer.query.must:
            options = wanted if isinstance(wanted, tuple) else (wanted,)
            assert world.closed(item.item) & {str(o) for o in options}


def test_words_join_explicit_constraints(recommender: Recommender) -> None:
    answer = recommender.recommend(
        "idle", request="chicken recipes without nuts", must=["cuisine:italian"], must_not=["ingredient:tofu"]
    )
    assert [i.item for i in answer.items] == ["r4"]
    assert answer.query.must == (NodeRef("cuisine", "italian"), NodeRef("ingredient", "chicken"))
    assert {r.id for r in answer.query.must_not} == {"tofu", "nut"}


def test_an_exclusion_that_names_nothing_is_said_in_the_answer(recommender: Recommender) -> None:
    answer = recommender.recommend("idle", request="no zorbleberries")
    assert answer.note is not None and "zorbleberries" in answer.note


def test_a_number_that_no_item_has_is_said_and_not_filtered_by(recommender: Recommender) -> None:
    answer = recommender.recommend("idle", request="chicken for 4 people under 30 minutes", k=8)
    assert [i.item for i in answer.items] == ["r4"]
    assert answer.query.ranges == {"total_minutes": (None, 30.0)}
    assert answer.note is not None and "servings" in answer.note


def test_a_vegetarian_answer_keeps_clear_of_flesh(recommender: Recommender) -> None:
    items = [i.item for i in recommender.recommend("idle", request="something vegetarian", k=8).items]
    assert items == ["r6"]


def test_a_known_food_without_a_node_excludes_its_group(recommender: Recommender) -> None:
    answer = recommender.recommend("idle", request="no macadamias", k=8)
    assert "r3" not in {i.item for i in answer.items}
    assert answer.note is not None and "macadamias" in answer.note


def test_understanding_a_request_imports_no_torch_and_no_learner(world: World, tmp_path: Path) -> None:
    world.write(tmp_path / "bundle")
    code = (
        "import sys; from graphrec import Recommender; "
        f"r = Recommender.load({str(tmp_path / 'bundle')!r}); "
        "r.recommend('u1', request='thai without nuts'); "
        "print(sorted({'torch', 'sklearn', 'pandas', 'networkx', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
