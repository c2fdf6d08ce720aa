"""`graphrec ogb train` through the real command line, on data sets saved in OGB's own format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphrec.cli.main import execute
from graphrec.encoders.feature_set import FeatureAbout, write_feature_set
from tests.ogb.planted_nodes import NUM_NODES, save_planted

SMALL = ["--epochs", "2", "--set", "hidden=8", "--set", "num_layers=2", "--device", "cpu"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("ogb")
    save_planted(found)
    return found


def _train(root: Path, *more: str, model: str = "gcn") -> int:
    return execute(["ogb", "train", "ogbn-arxiv", "--model", model, "--root", str(root), *SMALL, *more])


def test_json_on_stdout_and_a_run_that_goes_on(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert _train(root, "--seeds", "1", "--out", str(out), "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["seeds"] == [0] and first["test"]["sd"] is None
    assert first["settings"]["hidden"] == 8 and first["settings"]["epochs"] == 2
    (out / "seeds" / "0.json").write_text(json.dumps(first["rows"][0] | {"test": 0.125}))
    assert _train(root, "--seeds", "2", "--out", str(out), "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert [row["test"] == 0.125 for row in second["rows"]] == [True, False]  # the first was not run again


def test_a_markdown_page_otherwise_and_settings_from_a_file(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gcn.toml"
    config.write_text("dropout = 0.25\n")
    assert _train(root, "--seeds", "1", "--config", str(config)) == 0
    page = capsys.readouterr()
    assert page.out.startswith("# ogbn-arxiv: gcn, 1 seed\n") and "| Seed | Test |" in page.out
    assert page.err == ""
    assert _train(root, "--seeds", "1", "--set", "dropout=2") == 2
    assert "Setting 'dropout'" in capsys.readouterr().err


def test_features_of_others_are_taken_and_checked(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, short = tmp_path / "good.npy", tmp_path / "short.npy"
    np.save(good, np.random.default_rng(0).normal(size=(NUM_NODES, 3)).astype(np.float16))
    np.save(short, np.zeros((5, 3), dtype=np.float32))
    assert _train(root, "--seeds", "1", "--features", str(good), "--json", model="mlp") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"]["features"]["kind"] == "npy" and found["parameters"] == 3 * 8 + 8 + 16 + 8 * 3 + 3
    for path, message in ((short, "has 5 rows"), (tmp_path / "none.npy", "There are no features at")):
        assert _train(root, "--features", str(path)) == 2
        assert message in capsys.readouterr().err


def test_giant_features_lie_beside_the_data_set(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _train(root, "--features", "giant") == 2
    assert "graphrec features giant --ogb ogbn-arxiv" in capsys.readouterr().err
    values = np.random.default_rng(0).normal(size=(NUM_NODES, 5)).astype(np.float32)
    write_feature_set(root / "ogbn_arxiv" / "giant", values, about=FeatureAbout(method="giant-xrt"))
    assert _train(root, "--features", "giant", "--seeds", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["data"]["features"]["kind"] == "giant-xrt"


def test_what_cannot_be_run_ends_with_one_line_and_status_2(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        "is not at": ["ogb", "train", "ogbn-arxiv", "--model", "gcn", "--root", str(tmp_path)],
        "no node or link property data set": ["ogb", "train", "ogbg-molhiv", "--model", "gcn"],
        "at least one run": ["ogb", "train", "ogbn-arxiv", "--model", "gcn", "--seeds", "0"],
        "add --download": ["ogb", "train", "ogbn-arxiv", "--model", "gcn", "--sha256", "0" * 64],
        "No model 'gat'": ["ogb", "train", "ogbn-arxiv", "--model", "gat", "--root", str(root)],
    }
    for message, words in wrong.items():
        assert execute(words) == 2
        caught = capsys.readouterr()
        assert message in caught.err and caught.out == "" and caught.err.count("\n") == 1
