"""Dense numbers for row ids, and what a snapshot costs to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import StoreError
from graphrec.store.snapshot_gather import _dense

ROWS = st.lists(st.integers(1, 10**12), min_size=1, max_size=20, unique=True)


@given(ROWS | st.lists(st.integers(1, 60), min_size=1, max_size=20, unique=True), st.data())
def test_every_row_gets_its_place(rows: list[int], data: st.DataObject) -> None:
    ascending = np.array(sorted(rows), dtype=np.int64)
    wanted = data.draw(st.lists(st.sampled_from(rows)))
    assert _dense(ascending, wanted, "a row").tolist() == [sorted(rows).index(row) for row in wanted]
    stranger = data.draw(st.integers(0, 10**13).filter(lambda row: row not in rows))
    with pytest.raises(StoreError, match=f"a row.* {stranger}"):
        _dense(ascending, [*wanted, stranger], "a row")


def test_a_row_of_a_type_without_nodes() -> None:
    assert len(_dense(np.zeros(0, dtype=np.int64), [], "a row")) == 0
    with pytest.raises(StoreError, match="no node"):
        _dense(np.zeros(0, dtype=np.int64), [3], "a row")


def test_reading_a_snapshot_loads_no_database_and_no_learning_library() -> None:
    watched = ("torch", "sqlalchemy", "networkx", "dgl", "scipy", "pandas")
    code = f"import sys, graphrec.store.snapshot; print([name for name in {watched} if name in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
