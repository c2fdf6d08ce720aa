"""libpecos on one problem: runs under another Python (numpy below 2, scipy below 1.14) and knows nothing of graphrec.

    python _pecos_oracle.py FOLDER SEED...

Reads `y.npz` and `x.npz` from the folder (scipy's form), writes `z.npz`, `tree_<seed>.npz` and `about.json`.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from pecos.xmc.base import HierarchicalKMeans, LabelEmbeddingFactory


def main(folder: Path, seeds: list[int]) -> None:
    y = sp.csr_matrix(sp.load_npz(folder / "y.npz"), dtype=np.float32)
    x = sp.csr_matrix(sp.load_npz(folder / "x.npz"), dtype=np.float32)
    started = time.perf_counter()
    z = LabelEmbeddingFactory.create(y, x, method="pifa", threads=1)
    about = {"pifa_seconds": time.perf_counter() - started, "tree_seconds": [], "shapes": []}
    sp.save_npz(folder / "z.npz", sp.csr_matrix(z), compressed=False)
    for seed in seeds:
        started = time.perf_counter()
        chain = HierarchicalKMeans.gen(
            z, nr_splits=4, min_codes=32, max_leaf_size=100, spherical=True, seed=seed, kmeans_max_iter=20,
            threads=1,
        )  # fmt: skip
        about["tree_seconds"].append(time.perf_counter() - started)
        about["shapes"].append([list(level.shape) for level in chain])
        leaves = chain[-1].tocsr().indices.astype(np.int32)
        np.savez(folder / f"tree_{seed}.npz", leaves=leaves)
    about["versions"] = {name: version(name) for name in ("libpecos", "numpy", "scipy")}
    (folder / "about.json").write_text(json.dumps(about))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(seed) for seed in sys.argv[2:]])
