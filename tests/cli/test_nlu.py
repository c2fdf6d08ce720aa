"""`graphrec nlu train` and `graphrec nlu parse`."""

from __future__ import annotations

from pathlib import Path

import pytest

INTENTS = """
out_of_scope = "outside.txt"

[values]
ingredient = ["chicken", "rice", "soup", "eggs", "fish"]

[domains.recipes]
recommend = [
    "show me {ingredient} recipes", "find a dish with {ingredient}", "suggest a dinner", "recipes with {ingredient}",
]
substitute = ["what replaces {ingredient}", "substitute for {ingredient}", "use what instead of {ingredient}"]
"""
OUTSIDE = "who wrote hamlet\nhow tall is everest\ncall my mother\nit rains today\nplay some music\n"


@pytest.fixture
def intents(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text(OUTSIDE, encoding="utf-8")
    path = tmp_path / "intents.toml"
    path.write_text(INTENTS, encoding="utf-8")
    return path


def test_train_and_parse(graphrec, intents, tmp_path, kitchen):
    out = tmp_path / "nlu"
    done = graphrec("nlu", "train", "--data", intents, "--out", out, "--encoder", "ngrams", "--json")
    assert done.status == 0, done.err
    assert done.json["intents"] == 2 and done.json["encoder"] == "ngrams" and done.json["proxies"] == 5
    assert (out / "nlu.json").exists() and (out / "README.md").exists()

    plain = graphrec("nlu", "parse", "--model", out, "substitute for eggs")
    assert plain.status == 0 and plain.out.splitlines()[:2][1].startswith("substitute\t")

    linked = graphrec(
        "nlu", "parse", "--model", out, "--bundle", kitchen.bundle, "thai recipes with chicken without peanuts",
        "--json",
    )  # fmt: skip
    found = linked.json
    assert found["intent"]["name"] == "recommend"
    assert "ingredient:peanut" in found["query"]["must_not"]
    assert {"cuisine:thai", "ingredient:chicken"} <= {str(r).lower() for r in found["query"]["must"]}
    shown = graphrec("nlu", "parse", "--model", out, "--bundle", kitchen.bundle, "chicken without peanuts")
    assert "not ingredient:peanut" in shown.err and "not ingredient\tpeanuts" in shown.out


def test_templates_take_their_words_from_a_bundle(graphrec, intents, tmp_path, kitchen):
    done = graphrec(
        "nlu", "train", "--data", intents, "--out", tmp_path / "nlu", "--encoder", "ngrams", "--bundle", kitchen.bundle,
        "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    parsed = graphrec("nlu", "parse", "--model", tmp_path / "nlu", "find a dish with coconut milk", "--json")
    assert parsed.json["intent"]["name"] == "recommend"


def test_the_same_command_again_replaces_the_model(graphrec, intents, tmp_path):
    words = ("nlu", "train", "--data", intents, "--out", tmp_path / "nlu", "--encoder", "ngrams")
    assert graphrec(*words).status == 0 and graphrec(*words).status == 0


def test_what_is_wrong_is_one_line(graphrec, intents, tmp_path):
    out = tmp_path / "nlu"
    assert "no file" in graphrec.fails("nlu", "train", "--data", tmp_path / "no.toml", "--out", out)
    assert "no intent model" in graphrec.fails("nlu", "parse", "--model", out, "hello")
    assert "no encoder" in graphrec.fails("nlu", "train", "--data", intents, "--out", out, "--encoder", "nonsense")
    intents.write_text("[domains.a]\nb = ['{c}']\n", encoding="utf-8")
    assert "line 2" in graphrec.fails("nlu", "train", "--data", intents, "--out", out)
    assert not out.exists()
