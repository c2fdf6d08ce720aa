from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from graphrec.errors import InvalidInputError

pytest.importorskip("numba")

from graphrec.sparse.hetero_sampler import HeteroNeighborSampler
from graphrec.sparse.neighbor_loader import batches, in_order, iterate, iterate_hetero
from graphrec.sparse.neighbor_sampler import NeighborSampler


def ring(nodes: int = 101) -> tuple[np.ndarray, np.ndarray]:
    """Each node has its 9 successors as neighbours."""
    return np.arange(nodes + 1) * 9, (
        np.repeat(np.arange(nodes), 9) + np.tile(np.arange(1, 10), nodes)
    ) % nodes


def workers_alive() -> int:
    return sum(thread.name.startswith("graphrec-sampler") for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_do_not_depend_on_the_number_of_workers(workers: int) -> None:
    sampler = NeighborSampler(*ring(), [3, 2])
    alone, together = (
        list(iterate(sampler, np.arange(101), 8, shuffle=True, seed=5, epoch=2, workers=w))
        for w in (0, workers)
    )
    assert [len(batch.seeds) for batch in together] == [8] * 12 + [5]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.nodes, other.nodes)
        np.testing.assert_array_equal(one.blocks[0].indices, other.blocks[0].indices)
    assert workers_alive() == 0


def test_each_epoch_has_an_order_and_draws_of_its_own() -> None:
    sampler = NeighborSampler(*ring(), [3])
    orders = [
        np.concatenate([b.seeds for b in iterate(sampler, np.arange(101), 20, shuffle=True, epoch=e)])
        for e in range(2)
    ]
    assert not np.array_equal(*orders)
    assert all(sorted(order) == list(range(101)) for order in orders)
    still = [next(iterate(sampler, np.arange(101), 20, epoch=e)) for e in range(2)]
    assert still[0].seeds.tolist() == list(range(20)) == still[1].seeds.tolist()
    assert not np.array_equal(still[0].nodes, still[1].nodes)


def test_typed_graphs_are_loaded_alike() -> None:
    relation = ("a", "to", "a")
    sampler = HeteroNeighborSampler({relation: ring()}, [3])
    found = list(iterate_hetero(sampler, "a", np.arange(50), 20, workers=2, shuffle=True))
    assert sorted(np.concatenate([b.nodes["a"][b.seed_rows["a"]] for b in found])) == list(range(50))


def test_never_more_than_a_few_jobs_ahead() -> None:
    started: list[int] = []
    results = in_order(range(100), lambda job: started.append(job) or job, workers=2, prefetch=3)
    assert next(results) == 0
    time.sleep(0.05)
    assert len(started) <= 5
    assert list(results) == list(range(1, 100))


def test_order_is_kept_when_the_first_job_is_the_slowest() -> None:
    released = threading.Event()

    def work(job: int) -> int:
        if job == 0:
            assert released.wait(10)
        released.set()
        return job

    assert list(in_order(range(10), work, workers=2, prefetch=4)) == list(range(10))


@pytest.mark.parametrize("workers", [0, 2])
def test_errors_come_where_the_result_would_have_come(workers: int) -> None:
    sampler = NeighborSampler(*ring(), [3])
    seeds = np.arange(30)
    seeds[25] = 999
    found = iterate(sampler, seeds, 10, workers=workers)
    assert len([next(found), next(found)]) == 2
    with pytest.raises(InvalidInputError, match="999"):
        next(found)
    assert workers_alive() == 0

    def broken_jobs() -> Iterator[int]:
        yield 1
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(in_order(broken_jobs(), lambda job: job, workers=workers))
    assert workers_alive() == 0


def test_stopping_early_leaves_no_thread() -> None:
    sampler = NeighborSampler(*ring(), [3])
    for batch in iterate(sampler, np.arange(101), 2, workers=2):
        assert len(batch.seeds) == 2
        break
    assert workers_alive() == 0
    found = iterate(sampler, np.arange(101), 2, workers=2)
    next(found)
    assert workers_alive() > 0
    found.close()  # type: ignore[attr-defined]
    assert workers_alive() == 0


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least one seed"):
        batches(np.arange(3), 0)
    with pytest.raises(InvalidInputError, match="counts"):
        list(in_order([1], lambda job: job, workers=-1))
    assert list(batches(np.empty(0, dtype=np.int64), 4)) == []
