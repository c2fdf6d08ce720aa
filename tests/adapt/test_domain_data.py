"""Labels outside the sources cannot get in; scores by domain and hop."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.evaluate import evaluate_domains
from graphrec.errors import InvalidInputError
from tests.adapt.domains import chain, turning


def test_labels_of_targets_are_blanked() -> None:
    data, labels = turning(num_domains=3, sources=(0, 2))
    assert (data.y[data.domain == 1] == -1).all() and (
        data.y[data.domain != 1] == labels[data.domain != 1]
    ).all()
    assert data.targets.tolist() == [1] and data.hops.tolist() == [0, 1, 0]
    fewer = data.with_sources(["d2"])
    assert fewer.sources.tolist() == [2] and (fewer.y[data.domain == 0] == -1).all()
    with pytest.raises(InvalidInputError, match="'d1' is no source"):
        data.with_sources([1])


def test_values_of_targets_are_blanked_and_the_given_array_is_left_alone() -> None:
    values = np.arange(6.0)
    data = DomainData.hide(np.zeros((6, 1)), np.array([0, 0, 0, 1, 1, 1]), values, chain(2), [0])
    assert data.num_classes is None and data.num_outputs == 1
    assert np.isnan(data.y[3:]).all() and data.y[:3, 0].tolist() == [0, 1, 2] and not np.isnan(values).any()


def test_what_does_not_fit_is_refused() -> None:
    x, domain, labels = np.zeros((4, 2)), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    with pytest.raises(InvalidInputError, match="outside the source"):
        DomainData(x, domain, labels, chain(2), np.array([0]), 2)
    with pytest.raises(InvalidInputError, match="at least one source"):
        DomainData.hide(x, domain, labels, chain(2), [])
    with pytest.raises(InvalidInputError, match="no labelled row"):
        DomainData.hide(x, domain, labels, chain(3), [2])
    with pytest.raises(InvalidInputError, match="do not belong together"):
        DomainData.hide(x, domain[:3], labels[:3], chain(2), [0])
    with pytest.raises(InvalidInputError, match=r"Row 1 .* not finite"):
        DomainData.hide(np.array([[0.0], [np.nan], [0], [0]]), domain, labels, chain(2), [0])
    with pytest.raises(InvalidInputError, match="none of the 2 domains"):
        DomainData.hide(x, domain, labels, chain(2), [5])
    with pytest.raises(InvalidInputError, match="Class 1"):
        DomainData.hide(x, domain, labels, chain(2), [0], num_classes=1)


def test_scores_by_hand() -> None:
    graph = DomainGraph.from_edges("abcd", [("a", "b"), ("b", "c")])
    domain, labels = np.array([0, 1, 1, 1, 2, 3, 3]), np.array([0, 0, 1, -1, 1, 0, 0])
    data = DomainData.hide(np.zeros((7, 1)), domain, labels, graph, ["a"])
    predictions = np.eye(2)[[0, 0, 0, 1, 1, 1, 0]]
    scores = evaluate_domains(predictions, labels, data)
    assert scores.metric == "accuracy" and scores.per_domain.tolist() == [1.0, 0.5, 1.0, 0.5]
    assert scores.source_mean == 1.0 and scores.target_mean == pytest.approx(2 / 3)
    assert scores.by_hop == {-1: 0.5, 1: 0.5, 2: 1.0}


def test_squared_errors_by_hand() -> None:
    domain, values = np.array([0, 1, 1]), np.array([[1.0, 2.0], [0.0, 0.0], [np.nan, 1.0]])
    data = DomainData.hide(np.zeros((3, 1)), domain, values, chain(2), [0])
    scores = evaluate_domains(np.array([[1.0, 4.0], [1.0, 3.0], [9.0, 9.0]]), values, data)
    assert scores.per_domain.tolist() == [2.0, 5.0] and scores.metric == "mse"
