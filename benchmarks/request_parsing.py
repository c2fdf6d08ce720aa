"""How often a recipe request in words becomes exactly the query that a careful cook would take from it.

    python benchmarks/request_parsing.py [--half dev] [--half test] [--faults]

Two halves of hand-written requests (`tests/data/README.md`) over the demo catalogue. The development half is for
finding faults and shows them with `--faults`; the test half has other words and sentences, was never looked at, and
is read once for its totals. Beside the parser: the longest dictionary match with NegEx windows. Writes
`benchmarks/results/request_parsing.json`. Bars: 90 % exact on the development half, no exclusion missed there, 3 ms
per request.

A query is exact when it has the same requirements, exclusions, wishes and ranges as the gold and reports what the
catalogue lacks. `exact` takes the first reading alone, `accepted` every reading that the gold calls right. An
exclusion is missed when a dish that it forbids under every right reading would pass the query.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._common import print_table, read_results, write_results
from benchmarks._gold_requests import Judge, demo_catalogue, read_gold, span_counts
from benchmarks._request_baseline import Baseline
from graphrec.nlu import Lexicon, RequestParser
from graphrec.nlu.parsed import ParsedRequest

Parse = Callable[[str], ParsedRequest]
ROUNDS = 5
"""How often every request is timed; the median of each counts."""


def measure(gold: Sequence[Mapping[str, Any]], parse: Parse, judge: Judge, *, faults: bool) -> dict[str, Any]:
    """Accuracy, missed exclusions, spans, accuracy per tag and time of one way to parse."""
    exact = accepted = 0
    missed: list[str] = []
    right, asked = Counter[str](), Counter[str]()
    spans = [0, 0, 0]
    for row in gold:
        parsed = parse(row["text"])
        verdict = judge.verdict(row, parsed)
        exact += not judge.verdict({**row, "accept": []}, parsed).faults
        accepted += not verdict.faults
        asked.update(row["tags"])
        right.update(row["tags"] if not verdict.faults else ())
        missed += [row["id"]] if verdict.missed else []
        spans = [a + b for a, b in zip(spans, span_counts(row, parsed), strict=True)]
        if faults and verdict.faults:
            print(f"{row['id']} {row['text']!r}\n     {'; '.join(verdict.faults)}")
    precision, recall = spans[0] / max(spans[1], 1), spans[0] / max(spans[2], 1)
    return {
        "requests": len(gold), "exact": exact / len(gold), "accepted": accepted / len(gold),
        "missed_exclusions": len(missed), "span_precision": precision, "span_recall": recall,
        "span_f1": 2 * precision * recall / max(precision + recall, 1e-12),
        "tags": {tag: [right[tag], count] for tag, count in asked.most_common()},
        **timed([row["text"] for row in gold], parse),
    }  # fmt: skip


def timed(texts: Sequence[str], parse: Parse) -> dict[str, float]:
    """Median and 99th percentile over the requests, in milliseconds."""
    seconds = []
    for text in texts:
        runs = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            parse(text)
            runs.append(time.perf_counter() - started)
        seconds.append(statistics.median(runs))
    ordered = sorted(seconds)
    return {"p50_ms": 1e3 * ordered[len(ordered) // 2], "p99_ms": 1e3 * ordered[int(0.99 * len(ordered))]}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--half", action="append", choices=("dev", "test"), help="default: both")
    arguments.add_argument("--faults", action="store_true", help="show every fault of the development half")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalogue = demo_catalogue(Path(folder))
    lexicon = Lexicon.from_catalogue(catalogue)
    judge = Judge(catalogue, lexicon)
    ways: dict[str, Parse] = {
        "graphrec": RequestParser(lexicon, catalogue.properties.keys()).parse,
        "dictionary + NegEx": Baseline(catalogue, lexicon).parse,
    }
    results = read_results("request_parsing")
    for half in options.half or ("dev", "test"):
        gold = read_gold(half)
        results[half] = {
            name: measure(gold, parse, judge, faults=options.faults and half == "dev" and name == "graphrec")
            for name, parse in ways.items()
        }
        show(half, results[half])
    write_results("request_parsing", results)


def show(half: str, ways: Mapping[str, Mapping[str, Any]]) -> None:
    columns = ["", "exact", "accepted", "missed", "span P", "span R", "span F1", "p50 ms", "p99 ms"]
    keys = ("exact", "accepted", "missed_exclusions", "span_precision", "span_recall", "span_f1", "p50_ms", "p99_ms")
    print_table(f"requests, {half} half", columns, [[name, *(row[k] for k in keys)] for name, row in ways.items()])
    tags = ways["graphrec"]["tags"]
    print_table("by tag", ["tag", "right", "of"], [[tag, *counts] for tag, counts in list(tags.items())])


if __name__ == "__main__":
    main()
