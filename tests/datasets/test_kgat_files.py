from __future__ import annotations

import numpy as np
import pytest

from graphrec.datasets import load_kgat
from graphrec.errors import InvalidInputError, NotFoundError
from tests.conftest import require_data


def write(folder, train, test, kg=None):
    (folder / "train.txt").write_text(train)
    (folder / "test.txt").write_text(test)
    if kg is not None:
        (folder / "kg_final.txt").write_text(kg)
    return folder


def test_order_is_kept_duplicates_go_and_the_last_validate(tmp_path):
    folder = write(
        tmp_path, "0 5 3 5 1\n1\n2 4 0 2 1 3 6 7 8 9 10\n\n", "0 2 2\n2 5\n1\n", "0 0 11\n0 0 11\n11 2 3\n"
    )
    data = load_kgat(folder)
    assert data.interactions.item[data.interactions.user == 0].tolist() == [5, 3, 1]
    assert data.split.valid.item.tolist() == [1, 9, 10]
    assert data.split.counts() == {"train": 10, "valid": 3, "test": 2}
    assert data.split.num_users == 3
    assert data.kg.num_triples == 2
    assert (data.kg.num_entities, data.kg.num_relations) == (12, 3)


def test_bad_lines_and_missing_files_are_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"train\.txt"):
        load_kgat(tmp_path)
    with pytest.raises(InvalidInputError, match=r"test\.txt:2 has a field"):
        load_kgat(write(tmp_path, "0 1\n", "0 2\n1 x\n"))
    with pytest.raises(InvalidInputError, match=r"kg_final\.txt:2"):
        load_kgat(write(tmp_path, "0 1\n", "0 2\n", "0 0 1\n0 1\n"))
    with pytest.raises(InvalidInputError, match=r"train\.txt:1"):
        load_kgat(write(tmp_path, "0 -1\n", "0 2\n"))


def test_amazon_book_has_the_published_counts():
    data = load_kgat(require_data("kg/amazon-book"), valid=0)
    assert data.split.counts() == {"train": 652514, "valid": 0, "test": 193920}
    assert (data.split.num_users, data.split.num_items) == (70679, 24915)
    assert np.array_equal(data.interactions.item[:5], [0, 1, 2, 3, 4])
