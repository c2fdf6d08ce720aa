from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graphrec.bundle import (
    Catalogue,
    ItemItemPart,
    Strings,
    VectorPart,
    model_card,
    read_bundle,
    write_bundle,
)
from graphrec.bundle import folders as writing
from graphrec.bundle import read as reading
from graphrec.bundle.catalogue import catalogue_arrays, catalogue_from_arrays
from graphrec.bundle.format import FORMAT, manifest_digest
from graphrec.errors import (
    CorruptionError,
    InvalidInputError,
    NotFoundError,
    SchemaVersionError,
    StoreError,
)
from graphrec.sparse import CSR
from tests.bundle.worlds import World, kitchen, random_parts

ROOT = Path(__file__).resolve().parents[2]


def assert_same(one: Catalogue, other: Catalogue) -> None:
    (arrays, small), (others, other_small) = catalogue_arrays(one), catalogue_arrays(other)
    assert small == other_small
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)


def test_everything_comes_back(tmp_path):
    world, parts = kitchen(), random_parts(kitchen())
    extra = {"request.gate": np.arange(6, dtype=np.float32).reshape(2, 3)}
    manifest = {"model": "ckgat", "config": {"dim": 64, "tau": 0.2}, "snapshot": "abcd", "seed": 3,
                "metrics": {"ndcg@20": np.float64(0.1), "broken": float("nan")}}  # fmt: skip
    path = world.write(tmp_path / "model", parts, manifest=manifest, extra=extra, card="# ckgat\n")
    bundle = read_bundle(path)
    assert_same(bundle.catalogue, world.catalogue())
    assert bundle.manifest["model"] == "ckgat" and bundle.manifest["config"]["tau"] == 0.2
    assert bundle.manifest["metrics"] == {"ndcg@20": 0.1, "broken": None}
    assert bundle.manifest["format"] == FORMAT and bundle.manifest["created"].endswith("+00:00")
    np.testing.assert_array_equal(bundle.extra["request.gate"], extra["request.gate"])
    assert (path / "README.md").read_text() == "# ckgat\n"
    for old, new in zip(parts, bundle.parts, strict=True):
        for user in range(3):
            history = bundle.history_of(user)
            np.testing.assert_array_equal(old.score(user, history), new.score(user, history))
        assert old.weight == new.weight


def test_the_bundle_scores_like_its_parts(tmp_path):
    world, parts = kitchen(), random_parts(kitchen())
    bundle = read_bundle(world.write(tmp_path / "m", parts))
    vectors, item_item = parts
    assert isinstance(vectors, VectorPart) and isinstance(item_item, ItemItemPart)
    dense = item_item.weights.to_scipy().toarray()
    history = world.history().to_scipy().toarray()
    for user in range(len(world.users)):
        expected = 0.5 * (vectors.items @ vectors.users[user] + vectors.item_bias) + 2 * history[user] @ dense
        np.testing.assert_allclose(bundle.score_user(user), expected, rtol=1e-4, atol=1e-5)
        few = np.array([0, 5])
        np.testing.assert_allclose(bundle.score_user(user, few), expected[few], rtol=1e-4, atol=1e-5)


def test_an_empty_world_round_trips(tmp_path):
    world = World(items={"only": set()}, users={})
    parts = [VectorPart(np.zeros((0, 2), np.float32), np.zeros((1, 2), np.float32))]
    assert read_bundle(world.write(tmp_path / "m", parts)).catalogue.num_items == 1


@pytest.mark.parametrize("text", ["", "a b", "it's", '"; DROP TABLE', "🍜 ramen", "crème", "\n", "a:b"])
def test_ids_of_any_kind_come_back(tmp_path, text):
    packed = Strings.pack(["x", text, "y"])
    assert list(packed) == ["x", text, "y"] and packed[1] == text and packed.find(text) == 1
    assert packed.find("absent") is None


FILES = ["model.json", "README.md", "part_0_vector.safetensors", "part_1_item_item.safetensors",
         "catalogue.safetensors", "history.safetensors", "extra.safetensors"]  # fmt: skip


@pytest.fixture
def bundle_path(tmp_path) -> Path:
    return kitchen().write(tmp_path / "model", extra={"request.w": np.arange(9.0)})


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_names_the_file(bundle_path, name):
    content = (bundle_path / name).read_bytes()
    for position in {0, 5, len(content) // 2, len(content) - 2}:
        if name == "model.json" and content[position : position + 1].isspace():
            continue  # white space means nothing in JSON
        flipped = bytearray(content)
        flipped[position] ^= 4
        (bundle_path / name).write_bytes(flipped)
        with pytest.raises(CorruptionError, match=name):
            read_bundle(bundle_path)
    (bundle_path / name).write_bytes(content)
    read_bundle(bundle_path)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_a_cut_or_missing_file_is_named(bundle_path, name, verify):
    content = (bundle_path / name).read_bytes()
    for length in (0, 5, len(content) - 3):
        (bundle_path / name).write_bytes(content[:length])
        with pytest.raises(CorruptionError, match=name):
            read_bundle(bundle_path, verify=verify)
    (bundle_path / name).unlink()
    with pytest.raises(NotFoundError if name == "model.json" else CorruptionError, match=name):
        read_bundle(bundle_path, verify=verify)


def test_no_bundle_there(tmp_path):
    with pytest.raises(NotFoundError, match="no model bundle"):
        read_bundle(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotFoundError, match="no model bundle"):
        read_bundle(tmp_path / "file")


def change_manifest(path: Path, **changes: object) -> None:
    manifest = json.loads((path / "model.json").read_text()) | changes
    manifest["sha256"] = manifest_digest(manifest)
    (path / "model.json").write_text(json.dumps(manifest))


def test_a_newer_format_is_named(bundle_path):
    change_manifest(bundle_path, format=FORMAT + 1)
    with pytest.raises(SchemaVersionError, match=f"format {FORMAT + 1}"):
        read_bundle(bundle_path)


@pytest.mark.parametrize("changes", [
    {"parts": []}, {"parts": [{"kind": "vector"}]}, {"files": {}}, {"catalogue": {}}, {"files": None},
    {"parts": [{"kind": "pickle", "file": "history.safetensors", "weight": 1}]},
    {"files": {"../model.json": {"bytes": 1, "sha256": ""}}},
    {"parts": [{"kind": "vector", "file": "catalogue.safetensors", "weight": 1}]},
])  # fmt: skip
def test_a_consistent_but_wrong_manifest_is_still_a_named_error(bundle_path, changes):
    change_manifest(bundle_path, **changes)
    with pytest.raises(CorruptionError, match="train again"):
        read_bundle(bundle_path)


def test_sparse_entries_outside_their_shape_are_found():
    arrays, small = catalogue_arrays(kitchen().catalogue())
    bad = arrays["attribute_items.indices"].copy()
    bad[0] = 10_000
    with pytest.raises(ValueError, match="attribute_items"):
        catalogue_from_arrays(arrays | {"attribute_items.indices": bad}, small)


def test_sizes_that_do_not_fit_are_refused(tmp_path):
    world = kitchen()
    few = VectorPart(np.zeros((4, 2), np.float32), np.zeros((3, 2), np.float32))
    nan = VectorPart(np.full((4, 2), np.nan, np.float32), np.zeros((8, 2), np.float32))
    empty = CSR.from_coo(np.zeros(0, np.int64), np.zeros(0, np.int64), None, (1, 8))
    with pytest.raises(InvalidInputError, match="3 items"):
        world.write(tmp_path / "m", [few])
    with pytest.raises(InvalidInputError, match="NaN"):
        world.write(tmp_path / "m", [nan])
    with pytest.raises(InvalidInputError, match="history"):
        write_bundle(tmp_path / "m", manifest={}, parts=random_parts(world), catalogue=world.catalogue(),
                     history=empty, card="")  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_an_existing_bundle_is_replaced_and_readers_keep_the_old_one(tmp_path):
    world = kitchen()
    path = world.write(tmp_path / "m", random_parts(world, seed=1))
    old = read_bundle(path)
    before = old.score_user(0).copy()
    world.write(tmp_path / "m", random_parts(world, seed=2))
    np.testing.assert_array_equal(old.score_user(0), before)
    assert not np.allclose(read_bundle(path).score_user(0), before)
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_bundle_replaced_between_two_reads_is_read_again(tmp_path, monkeypatch):
    world = kitchen()
    path = world.write(tmp_path / "m", random_parts(world, seed=1))
    check, pending = reading._check_file, [True]

    def check_late(*arguments: object) -> None:
        if pending and pending.pop():
            world.write(path, random_parts(world, seed=2))
        check(*arguments)

    monkeypatch.setattr(reading, "_check_file", check_late)
    found = read_bundle(path).score_user(0)
    np.testing.assert_array_equal(found, read_bundle(path).score_user(0))


def test_without_atomic_swap_the_bundle_is_still_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_swap", lambda one, other: False)
    test_an_existing_bundle_is_replaced_and_readers_keep_the_old_one(tmp_path)


def test_other_folders_are_not_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidInputError, match="other things"):
        kitchen().write(tmp_path / "mine")
    with pytest.raises(InvalidInputError, match="file"):
        kitchen().write(tmp_path / "mine" / "letter.txt")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("step", ["fsync", "rename", "mkdir"])
def test_a_disk_that_refuses_leaves_the_old_bundle(tmp_path, monkeypatch, step):
    world = kitchen()
    path = world.write(tmp_path / "m", random_parts(world, seed=1))
    before = read_bundle(path).score_user(0).copy()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing, "_swap", lambda one, other: False)
    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, step)), full)
    with pytest.raises(StoreError, match="No space left"):
        world.write(tmp_path / "m", random_parts(world, seed=2))
    monkeypatch.undo()
    np.testing.assert_array_equal(read_bundle(path).score_user(0), before)
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


WRITER = """
import itertools, sys
from tests.bundle.worlds import kitchen, random_parts
for seed in itertools.count():
    kitchen().write(sys.argv[1], random_parts(kitchen(), seed=seed), manifest={"model": "m", "seed": seed})
    print(seed, flush=True)
"""


def test_a_killed_writer_leaves_a_whole_bundle(tmp_path):
    for round_ in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "m")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.003 * round_)
            writer.kill()
            acknowledged = [0, *map(int, writer.stdout.read().split())][-1]
        bundle = read_bundle(tmp_path / "m")
        assert bundle.manifest["seed"] in (acknowledged, acknowledged + 1)
        expected = random_parts(kitchen(), seed=bundle.manifest["seed"])[0].score(0, bundle.history_of(0))
        np.testing.assert_array_equal(bundle.parts[0].score(0, bundle.history_of(0)), expected)


def test_the_card_shows_what_matters():
    card = model_card(
        model="ckgat", data="12,507 recipes", snapshot="abc", split="random tenth", limits=["No cold items."],
        metrics={"ndcg@20": 0.12345, "users": 10}, slices={"cold": {"ndcg@20": 0.01}}, intended_use="Dinner.",
    )  # fmt: skip
    shown = ["# ckgat", "`abc`", "random tenth", "| ndcg@20 | 0.1235 |", "| cold | 0.0100 |", "- No cold"]
    assert all(text in card for text in shown)
