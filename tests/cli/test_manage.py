"""`graphrec import`, `info`, `train`, `record`, `erase`, `doctor` and the frame around them."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from graphrec import __version__
from graphrec.cli.main import app
from tests.cli.conftest import DISHES, Command, Kitchen, write_catalogue


@pytest.fixture
def fresh(graphrec: Command, tmp_path: Path) -> Kitchen:
    """A store of one's own, imported but not trained."""
    write_catalogue(tmp_path)
    url = f"sqlite:///{tmp_path / 'own.db'}"
    assert graphrec("import", "recipes", tmp_path / "recipes.jsonl", "--store", url).status == 0
    assert graphrec("import", "interactions", tmp_path / "interactions.csv", "--store", url).status == 0
    return Kitchen(tmp_path, url, tmp_path / "model")


def test_every_command_of_the_design_exists_and_has_help(graphrec: Command) -> None:
    names = {command.name for command in app.registered_commands} | {g.name for g in app.registered_groups}
    wanted = {
        "demo",
        "import",
        "info",
        "train",
        "evaluate",
        "recommend",
        "similar",
        "record",
        "erase",
        "doctor",
        "teach",
        "preferences",
        "forget",
        "nlu",
        "features",
        "adapt",
        "ogb",
    }
    assert names == wanted
    for name in sorted(wanted):
        assert graphrec(name, "--help").status == 0
    for name in ("recipes", "interactions", "atomic"):
        assert graphrec("import", name, "--help").status == 0


def test_version(graphrec: Command) -> None:
    outcome = graphrec("--version")
    assert outcome.status == 0 and outcome.out.strip() == f"graphrec {__version__}"


@pytest.mark.parametrize("words", [["nope"], ["--nope"], ["import"], ["import", "pictures"], ["recommend"]])
def test_usage_errors_are_one_line_with_a_way_out(graphrec: Command, words: list[str]) -> None:
    assert "--help" in graphrec.fails(*words)


def test_import_reports_counts_on_stdout(graphrec: Command, tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    url = f"sqlite:///{tmp_path / 'own.db'}"
    outcome = graphrec("import", "recipes", tmp_path / "recipes.jsonl", "--store", url, "--json")
    assert outcome.status == 0
    assert isinstance(outcome.json, dict)
    assert outcome.json["imported"] == len(DISHES) and outcome.json["skipped"] == 0
    again = graphrec("import", "recipes", tmp_path / "recipes.jsonl", "--store", url)
    assert again.out.startswith("what\tcount")


def test_a_bad_row_is_named_and_strict_writes_nothing(graphrec: Command, fresh: Kitchen) -> None:
    rows = fresh.folder / "more.csv"
    rows.write_text("user,recipe,time\nu0,flan,2025-01-01T00:00:00Z\nu0,tacos,yesterday\n", encoding="utf-8")
    before = graphrec("info", "--store", fresh.url, "--json").json
    line = graphrec.fails("import", "interactions", rows, "--store", fresh.url, "--strict")
    assert "yesterday" in line and "3" in line
    assert graphrec("info", "--store", fresh.url, "--json").json == before
    outcome = graphrec("import", "interactions", rows, "--store", fresh.url)
    assert outcome.status == 0 and "yesterday" in outcome.err


@pytest.mark.parametrize("kind", ["recipes", "interactions"])
def test_import_of_nothing(graphrec: Command, tmp_path: Path, kind: str) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    assert "missing" in graphrec.fails("import", kind, tmp_path / "missing.csv", "--store", url)


def test_unknown_columns_are_named(graphrec: Command, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("person,meal\na,b\n", encoding="utf-8")
    graphrec.fails("import", "interactions", file, "--store", f"sqlite:///{tmp_path / 'own.db'}")


def test_atomic_files(graphrec: Command, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    inter = "user_id:token\titem_id:token\tlabel:float\n" + "".join(
        f"{u}\t{i}\t1\n" for u, i in ((1, 1), (1, 2), (2, 2))
    )
    (folder / "tiny.inter").write_text(inter, encoding="utf-8")
    (folder / "tiny.link").write_text("item_id:token\tentity_id:token\n1\te1\n2\te2\n", encoding="utf-8")
    kg = "head_id:token\trelation_id:token\ttail_id:token\ne1\tgenre\tg\ne2\tgenre\tg\n"
    (folder / "tiny.kg").write_text(kg, encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'own.db'}"
    assert graphrec("import", "atomic", folder, "--store", url).status == 0
    info = graphrec("info", "--store", url, "--json").json
    assert isinstance(info, dict) and info["total_interactions"] == 3


def test_info_counts(graphrec: Command, fresh: Kitchen) -> None:
    info = graphrec("info", "--store", fresh.url, "--json").json
    assert isinstance(info, dict)
    assert info["nodes"]["recipe"] == len(DISHES) and info["nodes"]["user"] == 30
    assert f"nodes\trecipe\t{len(DISHES)}" in graphrec("info", "--store", fresh.url).out


@pytest.mark.parametrize(
    "command", [["info"], ["record", "--user", "u", "--item", "i"], ["erase", "--user", "u"]]
)
def test_a_missing_store_is_never_made_by_reading(
    graphrec: Command, tmp_path: Path, command: list[str]
) -> None:
    line = graphrec.fails(command[0], "--store", f"sqlite:///{tmp_path / 'no.db'}", *command[1:])
    assert "no.db" in line
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store(graphrec: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("hello" * 500, encoding="utf-8")
    assert "notes.db" in graphrec.fails("info", "--store", f"sqlite:///{tmp_path / 'notes.db'}")


def test_a_store_of_a_newer_schema(graphrec: Command, fresh: Kitchen) -> None:
    with sqlite3.connect(fresh.folder / "own.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "999" in graphrec.fails("info", "--store", fresh.url)


def test_a_read_only_folder(graphrec: Command, fresh: Kitchen) -> None:
    locked = fresh.folder / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if os.geteuid() == 0:
        locked = Path("/proc/sys")  # root writes everywhere else
        if not locked.exists():
            pytest.skip("no folder that refuses root")
    words = ("train", "--store", fresh.url, "--model", "popularity", "--out", locked / "model")
    assert str(locked) in graphrec.fails(*words)
    assert str(locked) in graphrec.fails("info", "--store", f"sqlite:///{locked / 'x.db'}")
    words = ("import", "recipes", fresh.folder / "recipes.jsonl", "--store", f"sqlite:///{locked / 'x.db'}")
    assert str(locked) in graphrec.fails(*words)


def test_a_file_where_the_bundle_should_go(graphrec: Command, fresh: Kitchen) -> None:
    fresh.bundle.write_text("in the way", encoding="utf-8")
    words = ("train", "--store", fresh.url, "--model", "popularity", "--out", fresh.bundle)
    assert str(fresh.bundle) in graphrec.fails(*words)
    assert fresh.bundle.read_text(encoding="utf-8") == "in the way"


def test_train_says_which_models_and_settings_exist(graphrec: Command, fresh: Kitchen) -> None:
    words = ("train", "--store", fresh.url, "--out", fresh.bundle)
    assert "ckgat" in graphrec.fails(*words, "--model", "gpt")
    assert "depth" in graphrec.fails(*words, "--model", "ease", "--set", "depth=3")
    graphrec.fails(*words, "--model", "ease", "--set", "no equals sign")
    graphrec.fails(*words, "--model", "ease", "--config", fresh.folder / "no.toml")
    assert not fresh.bundle.exists()


def test_train_on_an_empty_store(graphrec: Command, tmp_path: Path) -> None:
    from graphrec.store import GraphStore

    url = f"sqlite:///{tmp_path / 'empty.db'}"
    GraphStore.open(url).close()
    graphrec.fails("train", "--store", url, "--model", "ease", "--out", tmp_path / "model")


def test_train_prints_metrics_and_writes_a_bundle(graphrec: Command, fresh: Kitchen) -> None:
    words = ("train", "--store", fresh.url, "--model", "popularity", "--out", fresh.bundle, "--json")
    outcome = graphrec(*words)
    assert outcome.status == 0 and isinstance(outcome.json, dict)
    assert (fresh.bundle / "model.json").exists()
    assert (fresh.bundle / "README.md").exists()


def test_record_is_seen_at_once_and_erase_is_final(graphrec: Command, fresh: Kitchen) -> None:
    words = ("record", "--store", fresh.url, "--user", "newcomer", "--item", "flan", "--type", "cook")
    assert graphrec(*words).status == 0
    before = graphrec("info", "--store", fresh.url, "--json").json
    erased = graphrec("erase", "--store", fresh.url, "--user", "newcomer", "--json")
    assert isinstance(erased.json, dict) and erased.json["interactions"] == 1
    after = graphrec("info", "--store", fresh.url, "--json").json
    assert isinstance(before, dict) and isinstance(after, dict)
    assert after["total_interactions"] == before["total_interactions"] - 1
    assert "erased" in graphrec.fails(*words)
    assert "nobody" in graphrec.fails("erase", "--store", fresh.url, "--user", "nobody")


@pytest.mark.parametrize(
    "words",
    [
        ["--item", "no such dish"],
        ["--item", "flan", "--time", "tomorrow"],
        ["--item", "flan", "--time", "2025-01-01T00:00:00"],
        ["--item", "flan", "--weight", "nan"],
        ["--item", "flan", "--weight", "-1"],
        ["--item", "", "--type", "view"],
    ],
)
def test_record_refuses(graphrec: Command, fresh: Kitchen, words: list[str]) -> None:
    graphrec.fails("record", "--store", fresh.url, "--user", "u0", *words)


def test_doctor_finds_nothing_wrong(graphrec: Command, kitchen: Kitchen) -> None:
    outcome = graphrec("doctor", "--store", kitchen.url, "--model", kitchen.bundle, "--json")
    assert outcome.status == 0 and isinstance(outcome.json, dict)
    found = {check["name"]: check["status"] for check in outcome.json["checks"]}
    assert found["numpy"] == "ok" and found[f"model {kitchen.bundle}"] == "ok"
    assert found[f"store {kitchen.url}"] == "ok"
    assert "problem" not in found.values()


def test_doctor_finds_a_flipped_bit(graphrec: Command, fresh: Kitchen) -> None:
    words = ("train", "--store", fresh.url, "--model", "ease", "--out", fresh.bundle)
    assert graphrec(*words).status == 0
    victim = max(fresh.bundle.glob("*.safetensors"), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[-3] ^= 4
    victim.write_bytes(data)
    assert victim.name in graphrec.fails("doctor", "--model", fresh.bundle)
    assert victim.name in graphrec.fails("recommend", "--model", fresh.bundle, "--user", "u0")


def test_doctor_names_a_missing_bundle(graphrec: Command, tmp_path: Path) -> None:
    assert "nowhere" in graphrec.fails("doctor", "--model", tmp_path / "nowhere")


def test_json_is_one_document(graphrec: Command, kitchen: Kitchen) -> None:
    for words in (["info", "--store", kitchen.url], ["doctor"]):
        assert json.loads(graphrec(*words, "--json").out)
