from __future__ import annotations

import importlib
import sys

import networkx as nx
import numpy as np
import pytest

from graphrec.adapt.domain_graph import DomainGraph
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    try:
        yield importlib.import_module("_adapt_recipes")
    finally:
        sys.path.remove(str(REPOSITORY / "benchmarks"))
        for name in ("_adapt_recipes", "_adapt_recipes_data", "_common"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize("seed", range(5))
def test_sources_are_a_region_of_the_graph(bench, seed):
    drawn = nx.random_labeled_tree(15, seed=seed)
    graph = DomainGraph(tuple("abcdefghijklmno"), nx.to_numpy_array(drawn, nodelist=range(15), weight=None))
    found = bench.draw_sources(graph, 6, seed)
    assert len(set(found.tolist())) == 6 and (np.diff(found) > 0).all()
    assert nx.is_connected(drawn.subgraph(found.tolist()))
    np.testing.assert_array_equal(found, bench.draw_sources(graph, 6, seed))


def test_a_title_names_a_cuisine_by_whole_words_and_only_one(bench):
    data = sys.modules["_adapt_recipes_data"]
    names = ("french", "mexican", "thai")
    titles = ["Thai Beef Salad", "Thailand's Best", "Mexican-Thai Wraps", "Provençal Tart", "Plain Toast"]
    assert data._named(titles, names).tolist() == [2, -1, -1, 0, -1]


def test_a_piece_of_an_animal_is_no_broth_of_one(bench):
    data = sys.modules["_adapt_recipes_data"]
    assert [data._is_piece(food) for food in ("chicken thighs", "chicken broth", "fish sauce", "chickpeas")] == [
        True, False, False, False,
    ]  # fmt: skip


def test_foretelling_counts_what_was_said_and_what_happened(bench):
    def draw(said: dict[str, tuple[float, str]], happened: dict[str, float]) -> dict:
        methods = {name: {"gain": gain, "verdict": verdict} for name, (gain, verdict) in said.items()}
        return {
            "rehearsal": {"methods": methods},
            "target": {"source_only": 0.5} | {name: 0.5 + gain for name, gain in happened.items()},
        }

    draws = [
        draw({"grda": (0.2, "helps"), "dann": (-0.1, "hurts")}, {"grda": 0.1, "dann": -0.05}),
        draw({"grda": (0.1, "helps"), "dann": (0.0, "no difference")}, {"grda": -0.02, "dann": 0.005}),
    ]
    found = bench.foretelling(draws)
    assert found["correlation of gains"] == pytest.approx(
        np.corrcoef([0.2, -0.1, 0.1, 0.0], [0.1, -0.05, -0.02, 0.005])[0, 1]
    )
    assert found["said helps: helped, neither, hurt"] == "1, 0, 1"
    assert found["said no difference: helped, neither, hurt"] == "0, 1, 0"
    assert found["said hurts: helped, neither, hurt"] == "0, 0, 1"
