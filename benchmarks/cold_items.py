"""New recipes: 300 recipes lose all their interactions and are ranked by their content.

    python benchmarks/cold_items.py [--draws 10] [--towers 0]

Settings of every method are chosen once, on 600 pseudo-new recipes and on 5 % of the interactions of the others; none
of these 600 is ever drawn again. In each draw 300 random recipes with text and at least 5 interactions lose all of
them, models are fitted to what is left but for 5 % of the interactions of trained recipes, and the test is looked at
once: what people chose among the 300, where these stand in the whole catalogue, and the 5 %.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from _common import need_data, print_table, read_results, stopwatch, write_results
from _recipe_store import recipe_store
from numpy.typing import NDArray

from graphrec.bundle import ProfilePart
from graphrec.cold.features import sparse_rows
from graphrec.cold.item_network import ItemNetwork, ItemNetworkConfig, train_item_network
from graphrec.evaluation.metrics import ndcg, recall
from graphrec.models.base import TrainData
from graphrec.ranking.item_features import FIELDS, ItemFeatures, ItemText, fit_features, read_item
from graphrec.sparse import CSR
from graphrec.sparse.top_k import top_k
from graphrec.store.records import ItemRecord
from graphrec.training.blend import ShippedEASE
from graphrec.training.cold_choice import make_trial, mask_seen
from graphrec.training.cold_config import ColdChoice, ColdConfig
from graphrec.training.cold_fit import ColdFit, fit_cold, refit_cold
from graphrec.training.cold_student import binary
from graphrec.training.config import BlendConfig

Setting = tuple[Any, ...]
Float = NDArray[np.floating[Any]]
Int = NDArray[np.integer[Any]]

NAME, K, NEW, MIN_INTERACTIONS = "cold_items", 20, 300, 5
RIDGE = 300.0  # of EASE, as validation chose it in `recipes.py`
PLAIN = (1, 0, 1, 0, 0, 0)  # title and ingredient lines: what a TF-IDF profile usually reads
FULL = tuple(ColdConfig().field_weights)


@dataclass(frozen=True, eq=False)
class Rows:
    """All recipes with who chose them, the rows split once.

    Args:
        able: recipes with text and enough interactions.
    """

    records: Sequence[ItemRecord]
    choices: sp.csr_matrix
    train: sp.csr_matrix
    valid: sp.csr_matrix
    test: sp.csr_matrix
    able: Int

    @classmethod
    def split(cls, records: Sequence[ItemRecord], choices: sp.csr_matrix) -> Rows:
        """5 % to choose, 5 % to test trained recipes."""
        side = np.random.default_rng(0).random(choices.nnz)
        train, valid, test = (
            _rows(choices, kept) for kept in (side >= 0.1, side < 0.05, (side >= 0.05) & (side < 0.1))
        )
        counts = np.bincount(choices.indices, minlength=choices.shape[1])
        text = np.array([bool(r.name) and bool(r.texts.get("ingredients")) for r in records])
        return cls(records, choices, train, valid, test, np.flatnonzero(text & (counts >= MIN_INTERACTIONS)))

    @cached_property
    def texts(self) -> list[ItemText]:
        return [read_item(record) for record in self.records]


@dataclass(frozen=True, eq=False)
class Case:
    """Some recipes without interactions, and the rows of all others.

    Args:
        new: the recipes.
        known: rows that models are fitted to, `[users, recipes]`.
        wanted: what people chose among the new ones, `[users, len(new)]`.
    """

    rows: Rows
    seed: int
    new: Int
    known: sp.csr_matrix
    wanted: sp.csr_matrix

    @cached_property
    def model(self) -> ShippedEASE:
        """EASE as shipped in a bundle."""
        return ShippedEASE(RIDGE, TrainData(CSR.from_scipy(self.known), None, None), BlendConfig())

    @cached_property
    def features(self) -> ItemFeatures:
        chosen = np.flatnonzero(np.bincount(self.known.indices, minlength=len(self.rows.records)))
        return fit_features([self.rows.texts[i] for i in chosen], FULL, most=ColdConfig().max_words)

    @cached_property
    def scores(self) -> Float:
        """What EASE makes of everybody's known rows, `[users, recipes]`."""
        return self.model.score(np.arange(self.known.shape[0]))

    @cached_property
    def _bags(self) -> dict[Setting, sp.csr_matrix]:
        return {}

    def bags(self, weights: Setting) -> sp.csr_matrix:
        """TF-IDF rows of all recipes under given weights of the fields."""
        if weights not in self._bags:
            one = self.features
            shares = np.array(weights, dtype=np.float32)
            read = ItemFeatures(one.words, one.idf, one.stops, shares)
            self._bags[weights] = read.bags_of(self.rows.texts).to_scipy()
        return self._bags[weights]


def make_case(rows: Rows, known: sp.csr_matrix, new: Int, seed: int) -> Case:
    """Take the interactions of some recipes away."""
    left = _rows(known, ~np.isin(known.indices, new))
    return Case(rows, seed, new, left, rows.choices[:, new].tocsr())


def _rows(matrix: sp.csr_matrix, kept: Any) -> sp.csr_matrix:
    found = matrix.copy()
    found.data = found.data * kept
    found.eliminate_zeros()
    return found.tocsr()


# --- baselines: settings chosen on a case of pseudo-new recipes, then scores `[users, len(new)]` of another case


def by_chance(case: Case, _: Setting) -> Float:
    return np.random.default_rng(case.seed).random((case.known.shape[0], len(case.new)))


def tfidf_profile(case: Case, setting: Setting) -> Float:
    """The likeness of a recipe to the sum of what the user chose."""
    bags = case.bags(tuple(setting[0]))
    return np.asarray(((case.known @ bags) @ bags[case.new].T).toarray())


def moved_ease(case: Case, setting: Setting) -> Float:
    """EASE's scores of the trained recipes that are most alike in TF-IDF."""
    weights, count, power, even = setting
    bags = case.bags(tuple(weights))
    alike = (bags[case.new] @ bags.T).toarray()
    alike[:, np.bincount(case.known.indices, minlength=case.known.shape[1]) == 0] = -np.inf
    found, value = top_k(alike, count)
    value = np.maximum(value, 0) ** power
    value = value / np.maximum(value.sum(axis=1, keepdims=True), 1e-12) if even else value
    rows = np.repeat(np.arange(len(case.new)), found.shape[1])
    near = sp.csr_matrix((value.ravel(), (rows, found.ravel())), shape=(len(case.new), bags.shape[0]))
    return np.asarray((near @ case.scores.T).T)


def softmax_tower(case: Case, setting: Setting) -> Float:
    """The content tower with id-dropout, trained by the softmax for a given number of epochs."""
    bags, config = CSR.from_scipy(case.bags(FULL)), ItemNetworkConfig(epochs=setting[0])
    network = train_item_network(bags, CSR.from_scipy(case.known), config, seed=case.seed)
    return _tower_scores(network, bags, case)


def _tower_scores(network: ItemNetwork, bags: CSR, case: Case) -> Float:
    import torch

    chosen = np.bincount(case.known.indices, minlength=bags.shape[0]) > 0
    ids = torch.from_numpy(chosen.astype(np.float32))[:, None]
    with torch.no_grad():
        keys, vectors, bias = (t.numpy() for t in network.eval()(sparse_rows(bags), ids))
    sizes = np.maximum(np.diff(case.known.indptr), 1.0) ** network.config.exponent
    return np.asarray((case.known @ keys / sizes[:, None]) @ vectors[case.new].T + bias[case.new])


BASELINES: dict[str, tuple[Callable[[Case, Setting], Float], Sequence[Setting]]] = {
    "random": (by_chance, [()]),
    "TF-IDF profile": (tfidf_profile, [(PLAIN,), (FULL,)]),
    "EASE moved by TF-IDF neighbours": (
        moved_ease,
        list(product((PLAIN, FULL), (10, 20, 40), (1.0, 2.0, 3.0), (True, False))),
    ),
}
TOWER = "content tower, softmax"


def choose_all(rows: Rows) -> dict[str, Any]:
    """Settings of every method, and the pseudo-new recipes that chose them."""
    whole = whole_case(rows)
    train, valid = CSR.from_scipy(rows.train), CSR.from_scipy(rows.valid)
    fitted = fit_cold(whole.model, train, valid, rows.records, ColdConfig(), 0)
    assert fitted is not None
    case = pseudo_case(rows, whole)
    chosen: dict[str, Any] = {"student": fitted.chosen.model_dump()}
    for label, (score, settings) in BASELINES.items():
        values = [sum(among(score(case, setting), case.wanted).values()) for setting in settings]
        chosen[label] = list(settings[int(np.argmax(values))])
    return chosen | {"pseudo-new": case.new.tolist()}


def pseudo_case(rows: Rows, whole: Case | None = None) -> Case:
    """The pseudo-new recipes that the student chooses by, as if new to every method."""
    whole = whole or whole_case(rows)
    described = np.diff(whole.bags(FULL).indptr) > 0
    trial = make_trial([], rows.train, rows.valid, described, ColdConfig(), 0)
    assert trial is not None
    return make_case(rows, rows.train, np.sort(trial.items), 0)


def whole_case(rows: Rows) -> Case:
    """Nothing is new."""
    return make_case(rows, rows.train, np.zeros(0, dtype=np.int64), 0)


def choose_epochs(rows: Rows) -> int:
    """Epochs of the softmax tower, by the pseudo-new recipes."""
    case, records = pseudo_case(rows), list[Mapping[str, Any]]()
    bags = CSR.from_scipy(case.bags(FULL))

    def look(network: ItemNetwork) -> float:
        return sum(among(_tower_scores(network, bags, case), case.wanted).values())

    train = CSR.from_scipy(case.known)
    train_item_network(bags, train, ItemNetworkConfig(), seed=0, validate=look, log=records.append)
    return max(int(record.get("best_epoch", 1)) for record in records)


def run(case: Case, chosen: dict[str, Any]) -> dict[str, Any]:
    """Every row of one draw but the tower's."""
    choice = ColdChoice.model_validate(chosen["student"])
    with stopwatch() as seconds:
        served = refit_cold(
            case.model, CSR.from_scipy(case.known), case.rows.records, choice, ColdConfig(), case.seed
        )
    assert served is not None
    found = {label: score(case, tuple(chosen[label])) for label, (score, _) in BASELINES.items()} | _ours(
        case, served
    )
    users = np.arange(case.known.shape[0])
    plain, ours = case.scores, served.score(users)
    return {
        "among": {label: among(scores, case.wanted) for label, scores in found.items()},
        "whole": _whole(case, plain, ours), "warm": _warm(case, plain, ours), "refit seconds": seconds[0],
    }  # fmt: skip


def _ours(case: Case, served: ColdFit) -> dict[str, Float]:
    """What the student says alone, its virtual neighbours alone, and both as served."""
    place = served.cold.place([case.rows.records[int(i)] for i in case.new])
    profile, users = served.parts[-1], np.arange(case.known.shape[0])
    assert isinstance(profile, ProfilePart)
    there = place.neighbours >= 0
    entries = (np.repeat(np.arange(len(case.new)), there.sum(axis=1)), place.neighbours[there])
    shares = sp.csr_matrix((place.shares[there], entries), shape=(len(case.new), case.known.shape[1]))
    return {
        "virtual neighbours alone": np.asarray((shares @ case.scores.T).T),
        "content student alone": np.asarray((case.known @ profile.keys) @ place.items.T + place.bias),
        "both, as served": served.score(users)[:, case.new],
    }


def _whole(case: Case, plain: Float, ours: Float) -> dict[str, Any]:
    """New recipes among all 12,507: found by those who chose them, and what the lists then hold."""
    new = np.zeros(case.rows.choices.shape[1], dtype=np.float32)
    new[case.new] = 1
    lost = (case.rows.choices @ sp.diags(new)).tocsr()
    lost.eliminate_zeros()
    both = (lost + case.rows.test).tocsr()
    ours, plain = (mask_seen(scores.copy(), case.known) for scores in (ours, plain))
    lists, _ = top_k(ours, K)
    return {
        "new recipes": among(ours, lost), "new recipes, without": among(plain, lost),
        "new and trained": among(ours, both), "new and trained, without": among(plain, both),
        "share of new recipes in the lists": float(np.isin(lists, case.new).mean()),
        "share of new recipes in what was chosen": float(lost.nnz / case.rows.choices.nnz),
    }  # fmt: skip


def _warm(case: Case, plain: Float, ours: Float) -> dict[str, Any]:
    """Trained recipes ranked among themselves, with and without the cold path, by degree."""
    counts = np.bincount(case.known.indices, minlength=case.known.shape[1])
    found: dict[str, Any] = {}
    for label, scores in (("without", plain), ("with", ours)):
        masked = mask_seen(scores.copy(), case.known)
        masked[:, case.new] = -np.inf
        found[label] = among(masked, case.rows.test)
        for name, kept in (("1 to 5", (counts > 0) & (counts <= 5)), ("6 and more", counts > 5)):
            part = (case.rows.test @ sp.diags(kept.astype(np.float32))).tocsr()
            part.eliminate_zeros()
            found[f"{label}, {name} interactions"] = among(masked, part)
    return found


def among(scores: Float, wanted: sp.csr_matrix) -> dict[str, float]:
    """Recall@20 and NDCG@20, mean over the users who chose any."""
    rows = np.flatnonzero(np.diff(wanted.indptr))
    held, (found, _) = wanted[rows].toarray() > 0, top_k(np.asarray(scores[rows], dtype=np.float32), K)
    hits, sizes = np.take_along_axis(held, found, axis=1), held.sum(axis=1)
    return {"recall@20": float(recall(hits, sizes, K).mean()), "ndcg@20": float(ndcg(hits, sizes, K).mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument(
        "--towers", type=int, default=0, help="draws that the softmax tower is trained on as well"
    )
    arguments = parser.parse_args()
    data = need_data("recipes/recipes.jsonl.gz").parent
    with tempfile.TemporaryDirectory() as work, recipe_store(data, Path(work)) as store:
        records = list(store.item_records())
    rows, results = Rows.split(records, _choices(data, records)), read_results(NAME)
    if "chosen" not in results:
        results = {
            "protocol": {"new": NEW, "at least": MIN_INTERACTIONS, "k": K, "ease ridge": RIDGE, "fields": list(FIELDS),
                         "config": ColdConfig().model_dump(mode="json")},
            "chosen": choose_all(rows), "draws": {},
        }  # fmt: skip
        write_results(NAME, results)
    chosen, draws = results["chosen"], results["draws"]
    for tower, count in ((False, arguments.draws), (True, arguments.towers)):
        if tower and count and TOWER not in chosen:
            chosen[TOWER] = [choose_epochs(rows)]
        for seed in range(count):
            case = draw_case(rows, chosen, seed)
            if tower and TOWER not in draws[str(seed)]["among"]:
                draws[str(seed)]["among"][TOWER] = among(softmax_tower(case, chosen[TOWER]), case.wanted)
            elif str(seed) not in draws:
                draws[str(seed)] = run(case, chosen)
            else:
                continue
            write_results(NAME, results)
            print(f"draw {seed}: {draws[str(seed)]['among']}", file=sys.stderr)
    report(draws)


def draw_case(rows: Rows, chosen: dict[str, Any], seed: int) -> Case:
    """300 recipes that chose nothing lose their interactions."""
    able = np.setdiff1d(rows.able, chosen["pseudo-new"])
    new = np.sort(np.random.default_rng(seed).choice(able, NEW, replace=False))
    return make_case(rows, (rows.train + rows.valid).tocsr(), new, seed)


def _choices(data: Path, records: Sequence[ItemRecord]) -> sp.csr_matrix:
    """Who chose what, columns in the order of the records."""
    place = {record.ext: number for number, record in enumerate(records)}
    with (data / "interactions.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["user"], place[row["recipe"]]) for row in csv.DictReader(file)]
    users = {user: number for number, user in enumerate(sorted({user for user, _ in rows}))}
    entries = (np.array([users[user] for user, _ in rows]), np.array([item for _, item in rows]))
    return binary(CSR.from_coo(*entries, None, (len(users), len(records))))


def report(draws: dict[str, Any]) -> None:
    """Tables over draws."""
    for part, title in (
        ("among", "among the 300 new recipes"),
        ("whole", "in the whole catalogue"),
        ("warm", "trained recipes"),
    ):
        labels = list(dict.fromkeys(label for one in draws.values() for label in one[part]))
        lines = []
        for label in labels:
            values = [one[part][label] for one in draws.values() if label in one[part]]
            if isinstance(values[0], dict):
                lines.append(
                    [label, *([value[metric] for value in values] for metric in ("recall@20", "ndcg@20"))]
                )
            else:
                lines.append([label, values, ""])
        print_table(f"{title}, mean ± sd over draws", ["", "recall@20", "ndcg@20"], lines)


if __name__ == "__main__":
    main()
