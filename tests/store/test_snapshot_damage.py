"""Whatever happens to a snapshot's files, the answer is a named error with the path, never a wrong number."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError, SchemaVersionError
from graphrec.store import snapshot_files
from graphrec.store.snapshot import GraphSnapshot
from graphrec.store.snapshot_write import write_snapshot
from tests.store.fake_store import kitchen

pytestmark = pytest.mark.usefixtures("unflushed")

FLIPS_PER_FILE = 12


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_snapshot(kitchen(), tmp_path).path


def files(path: Path) -> list[Path]:
    found = sorted(path.iterdir())
    assert len(found) > 30
    return found


def refused(path: Path, damaged: Path) -> None:
    with pytest.raises(CorruptionError) as caught:
        GraphSnapshot.open(path)
    assert str(damaged) in str(caught.value)


def test_a_flipped_bit_anywhere_is_named(path: Path) -> None:
    rng = random.Random(5)
    for file in files(path):
        sound = file.read_bytes()
        for _ in range(FLIPS_PER_FILE):
            broken = bytearray(sound)
            broken[rng.randrange(len(sound))] ^= 1 << rng.randrange(8)
            file.write_bytes(broken)
            refused(path, file)
        file.write_bytes(sound)
    GraphSnapshot.open(path)


def test_every_bit_of_the_manifest_counts(path: Path) -> None:
    file = path / "manifest.json"
    sound = file.read_bytes()
    for position in range(0, len(sound), 13):
        broken = bytearray(sound)
        broken[position] ^= 1 << (position % 8)
        file.write_bytes(broken)
        refused(path, file)


@pytest.mark.parametrize("verify", ["full", "size"])
def test_a_truncated_or_longer_file_is_named_even_without_hashing(path: Path, verify: str) -> None:
    rng = random.Random(7)
    for file in files(path):
        sound = file.read_bytes()
        for broken in (b"", sound[:-1], sound[: rng.randrange(len(sound))], sound + b"\0"):
            file.write_bytes(broken)
            with pytest.raises(CorruptionError) as caught:
                GraphSnapshot.open(path, verify=verify)  # type: ignore[arg-type]
            assert str(file) in str(caught.value)
        file.write_bytes(sound)


def test_a_missing_file_is_named(path: Path) -> None:
    for file in files(path):
        sound = file.read_bytes()
        file.unlink()
        refused(path, file)
        file.write_bytes(sound)


def test_swapped_files_are_named(path: Path) -> None:
    left, right = path / "relation-0-out.indptr.npy", path / "relation-1-out.indptr.npy"
    left_bytes, right_bytes = left.read_bytes(), right.read_bytes()
    assert left_bytes != right_bytes
    left.write_bytes(right_bytes)
    refused(path, left)


def test_a_newer_format_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, origin = snapshot_files.read_manifest(path)
    monkeypatch.setattr(snapshot_files, "FORMAT_VERSION", 99)
    (path / "manifest.json").write_bytes(snapshot_files.render_manifest(content, origin))
    monkeypatch.undo()
    with pytest.raises(SchemaVersionError, match="99"):
        GraphSnapshot.open(path)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        GraphSnapshot.open(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"checksum": 1}', "[" * 100_000, "\ufeff{}"])
def test_a_manifest_that_is_no_manifest(path: Path, text: str) -> None:
    (path / "manifest.json").write_text(text, encoding="utf-8")
    refused(path, path / "manifest.json")


@pytest.mark.parametrize("part", ["nodes", "relations", "interactions", "arrays"])
def test_a_rightly_summed_manifest_that_lacks_a_part(path: Path, part: str) -> None:
    content, origin = snapshot_files.read_manifest(path)
    del content[part]
    (path / "manifest.json").write_bytes(snapshot_files.render_manifest(content, origin))
    refused(path, path / "manifest.json")


@pytest.mark.parametrize(("name", "dtype"), [("../../secret", "<i8"), ("node-0-ids.data", "|O")])
def test_a_manifest_cannot_name_foreign_files_or_objects(path: Path, name: str, dtype: str) -> None:
    content, origin = snapshot_files.read_manifest(path)
    content["arrays"][name] = {**content["arrays"]["node-0-ids.data"], "dtype": dtype}
    (path / "manifest.json").write_bytes(snapshot_files.render_manifest(content, origin))
    refused(path, path / "manifest.json")


def test_without_hashing_damaged_text_is_still_named(path: Path) -> None:
    file = path / "node-0-ids.data.npy"
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + b"\xff")
    snapshot = GraphSnapshot.open(path, verify="size")
    with pytest.raises(CorruptionError, match="node-0-ids"):
        list(snapshot.ids("user"))
    with pytest.raises(CorruptionError, match="node-0-ids"):
        snapshot.ids("user")[-1]


def test_a_snapshot_deleted_while_open_is_named(path: Path) -> None:
    snapshot = GraphSnapshot.open(path)
    kept = snapshot.csr("contains")
    shutil.rmtree(path)
    assert kept.indices.tolist() == [0, 1, 1]  # mapped before: stays readable
    with pytest.raises(NotFoundError, match="deleted while it was open"):
        snapshot.csr("is_a")


def test_the_manifest_is_readable_json(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == "graphrec-snapshot" and manifest["format_version"] == 1
    assert manifest["origin"]["store_revision"] == 1
    ids = manifest["content"]["arrays"]["relation-0-out.indices"]
    assert ids["dtype"] == "<i4" and ids["shape"] == [3] and len(ids["sha256"]) == 64


def test_unknown_verification(path: Path) -> None:
    with pytest.raises(InvalidInputError, match="maybe"):
        GraphSnapshot.open(path, verify="maybe")  # type: ignore[arg-type]
