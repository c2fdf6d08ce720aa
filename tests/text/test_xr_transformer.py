"""Tuning level by level: it learns the communities, says what it does, and goes on after a kill as if nothing were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from graphrec.errors import InvalidInputError
from graphrec.text.embed import embed_all
from graphrec.text.encoder import TextEncoder, load_encoder
from graphrec.text.level import tune_level
from graphrec.text.tokens import TokenTable, tokenise
from graphrec.text.xr_transformer import PUBLISHED, XRConfig, fit_levels
from tests.text.tiny_bert import Communities, communities, margin, one_hot, write_bert

SHORT = XRConfig(batch=20, micro_batch=20, steps=4, learning_rate=1e-3, save_seconds=0, report_every=1)

ONE_STEP = SHORT.model_copy(update={"steps": 1, "bootstrap": "inherit"})


class KillError(Exception):
    """Stands for the kill."""


@dataclass(frozen=True)
class Case:
    folder: Path
    tokens: TokenTable
    data: Communities
    seen: np.ndarray
    """Texts that are trained on; every tenth is not."""

    def fit(self, config=SHORT, dropout=0.0, targets=None, chain=None, **options) -> TextEncoder:
        encoder = load_encoder(self.folder, dropout=dropout)
        counts = [found[self.seen] for found in targets or self.data.targets]
        return fit_levels(
            encoder, self.tokens, self.seen, counts, chain or self.data.chain, config, device="cpu", **options
        )


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    place = tmp_path_factory.mktemp("xr")
    folder, data = write_bert(place / "bert"), communities()
    return Case(
        folder, tokenise(data.texts, folder, 32, place / "tokens"), data, np.flatnonzero(np.arange(400) % 10)
    )


def weights(encoder):
    return {name: value.clone() for name, value in encoder.state_dict().items()}


def assert_same(one, other):
    ours, theirs = weights(one), weights(other)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_texts_of_a_community_come_together_unseen_ones_too(case, tmp_path):
    config = XRConfig(epochs=6, learning_rate=1e-2, head_rate=3e-2, bootstrap_cost=0.01, train_words=True)
    told, vectors = [], []
    tuned = case.fit(config, report=told.append)
    for encoder in (load_encoder(case.folder), tuned):
        vectors.append(np.load(embed_all(encoder, case.tokens, tmp_path / "x.npy", "cpu")))
    unseen = np.setdiff1d(np.arange(400), case.seen)
    for rows, gain in ((case.seen, 0.4), (unseen, 0.1)):
        before, after = (margin(x[rows], case.data.community[rows]) for x in vectors)
        assert abs(before) < 0.03 and after > before + gain
    for level in (0, 1):
        losses = [r.loss for r in told if r.stage == "tune" and r.level == level]
        assert losses[-1] < 0.7 * losses[0]


def test_it_says_level_step_loss_and_speed(case):
    told = []
    case.fit(report=told.append)
    steps = [(r.stage, r.level, r.step) for r in told]
    assert [s for s in steps if s[0] == "tune"] == [
        ("tune", lv, step) for lv in (0, 1) for step in (1, 2, 3, 4)
    ]
    assert ("encode", 1, 360) in steps and ("bootstrap", 1, 16) in steps
    assert all(
        r.loss is not None and r.texts_per_second > 0 and r.steps == 4 for r in told if r.stage == "tune"
    )
    assert {r.levels for r in told} == {2}


def kill_at(place):
    def report(progress):
        if (progress.stage, progress.level, progress.step) == place:
            raise KillError

    return report


@pytest.mark.parametrize(
    "place",
    [("tune", 0, 1), ("tune", 0, 4), ("encode", 1, 360), ("bootstrap", 1, 5), ("tune", 1, 3), ("tune", 1, 4)],
)
def test_a_resumed_run_ends_as_an_uninterrupted_one(case, place, whole, tmp_path, unflushed):
    with pytest.raises(KillError):
        case.fit(dropout=0.1, state=tmp_path / "state", report=kill_at(place))
    told = []
    again = case.fit(dropout=0.1, state=tmp_path / "state", report=told.append)
    tuned = [(r.level, r.step) for r in told if r.stage == "tune"]
    stage, level, step = place
    first = level * 4 + (step if stage == "tune" else 0)
    assert tuned == [(n // 4, n % 4 + 1) for n in range(first, 8)]
    assert_same(again, whole)


@pytest.fixture(scope="module")
def whole(case):
    return case.fit(dropout=0.1)


@pytest.fixture
def unflushed(monkeypatch):
    """Flushing waits for the disk, and no test pulls the plug."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def test_between_saves_a_kill_costs_some_steps_and_nothing_else(case, whole, tmp_path, unflushed):
    rare = SHORT.model_copy(update={"save_seconds": 1e9})
    with pytest.raises(KillError):
        case.fit(rare, dropout=0.1, state=tmp_path / "state", report=kill_at(("tune", 1, 3)))
    told = []
    again = case.fit(SHORT, dropout=0.1, state=tmp_path / "state", report=told.append)
    assert [(r.level, r.step) for r in told if r.stage == "tune"] == [(1, step) for step in (1, 2, 3, 4)]
    assert_same(again, whole)


@pytest.mark.parametrize("change", ["settings", "graph", "texts", "encoder"])
def test_the_state_of_another_run_is_refused(case, change, tmp_path, unflushed):
    with pytest.raises(KillError):
        case.fit(state=tmp_path / "state", report=kill_at(("tune", 0, 1)))
    config, other, options = SHORT, case, {}
    if change == "settings":
        config = SHORT.model_copy(update={"learning_rate": 2e-3})
    elif change == "graph":
        options["targets"] = [found * 2 for found in case.data.targets]
    elif change == "texts":
        tokens = tokenise([*case.data.texts[:-1], "w1"], case.folder, 32, tmp_path / "tokens")
        other = Case(case.folder, tokens, case.data, case.seen)
    else:
        other = Case(write_bert(tmp_path / "bert", seed=1), case.tokens, case.data, case.seen)
    with pytest.raises(InvalidInputError, match="another run"):
        other.fit(config, state=tmp_path / "state", **options)


def test_parts_of_a_batch_add_up_to_the_batch(case):
    plain = SHORT.model_copy(update={"dropout": 0.0, "steps": 1, "max_match_clusters": 4, "clip": 1e9})
    whole, parts = (case.fit(plain.model_copy(update={"micro_batch": size})) for size in (20, 7))
    start = weights(load_encoder(case.folder))
    name = "body.blocks.0.inner.weight"
    # Adam's first step is the sign of the gradient, so that gradients near nothing may turn over in rounding.
    same = torch.isclose(weights(whole)[name], weights(parts)[name], atol=1e-6).double().mean()
    assert same > 0.99 and not torch.equal(weights(whole)[name], start[name])


def test_the_global_random_numbers_stay_and_nothing_is_left_on_the_disk(case, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    encoder, counts = (
        load_encoder(case.folder, dropout=0.1),
        [found[case.seen] for found in case.data.targets],
    )
    torch.manual_seed(5)
    before = torch.get_rng_state()
    fit_levels(encoder, case.tokens, case.seen, counts, case.data.chain, ONE_STEP, device="cpu")
    assert torch.equal(torch.get_rng_state(), before) and not list(tmp_path.iterdir())


def heads_of(case, monkeypatch, config):
    """Heads of both levels before and after their steps, and the vectors that the second one began with."""
    found = {}

    def watched(task, *rest):
        if task.level:
            with torch.no_grad():
                found["vectors"] = task.encoder.eval()(*case.tokens.batch(case.seen)).numpy()
        found[task.level, "before"] = {k: v.numpy().copy() for k, v in task.head.state_dict().items()}
        tune_level(task, *rest)
        found[task.level, "after"] = {k: v.numpy().copy() for k, v in task.head.state_dict().items()}

    monkeypatch.setattr("graphrec.text.xr_transformer.tune_level", watched)
    case.fit(config)
    return found


def test_a_later_head_may_begin_as_its_parents(case, monkeypatch):
    found = heads_of(case, monkeypatch, SHORT.model_copy(update={"bootstrap": "inherit"}))
    for name in ("weight", "bias"):
        np.testing.assert_array_equal(found[1, "before"][name], found[0, "after"][name][np.arange(16) // 4])
        assert (found[0, "before"][name] != found[0, "after"][name]).any()


def test_a_later_head_begins_as_support_vector_machines_on_the_vectors_so_far(case, monkeypatch):
    """All four codes of the first level are predicted, so that every text counts for every machine."""
    svm = pytest.importorskip("sklearn.svm")
    found = heads_of(case, monkeypatch, SHORT.model_copy(update={"bootstrap_cost": 0.5}))
    for code in range(16):
        y = np.where(case.data.community[case.seen] == code, 1, -1)
        theirs = svm.LinearSVC(dual=False, C=0.5, tol=1e-10, max_iter=100_000).fit(found["vectors"], y)
        np.testing.assert_allclose(found[1, "before"]["weight"][code], theirs.coef_[0], atol=2e-3)
        np.testing.assert_allclose(found[1, "before"]["bias"][code], theirs.intercept_[0], atol=2e-3)


def test_words_stay_unless_asked_for(case):
    start = weights(load_encoder(case.folder))["body.words.weight"]
    still, moved = (case.fit(ONE_STEP.model_copy(update={"train_words": words})) for words in (False, True))
    assert torch.equal(weights(still)["body.words.weight"], start)
    assert not torch.equal(weights(moved)["body.words.weight"], start)


def levels_of(case, **options):
    told = []
    case.fit(report=told.append, **options)
    return {r.level for r in told if r.stage == "tune"}


def test_small_levels_are_tuned_and_the_nodes_never(case):
    one = ONE_STEP
    assert levels_of(case, config=one.model_copy(update={"max_match_clusters": 15})) == {0}
    assert levels_of(case, config=one) == {0, 1}
    flat, root = [case.data.targets[-1]], [one_hot(np.zeros(400, int), 1)]
    assert levels_of(case, config=one, targets=flat, chain=root) == {0}
    with pytest.raises(InvalidInputError, match="max_match_clusters"):
        case.fit(one.model_copy(update={"max_match_clusters": 3}))


def test_arguments_that_do_not_fit_are_refused(case):
    counts = [found[case.seen] for found in case.data.targets]
    encoder = load_encoder(case.folder)
    for rows, targets in (
        (case.seen[1:], counts),
        (case.seen + 10, counts),
        (case.seen, [counts[1], *counts[1:]]),
    ):
        with pytest.raises(InvalidInputError, match=r"instances|targets"):
            fit_levels(encoder, case.tokens, rows, targets, case.data.chain, SHORT, device="cpu")


def test_a_text_without_neighbours_is_trained_on_negatives_alone(case):
    lone = [sparse.csr_array(found.shape, dtype=np.float32) for found in case.data.targets]
    told = []
    case.fit(targets=lone, report=told.append)
    assert all(np.isfinite(r.loss) for r in told if r.stage == "tune")


def test_the_published_settings_are_those_of_the_paper():
    for name, steps, warm, most in (("ogbn-arxiv", 2500, 200, 2048), ("ogbn-products", 15_000, 1000, 512)):
        config = PUBLISHED[name]
        assert (config.batch, config.steps, config.max_match_clusters) == (256, steps, most)
        assert round(config.warm_up * steps) == warm
        assert (config.learning_rate, config.dropout, config.clip, config.weight_decay) == (
            6e-5,
            0.1,
            1.0,
            0.0,
        )
        assert (config.top, config.max_active, config.bootstrap_cost) == (
            20,
            1000,
            100.0,
        ) and config.train_words
