from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.bundle.format import manifest_digest
from graphrec.encoders.feature_set import FeatureAbout, FeatureSet, write_feature_set
from graphrec.encoders.minilm import MiniLM
from graphrec.errors import (
    BundleMismatchError,
    CorruptionError,
    InvalidInputError,
    NotFoundError,
    SchemaVersionError,
)
from tests.encoders.tiny import write_model

IDS = ["a", "crème", "c"]
ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_feature_set(tmp_path / "made", ROWS, IDS, method="by hand", node_type="recipe")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=6, unique=True),
    st.integers(1, 5), st.sampled_from(["f2", "f4", "f8", "i4"]), st.randoms(),
)  # fmt: skip
def test_rows_come_back_by_id(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], dim: int, dtype: str, random: object
) -> None:
    import unicodedata

    ids = list(
        dict.fromkeys(unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()) for name in ids)
    )
    rows = np.random.default_rng(len(ids)).integers(-9, 9, (len(ids), dim)).astype(dtype)
    found = FeatureSet.load(write_feature_set(tmp_path_factory.mktemp("sets") / "s", rows, ids), ids=ids)
    assert found.features.dtype == (np.float16 if dtype == "f2" else np.float32)
    asked = [*ids[::-1], "nobody at all"]
    values, missing = found.rows_for(asked)
    np.testing.assert_array_equal(values[:-1], rows[::-1])
    assert missing.tolist() == [False] * len(ids) + [True] and not values[-1].any()
    assert values.dtype == np.float32 and list(found.ids) == ids


def test_numbered_nodes_need_no_ids(tmp_path: Path) -> None:
    found = FeatureSet.load(write_feature_set(tmp_path / "s", ROWS), num_nodes=3)
    assert found.ids == range(3) and found.positions([2, -1, 3, 0]).tolist() == [2, -1, -1, 0]
    np.testing.assert_array_equal(found.rows_for(np.array([1])).values, ROWS[[1]])
    assert found.positions(["1", "x"]).tolist() == [1, -1]


def test_other_nodes_are_refused(made: Path) -> None:
    assert len(FeatureSet.load(made, num_nodes=3, ids=IDS)) == 3
    with pytest.raises(BundleMismatchError, match=r"are of 3 nodes, but this graph has 169,343"):
        FeatureSet.load(made, num_nodes=169_343)
    with pytest.raises(BundleMismatchError, match=r"Row 1 .* belongs to 'crème', but node 1 .* is 'c'"):
        FeatureSet.load(made, ids=["a", "c", "crème"])


@pytest.mark.parametrize("name", ["features.npy", "ids.safetensors", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_is_found_and_named(made: Path, name: str, damage: str) -> None:
    content = bytearray((made / name).read_bytes())
    if damage == "gone":
        (made / name).unlink()
    elif damage == "cut":
        (made / name).write_bytes(content[:-3])
    else:
        content[len(content) // 2] ^= 1
        (made / name).write_bytes(content)
    with pytest.raises((CorruptionError, NotFoundError), match=name.replace(".", r"\.")):
        FeatureSet.load(made)


def test_an_array_that_the_manifest_does_not_describe_is_refused(made: Path) -> None:
    """As somebody would leave it who edits sizes and sums by hand."""
    raw = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    raw["dim"] = 3
    (made / "manifest.json").write_text(json.dumps(raw | {"sha256": manifest_digest(raw)}), encoding="utf-8")
    with pytest.raises(
        CorruptionError, match=r"shape \(3, 2\) where the manifest says float32 of shape \(3, 3\)"
    ):
        FeatureSet.load(made)
    raw["files"] = {"../outside": {"bytes": 1, "sha256": ""}}
    (made / "manifest.json").write_text(json.dumps(raw | {"sha256": manifest_digest(raw)}), encoding="utf-8")
    with pytest.raises(CorruptionError, match="outside is missing"):
        FeatureSet.load(made)
    raw["version"] = 99
    (made / "manifest.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(SchemaVersionError, match="update graphrec"):
        FeatureSet.load(made)


def test_what_cannot_be_features_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "s"
    bad = ROWS.copy()
    bad[1, 1] = np.nan
    with pytest.raises(InvalidInputError, match="Row 1 of the features holds a number that is not finite"):
        write_feature_set(out, bad)
    with pytest.raises(InvalidInputError, match="2 ids do not fit 3 rows"):
        write_feature_set(out, ROWS, ["a", "b"])
    with pytest.raises(InvalidInputError, match="'a' is not or comes twice"):
        write_feature_set(out, ROWS, ["a", "b", "a"])
    for rows in (ROWS[0], ROWS[:0], ROWS.astype("U4")):
        with pytest.raises(InvalidInputError, match="must be a matrix"):
            write_feature_set(out, rows)
    np.save(tmp_path / "wide.npy", ROWS.astype(np.float64))
    with pytest.raises(InvalidInputError, match="float32 or float16 is needed"):
        write_feature_set(out, tmp_path / "wide.npy")
    assert not out.exists()


def test_a_file_that_is_given_away_is_not_copied(tmp_path: Path) -> None:
    given = tmp_path / "rows.npy"
    np.save(given, ROWS.astype(np.float16))
    found = FeatureSet.load(write_feature_set(tmp_path / "s", given, IDS))
    np.testing.assert_array_equal(found.features, ROWS)
    assert (tmp_path / "s" / "features.npy").stat().st_ino == given.stat().st_ino


def test_a_set_is_replaced_whole_and_nothing_else_is(made: Path, tmp_path: Path) -> None:
    write_feature_set(made, ROWS + 1, IDS)
    np.testing.assert_array_equal(FeatureSet.load(made).features, ROWS + 1)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="other things in it"):
        write_feature_set(tmp_path / "home", ROWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "made"]


def test_new_texts_are_embedded_by_the_encoder_in_the_folder(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    texts = ["chicken with rice", "no egg"]
    rows = MiniLM(model, max_tokens=4).encode(texts)
    about = FeatureAbout(method="m", pooling="mean", unit_length=True, max_tokens=4)
    found = FeatureSet.load(write_feature_set(tmp_path / "s", rows, about=about, encoder=model))
    assert found.can_encode
    np.testing.assert_array_equal(found.encode(texts), rows)
    assert not found.encode([""]).any()
    other = about.model_copy(update={"pooling": "pooler"})
    found = FeatureSet.load(write_feature_set(tmp_path / "s", rows, about=other, encoder=model))
    assert not found.can_encode
    with pytest.raises(InvalidInputError, match="pools by 'pooler'"):
        found.encode(texts)
    with pytest.raises(NotFoundError, match="came without their encoder"):
        FeatureSet.load(write_feature_set(tmp_path / "s", rows, about=about)).encode(texts)


def test_the_card_shows_how_to_use_it_and_names_no_path(made: Path) -> None:
    card = (made / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\npipeline_tag: feature-extraction")
    assert "# by hand: 2 features of 3 recipe nodes" in card and 'rows_for(["some id", "another"])' in card
    assert str(made) not in card


def test_features_are_read_without_torch(made: Path) -> None:
    code = (
        "import sys; from graphrec.encoders.feature_set import FeatureSet; "
        "print(FeatureSet.load(sys.argv[1]).rows_for(['c']).values.tolist(), 'torch' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(made)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "[[4.0, 5.0]] False\n"
