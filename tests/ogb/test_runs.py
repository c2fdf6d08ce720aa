"""Rows over seeds: kept one by one, continued after a kill, summed up as the leaderboards ask."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.ogb.protocol import Plan, RunSpec, SeedScore
from graphrec.ogb.report import markdown, spread
from graphrec.ogb.runs import run_seeds
from graphrec.training.run_log import Log, RunLog

SPEC = RunSpec("ogbn-arxiv", "gcn")


class Trainer:
    """Scores made up from the seed; dies where it is told to."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.dies_at = dies_at
        self.ran: list[int] = []

    def __call__(self, seed: int, log: Log) -> SeedScore:
        if seed == self.dies_at:
            raise KeyboardInterrupt
        self.ran.append(seed)
        log({"epoch": 1, "valid": 0.5})
        return SeedScore(0.7 + 0.01 * seed, 0.6 + 0.02 * seed, 4, 1234, {"isolation student": 0.1 * seed})


def plan(trainer: Trainer, **settings: Any) -> Plan:
    return Plan("acc", {"lr": 0.01, **settings}, {"nodes": 5}, "full", "cpu", 1, trainer, ("a note",))


def quiet(seed: int) -> RunLog:
    return RunLog(None, epochs=1, title="run", progress=False)


def test_a_killed_run_goes_on_with_the_missing_seeds(tmp_path: Path) -> None:
    out, broken = tmp_path / "run", Trainer(dies_at=2)
    with pytest.raises(KeyboardInterrupt):
        run_seeds(SPEC, plan(broken), range(4), out, quiet)
    kept = json.loads((out / "result.json").read_text())
    assert broken.ran == [0, 1] and kept["seeds"] == [0, 1]
    again = Trainer()
    found = run_seeds(SPEC, plan(again), range(4), out, quiet)
    assert again.ran == [2, 3] and found["seeds"] == [0, 1, 2, 3]
    whole = run_seeds(SPEC, plan(Trainer()), range(4), None, quiet)
    assert found["test"] == whole["test"] and found["beside"] == whole["beside"]
    assert json.loads((out / "result.json").read_text())["test"] == whole["test"]
    assert (out / "README.md").read_text() == markdown(found)


def test_rows_of_another_run_are_never_mixed_in(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run_seeds(SPEC, plan(Trainer()), [0], out, quiet)
    with pytest.raises(InvalidInputError, match=r"settings\.lr 0\.01, and this one has 0\.1"):
        run_seeds(SPEC, plan(Trainer(), lr=0.1), [0], out, quiet)
    with pytest.raises(InvalidInputError, match="features"):
        run_seeds(replace(SPEC, features="giant"), plan(Trainer()), [0], out, quiet)
    with pytest.raises(InvalidInputError, match="at least one seed"):
        run_seeds(SPEC, plan(Trainer()), [], out, quiet)


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run_seeds(SPEC, plan(Trainer()), [0], out, quiet)
    (out / "seeds" / "0.json").write_text('{"seed": 0')
    with pytest.raises(CorruptionError, match=r"0\.json cannot be read"):
        run_seeds(SPEC, plan(Trainer()), [0], out, quiet)


def test_the_summary_is_what_a_leaderboard_asks_for() -> None:
    found = run_seeds(SPEC, plan(Trainer()), range(3), None, quiet)
    tests = [row["test"] for row in found["rows"]]
    assert found["test"] == {"mean": pytest.approx(0.62), "sd": pytest.approx(statistics.stdev(tests))}
    assert found["validation"]["mean"] == pytest.approx(0.71)
    assert found["beside"]["isolation student"]["mean"] == pytest.approx(0.1)
    assert found["parameters"] == 1234 and "cores" in found["hardware"]
    assert {"python", "torch", "ogb"} <= set(found["versions"])
    text = markdown(found)
    assert "| gcn | ogb | 0.6200 ± 0.0200 | 0.7100 ± 0.0100 | 1,234 |" in text
    assert "| 2 | 0.6400 | 0.7200 | 4 |" in text and "- a note" in text


def test_the_spread_is_the_sample_deviation_and_absent_for_one_seed() -> None:
    assert spread([1.0, 2.0, 4.0]) == {
        "mean": pytest.approx(7 / 3),
        "sd": pytest.approx((((4 / 3) ** 2 + (1 / 3) ** 2 + (5 / 3) ** 2) / 2) ** 0.5),
    }
    assert spread([0.5]) == {"mean": 0.5, "sd": None}


def test_every_epoch_reaches_the_log() -> None:
    seen: list[Mapping[str, Any]] = []

    class Kept(RunLog):
        def __call__(self, record: Mapping[str, Any]) -> None:
            seen.append(record)

    run_seeds(
        SPEC, plan(Trainer()), [0, 1], None, lambda seed: Kept(None, epochs=1, title="", progress=False)
    )
    assert [record["epoch"] for record in seen] == [1, 1]
