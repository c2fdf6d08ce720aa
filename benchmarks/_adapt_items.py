"""Cold domains: kinds of dishes lose all their interactions and are ranked by what other kinds teach of their words.

    python benchmarks/_adapt_items.py [--draws 5] [--first 1]

22 kinds of dishes by the names of the recipes, joined where they use the same ingredients. In each draw 7 kinds lose
all their interactions. What is left trains EASE and the content student as `graphrec train` does, with settings that
`cold_items.py` chose on recipes of all kinds: the baseline may know a little too much. A network learns what the
words got wrong, by three methods with two settings each and one rehearsal: a third of the remaining kinds is hidden
as well, and setting and share of the correction are those that rank each hidden kind best. The hidden interactions of
the 7 kinds are looked at once, at the end. The settings that are offered were found on draw 0, which is not reported.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from _adapt_item_domains import NAMES, OTHER, domains_of, graph_of
from _common import need_data, print_table, read_results, stopwatch, write_results
from _recipe_store import recipe_store
from cold_items import _choices, among
from numpy.typing import NDArray

from graphrec.adapt.config import AdaptConfig, StopConfig
from graphrec.adapt.data import DomainData
from graphrec.adapt.domain_graph import DomainGraph
from graphrec.adapt.item_scorer import ITEM_ADAPT, ItemValues, learn_items
from graphrec.adapt.rehearsal_splits import rehearsal_splits
from graphrec.bundle import ProfilePart
from graphrec.models.base import TrainData
from graphrec.sparse import CSR
from graphrec.sparse.top_k import top_k
from graphrec.store.records import ItemRecord
from graphrec.training.blend import ShippedEASE
from graphrec.training.cold_choice import mask_seen
from graphrec.training.cold_config import ColdChoice, ColdConfig
from graphrec.training.cold_domain_check import Rehearsed, choose_share
from graphrec.training.cold_domain_rows import WordRows, rewritten
from graphrec.training.cold_domain_view import ColdView, DomainItems, task_of, view
from graphrec.training.cold_fit import ColdFit, refit_cold
from graphrec.training.cold_student import model_scores
from graphrec.training.config import BlendConfig

Float = NDArray[np.floating[Any]]
Int = NDArray[np.int64]

NAME, HIDDEN, K, RIDGE, DIM, FOLDS = "grda_items", 7, 20, 300.0, 32, 4
COLD = ColdConfig(max_words=3000)
"""Half the words, so that a draw takes minutes."""
CHOICE = ColdChoice(
    ridge=8.0,
    own=0.3,
    neighbours=30,
    temperature=0.2,
    portion=0.2,
    lean=0.0182,
    unit=0.819,
    scale=1.4,
    half=0.0,
)
"""As `cold_items.py` chose; trained recipes stay as they are."""


def _config(method: str, epochs: int = 8, weight: float = 0.0) -> AdaptConfig:
    stop = StopConfig(epochs=epochs, least=epochs)
    return ITEM_ADAPT.model_copy(update={"method": method, "alignment_weight": weight, "stop": stop})


OFFERED: Mapping[str, Sequence[AdaptConfig]] = {
    "source-only": [_config("source_only", epochs) for epochs in (4, 8)],
    "DANN": [_config("dann", weight=weight) for weight in (0.3, 1.0)],
    "GRDA": [_config("grda", weight=weight) for weight in (0.3, 1.0)],
}


@dataclass(frozen=True, eq=False)
class Recipes:
    """All recipes with who chose them and their kinds."""

    records: Sequence[ItemRecord]
    choices: sp.csr_matrix
    domain: Int
    graph: DomainGraph

    @classmethod
    def read(cls, data: Path) -> Recipes:
        with tempfile.TemporaryDirectory() as work, recipe_store(data, Path(work)) as store:
            records = list(store.item_records())
        domain = domains_of(records)
        choices = _choices(data, records).astype(np.float32)
        return cls(records, choices, domain, graph_of(records, domain))


@dataclass(frozen=True, eq=False)
class Draw:
    """Some kinds without interactions.

    Args:
        targets: the kinds.
        train: choices that models are fitted to, none of the targets.
        held: 5 % of the choices outside the targets: what trained recipes lose to new ones.
    """

    recipes: Recipes
    seed: int
    targets: Int
    train: sp.csr_matrix
    held: sp.csr_matrix

    @classmethod
    def make(cls, recipes: Recipes, seed: int) -> Draw:
        rng = np.random.default_rng(seed)
        targets = np.sort(rng.choice(len(NAMES) - 1, HIDDEN, replace=False))
        left = _only(recipes.choices, ~np.isin(recipes.domain, targets))
        held = rng.random(left.nnz) < 0.05
        return cls(recipes, seed, targets, _entries(left, ~held), _entries(left, held))

    @property
    def sources(self) -> Int:
        return np.setdiff1d(np.arange(len(NAMES)), self.targets)

    @cached_property
    def cold(self) -> Int:
        """The recipes of the hidden kinds."""
        return np.flatnonzero(np.isin(self.recipes.domain, self.targets))

    @cached_property
    def wanted(self) -> sp.csr_matrix:
        """What people chose among them."""
        return self.recipes.choices[:, self.cold].tocsr()

    @cached_property
    def fitted(self) -> ColdFit:
        """EASE and the content student on what is left."""
        train = CSR.from_scipy(self.train)
        model = ShippedEASE(RIDGE, TrainData(train, None, None), BlendConfig())
        found = refit_cold(model, train, self.recipes.records, CHOICE, COLD, self.seed)
        assert found is not None
        return found

    @property
    def part(self) -> ProfilePart:
        part = self.fitted.parts[-1]
        assert isinstance(part, ProfilePart)
        return part

    @cached_property
    def items(self) -> DomainItems:
        cold, choice = self.fitted.cold, self.fitted.chosen
        bags = cold.features.bags(self.recipes.records).to_scipy()
        return DomainItems(
            bags, self.recipes.domain, self.recipes.graph, self.part.keys, self.fitted.parts[:-1], choice.own,
            choice.ridge, DIM, FOLDS,
        )  # fmt: skip

    @cached_property
    def words(self) -> WordRows:
        """What the student says of the hidden recipes."""
        return WordRows.of(self.fitted.cold, self.items.bags[self.cold])

    @cached_property
    def lean(self) -> float:
        """Weight of popularity in the student's scores, in units of their spread."""
        return self.words.lean(np.asarray(self.train @ self.part.keys))

    def seen(self, sources: Int) -> ColdView:
        kept = (self.recipes.domain < 0) | np.isin(self.recipes.domain, sources)
        return view(self.items, _only(self.train, kept), sources, self.seed)

    def hidden(self) -> Int:
        """A third of the sources, those nearest the targets, to rehearse on."""
        there = np.flatnonzero(self.recipes.domain >= 0)
        domain = self.recipes.domain[there]
        labels = np.zeros(len(there), np.float32)
        data = DomainData.hide(labels[:, None], domain, labels, self.recipes.graph, self.sources)
        able = [group[group != NAMES.index(OTHER)] for group in rehearsal_splits(data, 1, seed=self.seed)]
        return able[0]


def _only(choices: sp.csr_matrix, kept: NDArray[np.bool_]) -> sp.csr_matrix:
    return _entries(choices, kept[choices.indices])


def _entries(choices: sp.csr_matrix, kept: NDArray[np.bool_]) -> sp.csr_matrix:
    found = choices.copy()
    found.data = found.data * kept
    found.eliminate_zeros()
    return found.tocsr()


# --- one draw


def run_draw(draw: Draw) -> dict[str, Any]:
    """Every row of one draw."""
    with stopwatch() as seconds:
        hidden = draw.hidden()
        rehearsal = draw.seen(np.setdiff1d(draw.sources, hidden))
        seen = draw.seen(draw.sources)
    rows = np.flatnonzero(np.isin(draw.recipes.domain, hidden))
    wanted = draw.train[:, rows].tocsr()
    found = _plain(draw, seen)
    chosen: dict[str, Any] = {}
    for label, configs in OFFERED.items():
        with stopwatch() as spent:
            tried = [
                _rehearsed(draw, rehearsal, learn_items(rehearsal.task, config, draw.seed), rows, wanted)
                for config in configs
            ]
            shares = [choose_share([one]) for one in tried]
            best = int(np.argmax([max(values[share] for share in values if share) for _, values in shares]))
            share, qualities = shares[best]
            correction = seen.widened(learn_items(seen.task, configs[best], draw.seed))
        found[f"{label}, whole correction"] = _scored(draw, seen, correction, 1.0)
        found[f"{label}, as far as the rehearsal bears it out"] = _scored(draw, seen, correction, share)
        chosen[label] = {
            "alignment_weight": configs[best].alignment_weight, "epochs": configs[best].stop.epochs, "share": share,
            "rehearsal": {str(key): value for key, value in qualities.items()}, "seconds": spent[0],
        }  # fmt: skip
    found["source-only, errors of the fit itself, whole correction"] = _naive(draw, seen)
    return {
        "hidden": [NAMES[number] for number in draw.targets], "rehearsed": [NAMES[number] for number in hidden],
        "recipes": len(draw.cold), "interactions": int(draw.wanted.nnz), "chosen": chosen,
        "seconds of views": seconds[0], "rows": found,
    }  # fmt: skip


def _rehearsed(
    draw: Draw, seen: ColdView, correction: ItemValues, rows: Int, wanted: sp.csr_matrix
) -> Rehearsed:
    own = draw.recipes.domain[rows]
    return Rehearsed(
        seen.space, seen.student.of(rows), seen.widened(correction).of(rows), wanted, own, draw.lean
    )


def _plain(draw: Draw, seen: ColdView) -> dict[str, dict[str, float]]:
    """Rows without a network."""
    bags, cold = draw.items.bags, draw.cold
    likeness = np.asarray(((draw.train @ bags) @ bags[cold].T).toarray())
    logs = np.broadcast_to(seen.student.popularity[cold], likeness.shape)
    return {
        "random": among(np.random.default_rng(draw.seed).random(likeness.shape), draw.wanted),
        "expected popularity, by the words": among(logs, draw.wanted),
        "TF-IDF profile": among(likeness, draw.wanted),
        "content student, as shipped": _served(draw, draw.fitted.parts),
    }


def _naive(draw: Draw, seen: ColdView) -> dict[str, float]:
    """Corrections learned from errors on the very items that words were fitted to: what leaving domains out is for."""
    told = np.concatenate([seen.student.values, seen.student.popularity[:, None]], axis=1)
    task = task_of(draw.items, told, seen.wanted, draw.sources)
    correction = seen.widened(learn_items(task, OFFERED["source-only"][1], draw.seed))
    return _scored(draw, seen, correction, 1.0)


def _scored(draw: Draw, seen: ColdView, correction: ItemValues, share: float) -> dict[str, float]:
    parts = rewritten(
        draw.fitted.parts, draw.part, draw.cold, draw.words, seen, correction, share, lean=draw.lean
    )
    return _served(draw, parts)


def _served(draw: Draw, parts: Sequence[Any]) -> dict[str, float]:
    """Hidden recipes among themselves and in the whole catalogue, by the parts of a bundle."""
    users = np.arange(draw.train.shape[0])
    scores = model_scores(parts, draw.train, users)
    found = among(scores[:, draw.cold], draw.wanted)
    whole = mask_seen(scores, draw.train)
    lists, _ = top_k(whole, K)
    lost = _only(draw.recipes.choices, np.isin(draw.recipes.domain, draw.targets))
    everything = among(whole, lost)
    return found | {
        "whole recall@20": everything["recall@20"], "whole ndcg@20": everything["ndcg@20"],
        "share of lists": float(np.isin(lists, draw.cold).mean()),
        "trained recall@20": among(whole, draw.held)["recall@20"],
    }  # fmt: skip


# --- all draws


def run(draws: Sequence[int] = range(1, 6)) -> dict[str, Any]:
    """Draws that are not in the results yet, then the whole payload, for `benchmarks/grda.py`."""
    results = read_results(NAME)
    done = results.setdefault("draws", {})
    results["protocol"] = {
        "kinds": list(NAMES), "hidden": HIDDEN, "k": K, "ease ridge": RIDGE, "dim": DIM, "folds": FOLDS,
        "student": COLD.model_dump(mode="json") | CHOICE.model_dump(mode="json"),
        "offered": {label: [one.model_dump(mode="json") for one in configs] for label, configs in OFFERED.items()},
    }  # fmt: skip
    missing = [seed for seed in draws if str(seed) not in done]
    recipes = Recipes.read(need_data("recipes/recipes.jsonl.gz").parent) if missing else None
    for seed in missing:
        assert recipes is not None
        with stopwatch() as seconds:
            done[str(seed)] = run_draw(Draw.make(recipes, seed))
        done[str(seed)]["seconds"] = seconds[0]
        write_results(NAME, results)
        print(f"draw {seed}: {seconds[0]:.0f} s", file=sys.stderr)
    return results


def report(results: Mapping[str, Any]) -> None:
    """Mean ± sd over draws, and each row's difference from the shipped student, draw by draw."""
    draws = list(results["draws"].values())
    labels = list(draws[0]["rows"])
    for title, keys in (
        ("Cold kinds of dishes, among their recipes", ("recall@20", "ndcg@20")),
        (
            "The same in the whole catalogue",
            ("whole recall@20", "whole ndcg@20", "share of lists", "trained recall@20"),
        ),
    ):
        there = [label for label in labels if keys[0] in draws[0]["rows"][label]]
        rows = [[label, *([one["rows"][label][key] for one in draws] for key in keys)] for label in there]
        print_table(f"{title}, {len(draws)} draws", ["", *keys], rows)
    base = "content student, as shipped"
    rows = []
    for label in labels:
        pairs = [(one["rows"][label], one["rows"][base]) for one in draws]
        rows.append(
            [label, *([own[key] - other[key] for own, other in pairs] for key in ("recall@20", "ndcg@20"))]
        )
    print_table("Less the shipped student, draw by draw", ["", "recall@20", "ndcg@20"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_args()
    report(run(range(arguments.first, arguments.first + arguments.draws)))


if __name__ == "__main__":
    main()
