"""Substitutes for ingredients: how often one that cooks agree on is among the first five.

    python benchmarks/substitutes.py [--work DIR] [--extra]

Well-known substitutes are those of `tests/data/substitutes.json`, also where a diet or an allergy rules out the usual
ones: its dev parts chose the weights in `graphrec/nlu/actions/substitute.py` (`--grid` shows that choice), its test
parts are for the figures. Beside the method stand what is used together most (plain co-occurrence), the cosine of
contexts alone, and the taxonomy alone; exclusions are kept by all of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _common import REPOSITORY, need_data, print_table, stopwatch, write_results
from _recipe_store import recipe_store

from graphrec.bundle.catalogue import Catalogue
from graphrec.nlu.actions import substitute
from graphrec.nlu.lexicon import Lexicon
from graphrec.ranking.catalogue_from_snapshot import build_catalogue
from graphrec.ranking.query import NodeRef
from graphrec.store import write_snapshot

FIRST = 5
Ranker = Callable[[NodeRef, frozenset[NodeRef]], Sequence[int]]
OURS = "contexts, kinship, company"
GRID = {
    "KIN": (0.1, 0.2, 0.3, 0.5, 1.0), "COMPANY": (0.0, 0.1, 0.25), "USE": (0.1, 0.3), "NAME": (0.0, 0.3, 0.5, 0.7),
    "STRANGERS": (0.5, 1.0, 2.0, 1e9),
}  # fmt: skip
PARTS = ("dev", "dev_excluding", "test", "test_excluding")


def rankers(catalogue: Catalogue) -> dict[str, Ranker]:
    """The method and what it is compared with; each gives attributes, best first, without what is excluded."""
    found = substitute.Substitutes(catalogue, Lexicon.from_catalogue(catalogue))
    contexts = found.contexts

    def row(ref: NodeRef) -> int:
        place = contexts.row(_attribute(catalogue, ref))
        assert place is not None
        return place

    def by(scores: Callable[[NodeRef], Any]) -> Ranker:
        def rank(ref: NodeRef, banned: frozenset[NodeRef]) -> list[int]:
            own, best = row(ref), []
            for place in np.argsort(-np.asarray(scores(ref), dtype=np.float64), kind="stable").tolist():
                node = NodeRef("ingredient", catalogue.attribute_ids[int(contexts.attributes[place])])
                if place != own and not (banned and found.forbids(node, banned)):
                    best.append(int(contexts.attributes[place]))
                if len(best) == FIRST:
                    break
            return best

        return rank

    def ours(ref: NodeRef, banned: frozenset[NodeRef]) -> list[int]:
        return [
            _attribute(catalogue, item.node)
            for item in found.find(ref, must_not=tuple(banned), k=FIRST).items
        ]

    return {
        "co-occurrence": by(lambda ref: contexts.together(row(ref))),
        "cosine of contexts": by(lambda ref: contexts.alike(row(ref))),
        "taxonomy": by(lambda ref: found.kinship(ref) * (1 + 0.1 * np.log1p(contexts.dishes))),
        OURS: ours,
    }


def _attribute(catalogue: Catalogue, ref: NodeRef) -> int:
    attribute = catalogue.resolve(ref.type, ref.id)
    assert attribute is not None
    return attribute


def measure(catalogue: Catalogue, rank: Ranker, known: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Hit rate within five and within one, and the mean reciprocal rank of the first hit."""
    places: list[int] = []
    for name, others in known.items():
        said, _, excluded = name.partition(" without ")
        subject = catalogue.resolve("ingredient", said)
        wanted = {a for other in others if (a := catalogue.resolve("ingredient", other)) is not None} - {
            subject
        }
        if subject is not None and wanted:
            banned = frozenset([NodeRef("ingredient", excluded)] if excluded else [])
            ranked = rank(NodeRef("ingredient", said), banned)
            places.append(next((n for n, a in enumerate(ranked, start=1) if a in wanted), 0))
    hits = [place for place in places if place]
    return {
        "hit@5": len(hits) / len(places), "hit@1": sum(place == 1 for place in hits) / len(places),
        "mrr@5": sum(1 / place for place in hits) / len(places), "ingredients": len(places),
    }  # fmt: skip


def grid(catalogue: Catalogue, known: Mapping[str, Mapping[str, Sequence[str]]]) -> list[tuple[Any, ...]]:
    """Every setting with its figures on the parts for choosing, best first."""
    rows: list[tuple[Any, ...]] = []
    kept = {name: getattr(substitute, name) for name in GRID}
    for values in itertools.product(*GRID.values()):
        for name, value in zip(GRID, values, strict=True):
            setattr(substitute, name, value)
        parts = [measure(catalogue, rankers(catalogue)[OURS], known[part]) for part in PARTS[:2]]
        rows.append((*values, *(sum(part[name] for part in parts) / 2 for name in ("hit@5", "mrr@5"))))
    for name, value in kept.items():
        setattr(substitute, name, value)
    return sorted(rows, key=lambda row: (-row[-2], -row[-1]))


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "graphrec-recipes")
    parser.add_argument("--extra", action="store_true", help="add the recipes nobody has interacted with")
    parser.add_argument("--grid", action="store_true", help="show the choice of the weights")
    options = parser.parse_args()
    store = recipe_store(need_data("recipes"), options.work, extra=options.extra)
    snapshot = write_snapshot(store, options.work / ("all.snapshots" if options.extra else "snapshots"))
    catalogue = build_catalogue(snapshot)
    known = json.loads((REPOSITORY / "tests/data/substitutes.json").read_text(encoding="utf-8"))
    if options.grid:
        print_table("weights, mean of the dev parts", [*GRID, "hit@5", "mrr@5"], grid(catalogue, known)[:20])
    methods = rankers(catalogue)
    with stopwatch() as built:
        methods[OURS](NodeRef("ingredient", "butter"), frozenset())
    figures = {
        part: {name: measure(catalogue, rank, known[part]) for name, rank in methods.items()}
        for part in PARTS
    }
    for part, rows in figures.items():
        columns = ["method", "hit@5", "hit@1", "mrr@5"]
        print_table(f"{part}: substitutes that cooks agree on", columns, [
            (name, *(row[column] for column in columns[1:])) for name, row in rows.items()
        ])  # fmt: skip
    write_results("substitutes", {
        "items": catalogue.num_items, "seconds_to_build": built[0], "figures": figures,
        "weights": {name: getattr(substitute, name) for name in GRID},
    })  # fmt: skip


if __name__ == "__main__":
    main()
