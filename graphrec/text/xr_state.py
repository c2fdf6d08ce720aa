"""What a killed fine-tuning goes on from: one folder with the newest weights, moments and predictions."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec.bundle.folders import replace_text
from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.text.encoder import TextEncoder
from graphrec.text.heads import LevelHead
from graphrec.text.shortlist import Beam
from graphrec.training.checkpoint import Checkpoint, optimizer_tensors

_RUN = "run.json"


def run_fingerprint(settings: str, arrays: Iterable[Any]) -> str:
    """A hash of everything that decides a run's result; arrays count with their whole content."""
    digest = hashlib.sha256(settings.encode())
    for array in arrays:
        plain = np.ascontiguousarray(array)
        digest.update(f"{plain.dtype}{plain.shape}".encode())
        digest.update(plain.data)
    return digest.hexdigest()


class RunState:
    """The folder of one run.

    Args:
        folder: made when it is not there.
        fingerprint: of the run.
        keep: whether anything is saved; without it the folder holds scratch files only.

    Raises:
        InvalidInputError: the folder holds another run.
        CorruptionError: the folder's mark cannot be read.
    """

    def __init__(self, folder: Path, fingerprint: str, keep: bool = True) -> None:
        self.folder, self.keep = folder, keep
        self._checkpoint = Checkpoint(folder / "newest", fingerprint)
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / _RUN
        if mark.is_file():
            if _mark(mark) != fingerprint:
                raise InvalidInputError(
                    f"{folder} holds the state of another run (its settings, texts, graph or encoder differ); delete "
                    "that folder or name another."
                )
            return
        replace_text(mark, json.dumps({"fingerprint": fingerprint}))

    def save(
        self, level: int, step: int, encoder: TextEncoder, head: LevelHead, optimizer: torch.optim.Optimizer
    ) -> None:
        """Keep where the run stands: weights that are trained, and the moments of their gradients."""
        if not self.keep:
            return
        tensors = {f"encoder.{k}": v for k, v in encoder.named_parameters() if v.requires_grad}
        tensors |= {f"head.{name}": value for name, value in head.named_parameters()}
        self._checkpoint.save(tensors | optimizer_tensors(optimizer), {"level": level, "step": step})

    def load(self) -> tuple[int, int, dict[str, Tensor]] | None:
        """Level, step and tensors of the newest save; None without one.

        Raises:
            CorruptionError: it cannot be read.
        """
        saved = self._checkpoint.load()
        return None if saved is None else (int(saved[1]["level"]), int(saved[1]["step"]), saved[0])

    def vectors(self, level: int) -> Path:
        """Where the vectors go that a level begins with."""
        return self.folder / f"vectors-{level}.npy"

    def save_beam(self, level: int, beam: Beam) -> None:
        """Keep the predictions of a level."""
        path = self._beam(level)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        write_safetensors(fresh, {"codes": beam.codes, "scores": beam.scores})
        os.replace(fresh, path)

    def load_beam(self, level: int) -> Beam:
        """The predictions of a level, memory-mapped.

        Raises:
            CorruptionError: they cannot be read.
        """
        arrays = read_safetensors(self._beam(level))
        return Beam(arrays["codes"], arrays["scores"])

    def _beam(self, level: int) -> Path:
        return self.folder / f"beam-{level}.safetensors"


def _mark(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptionError(
            f"{path} cannot be read ({error}); delete its folder to start afresh."
        ) from error


def restore(tensors: dict[str, Tensor], encoder: TextEncoder, head: LevelHead) -> None:
    """Put saved weights back."""
    with torch.no_grad():
        for prefix, module in (("encoder.", encoder), ("head.", head)):
            for name, parameter in module.named_parameters():
                if prefix + name in tensors:
                    parameter.copy_(tensors[prefix + name])
