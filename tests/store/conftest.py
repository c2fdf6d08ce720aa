"""Fixtures of the store's tests."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def unflushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip flushing to disk, which no test of content needs and which takes most of its time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
