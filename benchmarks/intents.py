"""Intent classification: CLINC150 with out-of-scope sentences, few shots, HWU64, SNIPS, ATIS.

    OMP_NUM_THREADS=1 python benchmarks/intents.py [--part clinc few others tuned] [--draws 5] [--test] [--tuned DIR]

The given splits. Validation chooses strength, temperature and threshold; only with --test are test figures computed.
The threshold is the cut that maximises (in-scope, right and accepted) + (out-of-scope, rejected) over the 3,000 + 100
validation utterances; with 100 to choose by, recall at the cut moves by several points, AUROC hardly. Rows differ in
what is encoded, what is learned as out of scope, and the score that is cut (proxy margin is the default of
`graphrec nlu train`):

* MiniLM: the sentence vector; layers: its form for classifiers (graphrec.encoders.for_classes)
* own: general sentences of data/nlu/out_of_scope.txt, less those that an intent of CLINC150 claims
* CLINC's 100: the out-of-scope training utterances of the data set

Training is deterministic; spread comes from the draws of few-shot utterances. `tuned` fine-tunes MiniLM first
(graphrec.training.encoder_tuning, five minutes an epoch on one core) into --tuned, or takes what lies there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _clinc import FILE
from _common import REPOSITORY, need_data, print_table, read_results, stopwatch, write_results
from _vectors import Part, Remembered

from graphrec.encoders import Encoder, find_encoder, for_classes, minilm_directory
from graphrec.nlu.intents import IntentData, IntentModel, Utterance, read_intents, train_intents
from graphrec.nlu.intents.calibration import calibration_error, threshold_by_outside
from graphrec.nlu.intents.proxies import unclaimed
from graphrec.nlu.intents.regression import fit_softmax, log_softmax
from graphrec.nlu.intents.scores import SCORES

PROXIES = REPOSITORY / "data" / "nlu" / "out_of_scope.txt"
STRENGTHS = (10.0, 30.0, 100.0, 300.0)
SHOTS = (1, 5, 10, 20)
PUBLISHED = {
    "BERT, out-of-scope as a class": (96.9, 40.3, float("nan")),
    "BERT, threshold": (96.2, 52.3, float("nan")),
    "BERT, out-of-scope as a class, 250 training sentences": (96.7, 59.2, float("nan")),
    "MLP, threshold": (93.4, 49.1, float("nan")),
    "Dialogflow": (91.7, 14.0, float("nan")),
    "Rasa": (91.5, 45.3, float("nan")),
}
"""Larson et al. 2019: in-scope accuracy, out-of-scope recall; no AUROC."""
REFERENCE = {"MiniLM + regression, 1,000 Wikipedia sentences as proxies": (94.4, 68.1, 97.0)}
"""Measured earlier with scikit-learn: the figures to beat."""


@dataclass(frozen=True)
class Row:
    """One line of the CLINC150 table."""

    encoder: str
    proxies: tuple[str, ...] = ()
    scores: tuple[str, ...] = ("max_probability",)


def auroc(known: Any, outside: Any) -> float:
    """Probability that a known utterance scores above one that is out of scope."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([known, outside]))
    n = len(known)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(outside)))


def figures(scores: Any, right: Any, outside: Any, cut: float, confidence: Any) -> dict[str, float]:
    return {
        "accuracy": 100 * float((right & (scores >= cut)).mean()),
        "recall": 100 * float((outside < cut).mean()),
        "auroc": 100 * auroc(scores, outside),
        "accuracy_without_reject": 100 * float(right.mean()),
        "ece": 100 * calibration_error(confidence, right.astype(np.float64)),
        "objective": float((right & (scores >= cut)).sum() + (outside < cut).sum()),
    }


def measured(
    model: IntentModel, known: Sequence[Utterance], outside: Sequence[str], cut: float | None = None
) -> tuple[dict[str, float], float]:
    """Figures, and the threshold: chosen on these utterances where none is given."""
    size = len(model.intents)
    names = np.array(model.intents)
    logits = model.logits(model.encoder.encode([u.text for u in known]))
    shares = np.exp(log_softmax(logits))[:, :size]
    right = names[shares.argmax(axis=1)] == np.array([u.intent for u in known])
    scores = SCORES[model.score](logits, size)
    strange = SCORES[model.score](model.logits(model.encoder.encode(outside)), size)
    chosen = threshold_by_outside(scores, right, strange) if cut is None else cut
    return figures(scores, right, strange, chosen, shares.max(axis=1)), chosen


def nearest(encoder: Encoder, data: IntentData, test: bool) -> dict[str, dict[str, float]]:
    """One nearest neighbour by cosine, the cosine as score."""
    base = encoder.encode([u.text for u in data.train])
    intents = np.array([u.intent for u in data.train])

    def scored(texts: Sequence[str]) -> tuple[Any, Any]:
        cosines = encoder.encode(texts) @ base.T
        return cosines.max(axis=1), intents[cosines.argmax(axis=1)]

    found, cut = {}, 0.0
    for part, known, outside in parts(data, test):
        scores, guessed = scored([u.text for u in known])
        right = guessed == np.array([u.intent for u in known])
        strange = scored(outside)[0]
        cut = threshold_by_outside(scores, right, strange) if part == "validation" else cut
        found[part] = figures(scores, right, strange, cut, np.clip(scores, 0, 1))
    return found


def parts(data: IntentData, test: bool) -> list[tuple[str, Sequence[Utterance], Sequence[str]]]:
    found: list[tuple[str, Sequence[Utterance], Sequence[str]]] = [
        ("validation", data.validation, data.outside)
    ]
    return [*found, ("test", data.test, data.test_outside)] if test else found


def own_proxies() -> tuple[str, ...]:
    lines = (line.strip() for line in PROXIES.read_text("utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def clinc_row(encoder: Encoder, row: Row, data: IntentData, test: bool) -> dict[str, Any]:
    """Figures of one trained model under each of its scores."""
    with stopwatch() as seconds:
        learned = replace(data, proxies=row.proxies)
        model = train_intents(learned, encoder, strengths=STRENGTHS, score=row.scores[0])
    common = {"strength": model.report["strength"], "temperature": model.temperature}
    common |= {"proxies": len(row.proxies), "seconds": seconds[0]}
    out: dict[str, Any] = {}
    for score in row.scores:
        out[score], cut = dict(common), None
        for part, known, outside in parts(data, test):
            out[score][part], cut = measured(replace(model, score=score), known, outside, cut)
    return out


def clinc(encoders: dict[str, Encoder], data: IntentData, test: bool, results: dict[str, Any]) -> None:
    table = results.setdefault("clinc", {})
    given = data.proxies
    best = "tuned layers" if "tuned layers" in encoders else "layers"
    own = unclaimed(data, encoders[best], own_proxies())
    with_proxies = ("proxy_margin", "margin_and_energy")
    rows = {
        "MiniLM": Row("MiniLM"),
        "MiniLM, own + CLINC's 100": Row("MiniLM", own + given, with_proxies),
        "layers": Row("layers"),
        "layers, own": Row("layers", own, with_proxies),
        "layers, CLINC's 100": Row("layers", given, with_proxies),
        "layers, own + CLINC's 100": Row("layers", own + given, with_proxies),
        "n-grams, own + CLINC's 100": Row("n-grams", own + given, with_proxies),
    }
    if best == "tuned layers":
        rows = {
            "tuned": Row("tuned"),
            "tuned layers, own + CLINC's 100": Row(best, own + given, with_proxies),
        }
    else:
        table["MiniLM, nearest neighbour"] = nearest(encoders["MiniLM"], data, test)
    for label, row in rows.items():
        for score, found in clinc_row(encoders[row.encoder], row, data, test).items():
            name = f"{label}: {score.replace('_', ' ')}"
            table[name] = found
            print(name, found, file=sys.stderr, flush=True)
        write_results("intents", results)


def few_shot(
    encoders: dict[str, Encoder], data: IntentData, draws: int, test: bool, results: dict[str, Any]
) -> None:
    """In-scope accuracy with a few utterances per intent; the first draw's validation accuracy chooses the strength."""
    table = results.setdefault("few_shot", {})
    codes = {intent: number for number, intent in enumerate(data.intents)}
    labels = np.array([codes[u.intent] for u in data.train])
    measured_on = data.test if test else data.validation
    for name, encoder in encoders.items():
        learned = encoder.encode([u.text for u in data.train])
        held, tested = (encoder.encode([u.text for u in rows]) for rows in (data.validation, measured_on))
        held_truth, truth = (
            np.array([codes[u.intent] for u in rows]) for rows in (data.validation, measured_on)
        )
        for shots in SHOTS:
            taken = [draw_rows(labels, shots, seed) for seed in range(draws)]
            fits = {s: fit_softmax(learned[taken[0]], labels[taken[0]], len(codes), s) for s in STRENGTHS}
            right = {s: float((m.logits(held).argmax(axis=1) == held_truth).mean()) for s, m in fits.items()}
            strength = max(STRENGTHS, key=lambda s: (right[s], -s))
            accuracies = []
            for rows in taken:
                model = fit_softmax(learned[rows], labels[rows], len(codes), strength)
                accuracies.append(100 * float((model.logits(tested).argmax(axis=1) == truth).mean()))
            table.setdefault(name, {})[str(shots)] = {"strength": strength, "accuracy": accuracies}
            print(name, shots, table[name][str(shots)], file=sys.stderr, flush=True)
            write_results("intents", results)


def draw_rows(labels: Any, shots: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:shots] for c in np.unique(labels)])


def others(encoders: dict[str, Encoder], test: bool, results: dict[str, Any]) -> None:
    """Accuracy on the splits of HWU64, SNIPS and ATIS; a test label that training lacks counts as wrong."""
    table = results.setdefault("others", {})
    for name in ("HWU64", "SNIPS", "ATIS"):
        data = read_intents(need_data(f"nlu/{name}"))
        known = set(data.intents)
        data = replace(data, validation=tuple(u for u in data.validation if u.intent in known))
        for label, encoder in encoders.items():
            model = train_intents(data, encoder, strengths=STRENGTHS)
            rows = data.test if test else data.validation
            found = model.classify_texts([u.text for u in rows])
            right = [c.intent == u.intent for c, u in zip(found, rows, strict=True)]
            confidence = np.array([c.confidence for c in found])
            table.setdefault(name, {})[label] = {
                "accuracy": 100 * statistics.fmean(right),
                "ece": 100 * calibration_error(confidence, np.array(right, float)),
                "intents": len(known), "train": len(data.train), "rows": len(rows),
                "strength": model.report["strength"],
                "unseen_labels": sum(u.intent not in known for u in rows),
                "most_frequent": 100 * Counter(u.intent for u in rows).most_common(1)[0][1] / len(rows),
            }  # fmt: skip
            print(name, label, table[name][label], file=sys.stderr, flush=True)
            write_results("intents", results)


def tuned_encoder(data: IntentData, folder: Path | None, seed: int = 0) -> Encoder:
    """MiniLM fine-tuned on CLINC150's training utterances."""
    from graphrec.encoders.minilm import MiniLM
    from graphrec.training.encoder_tuning import tune_encoder

    if folder is not None and (folder / "model.safetensors").is_file():
        return MiniLM(folder)
    source = minilm_directory()
    if source is None or folder is None:
        print("Tuning needs the MiniLM weights and a folder (--tuned) for the result.", file=sys.stderr)
        sys.exit(2)
    codes = {intent: number for number, intent in enumerate(data.intents)}
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
    tune_encoder(
        [u.text for u in data.train],
        [codes[u.intent] for u in data.train],
        source,
        folder,
        seed=seed,
        report=say,
    )
    return MiniLM(folder)


def show(results: dict[str, Any]) -> None:
    nan = float("nan")
    part = "test" if any("test" in row for row in results.get("clinc", {}).values()) else "validation"
    lines = [[f"{name} (published)", *values, nan, nan] for name, values in PUBLISHED.items()]
    lines += [[f"{name} (reference)", *values, 95.5, nan] for name, values in REFERENCE.items()]
    keys = ("accuracy", "recall", "auroc", "accuracy_without_reject", "ece")
    for name, row in results.get("clinc", {}).items():
        if part in row:
            lines.append([name, *(row[part][key] for key in keys)])
    columns = ["", "in-scope", "out-of-scope recall", "AUROC", "in-scope without reject", "ECE"]
    print_table(f"CLINC150, {part} (%)", columns, lines)
    if "few_shot" in results:
        rows = [
            [name, *(shots[str(s)]["accuracy"] for s in SHOTS)] for name, shots in results["few_shot"].items()
        ]
        print_table(
            "CLINC150, in-scope accuracy with so many utterances per intent (%)", ["", *map(str, SHOTS)], rows
        )
    for name, found in results.get("others", {}).items():
        rows = [[label, row["accuracy"], row["ece"], row["strength"]] for label, row in found.items()]
        print_table(f"{name} (%)", ["", "accuracy", "ECE", "strength"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = ["clinc", "few", "others", "tuned"]
    parser.add_argument("--part", nargs="+", choices=choices, default=choices[:3])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--test", action="store_true", help="compute test figures")
    parser.add_argument("--tuned", type=Path, help="folder of the fine-tuned encoder, read or written")
    args = parser.parse_args()
    data = read_intents(need_data(FILE))
    layers = Remembered(for_classes(find_encoder("minilm"), ()))
    plain = Part(layers, 768, 1152)
    results = read_results("intents")
    if "clinc" in args.part:
        ngrams = for_classes(find_encoder("ngrams"), [u.text for u in data.train])
        clinc({"MiniLM": plain, "layers": layers, "n-grams": Remembered(ngrams)}, data, args.test, results)
    if "few" in args.part:
        few_shot({"MiniLM": plain, "layers": layers}, data, args.draws, args.test, results)
    if "others" in args.part:
        others({"MiniLM": plain, "layers": layers}, args.test, results)
    if "tuned" in args.part:
        tuned = Remembered(for_classes(tuned_encoder(data, args.tuned), ()))
        clinc({"tuned": Part(tuned, 768, 1152), "tuned layers": tuned}, data, args.test, results)
    show(results)


if __name__ == "__main__":
    main()
