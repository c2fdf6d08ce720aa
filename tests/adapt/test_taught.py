"""Labels passed on along the domain graph."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.adapt.config import TaughtConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.taught import teach
from tests.adapt.domains import chain, turning


def test_labels_turn_with_the_clusters() -> None:
    data, labels = (
        turning()
    )  # the last domain has turned by 3 radians: the source's classifier is all wrong there
    told = teach(data)
    targets = np.isin(data.domain, data.targets)
    assert (told.labels[targets] == labels[targets]).all()
    assert (told.labels[~targets] == -1).all() and not told.weight[~targets].any()
    last = data.rows[6]
    assert ((data.x[last, 0] < 0).astype(int) == labels[last]).mean() < 0.1


def test_a_domain_learns_from_those_nearer_to_the_sources_alone() -> None:
    data, labels = turning(num_domains=4)
    blind = DomainData.hide(data.x, data.domain, labels, data.graph, [0])
    nudged = DomainData(blind.x.copy(), blind.domain, blind.y, blind.graph, blind.sources, blind.num_classes)
    nudged.x[blind.rows[3]] = np.roll(nudged.x[blind.rows[3]], 7, axis=0)  # the same cloud in another order
    first, second = teach(blind), teach(nudged)
    near = np.isin(data.domain, [1, 2])
    assert (first.labels[near] == second.labels[near]).all()


def test_what_no_path_reaches_stays_unlabelled() -> None:
    data, labels = turning(num_domains=4)
    graph = DomainGraph.from_edges(data.graph.names, [("d0", "d1"), ("d2", "d3")])
    told = teach(DomainData.hide(data.x, data.domain, labels, graph, [0]))
    assert (told.labels[data.domain >= 2] == -1).all() and (told.labels[data.domain == 1] >= 0).all()


def test_closeness_decides_between_neighbours() -> None:
    """Two sources that contradict each other: the closer one is believed."""
    x = np.tile(np.linspace(-1, 1, 40), 3)[:, None]
    domain = np.repeat([0, 1, 2], 40)
    labels = np.where(domain == 0, x[:, 0] > 0, x[:, 0] < 0).astype(int)
    for close, expected in ((1.0, labels[:40]), (0.05, labels[40:80])):
        graph = DomainGraph.from_edges("abc", [("a", "c", close), ("b", "c", 0.5)])
        told = teach(DomainData.hide(x, domain, labels, graph, [0, 1]))
        assert (told.labels[80:] == expected).mean() > 0.95


def test_one_known_class_is_passed_on_with_certainty() -> None:
    data = DomainData.hide(
        np.zeros((4, 1)), np.array([0, 0, 1, 1]), np.full(4, 1), chain(2), [0], num_classes=3
    )
    told = teach(data, TaughtConfig(rounds=1))
    assert told.labels.tolist() == [-1, -1, 1, 1] and told.weight.tolist() == [0, 0, 1, 1]


def test_values_are_not_passed_on() -> None:
    data = DomainData.hide(np.zeros((2, 1)), np.array([0, 1]), np.zeros(2), chain(2), [0])
    with pytest.raises(ValueError, match="classes"):
        teach(data)
