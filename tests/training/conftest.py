"""Fixtures of the training tests."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def unflushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip flushing to disk: no test here pulls the plug, and it takes most of a small run's time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
