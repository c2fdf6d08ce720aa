"""What a terminal is shown, and what a program reads."""

from __future__ import annotations

import pytest

from graphrec.cli import render
from graphrec.ranking import Answer, GraphQuery, NodeRef, Reason, RecommendedItem

ITEMS = [
    RecommendedItem("pad-thai", 4.0, "Pad Thai", (Reason("you cooked Drunken Noodles", (), 0.3),)),
    RecommendedItem("flan", 1.0, "Flan\t\x1b[31mred\n"),
]
QUERY = GraphQuery(
    user="u", must=((NodeRef("ingredient", "cod"), NodeRef("ingredient", "tuna")),),
    must_not=(NodeRef("ingredient", "nuts"),),
    ranges={"total_minutes": (None, 60.0), "calories": (100.0, None)},
)  # fmt: skip


def test_the_query_in_words() -> None:
    line = render.understood_line(QUERY.to_json())
    assert line == (
        "ingredient:cod or ingredient:tuna · not ingredient:nuts"
        " · total_minutes at most 60 · calories at least 100"
    )
    assert render.understood_line(GraphQuery(user="u").to_json()) == ""


def test_plain_rows_survive_any_title(capsys: pytest.CaptureFixture[str]) -> None:
    render.print_answer(Answer("u", ITEMS, QUERY, fallback="cold_user", note="kale is unknown"))
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "1\tpad-thai\t4.0000\tPad Thai\tyou cooked Drunken Noodles",
        "2\tflan\t1.0000\tFlan  [31mred ",
    ]
    assert "cold_user" in err and "kale is unknown" in err and "Understood" in err


def test_a_terminal_gets_bars_and_chips(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(render, "pretty", lambda: True)
    render.print_items(ITEMS)
    first, reason, second = capsys.readouterr().out.splitlines()
    assert "Pad Thai" in first and first.count("█") == render.BAR_CELLS
    assert "you cooked Drunken Noodles" in reason
    assert 0 < second.count("█") < render.BAR_CELLS
    assert "\x1b[31m" not in second
    render.print_table("numbers", ("what", "count"), [("rows", 12_345), ("share", 0.25)])
    table = capsys.readouterr().out
    assert "12,345" in table and "0.2500" in table


def test_one_item_and_no_item_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(render, "pretty", lambda: True)
    render.print_items([])
    assert capsys.readouterr().out == ""
    render.print_items(ITEMS[:1])
    assert capsys.readouterr().out.count("█") == render.BAR_CELLS


def test_numpy_values_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    render.emit_json({"mean": np.float32(0.5), "rows": np.arange(2)})
    assert '"mean": 0.5' in capsys.readouterr().out
