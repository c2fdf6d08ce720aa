"""The shipped data is what its script writes, and as varied as its README says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from graphrec.datasets.demo import demo_data

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"


def recipes() -> list[dict[str, object]]:
    return [json.loads(line) for line in (DATA / "recipes.jsonl").read_text(encoding="utf-8").splitlines()]


def interactions() -> list[dict[str, str]]:
    with (DATA / "interactions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_writes_exactly_these_files(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_demo_data.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True, capture_output=True)
    for name in ("recipes.jsonl", "interactions.csv"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), (
            f"run {script.name} and commit {name}"
        )


def test_the_package_finds_the_files() -> None:
    assert (demo_data() / "recipes.jsonl").read_bytes() == (DATA / "recipes.jsonl").read_bytes()


def test_five_hundred_distinct_dishes_of_twenty_cuisines() -> None:
    rows = recipes()
    assert len(rows) >= 500
    assert len({row["identifier"] for row in rows}) == len({row["name"] for row in rows}) == len(rows)
    assert len({row["recipeInstructions"] for row in rows}) == len(rows)
    assert len({tuple(row["recipeIngredient"]) for row in rows}) == len(rows)  # type: ignore[arg-type]
    assert min(Counter(row["recipeCuisine"] for row in rows).values()) >= 10
    assert len({row["recipeCuisine"] for row in rows}) >= 20


def test_users_are_typed_timed_noisy_and_some_dishes_are_cold() -> None:
    rows = interactions()
    assert len({row["user"] for row in rows}) == 800
    assert set(row["type"] for row in rows) == {"view", "save", "cart", "cook"}
    assert all(row["time"].endswith("Z") for row in rows)
    known = {row["identifier"]: row["recipeCuisine"] for row in recipes()}
    seen = {row["recipe"] for row in rows}
    assert seen < set(known) and len(known) - len(seen) >= 20
    cuisines: dict[str, Counter[object]] = defaultdict(Counter)
    for row in rows:
        cuisines[row["user"]][known[row["recipe"]]] += 1
    top_two = [sum(n for _, n in c.most_common(2)) / c.total() for c in cuisines.values()]
    # Tastes show (24 cuisines at random would give about a fifth), and noise keeps them from being pure.
    assert 0.4 < sum(top_two) / len(top_two) < 0.9


def test_no_file_is_large_and_the_simulation_is_labelled() -> None:
    assert all(path.stat().st_size < 1_400_000 for path in DATA.iterdir())
    assert "simulated" in (DATA / "README.md").read_text(encoding="utf-8")
