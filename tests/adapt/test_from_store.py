from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.adapt.features import TextFeatureConfig
from graphrec.adapt.from_store import StoreData, StoreTask, domain_data
from graphrec.encoders.feature_set import write_feature_set
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store.snapshot import GraphSnapshot
from graphrec.text.tfidf import TfidfConfig
from tests.adapt.store_world import DISHES, SHOPS, dish, kind, salt, snapshot_of

INPUTS = TextFeatureConfig(dim=8, wide=64, tfidf=TfidfConfig(bucket_bits=(10, 10, 10)))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> GraphSnapshot:
    return snapshot_of(tmp_path_factory.mktemp("world"))


def task(**changes: Any) -> StoreTask:
    given: dict[str, Any] = {
        "node_type": "dish", "domain": "shop", "label": "kind", "sources": ("north", "hill"),
        "graph": "relation:near", "inputs": INPUTS,
    }  # fmt: skip
    return StoreTask(**given | changes)


def rows_by_id(found: StoreData) -> dict[str, int]:
    return {ident: row for row, ident in enumerate(found.ids)}


def test_rows_are_the_nodes_with_one_domain_and_a_description(snapshot: GraphSnapshot) -> None:
    found = domain_data(snapshot, task())
    assert set(found.ids) == {dish(shop, n) for shop in SHOPS for n in range(DISHES)}
    names = [found.data.graph.names[number] for number in found.data.domain.tolist()]
    assert [ident.partition("-")[0] for ident in found.ids] == names
    assert [snapshot.ids("dish")[node] for node in found.nodes.tolist()] == list(found.ids)
    expected = {
        "nodes": 83,
        "in several domains": 1,
        "without a domain": 1,
        "without inputs": 1,
        "used": 80,
        "labels learned": 30,
        "labels held out": 2,
    }
    assert {key: found.about[key] for key in expected} == expected
    assert found.data.hops.tolist() == [0, 0, 1, 2, 3]


def test_only_sources_have_labels_and_a_tenth_of_each_is_held_out(snapshot: GraphSnapshot) -> None:
    found = domain_data(snapshot, task(held_out=0.25))
    assert found.outputs == ("savoury", "sweet")
    for row, ident in enumerate(found.ids):
        shop, _, number = ident.partition("-")
        right = found.outputs.index(kind(int(number)))
        assert found.truth[row] == right
        shown = shop in ("north", "hill") and not found.held_out[row]
        assert found.data.y[row] == (right if shown else -1)
    held = [found.ids[row].partition("-")[0] for row in np.flatnonzero(found.held_out)]
    assert sorted(held) == ["hill"] * 4 + ["north"] * 4
    assert {found.ids[row].partition("-")[0] for row in found.target_rows} == {"centre", "river", "south"}
    other = domain_data(snapshot, task(held_out=0.25, seed=1))
    assert (other.held_out != found.held_out).any()


def test_labels_of_targets_change_nothing_that_training_sees(snapshot: GraphSnapshot, tmp_path: Path) -> None:
    """The same store without any label in the target shops: also the graph by similarity is the same."""
    blind = snapshot_of(tmp_path, hidden=("centre", "river", "south"))
    for graph in ("relation:near", "similarity"):
        one, other = domain_data(snapshot, task(graph=graph)), domain_data(blind, task(graph=graph))
        np.testing.assert_array_equal(one.data.x, other.data.x)
        np.testing.assert_array_equal(one.data.y, other.data.y)
        np.testing.assert_array_equal(one.data.graph.adjacency, other.data.graph.adjacency)
        assert one.outputs == other.outputs
        assert (one.truth[one.target_rows] >= 0).all() and (other.truth[other.target_rows] == -1).all()


def test_numbers_are_learned_as_they_are(snapshot: GraphSnapshot) -> None:
    found = domain_data(snapshot, task(label="salt"))
    assert found.outputs == ("salt",) and found.data.num_classes is None
    row = rows_by_id(found)
    assert found.truth[row[dish("south", 3)], 0] == pytest.approx(salt(3))
    assert np.isnan(found.data.y[found.target_rows]).all()
    assert found.data.labelled.sum() == 2 * (DISHES - DISHES // 10)


def test_a_class_that_no_source_has_is_never_learned_but_counts_as_missed(snapshot: GraphSnapshot) -> None:
    """As domains: the two regions. As classes: shops. Sources in the east know two of the five."""
    found = domain_data(
        snapshot, task(domain="region", label="sold_in", sources=("East",), graph="similarity", held_out=0.0)
    )
    assert found.outputs == ("hill", "north") and found.data.num_classes == 2
    assert set(found.truth[found.target_rows].tolist()) == {2}
    assert found.data.y.max() == 1


def test_features_stand_in_for_texts(snapshot: GraphSnapshot, tmp_path: Path) -> None:
    ids = [dish(shop, n) for shop in reversed(SHOPS) for n in range(DISHES)]
    ids.remove(dish("river", 7))
    rows = np.arange(len(ids) * 3, dtype=np.float32).reshape(-1, 3) + 1
    folder = write_feature_set(tmp_path / "features", rows, ids, method="counting")
    found = domain_data(snapshot, task(), folder)
    assert found.description is None and found.about["inputs"].startswith("counting features ")
    place = rows_by_id(found)
    assert set(place) == set(ids)
    for ident in (dish("south", 0), dish("north", 15)):
        np.testing.assert_array_equal(found.data.x[place[ident]], rows[ids.index(ident)])
    with pytest.raises(InvalidInputError, match="name one of the two"):
        domain_data(snapshot, task(text=("name",)), folder)


@pytest.mark.parametrize(
    ("field", "role"), [("of_kind", "label"), ("sold_in", "domain"), ("region", "domain")]
)
def test_what_tells_the_answer_describes_no_node(snapshot: GraphSnapshot, field: str, role: str) -> None:
    domain = {"domain": "region", "sources": ("east",), "graph": "similarity"} if field == "region" else {}
    with pytest.raises(InvalidInputError, match=f"'{field}' tells the {role} itself"):
        domain_data(snapshot, task(text=("name", field), **domain))


def test_what_cannot_be_learned_is_said(snapshot: GraphSnapshot) -> None:
    with pytest.raises(NotFoundError, match="no domain 'moon'"):
        domain_data(snapshot, task(sources=("moon",)))
    with pytest.raises(InvalidInputError, match="No source is named"):
        domain_data(snapshot, task(sources=()))
    with pytest.raises(InvalidInputError, match="Every domain is a source"):
        domain_data(snapshot, task(sources=SHOPS))
    with pytest.raises(InvalidInputError, match="every dish in the sources is north"):
        domain_data(snapshot, task(label="sold_in", sources=("north",)))
    with pytest.raises(NotFoundError, match="no text 'recipe'"):
        domain_data(snapshot, task(text=("recipe",)))


def test_sources_without_labels_are_refused(tmp_path: Path) -> None:
    blind = snapshot_of(tmp_path, hidden=("hill",))
    with pytest.raises(InvalidInputError, match="'hill' has no labelled row"):
        domain_data(blind, task())


def test_by_default_no_text_tells_the_answer(snapshot: GraphSnapshot) -> None:
    """`description` is one of the usual texts, unless it is what is predicted."""
    assert domain_data(snapshot, task()).about["fields"] == ["name", "description"]
    told = domain_data(snapshot, task(label="description", sources=("north", "hill", "river")))
    assert told.about["fields"] == ["name"]
