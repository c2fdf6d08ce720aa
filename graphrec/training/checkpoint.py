"""Checkpoints that a killed run resumes from: safetensors and JSON, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from graphrec.errors import CorruptionError

_TENSORS, _STATE = "tensors.safetensors", "state.json"


class Checkpoint:
    """One directory that holds the newest state of a run.

    Args:
        directory: replaced as a whole at every save.
        fingerprint: what the run is (model, settings, data, seed); another run's checkpoint is ignored.
    """

    def __init__(self, directory: Path, fingerprint: str) -> None:
        self.directory = directory
        self.fingerprint = fingerprint

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Write to a sibling, flush to disk, then swap: a kill leaves the old state or the new one."""
        fresh, old = self._sibling("new"), self._sibling("old")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, fresh / _TENSORS)
        digest = _digest(fresh / _TENSORS)
        text = json.dumps({"fingerprint": self.fingerprint, "tensors": digest, "state": dict(state)})
        (fresh / _STATE).write_text(text, encoding="utf-8")
        for path in (fresh / _TENSORS, fresh / _STATE, fresh):
            _flush(path)
        shutil.rmtree(old, ignore_errors=True)
        if self.directory.exists():
            os.rename(self.directory, old)
        os.rename(fresh, self.directory)
        shutil.rmtree(old, ignore_errors=True)
        _flush(self.directory.parent)

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The saved state, or None when there is none of this run.

        Raises:
            CorruptionError: the checkpoint cannot be read.
        """
        place = next((p for p in (self.directory, self._sibling("old")) if (p / _STATE).is_file()), None)
        if place is None:
            return None
        try:
            saved = json.loads((place / _STATE).read_text(encoding="utf-8"))
            if saved["fingerprint"] != self.fingerprint:
                return None
            if saved["tensors"] != _digest(place / _TENSORS):
                raise ValueError(f"{_TENSORS} is not what was written")
            return load_file(place / _TENSORS), saved["state"]
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CorruptionError(
                f"The checkpoint {place} cannot be read ({error}); delete that folder to start afresh."
            ) from error

    def remove(self) -> None:
        """Delete the checkpoint: the run is complete."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self._sibling("old"), ignore_errors=True)

    def _sibling(self, suffix: str) -> Path:
        return self.directory.with_name(f"{self.directory.name}.{suffix}")


def fingerprint(*parts: object) -> str:
    """A short hash of everything that decides a run's result; arrays count with their whole content."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.tobytes() if isinstance(part, np.ndarray) else str(part).encode()
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Moments and step counts of an optimiser, flat by parameter number."""
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{index}.{key}": value for index, entry in state.items() for key, value in entry.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the moments of :func:`optimizer_tensors` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
