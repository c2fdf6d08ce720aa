"""Does anything that comes in bring the NLU front end down?

    python benchmarks/nlu_fuzz.py [--cases 100000] [--seed 0] [--limit 2.0] [--processes 1] [--seconds S]

Random and mutated requests and texts go to the readers of every format, to the request parser, to the adapter and to
`RecipeRequestHandler.handle`, over the shipped catalogue with a live store. Every call has to give an answer that can
be written as JSON in UTF-8, or one of graphrec's own errors with a short message, within a limit of processor time.
The handler never raises, so a traceback in its log counts as one.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import json
import logging
import resource
import signal
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from _common import REPOSITORY, print_table, write_results
from _fuzzing import Case, Fuzzer

from graphrec.bundle import VectorPart, write_bundle
from graphrec.datasets.demo import import_demo
from graphrec.errors import GraphRecError
from graphrec.nlu.formats import read, result_to_json
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.ranking.catalogue_from_snapshot import build_catalogue, build_history
from graphrec.store import GraphStore, write_snapshot

GOLDENS = REPOSITORY / "tests" / "nlu" / "formats" / "golden"
TEXTS = REPOSITORY / "tests" / "data" / "recipe_requests_dev.jsonl"
HANG = 30.0
"""Seconds on the clock after which a call is broken off."""
MAX_MESSAGE = 600
"""Characters of an error; a longer one repeats what was sent."""
MAX_EXAMPLES = 5
ALONE = 4
"""Every fourth case goes to adapter and parser by themselves; all go there through the handler."""


class Hang(BaseException):
    """A call took longer than anyone waits; not an Exception, so that nothing swallows it."""


@dataclass
class Findings:
    """What the calls did.

    Args:
        limit: seconds of processor time that a call may take; other work on the machine does not count.
    """

    limit: float
    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[dict[str, str]] = field(default_factory=list)
    slowest: dict[str, tuple[float, str]] = field(default_factory=dict)

    def call(self, target: str, case: Case, work: Callable[[], Any]) -> Any:
        """Run one call and note how it ended; None unless it gave an answer."""
        started = time.process_time()
        answer, outcome = None, "answer"
        try:
            with _alarm(HANG):
                answer = work()
        except GraphRecError as error:
            outcome = "error"
            if len(str(error)) > MAX_MESSAGE or not str(error).strip():
                self.fail(target, case, f"{type(error).__name__} with a message of {len(str(error))} characters")
        except Hang:
            outcome = "hang"
            self.fail(target, case, f"broken off after {HANG:.0f} s")
        except Exception:
            outcome = "traceback"
            self.fail(target, case, trace(sys.exception()))
        seconds = time.process_time() - started
        self.ms[target].append(1e3 * seconds)
        self.outcomes[target][outcome] += 1
        if seconds > self.slowest.get(target, (0.0, ""))[0]:
            self.slowest[target] = seconds, f"{case.kind}: {_shown(case)}"
        if seconds > self.limit:
            self.fail(target, case, f"took {seconds:.2f} s")
        return answer

    def join(self, other: Findings) -> None:
        """Add what another process found."""
        for target, times in other.ms.items():
            self.ms[target] += times
            self.outcomes[target].update(other.outcomes[target])
            self.slowest[target] = max(other.slowest[target], self.slowest.get(target, (0.0, "")))
        self.failures += other.failures

    def fail(self, target: str, case: Case, why: str) -> None:
        """Note a failure with its input."""
        self.outcomes[target]["failed"] += 1
        if len(self.failures) < 1_000:
            self.failures.append({"target": target, "kind": case.kind, "why": why, "body": _shown(case)})


def trace(error: BaseException | None) -> str:
    """Where an error rose, innermost last, and what it says; without folders, which differ by machine."""
    if error is None:
        return "an error without an exception"
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    return " > ".join([*places, f"{type(error).__name__}: {error}"])


class LogWatch(logging.Handler):
    """Keeps the tracebacks that the handler writes to its log instead of raising."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.seen.append(trace(record.exc_info[1]))


def world(folder: Path) -> RecipeRequestHandler:
    """A handler over the shipped catalogue, random vectors and a store of its own, all made in a folder."""
    url = f"sqlite:///{folder / 'demo.db'}"
    with GraphStore.open(url) as store:
        list(import_demo(store))
        snapshot = write_snapshot(store, folder / "snapshots")
    rng = np.random.default_rng(0)
    catalogue, history = build_catalogue(snapshot), build_history(snapshot)
    part = VectorPart(
        rng.normal(size=(catalogue.num_users, 8)).astype(np.float32),
        rng.normal(size=(catalogue.num_items, 8)).astype(np.float32),
    )
    bundle = write_bundle(
        folder / "bundle", manifest={"model": "fuzz", "snapshot": snapshot.name, "seed": 0}, parts=[part],
        catalogue=catalogue, history=history, card="# Fuzz\n",
    )  # fmt: skip
    return RecipeRequestHandler.load(bundle, store=url)


def alone(count: int, seed: int, limit: float, seconds: float | None) -> Findings:
    """What one process does: a world of its own, then its share of the cases."""
    with tempfile.TemporaryDirectory() as folder:
        return run(world(Path(folder)), count, seed, limit, seconds)


def shared(count: int, seed: int, limit: float, seconds: float | None, processes: int) -> Findings:
    """The cases spread over processes, each with a seed of its own."""
    shares = [count // processes + (number < count % processes) for number in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        parts = [
            pool.submit(alone, share, seed + number, limit, seconds) for number, share in enumerate(shares)
        ]
        findings = Findings(limit)
        for part in parts:
            findings.join(part.result())
    return findings


def run(
    handler: RecipeRequestHandler, count: int, seed: int, limit: float, seconds: float | None = None
) -> Findings:
    """So many cases against every target, or as many as fit into so many seconds."""
    until = None if seconds is None else time.monotonic() + seconds
    goldens = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDENS.glob("*.json"))]
    texts = [json.loads(line)["text"] for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    fuzzer, findings, log = Fuzzer(seed, goldens, texts), Findings(limit), LogWatch()
    logger = logging.getLogger("graphrec")
    logger.addHandler(log)
    was, logger.propagate = logger.propagate, False
    try:
        for number, case in enumerate(fuzzer.cases(count)):
            if until is not None and time.monotonic() > until:
                break
            _try(handler, case, findings, parts=number % ALONE == 0)
            response = findings.call("handle", case, lambda body=case.body: _written(handler.handle(body)))
            for seen in log.seen:
                findings.fail("handle", case, seen)
            log.seen.clear()
            if isinstance(response, Mapping) and isinstance(response.get("session"), Mapping):
                fuzzer.state = response["session"]
    finally:
        logger.removeHandler(log)
        logger.propagate = was
    return findings


def _try(handler: RecipeRequestHandler, case: Case, findings: Findings, *, parts: bool) -> None:
    """The parts on their own: the reader always, adapter and parser, which the handler calls too, where asked."""
    result = findings.call("read", case, lambda: read(case.body))
    if not parts:
        return
    if result is not None:
        findings.call("to_json", case, lambda: _written(result_to_json(result)))
        findings.call("plan", case, lambda: _written(handler.adapter.plan(result).query.to_json()))
    text = case.body.get("text") if isinstance(case.body, Mapping) else case.body
    if isinstance(text, str):
        parser = handler.recommender.parser
        findings.call("parse", case, lambda: parser.parse(text).query().to_json())


def _written(data: Any) -> Any:
    """The same, having been JSON in UTF-8."""
    json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
    return data


def _shown(case: Case) -> str:
    body = case.body
    text = body.decode("latin-1") if isinstance(body, bytes) else body if isinstance(body, str) else ascii(body)
    return ascii(text[:400])[1:-1] + (f" ... {len(text):,} characters" if len(text) > 400 else "")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def report(findings: Findings, seconds: float) -> dict[str, Any]:
    """Print the figures and give them as JSON."""
    rows = []
    targets: dict[str, Any] = {}
    for target, times in findings.ms.items():
        outcomes = findings.outcomes[target]
        cuts = statistics.quantiles(times, n=1000) if len(times) > 1 else times * 999
        slowest, body = findings.slowest[target]
        targets[target] = {
            "calls": len(times), **outcomes, "failed": outcomes["failed"], "p50_ms": round(cuts[499], 3),
            "p99_ms": round(cuts[989], 3), "p999_ms": round(cuts[998], 3), "slowest_ms": round(1e3 * slowest, 1),
            "slowest_input": body,
        }  # fmt: skip
        columns = ("calls", "answer", "error", "failed", "p50_ms", "p99_ms", "p999_ms", "slowest_ms")
        rows.append([target, *(targets[target].get(column, 0) for column in columns)])
    print_table("Fuzz", ["target", *columns], rows)
    for failure in findings.failures[:MAX_EXAMPLES]:
        print(f"\n{failure['target']} ({failure['kind']}): {failure['body']}\n{failure['why']}")
    return {
        "seconds": round(seconds, 1), "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "failed": sum(outcomes["failed"] for outcomes in findings.outcomes.values()), "targets": targets,
        "failures": findings.failures[:MAX_EXAMPLES],
    }  # fmt: skip


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cases", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--limit", type=float, default=2.0, help="seconds that a call may take")
    arguments.add_argument("--processes", type=int, default=1)
    arguments.add_argument("--seconds", type=float, help="stop after so long, however many cases are done")
    arguments.add_argument("--dry", action="store_true", help="write no results")
    options = arguments.parse_args()
    started = time.perf_counter()
    findings = shared(options.cases, options.seed, options.limit, options.seconds, options.processes)
    payload = report(findings, time.perf_counter() - started)
    settings = {name: getattr(options, name) for name in ("seed", "limit", "processes")}
    if not options.dry:
        write_results("nlu_fuzz", {"cases": payload["targets"]["handle"]["calls"], **settings, **payload})
    return 1 if payload["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
