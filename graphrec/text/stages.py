"""Steps of a long run, each a folder that is checksummed when it is done: what was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphrec.bundle.folders import replace_text
from graphrec.errors import CorruptionError, StoreError
from graphrec.store.snapshot_files import sync_file

_STARTED, _DONE, _LOCK = "started.json", "done.json", "lock"
_FORM = 2  # of what stages write; raised when a later one would read an earlier one's files differently


class Stages:
    """The work folder of one run.

    A stage is done when `done.json` stands in its folder and says what the run is, and every file beside it has the
    size and the digest that it lists. A stage of another run (other texts, graph or settings) begins afresh.

    Args:
        folder: made when it is not there.
        resume: keep what an earlier run has done; without it the folder is emptied first.

    Attributes:
        seconds: wall time of each stage, as measured by the run that finished it.
    """

    def __init__(self, folder: Path, *, resume: bool = True) -> None:
        self.folder = folder
        self.seconds: dict[str, float] = {}
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._resume = resume
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out of the folder, and empty it where nothing of an earlier run is wanted.

        Raises:
            StoreError: one is at work in it.
        """
        try:
            import fcntl
        except ImportError:  # Windows
            self._begin()
            yield
            return
        with (self.folder / _LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreError(
                    f"Another run is at work in {self.folder}; wait for it, or choose another output folder."
                ) from None
            self._begin()
            yield

    def finished(self, name: str, fingerprint: str) -> bool:
        """Whether a stage of this run is done and its files are what was written."""
        return self._record(name, fingerprint) is not None

    def facts(self, name: str, fingerprint: str) -> dict[str, Any]:
        """What a finished stage returned."""
        record = self._record(name, fingerprint)
        return {} if record is None else dict(record["facts"])

    def run(
        self, name: str, fingerprint: str, make: Callable[[Path], Mapping[str, Any] | None], *,
        partial: bool = False,
    ) -> Path:  # fmt: skip
        """The folder of a stage, made unless it is done.

        Args:
            name: of the folder.
            fingerprint: of everything that decides the result.
            make: writes files into the folder it is given, and may return facts worth keeping (JSON).
            partial: `make` can go on from what a killed one left; otherwise that is deleted first.

        Raises:
            StoreError: the disk refused.
        """
        place = self.folder / name
        record = self._record(name, fingerprint)
        if record is None:
            try:
                record = self._make(place, fingerprint, make, partial)
            except OSError as error:
                raise StoreError(f"{place} cannot be written: {error.strerror or error}.") from error
            self._known[name, fingerprint] = record
        self.seconds[name] = float(record["seconds"])
        return place

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note the time of something that is not worth keeping."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)

    def drop(self, *names: str) -> None:
        """Delete stages that nothing needs any more."""
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            self._known = {key: value for key, value in self._known.items() if key[0] != name}

    def remove(self) -> None:
        """Delete the whole folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> None:
        if not self._resume:
            self.drop(*(path.name for path in self.folder.iterdir() if path.is_dir()))

    def _make(
        self, place: Path, fingerprint: str, make: Callable[[Path], Mapping[str, Any] | None], partial: bool
    ) -> dict[str, Any]:
        mine = _json(place / _STARTED).get("fingerprint") == fingerprint
        if not (partial and mine):
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, exist_ok=True)
        (place / _DONE).unlink(missing_ok=True)
        _write(place / _STARTED, {"fingerprint": fingerprint})
        started = time.perf_counter()
        facts = dict(make(place) or {})
        seconds = round(time.perf_counter() - started, 3)
        files = {name: _digest(place / name, flush=True) for name in _names(place)}
        record = {"fingerprint": fingerprint, "seconds": seconds, "facts": facts, "files": files}
        _write(place / _DONE, record)
        return record

    def _record(self, name: str, fingerprint: str) -> dict[str, Any] | None:
        if (name, fingerprint) in self._known:
            return self._known[name, fingerprint]
        place = self.folder / name
        record = _json(place / _DONE)
        if record.get("fingerprint") != fingerprint:
            return None
        try:
            whole = all(_digest(place / file) == digest for file, digest in record["files"].items())
        except OSError:
            whole = False
        if not whole:
            shutil.rmtree(place, ignore_errors=True)
            return None
        self._known[name, fingerprint] = record
        return record


def fingerprint(*parts: object) -> str:
    """A short hash over the text of some values and the version of the code that reads the files."""
    from graphrec import __version__

    digest = hashlib.sha256(f"{__version__} {_FORM}:".encode())
    for part in parts:
        content = str(part).encode()
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()[:32]


def _names(place: Path) -> list[str]:
    files = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    return sorted(name for name in files if name not in (_STARTED, _DONE))


def _digest(path: Path, *, flush: bool = False) -> list[Any]:
    if flush:
        sync_file(path)
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _json(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where there is none, or where a kill left half of one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        raise CorruptionError(f"{path} is not what a run writes; delete its folder.")
    return found


def _write(path: Path, value: Mapping[str, Any]) -> None:
    replace_text(path, json.dumps(value))
