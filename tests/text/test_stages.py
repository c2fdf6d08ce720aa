"""Stages of a long run; that a killed one goes on is tested in test_giant.py."""

from __future__ import annotations

import pytest

from graphrec.text.stages import fingerprint


def test_files_of_another_version_are_not_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint("same", 1)
    assert before == fingerprint("same", 1) != fingerprint("same", 2)
    monkeypatch.setattr("graphrec.__version__", "0.0.9")
    assert fingerprint("same", 1) != before
