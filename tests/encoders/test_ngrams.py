from __future__ import annotations

import math
import subprocess
import sys
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.encoders.ngrams import HashedNgrams, NgramEncoder
from graphrec.errors import CorruptionError, InvalidInputError

TEXTS = [
    "chicken with rice", "rice and chicken soup", "a soup without egg", "show me egg soup", "what is the time",
    "tell me the time", "time to cook rice", "chicken chicken soup",
]  # fmt: skip


def ngrams_by_hand(text: str) -> Counter[str]:
    words = text.split()
    framed = [f" {word} " for word in words]
    pieces = [f"c{w[i : i + n]}" for w in framed for n in (3, 4, 5) for i in range(len(w)) if i + n <= len(w)]
    pairs = [f"p{a} {b}" for a, b in pairwise(words)]
    return Counter([f"w{word}" for word in words] + pairs + pieces)


def test_fit_is_tfidf_and_a_truncated_svd() -> None:
    counts = [ngrams_by_hand(text) for text in TEXTS]
    seen_in = Counter(name for count in counts for name in count)
    names = sorted((n for n in seen_in if seen_in[n] > 1), key=lambda n: zlib.crc32(n.encode()))
    rows = np.zeros((len(TEXTS), len(names)))
    for row, count in zip(rows, counts, strict=True):
        for place, name in enumerate(names):
            if count[name]:
                idf = math.log((1 + len(TEXTS)) / (1 + seen_in[name])) + 1
                row[place] = (1 + math.log(count[name])) * idf
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    kept = 3
    directions = np.linalg.svd(rows)[2][:kept]
    expected = rows @ directions.T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = NgramEncoder.fit(TEXTS, kept).encode(TEXTS)
    # Directions are free in sign: cosines between texts are not.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)


def test_the_same_texts_give_the_same_encoder_in_any_process() -> None:
    here = NgramEncoder.fit(TEXTS).fingerprint
    assert NgramEncoder.fit(TEXTS).fingerprint == here
    program = f"from graphrec.encoders.ngrams import NgramEncoder as N; print(N.fit({TEXTS!r}).fingerprint)"
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here
    assert NgramEncoder.fit([*TEXTS, "another"]).fingerprint != here


def test_a_round_trip_changes_nothing(tmp_path: Path) -> None:
    encoder = NgramEncoder.fit(TEXTS)
    encoder.save(tmp_path / "ngrams.safetensors")
    for again in (
        NgramEncoder.from_arrays(encoder.to_arrays()),
        NgramEncoder.load(tmp_path / "ngrams.safetensors"),
    ):
        assert again.fingerprint == encoder.fingerprint and again.dim == encoder.dim
        np.testing.assert_array_equal(again.encode(TEXTS), encoder.encode(TEXTS))


def test_a_file_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ngrams.safetensors"
    NgramEncoder.fit(TEXTS).save(path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CorruptionError, match=r"ngrams\.safetensors"):
        NgramEncoder.load(path)
    arrays = NgramEncoder.fit(TEXTS).to_arrays()
    with pytest.raises(InvalidInputError, match="lacks idf"):
        NgramEncoder.from_arrays({key: value for key, value in arrays.items() if key != "idf"})
    with pytest.raises(InvalidInputError, match="ascending"):
        NgramEncoder.from_arrays(arrays | {"hashes": arrays["hashes"][::-1]})
    with pytest.raises(InvalidInputError, match="one row"):
        NgramEncoder.from_arrays(arrays | {"projection": arrays["projection"][1:]})


@pytest.mark.parametrize("texts", [[], ["rice"], ["", ""]])
def test_too_few_texts_are_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="too few"):
        NgramEncoder.fit(texts)


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=60))
def test_vectors_have_length_one_or_zero(text: str) -> None:
    for encoder in (HashedNgrams(64), FITTED):
        vector = encoder.encode([text])[0]
        assert vector.dtype == np.float32
        length = float(np.linalg.norm(vector))
        assert length == 0 or abs(length - 1) < 1e-5
        np.testing.assert_array_equal(encoder.encode(["rice", text])[1], vector)


FITTED = NgramEncoder.fit(TEXTS)


def test_hashed_ngrams_keep_cosines_on_average() -> None:
    def cosine(a: str, b: str) -> float:
        x, y = ngrams_by_hand(a), ngrams_by_hand(b)
        shared = sum((1 + math.log(x[n])) * (1 + math.log(y[n])) for n in x.keys() & y.keys())
        lengths = [math.sqrt(sum((1 + math.log(c)) ** 2 for c in z.values())) for z in (x, y)]
        return shared / (lengths[0] * lengths[1])

    pairs = [(a, b) for i, a in enumerate(TEXTS) for b in TEXTS[:i]]
    exact = np.array([cosine(a, b) for a, b in pairs])
    found = np.array([float(np.dot(*HashedNgrams(4096).encode([a, b]))) for a, b in pairs])
    error = np.abs(found - exact)
    assert error.max() < 0.1 and error.mean() < 0.015 and np.corrcoef(found, exact)[0, 1] > 0.98


def test_long_texts_cost_bounded_time() -> None:
    vectors = FITTED.encode(["rice " * 250_000, "r" * 1_000_000])
    assert np.isfinite(vectors).all()
    assert HashedNgrams().for_classes(TEXTS).fingerprint == FITTED.fingerprint
