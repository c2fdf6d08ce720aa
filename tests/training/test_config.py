"""Settings from a file and from the command line: what wins, and what an error names."""

from __future__ import annotations

import json

import pytest

from graphrec.errors import ConfigError, NotFoundError
from graphrec.models.registry import create_model
from graphrec.training.config import RunConfig, load_settings
from graphrec.training.run_log import RunLog


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'dim = 16\nloss = "bpr"\n[split]\nkind = "random"\nvalid = 0.2\n[request]\nrank = 8\n',
        encoding="utf-8",
    )
    return path


def test_defaults_without_file_and_overrides():
    assert load_settings(None, []) == ({}, RunConfig())


def test_the_file_is_read_and_the_command_line_wins(file):
    model, run = load_settings(
        file, ["dim=32", "split.valid=0.3", "request.enabled=false", "temperature = 1e-1"]
    )
    assert model == {"dim": 32, "loss": "bpr", "temperature": 0.1}
    assert (run.split.kind, run.split.valid, run.split.test) == ("random", 0.3, 0.1)
    assert (run.request.rank, run.request.enabled) == (8, False)
    assert create_model("ckgat", model).config.loss == "bpr"


def test_values_are_read_as_toml_or_taken_as_text():
    lines = ["a=1", "b=1.5", "c=true", "d=text here", 'e="3"', "f=[1, 2]", "g=x=y", "h="]
    model, _ = load_settings(None, lines)
    assert model == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": "text here",
        "e": "3",
        "f": [1, 2],
        "g": "x=y",
        "h": "",
    }


def test_a_list_sets_the_ridges():
    assert load_settings(None, ["blend.ridges=[5, 50]"])[1].blend.ridges == (5.0, 50.0)


@pytest.mark.parametrize("line", ["dim", "=3", "  =3", ""])
def test_a_line_that_is_no_setting_is_shown(line):
    with pytest.raises(ConfigError, match=r"--set takes key=value") as caught:
        load_settings(None, [line])
    assert repr(line) in str(caught.value)


@pytest.mark.parametrize(
    ("line", "named"),
    [("split.vaild=0.1", "split.vaild"), ("split.valid=0.9", "split.valid"), ("split.valid=x", "split.valid"),
     ("split.kind=weekly", "split.kind"), ("request=yes", "request"), ("request.rank=0", "request.rank"),
     ("request.rank=2.5", "request.rank"), ("blend.ridges=[0]", "blend.ridges.0"), ("blend.x=3", "blend.x")],
)  # fmt: skip
def test_a_setting_of_the_run_that_cannot_be_is_named(line, named):
    with pytest.raises(ConfigError, match=rf"Setting '{named}'"):
        load_settings(None, [line])


@pytest.mark.parametrize(
    ("line", "named"),
    [("dmi=3", "dmi"), ("dim=0", "dim"), ("dim=wide", "dim"), ("loss=hinge", "loss"), ("epochs=-1", "epochs"),
     ("edge_drop=1.0", "edge_drop"), ("average=1", "average"), ("temperature=nan", "temperature")],
)  # fmt: skip
def test_a_setting_of_the_model_that_cannot_be_is_named(line, named):
    model, _ = load_settings(None, [line])
    with pytest.raises(ConfigError, match=rf"Setting '{named}' of ckgat"):
        create_model("ckgat", model)


def test_a_value_is_no_table():
    with pytest.raises(ConfigError, match="'split' is a value, not a table"):
        load_settings(None, ["split=3", "split.valid=0.1"])


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(NotFoundError, match="no settings file"):
        load_settings(tmp_path / "absent.toml", [])
    for content in (b"dim 3", b"a = 1\na = 2", b"\xff\xfe"):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(ConfigError, match=r"bad\.toml is no TOML file"):
            load_settings(tmp_path / "bad.toml", [])
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path, [])


def test_the_log_holds_json_lines_and_a_second_run_appends(tmp_path, capfd):
    path = tmp_path / "run.jsonl"
    for stage in ("fit", "refit"):
        with RunLog(path, epochs=2, title="ckgat") as log:
            log({"stage": stage})
            log({"epoch": 1, "loss": 0.5})
            log({"epoch": 2, "loss": float("nan"), "valid": 0.25, "best_epoch": 2})
    rows = [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]
    assert [row.get("stage") for row in rows] == ["fit", None, None, "refit", None, None]
    assert rows[2] | {"seconds": 0} == {
        "seconds": 0,
        "epoch": 2,
        "loss": None,
        "valid": 0.25,
        "best_epoch": 2,
    }
    assert all(row["seconds"] >= 0 for row in rows)
    assert capfd.readouterr() == ("", "")


def test_a_log_without_a_file_and_records_are_on_disk_at_once(tmp_path):
    with RunLog(None, epochs=1, title="x", progress=False) as log:
        log({"epoch": 1})
    with pytest.raises(RuntimeError), RunLog(tmp_path / "l", epochs=1, title="x") as log:
        log({"epoch": 1, "loss": 1.0})
        assert len((tmp_path / "l").read_text().splitlines()) == 1
        raise RuntimeError


def test_a_terminal_sees_the_bar(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with RunLog(None, epochs=2, title="ckgat fit") as log:
        log({"epoch": 1, "loss": 0.5, "valid": 0.25})
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "ckgat fit" in captured.err
    assert "loss 0.5000 valid 0.2500" in captured.err
