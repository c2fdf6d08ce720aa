"""Reading a bundle: verified by digest, memory-mapped, NumPy alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.bundle.catalogue import Catalogue, catalogue_from_arrays, csr_from_arrays
from graphrec.bundle.format import (
    CATALOGUE,
    EXTRA,
    FORMAT,
    HISTORY,
    MANIFEST,
    REQUIRED,
    digest,
    manifest_digest,
)
from graphrec.bundle.history import History
from graphrec.bundle.part_arrays import part_from_arrays
from graphrec.bundle.parts import Part, score_parts
from graphrec.bundle.safetensors_io import map_file, read_safetensors
from graphrec.errors import CorruptionError, NotFoundError, SchemaVersionError
from graphrec.sparse import CSR

Int = NDArray[np.integer[Any]]
Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model, ready to score.

    Args:
        path: its folder.
        manifest: what `model.json` says.
        parts: scorers, their weighted sum is the model's score.
        catalogue: ids and attributes.
        history: `[num_users, num_items]`, the interactions it was trained on.
        extra: further arrays by name.
    """

    path: Path
    manifest: Mapping[str, Any]
    parts: tuple[Part, ...]
    catalogue: Catalogue
    history: CSR
    extra: Mapping[str, NDArray[Any]]

    @cached_property
    def users_by_item(self) -> CSR:
        """`[num_items, num_users]`: the history the other way round, built when first asked for."""
        return self.history.transpose()

    def history_of(self, user: int) -> History:
        """What a user of the bundle did when the model was trained."""
        return History(self.history.row(user), self.history.row_values(user))

    def score_user(self, user: int, candidates: Int | None = None) -> Float:
        """Scores float32 `[num_items]` or `[len(candidates)]`, equal to the model's own."""
        return score_parts(self.parts, user, self.history_of(user), candidates)


def read_bundle(directory: Path | str, *, verify: bool = True) -> Bundle:
    """Open a bundle.

    Args:
        verify: compare every file with its digest first (about 0.6 s per GB); without it only the structure
            of the files is checked.

    Raises:
        NotFoundError: there is no bundle at `directory`.
        CorruptionError: a file is not what was written; the message names it.
        SchemaVersionError: written by a newer graphrec.
    """
    folder = Path(directory)
    text = _manifest_text(folder)
    try:
        return _open(folder, text, verify)
    except (CorruptionError, FileNotFoundError):
        # A new bundle may have taken this one's place between two reads: then the manifest has changed.
        again = _manifest_text(folder)
        if again == text:
            raise
        return _open(folder, again, verify)


def _manifest_text(folder: Path) -> bytes:
    path = folder / MANIFEST
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(
            f"There is no model bundle at {folder} (no {MANIFEST}); train one first."
        ) from None
    except OSError as error:
        raise CorruptionError(f"{path} cannot be read: {error.strerror}.") from error


def _open(folder: Path, text: bytes, verify: bool) -> Bundle:
    manifest = _parse(folder / MANIFEST, text)
    try:
        return _assemble(folder, manifest, verify)
    except (CorruptionError, FileNotFoundError):
        raise
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise CorruptionError(f"The bundle {folder} does not fit together ({error}); train again.") from error


def _assemble(folder: Path, manifest: Mapping[str, Any], verify: bool) -> Bundle:
    files = manifest["files"]
    for name, expected in files.items():
        _check_file(folder, name, expected, verify)
    for name in (CATALOGUE, HISTORY, *(part["file"] for part in manifest["parts"])):
        if name not in files:
            raise CorruptionError(f"{folder / MANIFEST} does not list {name}; train again.")
    catalogue = catalogue_from_arrays(read_safetensors(folder / CATALOGUE), manifest["catalogue"])
    history = csr_from_arrays("history", read_safetensors(folder / HISTORY))
    parts = tuple(part_from_arrays(one, read_safetensors(folder / one["file"])) for one in manifest["parts"])
    extra = read_safetensors(folder / EXTRA) if EXTRA in files else {}
    bundle = Bundle(folder, manifest, parts, catalogue, history, extra)
    _check_sizes(bundle)
    return bundle


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        version = int(manifest["format"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptionError(f"{path} is no readable manifest ({error}); train again.") from error
    if version > FORMAT:
        raise SchemaVersionError(
            f"{path} has format {version}, this graphrec reads up to {FORMAT}; update graphrec."
        )
    missing = [key for key in REQUIRED if key not in manifest]
    if missing or manifest["sha256"] != manifest_digest(manifest):
        raise CorruptionError(f"{path} is not what was written (its digest differs); train again.")
    return dict(manifest)


def _check_file(folder: Path, name: str, expected: Mapping[str, Any], verify: bool) -> None:
    path = folder / name
    if "/" in name or "\\" in name or name.startswith("."):
        raise CorruptionError(f"{folder / MANIFEST} lists {name!r}, outside the bundle; train again.")
    try:
        content = map_file(path)
    except OSError as error:
        raise CorruptionError(f"{path} is missing or unreadable ({error.strerror}); train again.") from error
    if len(content) != expected["bytes"]:
        raise CorruptionError(f"{path} has {len(content)} bytes instead of {expected['bytes']}; train again.")
    if verify and digest(content) != expected["sha256"]:
        raise CorruptionError(f"{path} is not what was written (its digest differs); train again.")


def _check_sizes(bundle: Bundle) -> None:
    size = (bundle.catalogue.num_users, bundle.catalogue.num_items)
    fits = bundle.history.shape == size and bool(bundle.parts)
    fits = fits and all(p.num_items == size[1] and p.num_users in (None, size[0]) for p in bundle.parts)
    if not fits:
        raise CorruptionError(f"The bundle {bundle.path} has parts of different sizes; train again.")
