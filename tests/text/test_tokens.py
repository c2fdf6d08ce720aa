from __future__ import annotations

import os

import numpy as np
import pytest

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from graphrec.text.tokens import TokenTable, tokenise
from tests.text.tiny_bert import WORDS, tokenizer, write_bert

TEXTS = ["w1 w2 w3", "", "w4\nw5 unknown", " ".join(WORDS[:60]), "w6 \ud800", "w7" + " " * 9000 + "w8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("tokens") / "bert")


def test_rows_are_what_the_tokenizer_gives(folder, tmp_path):
    table = tokenise((text for text in TEXTS), folder, 16, tmp_path / "table")
    assert len(table) == len(TEXTS) and table.ids.dtype == np.uint16
    own = tokenizer()
    own.enable_truncation(16)
    clean = [text.replace("\ud800", "?") for text in TEXTS[:5]] + ["w7"]
    for rows in ([0, 1, 2, 3, 4, 5], [3], [1, 1, 0]):
        tokens, mask = table.batch(np.array(rows))
        expected = [own.encode(clean[row]).ids for row in rows]
        assert tokens.shape == mask.shape == (len(rows), max(map(len, expected)))
        for place, ids in enumerate(expected):
            assert tokens[place, : len(ids)].tolist() == ids and mask[place].sum() == len(ids)
            assert not mask[place, len(ids) :].any() and not tokens[place, len(ids) :].any()
    assert table.lengths.tolist() == [len(own.encode(text).ids) for text in clean]


def test_many_texts_stream_through_and_come_back(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("graphrec.text.tokens._AT_ONCE", 7)
    given, open_now = 0, []

    def texts():
        nonlocal given
        for number in range(100):
            given += 1
            yield f"w{number} w{number}"

    real = TokenTable.load

    def load(place):
        open_now.append(given)
        return real(place)

    monkeypatch.setattr(TokenTable, "load", load)
    table = tokenise(texts(), folder, 16, tmp_path / "table")
    assert given == 100 and open_now == [100]
    again = real(tmp_path / "table")
    np.testing.assert_array_equal(again.batch(np.arange(100))[0], table.batch(np.arange(100))[0])
    assert again.batch(np.array([57]))[0].tolist() == [[2, 62, 62, 3]]


def test_the_digest_is_of_the_ids_and_how_they_are_cut(folder, tmp_path):
    digests = [
        tokenise(texts, folder, most, tmp_path / str(number)).digest
        for number, (texts, most) in enumerate([
            (["w1 w2", "w3"], 16), (["w1 w2", "w3"], 16), (["w1", "w2 w3"], 16), (["w1 w2", "w3"], 17),
        ])
    ]  # fmt: skip
    assert digests[0] == digests[1] and len(set(digests)) == 3


@pytest.mark.parametrize("most", [2, 33])
def test_a_limit_without_positions_is_refused(folder, tmp_path, most):
    with pytest.raises(InvalidInputError, match=r"3\.\.32"):
        tokenise(TEXTS, folder, most, tmp_path / "table")


def test_nothing_is_left_of_a_run_that_fails(folder, tmp_path):
    def texts():
        yield "w1"
        raise RuntimeError("the disk with the texts went away")

    with pytest.raises(RuntimeError):
        tokenise(texts(), folder, 16, tmp_path / "table")
    with pytest.raises(InvalidInputError, match="no text"):
        tokenise([], folder, 16, tmp_path / "table")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "gone", "offsets"])
def test_a_damaged_table_is_named(folder, tmp_path, damage):
    tokenise(TEXTS, folder, 16, tmp_path / "table")
    if damage == "cut":
        os.truncate(tmp_path / "table" / "ids.bin", 10)
    elif damage == "gone":
        (tmp_path / "table" / "tokens.json").unlink()
    else:
        np.save(tmp_path / "table" / "offsets.npy", np.zeros(3, np.int64))
    with pytest.raises(CorruptionError, match="delete that folder"):
        TokenTable.load(tmp_path / "table")


def test_a_folder_without_a_model_or_a_tokenizer_is_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"config\.json"):
        tokenise(TEXTS, tmp_path, 16, tmp_path / "table")
    folder = write_bert(tmp_path / "bert")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CorruptionError, match="tokenizer"):
        tokenise(TEXTS, folder, 16, tmp_path / "table")
