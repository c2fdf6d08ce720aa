"""Vectors of all texts, written row by row to one file; a killed run goes on where it stopped."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec.bundle.folders import replace_text
from graphrec.errors import InvalidInputError, StoreError
from graphrec.text.encoder import TextEncoder
from graphrec.text.schedule import Report, TextProgress, pick_device
from graphrec.text.tokens import TokenTable

_CHUNK = (
    1024  # texts that are sorted by length together, and between two marks of progress; on a GPU eight times
)
_ON_GPU, _ON_PROCESSOR = 65536, 2048  # tokens in one batch; larger ones leave a processor's cache


def embed_all(
    encoder: TextEncoder, tokens: TokenTable, target: Path, device: str | torch.device | None = None,
    report: Report | None = None, *, rows: NDArray[np.int64] | None = None, dtype: str = "float32",
    level: int = 0, levels: int = 0,
) -> Path:  # fmt: skip
    """Write `[num_texts, dim]` to a .npy file, in evaluation mode, not normalised.

    Products are in float32 on a GPU too, unlike in tuning: a text then has the same vector wherever it is computed,
    served with NumPy included, and tuning costs many times as much anyway.

    Memory: one chunk of vectors, whatever the number of texts. Rows go to a file beside the target, which takes the
    target's name once it is whole; what is there of a run with the same encoder and tokens is kept.

    Args:
        encoder: moved to the device.
        tokens: of the texts.
        target: the file.
        device: None is a GPU where there is one.
        report: is told after every chunk.
        rows: texts to embed, int64 `[n]`; None is all of them.
        dtype: `float32` or `float16`.
        level, levels: for the report.

    Raises:
        InvalidInputError: another dtype, or no texts.
        StoreError: the disk refused.
    """
    if dtype not in ("float32", "float16"):
        raise InvalidInputError(f"Vectors are kept as float32 or float16, not {dtype}.")
    count = len(tokens) if rows is None else len(rows)
    if not count:
        raise InvalidInputError("There is no text to embed.")
    place = pick_device(device)
    encoder.to(place).eval()
    parts = (encoder.digest(), tokens.digest, dtype, place.type, "" if rows is None else _digest(rows))
    file = _PartFile(
        target,
        (count, encoder.dim),
        np.dtype(dtype),
        _digest(np.frombuffer("".join(parts).encode(), np.uint8)),
    )
    started, first = time.perf_counter(), file.done
    size = _CHUNK if place.type == "cpu" else 8 * _CHUNK
    with file:
        while file.done < count:
            end = min(file.done + size, count)
            chosen = np.arange(file.done, end) if rows is None else rows[file.done : end]
            file.append(_vectors(encoder, tokens, chosen, place).astype(dtype))
            if report is not None:
                speed = (end - first) / max(time.perf_counter() - started, 1e-9)
                report(TextProgress("encode", level, levels, end, count, None, speed))
    return target


@torch.no_grad()
def _vectors(
    encoder: TextEncoder, tokens: TokenTable, rows: NDArray[np.int64], device: torch.device
) -> NDArray[np.float32]:
    """Vectors of some texts, in batches of texts of about the same length."""
    lengths = tokens.offsets[rows + 1] - tokens.offsets[rows]
    order = np.argsort(lengths, kind="stable")
    found = np.empty((len(rows), encoder.dim), np.float32)
    most, start = _ON_PROCESSOR if device.type == "cpu" else _ON_GPU, 0
    while start < len(order):
        # As many as fit by the length of the last of them: ascending, so it is the longest.
        fitting = lengths[order[start:]] * np.arange(1, len(order) - start + 1) <= most
        end = start + max(1, int(fitting.sum()))
        part = order[start:end]
        ids, mask = (tensor.to(device, non_blocking=True) for tensor in tokens.batch(rows[part]))
        found[part] = encoder(ids, mask).cpu().numpy()
        start = end
    return found


class _PartFile:
    """A .npy file that grows by rows under another name, with a note of how far it is known to be right."""

    def __init__(self, target: Path, shape: tuple[int, int], dtype: np.dtype[np.generic], mark: str) -> None:
        self._target = target
        self._part = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self._shape, self._dtype, self._mark = shape, dtype, mark
        self._file: BinaryIO | None = None
        self._header = 0
        self.done = self._noted()

    def __enter__(self) -> _PartFile:
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("r+b" if self.done else "w+b")
            header = {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": self._shape,
            }
            np.lib.format.write_array_header_1_0(self._file, header)
            self._header = self._file.tell()
            self._file.truncate(self._header + self.done * self._row_bytes)
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._refused(error) from error
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._file is not None:
            self._file.close()
        if kind is None:
            try:
                os.replace(self._part, self._target)
                self._note.unlink(missing_ok=True)
            except OSError as problem:
                raise self._refused(problem) from problem

    @property
    def _row_bytes(self) -> int:
        return self._shape[1] * self._dtype.itemsize

    def append(self, rows: NDArray[np.generic]) -> None:
        """Write rows, flush them to the disk, and only then note that they are there."""
        assert self._file is not None
        try:
            self._file.write(np.ascontiguousarray(rows).data.cast("B"))
            self._file.flush()
            os.fsync(self._file.fileno())
            self.done += len(rows)
            replace_text(self._note, json.dumps({"mark": self._mark, "done": self.done}))
        except OSError as error:
            raise self._refused(error) from error

    def _noted(self) -> int:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(self._note.read_text(encoding="utf-8"))
            done = int(note["done"])
            if note["mark"] == self._mark and 0 < done <= self._shape[0]:
                return done if self._part.stat().st_size >= done * self._row_bytes else 0
        return 0

    def _refused(self, error: OSError) -> StoreError:
        return StoreError(f"The vectors {self._target} cannot be written: {error.strerror or error}.")


def _digest(content: NDArray[np.generic]) -> str:
    return hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()
