"""Label embeddings and label trees of graphrec against libpecos, the code behind GIANT's published numbers.

    python benchmarks/pecos_parity.py --python /path/to/an/environment/with/libpecos/bin/python
    python benchmarks/pecos_parity.py            # makes such an environment in a temporary folder, with pip

libpecos needs numpy below 2 and scipy below 1.14, so it runs in an environment of its own and speaks through files.
Both get the same TF-IDF and label matrices. Shown: the largest difference between the two PIFA matrices, the shapes of
the two chains, and how close together the labels of a leaf lie: the mean over labels of the cosine with the centre of
their leaf, over the same number of seeds each (their random generators differ, so leaves do too). Beside it stands what
the form of bounded memory costs: trees built from projections of the same features, judged in the exact ones.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from _common import mean_sd, print_table, read_results, stopwatch, write_results
from _synthetic_texts import SyntheticTexts
from _text_graphs import cora, recipes
from numpy.typing import NDArray

from graphrec.text.label_tree import LabelTree, LabelTreeConfig, build_label_tree, chain_shapes
from graphrec.text.pifa import pifa
from graphrec.text.principal_sketch import PrincipalSketch, label_sample
from graphrec.text.projection import CountSketch, Sketch
from graphrec.text.targets import neighbourhood
from graphrec.text.tfidf import TfidfBlocks, TfidfConfig

NAME = "pecos_parity"
PINS = ("numpy==1.26.4", "scipy==1.13.1", "libpecos==1.2.8")
SKETCHES = [(form, dim) for form in ("sketch", "principal") for dim in (64, 128, 256)]
TERMS = {"recipes": (1_500, 500, 300), "synthetic": (5_000, 500, 500)}
"""Fewer terms, so that five exact trees take minutes; both get the same matrices."""
SAME = 1e-5
"""Largest difference between entries of the two PIFA matrices, in float32."""


def load_synthetic() -> tuple[Sequence[str], NDArray[np.int64]]:
    made = SyntheticTexts(3000, seed=1)
    return list(made.texts()), made.edges()


def load_cora() -> tuple[Sequence[str], NDArray[np.int64]]:
    graph = cora()
    return graph.texts, graph.edge_index


def load_recipes() -> tuple[Sequence[str], NDArray[np.int64]]:
    graph = recipes()
    return graph.texts, graph.edge_index


SETS: dict[str, Callable[[], tuple[Sequence[str], NDArray[np.int64]]]] = {
    "cora": load_cora,
    "recipes": load_recipes,
    "synthetic": load_synthetic,
}


def compare(name: str, python: str, seeds: list[int], folder: Path) -> dict[str, Any]:
    """Everything measured on one set."""
    texts, edges = SETS[name]()
    near = neighbourhood(edges, len(texts))
    config = TfidfConfig(max_terms=TERMS[name]) if name in TERMS else TfidfConfig()
    x = TfidfBlocks.fit(lambda: iter(texts), config).transform(texts)[near.instances]
    sp.save_npz(folder / "y.npz", near.labels, compressed=False)
    sp.save_npz(folder / "x.npz", x, compressed=False)
    script = Path(__file__).with_name("_pecos_oracle.py")
    subprocess.run([python, str(script), str(folder), *map(str, seeds)], check=True)
    theirs = json.loads((folder / "about.json").read_text())
    with stopwatch() as pifa_seconds:
        z = pifa(near.labels, x)
    found = {
        "labels": z.shape[0],
        "instances": x.shape[0],
        "terms": x.shape[1],
        "label_embedding_entries": z.nnz,
        "pifa_largest_difference": largest_difference(z, sp.load_npz(folder / "z.npz").tocsr()),
        "chain": chain_shapes(z.shape[0], LabelTreeConfig()),
        "same_shapes": True,
        "seconds": {"pifa": pifa_seconds[0], "pifa_libpecos": theirs["pifa_seconds"]},
        "versions": theirs["versions"],
    }
    ours, times = grow(z, z, seeds, found)
    base = chance(z, seeds)
    rivals = []
    for seed, shapes in zip(seeds, theirs["shapes"], strict=True):
        found["same_shapes"] &= [tuple(shape) for shape in shapes] == found["chain"]
        with np.load(folder / f"tree_{seed}.npz") as file:
            rivals.append(closeness(z, file["leaves"]))
    found["seconds"] |= {"tree": times, "tree_libpecos": theirs["tree_seconds"]}
    sketched = {}
    for form, dim in SKETCHES:
        values, seconds = grow(pifa(near.labels, sketch(form, dim, near.labels, x)(x)), z, seeds, found)
        # Of the gain over chance.
        share = float((np.mean(values) - np.mean(base)) / (np.mean(ours) - np.mean(base)))
        sketched[f"{form} {dim}"] = {"cosine": values, "seconds": seconds, "share_kept": share}
    found["cosine"] = {"graphrec": ours, "libpecos": rivals, "chance": base}
    found["difference"] = difference(ours, rivals)
    found["sketched"] = sketched
    return found


def sketch(form: str, dim: int, labels: sp.csr_matrix, x: sp.csr_matrix) -> Sketch:
    """A projection of the features, made as `graphrec features giant` makes it."""
    if form == "sketch":
        return CountSketch(x.shape[1], dim)
    made = PrincipalSketch(x.shape[1], dim)
    rows, sampled = label_sample(labels)
    made.learn(x[rows], sampled)
    return made


def grow(
    z: Any, exact: sp.csr_matrix, seeds: list[int], found: dict[str, Any]
) -> tuple[list[float], list[float]]:
    """Closeness in the exact embeddings of trees built from `z`, and seconds, by seed."""
    values, times = [], []
    for seed in seeds:
        with stopwatch() as seconds:
            tree: LabelTree = build_label_tree(z, LabelTreeConfig(seed=seed))
        found["same_shapes"] &= tree.shapes == found["chain"]
        values.append(closeness(exact, tree.parents(len(tree.chain) - 1)))
        times.append(seconds[0])
    return values, times


def closeness(z: sp.csr_matrix, leaves: NDArray[np.int32]) -> float:
    """Mean cosine of labels with the centre of their leaf, over labels with an embedding."""
    places = (np.ones(len(leaves), np.float32), (leaves, np.arange(len(leaves))))
    sums = sp.csr_matrix(places, shape=(int(leaves.max()) + 1, len(leaves))) @ z
    # The cosines of a leaf's labels with its centre add up to the length of their sum.
    lengths = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel())
    return float(lengths.sum() / np.count_nonzero(np.diff(z.indptr)))


def chance(z: sp.csr_matrix, seeds: list[int]) -> list[float]:
    """The same for leaves of labels drawn at random."""
    leaves = 2 ** int(np.ceil(np.log2(z.shape[0] / LabelTreeConfig().max_leaf_size)))
    codes = (np.arange(z.shape[0]) % leaves).astype(np.int32)
    return [closeness(z, np.random.default_rng(seed).permutation(codes)) for seed in seeds]


def difference(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Mean difference of two independent samples and its standard error; no worse is within two of them."""
    gap = float(np.mean(ours) - np.mean(theirs))
    error = float(np.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / len(ours)))
    return {"mean": gap, "standard_error": error, "no_worse": bool(gap >= -2 * error)}


def largest_difference(a: sp.csr_matrix, b: sp.csr_matrix) -> float:
    return float(np.abs((a - b).data).max(initial=0.0))


def environment(folder: Path) -> str:
    """An environment with libpecos; takes minutes and the network."""
    print(f"installing {', '.join(PINS)} into a temporary environment", file=sys.stderr)
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", *PINS], check=True)
    return str(python)


def show(title: str, found: dict[str, Any]) -> None:
    lines = [
        [who, mean_sd(found["cosine"][who]), mean_sd(found["seconds"].get(key, []), 2)]
        for who, key in (("graphrec", "tree"), ("libpecos", "tree_libpecos"), ("chance", ""))
    ]
    lines += [
        [f"{name} columns: {row['share_kept']:.1%} kept", mean_sd(row["cosine"]), mean_sd(row["seconds"], 2)]
        for name, row in found["sketched"].items()
    ]
    print_table(
        f"{title}: {found['labels']} labels, PIFA differs by {found['pifa_largest_difference']:.1e}, "
        f"shapes {'equal' if found['same_shapes'] else 'DIFFER'}: {found['chain']}",
        ["tree", "mean cosine within a leaf", "seconds"],
        lines,
    )
    print(f"graphrec minus libpecos: {found['difference']}")


def main() -> None:
    parser = argparse.ArgumentParser(description="PIFA and label trees beside libpecos.")
    parser.add_argument("--python", help="interpreter of an environment with libpecos")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    earlier = read_results(NAME)
    results: dict[str, Any] = earlier["sets"] if earlier.get("seeds") == args.seeds else {}
    with tempfile.TemporaryDirectory() as work:
        python = args.python or environment(Path(work) / "env")
        for name in args.sets:
            folder = Path(work) / name
            folder.mkdir()
            results[name] = compare(name, python, list(range(args.seeds)), folder)
            show(name, results[name])
            save(args.seeds, results)


def save(seeds: int, results: dict[str, Any]) -> None:
    """Write after every set; sets measured earlier with as many seeds stay."""
    passed = {
        "same_pifa": all(found["pifa_largest_difference"] <= SAME for found in results.values()),
        "same_shapes": all(found["same_shapes"] for found in results.values()),
        "no_worse": all(found["difference"]["no_worse"] for found in results.values()),
    }
    print(passed)
    write_results(NAME, {"seeds": seeds, "passed": passed, "sets": results})


if __name__ == "__main__":
    main()
