"""Importing interactions and atomic files against the rows written down by hand."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphrec.errors import ImportFailedError, NotFoundError
from graphrec.store import GraphStore
from graphrec.store.importers import import_atomic, import_interactions
from graphrec.store.importers.report import BadValueError
from graphrec.store.importers.rows import microseconds, sniff_delimiter
from tests.store.test_import_recipes import ODD_IDS, state


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with GraphStore.open(f"sqlite:///{tmp_path / 'x.db'}") as opened:
        yield opened


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def history(store: GraphStore, user: str) -> list[tuple[str, str, float, int | None]]:
    return [(h[0], h[1], h[2], h[3]) for h in store.history(user)]


def test_all_columns(store: GraphStore, tmp_path: Path) -> None:
    text = "\ufeffuser;item;type;time;weight\r\n"
    text += "u;a;cook;2024-01-01T00:00:00Z;2.5\r\nu;b;view;1704067201;\r\n\r\nv;a;;;\r\n"
    report = import_interactions(store, write(tmp_path / "i.csv", text))
    assert (report.rows, report.imported, report.skipped, report.warnings) == (3, 3, 0, [])
    assert report.counts == {"user": 2, "recipe": 2, "interactions": 3}
    rows = {(item, kind, round(weight, 6)) for item, kind, weight, _ in history(store, "u")}
    assert rows == {("a", "cook", 2.5), ("b", "view", 0.2)}
    times = {item: time for item, _, _, time in history(store, "u")}
    assert times["b"] - times["a"] == 1_000_000  # type: ignore[operator]
    assert [(item, kind) for item, kind, _, _ in history(store, "v")] == [("a", "interact")]


def test_again_updates(store: GraphStore, tmp_path: Path) -> None:
    import_interactions(store, write(tmp_path / "i.csv", "user,recipe,weight\nu,a,1\n"))
    again = import_interactions(store, write(tmp_path / "i.csv", "user,recipe,weight\nu,a,3\n"))
    assert again.counts == {"interactions": 0, "interactions updated": 1}
    assert [h[2] for h in history(store, "u")] == [3.0]


BAD = [
    (",a,,", "user", "empty"), ("u,,,", "recipe", "empty"), ("u,a,yesterday,", "time", "ISO"),
    ("u,a,,nan", "weight", "finite"), ("u,a,,inf", "weight", "finite"), ("u,a,,-1", "weight", "at least 0"),
    ("u,a,,x", "weight", "number"), ("u,a,,1,2,3", "", "cells"), ("u,a,1e300,", "time", "calendar"),
    ("x" * 600 + ",a,,", "user", "512"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "column", "reason"), BAD)
def test_bad_rows(store: GraphStore, tmp_path: Path, row: str, column: str, reason: str) -> None:
    path = write(tmp_path / "i.csv", f"user,recipe,time,weight\ngood,a,,\n{row}\n")
    before = state(store)
    with pytest.raises(ImportFailedError, match="line 3"):
        import_interactions(store, path, strict=True)
    assert state(store) == before
    report = import_interactions(store, path)
    (error,) = report.errors
    assert (report.imported, error.line, error.column) == (1, 3, column)
    assert reason in error.reason


def test_invalid_utf8_names_its_line(store: GraphStore, tmp_path: Path) -> None:
    report = import_interactions(store, write(tmp_path / "i.csv", b"user,recipe\nu\xff,a\nv,b\n"))
    assert [(e.line, e.column) for e in report.errors] == [(2, "user")]
    assert report.imported == 1


def test_unknown_columns(store: GraphStore, tmp_path: Path) -> None:
    path = write(tmp_path / "i.csv", "user,recipe,colour\nu,a,red\n")
    with pytest.raises(ImportFailedError, match="colour"):
        import_interactions(store, path, strict=True)
    assert ["'colour'" in w for w in import_interactions(store, path).warnings] == [True]
    with pytest.raises(ImportFailedError, match="no column 'user'"):
        import_interactions(store, write(tmp_path / "j.csv", "who,recipe\nu,a\n"))


def test_damaged_and_missing_files(store: GraphStore, tmp_path: Path) -> None:
    packed = gzip.compress(
        b"user,recipe\n" + b"".join(f"u{i},r{i * 7919 % 1000}\n".encode() for i in range(5000))
    )
    for path, match in (
        (write(tmp_path / "e.csv", ""), "empty"), (write(tmp_path / "c.csv.gz", packed[: len(packed) // 2]),
        "cut off"),
        (write(tmp_path / "p.parquet", b"PAR1xxxx"), "Parquet"),
    ):  # fmt: skip
        with pytest.raises(ImportFailedError, match=match):
            import_interactions(store, path)
    with pytest.raises(NotFoundError):
        import_interactions(store, tmp_path / "none.csv")
    with pytest.raises(NotFoundError):
        import_interactions(store, tmp_path / "none.parquet")
    assert state(store)["nodes"] == {}
    assert import_interactions(store, write(tmp_path / "g.csv.gz", packed)).imported == 5000


def test_odd_ids_survive(store: GraphStore, tmp_path: Path) -> None:
    with (tmp_path / "i.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["user", "recipe"])
        out.writerows([ident, ident] for ident in ODD_IDS)
    assert import_interactions(store, tmp_path / "i.csv", strict=True).imported == len(ODD_IDS)
    for ident in ODD_IDS:
        assert [h[0] for h in history(store, ident)] == [ident]


def test_parquet_equals_csv(store: GraphStore, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    when = datetime(2024, 5, 1, tzinfo=UTC)
    table = arrow.table({"user": ["u", "u"], "recipe": [1, 2], "time": [when, None], "weight": [0.5, None]})
    parquet.write_table(table, tmp_path / "i.parquet")
    assert import_interactions(store, tmp_path / "i.parquet").imported == 2
    assert {(h[0], h[2]) for h in history(store, "u")} == {("1", 0.5), ("2", 1.0)}
    bad = arrow.table({"user": ["u", None], "recipe": ["a", "b"], "weight": [float("nan"), 1.0]})
    parquet.write_table(bad, tmp_path / "b.parquet")
    report = import_interactions(store, tmp_path / "b.parquet")
    assert [(e.line, e.column) for e in report.errors] == [(1, "weight"), (2, "user")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-01T00:00:00Z", 1_704_067_200_000_000), ("2024-01-01", 1_704_067_200_000_000),
        ("2024-01-01 01:00:00+01:00", 1_704_067_200_000_000), ("1704067200", 1_704_067_200_000_000),
        ("1704067200.5", 1_704_067_200_500_000), ("1704067200000", 1_704_067_200_000_000),
        ("1704067200000000", 1_704_067_200_000_000), ("1704067200000000000", 1_704_067_200_000_000),
        ("-86400", -86_400_000_000), ("", None), (None, None), ("0", 0),
    ],
)  # fmt: skip
def test_times(value: str | None, expected: int | None) -> None:
    assert microseconds(value) == expected


def test_no_time() -> None:
    for text in ("soon", "1e400", "2024-13-01"):
        with pytest.raises(BadValueError):
            microseconds(text)


def test_delimiters() -> None:
    headers = {"user,recipe": ",", "user\trecipe": "\t", "user;recipe": ";", "user|recipe": "|", "user": ","}
    assert {header: sniff_delimiter(header) for header in headers} == headers


ATOMIC = {
    "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "u\t1\t4\t100\nv\t2\t-1\t100\nv\t2\t3\t100\n",
    "x.link": "item_id:token\tentity_id:token\n1\te1\n",
    "x.kg": "head_id:token\trelation_id:token\ttail_id:token\ne1\tmade_by\te9\ne9\tmade_by\te8\n",
    "x.item": "item_id:token\tmovie_title:token_seq\tyear:float\tclass:token_seq\n1\tToy Story\t1995\tA B\n",
    "x.user": "user_id:token\tjob:token\nu\twriter\n",
}


def test_atomic(store: GraphStore, tmp_path: Path) -> None:
    for name, text in ATOMIC.items():
        write(tmp_path / name, text)
    report = import_atomic(store, tmp_path)
    assert [(e.file, e.line, e.column) for e in report.errors] == [("x.inter", 3, "rating")]
    assert report.rows == 8 and report.imported == 7
    assert store.neighbors("item", "1", "made_by") == ["e9"]
    assert store.neighbors("entity", "e9", "made_by:entity-entity") == ["e8"]
    assert sorted(store.neighbors("item", "1", "item class")) == ["A", "B"]
    assert store.neighbors("user", "u", "user job") == ["writer"]
    assert store.node("item", "1").name == "Toy Story"
    assert store.node("item", "1").properties["year"] == 1995.0
    assert [(h[0], h[2]) for h in store.history("u")] == [("1", 4.0)]


def test_atomic_refuses(store: GraphStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        import_atomic(store, tmp_path / "none")
    with pytest.raises(ImportFailedError, match="no atomic file"):
        import_atomic(store, tmp_path)
    write(tmp_path / "x.inter", "user_id\titem_id\nu\t1\n")
    with pytest.raises(ImportFailedError, match="no type"):
        import_atomic(store, tmp_path)
    write(tmp_path / "x.inter", ATOMIC["x.inter"])
    with pytest.raises(ImportFailedError, match="line 3"):
        import_atomic(store, tmp_path, strict=True)
    assert state(store)["nodes"] == {}
