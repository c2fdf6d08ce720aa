from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle.safetensors_io import read_safetensors
from graphrec.encoders.minilm import MiniLM
from graphrec.errors import InvalidInputError
from graphrec.training.encoder_tuning import EncoderTuning, load_module, token_ids, tune_encoder
from tests.encoders.tiny import Sizes, write_model

FOODS, OTHERS = ("chicken", "rice", "egg", "soup"), ("a", "i", "me", "and")
TEXTS = [f"{first} {word}" for words in (FOODS, OTHERS) for word in words for first in ("show", "no", "with")]
LABELS = [number // 12 for number in range(24)]
QUICK = EncoderTuning(epochs=8, batch=8, learning_rate=3e-3, bfloat16=False, max_tokens=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("source") / "tiny", Sizes(positions=128))


def margin(encoder: MiniLM) -> float:
    """How much nearer texts lie to their own class than to the other, in cosines."""
    vectors, labels = encoder.encode(TEXTS), np.array(LABELS)
    cosines = vectors @ vectors.T
    same = labels[:, None] == labels
    return float(cosines[same].mean() - cosines[~same].mean())


def test_tuning_draws_the_classes_apart_and_numpy_reads_it(folder: Path, tmp_path: Path) -> None:
    told: list[str] = []
    out = tune_encoder(TEXTS, LABELS, folder, tmp_path / "tuned", settings=QUICK, report=told.append)
    before, after = MiniLM(folder), MiniLM(out)
    assert len(told) == QUICK.epochs and after.fingerprint != before.fingerprint
    assert margin(after) > margin(before) + 0.5
    kept, new = (read_safetensors(place / "model.safetensors") for place in (folder, out))
    assert kept.keys() == new.keys()
    words = "embeddings.word_embeddings.weight"
    np.testing.assert_array_equal(kept[words], new[words])
    assert all((kept[name] != new[name]).any() for name in kept if name.endswith("dense.weight"))


def test_the_module_agrees_with_numpy_whatever_is_padded(folder: Path) -> None:
    import torch

    texts = ["chicken", "show me chicken with rice and no eggs", "a soup"]
    ids = token_ids(folder, 128)(texts)
    tokens = torch.zeros(3, 20, dtype=torch.long)
    mask = torch.zeros(3, 20, dtype=torch.bool)
    for row, own in enumerate(ids):
        tokens[row, : len(own)] = torch.tensor(own)
        mask[row, : len(own)] = True
    with torch.no_grad():
        found = load_module(folder, 0.1).eval()(tokens, mask).numpy()
    np.testing.assert_allclose(found, MiniLM(folder).encode(texts), atol=1e-5)


def test_the_same_seed_gives_the_same_encoder(folder: Path, tmp_path: Path) -> None:
    prints = [
        MiniLM(tune_encoder(TEXTS, LABELS, folder, tmp_path / name, settings=QUICK, seed=seed)).fingerprint
        for name, seed in (("one", 1), ("same", 1), ("two", 2))
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("labels", [[], [0] * 23, [0] * 12 + [2] * 12])
def test_labels_that_do_not_fit_are_refused(folder: Path, tmp_path: Path, labels: list[int]) -> None:
    with pytest.raises(InvalidInputError, match="do not fit"):
        tune_encoder(TEXTS, labels, folder, tmp_path / "tuned")
    assert not (tmp_path / "tuned").exists()
