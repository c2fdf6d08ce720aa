"""Writing a bundle: everything into a temporary sibling, flushed, then one rename."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphrec.bundle.catalogue import Catalogue, catalogue_arrays, csr_arrays
from graphrec.bundle.folders import replacing_folder, write_text
from graphrec.bundle.format import (
    CARD,
    CATALOGUE,
    EXTRA,
    FORMAT,
    HISTORY,
    MANIFEST,
    digest,
    manifest_digest,
    plain,
)
from graphrec.bundle.part_arrays import is_finite, part_arrays, part_options
from graphrec.bundle.parts import Part
from graphrec.bundle.safetensors_io import map_file, write_safetensors
from graphrec.errors import InvalidInputError
from graphrec.sparse import CSR


def write_bundle(
    directory: Path | str, *, manifest: Mapping[str, Any], parts: Sequence[Part], catalogue: Catalogue,
    history: CSR, extra: Mapping[str, NDArray[Any]] | None = None, card: str,
) -> Path:  # fmt: skip
    """Write a model bundle; a bundle that lies there already is replaced in one step, or not at all.

    Args:
        directory: folder to make.
        manifest: at least `model`; `config`, `snapshot`, `seed`, `metrics` and any key of your own.
        parts: the scorers; their rows follow the order of `catalogue`.
        history: `[num_users, num_items]`, weights of the interactions the model was trained on.
        extra: arrays by name that travel with the model.
        card: text of the model card (see :func:`graphrec.bundle.model_card`).

    Returns:
        The folder.

    Raises:
        InvalidInputError: sizes that do not fit together, values that are not finite, or a folder that is
            no bundle in the way.
        StoreError: the disk refused (full, read-only); nothing has changed then.
    """
    target = Path(directory)
    _check(parts, catalogue, history)
    with replacing_folder(target, MANIFEST, "bundle") as staging:
        _write_files(staging, manifest, parts, catalogue, history, extra or {}, card)
    return target


def _write_files(
    folder: Path, manifest: Mapping[str, Any], parts: Sequence[Part], catalogue: Catalogue,
    history: CSR, extra: Mapping[str, NDArray[Any]], card: str,
) -> None:  # fmt: skip
    described = []
    for number, part in enumerate(parts):
        name = f"part_{number}_{part.kind}.safetensors"
        write_safetensors(folder / name, part_arrays(part))
        described.append({"kind": part.kind, "file": name, "weight": part.weight} | part_options(part))
    arrays, small = catalogue_arrays(catalogue)
    write_safetensors(folder / CATALOGUE, arrays)
    write_safetensors(folder / HISTORY, csr_arrays("history", history))
    if extra:
        write_safetensors(folder / EXTRA, extra)
    write_text(folder / CARD, card)
    files = {path.name: _fingerprint(path) for path in sorted(folder.iterdir())}
    full = _defaults() | plain(manifest)
    full |= {"format": FORMAT, "parts": described, "catalogue": plain(small), "files": files}
    full["sha256"] = manifest_digest(full)
    write_text(folder / MANIFEST, json.dumps(full, indent=2, ensure_ascii=False) + "\n")


def _defaults() -> dict[str, Any]:
    import graphrec

    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {
        "format": FORMAT, "model": "unnamed", "config": {}, "snapshot": None, "created": now,
        "graphrec": graphrec.__version__, "seed": None, "metrics": {},
    }  # fmt: skip


def _check(parts: Sequence[Part], catalogue: Catalogue, history: CSR) -> None:
    size = (catalogue.num_users, catalogue.num_items)
    if not parts:
        raise InvalidInputError("A bundle needs at least one part to score with.")
    if history.shape != size or len(catalogue.history_kind) != history.nnz:
        raise InvalidInputError(
            f"The history must be {size} with one kind per entry, but is {history.shape} with "
            f"{history.nnz} entries and {len(catalogue.history_kind)} kinds."
        )
    for number, part in enumerate(parts):
        if part.num_items != size[1] or part.num_users not in (None, size[0]):
            raise InvalidInputError(
                f"Part {number} ({part.kind}) scores {part.num_users} users and {part.num_items} items, "
                f"the catalogue has {size[0]} and {size[1]}."
            )
        if not is_finite(part):
            raise InvalidInputError(f"Part {number} ({part.kind}) holds NaN or infinity; train again.")


def _fingerprint(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": digest(map_file(path))}
