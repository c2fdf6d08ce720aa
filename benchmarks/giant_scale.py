"""What GIANT-XRT costs at ogbn-arxiv's size: time and memory of every stage, on a synthetic graph with texts.

    python benchmarks/giant_scale.py                       # 10,000, 50,000 and 169,343 nodes
    python benchmarks/giant_scale.py --nodes 10000 --no-tuning

The graph has ogbn-arxiv's numbers of nodes and edges, and texts of 110 to 170 words (`_synthetic_texts.py`). Measured
as a whole: reading texts, cutting them into tokens, neighbourhood, TF-IDF, label embeddings, tree, targets, each with
the code that `graphrec features giant` runs. Tuning the encoder and embedding all nodes take days on two cores; a few
dozen real steps of them give a rate, from which the hours are extrapolated, and said to be.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_table, read_results, write_results
from _stage_clock import StageClock, resident_mib
from _synthetic_texts import SyntheticTexts

from graphrec.text.giant_config import GiantConfig
from graphrec.text.label_tree import LabelTree, build_label_tree, chain_shapes
from graphrec.text.matrix_files import new_dense
from graphrec.text.pifa import pifa
from graphrec.text.principal_sketch import PrincipalSketch, label_sample
from graphrec.text.projection import project_blocks
from graphrec.text.sources import LineTexts
from graphrec.text.targets import Neighbourhood, multi_resolution, neighbourhood
from graphrec.text.text_table import TextTable, write_text_table
from graphrec.text.tfidf import TfidfBlocks
from graphrec.text.tokens import tokenise

NAME = "giant_scale"
ARXIV, PRODUCTS, PRODUCTS_EDGES = 169_343, 2_449_029, 61_859_140
DIM = 128
GRAPH_SIDE = (
    "texts",
    "tokens",
    "neighbourhood",
    "tfidf fit",
    "tfidf rows",
    "label embeddings",
    "tree",
    "targets",
)
STEPS, BATCH, EMBEDDED = 24, 8, 192


def graph_side(num_nodes: int, folder: Path, clock: StageClock) -> tuple[TextTable, Neighbourhood, LabelTree]:
    """Every stage up to the targets."""
    made, config = SyntheticTexts(num_nodes), GiantConfig.of("ogbn-arxiv")
    lines = folder / "texts.txt"
    with clock("(making the texts)"), lines.open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in made.texts())
    (folder / "table").mkdir()
    with clock("texts"):
        table = write_text_table(LineTexts(lines, num_nodes), folder / "table")
    with clock("tokens"):
        tokenise(iter(table), None, config.max_tokens, folder / "tokens")
    edges = made.edges()
    with clock("neighbourhood"):
        near = neighbourhood(edges, num_nodes, config.max_degree)
    with clock("tfidf fit"):
        blocks = TfidfBlocks.fit(lambda: iter(table), config.tfidf)
    with clock("tfidf rows"):
        sketch = PrincipalSketch(blocks.num_terms, DIM)
        rows, sampled = label_sample(near.labels)
        sketch.learn(blocks.transform(table[node] for node in near.instances[rows].tolist()), sampled)
        x = new_dense(folder, len(near.instances), DIM)
        texts = (table[node] for node in near.instances.tolist())
        project_blocks(blocks.transform_blocks(texts), sketch, len(x), x)
    del blocks, sketch
    with clock("label embeddings"):
        z = pifa(near.labels, x)
    with clock("tree"):
        tree = build_label_tree(z, config.tree)
    with clock("targets"):
        multi_resolution(near.labels, tree, config.xr.max_match_clusters)
    return table, near, tree


def learning_side(
    preset: str, table: TextTable, near: Neighbourhood, tree: LabelTree, folder: Path
) -> dict[str, Any]:
    """Texts per second of real steps, and what a whole run would take at that rate (extrapolated)."""
    from graphrec.text.embed import embed_all
    from graphrec.text.encoder import load_encoder
    from graphrec.text.schedule import TextProgress, steps_of
    from graphrec.text.xr_transformer import fit_levels

    config = GiantConfig.of(preset)
    some = near.instances[: STEPS * BATCH]
    tokens = tokenise((table[node] for node in some.tolist()), None, config.max_tokens, folder / preset)
    encoder = load_encoder(None, config.pooling, config.encoder_dropout)
    seen: list[tuple[int, float]] = []

    def note(progress: TextProgress) -> None:
        seen.append((progress.step, time.process_time()))

    codes = tree.shapes[0][0]
    changes = {
        "steps": STEPS,
        "batch": BATCH,
        "micro_batch": BATCH,
        "max_match_clusters": codes,
        "report_every": 1,
    }
    short = config.xr.model_copy(update=changes)
    targets = multi_resolution(near.labels[: len(some)], tree, codes)
    fit_levels(encoder, tokens, np.arange(len(some)), targets, tree.chain, short, report=note)
    # From the first step on, which also warms up; processor time is what one idle core would take.
    (first, begin), (last, end) = seen[0], seen[-1]
    tuning = BATCH * (last - first) / (end - begin)
    begin = time.process_time()
    embed_all(encoder, tokens, folder / f"{preset}.npy", rows=np.arange(EMBEDDED))
    embedding = EMBEDDED / (time.process_time() - begin)
    # What ogbn-arxiv's size takes: levels by rule, instances in the proportion found here.
    instances = round(len(near.instances) * ARXIV / len(table))
    levels = sum(rows <= config.xr.max_match_clusters for rows, _ in chain_shapes(ARXIV, config.tree))
    steps = steps_of(instances, config.xr.batch, config.xr.steps, config.xr.epochs)
    tuned, embedded = levels * steps * config.xr.batch, (levels - 1) * instances + ARXIV
    return {
        "encoder": encoder.name,
        "max_tokens": config.max_tokens,
        "measured_tuning_texts_per_processor_second": round(tuning, 2),
        "measured_embedding_texts_per_processor_second": round(embedding, 2),
        "levels": levels,
        "texts_tuned_on": tuned,
        "texts_embedded": embedded,
        "extrapolated_tuning_hours": round(tuned / tuning / 3600, 1),
        "extrapolated_embedding_hours": round(embedded / embedding / 3600, 1),
        "mib_resident_after": round(resident_mib()),
    }


def products(dim: int = DIM) -> dict[str, float]:
    """MiB that the stages would take at ogbn-products' size, by the formulas in the docstrings; nothing measured."""
    mib, entries = 2**20, 2 * PRODUCTS_EDGES
    dense = 4 * dim * PRODUCTS / mib
    labels = 8 * entries / mib
    return {
        "neighbourhood": round((16 + 42) * PRODUCTS_EDGES / mib),
        "tfidf fit": 160 + 150,
        "tfidf rows": round(160 + 150 + 16 * 4_200_000 / mib + dense + labels),
        "label embeddings": round(2 * dense + 2 * labels + 128 * 2 * PRODUCTS / mib),
        "tree": round(dense + labels + 80 * PRODUCTS / mib + 3 * 64),
        "targets of the tuned levels": round(labels + 2 * 8 * entries / mib),
    }


def growth(runs: dict[str, Any]) -> dict[str, float]:
    """Exponent of each stage's processor time between the smallest and the largest size: 1 is linear."""
    sizes = sorted(runs, key=int)
    if len(sizes) < 2:
        return {}
    small, large = (runs[size]["stages"] for size in (sizes[0], sizes[-1]))
    ratio = math.log(int(sizes[-1]) / int(sizes[0]))
    return {
        name: round(math.log(large[name]["processor_seconds"] / small[name]["processor_seconds"]) / ratio, 2)
        for name in GRAPH_SIDE
        if small[name]["processor_seconds"] > 0.1
    }


def show(results: dict[str, Any]) -> None:
    sizes = sorted(results["sizes"], key=int)
    rows = []
    for name in GRAPH_SIDE:
        found = [results["sizes"][size]["stages"][name] for size in sizes]
        cells = [
            f"{row['seconds']:,.1f} ({row['processor_seconds']:,.1f})  {row['mib_peak']:,}" for row in found
        ]
        rows.append([name, *cells, results["growth"].get(name, "")])
    print_table(
        "Measured: seconds (of processor), and MiB resident at the peak",
        ["stage", *(f"{int(size):,} nodes" for size in sizes), "exponent"],
        rows,
    )
    for preset, found in results.get("learning", {}).items():
        print(
            f"{preset}, {found['encoder']}, {found['max_tokens']} tokens. Measured over {STEPS} steps: "
            f"{found['measured_tuning_texts_per_processor_second']} texts tuned on and "
            f"{found['measured_embedding_texts_per_processor_second']} embedded per second of one processor. "
            f"EXTRAPOLATED to {ARXIV:,} nodes: {found['extrapolated_tuning_hours']} h tuning, "
            f"{found['extrapolated_embedding_hours']} h embedding."
        )
    print(f"ogbn-products by the memory formulas, MiB, NOT measured: {results['products_mib_by_formula']}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of GIANT-XRT per stage.")
    parser.add_argument("--nodes", nargs="+", type=int, default=[10_000, 50_000, ARXIV])
    parser.add_argument("--no-tuning", action="store_true", help="leave encoder steps out")
    args = parser.parse_args()
    results = read_results(NAME)
    results.setdefault("sizes", {})
    for num_nodes in args.nodes:
        with tempfile.TemporaryDirectory() as work:
            clock = StageClock()
            table, near, tree = graph_side(num_nodes, Path(work), clock)
            results["sizes"][str(num_nodes)] = {
                "edges": round(near.labels.nnz / 2),
                "instances": len(near.instances),
                "chain": tree.shapes,
                "stages": clock.stages,
                "peak_mib": max(stage["mib_peak"] for stage in clock.stages.values()),
            }
            print(f"{num_nodes} nodes: {clock.stages}", file=sys.stderr)
            results |= {"growth": growth(results["sizes"]), "products_mib_by_formula": products()}
            write_results(NAME, results)
            if num_nodes == max(args.nodes) and not args.no_tuning:
                for preset in ("small", "ogbn-arxiv"):
                    found = learning_side(preset, table, near, tree, Path(work))
                    results.setdefault("learning", {})[preset] = found
                write_results(NAME, results)
    show(results)


if __name__ == "__main__":
    main()
