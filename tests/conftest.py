"""What every test folder shares: where the real data lies, and how its absence is reported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def graphrec_data_dir() -> Path:
    """Folder of the real research data: `GRAPHREC_DATA`, else `shared/data` beside the repository."""
    return Path(os.environ.get("GRAPHREC_DATA") or REPOSITORY.parent / "shared" / "data")


def require_data(relative: str) -> Path:
    """Path of one real data file; skips the test, naming the file, when it is absent."""
    path = graphrec_data_dir() / relative
    if not path.exists():
        pytest.skip(f"needs the real data {relative} under GRAPHREC_DATA (or ../shared/data); it is absent")
    return path


@pytest.fixture
def data_dir() -> Path:
    """The real data folder; skips when it is absent."""
    return require_data("")
