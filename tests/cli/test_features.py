from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from graphrec.cli.features_progress import StageLine, duration
from graphrec.cli.main import execute
from graphrec.encoders.feature_set import FeatureSet
from graphrec.store import GraphStore
from graphrec.text.giant_progress import GiantProgress
from tests.cli.conftest import DISHES, Command, write_catalogue
from tests.ogb.saver import save_csv_nodes
from tests.text.tiny_giant import write_encoder

QUICK = (
    "--set", "xr.steps=2", "--set", "xr.frozen_layers=0", "--set", "max_tokens=12",
    "--set", "tfidf.bucket_bits=[12,12,12]", "--device", "cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A store of twelve dishes that thirty users chose from, and an encoder that knows their words."""
    folder = tmp_path_factory.mktemp("features")
    write_catalogue(folder)
    url = f"sqlite:///{folder / 'kitchen.db'}"
    for kind in ("recipes", "interactions"):
        name = "recipes.jsonl" if kind == "recipes" else "interactions.csv"
        assert execute(["import", kind, str(folder / name), "--store", url]) == 0
    said = {
        word for dish in DISHES for part in (dish[1], *dish[4]) for word in re.findall(r"\w+", part.lower())
    }
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(said)]
    return url, write_encoder(folder / "tiny", words)


@pytest.fixture(scope="module")
def made(shop: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    url, encoder = shop
    out = tmp_path_factory.mktemp("made") / "features"
    words = ["features", "giant", "--store", url, "--out", str(out)]
    assert execute([*words, "--encoder", str(encoder), *QUICK]) == 0
    return out


def test_every_recipe_of_the_store_gets_a_vector(made: Path, shop: tuple[str, Path]) -> None:
    found = FeatureSet.load(made)
    assert (len(found), found.dim, found.manifest.node_type) == (12, 32, "recipe")
    assert set(found.ids) == {dish[0] for dish in DISHES}
    # A request for a dish finds the dish: it is embedded as the node was.
    text = "Pad Thai\n8 oz rice noodles\n1/2 lb shrimp\n1/3 cup peanuts"
    np.testing.assert_allclose(found.encode([text])[0], found.rows_for(["pad-thai"]).values[0], atol=2e-5)
    assert "interactions" not in str(found.manifest.source) and not found.manifest.limits


def test_info_prints_what_is_there_and_verifies_it(made: Path, graphrec: Command, tmp_path: Path) -> None:
    shown = graphrec("features", "info", made, "--json")
    assert shown.status == 0 and isinstance(shown.json, dict)
    assert (shown.json["num_nodes"], shown.json["dim"], shown.json["chain"]) == (12, 32, [12])
    assert shown.json["parameters"]["xr"]["steps"] == 2
    assert set(shown.json["seconds"]) >= {"texts", "tfidf", "tree", "tune", "vectors"}
    table = graphrec("features", "info", made).out
    assert "nodes\t12" in table and "time: tune\t" in table
    copy = shutil.copytree(made, tmp_path / "copy")
    content = bytearray((copy / "features.npy").read_bytes())
    content[-1] ^= 1
    (copy / "features.npy").write_bytes(content)
    assert "features.npy" in graphrec.fails("features", "info", copy)
    assert "There are no features at" in graphrec.fails("features", "info", tmp_path)


def test_edges_config_seed_and_leaving_out(
    shop: tuple[str, Path], graphrec: Command, tmp_path: Path, made: Path
) -> None:
    url, encoder = shop
    (tmp_path / "c.toml").write_text("[edges]\nneighbours = 2\n", encoding="utf-8")
    (tmp_path / "without.txt").write_text("flan\n\ntinga\n", encoding="utf-8")
    done = graphrec(
        "features", "giant", "--store", url, "--text", "name", "--edges", "interactions", "--out", tmp_path / "o",
        "--encoder", encoder, "--config", tmp_path / "c.toml", "--seed", 3, "--json", *QUICK, "--leave-out",
        tmp_path / "without.txt",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert isinstance(done.json, dict)
    assert done.json["parameters"]["edges"]["neighbours"] == 2
    assert done.json["parameters"]["xr"]["seed"] == 3
    assert done.json["facts"]["nodes left out"] == 2 and done.json["chain"] == [10]
    assert done.json["fingerprint"] != FeatureSet.load(made).fingerprint
    # No terminal, no progress; but what such features have seen is said, and they are on record for erasures.
    assert (
        done.err.startswith("The features were learned from all interactions") and done.err.count("\n") == 1
    )
    with GraphStore.open(url, read_only=True) as store:
        assert [record.path for record in store.bundles()] == [tmp_path / "o"]


def test_what_cannot_be_done_is_one_line(shop: tuple[str, Path], graphrec: Command, tmp_path: Path) -> None:
    url, encoder = shop
    base = ("features", "giant", "--store", url, "--encoder", encoder, "--out", tmp_path / "o")
    assert "--store URL or --ogb NAME" in graphrec.fails("features", "giant", "--out", tmp_path / "o")
    assert "--out DIR" in graphrec.fails("features", "giant", "--store", url)
    assert "--text-table does not belong" in graphrec.fails(*base, "--text-table", tmp_path / "t.txt")
    assert "no preset 'big'" in graphrec.fails(*base, "--preset", "big")
    assert "'xr.step'" in graphrec.fails(*base, "--set", "xr.step=1")
    assert "[split]" in graphrec.fails(*base, "--set", "split.valid=0.2")
    assert "no text 'nom'" in graphrec.fails(*base, "--text", "nom")
    assert "no node type 'dish'" in graphrec.fails(*base, "--node-type", "dish")
    assert "relation:NAME" in graphrec.fails(*base, "--edges", "salt")
    (tmp_path / "ids.txt").write_text("nobody\n", encoding="utf-8")
    assert "no recipe 'nobody'" in graphrec.fails(*base, "--leave-out", tmp_path / "ids.txt")
    assert not (tmp_path / "o").exists()


def test_progress_is_one_line_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with StageLine() as line:
        line(GiantProgress("tree", 0.5, 30.0))
        line(GiantProgress("tune", 0.25, 5400.0, "level 2 of 4, loss 0.1234"))
        line(GiantProgress("tune", 0.26, 5300.0))  # too soon to be drawn
    shown = capsys.readouterr().err
    assert "clustering neighbours: 50% · 30 s left" in shown
    assert "tuning the encoder: 25% · level 2 of 4, loss 0.1234 · 1 h 30 min left" in shown
    assert "26%" not in shown and shown.count("\n") == 2


def test_times_are_said_as_people_do() -> None:
    assert [duration(seconds) for seconds in (0.4, 89, 90, 3600, 5400, 7500)] == [
        "0 s", "89 s", "2 min", "60 min", "1 h 30 min", "2 h 05 min",
    ]  # fmt: skip


def test_ogbn_arxiv_with_its_text_table(shop: tuple[str, Path], graphrec: Command, tmp_path: Path) -> None:
    """The released layout, read by ogb's own loader: texts come by paper id, in the order of the nodes."""
    x = np.zeros((6, 2), np.float32)
    edges = np.array([[0, 1, 2, 3, 4], [1, 2, 0, 4, 5]])
    split = {"train": np.arange(4), "valid": np.array([4]), "test": np.array([5])}
    folder = save_csv_nodes(tmp_path / "data", "ogbn-arxiv", x, edges, np.arange(6), split)
    (folder / "mapping").mkdir()
    with gzip.open(folder / "mapping" / "nodeidx2paperid.csv.gz", "wt", encoding="utf-8") as file:
        file.write("node idx,paper id\n" + "".join(f"{node},{90 - node}\n" for node in range(6)))
    with gzip.open(tmp_path / "titleabs.tsv.gz", "wt", encoding="utf-8") as file:
        file.writelines(f"{90 - node}\tPad Thai\tno {node} {'egg ' * node}\n" for node in (4, 2, 0, 1, 3))
    words = ("--ogb", "ogbn-arxiv", "--root", tmp_path / "data", "--text-table", tmp_path / "titleabs.tsv.gz")
    done = graphrec("features", "giant", *words, "--encoder", shop[1], "--json", *QUICK)
    assert done.status == 0, done.err
    found = FeatureSet.load(folder / "giant", num_nodes=6)
    assert found.manifest.ids == "range" and found.manifest.facts["nodes without text"] == 1
    assert not found.features[5].any()
    third = found.encode(["Pad Thai\nno 3 egg egg egg"])
    np.testing.assert_allclose(found.features[3], third[0], atol=2e-5)
    assert "--edges does not belong to --ogb" in graphrec.fails(
        "features", "giant", *words[:4], "--edges", "interactions"
    )
    assert "No text table is named" in graphrec.fails("features", "giant", *words[:4])
