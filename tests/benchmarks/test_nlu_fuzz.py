"""A small slice of the fuzz benchmark, and that the benchmark sees what it should."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from graphrec.errors import InvalidInputError
from tests.conftest import REPOSITORY

CASES = 250


@pytest.fixture(scope="module")
def fuzz() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPOSITORY / "benchmarks"))
        yield importlib.import_module("nlu_fuzz")


@pytest.fixture(scope="module")
def handler(fuzz: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fuzz.world(tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def findings(fuzz: Any, handler: Any) -> Any:
    return fuzz.run(handler, CASES, seed=11, limit=10.0)


def test_nothing_that_comes_in_brings_it_down(findings: Any) -> None:
    assert findings.failures == []
    assert len(findings.ms["handle"]) == len(findings.ms["read"]) == CASES
    assert findings.outcomes["handle"]["answer"] == CASES
    for target in ("read", "plan", "parse", "to_json"):
        assert findings.outcomes[target]["answer"] > 10  # it is not all refused at the door
    assert findings.outcomes["read"]["error"] > 20


def test_the_same_seed_gives_the_same_cases(fuzz: Any) -> None:
    goldens, texts = [{"text": "soup", "slots": [{"name": "x", "value": "y"}]}], ["thai soup", "no nuts"]
    first, again, other = (
        [repr(case) for case in fuzz.Fuzzer(seed, goldens, texts).cases(150)] for seed in (5, 5, 6)
    )
    assert first == again != other


@pytest.mark.parametrize(("work", "outcome", "why"), [
    (lambda: 1 / 0, "traceback", "ZeroDivisionError"), (lambda: "\ud800".encode(), "traceback", "surrogates"),
    (lambda: sum(range(20_000_000)), "answer", "took"), (lambda: (_ for _ in ()).throw(InvalidInputError("x" * 9_999)),
     "error", "9999 characters"),
])  # fmt: skip
def test_what_it_would_find(fuzz: Any, work: Any, outcome: str, why: str) -> None:
    findings = fuzz.Findings(limit=0.05)
    findings.call("target", fuzz.Case("test", "body"), work)
    assert findings.outcomes["target"][outcome] == 1
    assert why in findings.failures[0]["why"] and findings.failures[0]["body"] == "body"


def test_a_traceback_in_the_log_counts(fuzz: Any, handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(handler._wired.understanding, "understand", broken)
    findings = fuzz.run(handler, 40, seed=1, limit=10.0)
    assert any("planted" in failure["why"] for failure in findings.failures)
    assert logging.getLogger("graphrec").propagate


def test_a_trace_tells_places_and_no_folders(fuzz: Any) -> None:
    try:
        json.dumps(float("inf"), allow_nan=False)
    except ValueError as error:
        said, text = str(error), fuzz.trace(error)
    assert text.endswith(f" > ValueError: {said}")
    assert "encoder.py:" in text
    assert str(REPOSITORY) not in text
    assert json.__file__.rpartition("/")[0] not in text
