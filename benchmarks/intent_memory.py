"""What a memory of users' intents gains where the intent model is not sure, what it costs, and that it does no harm.

    OMP_NUM_THREADS=1 python benchmarks/intent_memory.py [--draws 5] [--parts simulated scripted cost]

No data at hand holds what one and the same person said to an assistant over weeks, so the gain cannot be measured on
real users, and this does not claim it. Three things can be:

* simulated: CLINC150's utterances are real, their speakers are not. 100 made-up speakers draw 60 utterances each; whom
  they are is one number, the concentration of a Dirichlet over the 150 intents. The even ones say everything alike and
  show what the memory costs where there are no habits. A reading is learned when it is right (a wrong one is taken
  back, as the handler does). The settings of the ranker are chosen on validation utterances: the most errors mended for
  speakers with a dozen intents among settings under which even speakers lose at most 0.1 points; test is read once.
* scripted: the conversations in `tests/data` through the whole handler, all of them by one speaker: turns whose action
  changes with the memory, and those that end in the right one, with and without.
* cost: microseconds to rank and to learn after 10 to 10,000 events, and bytes of a speaker.

The intent model of `simulated` learns ten utterances of each intent, as who edits a file of intents has.
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _clinc import FILE
from _common import need_data, print_table, read_results, write_results
from _vectors import Remembered
from nlu_latency import conversations, train_demo, train_nlu

from graphrec.encoders import find_encoder, for_classes
from graphrec.nlu.handler import RecipeRequestHandler
from graphrec.nlu.intent_memory import IntentMemory
from graphrec.nlu.intent_ranker import IntentRanker
from graphrec.nlu.intents import IntentData, IntentModel, Utterance, train_intents
from graphrec.nlu.result import NLUResult
from graphrec.ranking.memory import DAY

SHOTS, SPEAKERS, EVENTS = 10, 100, 60
HABITS = {"even": np.inf, "a dozen intents": 0.08, "three intents": 0.015}
"""Concentration of each kind of speaker."""
SPREAD = DAY / 4
"""Seconds between two utterances of a speaker."""
GRID = {"sure": (0.7, 0.8, 0.9), "habit": (20.0, 75.0, 300.0), "nearness": (1.0, 4.0)}
HARM = 0.001
LENGTHS = (10, 100, 1_000, 10_000)


@dataclass
class Heard:
    """What the model makes of the utterances of one part, once for all speakers."""

    results: list[NLUResult]
    intents: list[str]
    by_intent: dict[str, list[int]]

    @classmethod
    def of(cls, model: IntentModel, utterances: Sequence[Utterance]) -> Heard:
        results = []
        for utterance, seen in zip(utterances, model.classify_texts([u.text for u in utterances]), strict=True):
            top = None if seen.out_of_scope else seen.ranking[0]
            others = seen.ranking if seen.out_of_scope else seen.ranking[1:]
            results.append(NLUResult(utterance.text, intent=top, alternatives=others, novel=seen.out_of_scope,
                                     vector=seen.vector))  # fmt: skip
        by_intent: dict[str, list[int]] = {}
        for place, utterance in enumerate(utterances):
            by_intent.setdefault(utterance.intent, []).append(place)
        return cls(results, [u.intent for u in utterances], by_intent)

    def speakers(self, kind: str, seed: int) -> list[list[int]]:
        """Utterances of every speaker in order."""
        rng, names = np.random.default_rng(seed), sorted(self.by_intent)
        out = []
        for _ in range(SPEAKERS):
            alpha = HABITS[kind]
            even = np.full(len(names), 1 / len(names))
            shares = even if np.isinf(alpha) else rng.dirichlet(np.full(len(names), alpha))
            said = rng.choice(len(names), EVENTS, p=shares)
            out.append([int(rng.choice(self.by_intent[names[intent]])) for intent in said])
        return out


def played(heard: Heard, speakers: Sequence[Sequence[int]], ranker: IntentRanker | None, model: IntentModel) -> Any:
    """Of every utterance in the second half of a speaker's time: right without, right with, whether it was open."""
    chosen = ranker or IntentRanker.of(model)
    memory, rows = IntentMemory(chosen), []
    for number, said in enumerate(speakers):
        user = f"u{number}"
        for turn, place in enumerate(said):
            gold, now = heard.intents[place], turn * SPREAD
            plain = heard.results[place]
            asked = NLUResult(plain.text, intent=plain.intent, alternatives=plain.alternatives, novel=plain.novel,
                              vector=plain.vector, user=user)  # fmt: skip
            ranked = memory.rank(asked, now)
            if turn >= EVENTS // 2:
                name = ranked.intent.name if ranked.intent else ""
                before = asked.intent.name if asked.intent else ""
                rows.append((before == gold, name == gold, chosen.applies(asked)))
            if ranked.intent is not None and ranked.intent.name == gold:
                memory.learn(ranked, now)
        memory.forget(user)
    return np.array(rows, dtype=bool)


def figures(rows: Any) -> dict[str, float]:
    unsure = rows[:, 2]
    return {
        "without": 100 * float(rows[:, 0].mean()), "with": 100 * float(rows[:, 1].mean()),
        "open": 100 * float(unsure.mean()), "open without": 100 * float(rows[unsure, 0].mean()),
        "open with": 100 * float(rows[unsure, 1].mean()),
        "mended": float((~rows[:, 0] & rows[:, 1]).sum()), "broken": float((rows[:, 0] & ~rows[:, 1]).sum()),
    }  # fmt: skip


def simulated(draws: int) -> dict[str, Any]:
    """Accuracy by kind of speaker."""
    with gzip.open(need_data(FILE), "rt", encoding="utf-8") as file:
        data = json.load(file)
    parts = {p: [Utterance(text, intent) for text, intent in data[p]] for p in ("train", "val", "test")}
    seen: dict[str, int] = {}
    few = []
    for place in np.random.default_rng(0).permutation(len(parts["train"])).tolist():
        utterance = parts["train"][place]
        seen[utterance.intent] = seen.get(utterance.intent, 0) + 1
        if seen[utterance.intent] <= SHOTS:
            few.append(utterance)
    encoder = Remembered(for_classes(find_encoder("minilm"), ()))
    model = train_intents(IntentData(train=tuple(few)), encoder, 0)
    valid, test = Heard.of(model, parts["val"]), Heard.of(model, parts["test"])
    settings = choose(valid, model)
    ranker = IntentRanker.of(model, **settings)
    found: dict[str, Any] = {"settings": settings, "shots": SHOTS, "speakers": {}}
    for kind in HABITS:
        runs = [figures(played(test, test.speakers(kind, 100 + seed), ranker, model)) for seed in range(draws)]
        found["speakers"][kind] = {
            key: {"mean": fmean(run[key] for run in runs), "sd": pstdev(run[key] for run in runs)} for key in runs[0]
        }
    shown = [[kind, *(round(v["mean"], 2) for v in row.values())] for kind, row in found["speakers"].items()]
    print("settings", settings)
    print_table(f"simulated speakers, {draws} draws", ["speakers", *found["speakers"]["even"]], shown)
    return found


def choose(heard: Heard, model: IntentModel) -> dict[str, float]:
    """The settings that mend most for speakers with habits and hardly break anything for those without."""
    draws = {kind: heard.speakers(kind, 1) for kind in ("even", "a dozen intents")}
    best, chosen = -np.inf, dict[str, float]()
    for values in product(*GRID.values()):
        settings = dict(zip(GRID, values, strict=True))
        ranker = IntentRanker.of(model, **settings)
        even, habits = (played(heard, draws[kind], ranker, model) for kind in draws)
        lost = even[:, 0].mean() - even[:, 1].mean()
        gain = float(habits[:, 1].mean() - habits[:, 0].mean())
        print(settings, f"even {-100 * lost:+.2f}, habits {100 * gain:+.2f}")
        if lost <= HARM and gain > best:
            best, chosen = gain, settings
    return chosen


def scripted() -> dict[str, Any]:
    """The scripted conversations with and without a memory, all by one speaker, twice over."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = train_demo(Path(folder))
        nlu = train_nlu(bundle, Path(folder) / "nlu")
        plain = RecipeRequestHandler.load(bundle, nlu, sessions=None, neighbours=False)
        model = plain.pipeline.model
        assert model is not None
        memory = IntentMemory(IntentRanker.of(model))
        used = RecipeRequestHandler.load(bundle, nlu, sessions=None, memory=memory, neighbours=False)
        rows: list[tuple[bool, bool, bool, bool]] = []
        for _ in range(2):
            for number, conversation in enumerate(conversations()):
                states: list[Any] = [f"s{number}", f"s{number}"]
                for turn in conversation["turns"]:
                    pair = []
                    for place, handler in enumerate((plain, used)):
                        ask = {"text": turn["say"], "user": "ann", "session": states[place]}
                        answer = handler.handle(json.dumps(ask))
                        states[place] = answer["session"]
                        pair.append(answer)
                    looked = any(s["stage"] == "memory" and "confidence" in s for s in pair[1]["trace"]["steps"])
                    acts = [answer["action"] for answer in pair]
                    rows.append((acts[0] == turn["action"], acts[1] == turn["action"], acts[0] != acts[1], looked))
        learned = float(memory.bank.read("ann").mass[0]) if len(memory.bank) else 0.0
    counts = np.array(rows).sum(axis=0).tolist()
    found = {"turns": len(rows), "right_without": counts[0], "right_with": counts[1], "changed": counts[2],
             "open": counts[3], "learned_mass": learned}  # fmt: skip
    print("scripted", found)
    return found


def cost() -> dict[str, Any]:
    """Microseconds of a step by the length of a speaker's history."""
    rng = np.random.default_rng(0)
    names = [f"i{n}" for n in range(40)]

    class Still:
        name, dim, fingerprint = "still", 1152, "0"

        def encode(self, texts: Sequence[str]) -> Any:
            return np.zeros((len(texts), 1152), dtype=np.float32)

    memory, at = IntentMemory(IntentRanker(Still(), names)), 0
    found: dict[str, Any] = {}
    for length in LENGTHS:
        while at < length:
            memory.learn(_random(rng, names), float(at))
            at += 1
        for step in ("rank", "learn"):
            times = []
            for _ in range(200):
                asked = _random(rng, names)
                started = time.perf_counter()
                memory.rank(asked, float(at)) if step == "rank" else memory.learn(asked, float(at))
                times.append(1e6 * (time.perf_counter() - started))
            found[f"{step} after {length} us"] = float(np.median(times))
        at += 200
    arrays = memory.bank.arrays()
    found["bytes_per_user"] = sum(arrays[name].nbytes for name in ("sums", "counts", "events", "times", "keys"))
    print("cost", {key: round(value, 1) for key, value in found.items()})
    return found


def _random(rng: np.random.Generator, names: Sequence[str]) -> NLUResult:
    from graphrec.nlu.result import Intent

    first, other = rng.choice(names, 2, replace=False)
    vector = rng.normal(size=1152).astype(np.float32)
    return NLUResult("x", intent=Intent(str(first), 0.4), alternatives=(Intent(str(other), 0.3),), user="ann",
                     vector=vector)  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--draws", type=int, default=5)
    arguments.add_argument("--parts", nargs="+", default=["simulated", "scripted", "cost"])
    options = arguments.parse_args()
    results: Mapping[str, Any] = read_results("intent_memory")
    parts = {"simulated": lambda: simulated(options.draws), "scripted": scripted, "cost": cost}
    write_results("intent_memory", {**results, **{part: parts[part]() for part in options.parts}})


if __name__ == "__main__":
    main()
