from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from graphrec.models.ease import EASE, EASEConfig
from graphrec.sparse import CSR
from graphrec.store.columns import TrainData
from graphrec.training.newcomers import newcomers
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def rivals():
    path = REPOSITORY / "benchmarks" / "_cold_users_rivals.py"
    spec = importlib.util.spec_from_file_location("benchmarks_cold_users_rivals", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)  # data classes look up the module that they are in
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("ridge", [1.0, 30.0])
def test_folding_in_without_the_weights_is_ease(rivals, ridge):
    rng = np.random.default_rng(0)
    rows, cols = np.nonzero(rng.random((40, 25)) < 0.3)
    fresh = rows >= 30
    train = CSR.from_coo(rows[~fresh], cols[~fresh], None, (40, 25))
    held = CSR.from_coo(rows[fresh], cols[fresh], None, (40, 25))
    group = newcomers(train, held, np.repeat(np.arange(30, 40), 3), 3, rng)
    found = rivals.ExactEase.fit(train, {"ridge": ridge}).scores(group)
    (part,) = EASE(EASEConfig(ridge=ridge, top_weights=0)).fit(TrainData(train, None, None)).parts()
    known = np.zeros(found.shape, dtype=bool)
    known[group.shown.row_index(), group.shown.indices] = True
    expected = group.scores(part)
    assert len(found) >= 24 and np.abs(expected[~known]).max() > 0.01
    assert found[~known] == pytest.approx(expected[~known], rel=1e-3, abs=1e-5)
