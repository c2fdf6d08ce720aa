"""What holds for the package as a whole.

No unsafe loading, no machine's paths, readable files, and a plain install that serves without torch.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import venv
from functools import cache, partial
from pathlib import Path

import pytest

from graphrec.cli.main import execute

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "graphrec"
SOURCES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {
    "pickle": r"(import|from)\s+\w*pickle\b|\bpickle\.|allow_pickle\s*=\s*True|\bdill\b\.",
    "torch.load": r"torch\.load\b",
    "eval": r"(?<![\w.])eval\(",
    "exec": r"(?<![\w.])exec\(",
    "yaml.load": r"yaml\.load\(",
    "a weights_only switch": r"weights_only\s*=\s*False",
    "an e-mail header": r"^#\s*(author|created by)\b",
    "a path of some machine": r"[\"'(\s](/(home|root|work|tmp|Users)/|C:\\\\Users)",
}
RESTRICTED = {
    ("pickle", "graphrec/datasets/planetoid.py"),
    ("pickle", "graphrec/ogb/loading.py"),
    ("torch.load", "graphrec/ogb/loading.py"),
}
"""Planetoid publishes pickles: its reader builds arrays, CSR parts and dictionaries of lists, and refuses all else. OGB
publishes torch archives, read with `weights_only=True` and a list of arrays; the module names pickle's error."""
LONGEST = 400
MEDIAN = 160


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_code_never_uses(name: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        if (name, path.relative_to(ROOT).as_posix()) not in RESTRICTED
        for number, line in enumerate(code_lines(path), start=1)
        if re.search(FORBIDDEN[name], line, re.IGNORECASE)
    ]
    assert not found


@cache
def code_lines(path: Path) -> list[str]:
    """The file without docstrings and comments: words about what is not done are no doing."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            for number in range(node.lineno - 1, (node.end_lineno or node.lineno)):
                lines[number] = ""
    return [re.sub(r"\s+#\s.*$", "", line) for line in lines]


def test_no_tracked_text_names_a_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    here = "/" + "work/"
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".json", ".sh", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert here not in text and "/root" + "/" not in text, name


def test_files_stay_readable() -> None:
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES)
    too_long = [str(p) for p in SOURCES if len(p.read_text(encoding="utf-8").splitlines()) > LONGEST]
    assert not too_long
    assert lengths[len(lengths) // 2] <= MEDIAN


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {path.parent for path in SOURCES}
    assert all((folder / "__init__.py").exists() for folder in folders)
    assert (PACKAGE / "py.typed").exists()


def test_almost_every_function_says_what_it_returns() -> None:
    functions = [
        node
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    typed = sum(node.returns is not None for node in functions)
    assert typed / len(functions) >= 0.95


def test_public_names() -> None:
    import graphrec

    assert set(graphrec.__all__) == {
        "GraphQuery", "GraphSnapshot", "GraphStore", "NodeRef", "Recommender", "__version__",
    }  # fmt: skip
    for name in graphrec.__all__:
        assert getattr(graphrec, name) is not None
    assert set(graphrec.__all__) <= set(dir(graphrec))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = graphrec.nonsense


def run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A program that sees neither this checkout nor this environment."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, env=inherited, cwd=cwd
    )


@pytest.mark.slow_install
@pytest.mark.skipif(sys.platform == "win32", reason="paths of a POSIX virtual environment")
def test_the_plain_install_answers_a_request_without_torch(tmp_path: Path) -> None:
    """The wheel with its plain requirements serves a bundle that was trained elsewhere."""
    outside = partial(run, cwd=tmp_path)
    built = outside(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("graphrec-*.whl")
    venv.create(tmp_path / "plain", with_pip=True)
    python = tmp_path / "plain" / "bin" / "python"
    installed = outside(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    assert installed.returncode == 0, installed.stderr

    url, bundle = f"sqlite:///{tmp_path / 'demo.db'}", tmp_path / "bundle"
    data = ROOT / "data"
    for words in (
        ("import", "recipes", data / "recipes.jsonl", "--store", url),
        ("import", "interactions", data / "interactions.csv", "--store", url),
        ("train", "--store", url, "--model", "ease", "--out", bundle),
    ):
        assert execute([str(word) for word in words]) == 0

    program = tmp_path / "plain" / "bin" / "graphrec"
    assert outside(python, "-c", "import torch").returncode != 0
    answered = outside(
        program, "recommend", "--model", bundle, "--store", url, "--user", "u001",
        "--request", "chicken without nuts", "--explain",
    )  # fmt: skip
    assert answered.returncode == 0, answered.stderr
    assert len(answered.stdout.splitlines()) == 10
    assert outside(program, "doctor", "--store", url).returncode == 0
    assert outside(program, "info", "--store", url).returncode == 0
    shipped = outside(python, "-c", "from graphrec.datasets.demo import demo_data; print(demo_data())")
    assert "site-packages" in shipped.stdout
    refused = outside(program, "train", "--store", url, "--model", "ckgat", "--out", tmp_path / "no")
    assert refused.returncode == 2 and "graphrec[train]" in refused.stderr
