from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store import GraphStore
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from graphrec.text.ogb_texts import ogb_texts, read_mapping
from graphrec.text.sources import LineTexts, ListTexts, NodeTexts, RecordTexts, TextSource
from graphrec.text.text_table import TextTable, write_text_table

# Everything that some reader takes for the end of a line, and letters of every width.
NASTY = st.text(st.sampled_from("ab,\"'\n\r\t\v\f\x1c\x85\u2028\u2029é漢😀 "), max_size=12)


def table(source: TextSource, folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return list(write_text_table(source, folder))


def packed(path: Path, text: str) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


@settings(max_examples=60, deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=8).filter(lambda texts: any(text.strip() for text in texts)))
def test_no_newline_in_a_text_shifts_another(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("nasty")
    wanted = [text.strip() for text in texts]
    assert table(ListTexts(texts), folder) == wanted
    lines = "".join(json.dumps({"t": text}) + "\n" for text in texts)
    (folder / "t.jsonl").write_text(lines, encoding="utf-8")
    assert table(RecordTexts([folder / "t.jsonl"], ["t"], len(texts)), folder) == wanted
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "t"], *([f"n{row}", text] for row, text in enumerate(texts))])
    nodes = {f"n{row}": row for row in range(len(texts))}
    by_id = RecordTexts([folder / "t.csv"], ["t"], len(texts), key="id", nodes=nodes, header=True)
    # The csv module itself reads a lone carriage return as a line feed.
    flat = [text.replace("\r\n", "\n").replace("\r", "\n").strip() for text in texts]
    found = [text.replace("\r\n", "\n").replace("\r", "\n") for text in table(by_id, folder)]
    assert found == flat


def test_lines_must_be_as_many_as_nodes(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("one\u2028still one\n\nthree\r\n", encoding="utf-8")
    assert table(LineTexts(path, 3), tmp_path) == ["one\u2028still one", "", "three"]
    for count in (2, 4):
        with pytest.raises(InvalidInputError, match=f"texts for {count} nodes"):
            table(LineTexts(path, count), tmp_path)


def test_the_hash_is_of_texts_in_the_order_of_the_nodes(tmp_path: Path) -> None:
    class Shuffled(ListTexts):
        def rows(self):  # type: ignore[no-untyped-def]
            return iter([(2, "c"), (0, "a"), (1, "b")])

    hashes = []
    for name, source in (
        ("a", ListTexts(["a", "b", "c"])),
        ("b", Shuffled(["a"] * 3)),
        ("c", ListTexts("acb")),
    ):
        (tmp_path / name).mkdir()
        hashes.append(write_text_table(source, tmp_path / name).hash)
    assert list(TextTable(tmp_path / "b")) == ["a", "b", "c"]
    assert hashes[0] == hashes[1] != hashes[2]


def test_missing_texts_are_empty_and_known(tmp_path: Path) -> None:
    found = write_text_table(ListTexts(["a", " \n", "c"]), tmp_path)
    assert found.empty.tolist() == [False, True, False]
    assert found[1] == "" and found[1:] == ["", "c"]
    with pytest.raises(InvalidInputError, match="none of the 2 nodes has a text"):
        write_text_table(ListTexts(["", " "]), tmp_path)


def test_a_node_comes_once_and_exists(tmp_path: Path) -> None:
    class Pairs(ListTexts):
        def __init__(self, pairs: list[tuple[int, str]]) -> None:
            self.pairs = pairs

        def __len__(self) -> int:
            return 2

        def rows(self):  # type: ignore[no-untyped-def]
            return iter(self.pairs)

    with pytest.raises(InvalidInputError, match="node 0 comes twice"):
        write_text_table(Pairs([(0, "a"), (0, "b")]), tmp_path)
    with pytest.raises(InvalidInputError, match=r"node 2 lies outside 0\.\.1"):
        write_text_table(Pairs([(2, "a")]), tmp_path)


def arxiv(folder: Path) -> Path:
    (folder / "mapping").mkdir(parents=True)
    packed(folder / "mapping" / "nodeidx2paperid.csv.gz", "node idx,paper id\n0,77\n1,55\n2,66\n")
    return folder


def test_arxiv_titles_come_in_the_order_of_the_nodes(tmp_path: Path) -> None:
    # A tar header before the first record, a quotation mark, an abstract split by a newline, a stranger.
    rows = '...ustar\x00\x0055\tfive\tabs "5\n99\tno node\tx\n77\tseven\tabs 7\nrest of it\n'
    source = ogb_texts([packed(tmp_path / "titleabs.tsv.gz", rows)], 3, arxiv(tmp_path / "ogbn_arxiv"))
    assert table(source, tmp_path / "out") == ["seven\nabs 7", 'five\nabs "5', ""]


def test_products_are_read_from_both_files_by_their_asin(tmp_path: Path) -> None:
    data = tmp_path / "ogbn_products"
    (data / "mapping").mkdir(parents=True)
    packed(data / "mapping" / "nodeidx2asin.csv.gz", "node idx,asin\n1,A1\n0,B0\n2,C2\n")
    lines = [{"uid": "A1", "title": "", "content": ""}, {"uid": "A1", "title": "pan", "content": "iron\npan"}]
    trn = packed(tmp_path / "trn.json.gz", "".join(json.dumps(line) + "\n" for line in lines))
    tst = packed(tmp_path / "tst.json.gz", json.dumps({"uid": "B0", "title": ["a", "b"], "content": None}))
    assert table(ogb_texts([trn, tst], 3, data), tmp_path / "out") == ["a\nb", "pan\niron\npan", ""]


def test_a_mapping_of_another_graph_is_refused(tmp_path: Path) -> None:
    mapping = arxiv(tmp_path / "d") / "mapping" / "nodeidx2paperid.csv.gz"
    assert read_mapping(mapping, 3) == {"77": 0, "55": 1, "66": 2}
    with pytest.raises(InvalidInputError, match="another graph"):
        read_mapping(mapping, 4)
    with pytest.raises(NotFoundError, match="mapping/"):
        ogb_texts([packed(tmp_path / "t.tsv.gz", "")], 3, tmp_path)


def test_broken_files_are_named(tmp_path: Path) -> None:
    whole = packed(tmp_path / "whole.jsonl.gz", '{"t": "' + "long " * 999 + '"}\n').read_bytes()
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInputError, match=r"cut\.jsonl\.gz cannot be read to its end"):
        table(RecordTexts([tmp_path / "cut.jsonl.gz"], ["t"], 1), tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"t": 1}\n[]\n', encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"bad\.jsonl, line 2"):
        table(RecordTexts([tmp_path / "bad.jsonl"], ["t"], 2), tmp_path)
    (tmp_path / "short.tsv").write_text("a\tb\nc\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"short\.tsv, line 2"):
        table(RecordTexts([tmp_path / "short.tsv"], [1], 2), tmp_path)
    with pytest.raises(NotFoundError, match=r"none\.txt"):
        LineTexts(tmp_path / "none.txt", 1)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> GraphSnapshot:
    folder = tmp_path_factory.mktemp("store")
    rows = [
        {"identifier": "a", "name": "Soup", "recipeIngredient": ["1 leek", "2 eggs"], "keywords": ["warm"]},
        {"identifier": "b"},
        {"identifier": "c", "name": "Rice", "recipeInstructions": ["Boil.", "Eat."]},
    ]
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    from graphrec.store.importers import import_recipes

    with GraphStore.open(f"sqlite:///{folder / 's.db'}") as store:
        import_recipes(store, folder / "r.jsonl")
        return write_snapshot(store, folder / "snapshots")


def test_nodes_say_their_name_their_raw_lines_and_what_they_are_tied_to(
    snapshot: GraphSnapshot, tmp_path: Path
) -> None:
    source = NodeTexts(snapshot, "recipe", ["name", "ingredients", "instructions", "tagged"])
    assert list(snapshot.ids("recipe")) == ["a", "b", "c"]
    assert table(source, tmp_path) == ["Soup\n1 leek\n2 eggs\nwarm", "", "Rice\nBoil.\nEat."]
    assert source.signature != NodeTexts(snapshot, "recipe", ["name"]).signature


def test_an_unknown_field_is_answered_with_the_known_ones(snapshot: GraphSnapshot) -> None:
    with pytest.raises(NotFoundError, match=r"no text 'nom'; it has name, .*ingredients.*tagged"):
        NodeTexts(snapshot, "recipe", ["nom"])
