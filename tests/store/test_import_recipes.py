"""Importing recipes: what becomes of good, odd and bad files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import ImportFailedError, NotFoundError
from graphrec.store import GraphStore
from graphrec.store.importers import import_recipes

PIE: dict[str, Any] = {
    "@type": "Recipe", "identifier": "pie", "name": "Apple Pie", "recipeIngredient": ["6 apples, peeled",
    "1 cup sugar"],
    "recipeInstructions": [{"@type": "HowToStep", "text": "Bake."}], "totalTime": "PT1H15M",
    "prepTime": "PT15M",
    "nutrition": {"calories": "256 kcal"}, "recipeYield": "8 servings", "healthScore": {"fsa": 5, "who": 2},
    "isPartOf": ["m1"], "recipeCuisine": "American", "recipeCategory": "Dessert", "url": "https://example.org/pie",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with GraphStore.open(f"sqlite:///{tmp_path / 'x.db'}") as opened:
        yield opened


def lines(path: Path, *rows: Any) -> Path:
    path.write_text(
        "\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows) + "\n", encoding="utf-8"
    )
    return path


def state(store: GraphStore) -> dict[str, Any]:
    info = store.info()
    return {"nodes": info["nodes"], "edges": info["edges"], "interactions": info["interactions"]}


def around(store: GraphStore, recipe: str, relation: str) -> set[str]:
    return set(store.neighbors("recipe", recipe, relation))


def test_one_recipe(store: GraphStore, tmp_path: Path) -> None:
    report = import_recipes(store, lines(tmp_path / "r.jsonl", PIE))
    assert (report.rows, report.imported, report.skipped, report.linked_line_share) == (1, 1, 0, 1.0)
    assert around(store, "pie", "contains") == {"apple", "sugar"}
    assert around(store, "pie", "of_cuisine") == {"american"}
    assert around(store, "pie", "of_course") == {"dessert"}
    assert around(store, "pie", "in_time_band") == {"1 to 2 hour"}
    assert around(store, "pie", "in_health_band") == {"fsa healthy", "who medium"}
    assert around(store, "pie", "part_of_meal") == {"m1"}
    assert {"fruit"} <= set(store.neighbors("ingredient", "apple", "is_a"))
    found = store.node("recipe", "pie")
    assert found.name == "Apple Pie"
    expected = {
        "total_minutes": 75.0, "prep_minutes": 15.0, "calories": 256.0, "servings": 8.0, "fsa": 5.0,
        "who": 2.0,
        "num_ingredients": 2.0, "unlinked_lines": 0.0, "url": "https://example.org/pie",
        "instructions": "Bake.",
        "ingredients": "6 apples, peeled\n1 cup sugar",
    }  # fmt: skip
    assert dict(found.properties) == expected


def test_instructions_and_identifiers_in_their_many_forms(store: GraphStore, tmp_path: Path) -> None:
    rows = [
        {"identifier": 1, "name": "A", "recipeInstructions": "Mix.\nBake."},
        {
            "identifier": {"@type": "PropertyValue", "value": "two"},
            "name": "B",
            "ingredients": "1 egg\n2 cups flour",
        },
        {
            "@id": "three",
            "name": "C",
            "recipeInstructions": [{"@type": "HowToSection", "itemListElement": [{"text": "x"}]}],
        },
        {"url": "https://e.org/4", "name": "D", "recipeIngredient": [], "keywords": "quick, easy dinner"},
        {"identifier": "five"},
    ]
    path = tmp_path / "r.json"
    path.write_text("\n  " + json.dumps(rows), encoding="utf-8-sig")
    assert import_recipes(store, path).imported == 5
    assert store.node("recipe", "1").properties["instructions"] == "Mix.\nBake."
    assert around(store, "two", "contains") == {"egg", "all purpose flour"}
    assert store.node("recipe", "three").properties["instructions"] == "x"
    assert around(store, "https://e.org/4", "tagged") == {"quick", "easy dinner"}
    assert around(store, "five", "contains") == set()


def test_again_changes_nothing_and_a_changed_recipe_loses_what_it_lost(
    store: GraphStore, tmp_path: Path
) -> None:
    soup = {"identifier": "soup", "name": "Pea Soup", "recipeIngredient": ["1 pound split peas"]}
    path = lines(tmp_path / "r.jsonl", PIE, soup)
    import_recipes(store, path)
    before = state(store)
    assert import_recipes(store, path).counts == {}
    assert state(store) == before
    changed = {**PIE, "recipeIngredient": ["6 pears"], "totalTime": None, "prepTime": None, "isPartOf": None}
    import_recipes(store, lines(tmp_path / "s.jsonl", changed))
    assert around(store, "pie", "contains") == {"pear"}
    assert around(store, "pie", "in_time_band") == around(store, "pie", "part_of_meal") == set()
    assert "total_minutes" not in store.node("recipe", "pie").properties
    assert store.neighbors("ingredient", "apple", "contained_in") == []
    assert around(store, "soup", "contains") == {"split pea"}


def test_attributes_that_few_carry_are_no_features(store: GraphStore, tmp_path: Path) -> None:
    bare = [{"identifier": f"r{i}", "name": "Stew", "recipeIngredient": ["1 carrot"]} for i in range(5)]
    import_recipes(store, lines(tmp_path / "r.jsonl", PIE, *bare))
    feature = {r.name: r.feature for r in store.relations()}
    assert feature["contains"] and feature["of_course"] and feature["has_keyword"] and feature["is_a"]
    assert not feature["of_cuisine"] and not feature["in_time_band"] and not feature["part_of_meal"]
    assert all(around(store, f"r{i}", "of_course") for i in range(5))


def test_keywords_are_shared_terms_over_the_whole_store(store: GraphStore, tmp_path: Path) -> None:
    first = [{"identifier": f"a{i}", "name": "Thai Curry"} for i in range(2)]
    import_recipes(store, lines(tmp_path / "a.jsonl", *first))
    assert around(store, "a0", "has_keyword") == set()
    import_recipes(store, lines(tmp_path / "b.jsonl", {"identifier": "b", "name": "Thai Curry with Rice"}))
    for recipe in ("a0", "a1", "b"):
        assert around(store, recipe, "has_keyword") == {"thai", "curry", "thai curry"}


BAD = [
    ("{not json", "", "not JSON"), ('["a"]', "", "not a JSON object"), ('{"name": "x"}', "identifier",
    "missing"),
    ('{"identifier": ""}', "identifier", "empty"), ('{"identifier": "a\\u0000b"}', "identifier", "NUL"),
    (json.dumps({"identifier": "x" * 600}), "identifier", "512"),
    ('{"identifier": "x", "totalTime": "soon"}', "totalTime", "ISO 8601"),
    ('{"identifier": "x", "nutrition": {"calories": NaN}}', "", "not JSON"),
    ('{"identifier": "x", "nutrition": {"calories": -5}}', "nutrition.calories", "at least 0"),
    ('{"identifier": "x", "nutrition": {"calories": "-5 kcal"}}', "nutrition.calories", "at least 0"),
    ('{"identifier": "x", "recipeYield": -1}', "recipeYield", "at least 0"),
    ('{"identifier": "x", "nutrition": []}', "nutrition", "not an object"),
    ('{"identifier": "pie"}', "identifier", "duplicate"), ('{"@type": "Person", "identifier": "x"}', "@type",
    "not a Recipe"),
    ('{"identifier": "x", "name": {"a": []}, "recipeInstructions": 5}', "recipeInstructions", "neither"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "column", "reason"), BAD)
def test_bad_rows_are_named_and_skipped(
    store: GraphStore, tmp_path: Path, row: str, column: str, reason: str
) -> None:
    path = lines(tmp_path / "r.jsonl", PIE, row)
    report = import_recipes(store, path)
    assert (report.imported, report.skipped) == (1, 1)
    (error,) = report.errors
    assert (error.file, error.line, error.column) == ("r.jsonl", 2, column)
    assert reason in error.reason
    json.dumps([error.file, error.value, error.reason])


@pytest.mark.parametrize(("row", "column", "reason"), BAD)
def test_strict_writes_nothing(store: GraphStore, tmp_path: Path, row: str, column: str, reason: str) -> None:
    before = state(store)
    with pytest.raises(ImportFailedError, match="line 2"):
        import_recipes(store, lines(tmp_path / "r.jsonl", PIE, row), strict=True)
    assert state(store) == before


def test_unknown_keys_are_warned_of_and_refused_under_strict(store: GraphStore, tmp_path: Path) -> None:
    path = lines(tmp_path / "r.jsonl", {**PIE, "colour": "red"})
    (warning,) = import_recipes(store, path).warnings
    assert "'colour'" in warning
    with pytest.raises(ImportFailedError, match="colour"):
        import_recipes(store, path, strict=True)


ODD_IDS = [
    "it's; DROP TABLE node;--",
    'say "hi"',
    "🍕 pizza",
    "a b",
    "../../etc",
    "名前",
    "x" * 512,
    "%s{}\\",
]


def test_odd_ids_survive(store: GraphStore, tmp_path: Path) -> None:
    rows = [
        {"identifier": i, "name": i, "recipeIngredient": [i], "recipeCuisine": [i], "isPartOf": i}
        for i in ODD_IDS
    ]
    assert import_recipes(store, lines(tmp_path / "r.jsonl", *rows)).imported == len(ODD_IDS)
    for ident in ODD_IDS:
        assert store.node("recipe", ident).name == " ".join(ident.split())
        assert around(store, ident, "part_of_meal") == {ident}
    assert around(store, "🍕 pizza", "of_cuisine") == {"pizza"}


def test_damaged_and_missing_files(store: GraphStore, tmp_path: Path) -> None:
    empty, cut, bad = tmp_path / "e.jsonl", tmp_path / "c.jsonl.gz", tmp_path / "u.jsonl"
    empty.write_bytes(b"")
    packed = gzip.compress("\n".join(json.dumps({**PIE, "identifier": str(i)}) for i in range(500)).encode())
    cut.write_bytes(packed[: len(packed) // 2])
    bad.write_bytes(
        json.dumps(PIE).encode() + b'\n{"identifier": "\xff\xfe"}\n{"identifier": "ok", "name": "caf\xe9"}\n'
    )
    for path in (empty, cut):
        with pytest.raises(ImportFailedError, match=r"empty|cut off"):
            import_recipes(store, path)
    with pytest.raises(NotFoundError):
        import_recipes(store, tmp_path / "none.jsonl")
    assert state(store)["nodes"] == {}
    report = import_recipes(store, bad)
    assert [(e.line, e.column, "UTF-8" in e.reason) for e in report.errors] == [
        (2, "identifier", True),
        (3, "name", True),
    ]


def test_progress_counts_recipes(store: GraphStore, tmp_path: Path) -> None:
    seen: list[int] = []
    rows = [{"identifier": str(i), "name": "Stew"} for i in range(2500)]
    import_recipes(store, lines(tmp_path / "r.jsonl", *rows), progress=seen.append)
    assert seen == [1000, 2000]
