"""Opening: what is no store is named, an old one lifted, a newer one left alone, a damaged one found out."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphrec.errors import CorruptionError, GraphRecError, SchemaVersionError, StoreError
from graphrec.store import GraphStore
from graphrec.store.tables import APPLICATION_ID, SCHEMA_VERSION
from tests.store.processes import run
from tests.store.store_children import url_of

OLD_SCHEMAS = sorted(range(1, SCHEMA_VERSION))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def fill(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store, store.writing() as writer:
        writer.add_relation("contains", "recipe", "ingredient", inverse="contained_in")
        writer.add_edges("contains", [(f"r{n}", f"i{n % 13}") for n in range(500)])
        writer.add_nodes("recipe", [(f"r{n}", f"Dish number {n}") for n in range(500)])
        writer.add_interactions([(f"u{n % 7}", f"r{n}", "cook", n, None) for n in range(500)])


@pytest.mark.parametrize(
    "url", ["postgresql://host/db", "duckdb:///x.db", "sqlite://", "sqlite:///", "", ":memory:"]
)
def test_addresses_that_name_no_file(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE"):
        GraphStore.open(url)


def test_relative_absolute_and_bare_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    odd = "a store?mode=ro&x#1 %20.db"
    for url in (f"sqlite:///{odd}", odd, f"sqlite:///{tmp_path}/{odd}", f"sqlite:////{tmp_path}/{odd}"):
        with GraphStore.open(url) as store, store.writing() as writer:
            writer.add_nodes("recipe", [(url, None)])
    with GraphStore.open(odd) as store:
        assert store.count_nodes("recipe") == 4
        store.record("u", odd)
        assert sorted(file.name for file in tmp_path.iterdir()) == [odd, f"{odd}-shm", f"{odd}-wal"]
    assert [file.name for file in tmp_path.iterdir()] == [odd]  # the last one out empties the log


def test_what_is_not_there(path: Path) -> None:
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreError, match="There is no store at"):
            GraphStore.open(url_of(path), **options)
    with pytest.raises(StoreError, match=r"folder .* does not exist"):
        GraphStore.open(url_of(path.parent / "missing" / "s.db"))
    with pytest.raises(StoreError, match="is a folder"):
        GraphStore.open(url_of(path.parent))
    assert list(path.parent.iterdir()) == []


def test_files_of_others_are_left_alone(path: Path) -> None:
    path.write_text("user,recipe\nu1,r1\n" * 1000)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"s\.db is not a SQLite file"):
        GraphStore.open(url_of(path))
    assert path.read_bytes() == before
    foreign = path.with_name("foreign.db")
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = foreign.read_bytes()
    for options in ({}, {"read_only": True}):
        with pytest.raises(StoreError, match=r"foreign\.db is a SQLite file of another program"):
            GraphStore.open(url_of(foreign), **options)
    assert foreign.read_bytes() == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        GraphStore.open(url_of(path), read_only=True)
    fill(path)
    with GraphStore.open(url_of(path), read_only=True) as store:
        assert store.count_nodes("recipe") == 500


def test_read_only_never_writes(path: Path) -> None:
    fill(path)
    before = path.read_bytes()
    with GraphStore.open(url_of(path), read_only=True) as store:
        assert store.read_only
        for write in (
            lambda: store.record("u", "r1"),
            lambda: store.erase("u1"),
            lambda: store.mark_bundle("b", "s"),
        ):
            with pytest.raises(StoreError, match="read-only; open it for writing"):
                write()
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_untouched(path: Path) -> None:
    fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    for options in ({}, {"read_only": True}):
        with pytest.raises(SchemaVersionError, match=f"schema {SCHEMA_VERSION + 1}.*update graphrec"):
            GraphStore.open(url_of(path), **options)
    assert path.read_bytes() == before


def make_version(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(Path(__file__).with_name(f"schema_{version}.sql").read_text())
    connection.close()


def columns_of(path: Path) -> dict[str, set[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = {name: {row[1:] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}
    strict = {(row[1], row[4], row[5]) for row in connection.execute("PRAGMA table_list") if row[1] in names}
    indexes = {(row[0], row[1]) for row in connection.execute("SELECT name, tbl_name FROM sqlite_master "
                                                             "WHERE type = 'index'")}  # fmt: skip
    connection.close()
    return {**tables, "": strict, "indexes": indexes}


@pytest.mark.parametrize("version", OLD_SCHEMAS)
def test_an_older_version_is_lifted_with_all_it_holds(path: Path, version: int) -> None:
    make_version(path, version)
    with pytest.raises(StoreError, match=f"has schema {version}; open it for writing once"):
        GraphStore.open(url_of(path), read_only=True)
    with GraphStore.open(url_of(path)) as store:
        assert store.schema_version == SCHEMA_VERSION
        assert store.relations()[0] == ("contains", "recipe", "ingredient", "contained_in", True)
        assert [relation.feature for relation in store.relations()[1:]] == [False] * (version > 1)
        assert store.neighbors("recipe", "soup", "contains") == ["salt"]
        assert store.history("ann") == [("soup", "cook", 1.0, 5)]
        assert store.revision == store.catalogue_revision == 1
        assert store.touched_items(0) == ("soup",) and store.touched_items(1) == ()
        with store.writing() as writer:
            writer.add_relation("part_of_meal", "recipe", "meal", feature=False)
        known = store.preferences("ann")
        assert [(p.ext, p.kind, p.utterance) for p in known] == (
            [("milk", "dislike", "no milk, please")] if version == 3 else []
        )
        taught = store.teach("ann", "ingredient", "peanut", "allergy", "no peanuts for me")
        assert store.preferences("ann") == [*known, taught]
        assert store.check(full=True) == []
    fresh = path.with_name("fresh.db")
    GraphStore.open(url_of(fresh)).close()
    assert columns_of(path) == columns_of(fresh)


def test_a_migration_that_fails_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_version(path, 1)

    def broken(connection: object) -> None:
        connection.exec_driver_sql("DELETE FROM edge")  # type: ignore[attr-defined]
        raise StoreError("power cut")

    monkeypatch.setattr("graphrec.store.migrations.STEPS", {1: broken})
    with pytest.raises(StoreError, match="power cut"):
        GraphStore.open(url_of(path))
    monkeypatch.undo()
    with GraphStore.open(url_of(path)) as store:
        assert store.neighbors("recipe", "soup", "contains") == ["salt"]


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root to become another user")
def test_a_folder_that_cannot_be_written(public_folder: Path) -> None:
    path = public_folder / "s.db"
    fill(path)
    path.chmod(0o644)
    assert run("write_as_nobody", path, "read")[1] == "500"
    status, out, err = run("write_as_nobody", path, "write")
    assert status == 0, err
    assert out.splitlines()[-1].startswith(f"StoreError: Store {path} cannot be ")
    status, out, err = run("write_as_nobody", public_folder / "new.db", "write")
    assert status == 0 and out.startswith("StoreError: Store "), err
    path.chmod(0o600)
    assert "cannot be opened" in run("write_as_nobody", path, "read")[1]


def test_a_store_that_may_not_grow(path: Path) -> None:
    fill(path)
    with GraphStore.open(url_of(path)) as store:
        full = pytest.raises(StoreError, match=r"disk is full: nothing was written .*s\.db; free some space")
        with full, store.writing() as writer:
            pages = writer._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            writer._connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
            writer.add_nodes("recipe", [(f"big{n}", "x" * 1000) for n in range(1000)])
        assert store.count_nodes("recipe") == 500
        assert store.check(full=True) == []


def test_bit_flips_give_named_errors_or_sound_reads(path: Path) -> None:
    """Whatever bit is changed: a named error, a sentence from check(), or a store that hangs together."""
    fill(path)
    sound, rng, found = path.read_bytes(), random.Random(3), 0
    damaged = path.with_name("damaged.db")
    for _ in range(60):
        data = bytearray(sound)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        damaged.write_bytes(data)
        try:
            with GraphStore.open(url_of(damaged), read_only=True) as store:
                problems = store.check(full=True)
                assert all("damaged.db" in problem for problem in problems)
                store.read_nodes("recipe"), store.read_edges("contains"), store.read_interactions()
                found += bool(problems)
        except GraphRecError as error:
            assert "damaged.db" in str(error)
            found += 1
    assert found > 10


def test_a_page_of_rubbish_is_corruption(path: Path) -> None:
    fill(path)
    data = path.read_bytes()
    with sqlite3.connect(path) as connection:  # what describes the tables stays readable
        kept = 4096 * connection.execute("SELECT max(rootpage) FROM sqlite_master").fetchone()[0]
    connection.close()
    path.write_bytes(data[:kept] + b"\xff" * (len(data) - kept))
    damaged = pytest.raises(CorruptionError, match=r"s\.db is damaged .* restore it from a backup")
    with damaged, GraphStore.open(url_of(path), read_only=True) as store:
        store.read_nodes("recipe")
    with GraphStore.open(url_of(path), read_only=True) as store:
        assert store.check()


def test_a_truncated_file_is_damaged(path: Path) -> None:
    fill(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    try:
        with GraphStore.open(url_of(path), read_only=True) as store:
            assert store.check()
    except CorruptionError as error:
        assert "s.db" in str(error)


def test_one_way_edges_and_dangling_rows_are_found(path: Path) -> None:
    fill(path)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM edge_in WHERE src = (SELECT id FROM node WHERE ext = 'r3')")
    connection.execute("DELETE FROM node WHERE ext = 'u1'")
    connection.commit()
    connection.close()
    with GraphStore.open(url_of(path)) as store:
        assert "500 edges lead out of nodes, 499 into nodes" in store.check()[0]
        problems = " ".join(store.check(full=True))
    assert "kept one way" in problems and "points to no node" in problems


def test_the_file_is_set_up_as_promised(path: Path) -> None:
    with GraphStore.open(url_of(path)) as store, store.writing() as writer:
        values = {
            name: writer._connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "application_id")
        }
    assert values == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1,
        "application_id": APPLICATION_ID,
    }  # fmt: skip
