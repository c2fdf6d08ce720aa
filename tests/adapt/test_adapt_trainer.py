"""The alternating game, its rules for odd graphs, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphrec.adapt.config import METHODS, AdaptConfig, StopConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.evaluate import evaluate_domains
from graphrec.adapt.model import AdaptedModel
from graphrec.adapt.networks import Encoder
from graphrec.adapt.stopping import StopRule, agreement
from graphrec.adapt.trainer import _Run, adapt
from graphrec.errors import InvalidInputError
from tests.adapt.domains import chain, clique, turning

SHORT = StopConfig(epochs=3, least=1, every=1)


def small(**settings: Any) -> AdaptConfig:
    return AdaptConfig(**({"hidden": 16, "stop": SHORT} | settings))


def test_grda_follows_the_clusters_where_source_only_fails() -> None:
    data, labels = turning()
    scores = {
        method: evaluate_domains(adapt(data, config).predict(data.x, data.domain), labels, data)
        for method, config in {
            "grda": AdaptConfig(hidden=32, learning_rate=2e-3),
            "source": AdaptConfig(hidden=32, learning_rate=2e-3, method="source_only", taught=None),
        }.items()
    }
    assert scores["grda"].target_mean > 0.97 and scores["grda"].source_mean == 1.0
    assert scores["source"].target_mean < 0.7 and scores["source"].by_hop[6] < 0.2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes", [True, False])
def test_every_method_learns_the_sources_of_both_tasks(method: Any, classes: bool) -> None:
    data, labels = turning(num_domains=3, sources=(0, 2))
    known = labels if classes else data.x[:, 0] * 10 + 50
    data = DomainData.hide(data.x, data.domain, known, data.graph, [0, 2])
    config = small(
        method=method, learning_rate=5e-3, stop=StopConfig(epochs=25, least=25), alignment_weight=0.01
    )
    model = adapt(data, config)
    scores = evaluate_domains(model.predict(data.x, data.domain), known, data)
    assert scores.source_mean > 0.9 if classes else scores.source_mean < 0.25 * known.var()
    assert (model.history[-1]["adversary_of_chance"] is None) == (method == "source_only")


def test_the_encoders_step_leaves_the_adversary_alone() -> None:
    """The error of the released code: its adversary keeps (1 - lambda) of its gradient, here nothing."""
    data, _ = turning(num_domains=4)
    run = _Run(data, small(alignment_weight=1.0, taught=None), 0, None, None, "cpu")
    assert run.adversary is not None
    gradients: list[torch.Tensor] = []
    step = run.optimizers[1].step
    parameter = next(iter(run.adversary.parameters()))

    def watched(*args: Any) -> Any:
        assert parameter.grad is not None
        gradients.append(parameter.grad.clone())
        return step(*args)

    run.optimizers[1].step = watched  # type: ignore[method-assign]
    run.train(None)
    assert parameter.grad is not None and torch.equal(parameter.grad, gradients[-1])
    assert all(gradient.norm() > 0 for gradient in gradients)


def test_target_labels_change_nothing() -> None:
    data, labels = turning(num_domains=4)
    other = DomainData.hide(
        data.x, data.domain, np.where(data.domain > 0, 1 - labels, labels), data.graph, [0]
    )
    first, second = adapt(data, small(), 1), adapt(other, small(), 1)
    np.testing.assert_array_equal(first.predict(data.x, data.domain), second.predict(data.x, data.domain))


def test_the_same_seed_gives_the_same_model_and_leaves_torchs_generator_alone() -> None:
    data, _ = turning(num_domains=4)
    state = torch.get_rng_state()
    found = [adapt(data, small(dropout=0.2), seed).predict(data.x, data.domain) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2]) and torch.equal(state, torch.get_rng_state())


def told_apart(model: AdaptedModel, data: DomainData) -> float:
    """Share of the encodings' variance that lies between domains."""
    encodings = model.encode(data.x, data.domain)
    between = np.stack([encodings[rows].mean(axis=0) for rows in data.rows]).var(axis=0).sum()
    return float(between / encodings.var(axis=0).sum())


def test_on_a_clique_grda_does_what_dann_does() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 120)
    domain = np.repeat([0, 1, 2], 40)
    x = np.stack(
        [labels * 4 + generator.normal(0, 1, 120), domain * 3.0 + generator.normal(0, 0.4, 120)], axis=1
    )
    data = DomainData.hide(x, domain, labels, clique(3), [0])
    apart = {}
    for method, weight in (("source_only", 0.0), ("dann", 1.0), ("grda", 0.3)):
        config = AdaptConfig(
            method=method, alignment_weight=weight, taught=None, hidden=32, learning_rate=2e-3,  # type: ignore[arg-type]
            stop=StopConfig(epochs=50, least=50),
        )  # fmt: skip
        apart[method] = told_apart(adapt(data, config), data)
    assert apart["dann"] < 0.75 * apart["source_only"]
    assert apart["grda"] < 0.5 * apart["source_only"]


@pytest.mark.parametrize("edges", [[], [("d0", "d1")], [("d2", "d3", 0.4), ("d0", "d1", 0.9)]])
def test_graphs_in_parts_with_weights_or_without_an_edge(edges: list[Any]) -> None:
    data, labels = turning(num_domains=4)
    graph = DomainGraph.from_edges(data.graph.names, edges)
    data = DomainData.hide(data.x, data.domain, labels, graph, [0])
    found = adapt(data, small()).predict(data.x, data.domain)
    assert np.isfinite(found).all() and np.allclose(found.sum(1), 1, atol=1e-5)


def test_one_domain_needs_no_adversary() -> None:
    data, _ = turning(num_domains=1)
    assert adapt(data, small()).history[-1]["adversary_of_chance"] is None


def test_a_game_that_runs_away_is_calmed() -> None:
    data, _ = turning(num_domains=5)
    config = small(
        alignment_weight=1e4, learning_rate=0.05, clip=1e6, discriminator_learning_rate=1e-6, taught=None,
        stop=StopConfig(epochs=12, least=12, every=1), discriminator_form="dot",
    )  # fmt: skip
    model = adapt(data, config)
    assert any("diverged_at" in record for record in model.history)
    assert np.isfinite(model.predict(data.x, data.domain)).all()


def test_the_rule_stops_when_predictions_and_game_are_settled() -> None:
    rule = StopRule(StopConfig(epochs=100, least=3, patience=2, settled=0.9, balance=0.1))
    one, other = np.eye(2)[np.zeros(10, int)], np.eye(2)[np.ones(10, int)]
    looks = [(1.0, one), (1.0, one), (1.5, one), (1.0, one), (1.05, one), (1.0, other)]
    assert [rule.look(epoch, *look)[0] for epoch, look in enumerate(looks, 1)] == [False] * 4 + [True, False]
    early = StopRule(StopConfig(epochs=100, least=50, patience=1))
    assert [early.look(epoch, float("nan"), one)[0] for epoch in (1, 49, 50)] == [False, False, True]


def test_agreement_of_classes_and_of_values() -> None:
    assert agreement(np.array([[0.6, 0.4], [0.1, 0.9]]), np.array([[0.9, 0.1], [0.7, 0.3]])) == 0.5
    values = np.array([[0.0], [10.0], [20.0]])
    assert agreement(values, values + np.array([[0.0], [0.5], [5.0]])) == pytest.approx(2 / 3)


def test_a_saved_model_predicts_the_same(tmp_path: Path) -> None:
    data, _ = turning(num_domains=4)
    model = adapt(data, small(), 5)
    model.save(tmp_path / "m")
    loaded = AdaptedModel.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(data.x, data.domain), model.predict(data.x, data.domain))
    assert loaded.config == model.config and loaded.graph.names == model.graph.names
    assert loaded.history == model.history and loaded.sources.tolist() == [0] and loaded.seed == 5
    with pytest.raises(InvalidInputError, match="do not fit 2 features"):
        loaded.predict(np.zeros((1, 3)), np.zeros(1, np.int64))
    with pytest.raises(InvalidInputError, match=r"outside 0\.\.3"):
        loaded.predict(np.zeros((1, 2)), np.full(1, 4))
    (tmp_path / "m" / "adapted.json").write_text("{}")
    with pytest.raises(InvalidInputError, match="no adapted model"):
        AdaptedModel.load(tmp_path / "m")


def test_the_shortcut_is_a_linear_map_of_the_input() -> None:
    torch.manual_seed(0)
    encoder = Encoder(5, 2, 8, shortcut=True)
    x, z = torch.randn(3, 4, 5), torch.randn(3, 1, 2)
    with_it, linear = encoder(x, z), encoder.shortcut
    assert linear is not None
    encoder.shortcut = None
    torch.testing.assert_close(with_it - encoder(x, z), x @ linear.weight.T + linear.bias)


def test_domain_vectors_may_be_given() -> None:
    data, _ = turning(num_domains=4)
    config = small(embedding={"method": "given", "dim": 3})
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    model = adapt(data, config, domain_vectors=vectors)
    assert torch.equal(model.network.z, torch.from_numpy(vectors))


def test_a_chain_is_what_it_says() -> None:
    assert chain(3).adjacency.tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
