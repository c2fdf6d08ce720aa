from __future__ import annotations

from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import CorruptionError
from graphrec.sparse.strings import OptionalStrings, Strings

TEXT = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.lists(TEXT))
def test_strings_come_back(texts: list[str]) -> None:
    packed = Strings.pack(texts)
    assert list(packed) == texts and packed == texts and len(packed) == len(texts)
    assert [packed[row] for row in range(-len(texts), len(texts))] == texts + texts
    assert packed[::-2] == texts[::-2]
    assert packed.data.tobytes() == "".join(texts).encode()
    assert [texts[row] for row in np.argsort(packed.rank())] == sorted(texts)
    for text in texts:
        if normalize("NFC", text) == text:
            assert packed.find(text) == texts.index(text)
    assert packed.find("".join(texts) + "x") is None


@given(st.lists(st.none() | TEXT))
def test_absent_strings_come_back(texts: list[str | None]) -> None:
    packed = OptionalStrings.pack(texts)
    assert list(packed) == texts and packed == texts
    assert [packed[row] for row in range(-len(texts), len(texts))] == texts + texts
    assert packed[::-2] == texts[::-2]
    assert len(packed.texts.data) == sum(len(text.encode()) for text in texts if text is not None)
    assert (packed.missing is None) == (None not in texts)


def test_equality_and_names() -> None:
    packed = OptionalStrings.pack(["a", None])
    assert packed != ["a"] and packed != ["a", ""] and packed != "a"
    assert repr(packed) == "OptionalStrings(2 strings, 1 bytes)"
    assert Strings.pack(["a"]) != "a" and repr(Strings.pack(["é"])) == "Strings(1 strings, 2 bytes)"


@pytest.mark.parametrize("row", [2, -3, 10])
def test_a_row_outside_is_an_index_error(row: int) -> None:
    for packed in (Strings.pack(["a", "b"]), OptionalStrings.pack(["a", None])):
        with pytest.raises(IndexError, match=f"Row {row} .* 2 strings"):
            packed[row]


def test_decomposed_letters_find_composed_ids() -> None:
    assert Strings.pack(["cr\u00e8me"]).find("cre\u0300me") == 0


@pytest.mark.parametrize("offsets", [[], [1, 2], [0, 1], [0, 2, 1, 2], [0, 3]])
def test_offsets_that_do_not_fit(offsets: list[int]) -> None:
    with pytest.raises(CorruptionError, match=r"names\.npy has offsets"):
        Strings(np.zeros(2, np.uint8), np.array(offsets, np.int64), source="names.npy")


@pytest.mark.parametrize(("data", "offsets"), [(b"a\xff", [0, 1, 2]), ("é".encode(), [0, 1, 2])])
def test_bytes_that_are_no_text(data: bytes, offsets: list[int]) -> None:
    """The second buffer is valid as a whole; a border cuts through its letter."""
    packed = Strings(np.frombuffer(data, np.uint8), np.array(offsets), source="names.npy")
    for read in (lambda: list(packed), lambda: packed[1], lambda: packed.find("a")):
        with pytest.raises(CorruptionError, match=r"names\.npy .* not UTF-8"):
            read()


def test_a_mask_of_another_length() -> None:
    with pytest.raises(CorruptionError, match="mask"):
        OptionalStrings(Strings.pack(["a"]), np.zeros(2, np.uint8))
