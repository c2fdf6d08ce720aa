from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import ItemItemPart, VectorPart
from graphrec.errors import BundleMismatchError, CorruptionError, InvalidInputError, NotFoundError
from graphrec.ranking import GraphQuery, NodeRef, Recommender
from graphrec.ranking.scoring import WISHES
from graphrec.sparse import CSR
from tests.bundle.worlds import World, kitchen, random_parts

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Entry:
    item: str
    kind: str
    weight: float
    time: int | None = None


@dataclass
class Node:
    name: str | None


@dataclass
class FakeStore:
    """The reading half of a store, over plain dictionaries."""

    items: dict[str, str]
    histories: dict[str, list[Entry]] = field(default_factory=dict)
    edges: set[tuple[str, str, str]] = field(default_factory=set)
    url: str = "sqlite:///fake.db"

    def history(self, user: str) -> list[Entry]:
        return self.histories.get(user, [])

    def node(self, node_type: str, ext: str) -> Node:
        if node_type != "recipe" or ext not in self.items:
            raise NotFoundError(f"no {ext}")
        return Node(self.items[ext])

    def neighbors(self, node_type: str, node_id: str, relation: str) -> list[str]:
        return [dst for name, src, dst in self.edges if (name, src) == (relation, node_id)]

    @classmethod
    def of(cls, world: World) -> FakeStore:
        kinds = world.kinds
        return cls(
            {i: world.titles.get(i, f"Dish {i}") for i in world.items},
            {u: [Entry(i, kinds.get((u, i), "cook"), w) for i, w in chosen.items()]
             for u, chosen in world.users.items() if chosen},
            {("contains" if a.startswith("ingredient") else "of_cuisine", i, a.split(":", 1)[1])
             for i, attributes in world.items.items() for a in attributes},
        )  # fmt: skip


@pytest.fixture
def bundle():
    return kitchen().bundle()


def items_of(answer) -> list[str]:
    return [item.item for item in answer.items]


def test_the_ranking_is_the_model_s_score_without_the_seen(bundle):
    answer = Recommender(bundle).recommend("u2", k=20)
    scores = dict(zip(bundle.catalogue.item_ids, bundle.score_user(1).tolist(), strict=True))
    expected = sorted(set(kitchen().items) - {"r1", "r2", "r3"}, key=lambda i: -scores[i])
    assert items_of(answer) == expected and answer.fallback is None
    assert [i.score for i in answer.items] == pytest.approx([scores[i] for i in expected], rel=1e-5)
    assert answer.items[0].title == kitchen().titles.get(expected[0], f"Dish {expected[0]}")


@pytest.mark.parametrize(("k", "count"), [(0, 0), (1, 1), (6, 6), (7, 6), (10**9, 6)])
def test_k(bundle, k, count):
    assert len(Recommender(bundle).recommend("u1", k=k).items) == count


def test_seen_items_may_come_back(bundle):
    assert len(Recommender(bundle).recommend("u1", exclude_seen=False, k=99).items) == 8


def test_ties_go_by_external_id():
    world = World(items={i: set() for i in ("10", "9", "b", "B", "é")}, users={"u": {"10": 1.0}})
    flat = VectorPart(np.ones((1, 1), np.float32), np.ones((5, 1), np.float32))
    recommender = Recommender(world.bundle([flat]))
    assert items_of(recommender.recommend("u", exclude_seen=False)) == ["10", "9", "B", "b", "é"]
    assert items_of(recommender.recommend("u", k=2)) == ["9", "B"]


@pytest.mark.parametrize("user", ["stranger", "", "x' OR 1=1", "🍜", "idle", None])
def test_unknown_users_get_what_is_popular_and_allowed(bundle, user):
    answer = Recommender(bundle).recommend(user, must_not=["ingredient:nut"], k=3)
    assert answer.fallback == "cold_user" and answer.user == user
    assert items_of(answer) == ["r1", "r2", "r4"]  # r1 was chosen twice, the others once: by id


def test_the_arguments_add_to_a_query(bundle):
    base = GraphQuery(user="u3", must=(NodeRef("cuisine", "thai"),), k=1)
    recommender = Recommender(bundle)
    answer = recommender.recommend(None, query=base, must=["ingredient:shrimp"])
    assert items_of(answer) == ["r1"] and answer.query.k == 1 and answer.user == "u3"
    assert recommender.recommend("u1", query=base, k=5).query.k == 5
    assert recommender.recommend("u1", request="something warm").query.text == "something warm"


def test_a_wish_without_a_trained_request_scorer_lifts_what_fulfils_it(bundle):
    plain = Recommender(bundle).recommend("u1", k=20)
    wished = Recommender(bundle).recommend("u1", k=20, should=["ingredient:chicken"])
    gain = {i.item: i.score for i in wished.items}
    for item in plain.items:
        closed = kitchen().closed(item.item)
        assert (gain[item.item] - item.score > 0.01) == ("ingredient:chicken" in closed)


class Adding:
    """A request scorer to follow by hand: 5 for what has the wish, the history's length for all."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def adjust(self, query, user_index, history, candidates, base_scores):
        self.calls.append((query, user_index, history.tolist(), candidates.tolist()))
        wanted = np.isin(candidates, [3, 4]) if query.refs() else np.zeros(len(candidates), bool)
        return base_scores + 5.0 * wanted + len(history)


def test_the_trained_request_scorer_gets_everything_and_decides(bundle):
    fusion = Adding()
    recommender = Recommender(bundle, fusion=fusion)
    base = bundle.score_user(0)
    answer = recommender.recommend("u1", should=["ingredient:chicken"], k=20)
    query, user_index, history, candidates = fusion.calls[0]
    assert (user_index, history, candidates) == (0, [0, 5], [1, 2, 3, 4, 6, 7]) and query == answer.query
    scores = {i.item: i.score for i in answer.items}
    steered = base[candidates] + 2 + 5 * np.isin(candidates, [3, 4])
    wish = WISHES * (steered.max() - steered.mean())
    assert scores["r4"] == pytest.approx(base[3] + 7 + wish, rel=1e-5)
    assert scores["r2"] == pytest.approx(base[1] + 2, rel=1e-5)


def test_without_a_request_the_score_is_the_plain_one(bundle):
    fusion = Adding()
    assert Recommender(bundle, fusion=fusion).recommend("u1") == Recommender(bundle).recommend("u1")
    assert fusion.calls == []


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_request_scorer_is_a_named_error(bundle, broken):
    class Broken:
        def adjust(self, query, user_index, history, candidates, base_scores):
            return base_scores * broken

    with pytest.raises(CorruptionError, match="request scorer"):
        Recommender(bundle, fusion=Broken()).recommend("u1", request="soup")


def test_similar_items(bundle):
    recommender = Recommender(bundle)
    found = recommender.similar("r1", 3)
    assert len(found) == 3 and "r1" not in [i.item for i in found]
    assert [i.score for i in found] == sorted((i.score for i in found), reverse=True)
    assert recommender.similar("r1", 0) == [] and len(recommender.similar("r1", 99)) == 7
    with pytest.raises(NotFoundError, match="'zz'"):
        recommender.similar("zz")
    with pytest.raises(InvalidInputError, match="k must"):
        recommender.similar("r1", -1)


def test_what_the_model_does_not_know_is_similar_by_content():
    flat = VectorPart(np.ones((4, 2), np.float32), np.zeros((8, 2), np.float32))
    recommender = Recommender(kitchen().bundle([flat]))
    assert recommender.similar("r1", 1)[0].item == "r2"  # shrimp and coconut milk


def test_likeness_is_half_learned_and_half_shared_attributes():
    """r4 is what the same people chose; r2 is what is in it, too."""
    world = kitchen()
    weights = CSR.from_coo(np.zeros(2, np.int64), np.array([3, 1]), np.array([4.0, 1.0]), (8, 8))
    found = Recommender(world.bundle([ItemItemPart(weights, weight=7.0)])).similar("r1", 7)
    scores = {item.item: item.score for item in found}
    rarity = {
        name: np.log(8 / sum(name in world.closed(i) for i in world.items)) for name in world.attributes()
    }
    shared = {
        i: sum(rarity[a] for a in world.items["r1"] & own) / np.sqrt(len(own))
        for i, own in world.items.items()
    }
    best = max(value for i, value in shared.items() if i != "r1")
    for item, learned in (("r2", 0.25), ("r4", 1.0), ("r7", 0.0), ("r6", 0.0)):
        assert scores[item] == pytest.approx(0.5 * learned + 0.5 * shared[item] / best, abs=1e-6)
    assert max(scores.values()) <= 1.0


LINES = ['{"user": "u1", "k": 2}', "", '{"user": "new", "exclude_seen": false}',
         '{"user": "u2", "candidates": ["r8", "r1", "none"], "request": null}',
         '{"user": 7, "k": 1}']  # fmt: skip


def test_a_batch_keeps_order_and_shape(bundle):
    recommender = Recommender(bundle)
    answers = [json.loads(line) for line in recommender.batch(LINES)]
    assert [a["user"] for a in answers] == ["u1", "new", "u2", "7"]
    for answer in answers:
        assert list(answer) == ["user", "items", "query", "fallback"]
        assert all(list(item) == ["item", "score", "title", "reasons"] for item in answer["items"])
    assert [a["fallback"] for a in answers] == [None, "cold_user", None, "cold_user"]
    assert len(answers[0]["items"]) == 2 and len(answers[1]["items"]) == 8
    assert [i["item"] for i in answers[2]["items"]] == ["r8"]
    assert "1 of 3 candidates" in answers[2]["query"]["note"]
    single = recommender.recommend("u1", k=2).to_json()
    assert answers[0] == json.loads(json.dumps(single))


def test_a_batch_is_a_stream(bundle):
    def endless():
        while True:
            yield '{"user": "u1", "k": 1}'

    answers = Recommender(bundle).batch(endless())
    assert json.loads(next(answers)) == json.loads(next(answers))


@pytest.mark.parametrize(("line", "problem"), [
    ("{", "not JSON"), ("[]", "an object"), ("{}", 'no "user"'), ('{"user": null}', 'no "user"'),
    ('{"user": ["u"]}', "an object"),
    ('{"user": "u", "k": -1}', "k must"), ('{"user": "u", "k": "ten"}', "k must"),
    ('{"user": "u", "candidates": "r1"}', "list"), ('{"user": "u", "exclude_seen": 1}', "true or false"),
    ('{"user": "u", "must": ["thai"]}', "TYPE:VALUE"),
])  # fmt: skip
def test_a_bad_line_is_named_by_number(bundle, line, problem):
    with pytest.raises(InvalidInputError, match="Line 2 ") as caught:
        list(Recommender(bundle).batch(['{"user": "u1"}', line]))
    assert problem in str(caught.value)


def test_half_a_character_is_an_unknown_user(bundle):
    for store in (None, FakeStore.of(kitchen())):
        (line,) = Recommender(bundle, store).batch(['{"user": "\\ud800", "candidates": ["\\udfff"]}'])
        assert json.loads(line.encode("utf-8"))["fallback"] == "cold_user"


def test_an_unknown_key_is_not_silently_a_constraint(bundle):
    (line,) = Recommender(bundle).batch(['{"user": "u1", "must-not": ["ingredient:nut"]}'])
    assert "must-not" in json.loads(line)["query"]["note"]


def test_threads_get_the_same_answers(bundle):
    recommender = Recommender(bundle)
    users = ["u1", "u2", "u3", "new"] * 10
    alone = [recommender.recommend(u, must_not=["ingredient:nut"], explain=True) for u in users]
    fresh = Recommender(bundle)
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda u: fresh.recommend(u, must_not=["ingredient:nut"], explain=True), users)
    assert list(together) == alone


def test_with_a_store_history_and_names_are_live(bundle):
    store = FakeStore.of(kitchen())
    store.items["r8"] = "Renamed"
    store.histories["u1"].append(Entry("r3", "cook", 1.0))
    recommender = Recommender(bundle, store)
    answer = recommender.recommend("u1", k=20)
    assert "r3" not in items_of(answer) and answer.fallback is None
    assert {i.item: i.title for i in answer.items}["r8"] == "Renamed"


def test_a_user_of_the_store_that_the_model_never_saw_is_folded_in(bundle):
    store = FakeStore.of(kitchen())
    once = [Entry("r4", "cook", 1.0), Entry("r4", "view", 0.2), Entry("gone", "cook", 1.0)]
    store.histories["late"] = once
    answer = Recommender(bundle, store).recommend("late", k=20)
    vectors, item_item = bundle.parts
    length = np.linalg.norm(vectors.users, axis=1).mean() / np.linalg.norm(vectors.items[3])
    expected = 0.5 * (vectors.items @ (vectors.items[3] * length) + vectors.item_bias)
    expected = expected + 2 * item_item.weights.to_scipy().toarray()[3]
    assert answer.fallback == "fold_in" and len(answer.items) == 7
    for item in answer.items:
        place = bundle.catalogue.item_ids.find(item.item)
        assert item.score == pytest.approx(expected[place], rel=1e-4)


def test_a_user_that_the_store_erased_is_a_stranger(bundle):
    store = FakeStore.of(kitchen())
    del store.histories["u2"]
    answer = Recommender(bundle, store).recommend("u2", k=20)
    assert answer.fallback == "cold_user" and len(answer.items) == 8


def test_item_item_weights_alone_need_a_history():
    world = kitchen()
    part = [p for p in random_parts(world) if p.kind == "item_item"]
    store = FakeStore.of(world)
    store.histories["u1"] = [Entry("elsewhere", "cook", 1.0)]
    recommender = Recommender(world.bundle(part), store)
    assert recommender.recommend("u1").fallback == "cold_user"
    assert recommender.recommend("u2").fallback is None


def test_a_user_whose_items_the_model_does_not_know(bundle):
    store = FakeStore.of(kitchen())
    store.histories["odd"] = [Entry("elsewhere", "cook", 1.0)]
    assert Recommender(bundle, store).recommend("odd").fallback == "cold_user"


def test_another_store_is_a_named_error(bundle):
    store = FakeStore({f"other{n}": "x" for n in range(8)})
    with pytest.raises(BundleMismatchError, match=r"sqlite:///fake\.db.*'r1'"):
        Recommender(bundle, store)
    few_gone = FakeStore.of(kitchen())
    del few_gone.items["r1"]
    Recommender(bundle, few_gone)


def test_recommending_imports_nothing_heavy(tmp_path):
    kitchen().write(tmp_path / "model", random_parts(kitchen()))
    code = (
        "import sys; from graphrec.ranking import Recommender\n"
        f"r = Recommender.load({str(tmp_path / 'model')!r})\n"
        "a = r.recommend('u1', must=['ingredient:Chicken'], request='chicken', explain=True)\n"
        "assert a.items, a\n"
        "heavy = {'torch', 'scipy', 'sklearn', 'pandas', 'sqlalchemy', 'networkx', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=ROOT)
