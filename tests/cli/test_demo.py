"""`graphrec demo`: the whole line on the shipped data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import process


@pytest.mark.slow
def test_the_demo_ends_with_recommendations_and_something_to_go_on_with(tmp_path: Path) -> None:
    done = process("demo", "--dir", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for step in range(1, 11):
        assert f"\n{step}. " in done.stdout
    assert "test.recall@20" in done.stdout
    answers = done.stdout.partition("\n3. ")[2]
    for wanted in (5, 5, 5, 3):  # a plain list, two requests, a newcomer
        rows = [line.split("\t") for line in answers.partition("\n\n")[0].splitlines()[1:]]
        rows = [row for row in rows if len(row) > 3]
        assert len(rows) >= wanted and all(len(row) == 5 for row in rows), answers
        answers = answers.partition("\n\n")[2]
    new = done.stdout.partition("\n7. ")[2].partition("\n\n")[0]
    assert "khao-soi-with-mushrooms" in new and "fold_in" in done.stderr
    assert "not ingredient:nut" in done.stderr and "cold_user" in done.stderr
    said = [line.split("\t") for line in done.stdout.partition("\n9. ")[2].splitlines() if "\t" in line]
    intents = {row[0]: row[1] for row in said[1:]}
    assert intents["what can i use instead of butter"] == "substitute"
    assert intents["who won the match last night"] == "(out of scope)"
    talk = done.stdout.partition("\n10. ")[2].partition("\n\n")[0]
    first, last = talk.split("> thai noodles please")[1:]
    # Of five Thai dishes with noodles, the imported one among them, Pad Thai holds peanuts.
    assert "found five" in first and "found four" in last and "Pad Thai" not in last
    # What it says to go on with works.
    again = process(
        "recommend", "--model", "here/ckgat", "--store", "sqlite:///here/demo.db", "--user", "u042",
        "--must", "cuisine:thai", "--explain", cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 0 and again.stdout
    parsed = process(
        "nlu", "parse", "--model", "here/nlu", "--bundle", "here/ckgat",
        "thai soup without shrimp under half an hour", cwd=tmp_path,
    )  # fmt: skip
    assert parsed.returncode == 0 and "not ingredient" in parsed.stderr, parsed.stderr


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = process("demo", "--dir", "file/demo", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "file" in done.stderr
