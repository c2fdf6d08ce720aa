"""The measured parts of `ogb_scale.py`, each run in a process of its own so that its peak memory is its own."""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _ogb_scale_graph import CLASSES, FEATURES, TRAIN_SEEDS, Size, write_edges, write_features

FANOUTS, BATCH, HIDDEN = (15, 10, 5), 1024, 256


def peak_gib() -> float:
    """Most memory that this process has held, mapped files that it touched included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """The result, and wall and processor seconds (of all threads)."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def generate(folder: Path, size: Size) -> dict[str, Any]:
    """Edge list and features on disk."""
    _, edges = timed(lambda: write_edges(folder, size))
    _, features = timed(lambda: write_features(folder, size))
    return {"edges": edges, "features": features}


def build(folder: Path, size: Size) -> dict[str, Any]:
    """CSR of both directions from the edge list, written beside it."""
    from graphrec.sparse.csr_build import build_csr

    few = np.arange(2)
    build_csr(few, few, 2, undirected=True)  # compiles
    sources, targets = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("sources", "targets"))
    graph, seconds = timed(lambda: build_csr(sources, targets, size.nodes, undirected=True))
    peak = peak_gib()
    np.save(folder / "indptr.npy", graph.indptr)
    np.save(folder / "indices.npy", graph.indices)
    degrees = np.diff(graph.indptr)
    return {
        **seconds,
        "entries": len(graph.indices),
        "largest_degree": int(degrees.max()),
        "median_degree": float(np.median(degrees)),
        "peak_gib_with_input": peak,
    }


def load_csr(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The built graph, in memory."""
    return np.load(folder / "indptr.npy"), np.load(folder / "indices.npy")


def sampling(folder: Path, size: Size, rounds: int, batches: int, warm: int = 2) -> dict[str, Any]:
    """Sampled edges per second, ours and DGL's in turn on the same seeds, on one and on two threads.

    DGL uses two threads in either of two ways: both on one batch (its own OpenMP, `dgl_openmp`), or each on a batch
    of its own (called from our loader, `dgl`). The order within a round alternates; each round has its own seeds.
    """
    import dgl

    indptr, indices = load_csr(folder)
    runs = _contestants(indptr, indices)
    dgl.seed(size.seed)
    rng = np.random.default_rng([size.seed, 3])
    for run in runs.values():
        run(rng.permutation(size.nodes)[: warm * BATCH], 2, 0)
    found: dict[str, Any] = {}
    for threads in (1, 2):
        names = [name for name in runs if threads == 2 or name != "dgl_openmp"]
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for i in range(rounds):
            seeds = rng.permutation(size.nodes)[: batches * BATCH]
            for name in names[:: 1 if i % 2 == 0 else -1]:
                count, spent = timed(partial(runs[name], seeds, threads, i + 1))
                speed = {"per_s": count / spent["wall_s"], "per_cpu_s": count / spent["cpu_s"]}
                rows[name].append({"edges": count} | speed)
        found[f"threads_{threads}"] = rows | {"ratio": _ratios(rows)}
    return found


def _contestants(indptr: np.ndarray, indices: np.ndarray) -> dict[str, Callable[[np.ndarray, int, int], int]]:
    """`run(seeds, threads, epoch)` by name: the number of edges sampled for all seeds, batch by batch."""
    import dgl
    import torch

    from graphrec.sparse.neighbor_loader import in_order, iterate
    from graphrec.sparse.neighbor_sampler import NeighborSampler

    ours = NeighborSampler(indptr, indices, FANOUTS)
    wide = torch.from_numpy(indices.astype(np.int64))
    graph = dgl.graph(("csc", (torch.from_numpy(indptr), wide, torch.empty(0, dtype=torch.int64))))
    theirs = dgl.dataloading.NeighborSampler(list(reversed(FANOUTS)))

    def graphrec(seeds: np.ndarray, threads: int, epoch: int) -> int:
        workers = 0 if threads == 1 else threads
        return sum(b.num_edges for b in iterate(ours, seeds, BATCH, epoch=epoch, workers=workers))

    def sampled(part: torch.Tensor, threads: int = 1) -> int:
        dgl.utils.set_num_threads(threads)  # OpenMP keeps this for every calling thread
        return sum(block.num_edges() for block in theirs.sample(graph, part)[2])

    def dgl_batches(seeds: np.ndarray, threads: int, epoch: int) -> int:
        parts = torch.from_numpy(seeds).split(BATCH)
        return sum(in_order(parts, sampled, workers=0 if threads == 1 else threads))

    def dgl_openmp(seeds: np.ndarray, threads: int, epoch: int) -> int:
        return sum(sampled(part, threads) for part in torch.from_numpy(seeds).split(BATCH))

    return {"graphrec": graphrec, "dgl": dgl_batches, "dgl_openmp": dgl_openmp}


def _ratios(rows: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """Ours over each of DGL's ways, round by round."""
    return {
        name: {
            key: [ours[key] / theirs[key] for ours, theirs in zip(rows["graphrec"], rows[name], strict=True)]
            for key in ("per_s", "per_cpu_s")
        }
        for name in rows
        if name != "graphrec"
    }


def _sage() -> tuple[Any, Callable[..., Any]]:
    """Three SAGE layers as in OGB's example for products, and how one is applied to a block."""
    import torch
    from torch_geometric.nn import SAGEConv

    torch.manual_seed(0)
    dims = (FEATURES, HIDDEN, HIDDEN, CLASSES)
    layers = torch.nn.ModuleList(SAGEConv(a, b) for a, b in itertools.pairwise(dims))

    def apply(i: int, x: Any, own: Any, block: Any) -> Any:
        h = layers[i]((x, own), block.adjacency())
        return h if i == 2 else h.relu()

    return layers, apply


def training(folder: Path, size: Size, batches: int) -> dict[str, Any]:
    """Some training batches of a 3-layer GraphSAGE, features from a mapped file; one epoch by extrapolation."""
    import torch
    from torch.nn.functional import cross_entropy, dropout

    from graphrec.sparse.neighbor_loader import iterate
    from graphrec.sparse.neighbor_sampler import NeighborSampler

    torch.set_num_threads(1)
    features = np.load(folder / "features.npy", mmap_mode="r")
    sampler = NeighborSampler(*load_csr(folder), FANOUTS)
    layers, apply = _sage()
    optimizer = torch.optim.Adam(layers.parameters(), lr=3e-3)
    rng = np.random.default_rng([size.seed, 4])
    seeds = rng.permutation(size.nodes)[: (batches + 1) * BATCH]
    labels = torch.from_numpy(rng.integers(CLASSES, size=size.nodes))

    def steps() -> Iterator[tuple[int, int]]:
        for batch in iterate(sampler, seeds, BATCH, workers=1):
            x = torch.from_numpy(features[batch.nodes])
            for i, block in enumerate(batch.blocks):
                x = apply(i, x, x[: block.num_target], block)
                x = x if i == 2 else dropout(x, 0.5)
            optimizer.zero_grad()
            cross_entropy(x, labels[batch.seeds]).backward()
            optimizer.step()
            yield len(batch.nodes), batch.num_edges

    running = steps()
    next(running)  # compiles, allocates
    measured, spent = timed(lambda: list(running))
    per_epoch = -(-TRAIN_SEEDS // BATCH) / len(measured)
    return {
        "measured_batches": len(measured),
        "nodes_per_batch": float(np.mean([n for n, _ in measured])),
        "edges_per_batch": float(np.mean([e for _, e in measured])),
        **spent,
        "epoch_extrapolated": {key: value * per_epoch for key, value in spent.items()},
    }


def inference(folder: Path, size: Size, share: int) -> dict[str, Any]:
    """Outputs of all nodes from all edges, layer by layer; of every `share`-th portion of targets, the rest zeros.

    Memory is that of the whole, as all rows are written; the time of the whole is extrapolated unless `share` is 1.
    """
    import torch

    from graphrec.sparse.layerwise import layerwise

    torch.set_num_threads(1)
    indptr, indices = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("indptr", "indices"))
    x = torch.from_numpy(np.load(folder / "features.npy", mmap_mode="c"))
    layers, apply = _sage()
    computed: list[bool] = []

    def step(i: int, x: Any, own: Any, block: Any) -> Any:
        computed.append(len(computed) % share == 0)
        return apply(i, x, own, block) if computed[-1] else own.new_zeros(len(own), layers[i].out_channels)

    out, spent = timed(lambda: layerwise(indptr, indices, x, [partial(step, i) for i in range(len(layers))]))
    scale = len(computed) / sum(computed)
    return {
        **spent,
        "computed_portions": sum(computed),
        "portions": len(computed),
        "whole_extrapolated": {key: value * scale for key, value in spent.items()},
        "output": list(out.shape),
    }
