from __future__ import annotations

import gzip

import numpy as np
import pytest

from graphrec.datasets import load_atomic
from graphrec.errors import InvalidInputError, NotFoundError
from graphrec.store.columns import NO_TIME
from tests.conftest import require_data


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def given(folder, **more):
    return write(
        folder,
        set__train__inter="user_id:token\titem_id:token\trating:float\nu1\tb\t5\nu2\ta\t1\n",
        set__valid__inter="user_id:token\titem_id:token\trating:float\nu1\ta\t2\n",
        set__test__inter="user_id:token\titem_id:token\trating:float\nu2\tb\t3\nu3\tnew item\t3\n",
        **more,
    )


def test_given_split_with_graph_and_links(tmp_path):
    folder = given(
        tmp_path / "set",
        set__link="item_id:token\tentity_id:token\na\tm.1\nb\tm.2\n",
        set__kg="head_id:token\trelation_id:token\ttail_id:token\nm.2\tby\tm.9\nm.1\thas\tm.2\nm.7\tby\tm.9\n",
    )
    data = load_atomic(folder)
    assert data.item_ids == ("a", "b", "new item")
    assert data.user_ids == ("u1", "u2", "u3")
    assert data.split.counts() == {"train": 2, "valid": 1, "test": 2}
    assert data.split.seen().row(0).tolist() == [0, 1]
    assert data.split.cold_items().tolist() == [2]
    assert data.interactions.weight.tolist() == [1, 1]
    kg = data.kg
    assert kg is data.split.kg
    assert kg.relation_names == ("by", "has")
    assert (kg.num_items, kg.num_entities, kg.num_triples) == (3, 5, 3)
    names = [(kg.entity_names[h], kg.relation_names[r], kg.entity_names[t])
             for h, r, t in zip(kg.heads, kg.relations, kg.tails, strict=True)]  # fmt: skip
    assert names == [
        ("item:b", "by", "entity:m.9"), ("item:a", "has", "item:b"), ("entity:m.7", "by", "entity:m.9"),
    ]  # fmt: skip


def test_whole_file_with_times_gzip_and_byte_order_mark(tmp_path):
    text = "\ufeffuser_id:token\titem_id:token\ttimestamp:float\n7\t😀 'x'; --\t881250949.5\n8\ty\t1\n"
    with gzip.open(tmp_path / "log.inter.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    data = load_atomic(tmp_path, "log")
    assert data.split is None
    assert data.kg is None
    assert data.item_ids == ("😀 'x'; --", "y")
    assert data.interactions.time.tolist() == [881250949500000, 1000000]


def test_without_times_they_are_unknown(tmp_path):
    data = load_atomic(given(tmp_path / "set"))
    assert (data.interactions.time == NO_TIME).all()


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ({}, NotFoundError, "no file set.inter"),
        ({"set__inter": ""}, InvalidInputError, "no column 'user_id'"),
        ({"set__inter": "user_id:token\titem:token\n1\t2\n"}, InvalidInputError, "no column 'item_id'"),
        (
            {"set__inter": "user_id:token\titem_id:token\n1\t2\n1\n"},
            InvalidInputError,
            "set.inter:3 has 1 fields",
        ),
        (
            {"set__train__inter": "user_id:token\titem_id:token\n1\t2\n"},
            InvalidInputError,
            "no set.test.inter",
        ),
        (
            {
                "set__inter": "user_id:token\titem_id:token\n1\ta\n",
                "set__link": "item_id:token\tentity_id:token\na\tm.1\nb\tm.1\n",
                "set__kg": "head_id:token\trelation_id:token\ttail_id:token\n",
            },
            InvalidInputError,
            "'m.1' to two items",
        ),
        (
            {"set__inter": "user_id:token\titem_id:token\ttimestamp:float\n1\ta\tnoon\n"},
            InvalidInputError,
            "timestamp 'noon'",
        ),
    ],
)
def test_bad_files_are_named(tmp_path, files, error, message):
    with pytest.raises(error, match=message):
        load_atomic(write(tmp_path / "set", **files))


def test_lastfm_has_the_published_counts():
    data = load_atomic(require_data("kg/lastfm"))
    assert (data.split.num_users, data.split.num_items) == (1872, 3846)
    assert data.split.counts() == {"train": 17350, "valid": 1907, "test": 1916}
    assert data.kg.num_triples == 15518
    assert np.unique(data.kg.heads[data.kg.heads < 3846]).size > 3000
