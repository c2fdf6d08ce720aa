"""The program as a process: what it loads, how long it takes, broken pipes, interrupts, surprises."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphrec.cli import boundary
from tests.cli.conftest import Kitchen, process

LIMIT = 0.7
"""Seconds that one `graphrec recommend` may take on an idle machine."""
LOAD_FACTOR = 4.0
"""The suite may share two cores with other work: the wall may show this much more."""
LIBRARIES = "import numpy, sqlalchemy, typer, pydantic"
IMPORT_FACTOR = 2.6
"""On a slow machine, or one whose two hyperthreads are busy, an answer may take this many times the imports."""
HEAVY = {"torch", "sklearn", "pandas", "networkx", "torch_geometric", "dgl", "pyarrow", "rich"}


def test_recommend_loads_no_torch(kitchen: Kitchen) -> None:
    words = ["recommend", "--model", str(kitchen.bundle), "--store", kitchen.url, "--user", "u0"]
    words += ["--request", "chicken without nuts", "--explain", "--json"]
    code = (
        "import sys, json\nfrom graphrec.cli.main import execute\n"
        f"status = execute({words!r})\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["user"] == "u0"
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & HEAVY
    assert "numpy" in loaded


def test_importing_graphrec_is_light() -> None:
    code = "import sys, graphrec; print(sorted({n.partition('.')[0] for n in sys.modules}))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    for name in ("numpy", "scipy", "sqlalchemy", "torch"):
        assert f"'{name}'" not in done.stdout


@pytest.mark.parametrize("with_store", [False, True])
def test_one_answer_takes_well_under_a_second(kitchen: Kitchen, with_store: bool) -> None:
    words = ["recommend", "--model", kitchen.bundle, "--user", "u0", "--request", "chicken without nuts"]
    words += ["--store", kitchen.url] if with_store else []
    wall, processor, imports = [], [], []
    for _ in range(5):
        started = time.perf_counter()
        processor.append(_processor_time([sys.executable, "-m", "graphrec", *map(str, words)]))
        wall.append(time.perf_counter() - started)
        imports.append(_processor_time([sys.executable, "-c", LIBRARIES]))
    limit = max(LIMIT, IMPORT_FACTOR * min(imports))
    assert min(processor) < limit, (processor, imports)
    assert min(wall) < limit * LOAD_FACTOR, wall


def _processor_time(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_data_and_messages_do_not_mix(kitchen: Kitchen) -> None:
    done = process("recommend", "--model", kitchen.bundle, "--user", "stranger", "--json")
    assert done.returncode == 0
    json.loads(done.stdout)
    failed = process("recommend", "--model", "nowhere", "--user", "u0")
    assert failed.returncode == 2 and failed.stdout == ""
    assert len(failed.stderr.strip().splitlines()) == 1


def test_a_reader_that_goes_away_is_no_error(kitchen: Kitchen, tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text('{"user": "u0"}\n' * 3000, encoding="utf-8")
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-m", "graphrec", "recommend", "--model", kitchen.bundle, "--batch", requests],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert child.stdout is not None and child.stderr is not None
    assert child.stdout.readline()
    child.stdout.close()
    errors = child.stderr.read().decode()
    assert child.wait(timeout=60) == 0, errors
    assert errors == ""


def test_an_interrupt_is_one_line(kitchen: Kitchen) -> None:
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-m", "graphrec", "recommend", "--model", str(kitchen.bundle), "--batch", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"},
        # A suite in the background of a script inherits ignored interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write('{"user": "u0"}\n')
    child.stdin.flush()
    assert child.stdout.readline()  # the model is loaded, the program waits for the next request
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 2
    assert errors.strip().startswith("graphrec: Interrupted") and "Traceback" not in errors


def test_a_surprise_is_one_line_unless_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def surprise() -> None:
        raise ZeroDivisionError("some\nthing")

    monkeypatch.delenv("GRAPHREC_DEBUG", raising=False)
    assert boundary.guarded(surprise) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "ZeroDivisionError: some thing" in line and "GRAPHREC_DEBUG" in line
    monkeypatch.setenv("GRAPHREC_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        boundary.guarded(surprise)


def test_a_missing_extra_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def needs_torch() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch.nn")

    assert boundary.guarded(needs_torch) == 2
    assert "graphrec[train]" in capsys.readouterr().err


def test_a_full_disk_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device", "answers.jsonl")

    assert boundary.guarded(full) == 2
    assert capsys.readouterr().err == "graphrec: answers.jsonl: No space left on device.\n"
