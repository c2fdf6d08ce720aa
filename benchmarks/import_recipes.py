"""How long the real recipes take to import, how many ingredient lines are linked, how right, and how right
courses are.

    python benchmarks/import_recipes.py [--no-extra]

Reads `recipes/` of the data folder; writes `benchmarks/results/import_recipes.json`. Targets: recipes and
interactions into a
fresh store in under 60 s; 97 % of ingredient lines linked to a vocabulary name.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._common import REPOSITORY, need_data, print_table, stopwatch, write_results
from graphrec.language.course import CourseText, assign_courses, cross_validated_accuracy
from graphrec.language.ingredients import default_linker
from graphrec.store import GraphStore
from graphrec.store.importers import ImportReport, import_interactions, import_recipes

COURSES = ("appetizer", "main dish", "dessert")


def judged_lines() -> dict[str, float]:
    """Micro precision and recall over the lines that a person judged."""
    linker = default_linker()
    hits = found = wanted = lines = 0
    for text in (REPOSITORY / "tests/data/ingredient_lines.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        want = {linker.vocabulary.canonical(name) or name for name in row["ingredients"]}
        got = set(linker.link(row["line"]))
        lines += 1
        hits, found, wanted = hits + len(want & got), found + len(got), wanted + len(want)
    return {"lines": lines, "precision": hits / found, "recall": hits / wanted}


def courses() -> dict[str, float]:
    """Accuracy on the single-label recipes of course_labels.csv: learned from labels, and from title
    giveaways alone.
    """
    with need_data("recipes/course_labels.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["recipe"]: row["course"] for row in csv.DictReader(file) if row["course"] in COURSES}
    linker = default_linker()
    ids, texts = [], []
    with gzip.open(need_data("recipes/recipes.jsonl.gz"), "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row.get("name"):
                names = dict.fromkeys(n for raw in row.get("recipeIngredient", []) for n in linker.link(raw))
                ids.append(row["identifier"])
                texts.append(CourseText(row["name"], tuple(names)))
    known = [i for i, ident in enumerate(ids) if ident in labels]
    truth = [labels[ids[i]] for i in known]
    supervised = cross_validated_accuracy([texts[i] for i in known], truth)
    unlabelled = assign_courses(texts, [()] * len(texts))
    near = {"soup": "main dish", "salad": "main dish", "sandwich": "main dish", "side dish": "main dish"}
    guessed = [unlabelled[i][0] for i in known]
    right = sum(g == t for g, t in zip(guessed, truth, strict=True))
    merged = sum(near.get(g, g) == t for g, t in zip(guessed, truth, strict=True))
    return {
        "labelled_recipes": len(known),
        "majority_share": max(truth.count(c) for c in COURSES) / len(truth),
        "cross_validated_accuracy": supervised,
        "giveaways_only_accuracy_11_classes": right / len(truth),
        "giveaways_only_accuracy_merged": merged / len(truth),
        "recipes_with_a_course": sum(bool(c) for c in unlabelled) / len(texts),
    }


def summary(report: ImportReport) -> dict[str, Any]:
    """What of a report belongs into the result file."""
    return {
        "rows": report.rows, "imported": report.imported, "skipped": report.skipped, "counts": report.counts,
        "linked_line_share": report.linked_line_share, "seconds": report.seconds,
    }  # fmt: skip


def imports(extra: bool) -> dict[str, Any]:
    """Import into a fresh store, then the same again."""
    files = ["recipes.jsonl.gz", "interactions.csv"] + (["catalogue_extra.jsonl.gz"] if extra else [])
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, GraphStore.open(f"sqlite:///{folder}/recipes.db") as store:
        with stopwatch() as first:
            for name in files[:2]:
                importer = import_interactions if name.endswith(".csv") else import_recipes
                results[name] = summary(importer(store, need_data(f"recipes/{name}")))
        results["recipes_and_interactions_seconds"] = first[0]
        for name in files[2:]:
            results[name] = summary(import_recipes(store, need_data(f"recipes/{name}")))
        results["again_recipes.jsonl.gz"] = summary(
            import_recipes(store, need_data("recipes/recipes.jsonl.gz"))
        )
        results["store"] = {key: store.info()[key] for key in ("bytes", "nodes", "edges")}
    return results


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-extra", action="store_true", help="leave catalogue_extra out")
    imported = imports(extra=not parser.parse_args().no_extra)
    judged, learned = judged_lines(), courses()
    rows = [
        (
            name,
            found["rows"],
            found["seconds"],
            "-" if found["linked_line_share"] is None else found["linked_line_share"],
        )
        for name, found in imported.items()
        if isinstance(found, dict) and "rows" in found
    ]
    print_table("Imports", ("file", "rows", "seconds", "lines linked"), rows)
    print(f"recipes and interactions: {imported['recipes_and_interactions_seconds']:.1f} s (target 60)")
    print_table("Ingredient lines judged by a person", tuple(judged), [tuple(judged.values())])
    print_table("Courses", ("what", "value"), list(learned.items()))
    write_results("import_recipes", {"imports": imported, "judged_lines": judged, "courses": learned})


if __name__ == "__main__":
    main()
