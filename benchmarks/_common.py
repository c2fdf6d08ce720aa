"""What every benchmark shares: finding the data, naming the machine, writing JSON, printing tables."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
PACKAGES = (
    "numpy", "scipy", "torch", "torch-geometric", "numba", "dgl", "implicit", "faiss-cpu", "SQLAlchemy", "pydantic",
)  # fmt: skip


def graphrec_data_dir() -> Path:
    """Folder of the real research data: `GRAPHREC_DATA`, else `shared/data` beside the repository."""
    return Path(os.environ.get("GRAPHREC_DATA") or REPOSITORY.parent / "shared" / "data")


def find_data(relative: str) -> Path | None:
    """Path of one data file or folder, None when it is absent."""
    path = graphrec_data_dir() / relative
    return path if path.exists() else None


def need_data(relative: str) -> Path:
    """Path of one data file or folder; ends the benchmark with one clear line when it is absent."""
    path = find_data(relative)
    if path is None:
        print(
            f"This benchmark needs {relative}: set GRAPHREC_DATA to the folder that holds it.",
            file=sys.stderr,
        )
        sys.exit(2)
    return path


def machine() -> dict[str, Any]:
    """Processor, memory, accelerator, thread settings and versions that a number depends on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "accelerator": _accelerator(),
        "threads": {key: os.environ.get(key) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def write_results(name: str, payload: Mapping[str, Any]) -> Path:
    """Write `benchmarks/results/<name>.json` with the machine beside the payload, in one step."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    target, draft = RESULTS / f"{name}.json", RESULTS / f".{name}.json.tmp"
    text = json.dumps({"benchmark": name, "machine": machine(), **payload}, indent=1, default=_plain)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(target)
    print(f"wrote {target.relative_to(REPOSITORY)}", file=sys.stderr)
    return target


def read_results(name: str) -> dict[str, Any]:
    """The payload last written under that name, without the machine; empty when there is none."""
    path = RESULTS / f"{name}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {key: value for key, value in found.items() if key not in ("benchmark", "machine")}


def mean_sd(values: Sequence[float], digits: int = 4) -> str:
    """`.2774 ± .0012` over seeds, or the value alone when there is one."""
    if not values or any(math.isnan(value) for value in values):
        return "-"
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A plain aligned table on stdout; floats get four digits, sequences of floats become mean ± sd."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    print(f"\n{title}")
    for line in [list(columns), ["-" * width for width in widths], *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """`with stopwatch() as seconds: ...`; afterwards `seconds[0]` is the wall time."""
    seconds: list[float] = []
    started = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - started)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4f}"
    if isinstance(value, list | tuple):
        return mean_sd([float(v) for v in value])
    return str(value)


def _plain(value: Any) -> Any:
    """NumPy scalars and arrays, paths: whatever `json` does not know."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _accelerator() -> str | None:
    torch = sys.modules.get("torch")  # only a benchmark that uses torch pays for its import
    return torch.cuda.get_device_name(0) if torch is not None and torch.cuda.is_available() else None
