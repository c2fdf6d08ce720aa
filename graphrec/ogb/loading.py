"""OGB's own loaders on today's torch: nothing but arrays is unpickled, nothing is fetched, nobody is asked.

ogb 1.3.6 calls a bare `torch.load`, which since torch 2.6 refuses the classes in its files; it looks for a newer
release of itself over the network when it is imported; and it waits for a `y` on the keyboard before it downloads.
Everything here that changes one of these lasts as long as a `with` block.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from graphrec.errors import CorruptionError, InvalidInputError, MissingExtraError, NotFoundError

META_FILE = "meta_dict.pt"
"""What `ogb.io.DatasetSaver` writes beside a data set; in its folder it stands for the entry in ogb's own list."""
KINDS = {
    "ogbn": ("nodeproppred", "PygNodePropPredDataset"),
    "ogbl": ("linkproppred", "PygLinkPropPredDataset"),
}


def import_ogb(module: str = "ogb") -> Any:
    """Import ogb, or a module of it, without its look at the package index.

    Raises:
        MissingExtraError: ogb is not installed.
    """
    try:
        with _no_version_check():
            return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"OGB data sets need {error.name}, which is not installed; run: pip install 'graphrec[train]'."
        ) from error


def evaluator_class(prefix: str) -> Any:
    """The class `Evaluator` of ogb for `ogbn` or `ogbl`, from its own file.

    The file is run by itself, for the package around it imports torch-geometric and DGL first: eight seconds and
    more, in which no score changes.
    """
    path = _package() / KINDS[prefix][0] / "evaluate.py"
    spec = spec_from_file_location(f"graphrec.ogb._evaluate_{prefix}", path)
    if spec is None or spec.loader is None:
        raise MissingExtraError(f"{path} is missing; run: pip install --force-reinstall ogb.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Evaluator


def folder_name(name: str) -> str:
    """`ogbn-arxiv` as ogb names its folder: `ogbn_arxiv`.

    Raises:
        InvalidInputError: a name that is neither of a node nor of a link property data set.
    """
    if name.partition("-")[0] not in KINDS or not name.replace("-", "").replace("_", "").isalnum():
        raise InvalidInputError(
            f"{name!r} is no node or link property data set of OGB; give a name such as ogbn-arxiv or ogbl-collab."
        )
    return name.replace("-", "_")


def find_folder(name: str, root: str | Path) -> Path:
    """The folder of a data set: `ROOT/ogbn_arxiv`, or `ROOT/ogbn_arxiv_pyg` as older releases of ogb left it.

    Raises:
        NotFoundError: there is none; the message names the folder and the command that downloads it.
    """
    plain = Path(root) / folder_name(name)
    for place in (plain.with_name(f"{plain.name}_pyg"), plain):
        if place.is_dir():
            return place
    raise NotFoundError(
        f"{name} is not at {plain}; put it there, or run: "
        f"graphrec ogb train {name} --model mlp --root {root} --download."
    )


def meta_info(name: str, folder: Path) -> dict[str, str]:
    """What ogb knows of a data set (task, metric, split, ...), all values as text.

    A `meta_dict.pt` in the folder wins, so that data sets of your own, written with `DatasetSaver`, are read too.

    Raises:
        NotFoundError: ogb does not list the name, and the folder brings no `meta_dict.pt`.
        CorruptionError: a `meta_dict.pt` that holds something else.
    """
    own = folder / META_FILE
    if own.is_file():
        return _read_meta(own) | {"dir_path": str(folder)}
    known = listed(name)
    if name not in known:
        raise NotFoundError(
            f"ogb knows no data set {name}; it lists {', '.join(known)}. One of your own needs {own}."
        )
    return known[name]


def listed(name: str) -> dict[str, dict[str, str]]:
    """Every data set of a name's kind (`ogbn`, `ogbl`) that ogb lists, and what it says of it."""
    import pandas as pd

    package = _package() / KINDS[name.partition("-")[0]][0]
    table = pd.read_csv(package / "master.csv", index_col=0, keep_default_na=False)
    return {str(column): {str(k): str(v) for k, v in table[column].items()} for column in table.columns}


def open_dataset(name: str, root: str | Path) -> Any:
    """OGB's PyG data set, node or link property, from files that are there already.

    What ogb prints while it converts goes to stderr where a terminal shows it, and nowhere else.

    Raises:
        NotFoundError, CorruptionError: files that are missing; files that hold more than arrays, or another
            release of the data set than ogb expects.
    """
    folder = find_folder(name, root)
    meta = meta_info(name, folder)
    release = folder / f"RELEASE_v{meta['version']}.txt"
    if not release.is_file():
        raise CorruptionError(
            f"{folder} holds another release of {name} than ogb expects ({release.name} is missing); delete it and "
            "download it again."
        )
    own = {**meta} if (folder / META_FILE).is_file() else None
    try:
        with reading():
            return _offline(name, folder)(name, root=str(root), meta_dict=own)
    except (OSError, EOFError, ValueError, RuntimeError, KeyError, IndexError) as error:
        if isinstance(error, NotFoundError | InvalidInputError):
            raise
        raise CorruptionError(
            f"{folder} cannot be read ({_first_line(error)}); download it again."
        ) from error
    except pickle.UnpicklingError as error:
        raise CorruptionError(
            f"A file in {folder} asks for more than arrays and graphs ({_first_line(error)}); do not use it. If "
            f"another release of PyG wrote it, delete {folder / 'processed'}: it is made again."
        ) from error


@contextmanager
def reading() -> Iterator[None]:
    """While the block runs, `torch.load` takes tensors, NumPy arrays and PyG's `Data`, and refuses all else.

    That holds for every `torch.load`, whatever it asks for: PyG reads `pre_transform.pt` as an unrestricted pickle
    otherwise, and an archive may bring one. Call `get_idx_split()` and `get_edge_split()` inside as well.
    """
    import torch

    forced = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": None}
    with _quiet(), _environment(forced), torch.serialization.safe_globals(_allowed()):
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """What is printed goes to stderr where a terminal shows it, and nowhere else."""
    if sys.stderr.isatty():
        with redirect_stdout(sys.stderr):
            yield
        return
    with Path(os.devnull).open("w") as sink, redirect_stdout(sink), redirect_stderr(sink):
        yield


def _allowed() -> list[Any]:
    """Classes and functions in the files of ogb's loaders, by the names that old and new NumPy give them."""
    import numpy as np
    from torch_geometric.data import Data
    from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
    from torch_geometric.data.storage import GlobalStorage

    rebuild = np.ndarray.__reduce__(np.zeros(0))[0]
    scalar = np.float64.__reduce__(np.float64(0))[0]
    named = [
        (function, f"numpy.{core}.multiarray.{name}")
        for core in ("core", "_core")
        for name, function in (("_reconstruct", rebuild), ("scalar", scalar))
    ]
    kinds = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 bool".split()
    types = [type(np.dtype(kind)) for kind in kinds]
    return [*named, np.ndarray, np.dtype, *types, Data, DataEdgeAttr, DataTensorAttr, GlobalStorage]


def _offline(name: str, folder: Path) -> Any:
    """The class of ogb, which downloads what it does not find, as one that says so instead."""
    module, kind = KINDS[name.partition("-")[0]]
    found = getattr(import_ogb(f"ogb.{module}"), kind)

    def download(dataset: Any) -> None:
        missing = next(path for path in dataset.raw_paths if not os.path.exists(path))
        raise NotFoundError(f"{missing} is missing; download {name} again (delete {folder} before).")

    return type(kind, (found,), {"download": download})


def _package() -> Path:
    """Folder of the package ogb, without importing it."""
    spec = find_spec("ogb")
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            "OGB data sets need ogb, which is not installed; run: pip install 'graphrec[train]'."
        )
    return Path(spec.origin).parent


def _read_meta(path: Path) -> dict[str, str]:
    import torch

    try:
        found: object = torch.load(path, weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything
        raise CorruptionError(f"{path} is damaged; save the data set again.") from error
    if not isinstance(found, Mapping) or "version" not in found:
        raise CorruptionError(f"{path} does not describe an OGB data set; save the data set again.")
    return {str(key): str(value) for key, value in found.items()}


@contextmanager
def _no_version_check() -> Iterator[None]:
    """Hide the package `outdated`: ogb checks its version with it, and does without where it is not installed."""
    absent = object()
    before: Any = sys.modules.get("outdated", absent)
    sys.modules["outdated"] = None  # type: ignore[assignment]  # how Python marks a module that is not to be had
    try:
        with _environment({"OUTDATED_IGNORE": os.environ.get("OUTDATED_IGNORE")}):
            yield
    finally:
        if before is absent:
            del sys.modules["outdated"]
        else:
            sys.modules["outdated"] = before


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Environment variables (None: unset) as given, and as they were before afterwards."""
    before = {key: os.environ.get(key) for key in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for key, value in values.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
