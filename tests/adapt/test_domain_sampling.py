"""Which domains and rows are drawn."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.adapt.domain_sampling import DomainBatches, sample_domains
from tests.adapt.domains import turning


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(1, 14), st.floats(0, 1), st.integers(0, 2**31))
def test_domains_are_different_and_as_many_as_asked(count: int, size: int, density: float, seed: int) -> None:
    adjacency = nx.to_numpy_array(nx.gnp_random_graph(count, density, seed=seed))
    drawn = sample_domains(adjacency, size, np.random.default_rng(seed))
    assert len(set(drawn.tolist())) == len(drawn) == min(size, count)


def test_walks_meet_edges_more_often_than_uniform_draws() -> None:
    adjacency = nx.to_numpy_array(nx.cycle_graph(60))
    generator = np.random.default_rng(0)
    met = [
        adjacency[np.ix_(drawn, drawn)].sum() / 2
        for drawn in (sample_domains(adjacency, 6, generator) for _ in range(400))
    ]
    # Uniform: 15 pairs of 1,770 with 60 edges, about .5 edges; a walk has five. Half and half is about 2.7.
    assert 2.2 < np.mean(met) < 3.2


def test_each_row_is_seen_once_before_any_comes_again() -> None:
    data, _ = turning(num_domains=3, rows=40)
    batches = DomainBatches(data, 3, 2, np.ones(len(data.x), dtype=bool), seed=0)
    assert batches.steps == 20
    seen = {number: [] for number in range(3)}
    for batch in batches.epoch():
        assert batch.num_aligned == 3
        for number, rows in zip(batch.domains.tolist(), batch.rows, strict=True):
            assert (data.domain[rows] == number).all()
            seen[number] += rows.tolist()
    assert all(sorted(rows) == data.rows[number].tolist() for number, rows in seen.items())


def test_equal_places_in_a_batch_say_nothing_of_the_class() -> None:
    """The released code draws equal row numbers in all domains, which tells the classes of the targets."""
    data, labels = turning(num_domains=2, rows=400)
    batches = DomainBatches(data, 2, 20, np.ones(len(data.x), dtype=bool), seed=0)
    pairs = np.concatenate([labels[batch.rows[batch.domains.argsort()]].T for batch in batches.epoch()])
    assert len(pairs) == 400 and abs(np.corrcoef(pairs.T)[0, 1]) < 0.2


def test_sources_are_always_at_hand_and_held_out_rows_never() -> None:
    data, _ = turning(num_domains=9, rows=20, sources=(3, 5))
    allowed = np.ones(len(data.x), dtype=bool)
    allowed[data.rows[3][:10]] = False
    for batch in DomainBatches(data, 4, 5, allowed, seed=1).epoch():
        assert {3, 5} <= set(batch.domains.tolist()) and batch.num_aligned == 4
        assert allowed[batch.rows].all()
