"""A small catalogue that went through the real commands: imported, trained, ready to be asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphrec.cli.main import execute

DISHES = [
    ("pad-thai", "Pad Thai", "Thai", "main dish", ["8 oz rice noodles", "1/2 lb shrimp", "1/3 cup peanuts"]),
    ("green-curry", "Green Curry", "Thai", "main dish", ["1 lb chicken breast", "1 can coconut milk"]),
    ("cashew-chicken", "Cashew Chicken", "Thai", "main dish", ["1 lb chicken breast", "1 cup cashews"]),
    ("mango-rice", "Mango Sticky Rice", "Thai", "dessert", ["3 mangoes", "1 cup glutinous rice"]),
    ("carbonara", "Carbonara", "Italian", "main dish", ["12 oz spaghetti", "3 eggs", "5 oz bacon"]),
    ("pesto", "Pesto Pasta", "Italian", "main dish", ["1 lb pasta", "1/3 cup pine nuts", "2 cups basil"]),
    ("tiramisu", "Tiramisu", "Italian", "dessert", ["16 oz mascarpone", "4 eggs", "1 cup espresso"]),
    ("piccata", "Chicken Piccata", "Italian", "main dish", ["2 chicken breasts", "1/4 cup capers"]),
    ("tacos", "Fish Tacos", "Mexican", "main dish", ["1 lb cod", "12 corn tortillas", "2 limes"]),
    ("guacamole", "Guacamole", "Mexican", "appetizer", ["4 avocados", "1 lime", "1 jalapeno"]),
    ("tinga", "Chicken Tinga", "Mexican", "main dish", ["2 chicken breasts", "1 onion", "2 tomatoes"]),
    ("flan", "Flan", "Mexican", "dessert", ["4 eggs", "1 cup sugar", "1 can condensed milk"]),
]
CUISINES = ("Thai", "Italian", "Mexican")


@dataclass(frozen=True)
class Kitchen:
    """Paths of everything that the commands made."""

    folder: Path
    url: str
    bundle: Path


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


class Command:
    """Runs a command line in this process; `capsys` keeps stdout and stderr apart."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: object) -> Outcome:
        self.capsys.readouterr()
        status = execute([str(word) for word in words])
        streams = self.capsys.readouterr()
        return Outcome(status, streams.out, streams.err)

    def fails(self, *words: object) -> str:
        """Runs a command that must end with status 2 and one line on stderr; gives the line."""
        outcome = self(*words)
        assert outcome.status == 2, outcome
        lines = [line for line in outcome.err.splitlines() if line.startswith("graphrec: ")]
        assert len(lines) == 1, outcome.err
        assert "Traceback" not in outcome.err
        assert "Unexpected" not in outcome.err
        return lines[0]


@pytest.fixture
def graphrec(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def write_catalogue(folder: Path) -> None:
    """Twelve dishes, and thirty users who each keep to one cuisine."""
    with (folder / "recipes.jsonl").open("w", encoding="utf-8") as out:
        for ident, name, cuisine, course, lines in DISHES:
            row = {"identifier": ident, "name": name, "recipeCuisine": cuisine, "recipeCategory": course}
            out.write(json.dumps({**row, "recipeIngredient": lines, "totalTime": "PT30M"}) + "\n")
    with (folder / "interactions.csv").open("w", encoding="utf-8") as out:
        out.write("user,recipe,type,time\n")
        for number in range(30):
            own = [dish[0] for dish in DISHES if dish[2] == CUISINES[number % 3]]
            for step, item in enumerate(own):
                if (number // 3) % 4 != step:
                    out.write(f"u{number},{item},cook,2025-01-{step + 1:02d}T12:00:00Z\n")


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    """Imported and trained by the commands themselves; read-only for tests."""
    folder = tmp_path_factory.mktemp("kitchen")
    write_catalogue(folder)
    url = f"sqlite:///{folder / 'kitchen.db'}"
    bundle = folder / "models" / "ease"
    for words in (
        ["import", "recipes", folder / "recipes.jsonl", "--store", url],
        ["import", "interactions", folder / "interactions.csv", "--store", url],
        ["train", "--store", url, "--model", "ease", "--out", bundle],
    ):
        assert execute([str(word) for word in words]) == 0, words
    return Kitchen(folder, url, bundle)


def process(*words: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real program in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [sys.executable, "-m", "graphrec", *map(str, words)],
        capture_output=True, text=True, env=env, cwd=cwd, timeout=300, check=False,
    )  # fmt: skip
