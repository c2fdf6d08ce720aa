from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec.errors import InvalidInputError
from graphrec.text.embed import embed_all
from graphrec.text.encoder import load_encoder
from graphrec.text.tokens import tokenise
from tests.text.tiny_bert import WORDS, write_bert


class KillError(Exception):
    """Stands for the kill."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("embed") / "bert")


@pytest.fixture(scope="module")
def tokens(folder, tmp_path_factory):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 28))) for _ in range(50)]
    return tokenise(texts, folder, 32, tmp_path_factory.mktemp("tokens") / "table")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("graphrec.text.embed._CHUNK", 16)
    monkeypatch.setattr("graphrec.text.embed._ON_PROCESSOR", 60)


def one_by_one(encoder, tokens, rows):
    with torch.no_grad():
        return np.concatenate([encoder(*tokens.batch(np.array([row]))).numpy() for row in rows])


def test_every_row_is_the_vector_of_its_text(folder, tokens, tmp_path):
    encoder, told = load_encoder(folder), []
    encoder.train()
    path = embed_all(encoder, tokens, tmp_path / "deep" / "x.npy", "cpu", told.append)
    found = np.load(path, mmap_mode="r", allow_pickle=False)
    assert found.shape == (50, 32) and found.dtype == np.float32
    np.testing.assert_allclose(found, one_by_one(encoder.eval(), tokens, range(50)), atol=1e-5)
    assert [(report.step, report.steps, report.stage) for report in told] == [
        (16, 50, "encode"), (32, 50, "encode"), (48, 50, "encode"), (50, 50, "encode"),
    ]  # fmt: skip
    assert [place.name for place in path.parent.iterdir()] == ["x.npy"]


def test_some_rows_in_half_precision(folder, tokens, tmp_path):
    encoder, rows = load_encoder(folder), np.array([7, 3, 3, 49])
    found = np.load(embed_all(encoder, tokens, tmp_path / "x.npy", "cpu", rows=rows, dtype="float16"))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, one_by_one(encoder, tokens, rows), atol=5e-3)


def stopped(encoder, tokens, target, after=2):
    def report(progress):
        if progress.step == 16 * after:
            raise KillError

    with pytest.raises(KillError):
        embed_all(encoder, tokens, target, "cpu", report)


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(folder, tokens, tmp_path):
    encoder, told = load_encoder(folder), []
    whole = embed_all(encoder, tokens, tmp_path / "whole.npy", "cpu")
    target = tmp_path / "x.npy"
    stopped(encoder, tokens, target)
    assert not target.exists()
    with (tmp_path / "x.npy.part").open("ab") as file:
        file.write(b"a chunk that was cut short")
    embed_all(encoder, tokens, target, "cpu", lambda progress: told.append(progress.step))
    assert told == [48, 50]
    assert target.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("change", ["weights", "texts", "note", "short"])
def test_what_another_run_left_is_not_taken(folder, tokens, tmp_path, change):
    encoder, told = load_encoder(folder), []
    stopped(encoder, tokens, tmp_path / "x.npy")
    if change == "weights":
        with torch.no_grad():
            encoder.body.norm.bias += 0.1
    elif change == "texts":
        tokens = tokenise(["w1"] * 50, folder, 32, tmp_path / "other")
    elif change == "note":
        (tmp_path / "x.npy.part.json").write_text("{")
    else:
        (tmp_path / "x.npy.part").write_bytes(b"")
    embed_all(encoder, tokens, tmp_path / "x.npy", "cpu", lambda progress: told.append(progress.step))
    assert told == [16, 32, 48, 50]
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), one_by_one(encoder, tokens, range(50)), atol=1e-5)


def test_impossible_requests_are_refused(folder, tokens, tmp_path):
    encoder = load_encoder(folder)
    with pytest.raises(InvalidInputError, match="float64"):
        embed_all(encoder, tokens, tmp_path / "x.npy", "cpu", dtype="float64")
    with pytest.raises(InvalidInputError, match="no text"):
        embed_all(encoder, tokens, tmp_path / "x.npy", "cpu", rows=np.zeros(0, np.int64))
