"""Every form of utterance file, whole and broken."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.nlu.intents import Utterance, read_intents
from tests.conftest import require_data

TOML = """
out_of_scope = "other.txt"

[values]
food = ["soup", "rice"]

[domains.kitchen]
cook = ["make {food}", "what's for dinner"]

[domains.clock]
timer = ["set a timer"]
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def toml(folder: Path, text: str = TOML, other: str = "# a comment\nhow tall is it\n\nhow tall is it\n") -> Path:
    write(folder, "other.txt", other)
    return write(folder, "intents.toml", text)


def test_toml_fills_templates_and_reads_what_is_out_of_scope(tmp_path):
    data = read_intents(toml(tmp_path))
    found = {(u.text, u.intent, u.domain, u.group) for u in data.train}
    assert found == {
        ("make soup", "cook", "kitchen", "make {food}"),
        ("make rice", "cook", "kitchen", "make {food}"),
        ("what's for dinner", "cook", "kitchen", None),
        ("set a timer", "timer", "clock", None),
    }
    assert data.proxies == ("how tall is it",)
    assert data.domains() == {"cook": "kitchen", "timer": "clock"}


def test_given_values_take_the_place_of_those_in_the_file(tmp_path):
    data = read_intents(toml(tmp_path), {"food": ["stew"]})
    assert [u.text for u in data.train if u.group] == ["make stew"]


def test_an_edit_elsewhere_leaves_the_other_fillings_alone(tmp_path):
    values = 'food = ["soup", "rice", "a", "b", "c", "d", "e", "f"]'
    text = TOML.replace('food = ["soup", "rice"]', values)
    before = read_intents(toml(tmp_path / "one", text)).train
    after = read_intents(toml(tmp_path / "two", text.replace("what's for", "so what's for"))).train
    assert [u for u in before if u.group] == [u for u in after if u.group]


def test_two_slots_of_one_name_take_two_words(tmp_path):
    data = read_intents(toml(tmp_path, TOML.replace("make {food}", "{food} and {food}")))
    assert {u.text for u in data.train if u.group} == {"soup and rice", "rice and soup"}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("[values]", "[values", 4, "TOML"),
        ('food = ["soup", "rice"]', 'food = ["soup", 3]', 5, "no text"),
        ('"make {food}"', '"make {drink}"', 8, "no values for the slot {drink}"),
        ('"set a timer"', '"What\'s  for dinner"', 11, "stands under 'cook' and 'timer'"),
        ('["set a timer"]', "[]", 11, "not empty"),
        ("[domains.clock]", "[domains.clock]\ncook = ['cook it']", 10, "stands in 'kitchen' too"),
        ("[values]", "[value]", 4, "unknown key"),
    ],
)
def test_broken_toml_names_file_and_line(tmp_path, old, new, line, message):
    path = toml(tmp_path, TOML.replace(old, new))
    with pytest.raises(InvalidInputError) as caught:
        read_intents(path)
    text = str(caught.value)
    assert "intents.toml" in text and message in text
    assert f"line {line}" in text


def test_out_of_scope_files_are_checked(tmp_path):
    with pytest.raises(InvalidInputError, match=r"other\.txt, line 2: .*utterance of 'timer'"):
        read_intents(toml(tmp_path, other="fine\nSet a  timer\n"))
    (tmp_path / "other.txt").unlink()
    with pytest.raises(NotFoundError, match=r"other\.txt"):
        read_intents(tmp_path / "intents.toml")


def test_json_lines(tmp_path):
    rows = [{"text": "hi", "intent": "greet"}, {"text": "1 + 1", "intent": "sum", "domain": "math"},
            {"text": "mars", "intent": "oos"}]  # fmt: skip
    path = write(tmp_path, "a.jsonl.gz", "\n".join(map(json.dumps, rows)) + "\n\n")
    data = read_intents(path)
    assert data.train == (Utterance("hi", "greet"), Utterance("1 + 1", "sum", "math"))
    assert data.proxies == ("mars",)


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "a"}', '{"text": " ", "intent": "a"}',
                                  '{"text": "a", "intent": "b", "domain": 3}'])  # fmt: skip
def test_a_broken_json_line_is_named(tmp_path, line):
    path = write(tmp_path, "a.jsonl", '{"text": "a", "intent": "b"}\n' + line)
    with pytest.raises(InvalidInputError, match=r"a\.jsonl, line 2"):
        read_intents(path)


def test_clinc(tmp_path):
    splits = {"train": [["a", "x"], ["b", "y"]], "val": [["c", "x"]], "test": [["d", "y"]],
              "oos_train": [["e", "oos"]], "oos_val": [["f", "oos"]], "oos_test": [["g", "oos"]]}  # fmt: skip
    data = read_intents(write(tmp_path, "full.json", json.dumps(splits)))
    assert data.train == (Utterance("a", "x"), Utterance("b", "y"))
    assert (data.validation, data.test) == ((Utterance("c", "x"),), (Utterance("d", "y"),))
    assert (data.proxies, data.outside, data.test_outside) == (("e",), ("f",), ("g",))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"train": 3}', '{"train": [["a"]]}', '{"train": [["a", 1]]}'])
def test_broken_clinc_is_named(tmp_path, text):
    with pytest.raises(InvalidInputError, match=r"full\.json"):
        read_intents(write(tmp_path, "full.json", text))


def test_tables_in_a_folder_and_alone(tmp_path):
    write(tmp_path, "train.tsv.gz", 'text\tlabel\nplay it\tmusic\n"say ""hi"""\tgreet\n')
    write(tmp_path, "dev.tsv", "text\tlabel\nhey\tgreet\nmars\toos\n")
    test = write(tmp_path, "test.tsv", "text\tlabel\nbye\tgreet\n")
    data = read_intents(tmp_path)
    assert data.train == (Utterance("play it", "music"), Utterance('say "hi"', "greet"))
    assert (data.validation, data.outside) == ((Utterance("hey", "greet"),), ("mars",))
    assert data.test == read_intents(test).train


@pytest.mark.parametrize(
    ("text", "line"), [("a\tb\n", 1), ("", 1), ("text\tlabel\nx\n", 2), ("text\tlabel\nx\ty\n\t\n", 3)]
)
def test_a_broken_table_row_is_named(tmp_path, text, line):
    with pytest.raises(InvalidInputError, match=rf"a\.tsv, line {line}"):
        read_intents(write(tmp_path, "a.tsv", text))


def test_folders_of_lines(tmp_path):
    for split, text in {"train": "wake me\nhello", "valid": "hi", "test": "yo"}.items():
        write(tmp_path, f"{split}/seq.in" + (".gz" if split == "train" else ""), text + "\n")
        write(tmp_path, f"{split}/label", ("alarm\n" if split == "train" else "") + "greet\n")
    data = read_intents(tmp_path)
    assert data.train == (Utterance("wake me", "alarm"), Utterance("hello", "greet"))
    assert [u.text for u in (*data.validation, *data.test)] == ["hi", "yo"]
    assert read_intents(tmp_path / "valid").train == data.validation
    write(tmp_path, "train/label", "alarm\n")
    with pytest.raises(InvalidInputError, match="2 lines, but"):
        read_intents(tmp_path)


def test_what_is_no_file_of_utterances_is_said(tmp_path):
    for path, message in ((tmp_path / "no.toml", "no file"), (tmp_path, "holds no utterances")):
        with pytest.raises(NotFoundError, match=message):
            read_intents(path)
    with pytest.raises(InvalidInputError, match="they come as"):
        read_intents(write(tmp_path, "a.csv", ""))
    (tmp_path / "b.jsonl").write_bytes(b'{"text": "\xff"}')
    with pytest.raises(InvalidInputError, match=r"b\.jsonl"):
        read_intents(tmp_path / "b.jsonl")
    (tmp_path / "c.tsv.gz").write_bytes(b"no gzip")
    with pytest.raises(InvalidInputError, match=r"c\.tsv\.gz"):
        read_intents(tmp_path / "c.tsv.gz")


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("clinc/data_full.json.gz", (15_000, 100, 3_000, 100, 4_500, 1_000, 150)),
        ("HWU64", (8_954, 0, 1_076, 0, 1_076, 0, 64)),
        ("SNIPS", (13_084, 0, 700, 0, 700, 0, 7)),
        ("textoir/oos", (15_000, 0, 3_000, 0, 4_500, 1_200, 150)),
    ],
)
def test_public_data_are_read_whole(name, sizes):
    data = read_intents(require_data(f"nlu/{name}"))
    parts = (data.train, data.proxies, data.validation, data.outside, data.test, data.test_outside, data.intents)
    assert tuple(map(len, parts)) == sizes
