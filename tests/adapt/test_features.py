from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphrec.adapt.features import ARRAYS, SETTINGS, TextFeatureConfig, TextFeatures
from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.text.projection import CountSketch
from graphrec.text.tfidf import TfidfConfig

SMALL = TextFeatureConfig(dim=6, wide=64, tfidf=TfidfConfig(bucket_bits=(10, 10, 10)))
TEXTS = [
    f"{first} {second} soup" for first in ("red", "green", "lentil") for second in ("bean", "pea", "leek")
]


@pytest.fixture(scope="module")
def fitted() -> tuple[TextFeatures, np.ndarray]:
    return TextFeatures.fit(lambda: TEXTS, SMALL)


def test_rows_are_the_best_projection_of_the_sketched_terms(fitted: tuple[TextFeatures, np.ndarray]) -> None:
    """Against NumPy's singular values: no plane of six dimensions keeps more of the rows."""
    found, rows = fitted
    sketch = CountSketch(found.blocks.num_terms, 64, 0)(found.blocks.transform(TEXTS))
    singular = np.linalg.svd(sketch, compute_uv=False)
    kept = np.square(rows / found.scale).sum()
    assert kept == pytest.approx(np.square(singular[:6]).sum(), rel=1e-4)
    assert rows.shape == (9, 6) and rows.dtype == np.float32
    assert rows.var(axis=0).mean() == pytest.approx(1.0, rel=1e-4)


def test_texts_that_come_later_are_described_as_the_others_were(
    fitted: tuple[TextFeatures, np.ndarray], tmp_path: Path
) -> None:
    found, rows = fitted
    found.save(tmp_path)
    again = TextFeatures.load(tmp_path)
    np.testing.assert_allclose(again(TEXTS[::-1]), rows[::-1], atol=1e-5)
    assert again.config == SMALL and again([]).shape == (0, 6)
    assert not again(["zzz qqq"]).any()


def test_no_more_axes_than_texts() -> None:
    found, rows = TextFeatures.fit(lambda: TEXTS[:4], SMALL)
    assert found.dim == 4 and rows.shape == (4, 4)


def test_texts_that_all_say_the_same_describe_nothing() -> None:
    with pytest.raises(InvalidInputError, match="All texts say the same"):
        TextFeatures.fit(lambda: ["pea soup"] * 5, SMALL)


def test_damage_is_noticed(fitted: tuple[TextFeatures, np.ndarray], tmp_path: Path) -> None:
    found, _ = fitted
    found.save(tmp_path)
    about = json.loads((tmp_path / SETTINGS).read_text(encoding="utf-8"))
    about["config"]["seed"] = 1  # the sketch would come out otherwise
    (tmp_path / SETTINGS).write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CorruptionError, match="does not describe texts as it did"):
        TextFeatures.load(tmp_path)
    (tmp_path / SETTINGS).write_text("{", encoding="utf-8")
    with pytest.raises(CorruptionError, match=SETTINGS):
        TextFeatures.load(tmp_path)
    (tmp_path / ARRAYS).unlink()
    with pytest.raises(CorruptionError, match=ARRAYS):
        TextFeatures.load(tmp_path)
