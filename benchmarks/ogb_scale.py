"""Sampling at ogbn-products' size: building the graph, sampled edges per second beside DGL, epochs, inference.

    python benchmarks/ogb_scale.py                        # 1, 4, 16 and 61.9 million undirected edges; 3 GiB of disk
    python benchmarks/ogb_scale.py --millions 1 4 --rounds 5

Every part runs in a process of its own, and its peak memory (`peak_gib`) is that process's, libraries and mapped
files included. Ours and DGL's sampler take the same seeds in turn in one process, ours first in every other round;
their ratio is taken round by round, over wall time and over processor time: other programs share the machine.
The epoch is extrapolated from a few batches to products' 196,615 training nodes (more than the smallest graphs
have: their figure is for as many seeds), inference from one portion in `--inference-share`. Labels are random.

DGL takes two threads in two ways. Called for two batches at once it is no fair rival, for it then returns fewer
edges than on one thread (`edges` in the results); the other way, both threads on one batch, is its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import _ogb_scale_parts as parts
from _common import print_table, read_results, write_results
from _ogb_scale_graph import EDGES, NODES, Size

NAME = "ogb_scale"
PARTS = ("generate", "build", "sampling", "training", "inference")
MEMORY_BAR_GIB = 14.0


def run_part(part: str, folder: Path, size: Size, options: dict[str, int]) -> dict[str, Any]:
    """One part in a new process; its result and the most memory that it held."""
    job = json.dumps({"part": part, "folder": str(folder), "size": size.described(), "options": options})
    done = subprocess.run(
        [sys.executable, __file__, "--job", job], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{size.edges:,} edges, {part}: {found.get('wall_s', '')} peak {found['peak_gib']:.2f} GiB",
        file=sys.stderr,
    )
    return found


def child(job: dict[str, Any]) -> None:
    """What the new process does."""
    part = getattr(parts, job["part"])
    found = part(Path(job["folder"]), Size(**job["size"]), **job["options"])
    print(json.dumps(found | {"peak_gib": parts.peak_gib()}))


def measure(size: Size, args: argparse.Namespace, entry: dict[str, Any], save: Any) -> None:
    """All parts at one size; `save` is called after each."""
    options = {
        "sampling": {"rounds": args.rounds, "batches": args.batches},
        "training": {"batches": args.train_batches},
        "inference": {"share": args.inference_share},
    }
    with folder_for(size, args.folder) as folder:
        for part in args.parts:
            entry[part] = run_part(part, folder, size, options.get(part, {}))
            save()


@contextmanager
def folder_for(size: Size, parent: Path | None) -> Iterator[Path]:
    """A folder that goes, or one below `parent` that stays."""
    if parent is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
    else:
        folder = parent / f"edges_{size.edges}"
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


def sampling_rows(millions: str, entry: dict[str, Any]) -> list[list[Any]]:
    """Medians over the rounds, on one thread and on two against either of DGL's ways."""
    rows = []
    for threads in ("threads_1", "threads_2"):
        found = entry["sampling"][threads]
        for rival, ratios in found["ratio"].items():
            line: list[Any] = [millions, threads[-1], rival]
            for key in ("per_s", "per_cpu_s"):
                speeds = (statistics.median(row[key] for row in found[who]) for who in ("graphrec", rival))
                line += [f"{speed / 1e6:.2f}" for speed in speeds]
                low, high = min(ratios[key]), max(ratios[key])
                line.append(f"{statistics.median(ratios[key]):.2f} ({low:.2f} to {high:.2f})")
            rows.append(line)
    return rows


def show(results: dict[str, Any]) -> None:
    """Two tables from the results."""
    whole = sorted(
        ((key, entry) for key, entry in results["sizes"].items() if set(PARTS) <= set(entry)),
        key=lambda pair: float(pair[0]),
    )
    columns = [
        "M edges",
        "threads",
        "rival",
        "ours M/s",
        "its M/s",
        "ratio",
        "ours M/CPU s",
        "its M/CPU s",
        "ratio",
    ]
    print_table(
        f"Sampled edges, fanouts {parts.FANOUTS}, batch {parts.BATCH}: medians, range of paired ratios",
        columns,
        [row for key, entry in whole for row in sampling_rows(key, entry)],
    )
    columns = [
        "M edges",
        "build s (CPU)",
        "GiB",
        "epoch s, extrapolated (CPU)",
        "GiB",
        "inference s (CPU)",
        "GiB",
    ]
    rows = []
    for key, entry in whole:
        row = [key]
        for part, seconds in (
            ("build", entry["build"]),
            ("training", entry["training"]["epoch_extrapolated"]),
            ("inference", entry["inference"]["whole_extrapolated"]),
        ):
            row += [f"{seconds['wall_s']:.1f} ({seconds['cpu_s']:.1f})", f"{entry[part]['peak_gib']:.2f}"]
        rows.append(row)
    print_table("Building, 3-layer GraphSAGE (hidden 256), layer-wise inference", columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Neighbour sampling at ogbn-products' size.")
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 4, 16, EDGES / 1e6])
    parser.add_argument("--rounds", type=int, default=6, help="pairs of runs per number of threads")
    parser.add_argument("--batches", type=int, default=8, help="sampled batches per run")
    parser.add_argument("--train-batches", type=int, default=6)
    parser.add_argument(
        "--inference-share", type=int, default=1, help="compute one portion of targets in so many"
    )
    parser.add_argument("--folder", type=Path, help="keeps the graphs' files, for parts run later")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--job", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        child(json.loads(args.job))
        return
    results = read_results(NAME) or {"sizes": {}}
    results["protocol"] = {"fanouts": parts.FANOUTS, "batch": parts.BATCH, "hidden": parts.HIDDEN}
    results["protocol"] |= {name: version(name) for name in ("numba", "dgl")}
    for millions in args.millions:
        edges = round(millions * 1e6)
        size = Size(NODES, EDGES) if edges == EDGES else Size.of_edges(edges)
        entry = results["sizes"].setdefault(f"{edges / 1e6:.1f}", size.described())
        measure(size, args, entry, lambda: write_results(NAME, results))
        peak = max(entry[part]["peak_gib"] for part in PARTS if part in entry)
        entry["peak_gib"], entry["below_memory_bar"] = peak, peak < MEMORY_BAR_GIB
        write_results(NAME, results)
    show(results)


if __name__ == "__main__":
    main()
