from __future__ import annotations

import gzip

import numpy as np
import pytest

from graphrec.adapt.domain_graph import DomainGraph
from graphrec.datasets.tpt48 import SOURCES, TPT48, read_tpt48, windows
from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from tests.conftest import require_data

STATES = sorted({state for states in SOURCES.values() for state in states})


def planted(states):
    """Month m of state s is 100 s + m, so that every value tells where it is from."""
    values = 1000.0 * np.arange(len(states))[:, None] + np.arange(144)
    return TPT48(tuple(states), values, DomainGraph.clique(states))


@pytest.mark.parametrize("kind", ["sliding", "yearly"])
def test_windows_are_cut_where_they_should_be(kind):
    states = [*SOURCES["W6->E42"], "TX", "OK"]
    rows = windows(planted(states), "W6->E42", kind)
    per_source = 133 if kind == "sliding" else 12
    assert np.bincount(rows.domain).tolist() == [per_source] * 6 + [12] * 2
    assert rows.sources.tolist() == list(range(6))
    degrees = np.concatenate([rows.x, rows.y], axis=1) * rows.sd + rows.mean
    first = np.round(degrees[:, 0] - 1000 * rows.domain).astype(int)
    for state in range(8):
        step = 1 if kind == "sliding" and state < 6 else 12
        assert first[rows.domain == state].tolist() == list(range(0, 133, step))
    np.testing.assert_allclose(degrees - degrees[:, :1], np.tile(np.arange(12), (len(degrees), 1)), atol=0.02)


def test_what_is_foretold_does_not_normalise():
    states = [*SOURCES["W6->E42"], "TX"]
    data = planted(states)
    before = windows(data, "W6->E42")
    pool = [*data.temperature[:6].ravel(), *data.temperature[6].reshape(12, 12)[:, :6].ravel()]
    assert before.mean == pytest.approx(np.mean(pool)) and before.sd == pytest.approx(np.std(pool))
    hidden = data.temperature.copy()
    hidden[6].reshape(12, 12)[:, 6:] += 500
    after = windows(TPT48(data.states, hidden, data.graph), "W6->E42")
    assert (after.mean, after.sd) == (before.mean, before.sd)
    np.testing.assert_array_equal(after.x, before.x)


def test_unknown_tasks_are_said():
    data = planted(STATES)
    with pytest.raises(InvalidInputError, match="E24->W24"):
        windows(data, "S->N")
    with pytest.raises(InvalidInputError, match="sliding or yearly"):
        windows(data, "E24->W24", "daily")


def test_the_real_tasks():
    data = read_tpt48(require_data("grda"))
    assert (len(data.states), data.graph.names) == (48, data.states)
    assert (data.temperature.min(), data.temperature.max()) == (-2.7, 89.2)
    assert data.temperature.mean() == pytest.approx(52.90, abs=0.005)
    assert data.temperature.std() == pytest.approx(17.75, abs=0.005)
    for task, targets in (("E24->W24", [8, 7, 9]), ("N24->S24", [10, 6, 8]), ("W6->E42", [4, 6, 32])):
        rows = windows(data, task)
        hops = np.minimum(data.graph.hops(rows.sources), 3)
        assert np.bincount(hops)[1:].tolist() == targets
        assert len(rows.x) == 133 * len(rows.sources) + 12 * sum(targets)


BY_NAME = (
    "AL AZ AR CA CO CT DE FL GA ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT "
    "NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"
)


def test_the_series_are_those_of_noaa():
    """2008 to 2019 in NOAA's own file of monthly state temperatures; its states count in order of their names."""
    lines = gzip.decompress(
        require_data("grda/climdiv/climdiv-tmpcst-v1.0.0-20200106.gz").read_bytes()
    ).decode()
    values = {}
    for line in lines.splitlines():
        state, year = int(line[:3]), int(line[6:10])
        if state <= 48 and 2008 <= year <= 2019:
            values[state, year] = [float(cell) for cell in line[10:].split()]
    codes = dict(enumerate(BY_NAME.split(), start=1))
    data = read_tpt48(require_data("grda"))
    for number, state in codes.items():
        series = np.concatenate([values[number, year] for year in range(2008, 2020)])
        np.testing.assert_array_equal(series, data.temperature[data.states.index(state)], err_msg=state)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(NotFoundError):
        read_tpt48(tmp_path)
    for arrays in (
        {"states": np.array(["AL"])},
        {"states": np.array(["AL"]), "temperature": np.zeros((1, 12))},
        {"states": np.array(["AL"]), "temperature": np.full((1, 144), np.nan)},
    ):
        np.savez(tmp_path / "tpt48.npz", **arrays)
        with pytest.raises(CorruptionError, match="12 years"):
            read_tpt48(tmp_path)
