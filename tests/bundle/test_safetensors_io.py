from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphrec.bundle.safetensors_io import read_safetensors, write_safetensors
from graphrec.errors import CorruptionError, InvalidInputError

safetensors = pytest.importorskip("safetensors.numpy")

DTYPES = st.sampled_from(["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "u2", "u4", "u8"])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, SHAPES))
NAMES = st.text(min_size=1, max_size=12).filter(lambda t: t.isprintable() and t != "__metadata__")


@settings(max_examples=60, deadline=None)
@given(tensors=st.dictionaries(NAMES, ARRAYS, max_size=5))
def test_the_reference_library_reads_what_we_write_and_we_read_what_it_writes(tmp_path_factory, tensors):
    folder = tmp_path_factory.mktemp("st")
    write_safetensors(folder / "ours", tensors)
    safetensors.save_file(tensors, folder / "theirs")
    for found in (safetensors.load_file(folder / "ours"), *map(read_safetensors, folder.iterdir())):
        assert found.keys() == tensors.keys()
        for name, expected in tensors.items():
            assert found[name].dtype == expected.dtype
            np.testing.assert_array_equal(found[name], expected)


def test_arrays_are_mapped_aligned_and_read_only(tmp_path):
    tensors = {"b": np.arange(3, dtype=np.int8), "a": np.arange(4.0), "c": np.array([True])}
    write_safetensors(tmp_path / "f", tensors)
    found = read_safetensors(tmp_path / "f")
    assert all(array.flags.aligned and not array.flags.writeable for array in found.values())
    assert found["c"].dtype == np.uint8


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([object()]), np.array([1 + 2j])])
def test_what_the_format_cannot_carry_is_refused(tmp_path, array):
    with pytest.raises(InvalidInputError, match="'x'"):
        write_safetensors(tmp_path / "f", {"x": array})
    assert not (tmp_path / "f").exists()


def raw(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype: object = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, object]:
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


BROKEN = {
    "empty": b"",
    "only a length": struct.pack("<Q", 2),
    "header longer than the file": raw({}, length=1 << 40),
    "header of 2**63": raw({}, length=1 << 63),
    "no json": raw(b"{nope"),
    "not an object": raw([1]),
    "invalid utf-8": raw(b'{"\xff": 1}'),
    "deep nesting": raw(b"[" * 100_000),
    "twice the same name": raw(b'{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
                               b'"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
    "unknown dtype": raw(entry("BF16", (2,)), b"1234"),
    "object dtype": raw(entry("O"), b"1234"),
    "dtype is a list": raw(entry(["F32"]), b"1234"),
    "range past the end": raw(entry(shape=(2,), offsets=(0, 8)), b"1234"),
    "range too small": raw(entry(shape=(2,)), b"1234"),
    "hole at the start": raw(entry(offsets=(4, 8)), b"12345678"),
    "bytes left over": raw(entry(), b"12345678"),
    "negative size": raw(entry(shape=(-1, -1)), b"1234"),
    "negative range": raw(entry(offsets=(-4, 0)), b"1234"),
    "size overflow": raw(entry(shape=(1 << 62, 1 << 62)), b"1234"),
    "fractional size": raw(entry(shape=(1.0,)), b"1234"),
    "shape is a number": raw(entry(shape=1), b"1234"),
    "no range": raw({"x": {"dtype": "F32", "shape": [1]}}, b"1234"),
    "range of three": raw(entry(offsets=(0, 4, 4)), b"1234"),
    "entry is a string": raw({"x": "F32"}, b"1234"),
}  # fmt: skip


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_named_errors(tmp_path, content):
    (tmp_path / "broken.safetensors").write_bytes(content)
    with pytest.raises(CorruptionError, match=r"broken\.safetensors"):
        read_safetensors(tmp_path / "broken.safetensors")


def test_a_missing_file_is_a_named_error(tmp_path):
    with pytest.raises(CorruptionError, match="absent"):
        read_safetensors(tmp_path / "absent")


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_flip_in_the_header_escapes_as_another_error(tmp_path_factory, position, bit):
    folder = tmp_path_factory.mktemp("flip")
    write_safetensors(folder / "f", {"x": np.arange(5.0), "y": np.arange(6, dtype=np.int16)})
    content = bytearray((folder / "f").read_bytes())
    content[position % len(content)] ^= 1 << bit
    (folder / "f").write_bytes(content)
    try:
        found = read_safetensors(folder / "f")
    except CorruptionError:
        return
    assert sum(array.nbytes for array in found.values()) <= len(content)
