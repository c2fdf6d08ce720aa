"""A run that is killed and started again ends where an uninterrupted one ends, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.errors import CorruptionError
from graphrec.models.base import TrainData
from graphrec.models.registry import create_model
from graphrec.sparse import CSR
from graphrec.training.checkpoint import Checkpoint
from tests.training.small import small_data

COMMON = {"epochs": 7, "eval_every": 2, "dim": 8, "batch_users": 5}
RUNS = {
    "lightgcn": {},
    "lightgcn bpr": {"loss": "bpr", "batch_size": 16, "num_negatives": 2, "average": 0.0},
    "kgat": {"kg_batch": 32},
    "kgat frozen": {"attention": "frozen", "kg_batch": 32},
    "ckgat": {},
    "ckgat one_pass": {
        "contrast": "one_pass",
        "loss": "sampled_softmax",
        "num_negatives": 6,
    },
}
REPOSITORY = Path(__file__).resolve().parents[2]


class KillError(Exception):
    """Stands for the kill."""


def model_for(run):
    return create_model(run.split()[0], COMMON | RUNS[run])


def stopper(epoch):
    def log(record):
        if record["epoch"] == epoch:
            raise KillError

    return log


def arrays(model):
    return [model.user_vectors, model.item_vectors, model.bias]


def assert_equal(model, other):
    for ours, theirs in zip(arrays(model), arrays(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def data():
    return small_data()


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("epoch", [3, 7], ids=["between two looks", "at the very end"])
def test_resumed_run_ends_with_the_same_weights(run, epoch, data, tmp_path, unflushed):
    whole = model_for(run).fit(data, seed=3)
    with pytest.raises(KillError):
        model_for(run).fit(data, seed=3, checkpoint=tmp_path / "c", log=stopper(epoch))
    seen = []
    again = model_for(run).fit(data, seed=3, checkpoint=tmp_path / "c", log=seen.append)
    assert [record["epoch"] for record in seen] == ([3, 4, 5, 6, 7] if epoch == 3 else [])
    assert_equal(again, whole)
    assert again.best_epoch == whole.best_epoch


@pytest.mark.parametrize("run", RUNS)
def test_the_model_that_is_kept_is_the_one_that_was_validated(run, data, monkeypatch):
    """Attention and reliabilities go with the weights they were computed from, not with the last epoch's."""
    looks = iter([0.1, 0.3, 0.2, 0.25])
    monkeypatch.setattr("graphrec.models.gradient._Fitting.validate", lambda task: next(looks))
    best = model_for(run).fit(data, seed=1)
    assert best.best_epoch == 4
    monkeypatch.undo()
    config = model_for(run).config.model_copy(update={"epochs": 4})
    assert_equal(best, type(best)(config).fit(replace(data, valid=None), seed=1))


def test_patience_counts_looks_without_a_gain(data, monkeypatch):
    looks, seen = iter([0.1, 0.3, 0.3, 0.2, 0.9]), []
    monkeypatch.setattr("graphrec.models.gradient._Fitting.validate", lambda task: next(looks))
    settings = COMMON | {"epochs": 40, "patience": 2}
    model = create_model("lightgcn", settings).fit(data, log=seen.append)
    assert model.best_epoch == 4
    assert [(r["epoch"], r["valid"]) for r in seen if "valid" in r] == [
        (2, 0.1),
        (4, 0.3),
        (6, 0.3),
        (8, 0.2),
    ]


@pytest.mark.parametrize("change", ["seed", "settings", "weights", "items", "triples", "valid"])
def test_a_checkpoint_of_another_run_is_ignored(change, data, tmp_path, unflushed):
    place = tmp_path / "run"
    model_for("ckgat").fit(data, seed=0, checkpoint=place)
    seed, settings, train, valid, kg = 0, {}, data.train, data.valid, data.kg
    if change == "seed":
        seed = 1
    elif change == "settings":
        settings = {"learning_rate": 0.01}
    elif change == "weights":
        train = replace(train, values=train.values[::-1].copy())
    elif change == "items":  # the same number of interactions, and the same sum of item numbers
        train = CSR.from_coo(train.row_index()[::-1], train.indices, train.values, train.shape)
    elif change == "triples":
        kg = replace(kg, tails=kg.tails[::-1].copy())
    else:
        valid = CSR.from_coo(np.arange(12), np.full(12, 3), None, valid.shape)
    other, epochs = TrainData(train, valid, kg), []
    model = create_model("ckgat", COMMON | RUNS["ckgat"] | settings)
    model.fit(other, seed=seed, checkpoint=place, log=lambda r: epochs.append(r["epoch"]))
    assert epochs[0] == 1


def test_a_killed_process_leaves_a_checkpoint_to_go_on_from(data, tmp_path):
    whole = model_for("ckgat").fit(data, seed=5)
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from tests.training.small import small_data\n"
        "from tests.training.test_resume import model_for\n"
        "kill = lambda r: r['epoch'] == 5 and os.kill(os.getpid(), signal.SIGKILL)\n"
        f"model_for('ckgat').fit(small_data(), seed=5, checkpoint=Path({str(tmp_path / 'c')!r}), log=kill)\n"
    )
    child = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, timeout=120, check=False)
    assert child.returncode == -signal.SIGKILL
    epochs = []
    again = model_for("ckgat").fit(
        data, seed=5, checkpoint=tmp_path / "c", log=lambda r: epochs.append(r["epoch"])
    )
    assert epochs == [5, 6, 7]
    assert_equal(again, whole)


def some_state():
    return {"w": torch.arange(6.0).reshape(2, 3), "g": torch.Generator().get_state()}, {
        "epoch": 4,
        "best": None,
    }


def test_a_checkpoint_gives_back_what_was_saved(tmp_path):
    place = Checkpoint(tmp_path / "deep" / "run", "abc")
    assert place.load() is None
    tensors, state = some_state()
    place.save({"w": tensors["w"] * 0}, {"epoch": 1})
    place.save(tensors, state)
    found, numbers = place.load()
    assert numbers == state
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert Checkpoint(tmp_path / "deep" / "run", "other").load() is None
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["run"]
    place.remove()
    assert place.load() is None
    place.remove()


@pytest.mark.parametrize("moment", ["before the swap", "within the swap"])
def test_a_kill_while_saving_leaves_the_state_before(moment, tmp_path, monkeypatch):
    place = Checkpoint(tmp_path / "run", "abc")
    place.save(*some_state())
    renames, real = [], os.rename

    def rename(source, target):
        if len(renames) == ("before the swap", "within the swap").index(moment):
            raise KillError
        renames.append(target)
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(KillError):
        place.save({"w": torch.zeros(1)}, {"epoch": 6})
    monkeypatch.undo()
    assert place.load()[1]["epoch"] == 4
    place.save({"w": torch.zeros(1)}, {"epoch": 6})
    assert place.load()[1]["epoch"] == 6
    place.remove()
    assert place.load() is None


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def no_object(path):
    path.write_text("[1, 2]")


@pytest.mark.parametrize(
    ("file", "damage"),
    [("tensors.safetensors", cut), ("tensors.safetensors", flip), ("tensors.safetensors", empty),
     ("tensors.safetensors", Path.unlink), ("state.json", cut), ("state.json", empty),
     ("state.json", no_object)],
)  # fmt: skip
def test_damage_is_named_with_the_folder_to_delete(file, damage, tmp_path):
    place = Checkpoint(tmp_path / "run", "abc")
    place.save(*some_state())
    damage(tmp_path / "run" / file)
    with pytest.raises(CorruptionError, match=r"run cannot be read .*delete that folder"):
        place.load()
