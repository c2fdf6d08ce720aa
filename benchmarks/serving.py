"""How quick serving is: a request over the whole catalogue, a million vectors beside faiss, the command.

    python benchmarks/serving.py [--model DIR] [--requests 500]

Without `--model` the catalogue is synthetic: 58,899 items with as many attributes per item as recipes have.
One core: the thread variables are set before NumPy loads.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _common import REPOSITORY, write_results

from graphrec.bundle import Catalogue, ItemItemPart, Strings, VectorPart, read_bundle, write_bundle
from graphrec.ranking import Recommender
from graphrec.ranking.retrieval import top_k
from graphrec.sparse import CSR

ITEMS, TRAINED_ITEMS, USERS, DIM = 58_899, 12_507, 2_332, 64
INGREDIENTS, KEYWORDS, GROUPS = 6_000, 4_000, 60
GOALS = {"p50_ms": 5.0, "p99_ms": 20.0, "load_ms": 100.0, "faiss_ratio": 1.5, "process_s": 0.7}


def main() -> None:
    """Measure, print, write `benchmarks/results/serving.json`."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", type=Path, help="a trained bundle; default a synthetic one")
    arguments.add_argument("--requests", type=int, default=500)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or synthetic_bundle(Path(folder) / "model")
        results: dict[str, Any] = {"catalogue": "synthetic" if options.model is None else options.model.name}
        results |= measure_requests(model, options.requests)
        results["process"] = measure_process(model)
    results["million"] = measure_million()
    results |= {"goals": GOALS, "load_average": os.getloadavg()[0]}
    report(results)
    write_results("serving", results)


def synthetic_bundle(path: Path) -> Path:
    """As large as the real one: 64-d vectors, 200 item-item weights per trained item, 87 items a user."""
    rng = np.random.default_rng(0)
    catalogue_edges = _attribute_edges(rng)
    broader = _hierarchy(rng)
    history = _history(rng)
    attributes = INGREDIENTS + KEYWORDS + 20 + 12
    types = np.repeat(np.arange(4, dtype=np.int16), [INGREDIENTS, KEYWORDS, 20, 12])
    item_attributes = CSR.from_coo(*catalogue_edges, None, (ITEMS, attributes))
    closed = _closed(item_attributes, broader)
    minutes = np.where(rng.random(ITEMS) < 0.3, rng.integers(5, 240, ITEMS).astype(float), np.nan)
    counts = {"food": INGREDIENTS, "word": KEYWORDS, "cuisine": 20, "course": 12}
    names = [f"{name} {n}" for name, count in counts.items() for n in range(count)]
    catalogue = Catalogue(
        user_type="user", item_type="recipe", user_ids=Strings.pack(map(str, range(USERS))),
        item_ids=Strings.pack(str(100_000 + n) for n in range(ITEMS)),
        titles=Strings.pack(f"A dish with a title of usual length {n}" for n in range(ITEMS)),
        types=("ingredient", "keyword", "cuisine", "course"), hierarchical=("ingredient",),
        attribute_type=types, attribute_ids=Strings.pack(names), attribute_names=Strings.pack(names),
        relations=("contains", "has_keyword", "of_cuisine", "of_course"), item_attributes=item_attributes,
        edge_relation=types[item_attributes.indices], attribute_items=closed,
        attribute_items_contained=closed, broader_kinds=broader, broader=broader,
        properties={"total_minutes": minutes},
        popularity=np.bincount(history.indices, minlength=ITEMS).astype(np.float32), kinds=("cook",),
        history_kind=np.zeros(history.nnz, np.int16), alias=Strings.pack(names),
        alias_attribute=np.arange(attributes, dtype=np.int32),
    )  # fmt: skip
    parts = [
        VectorPart(_normal(rng, USERS, DIM), _normal(rng, ITEMS, DIM)),
        ItemItemPart(_item_item(rng), weight=0.5),
    ]
    manifest = {"model": "synthetic", "snapshot": "synthetic", "seed": 0}
    return write_bundle(
        path, manifest=manifest, parts=parts, catalogue=catalogue, history=history, card="# Synthetic\n"
    )


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def _zipf(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Ranks drawn as real ingredients are: salt in 45 % of the recipes, most in a handful."""
    return np.minimum((np.exp(rng.random(size) * np.log(count)) - 1).astype(np.int64), count - 1)


def _attribute_edges(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    items = np.arange(ITEMS)
    pieces = [
        (np.repeat(items, 9), _zipf(rng, INGREDIENTS, ITEMS * 9)),
        (np.repeat(items, 4), INGREDIENTS + _zipf(rng, KEYWORDS, ITEMS * 4)),
        (items, INGREDIENTS + KEYWORDS + _zipf(rng, 20, ITEMS)),
        (items, INGREDIENTS + KEYWORDS + 20 + rng.integers(0, 12, ITEMS)),
    ]
    textless = rng.random(ITEMS) < 0.05
    rows, cols = (np.concatenate([piece[side] for piece in pieces]) for side in (0, 1))
    kept = ~textless[rows]
    return rows[kept], cols[kept]


def _hierarchy(rng: np.random.Generator) -> CSR:
    low = np.arange(GROUPS, INGREDIENTS)
    size = INGREDIENTS + KEYWORDS + 32
    return CSR.from_coo(low, rng.integers(0, GROUPS, len(low)), None, (size, size))


def _closed(item_attributes: CSR, broader: CSR) -> CSR:
    direct, up = item_attributes.to_scipy(), broader.to_scipy()
    closed = CSR.from_scipy(((direct + direct @ up) > 0).T)
    return CSR(closed.indptr, closed.indices, None, closed.shape)


def _history(rng: np.random.Generator) -> CSR:
    rows = np.repeat(np.arange(USERS), 87)
    cols = _zipf(rng, TRAINED_ITEMS, len(rows))
    return CSR.from_coo(rows, cols, np.ones(len(rows), np.float32), (USERS, ITEMS), duplicates="max")


def _item_item(rng: np.random.Generator) -> CSR:
    rows = np.repeat(np.arange(TRAINED_ITEMS), 200)
    cols = rng.integers(0, TRAINED_ITEMS, len(rows))
    return CSR.from_coo(rows, cols, _normal(rng, len(rows)) * 0.1, (ITEMS, ITEMS))


def measure_requests(model: Path, count: int) -> dict[str, Any]:
    """Latency of `recommend` with a must, a must-not and a time limit, without, and with reasons."""
    loads = [_timed(lambda: read_bundle(model)) for _ in range(5)]
    bundle = read_bundle(model)
    recommender = Recommender(bundle)
    asks = _requests(bundle.catalogue, count)
    first = _timed(lambda: recommender.recommend(**asks[0]))
    plain = [{"user": ask["user"]} for ask in asks]
    return {
        "items": bundle.catalogue.num_items, "users": bundle.catalogue.num_users,
        "attributes": bundle.catalogue.num_attributes, "edges": bundle.catalogue.item_attributes.nnz,
        "megabytes": sum(f.stat().st_size for f in model.iterdir()) / 1e6,
        "load_ms": statistics.median(loads) * 1e3, "first_answer_ms": first * 1e3,
        "constrained": _latency([lambda a=a: recommender.recommend(**a) for a in asks]),
        "unconstrained": _latency([lambda a=a: recommender.recommend(**a) for a in plain]),
        "explained": _latency([lambda a=a: recommender.recommend(**a, explain=True) for a in asks[:200]]),
    }  # fmt: skip


def _requests(catalogue: Catalogue, count: int) -> list[dict[str, Any]]:
    """One or two attributes that some item has, one excluded, in every second request a time limit."""
    rng = np.random.default_rng(1)
    described = np.flatnonzero(catalogue.item_attributes.degrees() > 2)
    asks = []
    for _ in range(count):
        item = int(rng.choice(described))
        wanted = rng.choice(catalogue.item_attributes.row(item), size=int(rng.integers(1, 3)), replace=False)
        excluded = int(rng.choice(catalogue.item_attributes.row(int(rng.choice(described)))))
        ask: dict[str, Any] = {
            "user": catalogue.user_ids[int(rng.integers(catalogue.num_users))],
            "must": [catalogue.ref(int(a)) for a in wanted], "must_not": [catalogue.ref(excluded)], "k": 10,
        }  # fmt: skip
        if "total_minutes" in catalogue.properties and rng.random() < 0.5:
            ask["ranges"] = {"total_minutes": (None, float(rng.integers(20, 90)))}
        asks.append(ask)
    return asks


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _latency(actions: Sequence[Callable[[], object]]) -> dict[str, float]:
    for action in actions[:10]:
        action()
    wall, cpu = np.asarray([_timed_twice(action) for action in actions]).T * 1e3
    (p50, p99), (cpu50, cpu99) = np.percentile(wall, [50, 99]), np.percentile(cpu, [50, 99])
    return {
        "p50_ms": float(p50), "p99_ms": float(p99), "max_ms": float(wall.max()),
        "cpu_p50_ms": float(cpu50), "cpu_p99_ms": float(cpu99), "requests": len(wall),
    }  # fmt: skip


def _timed_twice(action: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time: they part where other programs share the core."""
    cpu = time.process_time()
    wall = _timed(action)
    return wall, time.process_time() - cpu


def measure_million(rows: int = 1_000_000, dim: int = 64, k: int = 10, queries: int = 30) -> dict[str, Any]:
    """Exact top-k over random vectors, one query and one thread, alternating with faiss `IndexFlatIP`."""
    rng = np.random.default_rng(2)
    vectors, asked = _normal(rng, rows, dim), _normal(rng, queries, dim)
    rank = np.arange(rows, dtype=np.int32)
    result: dict[str, Any] = {"rows": rows, "dim": dim, "k": k}

    def ours(query: np.ndarray) -> np.ndarray:
        return top_k(vectors @ query, k, rank)

    try:
        import faiss
    except ImportError:
        times = [_timed(lambda q=q: ours(q)) for q in asked]
        skipped = "skipped: faiss-cpu is not installed"
        return result | {"ours_ms": statistics.median(times) * 1e3, "faiss": skipped}
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(dim)
    index.add(vectors)
    pairs = [(_timed(lambda q=q: ours(q)), _timed(lambda q=q: index.search(q[None], k))) for q in asked]
    same = sum(set(ours(q).tolist()) == set(index.search(q[None], k)[1][0].tolist()) for q in asked)
    mine, theirs = (statistics.median(times) * 1e3 for times in zip(*pairs, strict=True))
    compared = {"ratio": mine / theirs, "same_items": f"{same}/{queries}"}
    return result | {"ours_ms": mine, "faiss_ms": theirs} | compared


def measure_process(model: Path, runs: int = 7) -> dict[str, Any]:
    """Wall time of the whole `graphrec recommend` process, import to exit."""
    catalogue = read_bundle(model).catalogue
    user = catalogue.user_ids[0]
    common = catalogue.ref(int(np.argmax(catalogue.attribute_items.degrees())))
    start = [sys.executable, "-c", "from graphrec.cli.main import run; run()"]
    ask = ["recommend", "--model", str(model), "--user", user, "--json"]
    words = f"something with {common.split(':', 1)[1]}"
    found: dict[str, Any] = {}
    for name, more in (("must", ["--must", common]), ("request", ["--request", words])):
        command = [*start, *ask, *more]
        done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
        if done.returncode != 0 or '"items"' not in done.stdout:
            found[name] = {"skipped": (done.stderr.strip() or "no answer").splitlines()[-1]}
            continue
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        times = [_timed(lambda c=command: _run_quietly(c)) for _ in range(runs)]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / runs
        found[name] = {"median_s": statistics.median(times), "min_s": min(times), "cpu_s": cpu, "runs": runs}
    return found


def _run_quietly(command: Sequence[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=REPOSITORY, check=True)


def report(results: dict[str, Any]) -> None:
    """The numbers for people."""
    print(f"{results['items']:,} items, {results['edges']:,} attribute edges, {results['megabytes']:.0f} MB")
    print(f"load {results['load_ms']:.0f} ms, first answer {results['first_answer_ms']:.0f} ms")
    for name in ("constrained", "unconstrained", "explained"):
        row = results[name]
        wall = f"p50 {row['p50_ms']:.2f} ms  p99 {row['p99_ms']:.2f} ms  max {row['max_ms']:.2f} ms"
        print(f"{name:14} {wall}  (processor p50 {row['cpu_p50_ms']:.2f}, p99 {row['cpu_p99_ms']:.2f})")
    print("million       ", results["million"])
    print("process       ", results["process"])


if __name__ == "__main__":
    main()
