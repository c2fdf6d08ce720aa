"""What fits no intent is kept only where a caller gives a place for it, bounded, and without whose it was."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graphrec.errors import StoreError
from graphrec.nlu.handler import NovelBuffer, NovelFile, RecipeRequestHandler
from graphrec.nlu.pipeline import Pipeline
from graphrec.nlu.recommender import Recommender


def test_a_buffer_keeps_the_latest() -> None:
    buffer = NovelBuffer(3)
    for text in "abcde":
        buffer.add(text * 1_000)
    assert buffer.drain() == ["c" * 500, "d" * 500, "e" * 500] and len(buffer) == 0


def test_a_file_keeps_lines_up_to_its_limit_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "novel.jsonl"
    file = NovelFile(path, limit=40)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: file.add(f"utterance\n{n} ü"), range(60)))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 40 and all(set(row) == {"text"} for row in rows)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    NovelFile(path, limit=41).add("one more")
    NovelFile(path, limit=41).add("too many")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 41
    path.unlink()
    file.add("after it was taken away")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be kept"):
        NovelFile(tmp_path / "no" / "such.jsonl").add("x")


def test_the_handler_keeps_nothing_unless_told_to(recommender: Recommender, tmp_path: Path) -> None:
    class Failing:
        def add(self, text: str) -> None:
            raise StoreError("full")

    buffer = NovelBuffer()
    pipeline = Pipeline(None, recommender.parser)
    for novel in (None, buffer, Failing()):
        handler = RecipeRequestHandler(recommender, pipeline, novel=novel)
        for text in ("what is the capital of france", "thai soups", "without garlic"):
            answer = handler.handle({"text": text, "user": "ada"})
            assert (answer["action"] == "fallback") == (text.startswith("what"))
    assert buffer.drain() == ["what is the capital of france"]
