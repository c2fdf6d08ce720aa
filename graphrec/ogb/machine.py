"""The machine that a leaderboard entry names, and the memory that it has left."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from graphrec.errors import InvalidInputError

PACKAGES = ("graphrec", "ogb", "torch", "torch-geometric", "numpy", "scipy", "numba")
_GIB = 2**30


def hardware(device: str) -> str:
    """`Intel Xeon ..., 2 cores, 23.5 GiB`, and the GPU with its memory where the run used one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = _total_memory()
    parts = [_processor(), f"{cores} cores"] + ([f"{memory / _GIB:.1f} GiB"] if memory else [])
    if device.startswith("cuda"):
        import torch

        found = torch.cuda.get_device_properties(torch.device(device))
        parts.append(f"GPU {found.name} ({found.total_memory / _GIB:.0f} GiB)")
    return ", ".join(parts)


def versions() -> dict[str, str]:
    """Python and every package that a score may depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def pick_device(wanted: str) -> str:
    """`cpu` or `cuda`; `auto` takes the GPU where there is one.

    Raises:
        InvalidInputError: a GPU is asked for and there is none.
    """
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise InvalidInputError("--device cuda: torch sees no GPU here; use --device cpu.")
    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def free_memory(device: str) -> int | None:
    """Bytes that a run may still take on the device; None where the system does not say."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    found = [part for part in (_available(), _group_left()) if part is not None]
    return min(found) if found else None


def peak_memory(device: str) -> float:
    """Largest memory that this process has held so far, on the GPU where one is used, in GiB."""
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.max_memory_allocated(torch.device(device)) / _GIB)
    if sys.platform == "win32":
        return float("nan")
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _GIB


def _processor() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _total_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _available() -> int | None:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _group_left() -> int | None:
    """What a container's limit leaves (cgroup version 2)."""
    limit, used = ("".join(_lines(f"/sys/fs/cgroup/memory.{name}")).strip() for name in ("max", "current"))
    return int(limit) - int(used) if limit.isdigit() and used.isdigit() else None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
