"""Writing a folder of files: everything into a temporary sibling, flushed, then one rename."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrec.errors import InvalidInputError, StoreError

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextmanager
def replacing_folder(target: Path, marker: str, noun: str) -> Iterator[Path]:
    """A new folder that takes the place of `target` when the block ends well, and leaves no trace otherwise.

    Args:
        target: may be absent, empty, or a folder of the same sort.
        marker: file that every folder of this sort holds.
        noun: what it is, for messages ("bundle").

    Raises:
        InvalidInputError: something else is in the way.
        StoreError: the disk refused (full, read-only); nothing has changed then.
    """
    staging = target.parent / f".{target.name}.{secrets.token_hex(6)}.tmp"
    try:
        _check_target(target, marker, noun)
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
        yield staging
        _sync_folder(staging)
        _put_in_place(staging, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"The {noun} {target} cannot be written: {error.strerror or error}.") from error
    finally:
        if staging.exists():
            shutil.rmtree(staging, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a new text file and flush it to the disk."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def replace_text(path: Path, text: str) -> None:
    """Put a text file in place of what is there, whole or not at all: a temporary name, flushed, one rename."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    write_text(fresh, text)
    fresh.replace(path)


def _check_target(target: Path, marker: str, noun: str) -> None:
    if target.is_file() or target.is_symlink():
        raise InvalidInputError(f"{target} is a file or link; name a folder for the {noun}.")
    if target.is_dir() and any(target.iterdir()) and not (target / marker).exists():
        raise InvalidInputError(f"{target} is a folder with other things in it; name a new or empty one.")


def _put_in_place(staging: Path, target: Path) -> None:
    """Rename, or swap with the folder that is there; the loser of a swap ends up in `staging`."""
    if not target.exists():
        staging.rename(target)
        return
    if _swap(staging, target):
        return
    # No atomic swap on this system: for a moment no folder is there, but never half of one.
    old = staging.with_suffix(".old")
    target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step (Linux `renameat2`); False where the system cannot."""
    with contextlib.suppress(AttributeError, OSError):
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        paths = os.fsencode(one), os.fsencode(other)
        return int(rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE)) == 0
    return False


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
