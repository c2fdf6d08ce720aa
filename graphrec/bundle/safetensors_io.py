"""Reading and writing safetensors with NumPy: memory-mapped, and checked before anything is believed.

The format (huggingface/safetensors): eight bytes of header length, little endian; a JSON header that gives
dtype, shape and byte range of every tensor; the bytes, without holes or overlaps.
"""

from __future__ import annotations

import json
import math
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import CorruptionError, InvalidInputError

Array = NDArray[Any]

MAX_HEADER_BYTES = 16 << 20
_ALIGN = 64  # a cache line; the standard asks for 8

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}


def write_safetensors(
    path: Path, tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Write arrays to a new file and flush it to the disk; booleans become uint8.

    Raises:
        InvalidInputError: an array has a dtype that the format or this reader does not carry.
    """
    arrays = {name: _storable(path, name, array) for name, array in tensors.items()}
    # Widest first keeps every tensor aligned to its item size.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name in order:
        array = arrays[name]
        end = offset + array.nbytes
        dtype = _NAMES[array.dtype]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(len(text) + 8) % _ALIGN)
    with path.open("xb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            _write_array(file, arrays[name])
        file.flush()
        os.fsync(file.fileno())


def read_safetensors(path: Path) -> dict[str, Array]:
    """Memory-map the arrays of a file, read-only.

    Raises:
        CorruptionError: the file is missing, cut short or breaks the format in any way; the message names it.
    """
    try:
        return _read(path)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise CorruptionError(f"{path} is not a readable safetensors file ({error}); train again.") from error


def map_file(path: Path) -> mmap.mmap | bytes:
    """The bytes of a file, memory-mapped read-only (plain empty bytes when there are none to map)."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _read(path: Path) -> dict[str, Array]:
    buffer = map_file(path)
    if len(buffer) < 8:
        raise ValueError(f"{len(buffer)} bytes, not even a header length")
    length = int.from_bytes(buffer[:8], "little")
    if length > min(MAX_HEADER_BYTES, len(buffer) - 8):
        raise ValueError(f"a header of {length} bytes in a file of {len(buffer)}")
    header = json.loads(buffer[8 : 8 + length].decode("utf-8"), object_pairs_hook=_unique)
    if not isinstance(header, dict):
        raise ValueError("the header is no JSON object")
    header.pop("__metadata__", None)
    tensors: dict[str, Array] = {}
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        tensors[name], end = _tensor(buffer, 8 + length, name, entry, end)
    if 8 + length + end != len(buffer):
        raise ValueError(f"{len(buffer) - 8 - length} data bytes where the header announces {end}")
    return tensors


def _tensor(buffer: mmap.mmap | bytes, base: int, name: str, entry: Any, previous: int) -> tuple[Array, int]:
    shape, (begin, end) = entry["shape"], entry["data_offsets"]
    if entry["dtype"] not in _DTYPES:
        raise ValueError(f"tensor {name!r} has dtype {entry['dtype']!r}, which is not allowed")
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    if not all(type(size) is int and size >= 0 for size in (*shape, begin, end)) or len(shape) > 8:
        raise ValueError(f"tensor {name!r} has shape {shape} and range {begin}..{end}")
    count = math.prod(shape)
    if begin != previous or end - begin != count * dtype.itemsize or base + end > len(buffer):
        raise ValueError(f"tensor {name!r} does not fit its range {begin}..{end}")
    if count == 0:
        return np.zeros(shape, dtype), end
    flat = np.frombuffer(buffer, dtype=dtype, count=count, offset=base + begin)
    return flat.reshape(shape), end


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name occurs twice in the header")
    return names


def _storable(path: Path, name: str, array: Array) -> Array:
    plain = np.asarray(array)
    if plain.dtype == np.bool_:
        plain = plain.astype(np.uint8)
    little = plain.dtype.newbyteorder("<")
    if little not in _NAMES or name == "__metadata__":
        raise InvalidInputError(
            f"{path.name} cannot hold {name!r} of dtype {plain.dtype}; use a number type."
        )
    return np.asarray(plain, dtype=little, order="C")


def _write_array(file: BinaryIO, array: Array) -> None:
    if array.size:
        file.write(array.data.cast("B"))
