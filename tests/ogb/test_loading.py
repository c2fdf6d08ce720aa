"""OGB's real loaders on saved data sets: what is read, what is refused, and that nothing stays changed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from graphrec.ogb.arrays import FOLDER
from graphrec.ogb.loading import evaluator_class, find_folder, import_ogb, listed, open_dataset, reading
from graphrec.ogb.nodes import NODE, load_nodes
from tests.ogb.planted_nodes import (
    NUM_AUTHORS,
    NUM_NODES,
    planted,
    save_planted,
    save_planted_hetero,
    split_of,
)
from tests.ogb.saver import save_csv_nodes

_WATCH = """
import socket, threading, sys
seen = []
def refuse(*args, **kwargs):
    seen.append(args)
    raise OSError("no network in this test")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
{imports}
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(30)
print(len(seen), "outdated" in sys.modules)
"""


class _Payload:
    """What a malicious file brings: a pickle that makes a folder when it is read."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.place),)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    save_planted(tmp_path)
    return tmp_path


def _watched(imports: str, scratch: Path) -> str:
    """Connections tried, and whether `outdated` was loaded; one of our own, for the real one may be broken."""
    (scratch / "outdated.py").write_text(
        "import socket\ndef check_outdated(*_):\n    socket.create_connection(('192.0.2.1', 80))\n"
    )
    paths = os.pathsep.join([str(scratch), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _WATCH.format(imports=imports)],
        capture_output=True, text=True, check=True, env=environment, timeout=120,
    )  # fmt: skip
    return done.stdout.strip()


def test_importing_ogb_touches_no_network(tmp_path: Path) -> None:
    quiet = "from graphrec.ogb.loading import import_ogb\nimport_ogb()"
    assert _watched(quiet, tmp_path) == "0 False"


def test_ogb_alone_does_look_at_the_package_index(tmp_path: Path) -> None:
    assert _watched("import ogb", tmp_path) == "1 True"


def test_the_check_of_versions_is_only_hidden_while_ogb_is_imported() -> None:
    before = sys.modules.get("outdated")
    import_ogb("ogb.version")
    assert sys.modules.get("outdated") is before


def test_homogeneous_nodes_come_back_as_they_were_saved(root: Path) -> None:
    x, edges, y = planted()
    found = load_nodes("ogbn-arxiv", root)
    np.testing.assert_array_equal(found.x[NODE], x)
    np.testing.assert_array_equal(found.edges[NODE, "to", NODE], edges)
    np.testing.assert_array_equal(found.y, y)
    for part, ids in split_of(NUM_NODES).items():
        np.testing.assert_array_equal(found.split[part], ids)
    assert (found.metric, found.num_classes, found.target, found.is_hetero) == ("acc", 3, NODE, False)


def test_heterogeneous_nodes_come_back_by_type_and_relation(tmp_path: Path) -> None:
    save_planted_hetero(tmp_path)
    found = load_nodes("ogbn-mag", tmp_path)
    assert dict(found.num_nodes) == {"author": NUM_AUTHORS, "paper": NUM_NODES}
    assert set(found.edges) == {("author", "writes", "paper"), ("paper", "cites", "paper")}
    assert found.target == "paper" and set(found.x) == {"paper"} and found.is_hetero
    writers = found.edges["author", "writes", "paper"]
    np.testing.assert_array_equal(writers[0] % 3, found.y[writers[1]])  # authors write papers of one class


def test_the_released_csv_layout_is_read_by_ogbs_own_list(tmp_path: Path) -> None:
    x, edges, y = planted()
    save_csv_nodes(tmp_path, "ogbn-arxiv", x, edges, y, split_of(NUM_NODES))
    found = load_nodes("ogbn-arxiv", tmp_path)
    np.testing.assert_allclose(found.x[NODE], x, atol=1e-6)
    np.testing.assert_array_equal(found.edges[NODE, "to", NODE], edges)
    np.testing.assert_array_equal(found.split["valid"], split_of(NUM_NODES)["valid"])
    assert found.num_classes == 40  # ogb says so, whatever is in the file


def test_a_second_opening_needs_the_allow_list_and_leaves_nothing_behind(root: Path) -> None:
    before = (set(torch.serialization.get_safe_globals()), dict(os.environ))
    first, second = open_dataset("ogbn-arxiv", root), open_dataset("ogbn-arxiv", root)
    assert torch.equal(first[0].x, second[0].x)
    assert set(torch.serialization.get_safe_globals()) == before[0] and dict(os.environ) == before[1]
    split = root / "ogbn_arxiv" / "split" / "planted" / "split_dict.pt"
    with pytest.raises(pickle.UnpicklingError):
        torch.load(split, weights_only=True)
    with reading():
        assert set(torch.load(split)) == {"train", "valid", "test"}


@pytest.mark.parametrize("name", ["geometric_data_processed.pt", "pre_transform.pt"])
def test_a_file_that_would_run_code_is_refused_before_it_does(root: Path, name: str) -> None:
    """PyG itself reads `pre_transform.pt` without restriction, so an archive could bring one."""
    open_dataset("ogbn-arxiv", root)
    folder, trap = root / "ogbn_arxiv", root / "trap"
    torch.save(_Payload(trap), folder / "processed" / name)
    with pytest.raises(CorruptionError, match="more than arrays"):
        open_dataset("ogbn-arxiv", root)
    assert not trap.exists()


def test_a_missing_data_set_names_the_folder_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_folder("ogbn-arxiv", tmp_path)
    assert str(tmp_path / "ogbn_arxiv") in str(caught.value)
    assert f"graphrec ogb train ogbn-arxiv --model mlp --root {tmp_path} --download" in str(caught.value)


def test_missing_files_are_never_downloaded(root: Path) -> None:
    (root / "ogbn_arxiv" / "raw" / "data.npz").unlink()
    with pytest.raises(NotFoundError, match=r"data\.npz is missing"):
        load_nodes("ogbn-arxiv", root)


def test_another_release_is_refused_without_a_question(root: Path) -> None:
    (root / "ogbn_arxiv" / "RELEASE_v1.txt").rename(root / "ogbn_arxiv" / "RELEASE_v0.txt")
    with pytest.raises(CorruptionError, match=r"RELEASE_v1\.txt is missing"):
        load_nodes("ogbn-arxiv", root)


@pytest.mark.parametrize("name", ["ogbg-molhiv", "../ogbn-arxiv", "ogbn-../x", "arxiv"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="no node or link property data set"):
        find_folder(name, tmp_path)


def test_a_name_that_ogb_does_not_list_needs_its_own_description(tmp_path: Path) -> None:
    (tmp_path / "ogbn_mine").mkdir()
    with pytest.raises(NotFoundError, match="ogb knows no data set ogbn-mine"):
        load_nodes("ogbn-mine", tmp_path)


def test_the_converted_arrays_serve_without_ogb_and_are_made_anew_when_the_source_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.array(load_nodes("ogbn-arxiv", root).x[NODE])
    with monkeypatch.context() as patched:
        patched.setattr(
            "graphrec.ogb.nodes.open_dataset", lambda *_: pytest.fail("the source was read again")
        )
        again = load_nodes("ogbn-arxiv", root)
    np.testing.assert_array_equal(again.x[NODE], x)
    with pytest.raises(ValueError, match="read-only"):
        again.x[NODE][0] = 0.0
    raw = root / "ogbn_arxiv" / "raw" / "data.npz"
    with np.load(raw) as stored:
        arrays = dict(stored)
    np.savez_compressed(raw, **{**arrays, "node_feat": arrays["node_feat"] + 1})
    (root / "ogbn_arxiv" / "processed" / "geometric_data_processed.pt").unlink()
    np.testing.assert_allclose(load_nodes("ogbn-arxiv", root).x[NODE], x + 1, rtol=1e-6)


def test_a_flipped_bit_in_a_converted_array_is_found(root: Path) -> None:
    load_nodes("ogbn-arxiv", root)
    place = root / "ogbn_arxiv" / FOLDER / "y.npy"
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(content)
    with pytest.raises(CorruptionError, match="delete the folder"):
        load_nodes("ogbn-arxiv", root)


def test_ogbs_evaluator_is_taken_from_its_own_file() -> None:
    found = evaluator_class("ogbn")("ogbn-arxiv")
    truth = np.array([[0], [1], [2], [2]])
    assert found.eval({"y_true": truth, "y_pred": np.array([[0], [1], [2], [0]])}) == {"acc": 0.75}
    assert listed("ogbl-collab")["ogbl-collab"]["eval metric"] == "hits@50"
