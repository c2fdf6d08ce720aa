from __future__ import annotations

import pytest

from graphrec.datasets import load_recipe_interactions
from graphrec.errors import InvalidInputError
from tests.conftest import require_data


def test_the_catalogue_keeps_recipes_that_nobody_touched(tmp_path):
    (tmp_path / "recipes.jsonl").write_text(
        '{"identifier": "r1"}\n{"identifier": 2}\n\n{"identifier": "r3"}\n'
    )
    (tmp_path / "interactions.csv").write_text("user,recipe\nb,r3\na,r3\nb,r3\nb,unlisted\n")
    data = load_recipe_interactions(tmp_path)
    assert data.item_ids == ("r1", "2", "r3", "unlisted")
    assert data.user_ids == ("a", "b")
    assert data.interactions.matrix().row(1).tolist() == [2, 3]
    assert len(data.interactions) == 3


def test_missing_column_is_named(tmp_path):
    (tmp_path / "recipes.jsonl").write_text("")
    (tmp_path / "interactions.csv").write_text("user,dish\na,b\n")
    with pytest.raises(InvalidInputError, match="needs the columns user and recipe"):
        load_recipe_interactions(tmp_path)


def test_broken_json_is_named_by_line(tmp_path):
    (tmp_path / "recipes.jsonl").write_text('{"identifier": "r1"}\n{"identifier"\n')
    with pytest.raises(InvalidInputError, match=r"recipes\.jsonl:2"):
        load_recipe_interactions(tmp_path)


def test_allrecipes_has_the_documented_counts():
    data = load_recipe_interactions(require_data("recipes/interactions.csv").parent)
    assert (data.interactions.num_users, data.interactions.num_items) == (2332, 12507)
    assert len(data.interactions) == 202387
