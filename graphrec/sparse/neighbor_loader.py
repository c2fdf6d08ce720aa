"""Mini-batches of sampled neighbourhoods, prepared by threads while the model works on the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InvalidInputError
from graphrec.sparse.hetero_sampler import HeteroNeighborSampler
from graphrec.sparse.neighbor_sampler import NeighborSampler
from graphrec.sparse.sampled_blocks import HeteroSampledBlocks, SampledBlocks

Int = NDArray[np.integer[Any]]
Job = TypeVar("Job")
Result = TypeVar("Result")


def iterate(
    sampler: NeighborSampler,
    seeds: Int,
    batch_size: int,
    *,
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
    workers: int = 0,
    prefetch: int = 2,
) -> Iterator[SampledBlocks]:
    """One epoch of mini-batches, the same whatever the number of workers.

    Whoever needs more done ahead (features looked up, edges excluded) maps a function of his own with
    :func:`batches` and :func:`in_order`.

    Args:
        seeds: integers `[num_seeds]`.
        shuffle: draw a new order from `(seed, epoch)`; else the seeds are taken as they stand.
        epoch: names the random stream of the sampler, together with the number of the batch.
        workers: threads that sample; 0 samples when a batch is asked for.
        prefetch: batches that may wait to be fetched, beyond one in each worker's hands.

    Yields:
        Blocks of `batch_size` seeds (fewer in the last batch), `batch.seeds`.
    """

    def work(job: tuple[int, Int]) -> SampledBlocks:
        return sampler.sample(job[1], epoch=epoch, batch=job[0])

    jobs = enumerate(batches(seeds, batch_size, shuffle=shuffle, seed=seed, epoch=epoch))
    return in_order(jobs, work, workers=workers, prefetch=prefetch)


def iterate_hetero(
    sampler: HeteroNeighborSampler,
    node_type: str,
    seeds: Int,
    batch_size: int,
    *,
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
    workers: int = 0,
    prefetch: int = 2,
) -> Iterator[HeteroSampledBlocks]:
    """The same for a typed graph; the seeds are nodes of one type."""

    def work(job: tuple[int, Int]) -> HeteroSampledBlocks:
        return sampler.sample({node_type: job[1]}, epoch=epoch, batch=job[0])

    jobs = enumerate(batches(seeds, batch_size, shuffle=shuffle, seed=seed, epoch=epoch))
    return in_order(jobs, work, workers=workers, prefetch=prefetch)


def batches(
    seeds: Int, batch_size: int, *, shuffle: bool = False, seed: int = 0, epoch: int = 0
) -> Iterator[Int]:
    """The seeds in portions, the last one as large as it comes."""
    if batch_size < 1:
        raise InvalidInputError(f"A batch holds at least one seed; given a batch size of {batch_size}.")
    chosen = np.asarray(seeds, dtype=np.int64)
    if shuffle:
        chosen = chosen[np.random.default_rng([seed, epoch]).permutation(len(chosen))]
    return (chosen[start : start + batch_size] for start in range(0, len(chosen), batch_size))


def in_order(
    jobs: Iterable[Job], work: Callable[[Job], Result], *, workers: int = 0, prefetch: int = 2
) -> Iterator[Result]:
    """`map(work, jobs)` with threads: results in the order of the jobs, never more than a few ahead.

    An exception of `work` is raised where its result would have come. Whoever stops early (break, `close()`, an
    error of his own) stops the workers as well: what has not begun is dropped, and no thread is left.

    Args:
        workers: threads; 0 calls `work` in the caller's thread, when a result is asked for.
        prefetch: finished results that may wait, beyond one job in each worker's hands.
    """
    if workers < 0 or prefetch < 0:
        raise InvalidInputError(f"workers and prefetch are counts; given {workers} and {prefetch}.")
    if workers == 0:
        yield from map(work, jobs)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="graphrec-sampler") as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(work, job))
                if len(waiting) >= workers + prefetch:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
