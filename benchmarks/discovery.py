"""Novel intents and domains on CLINC150: grouping without knowing how many groups there are, and the whole line.

    python benchmarks/discovery.py [--seeds 5]

Held-out domains: each of the ten is unknown in turn; its 450 test utterances are grouped, with what the other nine
taught about how finely. End to end: 33 intents are unknown (all of kitchen, two of every other domain); all 4,500
test utterances are judged, what is taken for new is grouped, named and linked to known or new domains. Then, on data on
which nothing here was developed, groups of unknown intents of HWU64 and StackOverflow.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from _clinc import DOMAIN_OF, DOMAINS, FILE
from _common import need_data, print_table, stopwatch, write_results
from _vectors import Remembered
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, roc_auc_score

from graphrec.encoders import Encoder, find_encoder
from graphrec.nlu.discovery import Known, discover
from graphrec.nlu.discovery.calibration import Coarseness, Grain, calibrate, group
from graphrec.nlu.discovery.detect import detect
from graphrec.nlu.discovery.known import centred
from graphrec.nlu.intents.data import IntentData, Utterance
from graphrec.nlu.intents.readers import read_intents

KITCHEN = "kitchen_and_dining"
STRAYS = 2
OWNED = 15
"""Utterances of a group in which an intent has the majority, to count as found."""
REFERENCE = {
    "Leiden on 10 neighbours, resolution by play (reference)": (87.7, 78.0, 83.1),
    "k-means with the true number (reference)": (87.3, 75.6, 81.1),
}
END_TO_END_REFERENCE = {
    "precision": 80.0, "recall": 67.6, "f1": 73.2, "auroc": 93.6, "nmi": 85.5, "ari": 68.8, "acc": 76.4,
    "intents_found": 19.0, "linked_right": 71.6, "kitchen_new": 91.5,
}  # fmt: skip


def accuracy(truth: Any, found: Any) -> float:
    """Share of rows that agree under the best one-to-one match of groups to intents."""
    _, truth = np.unique(truth, return_inverse=True)
    _, found = np.unique(found, return_inverse=True)
    table = np.zeros((truth.max() + 1, found.max() + 1))
    np.add.at(table, (truth, found), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(truth))


def agreement(truth: Sequence[str], found: Any) -> dict[str, float]:
    return {
        "nmi": 100 * float(normalized_mutual_info_score(truth, found)),
        "ari": 100 * float(adjusted_rand_score(truth, found)),
        "acc": 100 * accuracy(truth, found),
        "groups": float(len(np.unique(found))),
    }


def held_out_domains(data: IntentData, encoder: Encoder, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """By domain and method."""
    return {
        domain: compare(data.train, data.test, frozenset(intents), DOMAIN_OF, encoder, seed)
        for domain, intents in DOMAINS.items()
    }


def resolution_one(num_utterances: int) -> Coarseness:
    """Plain modularity on ten neighbours."""
    return Coarseness((Grain(10, 10 / num_utterances, 0.0),))


def end_to_end(data: IntentData, encoder: Encoder, seed: int) -> dict[str, float]:
    novel = unknown_intents(seed)
    known = replace(
        data,
        train=tuple(u for u in data.train if u.intent not in novel),
        validation=tuple(u for u in data.validation if u.intent not in novel),
    )
    texts = [u.text for u in data.test]
    new = np.asarray([u.intent in novel for u in data.test])
    batch = detect(texts, known, encoder, seed=seed)
    taken = batch.novelty.novel
    out = detection_figures(new, taken, batch.novelty.scores)
    rows = np.flatnonzero(taken)
    found = discover([texts[r] for r in rows], batch.vectors[rows], batch.known, seed=seed)
    labels = found.labels(len(rows))
    truly = new[rows]
    truth = [data.test[r].intent for r in rows[truly]]
    return out | agreement(truth, labels[truly]) | linking_figures(found, [data.test[r] for r in rows], novel)


def other_data(encoder: Encoder, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Data on which nothing here was developed: other domains, and groups ten times as large."""
    rng = np.random.default_rng(seed)
    home, questions = read_intents(need_data("nlu/HWU64")), read_intents(need_data("nlu/textoir/stackoverflow"))
    scenario = {intent: intent.partition("_")[0] for intent in home.intents}
    drawn = set(rng.choice(sorted(set(scenario.values())), 5, replace=False).tolist())
    scenarios = frozenset(i for i in home.intents if scenario[i] in drawn)
    tags = frozenset(rng.choice(questions.intents, 5, replace=False).tolist())
    one_domain = dict.fromkeys(questions.intents, "")
    said, few = (*home.test, *home.validation), questions.test[::10]
    return {
        "HWU64, five scenarios": compare(home.train, said, scenarios, scenario, encoder, seed),
        "StackOverflow, five tags, 300 each": compare(questions.train, questions.test, tags, one_domain, encoder, seed),
        "StackOverflow, five tags, 30 each": compare(questions.train, few, tags, one_domain, encoder, seed),
    }


def compare(
    learned: Sequence[Utterance], said: Sequence[Utterance], novel: frozenset[str], domain_of: dict[str, str],
    encoder: Encoder, seed: int,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Groups of the utterances of novel intents, with what the others taught, by method."""
    train = [u for u in learned if u.intent not in novel]
    known = Known.of(encoder.encode([u.text for u in train]), [u.intent for u in train], domain_of)
    asked = [u for u in said if u.intent in novel]
    truth, raw = [u.intent for u in asked], encoder.encode([u.text for u in asked])
    kmeans = KMeans(len(set(truth)), n_init=10, random_state=seed).fit_predict(raw)
    ours = group(centred(raw, known.mean), calibrate(known, len(asked), seed=seed), seed=seed)
    return {
        "graphrec": agreement(truth, ours),
        "Leiden on 10 neighbours, resolution 1": agreement(truth, group(raw, resolution_one(len(asked)), seed=seed)),
        "k-means with the true number": agreement(truth, kmeans),
    }


def unknown_intents(seed: int) -> frozenset[str]:
    rng = np.random.default_rng(seed)
    strays = (rng.choice(intents, STRAYS, replace=False) for d, intents in DOMAINS.items() if d != KITCHEN)
    return frozenset([*DOMAINS[KITCHEN], *(str(i) for drawn in strays for i in drawn)])


def detection_figures(new: Any, taken: Any, scores: Any) -> dict[str, float]:
    hits = float((new & taken).sum())
    precision, recall = hits / max(taken.sum(), 1), hits / new.sum()
    return {
        "precision": 100 * precision,
        "recall": 100 * recall,
        "f1": 100 * 2 * precision * recall / (precision + recall),
        "auroc": 100 * float(roc_auc_score(new, scores)),
    }


def linking_figures(found: Any, said: Sequence[Utterance], novel: frozenset[str]) -> dict[str, float]:
    owned: set[str] = set()
    strays, kitchen = [], []
    for proposal in found.groups:
        intent, count = Counter(said[m].intent for m in proposal.members).most_common(1)[0]
        if 2 * count <= len(proposal.members) or intent not in novel:
            continue
        if len(proposal.members) >= OWNED:
            owned.add(intent)
        if DOMAIN_OF[intent] == KITCHEN:
            kitchen.append(proposal.new_domain)
        else:
            strays.append(not proposal.new_domain and proposal.domain == DOMAIN_OF[intent])
    return {
        "intents_found": float(len(owned)),
        "linked_right": 100 * float(np.mean(strays)),
        "kitchen_new": 100 * float(np.mean(kitchen)),
    }


def show_others(runs: Sequence[dict[str, dict[str, dict[str, float]]]]) -> None:
    rows = [
        [name, method, *([run[name][method][key] for run in runs] for key in ("nmi", "ari", "acc", "groups"))]
        for name in runs[0]
        for method in runs[0][name]
    ]
    print_table("Other data", ["data", "method", "NMI", "ARI", "ACC", "groups"], rows)


def show_domains(runs: Sequence[dict[str, dict[str, dict[str, float]]]]) -> dict[str, dict[str, list[float]]]:
    """Mean over the domains, one value per seed."""
    methods = list(runs[0][KITCHEN])
    means = {
        method: {
            key: [float(np.mean([run[d][method][key] for d in DOMAINS])) for run in runs]
            for key in ("nmi", "ari", "acc", "groups")
        }
        for method in methods
    }
    rows: list[list[Any]] = [[name, *values, "-"] for name, values in REFERENCE.items()]
    rows += [[name, *figures.values()] for name, figures in means.items()]
    print_table("Ten held-out domains, mean", ["method", "NMI", "ARI", "ACC", "groups"], rows)
    ours = [[d, *(tuple(r[d]["graphrec"][k] for r in runs) for k in ("nmi", "ari", "acc", "groups"))] for d in DOMAINS]
    print_table("graphrec by domain", ["domain", "NMI", "ARI", "ACC", "groups"], ours)
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    read = read_intents(need_data(FILE))
    data = replace(read, **{part: _with_domains(getattr(read, part)) for part in ("train", "validation", "test")})
    encoder = Remembered(find_encoder())
    domains, lines, others = [], [], []
    with stopwatch() as seconds:
        for seed in seeds:
            domains.append(held_out_domains(data, encoder, seed))
            lines.append(end_to_end(data, encoder, seed))
            others.append(other_data(encoder, seed))
            print(f"seed {seed} done", file=sys.stderr)
    means = show_domains(domains)
    whole = {key: [line[key] for line in lines] for key in lines[0]}
    rows = [[key, values, END_TO_END_REFERENCE.get(key, float("nan"))] for key, values in whole.items()]
    print_table("End to end, 33 unknown intents", ["figure", "graphrec", "reference"], rows)
    show_others(others)
    payload = {
        "encoder": encoder.name, "seeds": list(seeds), "seconds": seconds[0],
        "held_out_domains": {"mean_over_domains": means, "reference": REFERENCE, "by_seed": domains},
        "other_data": others,
        "end_to_end": {"graphrec": whole, "reference": END_TO_END_REFERENCE},
    }  # fmt: skip
    write_results("discovery", payload)


def _with_domains(utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    return tuple(replace(u, domain=DOMAIN_OF[u.intent]) for u in utterances)


if __name__ == "__main__":
    main()
