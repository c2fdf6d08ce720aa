from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphrec.adapt.advice import advise
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph

COUNT, ROWS = 12, 40


def ring(count: int = COUNT) -> DomainGraph:
    names = tuple(f"d{i}" for i in range(count))
    return DomainGraph.from_edges(names, [(names[i], names[(i + 1) % count]) for i in range(count)])


def circle(
    graph: DomainGraph | None = None,
    sources: tuple[int, ...] = (0, 1, 2, 3, 4, 5),
    share: float = 0.0,
    outside: float = 0.0,
    values: bool = False,
) -> DomainData:
    """Domains around a circle, two classes in each; nothing to complain of.

    Args:
        share: by how much the share of class 1 swings from domain to domain.
        outside: how far targets are shifted, all alike.
    """
    rng = np.random.default_rng(0)
    domain = np.repeat(np.arange(COUNT), ROWS)
    angle = 2 * np.pi * domain / COUNT
    chance = np.where(domain % 2 == 0, 0.5 - share, 0.5 + share)
    labels = (np.tile((np.arange(ROWS) + 0.5) / ROWS, COUNT) < chance).astype(np.int64)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 3 + rng.normal(size=(len(domain), 2)) * 0.5
    x[:, 0] += outside * ~np.isin(domain, sources)
    known = labels.astype(np.float64) if values else labels
    return DomainData.hide(x, domain, known, graph or ring(), np.array(sources))


def said(data: DomainData, words: str) -> bool:
    return any(words in sentence for sentence in advise(data))


def test_nothing_is_said_where_nothing_is_wrong():
    assert advise(circle()) == []
    assert advise(circle(values=True)) == []


def test_every_warning_is_one_sentence():
    lonely = circle(DomainGraph.from_edges(ring().names, [("d0", "d1"), ("d2", "d7")]), share=0.3)
    found = advise(lonely)
    assert len(found) >= 2
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in found)


def test_targets_without_a_path_are_named():
    names = ring().names
    line = DomainGraph.from_edges(names, [(names[i], names[i + 1]) for i in range(9)])
    assert said(circle(line), "No path leads from a source to d10, d11;")
    assert said(circle(line), "d9: 4 edges or more")
    apart = DomainGraph.from_edges(names, [("d0", "d1"), ("d1", "d2"), ("d10", "d11")])
    assert said(circle(apart), "No target domain has a path")


def test_few_sources_and_small_domains():
    assert said(circle(sources=(0,)), "a single source domain")
    assert said(circle(sources=(0, 1)), "Only 2 source domains")
    assert said(circle(sources=(0, 2, 4)), "No two source domains are joined")
    data = circle()
    kept = ~((data.domain == 8) & (np.arange(len(data.x)) % 4 > 0)) & (data.domain != 10)
    small = replace(data, x=data.x[kept], domain=data.domain[kept], y=data.y[kept])
    assert said(small, "Fewer than 20 rows in d8;")
    assert said(small, "No rows at all in d10;")


def test_a_graph_that_does_not_fit_the_inputs():
    shuffled = np.random.default_rng(5).permutation(COUNT)
    wrong = DomainGraph(ring().names, ring().adjacency[np.ix_(shuffled, shuffled)])
    assert said(circle(wrong), "do not have closer inputs")
    assert said(circle(DomainGraph.clique(ring().names)), "GRDA aligns as DANN does")


def test_label_shares_that_differ_more_than_chance_makes_them():
    assert said(
        circle(share=0.3), "Label shares of joined source domains differ by 5"
    )  # .6 less what chance makes
    assert not said(circle(share=0.05), "Label shares")


def test_shares_of_few_rows_differ_by_chance_without_a_warning():
    rng = np.random.default_rng(1)
    domain = np.repeat(np.arange(COUNT), 20)
    x = rng.normal(size=(240, 2))
    warned = 0
    for _ in range(10):
        labels = rng.integers(0, 8, 240)
        data = DomainData.hide(x, domain, labels, ring(), np.arange(6), num_classes=8)
        warned += said(data, "Label shares")
    assert warned == 0  # raw total variation is .35 on average here


def test_values_of_other_means():
    data = circle(values=True)
    moved = replace(data, y=data.y + (data.domain[:, None] % 2) * 1.0)
    assert said(moved, "differ in the mean of their values")


def test_targets_far_from_the_sources_they_are_joined_to():
    assert said(circle(outside=8.0), "look for a difference that the graph does not know")


def test_everything_labelled():
    assert said(circle(sources=tuple(range(COUNT))), "nothing to adapt to")
