"""How quick the front end is: words to a query, a whole handled request, and 10,000 requests on four threads.

    python benchmarks/nlu_latency.py [--model DIR ...] [--nlu DIR] [--requests 10000] [--threads 4]

Every text is seen once while it is timed, after a warm-up on other texts; nothing caches texts. Without `--model` a
bundle of the demo's catalogue is trained in a temporary folder (`--model ease`), without `--nlu` an intent model on the
installed sentence encoder. One core: the thread variables are set before NumPy loads. Other programs on the machine
make wall times longer, so processor time stands beside them.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _common import REPOSITORY, print_table, write_results

from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.ranking.query import GraphQuery

GOALS = {"query_p50_ms": 12, "query_p99_ms": 40, "handled_p99_ms": 80, "errors": 0}
WARM_UP = 100
CONVERSATIONS = REPOSITORY / "tests" / "data" / "conversations.jsonl"
REQUESTS = sorted((REPOSITORY / "tests" / "data").glob("recipe_requests*.jsonl"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", type=Path, nargs="*", default=[], help="trained bundles")
    arguments.add_argument("--nlu", type=Path, help="a trained intent model")
    arguments.add_argument("--requests", type=int, default=10_000, help="handled by the threads together")
    arguments.add_argument("--threads", type=int, default=4)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = options.model or [train_demo(Path(folder))]
        nlu = options.nlu or train_nlu(models[0], Path(folder) / "nlu")
        results: dict[str, Any] = {"goals": GOALS, "intents": describe_nlu(nlu), "catalogues": {}}
        for model in models:
            found = measure(model, nlu, options.requests, options.threads)
            results["catalogues"][model.name] = found
            report(model.name, found)
    results["load_average"] = os.getloadavg()[0]
    write_results("nlu_latency", results)


def train_demo(folder: Path) -> Path:
    """A bundle of the shipped catalogue."""
    from graphrec.datasets.demo import import_demo
    from graphrec.store import GraphStore
    from graphrec.training import train_from_store

    with GraphStore.open(f"sqlite:///{folder / 'demo.db'}") as store:
        list(import_demo(store))
        train_from_store(
            store, model="ease", out=folder / "demo", config=None, overrides=(), seed=0, device="cpu", progress=False
        )
    return folder / "demo"


def train_nlu(bundle: Path, out: Path) -> Path:
    """The shipped intents on the installed encoder, their templates filled from a catalogue."""
    from graphrec.cli.nlu import train_model

    train_model(REPOSITORY / "data" / "nlu" / "recipes.toml", bundle=bundle).save(out)
    return out


def describe_nlu(path: Path) -> dict[str, Any]:
    """What the intent model runs on."""
    from graphrec.nlu.intents import IntentModel

    model = IntentModel.load(path)
    return {"encoder": model.encoder.name, "dim": model.encoder.dim, "intents": len(model.intents)}


def texts() -> list[str]:
    """Distinct requests: those with gold queries, and what is said in the scripted conversations."""
    rows = [json.loads(line) for path in REQUESTS for line in path.read_text(encoding="utf-8").splitlines()]
    said = [turn["say"] for conversation in conversations() for turn in conversation["turns"]]
    found = list(dict.fromkeys([*(row["text"] for row in rows), *said]))
    np.random.default_rng(0).shuffle(found)
    return found


def conversations() -> list[dict[str, Any]]:
    """The scripted conversations."""
    return [json.loads(line) for line in CONVERSATIONS.read_text(encoding="utf-8").splitlines()]


def measure(model: Path, nlu: Path, requests: int, threads: int) -> dict[str, Any]:
    """Everything for one catalogue."""
    started = time.perf_counter()
    handler = RecipeRequestHandler.load(model, nlu, sessions=None)
    loaded = time.perf_counter() - started
    said = texts()
    warm, timed = said[:WARM_UP], said[WARM_UP:]
    users = list(handler.recommender.catalogue.user_ids)[:200]
    found: dict[str, Any] = {
        "items": handler.recommender.catalogue.num_items, "texts": len(timed), "load_s": loaded,
        "words_to_query": latency(lambda text: to_query(handler, text), warm, timed),
    }  # fmt: skip
    asks = [{"text": text, "user": users[n % len(users)]} for n, text in enumerate(timed)]
    found["handled"] = latency(handler.handle, [{"text": text} for text in warm], asks)
    found["stages_p50_ms"] = stages(handler, asks[:200])
    found["soak"] = soak(handler, users, requests, threads)
    return found


def to_query(handler: RecipeRequestHandler, text: str) -> GraphQuery:
    """An utterance to its query, as the handler does it for a first turn."""
    result = handler.pipeline.understand(text, user="u1")
    return handler.adapter.plan(result, GraphQuery(user="u1")).query


def latency(action: Callable[[Any], object], warm: Sequence[Any], asks: Sequence[Any]) -> dict[str, float]:
    """Wall and processor time of one call each."""
    for ask in warm:
        action(ask)
    gc.collect()
    times = []
    for ask in asks:
        cpu, wall = time.process_time(), time.perf_counter()
        action(ask)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall_ms, cpu_ms = np.asarray(times).T * 1e3
    out = {}
    for name, values in (("", wall_ms), ("cpu_", cpu_ms)):
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        out |= {f"{name}p50_ms": float(p50), f"{name}p95_ms": float(p95), f"{name}p99_ms": float(p99)}
    return out | {"max_ms": float(wall_ms.max()), "requests": len(times)}


def stages(handler: RecipeRequestHandler, asks: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Median time of each stage, from the traces."""
    times: dict[str, list[float]] = {}
    for ask in asks:
        for step in handler.handle(ask)["trace"]["steps"]:
            times.setdefault(step["stage"], []).append(step["ms"])
    return {stage: float(np.median(values)) for stage, values in times.items()}


def soak(handler: RecipeRequestHandler, users: Sequence[str], requests: int, threads: int) -> dict[str, Any]:
    """Scripted conversations on several threads: errors, answers that differ from those of one thread, memory."""
    scripts = [(users[n % len(users)], [t["say"] for t in c["turns"]]) for n, c in enumerate(conversations())]
    turns = sum(len(says) for _, says in scripts)
    rounds = max(1, -(-requests // (turns * threads)))
    expected = [converse(handler, user, says) for user, says in scripts]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda script: converse(handler, *script), scripts))  # every thread has its arenas by now
        gc.collect()
        before, started, cpu = resident_mb(), time.perf_counter(), time.process_time()
        halfway = before

        def work(number: int) -> tuple[int, int, int]:
            nonlocal halfway
            errors = different = handled = 0
            for turn in range(rounds):
                for place in np.random.default_rng((number, turn)).permutation(len(scripts)).tolist():
                    answers = converse(handler, *scripts[place])
                    handled += len(answers)
                    errors += sum("error" in answer or "wrong on my side" in answer["speech"] for answer in answers)
                    different += answers != expected[place]
                if number == 0 and turn == rounds // 2:
                    halfway = resident_mb()
            return handled, errors, different

        counts = np.asarray(list(pool.map(work, range(threads))))
    wall = time.perf_counter() - started
    gc.collect()
    handled, errors, different = counts.sum(axis=0).tolist()
    cpu_ms = 1e3 * (time.process_time() - cpu) / handled
    return {
        "threads": threads, "requests": handled, "errors": errors, "conversations_different": different,
        "seconds": wall, "requests_per_second": handled / wall, "cpu_ms_per_request": cpu_ms,
        "resident_mb": {"after_warm_up": before, "halfway": halfway, "at_end": resident_mb()},
    }  # fmt: skip


def converse(handler: RecipeRequestHandler, user: str, says: Sequence[str]) -> list[dict[str, Any]]:
    """The answers to one conversation, without their times; the state travels with the requests."""
    session: Any = "s"
    answers = []
    for say in says:
        answer = handler.handle(json.dumps({"text": say, "user": user, "session": session}))
        session = answer["session"]
        trace = answer.pop("trace")
        answers.append({**answer, "failed_at": trace["failed_at"]})
    return answers


def resident_mb() -> float:
    """Memory of this process that is in use, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def report(name: str, found: dict[str, Any]) -> None:
    """The numbers for people."""
    rows = [
        [what, *(round(found[key][f"{kind}{p}_ms"], 2) for kind in ("", "cpu_") for p in ("p50", "p95", "p99"))]
        for what, key in (("words to query", "words_to_query"), ("handled request", "handled"))
    ]
    columns = ["ms", "p50", "p95", "p99", "processor p50", "p95", "p99"]
    print_table(f"{name}: {found['items']:,} dishes, {found['texts']} texts", columns, rows)
    print("stages ", {stage: round(value, 2) for stage, value in found["stages_p50_ms"].items()})
    print("threads", found["soak"])


if __name__ == "__main__":
    main()
