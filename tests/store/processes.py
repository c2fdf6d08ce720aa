"""Starting the programs of :mod:`tests.store.store_children`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def start(name: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """A child with pipes for all three streams."""
    command = [sys.executable, "-m", "tests.store.store_children", name, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe
    )


def run(name: str, *arguments: object) -> tuple[int, str, str]:
    """Exit status and both outputs of a child that ends by itself."""
    child = start(name, *arguments)
    out, err = child.communicate(timeout=60)
    return child.returncode, out.strip(), err
