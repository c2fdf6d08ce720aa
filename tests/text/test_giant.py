from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from graphrec.encoders.feature_set import FeatureSet
from graphrec.errors import ConfigError, InvalidInputError, StoreError
from graphrec.text import giant_labels, giant_run
from graphrec.text.giant import run_giant
from graphrec.text.giant_config import PRESETS, GiantConfig
from graphrec.text.giant_progress import GiantProgress
from graphrec.text.stages import Stages
from tests.conftest import REPOSITORY
from tests.text.tiny_giant import communities, vocabulary, write_encoder

COUNT, SIZE = 8, 24
FAST = {
    "max_tokens": 12, "tfidf": {"bucket_bits": [12, 12, 12]},
    "tree": {"max_leaf_size": 12, "min_codes": 4},
    "xr": {"batch": 32, "steps": 20, "learning_rate": 5e-3, "head_rate": 3e-2, "frozen_layers": 0,
           "train_words": True, "max_match_clusters": 16},
}  # fmt: skip
SETTINGS = GiantConfig.of("small", FAST)
FEW_SETTINGS = {
    "max_tokens": 12,
    "tfidf": {"bucket_bits": [12, 12, 12]},
    "xr": {"steps": 2, "report_every": 1, "frozen_layers": 1},
}
FEW = GiantConfig.of("small", FEW_SETTINGS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "tiny", vocabulary(COUNT))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> FeatureSet:
    texts, edges, _ = communities(COUNT, SIZE)
    texts[5] = " "
    seen: list[GiantProgress] = []
    out = tmp_path_factory.mktemp("giant") / "features"
    found = run_giant(
        texts, edges, len(texts), out, SETTINGS, ids=[f"n{row}" for row in range(len(texts))],
        node_type="recipe", encoder=encoder, device="cpu", progress=seen.append,
    )  # fmt: skip
    stages = list(dict.fromkeys(step.stage for step in seen))
    assert stages == ["texts", "tokens", "tfidf", "pifa", "tree", "tune", "vectors", "write"]
    assert all(0 <= step.share <= 1 for step in seen)
    assert not out.with_name("features.work").exists()
    return found


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> FeatureSet:
    texts, edges, _ = communities(2, 5)
    return run_giant(
        texts, edges, 10, tmp_path_factory.mktemp("few") / "few", FEW, encoder=encoder, device="cpu"
    )


def spread(rows: np.ndarray, of: np.ndarray) -> float:
    """Mean cosine within communities minus that between them."""
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    alike = unit @ unit.T
    same = of[:, None] == of
    np.fill_diagonal(same, False)
    return float(alike[same].mean() - alike[of[:, None] != of].mean())


def test_texts_of_one_community_come_closer(learned: FeatureSet, encoder: Path) -> None:
    from graphrec.encoders.minilm import MiniLM

    texts, _, of = communities(COUNT, SIZE)
    before = MiniLM(encoder, max_tokens=12).encode(texts)
    assert spread(learned.features, of) > spread(before, of) + 0.1


def test_the_manifest_says_what_was_done(learned: FeatureSet, encoder: Path) -> None:
    about = learned.manifest
    # 192 labels in leaves of at most 12: 16 leaves, and 4 codes above them.
    assert about.chain == (4, 16, 192) and about.dim == 32 and about.num_nodes == 192
    assert (about.encoder, about.pooling, about.unit_length) == ("tiny", "mean", True)
    assert about.facts["nodes without text"] == 1 and about.facts["label embeddings"] == "exact"
    assert set(about.facts["last loss by level"]) == {"0", "1"}
    assert about.parameters["xr"]["steps"] == 20
    assert set(about.seconds) == {
        "texts", "tokens", "neighbourhood", "tfidf", "pifa", "tree", "tune", "vectors"
    }  # fmt: skip
    assert str(encoder.parent) not in (learned.path / "manifest.json").read_text(encoding="utf-8")


def test_new_texts_are_embedded_as_the_nodes_were_without_torch(learned: FeatureSet) -> None:
    texts, _, _ = communities(COUNT, SIZE)
    texts[5] = ""
    np.testing.assert_allclose(learned.encode(texts), learned.features, atol=2e-5)
    assert not learned.rows_for(["n5"]).values.any()


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.text.test_giant import SETTINGS, COUNT, SIZE, communities, run_giant

def told(now):
    if now.stage == "tune" and now.share > 0.7:
        os.kill(os.getpid(), signal.SIGKILL)

texts, edges, _ = communities(COUNT, SIZE)
texts[5] = " "
run_giant(texts, edges, len(texts), Path(sys.argv[1]), SETTINGS, encoder=sys.argv[2], device="cpu", progress=told)
"""


def test_a_killed_run_goes_on_and_ends_as_one_that_was_not(
    learned: FeatureSet, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, edges, _ = communities(COUNT, SIZE)
    texts[5] = " "
    out = tmp_path / "again"
    words = [sys.executable, "-c", KILLED, str(out), str(encoder)]
    killed = subprocess.run(words, cwd=REPOSITORY, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists() and out.with_name("again.work").is_dir()
    for stage in ("write_text_table", "tokenise"):
        monkeypatch.setattr(giant_run, stage, _never)
    monkeypatch.setattr(giant_labels, "pifa", _never)
    steps: list[GiantProgress] = []
    again = run_giant(
        texts, edges, len(texts), out, SETTINGS, encoder=encoder, device="cpu", progress=steps.append
    )
    np.testing.assert_array_equal(again.features, learned.features)
    # The first level was done; the seconds of finished stages are those of the run that was killed.
    assert min(step.share for step in steps if step.stage == "tune" and step.share) >= 0.5
    assert set(again.manifest.seconds) == set(learned.manifest.seconds)
    assert again.manifest.text_hash == learned.manifest.text_hash
    assert again.manifest.ids == "range" and learned.manifest.ids == "external"


def _never(*_: object, **__: object) -> None:
    raise AssertionError("a stage that was done is done again")


@pytest.mark.parametrize("stage", ["tokens", "pifa", "tune", "vectors", "write"])
def test_a_run_that_stops_anywhere_leaves_nothing_half_done(
    encoder: Path, tmp_path: Path, stage: str, few: FeatureSet
) -> None:
    def stop(now: GiantProgress) -> None:
        if now.stage == stage:
            raise KeyboardInterrupt

    texts, edges, _ = communities(2, 5)
    for told in (stop, None):
        with nullcontext() if told is None else pytest.raises(KeyboardInterrupt):
            run_giant(texts, edges, 10, tmp_path / "few", FEW, encoder=encoder, device="cpu", progress=told)
        assert (tmp_path / "few").exists() == (told is None)
    found = FeatureSet.load(tmp_path / "few", num_nodes=10)
    np.testing.assert_array_equal(found.features, few.features)
    assert [path.name for path in tmp_path.iterdir()] == ["few"]


def test_other_settings_or_a_fresh_start_take_nothing_over(
    encoder: Path, tmp_path: Path, few: FeatureSet
) -> None:
    texts, edges, _ = communities(2, 5)
    out, other = tmp_path / "few", GiantConfig.of("small", {**FEW_SETTINGS, "max_tokens": 5})
    run_giant(texts, edges, 10, out, other, encoder=encoder, device="cpu", keep_work=True)
    work = out.with_name("few.work")
    tree = (work / "tree" / "done.json").stat().st_mtime_ns
    tuned = run_giant(texts, edges, 10, out, FEW, encoder=encoder, device="cpu", keep_work=True)
    np.testing.assert_array_equal(tuned.features, few.features)
    assert (
        work / "tree" / "done.json"
    ).stat().st_mtime_ns == tree  # the cut of texts does not change the tree
    (work / "vectors" / "features.npy").write_bytes(b"flipped")
    mended = run_giant(texts, edges, 10, out, FEW, encoder=encoder, device="cpu", keep_work=True)
    np.testing.assert_array_equal(mended.features, few.features)
    run_giant(texts, edges, 10, out, FEW, encoder=encoder, device="cpu", keep_work=True, resume=False)
    assert (work / "tree" / "done.json").stat().st_mtime_ns != tree


def test_two_runs_do_not_share_a_work_folder(encoder: Path, tmp_path: Path) -> None:
    texts, edges, _ = communities(2, 5)
    with Stages(tmp_path / "few.work").locked(), pytest.raises(StoreError, match="Another run is at work"):
        run_giant(texts, edges, 10, tmp_path / "few", FEW, encoder=encoder, device="cpu")


def test_nodes_left_out_teach_nothing(encoder: Path, tmp_path: Path) -> None:
    """Whatever the texts and the edges of the nodes left out are, the others' features stay the same."""
    texts, edges, _ = communities(4, 12)
    without = np.arange(48) % 5 == 0
    rng = np.random.default_rng(1)
    others = [text if not out else "w0x1 w3x2" for text, out in zip(texts, without, strict=True)]
    extra = np.stack([rng.choice(np.flatnonzero(without), 40), rng.integers(0, 48, 40)])
    quick = GiantConfig.of("small", FAST | {"xr": {**FAST["xr"], "steps": 3}})  # type: ignore[dict-item]
    first = run_giant(texts, edges, 48, tmp_path / "a", quick, encoder=encoder, without=without, device="cpu")
    second = run_giant(
        others, np.concatenate([edges, extra], axis=1), 48, tmp_path / "b", quick, encoder=encoder,
        without=without, device="cpu",
    )  # fmt: skip
    np.testing.assert_array_equal(first.features[~without], second.features[~without])
    assert first.features[without].any(axis=1).all()
    assert first.manifest.facts["labels"] == int((~without).sum())
    assert first.manifest.chain[-1] == int((~without).sum())


def test_few_nodes_are_their_own_labels(few: FeatureSet) -> None:
    assert few.manifest.chain == (10,)
    assert list(few.manifest.facts["last loss by level"]) == ["0"]


def test_projected_label_embeddings_half_precision_and_the_first_token(encoder: Path, tmp_path: Path) -> None:
    texts, edges, _ = communities(4, 12)
    settings = GiantConfig.of(
        "small",
        FAST
        | {
            "exact_bytes": 1000,
            "pooling": "cls",
            "label_dim": 64,
            "dtype": "float16",
            "xr": {**FAST["xr"], "steps": 1},
        },
    )
    found = run_giant(texts, edges, 48, tmp_path / "half", settings, encoder=encoder, device="cpu")
    assert found.features.dtype == np.float16 and len(found) == 48
    assert found.manifest.facts["label embeddings"] == "64 main axes"
    # Raw, as the published features are; and serving, which takes means, does not pretend to know them.
    assert (found.manifest.pooling, found.manifest.unit_length, found.can_encode) == ("cls", False, False)
    assert np.ptp(np.linalg.norm(found.features.astype(np.float32), axis=1)) > 0.01


def test_what_does_not_fit_is_said_before_any_work(encoder: Path, tmp_path: Path) -> None:
    texts, edges, _ = communities(2, 5)
    with pytest.raises(InvalidInputError, match="10 texts and 3 ids for 10 nodes"):
        run_giant(texts, edges, 10, tmp_path / "x", ids=["a", "b", "c"], encoder=encoder)
    with pytest.raises(InvalidInputError, match="10 texts and 11 ids for 11 nodes"):
        run_giant(texts, edges, 11, tmp_path / "x", encoder=encoder)
    with pytest.raises(InvalidInputError, match=r"outside 0\.\.9"):
        run_giant(texts, edges + 1, 10, tmp_path / "x", encoder=encoder, without=np.zeros(10, bool))
    with pytest.raises(InvalidInputError, match="frozen_layers is 4; this encoder has 2 layers"):
        run_giant(texts, edges, 10, tmp_path / "x", encoder=encoder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="other things in it"):
        run_giant(texts, edges, 10, tmp_path / "full", encoder=encoder)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_presets_have_the_published_settings() -> None:
    arxiv, products = PRESETS["ogbn-arxiv"], PRESETS["ogbn-products"]
    for preset, steps, warm, most, codes in (
        (arxiv, 2500, 200, 2048, 32), (products, 15_000, 1000, 512, 128),
    ):  # fmt: skip
        assert (preset.xr.batch, preset.xr.steps, preset.max_tokens) == (256, steps, 128)
        assert round(preset.xr.warm_up * steps) == warm
        assert (preset.xr.max_match_clusters, preset.tree.min_codes) == (most, codes)
        assert preset.xr.learning_rate == 6e-5 and preset.xr.train_words
        assert (preset.tree.nr_splits, preset.tree.max_leaf_size, preset.tree.seed) == (4, 100, 12345)


def test_settings_change_a_preset_by_key() -> None:
    found = GiantConfig.of("ogbn-products", {"xr": {"steps": 7}})
    assert found.xr.steps == 7 and found.xr.max_match_clusters == 512
    with pytest.raises(ConfigError, match=r"xr\.step'"):
        GiantConfig.of("small", {"xr": {"step": 7}})
    with pytest.raises(ConfigError, match="no preset 'big'"):
        GiantConfig.of("big")
