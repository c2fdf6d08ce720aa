"""The real recipes, and an import that is killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from graphrec.language.ingredients import default_linker
from graphrec.language.linking import LinkKind
from graphrec.store import GraphStore
from graphrec.store.importers.rows import json_rows, open_text
from tests.conftest import REPOSITORY, require_data

_IMPORT = (
    "import sys; from graphrec.store import GraphStore; from graphrec.store.importers import import_recipes;"
    " s = GraphStore.open(sys.argv[1]); print('open', flush=True); import_recipes(s, sys.argv[2])"
)


def test_real_lines_are_linked() -> None:
    linker = default_linker()
    kinds: list[LinkKind] = []
    with open_text(require_data("recipes/recipes.jsonl.gz")) as file:
        for _, row in json_rows(file):
            kinds += [linker.resolve(line).kind for line in row.get("recipeIngredient", [])]
    assert len(kinds) == 110_792
    food = sum(kind in (LinkKind.KNOWN, LinkKind.UNKNOWN) for kind in kinds)
    assert food >= 0.99 * len(kinds)
    assert kinds.count(LinkKind.KNOWN) >= 0.97 * len(kinds)


def test_a_killed_import_leaves_nothing_half_done(tmp_path: Path) -> None:
    path, url = tmp_path / "r.jsonl", f"sqlite:///{tmp_path / 'x.db'}"
    number, pick = 1500, random.Random(0)
    rows = [
        {"identifier": str(i), "name": f"Stew {i}", "recipeIngredient": ["1 carrot", "2 eggs"]}
        for i in range(number)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    seen = set()
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", _IMPORT, url, str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE
        )
        assert child.stdout is not None and child.stdout.readline() == b"open\n"
        time.sleep(pick.uniform(0.0, 0.6))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with GraphStore.open(url) as store:
            info = store.info()
        found = info["nodes"].get("recipe", 0), info["edges"].get("contains", 0)
        assert found in ((0, 0), (number, 2 * number))
        seen.add(found)
    assert seen
