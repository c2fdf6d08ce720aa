from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.adapt import svg
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.graph_layout import fit_box, label_spots, stress_layout
from graphrec.adapt.pictures import draw_graph, draw_hops
from graphrec.errors import InvalidInputError, StoreError

SPACE = "{http://www.w3.org/2000/svg}"
CHAIN = DomainGraph.from_edges("abcd", [("a", "b"), ("b", "c"), ("c", "d", 0.5)])


def read(path):
    return ET.parse(path).getroot()


def tips(root, tag):
    """What shows under the pointer, by shape."""
    return {shape.find(f"{SPACE}title").text: shape for shape in root.iter(SPACE + tag) if len(shape)}


def words(root):
    return [text.text for text in root.iter(SPACE + "text") if text.get("aria-hidden") is None]


def of(oracle):
    return DomainGraph(tuple(str(n) for n in oracle), nx.to_numpy_array(oracle))


def stress(places, oracle):
    hops = dict(nx.all_pairs_shortest_path_length(oracle))
    nodes = list(oracle)
    total = 0.0
    for i in range(len(nodes)):
        for j in range(i):
            d = hops[nodes[i]][nodes[j]]
            total += (math.dist(places[i], places[j]) / d - 1) ** 2
    return total


@pytest.mark.parametrize("oracle", [nx.path_graph(9), nx.grid_2d_graph(4, 5), nx.krackhardt_kite_graph()])
def test_the_layout_keeps_distances(oracle):
    """No worse than Kamada and Kawai's, which minimises the same stress in another way."""
    found = stress_layout(of(oracle))
    rival = nx.kamada_kawai_layout(oracle)
    rival = np.array([rival[node] for node in oracle])
    best = min(stress(rival * scale, oracle) for scale in np.linspace(0.8, 8, 200))
    assert stress(found, oracle) <= 1.02 * best + 0.01
    assert np.ptp(found[:, 0]) >= np.ptp(found[:, 1])
    np.testing.assert_array_equal(found, stress_layout(of(oracle)))


def test_a_path_lies_in_a_line_and_parts_lie_apart():
    line = stress_layout(of(nx.path_graph(6)))
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    np.testing.assert_allclose(steps, 1, atol=0.01)
    places = stress_layout(of(nx.disjoint_union(nx.path_graph(4), nx.path_graph(3))))
    across = np.linalg.norm(places[:4, None] - places[None, 4:], axis=2)
    assert across.min() > 1.5
    twins = stress_layout(of(nx.star_graph(5)))
    assert np.linalg.norm(twins[:, None] - twins[None], axis=2)[~np.eye(6, dtype=bool)].min() > 0.5
    assert stress_layout(of(nx.empty_graph(1))).tolist() == [[0, 0]]


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=6))
def test_places_are_fitted_in_proportion(places):
    places = np.round(np.array(places), 3)
    found, height = fit_box(places, 300, 200)
    reach = np.ptp(places, axis=0)
    scales = [limit / extent for limit, extent in zip((300, 200), reach, strict=True) if extent > 0]
    scale = min(scales, default=0)
    assert height == pytest.approx(reach[1] * scale)
    np.testing.assert_allclose(found - found[0], (places - places[0]) * [scale, -scale], atol=1e-6)
    np.testing.assert_allclose(found.min(axis=0) + found.max(axis=0), [300, height], atol=1e-6)


def boxes(spots, names, size):
    for (x, y, anchor), name in zip(spots, names, strict=True):
        width = len(name) * size * svg.LETTER
        left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
        yield left, y - size * 0.8, left + width, y


def test_names_keep_clear_of_each_other():
    places = np.array([[0, 0], [40, 0], [80, 0], [40, 30], [40, -30]], dtype=float)
    names = ["moroccan", "southern", "japanese", "filipino", "jamaican"]
    found = list(boxes(label_spots(places, names, 8), names, svg.FONT))
    below = list(boxes([(x, y + 21, "middle") for x, y in places], names, svg.FONT))

    def covered(rows):
        area = 0.0
        for i, one in enumerate(rows):
            for other in rows[:i]:
                across = min(one[2], other[2]) - max(one[0], other[0])
                down = min(one[3], other[3]) - max(one[1], other[1])
                area += max(across, 0) * max(down, 0)
        return area

    assert covered(found) < covered(below) and covered(found) < 20
    free = label_spots(np.array([[0.0, 0], [500, 0]]), ["a", "b"], 8)
    assert [anchor for _, _, anchor in free] == ["middle", "middle"] and free[0][1] > 8


def test_a_graph_is_drawn_with_its_sources(tmp_path):
    path = tmp_path / "graph.svg"
    draw_graph(CHAIN, np.array([0]), path, title="Markets & <more>")
    root = read(path)
    assert set(tips(root, "rect")) == {"a: source"}
    discs = tips(root, "circle")
    assert set(discs) == {"b: 1 edge", "c: 2 edges", "d: 3 edges"}
    fills = [discs[tip].get("fill") for tip in sorted(discs)]
    assert len(set(fills)) == 3 and fills[0] == "#14507d", "the nearest is the darkest"
    lines = root.findall(SPACE + "line")
    assert sorted(float(line.get("stroke-width")) for line in lines) == [1.25, 2, 2]
    assert {"a", "b", "c", "d", "source (1)", "1 edge (1)", "Markets & <more>"} <= set(words(root))
    width, height = float(root.get("width")), float(root.get("height"))
    for disc in discs.values():
        assert 0 < float(disc.get("cx")) < width and 0 < float(disc.get("cy")) < height
    before = path.read_bytes()
    draw_graph(CHAIN, np.array([0]), path, title="Markets & <more>")
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["graph.svg"]


def test_scores_colour_the_graph(tmp_path):
    draw_graph(
        CHAIN.without(np.array([1])), np.array([0]), tmp_path / "g.svg", scores=np.array([0.9, 0.2, np.nan])
    )
    root = read(tmp_path / "g.svg")
    assert {t: s.get("fill") for t, s in {**tips(root, "rect"), **tips(root, "circle")}.items()} == {
        "a: source, 90.0 %": "#14507d",
        "c: no path to a source, 20.0 %": "#e6f0f8",
        "d: no path to a source, score unknown": "#ffffff",
    }
    draw_graph(CHAIN, np.array([0]), tmp_path / "e.svg", scores=np.array([1.0, 2, 2, 4]), metric="mse")
    root = read(tmp_path / "e.svg")
    assert {"b: 1 edge, 2", "d: 3 edges, 4"} <= set(tips(root, "circle")) and "mean squared error" in words(
        root
    )
    draw_graph(CHAIN, np.array([0]), tmp_path / "n.svg", scores=np.full(4, np.nan))
    draw_graph(CHAIN, np.array([0]), tmp_path / "n.svg", scores=np.full(4, 0.5))


def test_given_places_are_kept(tmp_path):
    corners = np.array([[0, 0], [4, 0], [4, 1], [0, 1]], dtype=float)
    draw_graph(CHAIN, np.array([], dtype=int), tmp_path / "g.svg", places=corners)
    discs = tips(read(tmp_path / "g.svg"), "circle")
    spots = np.array([[float(d.get("cx")), float(d.get("cy"))] for _, d in sorted(discs.items())])
    across, up = spots[1] - spots[0], spots[1] - spots[2]
    assert across[0] == pytest.approx(4 * up[1], abs=0.5) and across[1] == up[0] == 0 and up[1] > 0


def test_large_graphs_and_long_names(tmp_path):
    names = [f"{'long ' * 9}{n}" for n in range(5)]
    draw_graph(DomainGraph.clique(names), np.array([0]), tmp_path / "g.svg")
    root = read(tmp_path / "g.svg")
    shown = [word for word in words(root) if word.startswith("long")]
    assert len(shown) == 5 and all(len(word) == 26 for word in shown)
    draw_graph(DomainGraph.clique([f"d{n}" for n in range(90)]), np.array([0]), tmp_path / "g.svg")
    root = read(tmp_path / "g.svg")
    assert "3,000 of 4,005 edges drawn" in words(root) and "d7" not in words(root)
    assert len(root.findall(SPACE + "line")) == 3000


def points(root, method):
    return [
        (float(disc.get("cx")), float(disc.get("cy")))
        for disc in root.iter(SPACE + "circle")
        if disc.find(f"{SPACE}title").text.startswith(method + ":")
    ]


def test_scores_by_distance_stand_at_their_height(tmp_path):
    found = {
        "plain": {1: [0.6, 0.8], 2: [0.5], 3: [0.4, 0.4], -1: [0.3]},
        "GRDA": {1: [1.0, 1.0], 2: [0.9, float("nan")], 4: [float("nan")]},
    }
    draw_hops(found, tmp_path / "hops.svg")
    root = read(tmp_path / "hops.svg")
    plain, grda = points(root, "plain"), points(root, "GRDA")
    heights = {
        0.7: plain[0][1],
        0.5: plain[1][1],
        0.4: plain[2][1],
        0.3: plain[3][1],
        1.0: grda[0][1],
        0.9: grda[1][1],
    }
    slope, offset = np.polyfit(list(heights), list(heights.values()), 1)
    np.testing.assert_allclose([slope * v + offset for v in heights], list(heights.values()), atol=0.11)
    assert slope < 0 and len(grda) == 2 and [x for x, _ in plain] == sorted(x for x, _ in plain)
    bars = [line for line in root.iter(SPACE + "line") if line.get("stroke-width") == "1.5"]
    length = abs(float(bars[0].get("y1")) - float(bars[0].get("y2")))
    assert len(bars) == 1 and length == pytest.approx(-2 * slope * np.std([0.6, 0.8], ddof=1), abs=0.2)
    assert {"1", "2", "3", "no path", "plain", "GRDA", "100", "accuracy, %"} <= set(words(root))
    assert "4" not in words(root)


def test_errors_have_no_upper_end(tmp_path):
    draw_hops({"a": {1: [1.2], 2: [3.4]}}, tmp_path / "hops.svg", metric="mse", title="Squared")
    assert {"3.5", "1", "Squared", "mean squared error"} <= set(words(read(tmp_path / "hops.svg")))
    draw_hops({"a" * 60: {1: [1.0]}}, tmp_path / "one.svg")
    assert float(read(tmp_path / "one.svg").get("width")) > 900


def test_what_cannot_be_drawn_is_said(tmp_path):
    path = tmp_path / "g.svg"
    for wrong in ({"scores": np.zeros(3)}, {"places": np.zeros((3, 2))}, {"metric": "auc"}):
        with pytest.raises(InvalidInputError):
            draw_graph(CHAIN, np.array([0]), path, **wrong)
    with pytest.raises(InvalidInputError, match="no score to draw"):
        draw_hops({"a": {1: [float("nan")]}, "b": {}}, path)
    with pytest.raises(StoreError, match="cannot be written"):
        draw_graph(CHAIN, np.array([0]), tmp_path / "none" / "g.svg")
    assert not path.exists()


@given(st.floats(-1e4, 1e4), st.floats(1e-6, 1e4), st.integers(2, 9))
def test_ticks_are_round_and_cover(low, reach, most):
    ticks = svg.round_ticks(low, low + reach, most)
    step = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    digits = step / 10 ** math.floor(math.log10(step * 1.0001))
    assert min(abs(digits - round_one) for round_one in (1, 2, 5, 10)) < 1e-3
    slack = 1e-6 * max(abs(low), reach)
    assert ticks[0] <= low + slack and ticks[-1] >= low + reach - slack
    assert ticks[0] + step > low - slack and len(ticks) <= most + 2


def test_colours_mix():
    assert [svg.mixed("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == [
        "#000000",
        "#804000",
        "#ff8000",
    ]
