"""Store and snapshot at 5 million synthetic edges: bulk import, snapshot, opening, neighbour reads.

Baselines in the same run: plain `sqlite3` with one index-organised table in one direction (`executemany`),
and SciPy's `save_npz` / `load_npz` of the same matrix. The store keeps both directions, checks every id and
is durable at commit.

    python benchmarks/store_scale.py [--edges 5000000] [--users 200000] [--items 500000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from _common import print_table, stopwatch, write_results

from graphrec.store import GraphSnapshot, GraphStore, write_snapshot

RELATION = "tried"
READS = 20_000
OPENINGS = 5


def synthetic_edges(edges: int, users: int, items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (user, item) pairs, items with a long tail; int64 `[edges]` each, in random order."""
    rng = np.random.default_rng(seed)
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < edges:
        missing = int((edges - len(keys)) * 1.1) + 1000
        item = (items * rng.random(missing) ** 1.5).astype(np.int64)
        keys = np.unique(np.concatenate([keys, rng.integers(users, size=missing) * items + item]))
    keys = rng.permutation(keys)[:edges]
    return keys // items, keys % items


def percentiles(read: Callable[[Any], Any], asked: list[Any]) -> dict[str, float]:
    """Milliseconds of one read after the other."""
    times = []
    for one in asked:
        start = time.perf_counter()
        read(one)
        times.append(time.perf_counter() - start)
    return {f"p{at}_ms": round(float(np.percentile(times, at)) * 1000, 4) for at in (50, 99)}


def plain_sqlite(path: Path, src: np.ndarray, dst: np.ndarray, asked: list[int]) -> dict[str, Any]:
    """One direction, no checks: what `executemany` of sorted tuples takes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE edge (src INT, dst INT, weight REAL, PRIMARY KEY (src, dst)) WITHOUT ROWID"
        )
        cpu = time.process_time()
        with stopwatch() as seconds:
            order = np.lexsort((dst, src))
            connection.execute("BEGIN IMMEDIATE")
            rows = zip(src[order].tolist(), dst[order].tolist(), [1.0] * len(src), strict=True)
            connection.executemany("INSERT INTO edge VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        cpu = time.process_time() - cpu
        sql = "SELECT dst FROM edge WHERE src = ?"
        reads = percentiles(lambda row: connection.execute(sql, (row,)).fetchall(), asked)
    return {
        "import_s": seconds[0],
        "edges_per_s": len(src) / seconds[0],
        "edges_per_cpu_s": len(src) / cpu,
        "bytes": path.stat().st_size,
        **reads,
    }


def fill_store(
    store: GraphStore, src: np.ndarray, dst: np.ndarray, users: int, items: int
) -> dict[str, float]:
    """Nodes, then edges, each in one durable transaction."""
    with stopwatch() as node_seconds, store.writing() as writer:
        user_rows = writer.row_ids("user", [f"u{number}" for number in range(users)])
        item_rows = writer.row_ids("product", [f"p{number}" for number in range(items)])
    cpu = time.process_time()
    with stopwatch() as edge_seconds, store.writing() as writer:
        writer.add_relation(RELATION, "user", "product", inverse=f"{RELATION}_by")
        added = writer.bulk_edges(RELATION, user_rows[src], item_rows[dst])
    cpu = time.process_time() - cpu
    assert added == len(src), f"{added} edges were added instead of {len(src)}"
    return {
        "nodes_s": node_seconds[0],
        "nodes_per_s": (users + items) / node_seconds[0],
        "edges_s": edge_seconds[0],
        "edges_per_s": len(src) / edge_seconds[0],
        "edges_per_cpu_s": len(src) / cpu,
    }


def open_times(path: Path) -> dict[str, float]:
    """Milliseconds until the first neighbour is read, median of a few openings (files in the page cache)."""
    medians = {}
    for verify in ("full", "size"):
        times = []
        for _ in range(OPENINGS):
            with stopwatch() as seconds:
                GraphSnapshot.open(path, verify=verify).csr(RELATION).row(0)
            times.append(seconds[0])
        medians[f"open_{verify}_ms"] = float(np.median(times)) * 1000
    return medians


def scipy_baseline(path: Path, src: np.ndarray, dst: np.ndarray, shape: tuple[int, int]) -> dict[str, Any]:
    """The same matrix, one direction, without ids and checksums."""
    with stopwatch() as save_seconds:
        ones = np.ones(len(src), dtype=np.float32)
        sp.save_npz(path, sp.csr_matrix((ones, (src, dst)), shape=shape), compressed=False)
    with stopwatch() as load_seconds:
        sp.load_npz(path).indices[0]
    return {"write_s": save_seconds[0], "open_ms": load_seconds[0] * 1000, "bytes": path.stat().st_size}


def check(snapshot: GraphSnapshot, src: np.ndarray, dst: np.ndarray, user: int) -> None:
    """The snapshot must hold what was imported, or its speed means nothing."""
    assert snapshot.csr(RELATION).nnz == snapshot.csr(RELATION, "in").nnz == len(src)
    ids, found = snapshot.ids("product"), snapshot.csr(RELATION).row(snapshot.index("user")[f"u{user}"])
    assert {ids[int(row)] for row in found} == {f"p{item}" for item in dst[src == user]}


def measure(edges: int, users: int, items: int, folder: Path, seed: int) -> dict[str, Any]:
    """Everything, in a fresh folder."""
    src, dst = synthetic_edges(edges, users, items, seed)
    asked = np.random.default_rng(seed + 1).integers(users, size=READS).tolist()
    plain = plain_sqlite(folder / "plain.db", src, dst, asked)
    with GraphStore.open(f"sqlite:///{folder / 'store.db'}") as store:
        imported = fill_store(store, src, dst, users, items)
        with stopwatch() as write_seconds:
            path = write_snapshot(store, folder / "snapshots").path
        few = [f"u{user}" for user in asked[: READS // 10]]
        store_reads = percentiles(lambda user: store.neighbors("user", user, RELATION), few)
    size = sum(file.stat().st_size for file in path.iterdir())
    opened = open_times(path)
    snapshot = GraphSnapshot.open(path)
    check(snapshot, src, dst, asked[0])
    matrix = snapshot.csr(RELATION)
    snapshot_reads = percentiles(lambda user: matrix.row(user).tolist(), asked)
    archive = scipy_baseline(folder / "m.npz", src, dst, (users, items))
    return {
        "edges": edges, "users": users, "items": items, "seed": seed,
        "store": {**imported, "bytes": (folder / "store.db").stat().st_size, **store_reads},
        "snapshot": {"write_s": write_seconds[0], "bytes": size, **opened, **snapshot_reads},
        "baselines": {"sqlite3": plain, "scipy_npz": archive},
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """The table, on stderr: stdout carries the JSON."""
    store, snapshot, plain = found["store"], found["snapshot"], found["baselines"]["sqlite3"]
    scipy_ = found["baselines"]["scipy_npz"]
    rows = [
        [
            "edges/s into the store (both ways)",
            store["edges_per_s"],
            plain["edges_per_s"],
            "sqlite3, one direction",
        ],
        [
            "edges per CPU second (on a busy machine)",
            store["edges_per_cpu_s"],
            plain["edges_per_cpu_s"],
            "sqlite3, one direction",
        ],
        ["store MB", store["bytes"] / 1e6, plain["bytes"] / 1e6, "sqlite3, one direction"],
        ["store neighbours p50 ms (by external id)", store["p50_ms"], plain["p50_ms"], "sqlite3, by row id"],
        ["store neighbours p99 ms", store["p99_ms"], plain["p99_ms"], "sqlite3, by row id"],
        ["snapshot written, s", snapshot["write_s"], scipy_["write_s"], "SciPy, one direction, from memory"],
        ["snapshot MB", snapshot["bytes"] / 1e6, scipy_["bytes"] / 1e6, "SciPy, one direction"],
        ["snapshot opened and hashed, ms", snapshot["open_full_ms"], scipy_["open_ms"], "SciPy, unchecked"],
        ["snapshot opened by size, ms", snapshot["open_size_ms"], scipy_["open_ms"], "SciPy, unchecked"],
        ["snapshot neighbours p50 ms", snapshot["p50_ms"], plain["p50_ms"], "sqlite3, by row id"],
        ["snapshot neighbours p99 ms", snapshot["p99_ms"], plain["p99_ms"], "sqlite3, by row id"],
    ]
    title = f"{found['edges']:,} edges, {found['users']:,} users, {found['items']:,} items"
    with redirect_stdout(sys.stderr):
        print_table(title, ["measure", "graphrec", "baseline", "which"], rows)


def main() -> None:
    """Run, print, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edges", type=int, default=5_000_000)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the temporary files go (a local disk)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = measure(arguments.edges, arguments.users, arguments.items, Path(folder), arguments.seed)
    show(found)
    print(json.dumps(found, indent=1))
    write_results("store_scale", found)


if __name__ == "__main__":
    main()
