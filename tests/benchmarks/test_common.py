from __future__ import annotations

import importlib.util
import json

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture
def common(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location(
        "benchmarks_common", REPOSITORY / "benchmarks" / "_common.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    return module


def test_results_carry_the_machine_and_read_back_without_it(common):
    common.write_results("trial", {"recall": [0.1, 0.2]})
    found = json.loads((common.RESULTS / "trial.json").read_text())
    assert found["machine"]["python"]
    assert found["machine"]["versions"]["numpy"]
    assert common.read_results("trial") == {"recall": [0.1, 0.2]}
    assert common.read_results("other") == {}
    assert [path.name for path in common.RESULTS.iterdir()] == ["trial.json"]


def test_spread_over_seeds(common):
    assert common.mean_sd([0.1, 0.3]) == "0.2000 ± 0.1414"
    assert common.mean_sd([0.25]) == "0.2500"
    assert common.mean_sd([]) == "-"


def test_table_is_aligned(common, capsys):
    common.print_table("Title", ["model", "recall"], [["ease", 0.5], ["popularity", [0.1, 0.1]]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Title"
    assert lines[4:] == ["ease        0.5000", "popularity  0.1000 ± 0.0000"]


def test_absent_data_ends_with_one_line(common, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("GRAPHREC_DATA", str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        common.need_data("kg/none")
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert common.find_data("kg/none") is None
