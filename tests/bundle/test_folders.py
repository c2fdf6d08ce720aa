"""A text file that takes another's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec.bundle import folders
from graphrec.bundle.folders import replace_text


def test_it_takes_the_place_of_what_is_there_and_of_what_a_killed_writer_left(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text("old")
    (tmp_path / ".note.json.new").write_text("half of so")
    replace_text(path, "new, with ü\n")
    assert path.read_bytes() == "new, with ü\n".encode()
    assert [found.name for found in tmp_path.iterdir()] == ["note.json"]


def test_what_was_there_stays_when_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "note.json"
    path.write_text("old")

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        replace_text(path, "new")
    assert path.read_text() == "old"
